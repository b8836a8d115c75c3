"""The records as CSV that Excel opens with a double click, Japanese intact, and in which no cell is ever a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TextIO, cast

from ..records.records import Record
from .sources import shown
from .visible import LONGEST, cut, fit, next_step, value_text
from .writer import Writer

# What a spreadsheet takes for the beginning of a formula; the full-width ones in a Japanese Excel. After OWASP's page
# on CSV injection.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")


def _text(key: str) -> Callable[[Record], str]:
    return lambda item: cast("str", item.get(key) or "")


def _value(key: str) -> Callable[[Record], str]:
    return lambda item: value_text(item.get(key)) if key in item else ""


def _waiver(key: str) -> Callable[[Record], str]:
    return lambda item: cast("str", item["waiver"].get(key, "")) if "waiver" in item else ""


COLUMNS: dict[str, Callable[[Record], str]] = {
    **{key: _text(key) for key in ("endpoint", "owner", "life", "status", "severity", "role", "control", "instance")},
    **{key: _text(key) for key in ("scope", "title")},
    **{key: _value(key) for key in ("expected", "actual", "before")},
    "reason": _text("reason"),
    "next": next_step,
    **{key: _text(key) for key in ("news", "since")},
    "flapping": lambda item: "yes" if item.get("flapping") else "",
    "moved": _text("moved"),
    **{f"waiver_{key}": _waiver(key) for key in ("owner", "reason", "expires", "ticket")},
    "evidence": _text("evidence"),
    "versions": lambda item: ", ".join(f"{name} {number}" for name, number in sorted(item["versions"].items())),
    "at": _text("at"),
    "run": _text("run"),
    "why": lambda item: shown(item.get("why", "")),
    "moved_by": _text("moved_by"),
    "user": _text("user"),
}


_COLUMNS = tuple(COLUMNS.values())


class Csv(Writer):
    """One line a record, in UTF-8 with a byte order mark and with the line ends of Windows.

    Every cell is quoted. A cell that a spreadsheet might calculate begins with an apostrophe.
    """

    def begin(self, file: TextIO) -> None:
        """Write the names of the columns."""
        file.write("\ufeff")
        self._csv = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._csv.writerow(COLUMNS)

    def add(self, items: list[Record]) -> None:
        """Write a line a record."""
        self._csv.writerows([_cell(column(item)) for column in _COLUMNS] for item in items)


def _cell(text: str) -> str:
    return _short_cell(text) if len(text) <= _SHORT else _any_cell(text)


def _any_cell(text: str) -> str:
    shown = fit(text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return cut(f"'{shown}", LONGEST)
    return shown


# The same few texts stand in most lines; long ones are not worth the memory.
_SHORT = 200
_short_cell = lru_cache(maxsize=5000)(_any_cell)
