"""Action plugin `put_without_python`: a file from the controller to an endpoint that has no Python yet.

Arguments: `src`, an absolute path on the controller; `dest`, an absolute path on the endpoint, as the connection's user
may write it. It runs nothing there, so it compares nothing either: check what arrived (`shasum -a 256`).
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

ARGUMENTS = {"src": {"type": "path", "required": True}, "dest": {"type": "str", "required": True}}


class ActionModule(ActionBase):
    """Hand the file to the connection."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return changed; AnsibleActionFail and what the connection raises when it cannot be done."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        if not args["dest"].startswith("/"):
            raise AnsibleActionFail(f"put_without_python: dest is {args['dest']!r}; an absolute path is needed")
        if not self._task.check_mode:
            self._connection.put_file(args["src"], args["dest"])
        return {"changed": True}
