"""Command line of the lab: `python -m lab up | status | down | fault | tunnel | reboot`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import faults, fleet, pac, server
from lab.calls import CallLog
from lab.windows.machine import Machine
from lab.windows.machine.parts import NotModelled
from lab.windows.seed.document import build_from

DEFAULT_WINDOWS, DEFAULT_MAC, DEFAULT_SEED = 6, 2, 1
START_SECONDS = 300.0
STOP_SECONDS = 20.0


class LabError(Exception):
    """What the person at the command line has to know; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    asked = _parser().parse_args(arguments)
    folder = asked.state_dir.resolve()
    try:
        match asked.command:
            case "up":
                print(up(folder, asked))
            case "status":
                _print_status(folder, as_json=asked.json)
            case "down":
                down(folder, purge=asked.purge)
            case "fault":
                given = {name: getattr(asked, name) for name in ("name", "kind", "count", "after", "only")}
                _ask(folder, {"do": "fault", **given})
            case "tunnel":
                _ask(folder, {"do": "tunnel", "name": asked.name, "up": asked.direction == "up"})
            case "reboot":
                _ask(folder, {"do": "reboot", "name": asked.name})
            case _:
                server.serve(folder)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="Simulated Windows and Mac endpoints.")
    parser.add_argument("--state-dir", type=Path, default=Path(".lab"), help="where the lab lives (default: .lab)")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state-dir", type=Path, default=argparse.SUPPRESS, help="where the lab lives (default: .lab)")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", parents=[common], help="start the lab; the last line is the inventory's path")
    start.add_argument("--windows", type=_count, help=f"number of Windows machines (default: {DEFAULT_WINDOWS})")
    start.add_argument("--mac", type=_count, help=f"number of Macs (default: {DEFAULT_MAC})")
    start.add_argument(
        "--from",
        dest="documents",
        type=Path,
        action="append",
        default=[],
        help="a state document and what was asked for (JSON: document, reads), to make a Windows PC of; repeatable",
    )
    start.add_argument("--seed", type=int, help=f"which machines these are (default: {DEFAULT_SEED})")
    start.add_argument("--pac", type=Path, help="a PAC file to serve (default: an example)")
    start.add_argument("--models", type=Path, help="a folder of Python files with models of your own")
    start.add_argument("--latency", type=float, default=0.0, help="seconds added to each remote call (default: 0)")
    start.add_argument(
        "--transport",
        choices=fleet.TRANSPORTS,
        default=fleet.TRANSPORTS[0],
        help=f"how Windows machines are reached (default: {fleet.TRANSPORTS[0]})",
    )
    show = commands.add_parser("status", parents=[common], help="list the endpoints")
    show.add_argument("--json", action="store_true", help="as JSON")
    stop = commands.add_parser("down", parents=[common], help="stop the lab; its machines stay for the next `up`")
    stop.add_argument("--purge", action="store_true", help="delete the state directory too")
    kinds = "; ".join(f"{kind}: {meaning}" for kind, meaning in faults.KINDS.items())
    fault = commands.add_parser("fault", parents=[common], help="let an endpoint misbehave", epilog=kinds)
    fault.add_argument("name", help="the endpoint, for example win-01")
    fault.add_argument("kind", choices=list(faults.KINDS))
    fault.add_argument("--count", type=int, default=1, help="how often it hits (default: 1); states hold until `none`")
    fault.add_argument("--after", type=int, default=0, help="begin only after this many more commands (default: 0)")
    fault.add_argument("--only", default="", help="of `fails`: hit this module's commands alone, as win_service")
    tunnel = commands.add_parser(
        "tunnel", parents=[common], help="connect or disconnect the VPN, as a user does by hand"
    )
    tunnel.add_argument("name", help="the endpoint, for example win-01")
    tunnel.add_argument("direction", choices=["up", "down"])
    reboot = commands.add_parser("reboot", parents=[common], help="restart a Mac and wait until it answers again")
    reboot.add_argument("name", help="the Mac, for example mac-01")
    commands.add_parser("serve", parents=[common], help="run in the foreground (what `up` starts)")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} endpoints can't be; give 0 or more")
    return number


def up(folder: Path, asked: argparse.Namespace) -> Path:
    """Start the lab in the background, wait until every endpoint answers, return the inventory; raises LabError."""
    if _is_running(folder):
        raise LabError(f"a lab is running in {folder}; `python -m lab down` stops it, --state-dir names another place")
    if asked.models is not None and not asked.models.is_dir():
        raise LabError(f"--models {asked.models}: there is no such folder")
    _describe(folder, asked)
    if asked.pac is not None:
        _take_pac(asked.pac, folder)
    log_file = folder / "lab.log"
    print(f"lab: starting in {folder}", file=sys.stderr)
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", "--state-dir", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _wait_until_ready(folder, process, log_file)
    return folder / server.INVENTORY


def _describe(folder: Path, asked: argparse.Namespace) -> None:
    """Write lab.json, or check what was asked against the lab that is there already."""
    file = folder / server.LAB_FILE
    if not file.exists():
        if folder.exists() and any(folder.iterdir()):
            raise LabError(f"{folder} is not empty and holds no lab; name another place with --state-dir")
        windows = (0 if asked.documents else DEFAULT_WINDOWS) if asked.windows is None else asked.windows
        mac = (0 if asked.documents else DEFAULT_MAC) if asked.mac is None else asked.mac
        if windows + mac + len(asked.documents) == 0:
            raise LabError("no endpoints asked for; give --windows or --mac at least 1, or --from")
        read = [_machine_of(file, number) for number, file in enumerate(asked.documents, start=1)]
        seed = DEFAULT_SEED if asked.seed is None else asked.seed
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        there = server.describe(windows, mac, seed)
        there["endpoints"] += [asdict(fleet.keep(machine, folder / fleet.MACHINES)) for machine in read]
    else:
        there = json.loads(file.read_text(encoding="utf-8"))
        _compare(folder, there, asked)
    there["latency"], there["transport"] = asked.latency, asked.transport
    if asked.models is not None:
        there["models"] = str(asked.models.resolve())
    file.write_text(json.dumps(there, indent=1), encoding="utf-8")


def _machine_of(file: Path, number: int) -> Machine:
    """Return the machine that a state document is about. Raises LabError."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return build_from(f"from-{number:02}", content, admin=fleet.ADMIN_NAME, password=fleet.ADMIN_PASSWORD)
    except OSError as error:
        raise LabError(f"--from {file}: {error.strerror}; give a file that can be read") from error
    except NotModelled as error:
        raise LabError(f"--from {file}: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LabError(
            f"--from {file}: no state document with what was asked for ({type(error).__name__}: {error}); "
            "it is an object with `document` and `reads`"
        ) from error


def _compare(folder: Path, there: dict[str, Any], asked: argparse.Namespace) -> None:
    """Raise LabError when other machines are asked for than are there."""
    if asked.documents:
        raise LabError(
            f"the lab in {folder} is there already; leave --from out to go on with it, or delete it with "
            "`python -m lab down --purge`"
        )
    for name in ("windows", "mac", "seed"):
        wanted = getattr(asked, name)
        if wanted is not None and wanted != there[name]:
            raise LabError(
                f"the lab in {folder} was made with --{name} {there[name]}, not {wanted}; leave --{name} out to go on "
                "with it, or delete it with `python -m lab down --purge`"
            )


def _take_pac(file: Path, folder: Path) -> None:
    try:
        shutil.copyfile(file, folder / pac.PAC_FILE)
    except OSError as error:
        raise LabError(f"--pac {file}: {error.strerror}; give a PAC file that can be read") from error


def _wait_until_ready(folder: Path, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            tail = "\n".join(log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
            raise LabError(f"the lab ended while it started; the end of {log_file}:\n{tail}")
        if _is_running(folder):
            for port in json.loads((folder / server.LAB_FILE).read_text(encoding="utf-8"))["ports"].values():
                socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return
        time.sleep(0.05)
    process.terminate()
    raise LabError(f"the lab did not start within {START_SECONDS:.0f} seconds; see {log_file}")


def down(folder: Path, *, purge: bool) -> None:
    """Stop the lab if it runs; with `purge` delete its directory. Raises LabError."""
    if not (folder / server.LAB_FILE).exists():
        raise LabError(f"there is no lab in {folder}; --state-dir names another place")
    if _is_running(folder):
        pid = json.loads((folder / server.CONTROL_FILE).read_text(encoding="utf-8"))["pid"]
        _ask(folder, {"do": "stop"})
        deadline = time.monotonic() + STOP_SECONDS
        while _is_alive(pid):
            if time.monotonic() > deadline:
                raise LabError(f"the lab (process {pid}) did not end within {STOP_SECONDS:.0f} seconds")
            time.sleep(0.05)
    if purge:
        shutil.rmtree(folder)


def status(folder: Path) -> list[dict[str, Any]]:
    """Return name, os, port, running, calls and the state's SHA-256 of each endpoint; raises LabError."""
    file = folder / server.LAB_FILE
    if not file.exists():
        raise LabError(f"there is no lab in {folder}; `python -m lab up` makes one")
    description = json.loads(file.read_text(encoding="utf-8"))
    running = _ask(folder, {"do": "status"})["running"] if _is_running(folder) else {}
    counts = CallLog(folder / server.CALLS_FILE).counts()
    rows = []
    for plan in (fleet.Plan(**endpoint) for endpoint in description["endpoints"]):
        rows.append(
            {
                **asdict(plan),
                "port": description.get("ports", {}).get(plan.name),
                "running": bool(running.get(plan.name)),
                "calls": counts[plan.name],
                "sha256": fleet.fingerprint(plan, folder / fleet.MACHINES),
            }
        )
    return rows


def _print_status(folder: Path, *, as_json: bool) -> None:
    rows = status(folder)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    columns = ("name", "os", "release", "edition", "language", "port", "running", "calls", "sha256")
    for row in rows:
        row["running"] = "yes" if row["running"] else "no"
    lines = [[str(row[column])[:12] for column in columns] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(columns, *lines, strict=True)]
    for line in [[column.upper() for column in columns], *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    port = json.loads((folder / server.LAB_FILE).read_text(encoding="utf-8")).get("ports", {}).get(pac.PAC_FILE)
    print(f"PAC: {pac.url(port) if port and _is_running(folder) else 'not served, the lab is down'}")


def _ask(folder: Path, question: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the lab's process and return its answer; raises LabError."""
    try:
        control = json.loads((folder / server.CONTROL_FILE).read_text(encoding="utf-8"))
        with socket.create_connection(("127.0.0.1", control["port"]), timeout=30) as connection:
            connection.sendall(json.dumps({**question, "token": control["token"]}).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
    except (OSError, ValueError) as error:
        raise LabError(f"no lab is running in {folder}; `python -m lab up` starts one") from error
    if "error" in answer:
        raise LabError(answer["error"])
    return answer


def _is_running(folder: Path) -> bool:
    try:
        _ask(folder, {"do": "status"})
    except LabError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # when this very process started the lab, an ended one waits to be collected
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
