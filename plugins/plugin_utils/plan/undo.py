"""Putting back what one run wrote over: the fixed records of that run carry what was there before (plan.remember).

The same comparison and writes as for `state: absent`, with the run's notes in the place of the endpoint's memory, which
stays. What somebody changed after that run is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..records.records import NOT_READ, whom
from ..records.since import digest
from ..state.nodes import Unreadable
from ..state.state import State
from .memory import Entry, MemoryTextError, parse_memory, render
from .plan import Plan, plan
from .read_back import outcomes
from .writes import About

AGAIN = "run undo.yml for this endpoint without --check, once nothing named above stands in its way"
NOT_NOTED = (
    "the endpoint's own note of what was there before this project does not know this place, so it is left as it is"
)
LOOK = "look at the endpoint; what this run cannot put back, retire.yml can, as far as it was this project's"


def undone(records: Iterable[Mapping[str, Any]], endpoint: str, role: str) -> list[Mapping[str, Any]]:
    """Return what a run fixed of one role on one endpoint."""
    return [
        item for item in records if item["status"] == "fixed" and (item["endpoint"], item["role"]) == (endpoint, role)
    ]


def undo_plan(
    controls: Any,
    document: Mapping[str, Any],
    role: str,
    *,
    reads: Mapping[str, Any],
    fixed: Iterable[Mapping[str, Any]],
) -> Plan:
    """Return the plan that puts back what the fixed records of a run say was there before.

    Raises ControlError as `plan` does. What cannot be put back is a record of the plan, never left out.
    """
    fixed = [*fixed]
    now = _judged(controls, document, role, reads, {About.of(item): item["actual"] for item in fixed})
    noted = _noted(document, role, reads)
    # What came right with other settings goes back with them.
    fixed = [item for item in fixed if item["control"] not in outcomes(controls)]
    entries: list[Entry] = []
    keys: list[Entry] = []
    left: list[dict[str, Any]] = []
    along: list[Mapping[str, Any]] = []
    for item in fixed:
        if item.get("put_back") == "":
            left.append(_left(item, "a password or a token was in what was there before, which no record keeps"))
            continue
        try:
            mine = parse_memory(item.get("put_back", render([])))
        except MemoryTextError as error:
            left.append(_left(item, f"the run's note of what was there before cannot be used: {error}"))
            continue
        found = now.get(About.of(item))
        if found is not None and _is_as_before(found, item, mine):
            left.append({**_left(item, "is as it was before that run", found), "status": "compliant", "next": ""})
            # Where an earlier undo was cut off, the keys that the run made for it may still be there, empty.
            keys += [one for one in mine if one.shared and _is_of(one, item) and _is_noted(one, noted)]
        elif found is not None and found["status"] == "not_applicable":
            # What it was a setting of has gone since, as with a client that the undo itself took off again.
            left.append({**_left(item, found["reason"], found), "status": "not_applicable", "next": ""})
        elif found is None or digest(found["actual"]) != digest(item["actual"]):
            left.append(_left(item, "it was changed after that run, so it is left as it is", found))
        elif any(not _is_of(entry, item) or not _is_noted(entry, noted) for entry in mine):
            left.append(_left(item, NOT_NOTED, found))
        elif mine:
            entries += mine
        else:
            along.append(item)
    # Without an entry of its own it lies in something that the run made, and goes with that, or not at all.
    made = {entry.instance for entry in entries if entry.absent}
    left += [
        _left(item, "there is no single value to go back to", item) for item in along if item["instance"] not in made
    ]
    if not entries + keys:
        return Plan(role, "absent", records=left)
    note = render(entries + keys)
    result = plan(controls, document, role, reads=reads, state="absent", memory=note, before="that run")
    # What was there before this project came is still to be known.
    result.forget = False
    result.records = _once([_of_a_run(item) for item in result.records], left)
    return result


def _judged(
    controls: Any, document: Mapping[str, Any], role: str, reads: Mapping[str, Any], written: Mapping[About, Any]
) -> dict[About, Any]:
    """Return the records of now. What no longer applies, but is there as the run wrote it, is told as what it is.

    A client that the undo has taken off may have left settings behind.
    """
    found = {About.of(item): item for item in plan(controls, document, role, reads=reads).records}
    if any(item["status"] == "not_applicable" for item in found.values()):
        bare = [{key: value for key, value in control.items() if key != "applies_if"} for control in controls]
        for item in plan(bare, document, role, reads=reads).records:
            about = About.of(item)
            if about in written and item["actual"] != NOT_READ and digest(item["actual"]) == digest(written[about]):
                found[about] = item
    return found


def _is_as_before(found: Mapping[str, Any], item: Mapping[str, Any], mine: list[Entry]) -> bool:
    """Return whether a setting is as before the run; where that had not looked at it, its note says what it was."""
    if found["actual"] == NOT_READ:
        return False
    looked = item["before"] != NOT_READ
    was = item["before"] if looked else next((one.value for one in mine if not one.shared), None)
    return digest(found["actual"]) == digest(was)


def _once(planned: list[dict[str, Any]], left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one record of each: where only an empty key is left of what is as it was, the plan's if it has to go."""
    as_it_was = {About.of(item) for item in left}
    planned = [item for item in planned if About.of(item) not in as_it_was or item["status"] != "compliant"]
    told = {About.of(item) for item in planned}
    return planned + [item for item in left if About.of(item) not in told]


def _noted(document: Mapping[str, Any], role: str, reads: Mapping[str, Any]) -> list[Entry]:
    """Return what the endpoint's own note says that this project writes there; nothing when it cannot be trusted."""
    try:
        text = State(document, reads).locate({"memory": role}).value
        return [] if text is None else parse_memory(text)
    except (Unreadable, MemoryTextError):
        return []


def _is_of(entry: Entry, item: Mapping[str, Any]) -> bool:
    """Return whether an entry is about what its record is about."""
    return (entry.control, entry.instance, entry.scope) == About.of(item)


def _is_noted(entry: Entry, noted: list[Entry]) -> bool:
    """Return whether the endpoint's own note knows the place, or what it lies in.

    A records file is a file: what stands there alone makes no endpoint's registry ours.
    """
    return any(one.place.identity == entry.place.identity or entry.place.lies_in(one.place) for one in noted)


def _of_a_run(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, **({"next": AGAIN} if "next" in item else {})}


def shown(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what a plan would do, a line a record, for a person who has to say yes."""
    words = {
        "drifted": "puts back",
        "compliant": "is right already",
        "error": "cannot be put back",
        "not_applicable": "nothing is left to put back",
    }
    return [
        f"{words.get(item['status'], item['status'])}: {item['control']}"
        + (f" [{item['instance']}]" if item["instance"] is not None else "")
        + (f" for {who}" if (who := whom(item)) else "")
        + (f": {item['reason']}" if item["reason"] else "")
        for item in records
    ]


def _left(item: Mapping[str, Any], reason: str, found: Mapping[str, Any] | None = None) -> dict[str, Any]:
    keys = ("control", "instance", "scope", "evidence", "severity", "role", "title")
    user = {"user": item["user"]} if "user" in item else {}
    return {
        **{key: item[key] for key in keys},
        **user,
        "why": item.get("why", ""),
        "status": "error",
        "expected": item.get("before"),
        "actual": found["actual"] if found else dict(NOT_READ),
        "reason": reason,
        "next": LOOK,
    }
