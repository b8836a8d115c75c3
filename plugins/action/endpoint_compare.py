"""Action plugin `endpoint_compare`: one role's controls against what was read of the endpoint; plans, never writes.

Reaches no endpoint: it works on the fact that `endpoint_state` left. The records go to the fact `endpoint_records`, by
role; the result is the plan that the tasks of `endpoint_controls` loop over. With `settles` (an earlier plan) it judges
what was read back after the writing, with what `failed` on the way: [{task, result, records}]. `vpn_connections` are
the results of looking at users' own connections, which no reader can do for all users at once (offsite_found).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from plugins.module_utils.offsite_controls import ControlError
from plugins.module_utils.offsite_found import vpn_connections
from plugins.module_utils.offsite_plan import Plan, plan
from plugins.module_utils.offsite_records import record
from plugins.module_utils.offsite_settle import failures_of, foretell, settle

ARGUMENTS = {
    "role": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "controls": {"type": "list", "elements": "dict", "required": True},
    "reads": {"type": "dict", "required": True},
    "settles": {"type": "dict"},
    "failed": {"type": "list", "elements": "dict", "default": []},
    "vpn_connections": {"type": "list", "elements": "dict", "default": []},
}


class ActionModule(ActionBase):
    """Compare on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan, and the records as a fact."""
        super().run(tmp, task_vars)
        facts = (task_vars or {}).get("ansible_facts", {})
        _result, args = self.validate_argument_spec(ARGUMENTS)
        if "endpoint_state" not in facts:
            raise AnsibleActionFail("endpoint_compare: nothing was read of this endpoint; run endpoint_state first")
        try:
            found, records = judge(facts["endpoint_state"], args, check_mode=self._task.check_mode)
        except ControlError as error:
            raise AnsibleActionFail(
                f"{args['role']}: {error}. Correct the variable in the inventory, or the role's vars/ file. "
                f"See roles/{args['role']}/README.md."
            ) from error
        by_role = {**facts.get("endpoint_records", {}), args["role"]: records}
        return {"changed": False, "ansible_facts": {"endpoint_records": by_role}, **found}


def judge(
    state: dict[str, Any], args: dict[str, Any], *, check_mode: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the plan and the records for what is known of one endpoint.

    An endpoint of which nothing could be read has no records here: the report makes the one that says so.
    """
    role, document = args["role"], state["document"]
    if document is not None:
        document = {**document, "vpn_connections": vpn_connections(args["vpn_connections"])}
    if args["settles"]:
        failures = failures_of(args["failed"])
        if check_mode:
            return Plan(role, args["state"]).as_dict(), foretell(args["settles"], failures)
        records = settle(args["settles"], args["controls"], document, reads=args["reads"], failures=failures)
        return Plan(role, args["state"]).as_dict(), records
    if document is None:
        return Plan(role, args["state"]).as_dict(), []
    if not args["controls"]:
        reason = f"this role has nothing to do on {state['platform']}"
        nothing = record(
            f"{role}.platform", "not_applicable", role=role, reason=reason, title="The role fits the system"
        )
        return Plan(role, args["state"]).as_dict(), [nothing]
    found = plan(args["controls"], document, role, reads=args["reads"], state=args["state"]).as_dict()
    return found, found["records"]
