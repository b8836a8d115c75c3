"""Runs ansible-playbook by a clock that is wrong: `python -m tests.faults.clock DAYS ARGUMENTS`."""

from __future__ import annotations

import datetime
import sys

from ansible.cli.playbook import main

DAY = datetime.timedelta(days=1)


def shift(days: int) -> None:
    """Let everything that is loaded from now on believe in another time."""
    right = datetime.datetime.now

    class Wrong(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Wrong:
            moved = right(tz) + days * DAY
            return cls.combine(moved.date(), moved.timetz())

    datetime.datetime = Wrong  # type: ignore[misc]  # a class is no variable to mypy; this is the only clock that all ask


if __name__ == "__main__":
    shift(int(sys.argv[1]))
    main(["ansible-playbook", *sys.argv[2:]])
