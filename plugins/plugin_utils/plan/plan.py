"""From controls and one endpoint's state to records and writes; the same for an audit and for an apply.

`plan` compares and says what would be written; `plan.read_back` compares again after the writing. Neither touches an
endpoint. Mistakes in the role's data or the inventory are a ControlError; whatever is wrong with the endpoint is a
record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..controls.compare import describe, is_exact
from ..controls.controls import Check, ControlError, expand, plain
from ..records.records import NOT_READ, record, unusable_state
from ..state.nodes import Located, Unreadable
from ..state.places import place_of
from ..state.state import State
from .items import items_of
from .memory import Entry, MemoryTextError, parse_memory, render
from .own_places import OwnPlaces
from .remember import ROLE, Finding, Known, findings, new_entries
from .writes import About, Writes

Waive = Callable[[dict[str, Any]], dict[str, Any]]
# What a run sets right; what was waived is so again once its waiver's last day has passed.
TO_FIX = ("drifted", "waiver_expired")
WAIT = "wait until what is named above is over, then run this again"
NOT_OURS = (
    "the note of what was there before names a place that no control of this role writes; look at who wrote the note, "
    "and put back by hand what is right"
)
PUT_BACK = "run retire.yml for this endpoint, once nothing named above stands in its way"


# What comes of a document with a shape that nobody thought of. Mistakes of a role's data have names of their own.
ODD = (TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, ValueError)


def cannot_be_compared(error: BaseException) -> dict[str, Any]:
    """Return the record of an endpoint whose answer has a shape that nobody thought of."""
    return unusable_state(f"what the endpoint answered cannot be compared ({type(error).__name__}: {error})")


@dataclass
class Plan:
    """What the comparison found and what would make it right.

    `written` tells the records that are to be made right, `role_work` those of them that only the role's own tasks can
    do: {"control", "instance", "scope", "state" (present or absent), "where", "expected", "actual", "records"} (the
    latter as in `plan.writes`). `undo` is what those records' places hold before this run, and `undone` all of
    that at once. `postponed` tells by control why it must not be written now, `effects` when what is written takes
    effect. `kept` is the memory's text as it was found (None when there is none), `keep` the text to store before the
    first write (None when nothing new is to be kept), and `forget` whether to delete the memory after the last write.
    """

    role: str
    state: str
    records: list[dict[str, Any]] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)
    role_work: list[dict[str, Any]] = field(default_factory=list)
    # What is right, and the role's own work might leave otherwise when it is cut off.
    at_stake: list[About] = field(default_factory=list)
    postponed: dict[str, str] = field(default_factory=dict)
    effects: dict[str, str] = field(default_factory=dict)
    written: list[About] = field(default_factory=list)
    undo: dict[About, list[Entry]] = field(default_factory=dict)
    undone: Known = field(default_factory=Known)
    kept: str | None = None
    keep: str | None = None
    forget: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, for a task's result; `read_back` takes it back in this form."""
        writes = self.writes.as_dict()
        return {
            "role": self.role,
            "state": self.state,
            "records": self.records,
            "writes": writes,
            "role_work": self.role_work,
            "at_stake": [list(about) for about in self.at_stake] if self.role_work else [],
            "written": [list(about) for about in self.written],
            "undo": [{"about": list(about), "put_back": render(entries)} for about, entries in self.undo.items()],
            "memory": {"found": self.kept, "keep": self.keep, "forget": self.forget},
            "has_writes": bool(any(writes.values()) or self.role_work or self.keep is not None or self.forget),
        }


def plan(
    controls: Any,
    document: Mapping[str, Any],
    role: str,
    *,
    reads: Mapping[str, Any],
    state: str = "present",
    memory: str | None = None,
    waive: Waive = dict,
    before: str = ROLE,
    checked: bool = False,
) -> Plan:
    """Compare one endpoint with a role's controls.

    `reads` is what the role asked the reader for; `state` is present or absent; `memory` stands in for the memory in
    the document (read_back needs it once the memory is gone, undo for what one run wrote over), and `before` says
    in words what it was there before; `waive` puts the waiver that concerns it on a record. What is waived is not
    written. `checked`: somebody has seen that document and controls can be used. Raises ControlError for controls that
    cannot.
    """
    controls = controls if checked else plain(controls)
    if state not in ("present", "absent"):
        raise ControlError(f"state is {state!r}; allowed: present, absent")
    result = Plan(role, state)
    try:
        endpoint = State(document, reads if checked else plain(reads), checked=checked)
    except Unreadable as error:
        expand(controls)  # a mistake in them is one on every endpoint
        result.records.append(unusable_state(str(error)))
        return result

    def items_here(control: dict[str, Any]) -> list[dict[str, Any]]:
        items, nothing = items_of(control, endpoint, role) if state == "present" else ([], [])
        result.records += nothing
        return items

    checks = expand(controls, items_here, valid=checked)
    entries = _remember(result, endpoint, memory)
    result.postponed = {item["id"]: _postponed(item.get("postpone_if", []), endpoint) for item in controls}
    result.effects = {item["id"]: _effect(item.get("takes_effect", ""), endpoint) for item in controls}
    if state == "present":
        _plan_present(result, checks, endpoint, entries, waive)
    elif entries is not None:
        _plan_absent(result, checks, controls, endpoint, entries, before=before)
    for item in result.records:
        if name := endpoint.user_name(item["scope"]):
            item["user"] = name
    return result


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
        title = "The note of what was there before the role can be read"
        result.records.append(
            record(f"{result.role}.memory", "error", role=result.role, reason=reason, evidence=evidence, title=title)
        )
        return None


def _postponed(conditions: list[dict[str, Any]], endpoint: State) -> str:
    """Return why a control's place must not be written now; empty when it may."""
    try:
        return next((str(item["reason"]) for item in conditions if _holds(item, endpoint)), "")
    except Unreadable as error:
        return f"whether it may be written now is not known: {error}"


def _effect(said: str | list[dict[str, Any]], endpoint: State) -> str:
    """Return when what is written takes effect; what cannot be read counts as the later moment."""
    if isinstance(said, str):
        return said
    for condition in said:
        try:
            if _holds(condition, endpoint):
                return str(condition["reason"])
        except Unreadable:
            return str(condition["reason"])
    return ""


def _plan_present(
    result: Plan, checks: list[Check], endpoint: State, entries: list[Entry] | None, waive: Waive
) -> None:
    known = Known(entries or ())
    for check in (concrete for one in checks for concrete in _concrete(one, endpoint)):
        found, located = _judge(check, endpoint, result.role)
        found = waive(found)
        if entries is not None and located is not None and found["status"] in TO_FIX and _can_write(check, located):
            try:
                known.add(_ask(result, check, located, endpoint, known))
            except Unreadable as error:
                found |= {"status": "error", "reason": f"is not written, since it could not be put back: {error}"}
            if result.postponed.get(check.id):
                found |= {"reason": f"{found['reason']}; {result.postponed[check.id]}", "next": WAIT}
        elif found["status"] in TO_FIX and check.cure:
            found["next"] = check.cure
        elif found["status"] == "compliant" and check.remedy == "role":
            result.at_stake.append(About.of(found))
        result.records.append(found)
    if entries is not None and len(known.entries) > len(entries):
        result.keep = render(known.entries)


def _concrete(check: Check, endpoint: State) -> Iterator[Check]:
    """Yield what a check stands for on this endpoint."""
    comparison = check.comparison.at(endpoint)
    check = check if comparison is check.comparison else replace(check, comparison=comparison)
    if check.scope != "users":
        yield check
        return
    try:
        users = sorted(endpoint.users())
    except Unreadable:
        users = ["default"]  # its record then tells why
    for sid in users:
        yield check.of_user(sid)


def _judge(check: Check, endpoint: State, role: str) -> tuple[dict[str, Any], Located | None]:
    """Return a check's record, and what it looked at unless it never came to that."""
    about: dict[str, Any] = {"instance": check.instance, "scope": check.scope, "severity": check.severity}
    about |= {"title": check.title, "expected": "present" if check.compare == "present" else check.expected}
    seen: dict[str, Any] = {}

    def make(status: str, reason: str) -> dict[str, Any]:
        made = record(check.id, status, reason=reason, role=role, why=check.why, **about, **seen)
        return made | {name: text for name in ("data_of", "coming") if (text := getattr(check, name))}

    try:
        not_applicable = check.not_asked or _not_applicable(check, endpoint)
        if not_applicable:
            return make("not_applicable", not_applicable), None
        located = endpoint.locate(check.where)
        actual = located.named(check.comparison.shown(located.value)) if located.found else None
        seen = {"actual": actual, "evidence": located.evidence}
        reason = check.comparison.verdict(located)
        for governor in check.governed_by:
            if (reason is not None or governor.get("voids")) and _holds(governor, endpoint):
                words = reason or "the endpoint's own setting is right, but has no effect"
                stronger = endpoint.locate(governor["where"])
                names = f" ({describe(stronger.value)})" if isinstance(stronger.value, list) else ""
                if isinstance(stronger.value, list) and all(str(name) in words for name in stronger.value):
                    names = ""  # said already
                seen["evidence"] += f"; {stronger.evidence}"
                return make("managed_elsewhere", f"{governor['owner']}{names}; {words}"), located
    except Unreadable as error:
        return make("error", str(error)), None
    return make("compliant" if reason is None else "drifted", reason or ""), located


def _not_applicable(check: Check, endpoint: State) -> str:
    """Return why the endpoint is not to be compared with the check; empty when it is."""
    for condition in check.applies_if:
        if not _holds(condition, endpoint):
            return str(condition["reason"])
    if "user" in check.where and (endpoint.user(check.scope) or {}).get("hive") == "missing":
        return "the profile has no registry hive (NTUSER.DAT is missing)"
    return ""


def _holds(condition: dict[str, Any], endpoint: State) -> bool:
    located = endpoint.locate(condition["where"])
    if "is" in condition:
        return located.found == (condition["is"] == "present")
    named = next(condition[word] for word in ("one_of", "none_of", "equals") if word in condition)
    among = [named] if "equals" in condition else named
    same = located.found and any(is_exact(value, located.value) for value in among)
    return not same if "none_of" in condition else same


def _can_write(check: Check, located: Located) -> bool:
    if check.remedy != "write":
        return check.remedy == "role"
    return place_of(check.where).can_write(located, check.compare, writable=check.comparison.writable)


def _ask(result: Plan, check: Check, located: Located, endpoint: State, known: Known) -> list[Entry]:
    """Ask for what makes a drifted check right, unless it has to wait; return what must be remembered first.

    Raises Unreadable for what could not be put back, or cannot be reached.
    """
    if result.postponed.get(check.id):
        return []
    about = About(check.id, check.instance, check.scope)
    entries = new_entries(check, located, endpoint, known)
    result.undo[about] = _to_undo(result, check, located, endpoint)
    if check.remedy == "role":
        result.role_work.append(_work(about, "present", check.where, check.expected, located))
    else:
        value = check.comparison.to_write(located)
        result.writes.add(check.where, about, value, check.where.get("type"), endpoint, why=check.why)
    result.written.append(about)
    return entries


def _to_undo(result: Plan, check: Check, located: Located, endpoint: State) -> list[Entry]:
    """Return what puts back what this run is about to write over; nothing where that is no value to go back to."""
    try:
        entries = new_entries(check, located, endpoint, result.undone)
    except Unreadable:
        return []
    result.undone.add(entries)
    return entries


def _work(about: About, state: str, where: dict[str, Any], expected: Any, located: Located) -> dict[str, Any]:
    found = {"state": state, "where": where, "expected": expected, "actual": located.value}
    return {**about._asdict(), **found, "records": [list(about)]}


def _plan_absent(
    result: Plan,
    checks: list[Check],
    controls: list[dict[str, Any]],
    endpoint: State,
    entries: list[Entry],
    *,
    before: str,
) -> None:
    data = {control["id"]: control for control in controls}
    by_item = {(check.id, check.instance): check for check in checks}
    by_record: dict[About, list[Finding]] = {}
    ours = OwnPlaces(controls)
    for finding in findings(entries, endpoint, [name for name, why in result.postponed.items() if why], before):
        check, control = by_item.get(finding.about[:2]), data.get(finding.entry.control, {})
        remedy = check.remedy if check else control.get("remedy", "write")
        own = ours.have(finding.entry)
        done = _put_back(result, finding, remedy, endpoint, own=own, why=control.get("why", ""))
        by_record.setdefault(done.about, []).append(done)
    result.written = [*dict.fromkeys(result.written)]
    for about, found in by_record.items():
        check = by_item.get(about[:2])
        title = f"Put back: {check.title}" if check else "Put back what was there before"
        control = data.get(about.control, {}) | ({"severity": check.severity} if check else {})
        result.records.append(_restored(result.role, about, found, title, control))
    if not entries:
        result.records.append(
            record(f"{result.role}.removed", "compliant", role=result.role, title="Nothing of this role is left")
        )
    # The memory goes as a whole: with an entry that cannot be read or put back now, all of it stays for a later run.
    left = [item for item in result.records if item["status"] != "compliant"]
    written = {*result.written}
    asked = all(item["status"] == "drifted" and About.of(item) in written for item in left)
    result.forget = asked and result.kept is not None


def _put_back(result: Plan, finding: Finding, remedy: str, endpoint: State, *, own: bool, why: str) -> Finding:
    """Ask for what puts one entry back; return the finding, with the reason when that cannot be done now."""
    if finding.status != "drifted":
        return finding
    entry, later = finding.entry, result.postponed.get(finding.entry.control)
    if later:
        return replace(finding, reason=f"{finding.reason}; {later}")
    try:
        if not own:
            raise Unreadable(NOT_OURS)
        if remedy == "role":
            result.role_work.append(_work(finding.about, "absent", entry.where, entry.value, finding.located))
        elif not entry.place.written_by:
            raise Unreadable("the role no longer has a control that says how to remove it")
        else:
            where = entry.place.as_found(finding.located)
            result.writes.add(where, finding.about, entry.value, entry.type, endpoint, made=entry.made, why=why)
    except Unreadable as error:
        return replace(finding, status="error", reason=f"cannot be put back: {error}")
    result.written.append(finding.about)
    return finding


def _now(located: Located) -> Any:
    return located.named(located.value) if located.value is not None else ("present" if located.found else None)


def _restored(role: str, about: About, found: list[Finding], title: str, control: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one record for all that is put back of a control, an instance and a scope; the worst comes first."""
    worst = max(found, key=lambda item: ("compliant", "drifted", "error").index(item.status))
    reasons = dict.fromkeys(item.reason for item in found if item.reason and item.status == worst.status)
    located = worst.located
    read = worst.status != "error" or located.found
    result = record(
        about.control,
        worst.status,
        role=role,
        instance=about.instance,
        scope=about.scope,
        expected=worst.entry.value,
        actual=_now(located) if read else dict(NOT_READ),
        reason="; ".join(reasons),
        evidence=located.evidence,
        severity=control.get("severity", "medium"),
        title=title,
        why=control.get("why", ""),
    )
    return {**result, "next": PUT_BACK} if worst.status == "drifted" else result
