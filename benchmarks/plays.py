"""What is run on a fleet, in which order, and what has to be true of it to count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cost import BenchError, Cost, least, measure
from benchmarks.fleet import Fleet, Setting

# What is not good for another reason than the playbook's ends a run of ours with 2; its records tell.
OURS = (0, 2)
STOCK = (0,)


@dataclass(frozen=True)
class Play:
    """A playbook to measure. `steady`: it changes nothing, so that it can be repeated; `ours`: it leaves records."""

    name: str
    playbook: dict[str, str]
    steady: bool
    ours: bool


def _both(playbook: str) -> dict[str, str]:
    return {"windows": playbook, "macs": playbook}


_STOCK = {"windows": "benchmarks/stock/windows.yml", "macs": "benchmarks/stock/macs.yml"}
PING, AUDIT, FIRST, RERUN = "ping", "audit", "first apply", "re-run"
STOCK_FIRST, STOCK_RERUN = "stock first apply", "stock re-run"
# Each list begins with the same machines, fresh from the seed.
PLAYS = (
    (
        Play(PING, _both("benchmarks/stock/ping.yml"), steady=True, ours=False),
        Play(FIRST, _both("playbooks/site.yml"), steady=False, ours=True),
        Play(RERUN, _both("playbooks/site.yml"), steady=True, ours=True),
        Play(AUDIT, _both("playbooks/audit.yml"), steady=True, ours=True),
    ),
    (
        Play(STOCK_FIRST, _STOCK, steady=False, ours=False),
        Play(STOCK_RERUN, _STOCK, steady=True, ours=False),
    ),
)
NAMES = tuple(play.name for plays in PLAYS for play in plays)


def measure_fleet(
    setting: Setting, folder: Path, repeats: int, begin: Callable[[str], None]
) -> Iterator[tuple[str, Cost]]:
    """Yield name and cost of each play; `begin` is given the name before it runs, `folder` is empty."""
    for number, plays in enumerate(PLAYS):
        fleet = Fleet(setting, folder / f"lab-{number}")
        try:
            for play in plays:
                begin(play.name)
                yield play.name, measure_play(play, fleet, folder, repeats)
        finally:
            fleet.close()


def measure_play(play: Play, fleet: Fleet, folder: Path, repeats: int) -> Cost:
    """Return the cost of one play, its least where it can be repeated. Raises BenchError when it is another play."""
    before = fleet.hashes()
    times = repeats if play.steady else 1
    cost = least([_once(play, fleet, folder) for _ in range(times)])
    if play.steady and fleet.hashes() != before:
        raise BenchError(f"{play.name} has changed machines: what was measured is not what its name says")
    return cost


def _once(play: Play, fleet: Fleet, folder: Path) -> Cost:
    records = folder / "records"
    known = set(records.glob("*.jsonl"))
    more = ["-e", f"endpoint_report_directory={records}"] if play.ours else []
    fleet.calls.since_last()
    command = fleet.command(play.playbook[fleet.setting.system], *more)
    cost = measure(command, folder / "output.log", OURS if play.ours else STOCK)
    if play.ours:
        _check_records(play, fleet, set(records.glob("*.jsonl")) - known)
    return replace(cost, traffic=fleet.calls.since_last())


def _check_records(play: Play, fleet: Fleet, files: set[Path]) -> None:
    if len(files) != 1:
        raise BenchError(f"{play.name} left {len(files)} files of records, one was expected")
    lines = [json.loads(line) for line in files.pop().read_text(encoding="utf-8").splitlines()]
    missing = set(fleet.names) - {line["endpoint"] for line in lines}
    if missing:
        raise BenchError(f"{play.name} has no records of {', '.join(sorted(missing))}")
    bad = {"error", "unreachable"} | ({"fixed"} if play.steady else set())
    found = sorted(
        {f"{line['endpoint']} {line['control']}: {line['status']}" for line in lines if line["status"] in bad}
    )
    if found:
        raise BenchError(f"{play.name} is not what its name says: {'; '.join(found[:5])}")
