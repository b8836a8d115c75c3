r"""Which places a role writes: nothing else is put back, whatever a note of what was there before speaks of.

The note lies on the endpoint, where whoever is administrator there can write what he likes; a run's records lie in a
file. A control's `where` says the place, with placeholders for what the inventory names. What the inventory no longer
names was the role's all the same: of a name in a path, any will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..state.place import PLACES
from ..state.places import place_of
from .memory import Entry

_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
# What a locator says beside the place itself.
_BESIDE = ("type", "decode", "user")


class OwnPlaces:
    """The places of one role's controls (plain data)."""

    def __init__(self, controls: Iterable[Mapping[str, Any]]) -> None:
        self._written = [control["where"] for control in controls if "where" in control]

    def have(self, entry: Entry) -> bool:
        """Return whether the role writes the place of an entry, or makes the container that it is."""
        return any(_same(where, entry) for where in self._written)


def _same(where: Mapping[str, Any], entry: Entry) -> bool:
    kind = next(filter(PLACES.__contains__, where))
    if kind not in entry.where:
        return False
    if kind in ("registry", "user_registry"):
        leaf = "value" in entry.where
        if leaf and not ("value" in where and _fits(where["value"], entry.where["value"])):
            return False
        return _lies(place_of(where).identity[1], place_of(entry.where).identity[1], entry, whole=leaf)
    if kind == "plist":
        # Of a file's values, the number of dictionaries that a write made is noted, and no dictionary.
        key = entry.where["key"]
        same = _fits(where[kind], entry.where[kind], fold=False) and "key" in where
        return same and _lies(where["key"], key, entry, whole=len(key) == len(where["key"]))
    if kind == "group" and "member" in entry.where:
        return where.get("field") == "members" and _fits(where[kind], entry.where[kind])
    written, noted = ({k: v for k, v in one.items() if k not in _BESIDE} for one in (where, entry.where))
    return written.keys() == noted.keys() and all(_fits(written[name], noted[name]) for name in written)


def _lies(written: Iterable[str], noted: Iterable[str], entry: Entry, *, whole: bool) -> bool:
    """Return whether a path is the one that is written, or that of a container which the write makes on its way."""
    path, found = [*written], [*noted]
    if len(found) > len(path) or not all(map(_fits, path, found)):
        return False
    if whole or not entry.absent:
        return len(found) == len(path)
    # The item's own container is named after the item; any other is shared.
    return entry.shared or len(found) == len(path) or bool(_PLACEHOLDER.search(path[len(found) - 1]))


def _fits(written: Any, noted: Any, *, fold: bool = True) -> bool:
    if isinstance(written, list) and isinstance(noted, list):
        return len(written) == len(noted) and all(_fits(*both, fold=fold) for both in zip(written, noted, strict=True))
    if not (isinstance(written, str) and isinstance(noted, str)):
        return bool(written == noted)
    # A name is no path of its own.
    pattern = "[^\\\\]+".join(map(re.escape, _PLACEHOLDER.split(written)))
    return re.fullmatch(pattern, noted, re.IGNORECASE if fold else 0) is not None
