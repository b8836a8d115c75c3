"""Action plugin `pac_check`: run a PAC file on the controller and compare its routes with a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.handover.pac import PacError, answers, table

ARGUMENTS = {
    "pac": {"type": "str", "required": True},
    "routes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"url": {"type": "str", "required": True}, "expected": {"type": "str", "required": True}},
    },
    "addresses": {"type": "dict", "default": {}},
    "client_address": {"type": "str", "default": "127.0.0.1"},
}


class ActionModule(ActionBase):
    """Ask the PAC, show the table, fail when a route is wrong; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answers; failed when the PAC cannot be run or a route differs."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            found = answers(args["pac"], args["routes"], args["addresses"], args["client_address"])
        except PacError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        self._display.display(table(found))
        wrong = [f"{one.url}: expected {one.expected}, got {one.got}" for one in found if not one.right]
        words = f"{len(wrong)} of {len(found)} routes are wrong. " + "; ".join(wrong)
        return {
            "changed": False,
            "failed": bool(wrong),
            "msg": words if wrong else f"all {len(found)} routes are as expected",
            "routes": [asdict(one) for one in found],
        }
