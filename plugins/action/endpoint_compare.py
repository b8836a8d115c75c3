"""Action plugin `endpoint_compare`: an endpoint against what roles want of it; reads it when that has not been done.

With `roles` it is the audit: one task that reads once and compares all of them; with none of them it only reads. With
one `role` the result is that role's plan, which the tasks of `endpoint_controls` loop over, and the task fails for an
endpoint that does not answer or cannot be read, unless a report follows that says so. `refresh` reads anew; with
`again` what this run fixed stays fixed where it still is right. With `undo` (the JSON Lines file of a run) the plan
puts back what that run fixed. With `assume`, in check mode, part of a document is laid over what was read, so that a
dry run knows what an earlier role would have done.

What was found lies in the run's store (state.run_store), where no module's answer can reach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ..plugin_utils.controls.controls import ControlError
from ..plugin_utils.controls.desired import Roles, not_usable
from ..plugin_utils.controls.role_data import RoleError, role_folder
from ..plugin_utils.plan.left import values_of
from ..plugin_utils.plan.plan import ODD, Plan, Waive, cannot_be_compared, plan
from ..plugin_utils.plan.read_back import still_fixed
from ..plugin_utils.plan.steps import in_order
from ..plugin_utils.plan.undo import undo_plan, undone
from ..plugin_utils.records.records import RecordError, errors_in, read_lines, record
from ..plugin_utils.records.waivers import WaiverError, waiving
from ..plugin_utils.state.check_request import CheckError, read_key
from ..plugin_utils.state.forked import leave_inherited_alone
from ..plugin_utils.state.nodes import LocatorError
from ..plugin_utils.state.own_name import own_name
from ..plugin_utils.state.reader import Reader, platform_of
from ..plugin_utils.state.run_store import Known, RunStore
from ..plugin_utils.state.state_files import state_of
from ..plugin_utils.state.task_results import looks_of, with_looks

# Groups that plays can be limited to, so that an endpoint with nothing to do costs no task.
WORK = "endpoint_work"
LOOK = "endpoint_look"
# Of a plan, what the tasks read; all of a result goes through Ansible's hands several times.
TASKS_NEED = ("state", "writes", "role_work", "memory", "has_writes")
ARGUMENTS = {
    "role": {"type": "str"},
    "roles": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "refresh": {"type": "bool", "default": False},
    "again": {"type": "bool", "default": False},
    "undo": {"type": "path"},
    "assume": {"type": "dict"},
    "report_follows": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "int", "default": 5},
}


class ActionModule(ActionBase):
    """Read if need be, and compare on the controller; changes nothing."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is to be done: for one role its plan."""
        leave_inherited_alone()
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(
            ARGUMENTS, mutually_exclusive=[("role", "roles")], required_one_of=[("role", "roles")]
        )
        names = [args["role"]] if args["roles"] is None else args["roles"]
        host, store = own_name(task_vars, names), RunStore()
        known = store.endpoint(host)
        if args["assume"]:
            return self._assumed(known, args["assume"], host, store)
        roles = Roles(task_vars, self._loader, args["state"])
        try:
            self._read(known, names, roles, args, task_vars)
            waive = waiving(task_vars, datetime.now(UTC).date())
        except (RoleError, WaiverError) as error:
            raise AnsibleActionFail(str(error)) from error
        for role in names:
            fresh = known.compared.get(role) == known.reading and not looks_of(role, task_vars)
            if args["undo"] or args["again"] or not fresh:
                self._compare(known, role, roles.kept(known.roles[role]), args, task_vars, waive=waive)
        # Of what is carried out nothing is known until it is read back.
        if args["role"] and not self._task.check_mode and known.plans[args["role"]]["has_writes"]:
            known.pending[args["role"]] = known.plans[args["role"]]
        store.keep(host, known)
        return self._answer(known, args, seen=bool(args["role"] and looks_of(args["role"], task_vars)))

    def _assumed(self, known: Known, assumed: dict[str, Any], host: str, store: RunStore) -> dict[str, Any]:
        """Lay part of a document over what was read; the roles to come are compared with that."""
        if self._task.check_mode and known.state and known.state["document"]:
            known.state["document"] = merge_hash(known.state["document"], assumed)
            known.reading += 1
            store.keep(host, known)
        return {"changed": False}

    def _read(
        self, known: Known, names: list[str], roles: Roles, args: Mapping[str, Any], task_vars: dict[str, Any]
    ) -> None:
        """Read what the roles ask for, unless this run has; raises AnsibleActionFail for a refused variable."""
        platform = platform_of(self._connection)
        # By what a play or a task says besides, a role may want something else than the last time.
        others = [role for role in names if known.roles.get(role) != roles.key(role, platform)]
        wrong = [words for role in others for words in roles.refused(role)]
        if wrong:
            raise AnsibleActionFail("\n".join(wrong))
        asked = known.state is not None and not args["refresh"]
        for role in others:
            reads = roles.desired(role, platform)["reads"]
            asked = asked and role in known.roles and roles.kept(known.roles[role])["reads"] == reads
            known.roles[role] = roles.key(role, platform)
            known.compared.pop(role, None)
        if not asked:
            wanted = [roles.kept(key)["reads"] for key in known.roles.values()]
            host = str(task_vars["inventory_hostname"])
            known.state = self_checked(host, platform, wanted) or Reader(self, task_vars, args["timeout_seconds"]).read(
                wanted
            )
            known.reading += 1

    def _compare(
        self,
        known: Known,
        role: str,
        wanted: Mapping[str, Any],
        args: Mapping[str, Any],
        task_vars: dict[str, Any],
        *,
        waive: Waive,
    ) -> None:
        """Put the plan and the records of one role into `known`."""
        state = known.state or {}
        fixed = fixed_in(args["undo"], task_vars["inventory_hostname"], role)
        # With a file of its user nobody looks on the endpoint itself, and what only a look sees is not known.
        document = state["document"]
        document = document if "self_check" in state else with_looks(document, looks_of(role, task_vars))
        try:
            found = judge(document, role, wanted, platform=state["platform"], fixed=fixed, waive=waive, checked=True)
            if found["state"] == "absent" and (known.reading == 1 or role not in known.before):
                known.before[role] = seen_values(wanted, document, role)
        except ControlError as error:
            raise AnsibleActionFail(not_usable(role, error)) from error
        hook = role_folder(role) / f"tasks/{state['platform'].lower()}_after.yml"
        earlier = known.records.get(role, []) if args["again"] else []
        known.records[role] = still_fixed(earlier, found["records"])
        more = {"after": hook.is_file(), "looks": wanted["looks"], "undoes": fixed is not None}
        known.plans[role] = found | more
        known.compared[role] = known.reading

    def _answer(self, known: Known, args: Mapping[str, Any], *, seen: bool) -> dict[str, Any]:
        state = known.state or {}
        result: dict[str, Any] = {
            "changed": False,
            "endpoint": {key: state[key] for key in ("reachable", "error", "platform")},
        }
        if args["role"]:
            plan = known.plans[args["role"]]
            if wrong := wrong_of(known, args):
                # Not the plan: Ansible prints all of a result that failed, and the reason is to be seen.
                return result | {"failed": True, "msg": "\n".join(wrong)}
            looks = plan["looks"] and not seen and state["document"] is not None
            result |= {name: plan[name] for name in TASKS_NEED}
            result["next"] = ["look"] if looks else ["fix"] * plan["has_writes"]
            steps = steps_of(plan, state["platform"], check_mode=self._task.check_mode)
            result["steps"] = in_order(steps)
            if "role_vars" in steps:
                # For the role's own tasks: what they need of the reading. Nothing is decided by it.
                result["ansible_facts"] = {"endpoint_state": state}
        else:
            there = state["document"] and "self_check" not in state
            result["looks"] = [role for role in args["roles"] if there and known.plans[role]["looks"]]
            work = any(known.plans[role]["has_writes"] for role in args["roles"])
            result |= self._join([name for name, belongs in ((WORK, work), (LOOK, result["looks"])) if belongs])
        return result

    def _join(self, groups: list[str]) -> dict[str, Any]:
        """Put the endpoint into groups of this run; return what the result needs for that."""
        # Since core 2.21 an action calls what adds a group, and a result that names one does nothing.
        add_group = getattr(self, "add_group", None)
        if add_group is None:
            return grouped(groups)
        for name in groups:
            add_group(name, parent_group_names=["all"])
        return {}


def self_checked(host: str, platform: str, wanted: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what the check of an endpoint's user says, and None where the run was given no file of that endpoint."""
    given = RunStore().shared("state files")
    files = given["files"].get(host) if given else None
    if not files:
        return None
    try:
        key = read_key(given["key"])
    except CheckError as error:
        raise AnsibleActionFail(str(error)) from error
    return state_of(files, host, platform, wanted, key=key, now=datetime.now(UTC), most_days=given["most_days"])


def seen_values(wanted: Mapping[str, Any], document: dict[str, Any] | None, role: str) -> list[Any]:
    """Return what is there of each control; nothing of an endpoint whose answer cannot be compared."""
    try:
        return values_of(wanted["controls"], document, role, reads=wanted["reads"])
    except (ControlError, LocatorError):
        raise
    except ODD:
        return []


def steps_of(plan: Mapping[str, Any], platform: str, *, check_mode: bool) -> list[str]:
    """Return the files of `endpoint_controls` that carry a plan out, in their order."""
    system = platform.lower()
    before = [f"{system}_remember"] if plan["memory"]["keep"] is not None else []
    writes = [f"{system}_{kind}" for kind, items in plan["writes"].items() if items]
    work = ["work"] if plan["role_work"] else []
    after = ["after"] if plan["after"] and not check_mode else []
    return before + writes + ["role_vars"] * bool(work + after) + work + after


def grouped(groups: list[str]) -> dict[str, Any]:
    """Return what puts the endpoint into groups, as a task's result, before core 2.21."""
    if len(groups) > 1:
        # A result can name one group, and what that is a part of.
        return {"add_group": "_and_".join(groups), "parent_groups": groups}
    return {"add_group": groups[0]} if groups else {}


def wrong_of(known: Known, args: Mapping[str, Any]) -> list[str]:
    """Return why a role's task has to fail: what could not be read, where no report follows that says so."""
    state, records = known.state or {}, known.records[args["role"]]
    wrong = [state["error"]] if state["document"] is None else errors_in(records)
    return [] if args["report_follows"] else wrong


def fixed_in(run: str | None, endpoint: str, role: str) -> list[Any] | None:
    """Return what a run fixed; None when nothing is to be undone. Raises AnsibleActionFail for a file of no run."""
    if not run:
        return None
    try:
        return undone(read_lines(run), endpoint, role)
    except (OSError, RecordError, UnicodeDecodeError) as error:
        raise AnsibleActionFail(f"the records of the run cannot be read: {error}. Nothing was written") from error


def judge(
    document: dict[str, Any] | None,
    role: str,
    wanted: Mapping[str, Any],
    *,
    platform: str,
    fixed: list[Any] | None = None,
    waive: Waive = dict,
    checked: bool = False,
) -> dict[str, Any]:
    """Return the plan of one role, its records in it.

    An endpoint of which nothing could be read has no records here: the report makes the one that says so. What an
    endpoint has answered may have any shape; what nobody thought of ends in an error of this endpoint.
    """
    try:
        return _judged(document, role, wanted, platform=platform, fixed=fixed, waive=waive, checked=checked)
    except (ControlError, LocatorError):
        raise
    except ODD as error:
        return Plan(role, wanted["state"], records=[cannot_be_compared(error)]).as_dict()


def _judged(
    document: dict[str, Any] | None,
    role: str,
    wanted: Mapping[str, Any],
    *,
    platform: str,
    fixed: list[Any] | None,
    waive: Waive,
    checked: bool,
) -> dict[str, Any]:
    nothing = Plan(role, wanted["state"])
    if document is None:
        return nothing.as_dict()
    if not wanted["controls"]:
        reason = f"this role has nothing to do on {platform}"
        title = "The role supports this platform"
        nothing.records = [record(f"{role}.platform", "not_applicable", role=role, reason=reason, title=title)]
        return nothing.as_dict()
    if fixed is not None:
        return undo_plan(wanted["controls"], document, role, reads=wanted["reads"], fixed=fixed).as_dict()
    kept = {"reads": wanted["reads"], "state": wanted["state"], "waive": waive, "checked": checked}
    return plan(wanted["controls"], document, role, **kept).as_dict()
