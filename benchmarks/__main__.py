"""Measures what the playbooks cost: `make bench`; `make bench ARGS="--windows 20 --latency 0"` for a quick look."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import shown
from benchmarks.cost import BenchError, Cost
from benchmarks.fleet import Setting
from benchmarks.plays import NAMES, measure_fleet
from benchmarks.reports import measure_reports
from benchmarks.targets import SLOW, Results, where
from benchmarks.transports import ENDPOINTS, STEPS, measure_transports

RESULTS = Path(__file__).parent / "results"
WINDOWS, MACS, REPORTS = [20, 100], [20], [100, 1000, 5000]


def main(arguments: list[str] | None = None) -> int:
    """Measure, show, and return the exit code: 0 when every measured target is met, 1 when not, 2 when it broke off."""
    asked = _parser().parse_args(arguments)
    began, results = time.monotonic(), Results()
    try:
        with tempfile.TemporaryDirectory(prefix="offsite-bench-") as folder:
            _measure(asked, Path(folder), results)
    except BenchError as error:
        print(f"\nbench: {error}", file=sys.stderr)
        return 2
    found = shown.verdicts(results)
    file = _keep(results, found)
    print(f"\n{shown.table(results)}\n", *map(shown.line, found), *shown.transports(results), sep="\n")
    print(shown.last_line(found, (time.monotonic() - began) / 60, os.path.relpath(file)))
    return 1 if any(verdict["met"] is False for verdict in found) else 0


def _size(text: str) -> int:
    """Return a number of endpoints; with none of them the cost of one could not be worked out at the end."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of endpoints; --help says how to leave them out")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures what the playbooks cost on the lab. Naming one kind of endpoints leaves the other out.",
    )
    parser.add_argument(
        "--windows", type=_size, nargs="+", metavar="N", help=f"sizes of the fleet (default: {WINDOWS})"
    )
    parser.add_argument("--macs", type=_size, nargs="+", metavar="N", help=f"sizes of the fleet (default: {MACS})")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, SLOW], metavar="S", help="seconds a call")
    parser.add_argument(
        "--reports", type=_size, nargs="+", default=REPORTS, metavar="N", help="endpoints in the reports"
    )
    parser.add_argument("--skip-reports", action="store_true", help="measure no reports")
    parser.add_argument("--skip-transports", action="store_true", help="do not compare winrm, psrp and ssh")
    parser.add_argument(
        "--repeats", type=int, default=2, metavar="N", help="runs of what can be repeated; the least counts"
    )
    return parser


def _settings(asked: argparse.Namespace) -> list[Setting]:
    if asked.windows is None and asked.macs is None:
        asked.windows, asked.macs = WINDOWS, MACS
    sizes = [("windows", size) for size in asked.windows or []] + [("macs", size) for size in asked.macs or []]
    return [Setting(system, size, latency) for system, size in sizes for latency in asked.latency]


def _measure(asked: argparse.Namespace, folder: Path, results: Results) -> None:
    settings = _settings(asked)
    reports = [] if asked.skip_reports else sorted(asked.reports)
    transports = 0 if asked.skip_transports else STEPS
    steps = _Steps(len(settings) * len(NAMES) + len(reports) + transports)
    for number, setting in enumerate(settings):
        place = folder / f"fleet-{number}"
        place.mkdir()
        print(f"\n{where(setting)}")
        for name, cost in measure_fleet(setting, place, asked.repeats, steps.begin):
            results.plays[setting, name] = cost
            steps.end(cost)
    if transports:
        print(f"\n{ENDPOINTS} windows, 0 s a call, by each way")
        place = folder / "transports"
        place.mkdir()
        for transport, name, cost in measure_transports(place, asked.repeats, steps.begin):
            results.transports[transport, name] = cost
            steps.end(cost)
    print("\nreports" if reports else "")
    for endpoints in reports:
        place = folder / f"reports-{endpoints}"
        place.mkdir()
        steps.begin(f"{endpoints} endpoints")
        results.reports[endpoints] = measure_reports(endpoints, place, asked.repeats)
        steps.end(results.reports[endpoints])


class _Steps:
    """Says how far it is."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def begin(self, name: str) -> None:
        """Say what runs now."""
        self._done += 1
        print(f"  {self._done:>3} of {self._total}  {name:<20}", end="", flush=True)

    def end(self, cost: Cost) -> None:
        """Say what it cost."""
        print(f"{cost.wall:>9.2f} s  {cost.cpu:>9.2f} s CPU", flush=True)


def _keep(results: Results, found: list[dict[str, Any]]) -> Path:
    """Write everything below results/ and return the file."""
    now = datetime.now(UTC)
    machine = {
        **{"at": now.isoformat(timespec="seconds"), "cores": os.cpu_count(), "system": platform.platform()},
        **{"python": platform.python_version(), "ansible_core": version("ansible-core")},
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    text = json.dumps(shown.document(results, found, machine), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
