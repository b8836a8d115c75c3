"""What the report page carries, compactly: every text once, every set of equal records once, the rest numbers.

A page over 1,000 endpoints is mostly the same controls again and again. So a row is [endpoint, body, since, marks,
waiver], without zeros at its end: positions in `endpoints`, `bodies`, `strings` and `waivers`, and `marks` with `news`
in its lowest two bits, `moved` in the next two and `flapping` above. A body is what is equal on many endpoints, as
BODY says: positions in `strings`, the last three in `values`. Position 0 is always "nothing".
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..records.records import GOOD, MOVED, NEWS
from .difference import shortened, side, sides
from .fleet import Fleet, Group, Record
from .summary import clean

TEXTS = ("control", "instance", "scope", "role", "title", "severity", "status", "reason", "evidence", "next", "why")
VALUES = ("expected", "actual", "before")
BODY = (*TEXTS, *VALUES)
WAIVER = ("control", "instance", "owner", "reason", "expires", "ticket", "hosts", "state")


class _Table:
    """A list in which everything stands once; position 0 is "nothing"."""

    def __init__(self, nothing: Any) -> None:
        self.items: list[Any] = [nothing]
        self._places: dict[Hashable, int] = {}

    def place(self, key: Hashable, item: Any) -> int:
        """Return the position of the item with this key; the first call with a key gives the item."""
        if key not in self._places:
            self._places[key] = len(self.items)
            self.items.append(item)
        return self._places[key]


class _Data:
    """The tables of a page, while its rows are made."""

    def __init__(self) -> None:
        self.strings = _Table("")
        self.values = _Table(None)
        self.bodies = _Table(None)
        self.waivers = _Table(None)
        self.whole: dict[int, str] = {}
        self._known: dict[Hashable, int] = {}

    def text(self, text: str) -> int:
        return self.strings.place(text, clean(text)) if text else 0

    def value(self, parts: list[str]) -> int:
        place = self.values.place(tuple(parts), short := shortened(parts))
        if short is not parts:
            self.whole[place] = "".join(parts)
        return place

    def body(self, item: Record) -> int:
        values = tuple(json.dumps(item.get(name), sort_keys=True) for name in VALUES)
        key = (*(item.get(name) for name in TEXTS), *values, "before" in item)
        if key not in self._known:
            texts = [self.text(item.get(name) or "") for name in TEXTS]
            self._known[key] = self.bodies.place(key, [*texts, *self._three(item)])
        return self._known[key]

    def _three(self, item: Record) -> list[int]:
        expected, actual = item["expected"], item["actual"]
        before = self.value(side(item["before"])) if "before" in item else 0
        if expected is None and actual is None:
            return [0, 0, before]
        if item["status"] in GOOD:
            return [self.value(side(expected)), self.value(side(actual)), before]
        left, right = sides(expected, actual)
        return [self.value(left), self.value(right), before]

    def waiver(self, waiver: Mapping[str, Any] | None) -> int:
        if not waiver:
            return 0
        return self.waivers.place(json.dumps(waiver, sort_keys=True), _waiver(waiver))


def page_data(fleet: Fleet, waivers: Iterable[Mapping[str, Any]], sources: Iterable[str]) -> dict[str, Any]:
    """Return the page's data, ready for json.dumps: no control, reordering mark or half character is left in it.

    `sources` are the references whose sections the page has, in the order of their numbers there.
    """
    data = _Data()
    places = {one.name: place for place, one in enumerate(fleet.endpoints)}
    rows = [_row(data, item, places[item["endpoint"]]) for item in fleet.records]
    return {
        "now": fleet.now,
        "first": fleet.first,
        "endpoints": [
            [clean(one.name), clean(one.owner), one.life, one.state, one.worst, one.at, one.counts]
            for one in fleet.endpoints
        ],
        "states": fleet.states,
        "summary": {name: getattr(fleet.summary, name) for name in ("controls", "good", "endpoints", "measured")},
        "strings": data.strings.items,
        "values": data.values.items,
        "whole": data.whole,
        "bodies": data.bodies.items,
        "rows": rows,
        "rowWaivers": data.waivers.items,
        "waivers": [_waiver(waiver) for waiver in waivers],
        "news": {
            "known": fleet.news.known,
            **{name: _groups(getattr(fleet.news, name)) for name in ("new", "fixed", "flapping", "expired")},
        },
        "sources": {link: number for number, link in enumerate(sources)},
        "trend": [list(asdict(point).values()) for point in fleet.trend],
    }


def _row(data: _Data, item: Record, endpoint: int) -> list[int]:
    marks = NEWS.index(item.get("news", "")) | MOVED.index(item.get("moved", "")) << 2
    marks |= int(item.get("flapping", False)) << 4
    row = [endpoint, data.body(item), data.text(item.get("since", "")), marks, data.waiver(item.get("waiver"))]
    while row[-1] == 0 and len(row) > 2:
        row.pop()
    return row


def _groups(groups: Iterable[Group]) -> list[list[Any]]:
    return [[clean(group.control), group.status, list(group.rows)] for group in groups]


def _waiver(waiver: Mapping[str, Any]) -> dict[str, str]:
    texts = {**waiver, "hosts": ", ".join(waiver["hosts"])}
    return {name: clean(str(texts.get(name) or "")) for name in WAIVER}
