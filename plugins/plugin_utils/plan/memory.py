r"""The memory: what an endpoint had before a role's first write, so that `state: absent` can put it back.

One JSON text a role, kept on the endpoint itself (Windows: HKLM\SOFTWARE\OffsiteEndpoints\Before, a REG_SZ named after
the role; Mac: /Library/Application Support/OffsiteEndpoints/before.plist, a key named after the role):

    {"schema": 1, "entries": [{"control": ID, "instance": NAME or null, "where": LOCATOR, "before": BEFORE}]}
    BEFORE: {"value": ..., "type": "REG_SZ" (registry only)}, {"absent": true}, {"absent": true, "shared": true}
    for a registry key that the role's first value in it made, and that others may use since, or {"absent": true,
    "made": N} for a value in a property list with the N dictionaries above it, the file counting as the outermost

An entry is written before the first write to its place and never changed. What has no entry is not the role's. A
user's place names the user by SID; a member of a group is a place of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..controls.compare import Comparison, ExpectedError
from ..controls.kinds import comparison
from ..state.place import Place
from ..state.places import locator_problem, place_of
from ..values.bounded import DEEPEST, LONGEST

SCHEMA = 1
# Of a whole note. A role that writes to some hundred places has a tenth of it.
LONGEST_NOTE = 2**20


class MemoryTextError(ValueError):
    """A memory text that cannot be trusted; nothing may be written on its word."""


@dataclass(frozen=True)
class Entry:
    """What one place held before the first write; `absent` when there was nothing, `shared`: a key others may use."""

    control: str
    instance: str | None
    where: dict[str, Any]
    absent: bool
    value: Any = None
    type: str | None = None
    shared: bool = False
    made: int = 0

    @cached_property
    def place(self) -> Place:
        """Where it was."""
        return place_of(self.where)

    @cached_property
    def comparison(self) -> Comparison:
        """Whether it is there again. Raises ExpectedError for what the place cannot have held."""
        return comparison(self.place.held_as.get(self.place.field, "exact"), self.value, self.type)

    @property
    def scope(self) -> str:
        """Whose it is: machine, or a user's SID."""
        return str(self.where.get("user", "machine"))


def render(entries: Iterable[Entry]) -> str:
    """Return the text for the endpoint: ASCII and in a fixed order of keys, so that equal memories are equal texts."""
    data = {"schema": SCHEMA, "entries": [_as_dict(entry) for entry in entries]}
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def parse_memory(text: Any) -> list[Entry]:
    """Return a memory's entries. Raises MemoryTextError when anything in it is not as `render` writes it."""
    if isinstance(text, str) and len(text) > LONGEST_NOTE:
        raise MemoryTextError(f"it has {len(text):,} characters, and no role notes so much")
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise MemoryTextError(f"it is no JSON ({error})") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("entries"), list):
        raise MemoryTextError(f"it is not of the form {{schema: {SCHEMA}, entries: [...]}}")
    return [_sound(item, number) for number, item in enumerate(data["entries"], start=1)]


def _sound(item: Any, number: int) -> Entry:
    # Whoever is administrator of an endpoint can write there what he likes.
    try:
        return _entry(item, number)
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise MemoryTextError(f"entry {number} is not as it was written ({type(error).__name__}: {error})") from error


def _as_dict(entry: Entry) -> dict[str, Any]:
    before: dict[str, Any] = {"absent": True} if entry.absent else {"value": entry.value}
    if entry.type is not None:
        before["type"] = entry.type
    if entry.shared:
        before["shared"] = True
    if entry.made:
        before["made"] = entry.made
    return {"control": entry.control, "instance": entry.instance, "where": entry.where, "before": before}


def _entry(item: Any, number: int) -> Entry:
    if not isinstance(item, dict) or set(item) != {"control", "instance", "where", "before"}:
        raise MemoryTextError(f"entry {number} does not have control, instance, where and before")
    control, instance, where, before = (item[key] for key in ("control", "instance", "where", "before"))
    if isinstance(where, dict):
        # Older notes name the store of a firewall rule, which was always this one.
        where = {key: value for key, value in where.items() if (key, value) != ("store", "local")}
    if not isinstance(control, str) or not isinstance(instance, (str, type(None))):
        raise MemoryTextError(f"entry {number}: control and instance must be text")
    if locator_problem(where) or not place_of(where).can_be_remembered or not _is_short(where):
        raise MemoryTextError(f"entry {number}: {where!r} is no place that a role writes to")
    given = before if isinstance(before, dict) else {}
    entry = Entry(
        control,
        instance,
        where,
        absent="absent" in given,
        value=given.get("value"),
        type=given.get("type"),
        shared="shared" in given,
        made=given.get("made", 0),
    )
    if _as_dict(entry)["before"] != before or not _can_be(entry):
        raise MemoryTextError(f"entry {number}: before is {before!r}, which {where!r} cannot have held")
    return entry


def _is_short(where: dict[str, Any]) -> bool:
    """Whether a role's place can be so long and so deep: all that lies above it is made of it, piece by piece."""
    return len(json.dumps(where, ensure_ascii=False)) <= LONGEST and len(place_of(where).identity[1]) <= DEEPEST


def _can_be(entry: Entry) -> bool:
    """Whether the place can have held what is said to have been there."""
    place = entry.place
    if entry.absent:
        counted = type(entry.made) is int and 0 <= entry.made <= place.depth
        return place.may_be_absent and counted and entry.type is None and (place.is_shared or not entry.shared)
    if entry.shared or entry.made or entry.value is None or entry.type not in (place.types or (None,)):
        return False
    try:
        return place.could_hold(entry.comparison.expected)
    except ExpectedError:
        return False
