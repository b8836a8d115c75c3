"""How old the table of known vulnerabilities was that records were judged by (`data_of`), on the day of their run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ..records.records import Record

# What was published in a quarter of a year is too much to be silent about.
OLD_AFTER_DAYS = 90


@dataclass
class DataAge:
    """Looks at records; of several tables the one that was oldest on its day counts. `day` is empty without any."""

    day: str = ""
    days: int = -1
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, items: Iterable[Record]) -> None:
        """Take note of records."""
        for item in items:
            pair = (item.get("data_of", ""), item["at"][:10])
            if not pair[0] or pair in self._seen:
                continue
            self._seen.add(pair)
            days = max(0, (date.fromisoformat(pair[1]) - date.fromisoformat(pair[0])).days)
            if days > self.days:
                self.day, self.days = pair[0], days

    @property
    def is_old(self) -> bool:
        """Whether it was too old to rely on."""
        return self.days > OLD_AFTER_DAYS

    def line(self) -> str:
        """Return it in words, empty without any table."""
        if not self.day:
            return ""
        if not self.is_old:
            return f"Known vulnerabilities: by the table of {self.day}"
        return (
            f"Known vulnerabilities: by the table of {self.day}, which was {self.days} days old; what was published "
            "since is not in it. Renew it: vulnerabilities.yml"
        )
