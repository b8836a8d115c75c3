"""What will end on which endpoints, though all is good today (`coming` of records)."""

from __future__ import annotations

from collections.abc import Iterable

from ..records.records import Record
from ..state.asked import some


class Coming:
    """Looks at records; `found` are the endpoints of each thing that is coming, by control and words."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, items: Iterable[Record]) -> None:
        """Take note of records."""
        for item in items:
            if words := item.get("coming", ""):
                self.found.setdefault((item["control"], words), {})[item["endpoint"]] = None

    def lines(self) -> list[str]:
        """Return each in words, with whom it concerns."""
        return [f"Coming: {words}: {who([*names])}" for (_control, words), names in sorted(self.found.items())]


def who(names: list[str]) -> str:
    """Return how many endpoints, and the first names.

    >>> who(["a"]), who(["a", "b", "c", "d"])
    ('1 endpoint (a)', '4 endpoints (a, b, c and 1 more)')
    """
    return f"{len(names)} endpoint{'s' if len(names) > 1 else ''} ({some(names)})"
