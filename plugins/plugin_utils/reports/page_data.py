"""What the report page carries, compactly: every text once, every set of equal records once, the rest numbers.

A page over 1,000 endpoints is mostly the same controls again and again. So a row is [endpoint, body, since, marks,
waiver, mover], without zeros at its end: positions in `endpoints`, `bodies`, `strings`, `waivers` and again `strings`,
and `marks` with `news` in its lowest two bits, `moved` in the next two and `flapping` above. A body is what is equal on
many endpoints, as BODY says: positions in `strings`, the last three in `values`. Position 0 is always "nothing".
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

from markupsafe import Markup

from ..records.records import GOOD, MOVED, NEWS, Record, has_values
from ..values.bounded import as_text
from .difference import shortened, side, sides
from .fleet import Fleet, Group
from .summary import clean

TEXTS = (
    *("control", "instance", "scope", "role", "title", "severity", "status", "reason", "evidence", "next", "why"),
    "user",
)
VALUES = ("expected", "actual", "before")
BODY = (*TEXTS, *VALUES)
WAIVER = ("control", "instance", "owner", "reason", "expires", "ticket", "hosts", "state")

# More than one endpoint, and what is equal on many of them, has.
MOST_KEPT = 10_000
# What would end the script element early, or is a line's end in some readers; in JSON each may stand as an escape.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def embedded(data: Any) -> Markup:
    """Return data as JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    return Markup(_AS_JSON(data).translate(_ESCAPES))  # noqa: S704  no < is left in it


class Spool:
    """A part of the page that is only known at the end: JSON texts with commas between, in a file without a name."""

    def __init__(self, directory: Path) -> None:
        self._file = TemporaryFile("w+", dir=directory, encoding="utf-8", newline="")  # noqa: SIM115  poured and closed later
        self.length = 0

    def add(self, text: str) -> None:
        """Write one more."""
        self._file.write(f",{text}" if self.length else text)
        self.length += 1

    def pour(self, file: TextIO) -> None:
        """Write all of it into another file; nothing can be added any more."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, file)
        self._file.close()


class _Table:
    """A list in which everything stands once; position 0 is "nothing".

    What is equal on many endpoints comes again soon. So the last MOST_KEPT are known, as digests, and what has not come
    for so long would be listed again: a page over any number of endpoints takes no more memory.
    """

    def __init__(self, spool: Spool, nothing: Any) -> None:
        self._spool = spool
        self._spool.add(embedded(nothing))
        self._places: OrderedDict[bytes, int] = OrderedDict()

    def place(self, key: str, item: Callable[[], Any]) -> int:
        """Return the position of the item with this key, which is made when it is not known."""
        known = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        place = self._places.get(known)
        if place is None:
            # First what it refers to itself.
            text = embedded(item())
            place = self._places[known] = self._spool.length
            self._spool.add(text)
            if len(self._places) > MOST_KEPT:
                self._places.popitem(last=False)
        else:
            self._places.move_to_end(known)
        return place


class Data:
    """The tables of a page, while its rows are made."""

    def __init__(self, directory: Path) -> None:
        self.tables = {name: Spool(directory) for name in ("strings", "values", "bodies", "rowWaivers")}
        self.whole = Spool(directory)
        self._strings = _Table(self.tables["strings"], "")
        self._values = _Table(self.tables["values"], None)
        self._bodies = _Table(self.tables["bodies"], None)
        self._waivers = _Table(self.tables["rowWaivers"], None)

    def _text(self, text: str) -> int:
        return self._strings.place(text, lambda: clean(text)) if text else 0

    def _value(self, parts: list[str]) -> int:
        """Return the position of a side of reports.difference, cut; a long one is kept whole beside it."""
        short = shortened(parts)
        before = self.tables["values"].length
        place = self._values.place(json.dumps(parts), lambda: short)
        if short is not parts and place == before:
            self.whole.add(f'"{place}":{embedded("".join(parts))}')
        return place

    def _body(self, item: Record) -> int:
        key = as_text([*(item.get(name) for name in BODY), "before" in item])
        return self._bodies.place(
            key, lambda: [*(self._text(str(item.get(name) or "")) for name in TEXTS), *self._three(item)]
        )

    def _three(self, item: Record) -> list[int]:
        expected, actual = item["expected"], item["actual"]
        before = self._value(side(item["before"])) if "before" in item else 0
        if not has_values(item):
            return [0, 0, before]
        if item["status"] in GOOD:
            return [self._value(side(expected)), self._value(side(actual)), before]
        left, right = sides(expected, actual)
        return [self._value(left), self._value(right), before]

    def _waiver(self, waiver: Mapping[str, Any] | None) -> int:
        return self._waivers.place(as_text(waiver), lambda: _waiver(waiver)) if waiver else 0

    def row(self, item: Record, endpoint: int) -> list[int]:
        """Return the row of a record on the endpoint of this position."""
        marks = NEWS.index(item.get("news", "")) | MOVED.index(item.get("moved", "")) << 2
        marks |= int(item.get("flapping", False)) << 4
        row = [endpoint, self._body(item), self._text(item.get("since", "")), marks, self._waiver(item.get("waiver"))]
        row.append(self._text(item.get("moved_by", "")))
        while row[-1] == 0 and len(row) > 2:
            row.pop()
        return row


def page_data(fleet: Fleet, waivers: Iterable[Mapping[str, Any]], sources: Iterable[str]) -> dict[str, Any]:
    """Return what the page shows beside its rows, ready for json.dumps.

    No control, reordering mark or half character is left in it. `sources` are the references whose sections the page
    has, in the order of their numbers there.
    """
    return {
        "now": fleet.now,
        "first": fleet.first,
        "coming": [[control, words, len(names)] for (control, words), names in sorted(fleet.coming.items())],
        "table": [fleet.data.day, fleet.data.days, fleet.data.is_old],
        "endpoints": [
            [clean(one.name), clean(one.owner), one.life, one.state, one.worst, one.at, one.counts]
            for one in fleet.endpoints
        ],
        "states": fleet.states,
        "summary": {name: getattr(fleet.summary, name) for name in ("controls", "good", "endpoints", "measured")},
        "waivers": [_waiver(waiver) for waiver in waivers],
        "news": {
            "known": fleet.news.known,
            **{name: _groups(getattr(fleet.news, name)) for name in ("new", "fixed", "flapping", "expired")},
        },
        "sources": {link: number for number, link in enumerate(sources)},
        "trend": [list(astuple(point)) for point in fleet.trend],
    }


def _groups(groups: Iterable[Group]) -> list[list[Any]]:
    return [[clean(group.control), group.status, list(group.rows)] for group in groups]


def _waiver(waiver: Mapping[str, Any]) -> dict[str, str]:
    texts = {**waiver, "hosts": ", ".join(waiver["hosts"])}
    return {name: clean(str(texts.get(name) or "")) for name in WAIVER}
