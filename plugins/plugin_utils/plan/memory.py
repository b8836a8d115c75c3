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
from typing import Any

from ..controls.compare import ExpectedError
from ..controls.kinds import comparison
from ..state.locators import REGISTRY_TYPES, kind_of, locator_problem
from ..values.firewall_rules import PROFILES
from ..values.windows_words import RULE_PARAMETERS, SERVICE_PARAMETERS

SCHEMA = 1
# Places that no upstream module of endpoint_controls changes, but a role's own tasks may.
ROLE_ONLY = ("product", "file", "appx", "vpn_connection", "tool")
# How what was in a field is told from nonsense: by the comparison that it can be expected in.
_BEFORE_IS = {
    **{"remote_address": "addresses", "profiles": "set"},
    **{"start_mode": "text", "state": "text"},
}


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
    try:
        data = json.loads(text)
    except (TypeError, ValueError) as error:
        raise MemoryTextError(f"it is no JSON ({error})") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("entries"), list):
        raise MemoryTextError(f"it is not of the form {{schema: {SCHEMA}, entries: [...]}}")
    return [_entry(item, number) for number, item in enumerate(data["entries"], start=1)]


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
    if locator_problem(where) or not can_be_remembered(where):
        raise MemoryTextError(f"entry {number}: {where!r} is no place that a role writes to")
    if before == {"absent": True} and "firewall_rule" not in where and "service" not in where:
        return Entry(control, instance, where, absent=True)
    if "plist" in where and isinstance(before, dict) and set(before) == {"absent", "made"}:
        made = before["made"]
        if before["absent"] is True and type(made) is int and 0 < made <= len(where["key"]):
            return Entry(control, instance, where, absent=True, made=made)
    if before == {"absent": True, "shared": True} and _is_key(where):
        return Entry(control, instance, where, absent=True, shared=True)
    if not _fits(where, before):
        raise MemoryTextError(f"entry {number}: before is {before!r}, which {where!r} cannot have held")
    return Entry(control, instance, where, absent=False, value=before["value"], type=before.get("type"))


def can_be_remembered(where: dict[str, Any]) -> bool:
    """Whether it is a place that this project's means, or a role's own ones, can change and change back."""
    kind = kind_of(where)
    if kind == "firewall_rule":
        return where["field"] in RULE_PARAMETERS
    if kind == "service":
        return where["field"] in SERVICE_PARAMETERS
    needs = {"user_registry": "user", "plist": "key", "group": "member"}
    return kind in ("registry", *ROLE_ONLY) or (kind in needs and needs[kind] in where)


def _is_key(where: dict[str, Any]) -> bool:
    return ("registry" in where or "user_registry" in where) and "value" not in where


def _fits(where: dict[str, Any], before: Any) -> bool:
    """Whether a place can have held what is said to have been there."""
    in_registry = "registry" in where or "user_registry" in where
    wanted = {"value", "type"} if in_registry else {"value"}
    if not isinstance(before, dict) or set(before) != wanted or before["value"] is None:
        return False
    if in_registry and (before["type"] not in REGISTRY_TYPES or "value" not in where):
        return False
    field = where.get("field")
    try:
        comparison(_BEFORE_IS.get(str(field), "exact"), before["value"], before.get("type"))
    except ExpectedError:
        return False
    if field == "enabled":
        return isinstance(before["value"], bool)
    if field == "profiles":
        return {*before["value"]} <= {*PROFILES}
    return "service" not in where or before["value"] in SERVICE_PARAMETERS[str(field)]
