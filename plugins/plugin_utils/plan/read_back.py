"""After the writing of a plan: what was drifted and reads back right is fixed, the rest says why it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..controls.controls import plain
from ..records.records import NOT_READ, record
from ..state.places import place_of
from ..state.state import State
from ..state.task_results import said
from .memory import Entry, parse_memory, render
from .plan import TO_FIX, Waive, plan
from .remember import findings
from .writes import About

Failures = list[dict[str, Any]]


def read_back(
    before: Mapping[str, Any],
    controls: Any,
    document: Mapping[str, Any] | None,
    *,
    reads: Mapping[str, Any],
    failures: Failures | None = None,
    waive: Waive = dict,
) -> list[dict[str, Any]]:
    """Return the records after the writing of a plan (`Plan.as_dict`), judged by what is read back.

    `document` is None when the endpoint could not be read again. `failures` are the writes that failed:
    {"reason": text, "records": [[control, instance, scope], ...]}; one without records may concern all that was to be
    written. A failure always ends in at least one record of status error.
    """
    before, failures = plain(before), plain(failures or [])
    why = {About(*item): _reason(About(*item), failures) for item in before["written"]}
    if document is None:
        at_stake = {About(*item): "" for item in before["at_stake"]}
        return [_unconfirmed(item, {**at_stake, **why}, failures) for item in before["records"]]
    memory = before["memory"]["found"] if before["state"] == "absent" else None
    after = plan(controls, document, before["role"], reads=reads, state=before["state"], memory=memory, waive=waive)
    old = {About.of(item): item for item in before["records"]}
    if why:
        # What comes of what was written, and is right now, was fixed with it.
        right = {About.of(item) for item in after.records if item["status"] == "compliant"}
        why |= {about: "" for about in right if about.control in outcomes(controls)}
    undo = {About(*item["about"]): item["put_back"] for item in before["undo"]}
    # The first step that fails ends the role, so what was to come after it was not tried.
    short = "was not written, since the role ended before it" if failures else "was written, but reads back wrong"
    records = [_judged(item, old.get(About.of(item)), why, after.effects, undo, short=short) for item in after.records]
    return _with_failures(records, before["role"], failures)


def outcomes(controls: Any) -> set[str]:
    """Return the names of controls about what comes of many settings."""
    return {item["id"] for item in controls if "where" in item and place_of(item["where"]).outcome}


def note_after(before: Mapping[str, Any], document: Mapping[str, Any], *, reads: Mapping[str, Any]) -> str | None:
    """Return what the endpoint's note has to say after the writing of a plan, by what is read back; None for no note.

    It speaks only of what was done: what was noted for a write that did not come about is taken out again. It goes
    when the role is taken off and everything in it reads back as it was before. What another run has noted meanwhile
    stays.
    """
    note, found = before["memory"], before["memory"]["found"]
    endpoint = State(document, plain(reads))
    old = parse_memory(found) if found else []
    others = _noted_by_others(endpoint, before["role"], [*old, *(parse_memory(note["keep"]) if note["keep"] else [])])
    if before["state"] == "absent":
        left = [item for item in findings(old, endpoint, ()) if item.status != "compliant"]
        kept = old if left or not note["forget"] else []
        return found if kept and not others else render([*kept, *others]) if kept or others else None
    if note["keep"] is None:
        return render([*old, *others]) if others else found
    keep, before_it = parse_memory(note["keep"]), _by_place(old)
    noted = findings([entry for entry in keep if not _is_among(entry, before_it)], endpoint, ())
    done = _by_place(
        item.entry for item in noted if item.status != "compliant" or (item.entry.shared and item.located.found)
    )
    kept = [entry for entry in keep if _is_among(entry, before_it) or _is_among(entry, done)]
    return render([*kept, *others]) if kept or others else None


def _by_place(entries: Iterable[Entry]) -> dict[Any, list[Entry]]:
    """Return entries by their places, so that one is found among thousands."""
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.place.identity, []).append(entry)
    return found


def _is_among(entry: Entry, by_place: Mapping[Any, list[Entry]]) -> bool:
    return entry in by_place.get(entry.place.identity, ())


def _noted_by_others(endpoint: State, role: str, ours: list[Entry]) -> list[Entry]:
    """Return what stands in the endpoint's note now, and neither stood there before this run nor is of this run."""
    there = endpoint.locate({"memory": role}).value
    known = {entry.place.identity for entry in ours}
    return [entry for entry in (parse_memory(there) if there else []) if entry.place.identity not in known]


def still_fixed(applied: list[dict[str, Any]], measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was measured again after a run had applied; what it fixed and is right goes on as fixed.

    What it fixed and cannot be read any more was fixed all the same, and can be undone; that it cannot be read is an
    error of its own.
    """
    fixed = {About.of(item): item for item in applied if item["status"] == "fixed"}
    unread = {About.of(item) for item in measured if item["status"] == "error"} & {*fixed}
    gone = {*fixed} - {About.of(item) for item in measured}
    kept = [item for about, item in fixed.items() if about in unread | gone]
    return kept + [
        _unread_again(item)
        if About.of(item) in unread
        else fixed[About.of(item)]
        if item["status"] == "compliant" and About.of(item) in fixed
        else item
        for item in measured
    ]


def _unread_again(item: dict[str, Any]) -> dict[str, Any]:
    reason = f"this run fixed it, but it cannot be read once more: {item['reason']}"
    return {**item, "control": f"{item['control']}.again", "reason": reason}


def predict(before: Mapping[str, Any], failures: Failures) -> list[dict[str, Any]]:
    """Return the records of a dry run of which some writes failed: what fails there will fail in earnest."""
    before = plain(before)
    why = {About(*item): _reason(About(*item), failures) for item in before["written"]}
    records = [
        _error(item, f"could not be written: {why[About.of(item)]}") if why.get(About.of(item)) else item
        for item in before["records"]
    ]
    return _with_failures(records, before["role"], failures)


def _with_failures(records: list[dict[str, Any]], role: str, failures: Failures) -> list[dict[str, Any]]:
    if not failures or any(item["status"] == "error" for item in records):
        return records
    reason = "; ".join(dict.fromkeys(item["reason"] for item in failures))
    return [*records, record(f"{role}.write", "error", role=role, reason=reason, title="Writing")]


def _reason(about: About, failures: Failures) -> str:
    """Return why a record's write failed, as far as is known; what is said of this record alone comes first."""
    own = [item["reason"] for item in failures if list(about) in item["records"]]
    return next(iter([*own, *(item["reason"] for item in failures if not item["records"])]), "")


def _unconfirmed(item: dict[str, Any], why: dict[About, str], failures: Failures) -> dict[str, Any]:
    if About.of(item) not in why:
        return item
    reason = why[About.of(item)] or next((failure["reason"] for failure in failures), "")
    reason = reason or "the endpoint did not answer when it was to be read back"
    words = "was to be written; whether it was is not known"
    if item["status"] == "compliant":
        words = "was right; whether it is after the role's work was cut off is not known"
    lost = _error(item, f"{words}: {reason}")
    return {**lost, "actual": dict(NOT_READ)}


def _judged(
    now: dict[str, Any],
    old: dict[str, Any] | None,
    why: dict[About, str],
    effects: Mapping[str, str],
    undo: Mapping[About, str],
    *,
    short: str,
) -> dict[str, Any]:
    about = About.of(now)
    if old is None or old["status"] not in TO_FIX or about not in why:
        return now
    if now["status"] == "compliant":
        # A word of when it takes effect is a warning and no failure.
        fixed = {**now, "status": "fixed", "before": old["actual"], "reason": effects.get(now["control"], "")}
        return fixed | ({"put_back": undo[about]} if about in undo else {})
    if now["status"] in TO_FIX and why[about]:
        return _error(now, f"could not be written: {why[about]}")
    if now["status"] in TO_FIX:
        return {**now, "reason": f"{short}: {now['reason']}"}
    return now


def _error(item: dict[str, Any], reason: str) -> dict[str, Any]:
    # What was read back as fixed before, and then got lost, is not reported as fixed.
    rest = {key: value for key, value in item.items() if key not in ("before", "put_back")}
    return {**rest, "status": "error", "reason": reason}


def failures_of(failed: Any) -> Failures:
    """Return the failures that the tasks noted: [{"task", "result" (of a task or a loop), "records"}].

    A loop's own message says only that an item failed, so its items are asked.
    """
    found: Failures = []
    for note in plain(failed or []):
        result = note["result"]
        for item in result.get("results", [result]):
            if item.get("failed") or item.get("unreachable"):
                records = item["item"].get("records") if isinstance(item.get("item"), Mapping) else None
                about = records if isinstance(records, list) and records else note["records"]
                found.append({"reason": f"{note['task']}: {said(item)}", "records": about})
    return found
