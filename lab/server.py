"""The process that all endpoints of a lab live in, and the local port by which `python -m lab` talks to it.

A state directory holds `lab.json` (what the lab is), `machines/` (the endpoints' state, nothing else), `inventory/`,
`tls/`, `accounts` (for NTLM), `proxy.pac` (served over HTTP), `calls.jsonl`, `lab.log`, and while the lab runs
`control.json` (port, token, pid).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import secrets
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from lab import certificates, downloads, fleet, inventory, pac, ssh_keys
from lab.calls import CallLog
from lab.faults import FaultError
from lab.mac_endpoint import MacEndpoint
from lab.macos.restart import MacError
from lab.windows import modules
from lab.windows.machine.parts import MachineError

CONTROL_FILE = "control.json"
LAB_FILE = "lab.json"
CALLS_FILE = "calls.jsonl"
INVENTORY = "inventory"

log = logging.getLogger(__name__)


class Server(Protocol):
    """What listens on a port of its own."""

    async def start(self, port: int = 0) -> int:
        """Listen on a port (0: any) and return it."""

    async def stop(self) -> None:
        """Stop listening."""


class Endpoint(Server, Protocol):
    """What the lab needs of an endpoint of any system."""

    name: str
    os: str
    port: int

    @property
    def answers(self) -> bool:
        """Whether it listens now."""

    @property
    def known_hosts_line(self) -> str:
        """The line of a known_hosts file that names its key; empty when it is not reached by SSH."""

    async def set_fault(self, kind: str, count: int, after: int, only: str) -> None:
        """Set a fault or, with `none`, take all away; raises FaultError."""

    async def set_tunnel(self, *, up: bool) -> None:
        """Connect or disconnect the VPN, as its user does; raises the system's error."""


class Lab:
    """All endpoints of one state directory."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the state directory, with its lab.json."""
        self.folder = folder
        self.description = json.loads((folder / LAB_FILE).read_text(encoding="utf-8"))
        self.endpoints: dict[str, Endpoint] = {}
        (folder / downloads.FOLDER).mkdir(exist_ok=True)
        self._pac = pac.PacServer(folder / pac.PAC_FILE, folder / downloads.FOLDER)
        self._stop = asyncio.Event()
        self._token = secrets.token_hex(16)

    async def run(self) -> None:
        """Serve until asked to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await asyncio.to_thread(self._make_machines)
        self._make_endpoints()
        await self._start_endpoints()
        self._write_inventory()
        control = await asyncio.start_server(self._serve_control, "127.0.0.1", 0)
        control_file = self.folder / CONTROL_FILE
        self._write_control(control_file, control.sockets[0].getsockname()[1])
        log.info("%d endpoints are up", len(self.endpoints))
        try:
            await self._stop.wait()
        finally:
            control_file.unlink(missing_ok=True)
            control.close()
            await asyncio.gather(*(each.stop() for each in self._servers.values()), return_exceptions=True)
            log.info("the lab is down")

    @property
    def _servers(self) -> dict[str, Server]:
        return {**self.endpoints, pac.PAC_FILE: self._pac}

    def _plans(self) -> list[fleet.Plan]:
        return [fleet.Plan(**endpoint) for endpoint in self.description["endpoints"]]

    def _make_machines(self) -> None:
        machines = self.folder / fleet.MACHINES
        machines.mkdir(exist_ok=True)
        for plan in self._plans():
            fleet.build(plan, self.description["seed"], machines)
            fleet.set_up(plan, self.description["transport"], machines)
        downloads.write(self.folder / downloads.FOLDER)

    def _make_endpoints(self) -> None:
        calls = CallLog(self.folder / CALLS_FILE)
        accounts = self.folder / "accounts"
        accounts.touch(mode=0o600)
        accounts.write_text(fleet.ntlm_accounts(self._plans()), encoding="utf-8")
        os.environ["NTLM_USER_FILE"] = str(accounts)  # pyspnego's acceptor takes accounts from nowhere else
        certificates.make(self.folder / "tls")
        tls = certificates.load(self.folder / "tls")
        how = {"tls": tls, "transport": self.description["transport"], "latency": self.description["latency"]}
        if self.description["models"]:
            modules.load_folder(Path(self.description["models"]))
        for plan in self._plans():
            self.endpoints[plan.name] = fleet.endpoint(plan, self.folder, calls, **how)

    async def _start_endpoints(self) -> None:
        known = self.description.setdefault("ports", {})
        for name, server in self._servers.items():
            try:
                known[name] = await server.start(known.get(name, 0))
            except OSError:  # another program took the port since the lab last ran
                known[name] = await server.start(0)
        (self.folder / LAB_FILE).write_text(json.dumps(self.description, indent=1), encoding="utf-8")

    def _write_inventory(self) -> None:
        def hosts(system: str) -> list[tuple[str, int]]:
            return [(each.name, each.port) for each in self.endpoints.values() if each.os == system]

        account = {"ansible_user": fleet.ADMIN_NAME}
        where = {"lab_downloads": str(self.folder / downloads.FOLDER)}
        base = pac.url(self._pac.port).removesuffix(pac.PAC_FILE)
        keys = (self.folder / ssh_keys.FOLDER / ssh_keys.CLIENT_KEY, self._write_known_hosts())
        macs = {
            **{**inventory.mac_vars(fleet.ADMIN_PASSWORD, *keys), **account, **where},
            "lab_downloads_url": f"{base}{downloads.FOLDER}",
        }
        windows = {**self._windows_vars(keys), **account, **where}
        groups = {"windows": (windows, hosts("windows")), "macs": (macs, hosts("macos"))}
        inventory.write(self.folder / INVENTORY, groups)

    def _windows_vars(self, keys: tuple[Path, Path]) -> dict[str, Any]:
        """Return how Windows machines are reached; who comes with a key needs no password."""
        transport = self.description["transport"]
        if transport == "ssh":
            return inventory.windows_ssh_vars(*keys)
        connection = inventory.psrp_vars if transport == "psrp" else inventory.winrm_vars
        ca_file = self.folder / "tls" / certificates.CA_FILE
        return {**connection(ca_file), "ansible_password": fleet.ADMIN_PASSWORD}

    def _write_known_hosts(self) -> Path:
        """Write the known_hosts file of all that is reached by SSH."""
        file = self.folder / ssh_keys.FOLDER / ssh_keys.KNOWN_HOSTS
        file.parent.mkdir(exist_ok=True)
        lines = [each.known_hosts_line for each in self.endpoints.values()]
        file.write_text("".join(lines), encoding="ascii")
        return file

    def _write_control(self, file: Path, port: int) -> None:
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"port": port, "token": self._token, "pid": os.getpid()}), encoding="utf-8")
        fresh.replace(file)

    async def _serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            asked = json.loads(await reader.readline())
            if isinstance(asked, dict) and secrets.compare_digest(str(asked.get("token")), self._token):
                writer.write(json.dumps(await self._obey(asked)).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _obey(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked.get("do"):
            case "status":
                return {"running": {name: endpoint.answers for name, endpoint in self.endpoints.items()}}
            case "stop":
                self._stop.set()
                return {}
            case "fault" | "tunnel" | "reboot":
                endpoint = self.endpoints.get(str(asked.get("name")))
                if endpoint is None:
                    return {"error": f"no endpoint {asked.get('name')!r}; there are: {', '.join(self.endpoints)}"}
                try:
                    await self._do_to(endpoint, asked)
                except (FaultError, MachineError, MacError) as error:
                    return {"error": str(error)}
                return {}
        return {"error": f"unknown request {asked.get('do')!r}"}

    async def _do_to(self, endpoint: Endpoint, asked: dict[str, Any]) -> None:
        if asked["do"] == "fault":
            number, after = int(asked.get("count", 1)), int(asked.get("after", 0))
            await endpoint.set_fault(str(asked.get("kind")), number, after, str(asked.get("only", "")))
        elif asked["do"] == "tunnel":
            await endpoint.set_tunnel(up=bool(asked.get("up")))
        elif isinstance(endpoint, MacEndpoint):
            await endpoint.reboot()
        else:
            raise FaultError(f"{endpoint.name}: a Windows machine restarts by Ansible's win_reboot")


def describe(windows: int, mac: int, seed: int) -> dict[str, Any]:
    """Return the content of a new lab.json.

    `latency` is in seconds a call, `models` a folder of models or None, `transport` one of fleet.TRANSPORTS.
    """
    plans = [asdict(plan) for plan in fleet.plan(windows, mac, seed)]
    return {
        **{"windows": windows, "mac": mac, "seed": seed, "endpoints": plans},
        **{"latency": 0.0, "models": None, "transport": fleet.TRANSPORTS[0]},
    }


def serve(folder: Path) -> None:
    """Run the lab of a state directory in this process until it is asked to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.WARNING)  # it reports every channel
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(max(soft, 16384), hard), hard)
    )  # a listener and its connections each

    async def main() -> None:
        await Lab(folder).run()

    asyncio.run(main())
