"""The records as CSV that Excel opens with a double click, Japanese intact, and in which no cell is ever a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..records.records import merge
from .sources import shown
from .visible import LONGEST, cut, fit, next_step, value_text

Record = Mapping[str, Any]

# What a spreadsheet takes for the beginning of a formula; the full-width ones in a Japanese Excel. After OWASP's page
# on CSV injection.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")


def _text(key: str) -> Callable[[Record], str]:
    return lambda item: item.get(key) or ""


def _value(key: str) -> Callable[[Record], str]:
    return lambda item: value_text(item[key]) if key in item else ""


def _waiver(key: str) -> Callable[[Record], str]:
    return lambda item: item.get("waiver", {}).get(key, "")


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
}


def to_csv(records: Iterable[Record]) -> bytes:
    """Return one line a record, in UTF-8 with a byte order mark and with the line ends of Windows.

    Every cell is quoted. A cell that a spreadsheet might calculate begins with an apostrophe.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(column(item)) for column in COLUMNS.values()] for item in merge(records))
    return file.getvalue().encode("utf-8-sig")


def _cell(text: str) -> str:
    shown = fit(text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return cut(f"'{shown}", LONGEST)
    return shown
