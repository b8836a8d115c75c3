r"""The memory: what an endpoint had before a role's first write, so that `state: absent` can put it back.

One JSON text a role, kept on the endpoint itself (Windows: HKLM\SOFTWARE\OffsiteEndpoints\Before, a REG_SZ named after
the role; Mac: /Library/Application Support/OffsiteEndpoints/before.plist, a key named after the role):

    {"schema": 1, "entries": [{"control": ID, "instance": NAME or null, "where": LOCATOR,
                               "before": {"absent": true} or {"value": ..., "type": "REG_SZ" (registry only)}}]}

An entry is written before the first write to its place and never changed. What has no entry is not the role's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .offsite_compare import ExpectedError, check_expected
from .offsite_reads import split_path
from .offsite_state import REGISTRY_TYPES, locator_problem
from .offsite_writes import RULE_PARAMETERS

SCHEMA = 1


class MemoryTextError(ValueError):
    """A memory text that cannot be trusted; nothing may be written on its word."""


@dataclass(frozen=True)
class Entry:
    """What one place held before the first write; `absent` when there was nothing."""

    control: str
    instance: str | None
    where: dict[str, Any]
    absent: bool
    value: Any = None
    type: str | None = None


def place(where: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells one place from another: equal for equal places, however they are written."""
    if "registry" in where:
        value = where.get("value")
        return ("registry", split_path(where["registry"]), None if value is None else value.casefold())
    if "plist" in where:
        return ("plist", where["plist"], tuple(where["key"]))
    return ("firewall", where["firewall_rule"].casefold(), where["field"])


def lies_in(where: dict[str, Any], container: dict[str, Any]) -> bool:
    """Whether a place is the container or lies inside it."""
    inner, outer = place(where), place(container)
    if inner[0] != outer[0]:
        return False
    if inner[0] == "registry":
        return outer[2] is None and inner[1][: len(outer[1])] == outer[1]
    return inner[0] == "plist" and inner[1] == outer[1] and inner[2][: len(outer[2])] == outer[2]


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
    return {"control": entry.control, "instance": entry.instance, "where": entry.where, "before": before}


def _entry(item: Any, number: int) -> Entry:
    if not isinstance(item, dict) or set(item) != {"control", "instance", "where", "before"}:
        raise MemoryTextError(f"entry {number} does not have control, instance, where and before")
    control, instance, where, before = (item[key] for key in ("control", "instance", "where", "before"))
    if not isinstance(control, str) or not isinstance(instance, (str, type(None))):
        raise MemoryTextError(f"entry {number}: control and instance must be text")
    if locator_problem(where) or not _is_writable(where):
        raise MemoryTextError(f"entry {number}: {where!r} is no place that a role writes to")
    if before == {"absent": True} and "firewall_rule" not in where:
        return Entry(control, instance, where, absent=True)
    if not _fits(where, before):
        raise MemoryTextError(f"entry {number}: before is {before!r}, which {where!r} cannot have held")
    return Entry(control, instance, where, absent=False, value=before["value"], type=before.get("type"))


def _is_writable(where: dict[str, Any]) -> bool:
    local_rule = where.get("store") == "local" and where.get("field") in RULE_PARAMETERS
    return "registry" in where or "key" in where or local_rule


def _fits(where: dict[str, Any], before: Any) -> bool:
    """Whether a place can have held what is said to have been there; a firewall rule's field always held something."""
    wanted = {"value", "type"} if "registry" in where else {"value"}
    if not isinstance(before, dict) or set(before) != wanted:
        return False
    if "registry" in where and (before["type"] not in REGISTRY_TYPES or "value" not in where):
        return False
    kind = "addresses" if where.get("field") == "remote_address" else "exact"
    try:
        check_expected(kind, before["value"], before.get("type"))
    except ExpectedError:
        return False
    return where.get("field") != "enabled" or isinstance(before["value"], bool)
