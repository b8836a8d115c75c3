"""Runs one command and says what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class BenchError(Exception):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True)
class Traffic:
    """What the endpoints were asked and answered."""

    calls: int = 0
    sent: int = 0
    answered: int = 0


@dataclass(frozen=True)
class Cost:
    """What one run cost. `cpu` is that of the command and all its children, `memory` that of the largest of them."""

    wall: float
    cpu: float
    memory: int
    traffic: Traffic = Traffic()


def measure(command: Sequence[str], log: Path, expected: Sequence[int] = (0,)) -> Cost:
    """Run a command as a user does, its output in `log`; raises BenchError for another exit code than expected."""
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        # The usage of the child and of everything below it that was waited for; the lab's server is none of these.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise BenchError(f"{' '.join(command)}\nended with {process.returncode}; the end of its output:\n{end}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def least(costs: Sequence[Cost]) -> Cost:
    """Return the least of what repeated runs cost, each figure for itself: what is more is somebody else's noise."""
    return Cost(
        min(cost.wall for cost in costs),
        min(cost.cpu for cost in costs),
        min(cost.memory for cost in costs),
        costs[-1].traffic,
    )


class Calls:
    """What the lab has written of its remote calls since the last look."""

    def __init__(self, file: Path) -> None:
        """`file` is made by the first call."""
        self._file = file
        self._seen = 0

    def since_last(self) -> Traffic:
        """Return the sums of the calls that came since this was asked the last time."""
        if not self._file.exists():
            return Traffic()
        with self._file.open("rb") as handle:
            handle.seek(self._seen)
            lines = [json.loads(line) for line in handle]
            self._seen = handle.tell()
        return Traffic(len(lines), sum(line["sent"] for line in lines), sum(line["answered"] for line in lines))
