"""What the ways to Windows cost against each other, on a small fleet: no target, since so little is mostly noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cost import Cost
from benchmarks.fleet import Fleet, Setting
from benchmarks.plays import AUDIT, PING, PLAYS, measure_play
from lab.fleet import TRANSPORTS

ENDPOINTS = 5
MEASURED = (PING, AUDIT)
STEPS = len(TRANSPORTS) * len(MEASURED)
_PLAYS = {play.name: play for plays in PLAYS for play in plays}


def measure_transports(folder: Path, repeats: int, begin: Callable[[str], None]) -> Iterator[tuple[str, str, Cost]]:
    """Yield the way, the play's name and its cost; `begin` is given both before it runs, `folder` is empty."""
    for transport in TRANSPORTS:
        place = folder / transport
        place.mkdir()
        fleet = Fleet(Setting("windows", ENDPOINTS, 0.0), place / "lab", transport)
        try:
            for name in MEASURED:
                begin(f"{name} by {transport}")
                yield transport, name, measure_play(_PLAYS[name], fleet, place, repeats)
        finally:
            fleet.close()
