"""Action plugin `endpoint_compare`: an endpoint against what roles want of it; reads it when that has not been done.

With `roles` it is the audit: one task that reads once and compares all of them. With one `role` the result is that
role's plan, which the tasks of `endpoint_controls` loop over, and the task fails for an endpoint that does not answer
or cannot be read, unless a report follows that says so. `refresh` reads anew, and with `again` what this run fixed
stays fixed where it still is right. With `undo` (the JSON Lines file of a run) the plan puts back what that run fixed.
With `assume`, in check mode, part of a document is laid over what was read, so that a dry run knows what an earlier
role would have done.

What was found lies in the run's store (state.run_store), where no module's answer can reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ..plugin_utils.controls.controls import ControlError
from ..plugin_utils.controls.desired import desired_once
from ..plugin_utils.controls.role_data import RoleError, role_folder
from ..plugin_utils.controls.validate import refused_of_role
from ..plugin_utils.plan.plan import Plan, Waive, plan
from ..plugin_utils.plan.read_back import still_fixed
from ..plugin_utils.plan.undo import undo_plan, undone
from ..plugin_utils.records.records import RecordError, read_lines, record
from ..plugin_utils.records.waivers import Waiver, WaiverError, apply_waiver, find, read_waivers, waivers_file
from ..plugin_utils.state.reader import Reader, platform_of
from ..plugin_utils.state.run_store import Known, RunStore
from ..plugin_utils.state.task_results import vpn_connections

# Groups that plays can be limited to, so that an endpoint with nothing to do costs no task.
WORK, LOOK = "endpoint_work", "endpoint_look"
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
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(
            ARGUMENTS, mutually_exclusive=[("role", "roles")], required_one_of=[("role", "roles")]
        )
        host, store = task_vars["inventory_hostname"], RunStore()
        known = store.endpoint(host)
        roles = args["roles"] or [args["role"]]
        self._validate([role for role in roles if role not in known.plans], task_vars, store)
        if args["assume"]:
            return self._assumed(known, args["assume"], host, store)
        self._read(known, roles, args, task_vars)
        waive = waiving(waivers_of(task_vars), task_vars)
        for role in roles:
            fresh = known.compared.get(role) == known.reading and not looks_of(role, task_vars)
            if args["undo"] or args["again"] or not fresh:
                self._compare(known, role, args, task_vars, waive)
        # Of what is carried out nothing is known until it is read back.
        if args["role"] and not self._task.check_mode and known.plans[args["role"]]["has_writes"]:
            known.pending[args["role"]] = known.plans[args["role"]]
        store.keep(host, known)
        return self._answer(known, args, seen=bool(args["role"] and looks_of(args["role"], task_vars)))

    def _validate(self, roles: list[str], task_vars: dict[str, Any], store: RunStore) -> None:
        """Check the variables of roles that nobody has checked in this run; raises AnsibleActionFail."""
        checked = store.shared(f"fingerprints {task_vars['inventory_hostname']}") or {}
        left = [role for role in roles if role not in checked]
        wrong = [words for role in left for words in refused_of_role(role, task_vars, self._loader)]
        if wrong:
            raise AnsibleActionFail("\n".join(wrong))

    def _assumed(self, known: Known, assumed: dict[str, Any], host: str, store: RunStore) -> dict[str, Any]:
        """Lay part of a document over what was read; the roles to come are compared with that."""
        if self._task.check_mode and known.state and known.state["document"]:
            known.state["document"] = merge_hash(known.state["document"], assumed)
            known.reading += 1
            store.keep(host, known)
        return {"changed": False}

    def _read(self, known: Known, roles: list[str], args: Mapping[str, Any], task_vars: dict[str, Any]) -> None:
        if known.state is not None and set(roles) <= set(known.roles) and not args["refresh"]:
            return
        known.roles += [role for role in roles if role not in known.roles]
        platform = platform_of(self._connection)
        wanted = [self._desired(role, platform, args, task_vars)["reads"] for role in known.roles]
        known.state = Reader(self, task_vars, args["timeout_seconds"]).read(wanted)
        known.reading += 1

    def _desired(self, role: str, platform: str, args: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            return desired_once(role, platform, task_vars, self._loader, args["state"])
        except RoleError as error:
            raise AnsibleActionFail(str(error)) from error

    def _compare(
        self, known: Known, role: str, args: Mapping[str, Any], task_vars: dict[str, Any], waive: Waive
    ) -> None:
        """Put the plan and the records of one role into `known`."""
        state = known.state or {}
        wanted = self._desired(role, state["platform"], args, task_vars)
        fixed = fixed_in(args["undo"], task_vars["inventory_hostname"], role)
        document = with_looks(state["document"], looks_of(role, task_vars))
        try:
            found = judge(document, role, wanted, platform=state["platform"], fixed=fixed, waive=waive)
        except ControlError as error:
            raise AnsibleActionFail(
                f"{role}: {error}. Correct the variable in the inventory, or the role's vars/ file. "
                f"See roles/{role}/README.md."
            ) from error
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
            result |= plan | {"has_looks": plan["looks"] and not seen and state["document"] is not None}
            result |= failing(known, args)
            if plan["has_writes"]:
                # For the tasks that write: what they need of the reading. Nothing is decided by it.
                result["ansible_facts"] = {"endpoint_state": state}
        else:
            result["looks"] = [role for role in args["roles"] if state["document"] and known.plans[role]["looks"]]
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


def grouped(groups: list[str]) -> dict[str, Any]:
    """Return what puts the endpoint into groups, as a task's result, before core 2.21."""
    if len(groups) > 1:
        # A result can name one group, and what that is a part of.
        return {"add_group": "_and_".join(groups), "parent_groups": groups}
    return {"add_group": groups[0]} if groups else {}


def failing(known: Known, args: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a role's task fail: what could not be read, where no report follows that says so."""
    state, records = known.state or {}, known.records[args["role"]]
    wrong = [state["error"]] if state["document"] is None else errors_in(records)
    return {"failed": True, "msg": "\n".join(wrong)} if wrong and not args["report_follows"] else {}


def errors_in(records: list[dict[str, Any]]) -> list[str]:
    """Return what a person has to know of the records that are errors, a line each."""
    wrong = [item for item in records if item["status"] == "error"]
    names = [item["control"] + (f" [{item['instance']}]" if item["instance"] else "") for item in wrong]
    return [f"{name}: {item['reason']}" for name, item in zip(names, wrong, strict=True)]


def looks_of(role: str, task_vars: Mapping[str, Any]) -> list[Any]:
    """Return what a role found where only each user can look; its task registers that as `__<role>_seen`."""
    return list(task_vars.get(f"__{role}_seen", {}).get("results", []))


def with_looks(document: dict[str, Any] | None, looks: list[Any]) -> dict[str, Any] | None:
    """Return a document with what was looked at as each user."""
    return None if document is None else {**document, "vpn_connections": vpn_connections(looks)}


def waivers_of(task_vars: dict[str, Any]) -> list[Waiver]:
    """Return the waivers beside the inventory, none when there is no file. Raises AnsibleActionFail."""
    try:
        path = waivers_file(task_vars)
        return read_waivers(path) if path is not None else []
    except WaiverError as error:
        raise AnsibleActionFail(str(error)) from error


def waiving(waivers: list[Waiver], task_vars: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts the waiver that concerns it on a record of this endpoint."""
    today = datetime.now(UTC).date()
    host, groups = task_vars["inventory_hostname"], task_vars["group_names"]

    def waive(item: dict[str, Any]) -> dict[str, Any]:
        about = {"control": item["control"], "instance": item["instance"]}
        return apply_waiver(item, find(waivers, **about, host=host, groups=groups, today=today), today)

    return waive


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
) -> dict[str, Any]:
    """Return the plan of one role, its records in it.

    An endpoint of which nothing could be read has no records here: the report makes the one that says so.
    """
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
    kept = {"reads": wanted["reads"], "state": wanted["state"], "waive": waive}
    return plan(wanted["controls"], document, role, **kept).as_dict()
