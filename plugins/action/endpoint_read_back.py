"""Action plugin `endpoint_read_back`: what came of the writing of one role's plan, by what the endpoint says now.

`failed` are the steps that did not come about: [{task, result, records}]. The result has `note`: what the endpoint's
note of what was there before has to say now, and whether it says something else. With `noted` it has just been changed,
and this looks whether it was. The task fails when something could not be written, unless a report follows that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.controls.controls import ControlError
from ..plugin_utils.plan.left import moved, values_of
from ..plugin_utils.plan.memory import MemoryTextError
from ..plugin_utils.plan.plan import ODD, cannot_be_compared
from ..plugin_utils.plan.read_back import Failures, failures_of, note_after, predict, read_back
from ..plugin_utils.plan.steps import in_order
from ..plugin_utils.records.records import errors_in, record
from ..plugin_utils.records.waivers import WaiverError, waiving
from ..plugin_utils.state.forked import leave_inherited_alone
from ..plugin_utils.state.nodes import LocatorError, Unreadable
from ..plugin_utils.state.own_name import own_name
from ..plugin_utils.state.reader import Reader
from ..plugin_utils.state.run_store import Known, RunStore
from ..plugin_utils.state.state import State
from ..plugin_utils.state.task_results import looks_of, with_looks

ARGUMENTS = {
    "role": {"type": "str", "required": True},
    "failed": {"type": "list", "elements": "dict", "default": []},
    "noted": {"type": "bool", "default": False},
    "report_follows": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "int", "default": 5},
}


class ActionModule(ActionBase):
    """Read again, judge on the controller; changes nothing."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the note that is right now."""
        leave_inherited_alone()
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        role, store = args["role"], RunStore()
        host = own_name(task_vars, [role])
        known = store.endpoint(host)
        failures = failures_of(args["failed"])
        note = dict(SAME_NOTE)
        if self._task.check_mode:
            known.records[role] = predict(known.plans[role], failures)
        else:
            note = self._judged(known, role, args, task_vars, failures)
        store.keep(host, known)
        wrong = [] if args["report_follows"] or note["change"] else errors_in(known.records[role])
        if wrong:
            # Nothing else: Ansible prints all of a result that failed, and the reason is to be seen.
            return {"changed": False, "failed": True, "msg": "\n".join(wrong)}
        steps = ["note"] * note["change"] + ["no_failures"] * bool(args["failed"])
        answer: dict[str, Any] = {"changed": False, "note": note, "steps": in_order(steps)}
        if known.state and known.plans[role]["after"] and not self._task.check_mode:
            # For the role's own tasks after this; nothing is decided by it.
            answer["ansible_facts"] = {"endpoint_state": known.state}
        return answer

    def _judged(
        self, known: Known, role: str, args: Mapping[str, Any], task_vars: dict[str, Any], failures: Failures
    ) -> dict[str, Any]:
        """Put the records of the role into `known`; return its note and whether that has to be changed."""
        plan = known.plans[role]
        store = RunStore()
        wanted = {one: store.shared(key) for one, key in known.roles.items()}
        known.state = Reader(self, task_vars, args["timeout_seconds"]).read([one["reads"] for one in wanted.values()])
        known.reading += 1
        document, reads = with_looks(known.state["document"], looks_of(role, task_vars)), wanted[role]["reads"]
        note = dict(SAME_NOTE)
        try:
            waive = waiving(task_vars, datetime.now(UTC).date())
            given: dict[str, Any] = {"reads": reads, "failures": failures, "waive": waive}
            try:
                records = read_back(plan, wanted[role]["controls"], document, **given)
                note, trouble = noted(plan, document, reads, has_been_changed=args["noted"]) if document else (note, "")
                if plan["state"] == "absent":
                    note_moves(known, wanted, task_vars)
            except (ControlError, LocatorError):
                raise
            except ODD as error:
                # It answers, but with what cannot be compared: then nothing is known of what was written.
                document, note, trouble = None, dict(SAME_NOTE), ""
                records = [*read_back(plan, wanted[role]["controls"], None, **given), cannot_be_compared(error)]
        except WaiverError as error:
            raise AnsibleActionFail(str(error)) from error
        except ControlError as error:
            raise AnsibleActionFail(f"{role}: {error}. See roles/{role}/README.md.") from error
        records += left_of_undo(plan, records)
        if trouble:
            records.append(record(f"{role}.memory", "error", role=role, reason=trouble, title=NOTE))
        if note["change"]:
            # What was read back stands, whatever becomes of the note.
            known.pending[role] = {**plan, "written": [], "at_stake": [], "records": [*records, unknown_note(role)]}
        else:
            known.pending.pop(role, None)
        known.records[role] = records
        return note


def note_moves(known: Known, wanted: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
    """Note what this run has moved so far, of any role: what one takes off may be what another looks at."""
    document = (known.state or {}).get("document")
    for role in known.before if document is not None else ():
        seen = with_looks(document, looks_of(role, task_vars))
        now = values_of(wanted[role]["controls"], seen, role, reads=wanted[role]["reads"])
        known.left[role] = moved(known.before[role], now)


NOTE = "The note of what was there before the role is right"
# What the note says, whether it has to be changed for that, and whether it was the last one on the endpoint.
SAME_NOTE: dict[str, Any] = {"text": None, "change": False, "last": False}


def noted(
    plan: Mapping[str, Any], document: Mapping[str, Any], reads: Mapping[str, Any], *, has_been_changed: bool
) -> tuple[dict[str, Any], str]:
    """Return the note and whether it has to be changed, and why it cannot be trusted."""
    if plan.get("undoes"):
        # What was there before this project came is not what a run wrote over.
        return dict(SAME_NOTE), ""
    try:
        endpoint = State(document, reads)
        there = endpoint.locate({"memory": plan["role"]}).value
        right = note_after(plan, document, reads=reads)
    except (Unreadable, MemoryTextError) as error:
        return dict(SAME_NOTE), f"the note of what was there before cannot be read back: {error}"
    if there == right:
        return dict(SAME_NOTE), ""
    if has_been_changed:
        return dict(SAME_NOTE), "the note of what was there before was to be changed, but reads back as it was"
    return {"text": right, "change": True, "last": right is None and endpoint.remembering_roles() <= {plan["role"]}}, ""


def unknown_note(role: str) -> dict[str, Any]:
    """Return the record of an endpoint that gets lost while its note is corrected."""
    reason = "the note of what was there before was to be corrected; whether it was is not known"
    return record(f"{role}.memory", "error", role=role, reason=reason, title=NOTE)


def left_of_undo(plan: Mapping[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what an undo cannot put back: it is in no plan, and must not be lost on the way."""
    if not plan.get("undoes"):
        return []
    reported = {(item["control"], item["instance"], item["scope"]) for item in records}
    return [item for item in plan["records"] if (item["control"], item["instance"], item["scope"]) not in reported]
