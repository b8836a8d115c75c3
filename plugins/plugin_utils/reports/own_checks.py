"""Which endpoints were measured by their users' own checks (`measured_at` of records), and not by the run itself."""

from __future__ import annotations

from collections.abc import Iterable

from ..records.records import Record
from .coming import who


class OwnChecks:
    """Looks at records; `found` are the days by endpoint."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def add(self, items: Iterable[Record]) -> None:
        """Take note of records."""
        for item in items:
            if measured_at := item.get("measured_at", ""):
                self.found[item["endpoint"]] = measured_at[:10]

    def line(self) -> str:
        """Return it in words, empty where there is none."""
        if not self.found:
            return ""
        oldest = min(self.found, key=lambda name: (self.found[name], name))
        oldest_words = f", the oldest ({oldest}) on" if len(self.found) > 1 else " on"
        return f"By their users' own checks: {who([*self.found])}{oldest_words} {self.found[oldest]}"
