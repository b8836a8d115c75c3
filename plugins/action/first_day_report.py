"""Action plugin `first_day_report`: the records of a first day's steps into one file that may be sent to strangers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.controls.controls import plain
from ..plugin_utils.records.records import RecordError, read_lines, replaced
from ..plugin_utils.reports.first_day import answers, page

ARGUMENTS = {
    "steps": {"type": "list", "elements": "dict", "required": True},
    "questions": {"type": "list", "elements": "dict", "required": True},
    "system": {"type": "str", "choices": ["Windows", "Darwin"], "required": True},
    "dest": {"type": "path", "required": True},
}


class ActionModule(ActionBase):
    """Read, judge, write; on the controller only."""

    _requires_connection = False
    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answers and where they are."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            steps = {
                one["name"]: {"code": int(one["code"]), "records": records_in(one["directory"])}
                for one in args["steps"]
            }
            found = answers(plain(args["questions"]), steps, args["system"])
            with replaced(args["dest"]) as file:
                file.write(page(found, steps, args["system"]))
        except (OSError, RecordError) as error:
            raise AnsibleActionFail(
                f"the records of a step cannot be read, or the file not be written: {error}"
            ) from error
        return {"changed": True, "answers": found, "path": args["dest"]}


def records_in(directory: str) -> list[Any]:
    """Return the records of a step; none of one that ended before its report."""
    return [item for file in sorted(Path(directory).glob("*.jsonl")) for item in read_lines(file)]
