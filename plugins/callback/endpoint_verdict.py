"""Print the table and the verdict of a run after Ansible's own recap, so that they are the last thing on the screen.

So are the reasons why a run was refused before it reached any endpoint.

Ansible ends a run when a play has no endpoint left to go on with, and then the report that stands in a later play does
not come. So this does its task: what the run knows is recorded and reported, and that it broke off. The same when
Ansible itself ends in the middle: somebody interrupts it, or one endpoint's answer is more than it can take in.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader, connection_loader
from ansible.template import Templar

from ..plugin_utils.reports.screen import names
from ..plugin_utils.reports.visible import visible

DOCUMENTATION = """
name: endpoint_verdict
type: aggregate
short_description: Show the endpoint report at the end of a run
description:
  - The C(endpoint_report) action returns the table and the verdict of a run. This callback keeps them until the play
    recap has been printed and shows them then, the verdict as the last line.
  - When a run broke off before its report, because a play lost all of its endpoints, this callback has the report made
    of what the run knows. It says whom the run lost, and is not good.
  - When the C(endpoint_validate) action refused a run, this callback shows why as the last lines.
"""


ENDED = (
    "the run was ended in the middle, before its report: somebody interrupted it, or Ansible gave up, and then the "
    "error above says over what. If it is an endpoint's answer, leave that endpoint out (--limit '!NAME') and look at "
    "the machine. Run the same again: it goes on from here"
)


class CallbackModule(CallbackBase):
    """Keep the last report of a run and show it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "endpoint_verdict"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begin([])

    def _begin(self, plays: list[Any]) -> None:
        self._plays = plays
        self._report: dict[str, Any] | None = None
        self._refused = ""
        self._reporting = False
        self._reached = False

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Keep what the playbook is going to do."""
        self._begin(playbook.get_plays())
        self._process = os.getpid()
        # Before Ansible's own folder for the run goes, which was made earlier.
        atexit.register(self._last_words)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Note that the run came to its report."""
        self._reporting = self._reporting or is_of(task, "endpoint_report")
        self._reached = self._reached or is_of(task, "endpoint_compare")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep the report of a run."""
        report = result.result.get("endpoint_report")
        if isinstance(report, dict):
            self._report = report

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep why a whole run was refused, and what is said of all endpoints after the verdict."""
        said = str(result.result.get("msg"))
        if result.task.run_once and is_of(result.task, "endpoint_validate"):
            self._refused = visible(said, keep="\n")
        elif result.task.run_once and self._report is not None and said.startswith(self._report["verdict"]):
            self._report = self._report | {"verdict": visible(said, keep="\n"), "good": False}

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Show what was kept; the verdict is the last line."""
        atexit.unregister(self._last_words)
        if self._refused:
            self._display.display(f"Refused, no endpoint was reached:\n{self._refused}", color="red")
        elif self._report is None and not self._reporting and (stats.dark or stats.failures):
            self._report = self._broken_off(broken_off(stats))
        self._show()

    def _last_words(self) -> None:
        """Record and show what is known of a run that Ansible does not end itself."""
        if self._reached and not self._reporting and os.getpid() == self._process:
            self._report = self._broken_off(ENDED)
            self._show()

    def _show(self) -> None:
        if self._report is None:
            return
        for key in ("table", "waivers", "news", "data"):
            if self._report[key]:
                self._display.display(self._report[key])
        if self._report["path"]:
            self._display.display(f"Records: {self._report['path']}")
        if "html" in self._report["reports"]:
            self._display.display(f"Report:  {self._report['reports']['html']}")
        color = "green" if self._report["good"] else "red"
        self._display.display(self._report["verdict"], color=color)

    def _broken_off(self, why: str) -> dict[str, Any] | None:
        """Return the report that the run did not come to; None when it was not to have one."""
        for play, task in self._reports():
            manager = play.get_variable_manager()
            # As in the run: with run_once the first endpoint stands for all.
            templar = Templar(loader=task.get_loader(), variables=manager.get_vars(play=play))
            hosts = manager._inventory.get_hosts(templar.template(play.hosts), ignore_restrictions=True)
            for host in hosts:
                # With run_once the variables of the first endpoint stand for all, and no answer of its is among them.
                manager.clear_facts(host.get_name())
            if hosts:
                variables = manager.get_vars(play=play, host=hosts[0], task=task)
                if task.evaluate_tags(play.only_tags, play.skip_tags, variables):
                    return self._made(task, variables, why)
        return None

    def _reports(self) -> Iterator[tuple[Any, Any]]:
        for play in self._plays:
            for block in play.compile():
                yield from ((play, task) for task in block.get_tasks() if is_of(task, "endpoint_report"))

    def _made(self, task: Any, variables: dict[str, Any], why: str) -> dict[str, Any]:
        """Do the report's task as the run would have; the verdict on what is known begins with `why`."""
        made: dict[str, Any] = {"table": "", "waivers": "", "news": "", "data": "", "path": "", "reports": {}}
        try:
            templar = Templar(loader=task.get_loader(), variables=variables)
            task.args = templar.template(task.args)
            # Ansible's own part of an action asks for a connection, though this one reaches nobody.
            context = PlayContext()
            given = {"play_context": context, "connection": connection_loader.get("ansible.builtin.local", context)}
            given |= {"task": task, "loader": task.get_loader(), "templar": templar, "shared_loader_obj": None}
            action = action_loader.get(task.action, **given)
            made |= action.run(task_vars=variables)["endpoint_report"]
        except AnsibleError as error:
            made["verdict"] = visible(f"Nothing could be recorded: {error}", keep="\n")
        return made | {"good": False, "verdict": f"Not good: {why}. {made['verdict']}"}


def is_of(task: Any, action: str) -> bool:
    """Say whether a task is of this action, by its full name or its short one."""
    return str(task.action).rpartition(".")[2] == action


def broken_off(stats: Any) -> str:
    """Return why a run came to no report, and what to do about it."""
    lost = [f"{names(stats.dark)} did not answer any more"] if stats.dark else []
    failed = [f"{names(stats.failures)} failed"] if stats.failures else []
    return (
        f"the run broke off before its report: {', '.join([*lost, *failed])}, so no endpoint was left to go on with. "
        "Nothing more was done on any endpoint, and nobody was mailed. See that they are on and can be reached, and "
        "run the same again: it goes on from here"
    )
