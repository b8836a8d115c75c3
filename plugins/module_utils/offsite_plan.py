"""From controls and one endpoint's state to records and writes; the same for an audit and for an apply.

`plan` compares and says what would be written; `settle` compares again after the writing and turns what was drifted and
is right now into `fixed`. Neither touches an endpoint. Mistakes in the role's data or the inventory are a ControlError;
whatever is wrong with the endpoint is a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import offsite_addresses as addresses
from .offsite_compare import WRITABLE, compare, describe, to_write
from .offsite_controls import Check, ControlError, expand, plain
from .offsite_memory import Entry, MemoryTextError, lies_in, parse_memory, place, render
from .offsite_records import record, unusable_state
from .offsite_state import REGISTRY_TYPES, Located, State, Unreadable
from .offsite_writes import RULE_PARAMETERS, Writes


@dataclass
class Plan:
    """What the comparison found and what would make it right.

    `kept` is the memory's text as it was found (None when there is none), `keep` the text to store before the first
    write (None when nothing new is to be kept), `forget` whether to delete the memory after the last write, and
    `forget_place` whether no other role has one, so that the place itself can go.
    """

    role: str
    state: str
    records: list[dict[str, Any]] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)
    written: list[list[str | None]] = field(default_factory=list)
    kept: str | None = None
    keep: str | None = None
    forget: bool = False
    forget_place: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, for a task's result; `settle` takes it back in this form."""
        writes = self.writes.as_dict()
        return {
            "role": self.role,
            "state": self.state,
            "records": self.records,
            "writes": writes,
            "written": self.written,
            "memory": {
                "found": self.kept,
                "keep": self.keep,
                "forget": self.forget,
                "forget_place": self.forget_place,
            },
            "has_writes": any(writes.values()) or self.keep is not None or self.forget,
        }


def plan(
    controls: Any,
    document: Mapping[str, Any],
    role: str,
    *,
    reads: Mapping[str, Any],
    state: str = "present",
    memory: str | None = None,
) -> Plan:
    """Compare one endpoint with a role's controls.

    `reads` is what the role asked the reader for; `state` is present or absent; `memory` stands in for the memory in
    the document (settle needs it once the memory has been deleted). Raises ControlError for unusable controls.
    """
    checks = expand(controls)
    if state not in ("present", "absent"):
        raise ControlError(f"state is {state!r}; allowed: present, absent")
    result = Plan(role, state)
    try:
        endpoint = State(document, plain(reads))
    except Unreadable as error:
        result.records.append(unusable_state(str(error)))
        return result
    entries = _remember(result, endpoint, memory)
    if state == "present":
        _plan_present(result, checks, endpoint, entries)
    elif entries is not None:
        _plan_absent(result, checks, endpoint, entries)
    return result


def settle(
    before: Mapping[str, Any],
    controls: Any,
    document: Mapping[str, Any] | None,
    *,
    reads: Mapping[str, Any],
    failure: str = "",
) -> list[dict[str, Any]]:
    """Return the records after the writing of a plan (`Plan.as_dict`), judged by what is read back.

    `document` is None when the endpoint could not be read again; `failure` is the message of a write that failed. A
    failure always ends in at least one record of status error.
    """
    before = plain(before)
    written = {(control, instance) for control, instance in before["written"]}
    if document is None:
        why = failure or "the endpoint did not answer when it was to be read back"
        return [_unconfirmed(item, written, why) for item in before["records"]]
    memory = before["memory"]["found"] if before["state"] == "absent" else None
    after = plan(controls, document, before["role"], reads=reads, state=before["state"], memory=memory)
    old = {_about(item): item for item in before["records"]}
    records = [_settled(item, old.get(_about(item)), written, failure) for item in after.records]
    if failure and not any(item["status"] == "error" for item in records):
        records.append(record(f"{before['role']}.write", "error", role=before["role"], reason=failure, title="Writing"))
    return records


def _about(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (item["control"], item["instance"], item["scope"])


def _unconfirmed(item: dict[str, Any], written: set[tuple[Any, Any]], why: str) -> dict[str, Any]:
    if (item["control"], item["instance"]) not in written:
        return item
    return {**item, "status": "error", "reason": f"was to be written; whether it was is not known: {why}"}


def _settled(
    now: dict[str, Any], old: dict[str, Any] | None, written: set[tuple[Any, Any]], failure: str
) -> dict[str, Any]:
    if old is None or old["status"] != "drifted" or (now["control"], now["instance"]) not in written:
        return now
    if now["status"] == "compliant":
        return {**now, "status": "fixed", "before": old["actual"]}
    if now["status"] == "drifted" and failure:
        return {**now, "status": "error", "reason": f"could not be written: {failure}"}
    if now["status"] == "drifted":
        return {**now, "reason": f"was written, but reads back wrong: {now['reason']}"}
    return now


def _remember(result: Plan, endpoint: State, memory: str | None) -> list[Entry] | None:
    """Return the memory's entries, or None (and a record) when it cannot be trusted: then nothing is written."""
    evidence = ""
    try:
        if memory is None:
            located = endpoint.locate({"memory": result.role})
            memory, evidence = located.value, located.evidence
        result.kept = memory
        return [] if memory is None else parse_memory(memory)
    except (Unreadable, MemoryTextError) as error:
        reason = f"what was there before this role cannot be read, so nothing is written: {error}"
        title = "The memory of what was there before the role"
        result.records.append(
            record(f"{result.role}.memory", "error", role=result.role, reason=reason, evidence=evidence, title=title)
        )
        return None


def _plan_present(result: Plan, checks: list[Check], endpoint: State, entries: list[Entry] | None) -> None:
    known = list(entries or ())
    for check in checks:
        found, located = _judge(check, endpoint, result.role)
        if entries is not None and located is not None and found["status"] == "drifted" and _can_write(check, located):
            try:
                known += _new_entries(check, located, endpoint, known)
                value = None if check.compare == "absent" else to_write(check.compare, check.expected)
                result.writes.add(check.where, check.id, check.instance, value, check.where.get("type"))
                result.written.append([check.id, check.instance])
            except Unreadable as error:
                found |= {"status": "error", "reason": f"is not written, since it could not be put back: {error}"}
        result.records.append(found)
    if entries is not None and len(known) > len(entries):
        result.keep = render(known)


def _judge(check: Check, endpoint: State, role: str) -> tuple[dict[str, Any], Located | None]:
    """Return a check's record, and what it looked at unless it never came to that."""

    def make(status: str, reason: str, located: Located | None = None, evidence: str = "") -> dict[str, Any]:
        return record(
            check.id,
            status,
            role=role,
            instance=check.instance,
            expected="present" if check.compare == "present" else check.expected,
            actual=located.value if located and located.found else None,
            reason=reason,
            evidence=evidence or (located.evidence if located else ""),
            severity=check.severity,
            title=check.title,
        )

    located = None
    try:
        for condition in check.applies_if:
            if not _holds(condition, endpoint):
                return make("not_applicable", condition["reason"]), None
        located = endpoint.locate(check.where)
        verdict = compare(check.compare, check.expected, located, check.where.get("type"))
        for governor in check.governed_by:
            if (not verdict.same or governor.get("voids")) and _holds(governor, endpoint):
                words = verdict.reason or "the endpoint's own setting is right, but has no effect"
                evidence = f"{located.evidence}; {endpoint.locate(governor['where']).evidence}"
                return make("managed_elsewhere", f"{governor['owner']}; {words}", located, evidence), located
    except Unreadable as error:
        return make("error", str(error), located), None
    return make("compliant" if verdict.same else "drifted", verdict.reason, located), located


def _holds(condition: dict[str, Any], endpoint: State) -> bool:
    located = endpoint.locate(condition["where"])
    if "is" in condition:
        return located.found == (condition["is"] == "present")
    return compare("exact", condition["equals"], located).same


def _can_write(check: Check, located: Located) -> bool:
    where = check.where
    if check.compare not in WRITABLE:
        return False
    if "firewall_rule" in where:
        # A rule that is not there cannot be given a scope; Windows brings these rules, no role makes them.
        writable = where["field"] in RULE_PARAMETERS and where.get("store", "local") == "local"
        return writable and located.found and check.compare != "absent"
    return ("registry" in where and "value" in where) or "key" in where


def _new_entries(check: Check, located: Located, endpoint: State, known: list[Entry]) -> list[Entry]:
    """Return what must be remembered before this check's place is written for the first time."""
    where = _bare(check.where)
    if any(place(entry.where) == place(where) or (entry.absent and lies_in(where, entry.where)) for entry in known):
        return []
    container = check.container
    # With an older entry inside it, the container did exist when the role first came.
    came_first = container and not any(lies_in(entry.where, container) for entry in known)
    if container and came_first and not endpoint.locate(container).found:
        return [Entry(check.id, check.instance, container, absent=True)]
    if not located.found:
        return [Entry(check.id, check.instance, where, absent=True)]
    if isinstance(located.value, dict) or (located.type is not None and located.type not in REGISTRY_TYPES):
        raise Unreadable(f"{located.evidence} holds {located.type or 'a dictionary'}")
    return [Entry(check.id, check.instance, where, False, located.value, located.type)]


def _bare(where: dict[str, Any]) -> dict[str, Any]:
    """Return a locator without what the place may hold, and with nothing left to a default."""
    bare = {key: value for key, value in where.items() if key != "type"}
    return {**bare, "store": "local"} if "firewall_rule" in where else bare


def _plan_absent(result: Plan, checks: list[Check], endpoint: State, entries: list[Entry]) -> None:
    about = {check.id: check for check in checks}
    for entry in entries:
        check = about.get(entry.control)
        result.records.append(_restore(result, entry, endpoint, check))
    if not entries:
        result.records.append(
            record(f"{result.role}.removed", "compliant", role=result.role, title="Nothing of this role is left")
        )
    # The memory goes as a whole: with an entry that cannot be read now, all of it stays for a later run.
    result.forget = result.kept is not None and all(item["status"] != "error" for item in result.records)
    result.forget_place = result.forget and endpoint.remembering_roles() <= {result.role}


def _restore(result: Plan, entry: Entry, endpoint: State, check: Check | None) -> dict[str, Any]:
    try:
        located = endpoint.locate(entry.where)
        status, reason = _compare_with_before(entry, located, endpoint)
    except (Unreadable, addresses.AddressError) as error:
        located, status, reason = Located(False), "error", str(error)
    if status == "drifted":
        result.writes.add(entry.where, entry.control, entry.instance, entry.value, entry.type)
        result.written.append([entry.control, entry.instance])
    return record(
        entry.control,
        status,
        role=result.role,
        instance=entry.instance,
        expected=entry.value,
        actual=located.value if located.value is not None else ("present" if located.found else None),
        reason=reason,
        evidence=located.evidence,
        severity=check.severity if check else "medium",
        title=f"Put back: {check.title}" if check else "Put back what was there before",
    )


def _compare_with_before(entry: Entry, located: Located, endpoint: State) -> tuple[str, str]:
    if entry.absent:
        words = f"is {describe(located.value, located.type)}" if located.value is not None else "is there"
        return ("drifted", f"{words}, was not there before this role") if located.found else ("compliant", "")
    if not endpoint.locate(_home(entry.where)).found:
        return "compliant", "what it belonged to is gone, so there is nothing to put back"
    same = located.found and compare("exact", entry.value, located, entry.type).same
    if located.found and entry.where.get("field") == "remote_address":
        # Windows may write the same addresses in another way than they were found in.
        same = addresses.equal(entry.value, located.value)
    if same:
        return "compliant", ""
    now = f"is {describe(located.value, located.type)}" if located.found else located.missing
    return "drifted", f"{now}, was {describe(entry.value, entry.type)} before this role"


def _home(where: dict[str, Any]) -> dict[str, Any]:
    """Return what a value belongs to: its key, its dictionary or file, its rule."""
    if "registry" in where:
        return {"registry": where["registry"]}
    if "plist" in where:
        outer = where["key"][:-1]
        return {"plist": where["plist"], **({"key": outer} if outer else {"attribute": "exists"})}
    return {**where, "field": "exists"}
