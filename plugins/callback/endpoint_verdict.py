"""Print the table and the verdict of a run after Ansible's own recap, so that they are the last thing on the screen.

So are the reasons why a run was refused before it reached any endpoint.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: endpoint_verdict
type: aggregate
short_description: Show the endpoint report at the end of a run
description:
  - The C(endpoint_report) action returns the table and the verdict of a run. This callback keeps them until the play
    recap has been printed and shows them then, the verdict as the last line.
  - When the C(endpoint_validate) action refused a run, this callback shows why as the last lines.
"""


class CallbackModule(CallbackBase):
    """Keep the last report of a run and show it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "endpoint_verdict"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._report: dict[str, Any] | None = None
        self._refused = ""

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep the report of a run."""
        report = result.result.get("endpoint_report")
        if isinstance(report, dict):
            self._report = report

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep why a whole run was refused."""
        if result.task.run_once and result.task.action.rpartition(".")[2] == "endpoint_validate":
            self._refused = result.result["msg"]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Show what was kept; the verdict is the last line."""
        if self._refused:
            self._display.display(f"Refused, no endpoint was reached:\n{self._refused}", color="red")
        if self._report is None:
            return
        for key in ("table", "waivers", "news"):
            if self._report[key]:
                self._display.display(self._report[key])
        if self._report["path"]:
            self._display.display(f"Records: {self._report['path']}")
        if "html" in self._report["reports"]:
            self._display.display(f"Report:  {self._report['reports']['html']}")
        color = "green" if self._report["good"] else "red"
        self._display.display(self._report["verdict"], color=color)
