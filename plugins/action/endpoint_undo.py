"""Action plugin `endpoint_undo`: what a run fixed, before it is put back; reaches no endpoint.

With `hosts` it checks the run's file and tells which of them it concerns. Without, it tells of this endpoint, after it
was compared, what would be put back. Writes nothing: that is endpoint_controls' part, with `endpoint_undo_file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.plan.undo import shown
from ..plugin_utils.records.records import RecordError, read_lines
from ..plugin_utils.state.own_name import own_name
from ..plugin_utils.state.run_store import RunStore

ARGUMENTS = {
    "file": {"type": "path", "required": True},
    "hosts": {"type": "list", "elements": "str"},
}


class ActionModule(ActionBase):
    """Look at records on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return {"concerned": [hosts]} or {"lines": [text]}."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        if args["hosts"] is not None:
            return {"changed": False, "concerned": concerned(Path(args["file"]), args["hosts"])}
        by_role = RunStore().endpoint(own_name(task_vars or {})).records
        lines = [line for role in by_role for line in shown(by_role[role])]
        return {"changed": False, "lines": lines}


def concerned(file: Path, hosts: list[str]) -> list[str]:
    """Return which endpoints a run fixed something on. Raises AnsibleActionFail."""
    where = "A run's name is that of its file below records/, such as 20261123T143000.000000Z. See docs/history.md"
    if not file.is_file():
        raise AnsibleActionFail(f"there are no records of this run: {file} does not exist. {where}")
    try:
        fixed = {item["endpoint"] for item in read_lines(file) if item["status"] == "fixed"}
    except (OSError, RecordError, UnicodeDecodeError) as error:
        raise AnsibleActionFail(f"the records of this run cannot be read: {error}. {where}") from error
    if not fixed:
        raise AnsibleActionFail(f"{file}: this run fixed nothing, so there is nothing to undo. {where}")
    found = sorted(fixed & {*hosts})
    if not found:
        raise AnsibleActionFail(
            f"{file}: this run fixed nothing on the endpoints chosen here; it did on {', '.join(sorted(fixed))}"
        )
    return found
