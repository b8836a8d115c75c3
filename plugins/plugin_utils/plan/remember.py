"""What has to be remembered before a place is written, and what putting it back means.

Everything that a role writes over is remembered once (plan.memory). Putting back compares the remembered with what
is there now, so that it is idempotent, too, and leaves alone what came to be by others since.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ..controls.compare import describe
from ..controls.controls import Check
from ..state.nodes import Located, Unreadable
from ..state.place import Place
from ..state.places import place_of
from ..state.state import State
from .memory import Entry
from .writes import About

MOST = 65_536


class Known:
    """Entries of a note, with what they say of a place at hand: an endpoint may have made thousands of them."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = []
        self._places: set[Any] = set()
        # What they lie in, and the containers that came to be as a whole.
        self._above: set[Any] = set()
        self._whole: set[Any] = set()
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take in more of them."""
        for entry in entries:
            store, path, leaf = entry.place.identity
            self.entries.append(entry)
            self._places.add((store, path, leaf))
            self._above.update((store, path[:length]) for length in range(len(path) + 1))
            if entry.absent and not entry.shared and leaf is None:
                self._whole.add((store, path))

    def has(self, place: Place) -> bool:
        """Whether one is about this place."""
        return place.identity in self._places

    def covers(self, place: Place) -> bool:
        """Whether one is about this place, or about a container that it went into the note with."""
        store, path, _leaf = place.identity
        return self.has(place) or any((store, path[:length]) in self._whole for length in range(len(path) + 1))

    def inside(self, container: Place) -> bool:
        """Whether one is about the container, or about something in it."""
        store, path, leaf = container.identity
        return leaf is None and (store, path) in self._above


def new_entries(check: Check, located: Located, endpoint: State, known: Known) -> list[Entry]:
    """Return what must be remembered before this check's place is written for the first time.

    Raises Unreadable for a value that could not be put back.
    """
    place = place_of(check.where)
    if not check.remember:
        return []
    if check.compare == "contains" and (members := place.members(check.comparison.to_write(located))):
        return [_absent(check, where) for where in members if not known.has(place_of(where))]
    if check.remedy == "role" and not _role_can_undo(check, place, located):
        return []
    if known.covers(place):
        return []
    container = None if check.container is None else place_of(check.container)
    # With an older entry inside it, the container did exist when the role first came.
    came_first = container and not known.inside(container)
    whole = container if container and came_first and not container.locate(endpoint).found else None
    if whole or not located.found:
        return _made(check, whole or place, endpoint, known)
    value = located.value if located.raw is None else located.raw
    refusal = place.refusal(located) or _too_long(value)
    if not refusal and (isinstance(value, dict) or (located.type is not None and located.type not in place.types)):
        refusal = f"holds {located.type or 'a dictionary'}"
    if refusal:
        raise Unreadable(f"{located.evidence} {refusal}")
    return [Entry(check.id, check.instance, place.bare, False, value, located.type)]


def _too_long(value: Any) -> str:
    """Return why a value is not noted; no value that this project writes over is anything like that long."""
    length = len(json.dumps(value, default=str))
    return f"holds {length:,} characters, more than can be noted and put back; look what it is" * (length > MOST)


def _absent(check: Check, where: dict[str, Any], made: int = 0, *, shared: bool = False) -> Entry:
    return Entry(check.id, check.instance, where, absent=True, made=made, shared=shared)


def _role_can_undo(check: Check, place: Place, located: Located) -> bool:
    """Whether there is something to go back to.

    A desired range (a version or newer) has no one value, and a key that is there has none.
    """
    if not (place.can_be_remembered and place.role_takes_back):
        return False
    return not located.found or (check.comparison.writable and located.value is not None)


def _made(check: Check, place: Place, endpoint: State, known: Known) -> list[Entry]:
    """Return what the write makes: the registry keys on its way, outermost first, and the place itself.

    Of the dictionaries on its way only the number is noted; the file counts as the outermost.
    """
    above = [] if check.remedy == "role" else [place_of(where) for where in place.above()]
    counted = above[: place.depth]
    number = next((number for number, outer in enumerate(counted) if outer.locate(endpoint).found), len(counted))
    keys = [*takewhile(lambda outer: outer.is_shared and _is_new(outer, endpoint, known), above)]
    return [*(_absent(check, key.bare, shared=True) for key in reversed(keys)), _absent(check, place.bare, number)]


def _is_new(key: Place, endpoint: State, known: Known) -> bool:
    try:
        # With an older entry inside it, the key did exist when the role first came, or is remembered already.
        return not (key.locate(endpoint).found or known.inside(key))
    except Unreadable:
        return False  # nobody has looked so far up


# What the memory's entries were there before.
ROLE = "this role"


@dataclass(frozen=True)
class Finding:
    """What one entry of the memory says about the endpoint now; `status` drifted: it has to be put back."""

    entry: Entry
    status: str
    reason: str
    located: Located

    @property
    def about(self) -> About:
        """Return what the record is about."""
        return About(self.entry.control, self.entry.instance, self.entry.scope)


def findings(entries: list[Entry], endpoint: State, waiting: Collection[str], what: str = ROLE) -> list[Finding]:
    """Compare the endpoint with all entries: values first, then the keys that the role made, innermost first.

    What belongs to a control in `waiting` stays for now, and so do the keys that it lies in. `what` is before what the
    entries were there, in words: this role, or one run of it.
    """
    plain = [_finding(entry, endpoint, what) for entry in entries if not entry.shared]
    gone = {item.place.identity for item in entries if item.absent and not item.shared and item.control not in waiting}
    shared = []
    for entry in sorted((entry for entry in entries if entry.shared), key=_depth, reverse=True):
        found = _finding(entry, endpoint, what)
        if found.status == "drifted":
            why = _held_by_others(entry.place, endpoint, gone)
            if why:
                found = Finding(entry, "compliant", why, found.located)
            else:
                gone.add(entry.place.identity)
        shared.append(found)
    return [*plain, *shared]


def _depth(entry: Entry) -> int:
    return len(entry.place.identity[1])


def _held_by_others(key: Place, endpoint: State, gone: set[tuple[Any, ...]]) -> str:
    """Return why a key that the role made has to stay, or an empty text when nothing else is in it."""
    hive, path, _value = key.identity
    try:
        values, keys = endpoint.contents(key.where)
    except Unreadable:
        return "the key was made by this role; it stays, since not everything in it was read"
    values = {name for name in values if (hive, path, name) not in gone}
    keys = {name for name in keys if (hive, (*path, name), None) not in gone}
    left = sorted(values | keys)
    return f"the key was made by this role; it stays, since others use it now: {', '.join(left)}" if left else ""


def _finding(entry: Entry, endpoint: State, what: str) -> Finding:
    try:
        located = endpoint.locate(entry.where)
        status, reason = _compare_with_before(entry, located, endpoint, what)
    except Unreadable as error:
        located, status, reason = Located(False), "error", str(error)
    return Finding(entry, status, reason, located)


def _compare_with_before(entry: Entry, located: Located, endpoint: State, what: str) -> tuple[str, str]:
    if entry.absent:
        words = f"is {describe(located.value, located.type)}" if located.value is not None else "is there"
        return ("drifted", f"{words}, was not there before {what}") if located.found else ("compliant", "")
    above = entry.place.above()
    if above and not endpoint.locate(above[0]).found:
        return "compliant", "what it belonged to is gone, so there is nothing to put back"
    if entry.comparison.verdict(located) is None:
        return "compliant", ""
    now = f"is {describe(located.value, located.type)}" if located.found else located.missing
    return "drifted", f"{now}, was {describe(entry.value, entry.type)} before {what}"
