"""Action plugin `endpoint_compare`: roles' controls against what was read of the endpoint; plans, never writes.

Reaches no endpoint: it works on the fact that `endpoint_state` left. The records go to the fact `endpoint_records`, by
role. With `roles` that is all: the audit. With one `role` the result is the plan, too, that the tasks of
`endpoint_controls` loop over; with `settles` (an earlier plan) it judges what was read back after the writing, with
what `failed` on the way: [{task, result, records}].

With `again` (after a fresh reading) what this run fixed stays fixed where it still is right.
With `undo` (the JSON Lines file of a run) the plan puts back what that run fixed.

Of a role it takes `__<role>_controls` and `__<role>_reads` for the endpoint's platform, `<role>_state`, and
`__<role>_vpn_connections`: the results of looking at users' own connections, which no reader can do for all users at
once (plan.items). Waivers come from the file beside the inventory (records.waivers).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..plugin_utils.controls.controls import ControlError, plain
from ..plugin_utils.controls.role_data import RoleError, role_folder, role_variables
from ..plugin_utils.plan.plan import Plan, Waive, plan
from ..plugin_utils.plan.read_back import failures_of, foretell, settle, still_fixed
from ..plugin_utils.plan.undo import undo_plan, undone
from ..plugin_utils.records.records import RecordError, read_lines, record
from ..plugin_utils.records.waivers import Waiver, WaiverError, apply_waiver, find, read_waivers, waivers_file
from ..plugin_utils.state.task_results import vpn_connections

ARGUMENTS = {
    "role": {"type": "str"},
    "roles": {"type": "list", "elements": "str"},
    "settles": {"type": "dict"},
    "undo": {"type": "path"},
    "again": {"type": "bool", "default": False},
    "failed": {"type": "list", "elements": "dict", "default": []},
}


class ActionModule(ActionBase):
    """Compare on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the records as a fact and, for one role, its plan."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        facts = task_vars.get("ansible_facts", {})
        _result, args = self.validate_argument_spec(
            ARGUMENTS, mutually_exclusive=[("role", "roles"), ("roles", "settles")], required_one_of=[("role", "roles")]
        )
        if "endpoint_state" not in facts:
            raise AnsibleActionFail("endpoint_compare: nothing was read of this endpoint; run endpoint_state first")
        state = facts["endpoint_state"]
        waive = waiving(waivers_of(task_vars), task_vars)
        found: dict[str, Any] = {}
        by_role = dict(facts.get("endpoint_records", {}))
        for role in args["roles"] or [args["role"]]:
            wishes = self._wishes(role, state, task_vars)
            wishes["fixed"] = fixed_in(args["undo"], task_vars["inventory_hostname"], role)
            try:
                earlier = by_role.get(role, []) if args["again"] else []
                found, now = judge(state, role, {**wishes, **args}, check_mode=self._task.check_mode, waive=waive)
                by_role[role] = still_fixed(earlier, now)
            except ControlError as error:
                raise AnsibleActionFail(
                    f"{role}: {error}. Correct the variable in the inventory, or the role's vars/ file. "
                    f"See roles/{role}/README.md."
                ) from error
        plan_of_one = found if args["role"] else {}
        return {"changed": False, "ansible_facts": {"endpoint_records": by_role}, **plan_of_one}

    def _wishes(self, role: str, state: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what the role wants to be so: {"state", "controls", "reads", "vpn_connections"}, free of templates.

        Nothing is wanted of an endpoint of which nothing could be read.
        """
        try:
            folder = role_folder(role)
        except RoleError as error:
            raise AnsibleActionFail(f"endpoint_compare: {error}") from error
        platform = [f"vars/{state['platform']}.yml"] if state["document"] is not None else []
        variables = role_variables(folder, self._loader, task_vars, platform)
        names = {
            "state": (f"{role}_state", "present"),
            "controls": (f"__{role}_controls", []),
            "reads": (f"__{role}_reads", {}),
            "vpn_connections": (f"__{role}_vpn_connections", []),
        }
        templar = Templar(loader=self._loader, variables=variables)
        try:
            return {
                key: plain(templar.template(variables.get(name, default))) for key, (name, default) in names.items()
            }
        except AnsibleError as error:
            raise AnsibleActionFail(
                f"{role}: a variable cannot be worked out: {error}. See roles/{role}/README.md."
            ) from error


def waivers_of(task_vars: dict[str, Any]) -> list[Waiver]:
    """Return the waivers beside the inventory, none when there is no file. Raises AnsibleActionFail."""
    try:
        path = waivers_file(task_vars)
        return read_waivers(path) if path is not None else []
    except WaiverError as error:
        raise AnsibleActionFail(str(error)) from error


def waiving(waivers: list[Waiver], task_vars: dict[str, Any]) -> Waive:
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
    state: dict[str, Any], role: str, args: dict[str, Any], *, check_mode: bool, waive: Waive = dict
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the plan and the records for what is known of one endpoint.

    An endpoint of which nothing could be read has no records here: the report makes the one that says so.
    """
    document = state["document"]
    if document is not None:
        document = {**document, "vpn_connections": vpn_connections(args["vpn_connections"])}
    if args["settles"]:
        failures = failures_of(args["failed"])
        if check_mode:
            return Plan(role, args["state"]).as_dict(), foretell(args["settles"], failures)
        records = settle(
            args["settles"], args["controls"], document, reads=args["reads"], failures=failures, waive=waive
        )
        if args["fixed"] is not None:
            # What an undo cannot put back is in no plan; it must not be lost on the way.
            told = {(item["control"], item["instance"], item["scope"]) for item in records}
            earlier = args["settles"]["records"]
            records += [i for i in earlier if (i["control"], i["instance"], i["scope"]) not in told]
        return Plan(role, args["state"]).as_dict(), records
    if document is None:
        return Plan(role, args["state"]).as_dict(), []
    if not args["controls"]:
        reason = f"this role has nothing to do on {state['platform']}"
        nothing = record(
            f"{role}.platform", "not_applicable", role=role, reason=reason, title="The role fits the system"
        )
        return Plan(role, args["state"]).as_dict(), [nothing]
    if args["fixed"] is not None:
        undo = undo_plan(args["controls"], document, role, reads=args["reads"], fixed=args["fixed"]).as_dict()
        return undo, undo["records"]
    found = plan(args["controls"], document, role, reads=args["reads"], state=args["state"], waive=waive).as_dict()
    return found, found["records"]
