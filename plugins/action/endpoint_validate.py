"""Action plugin `endpoint_validate`: the variables of roles, checked before any endpoint is reached.

Arguments: `roles` for the endpoint of the task; or `hosts`, each checked for its own `endpoint_roles` (run_once). Each
role's variables are held against its meta/argument_specs.yml and against the checks in its vars/checks.yml: a list of
{that: condition or list of them, says: what is told otherwise, each: list to go through as `item`, when: condition}.
All that is wrong is told at once, and once. With `hosts` that goes for what the report at the end needs, too: its
variables, the waivers beside the inventory and the history.

It leaves no fact: core 2.21 gives all endpoints one and the same dictionary of facts when a task with `run_once` is the
first to set one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..plugin_utils.controls.role_data import RoleError, known_controls, role_folder, role_options, role_variables
from ..plugin_utils.records.history import HistoryError, check_history
from ..plugin_utils.records.waivers import WaiverError, check_known, read_waivers, waivers_file

ARGUMENTS = {"roles": {"type": "list", "elements": "str"}, "hosts": {"type": "list", "elements": "str"}}
NAMED_HOSTS = 3
REPORT = "endpoint_report"


class ActionModule(ActionBase):
    """Check on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raise AnsibleActionFail with everything that is refused."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(
            ARGUMENTS, mutually_exclusive=[("roles", "hosts")], required_one_of=[("roles", "hosts")]
        )
        refused: dict[str, list[str]] = {}
        files = [] if args["roles"] else list(self._refused_files(task_vars))
        for host in args["hosts"] or [task_vars["inventory_hostname"]]:
            known = task_vars["hostvars"].raw_get(host) if args["hosts"] else task_vars
            for role in args["roles"] or [*self._template(known["endpoint_roles"], known), REPORT]:
                for words in self._refused(role, known):
                    refused.setdefault(words, []).append(host)
        if refused or files:
            told = [f"{whose(hosts)}: {words}" for words, hosts in refused.items()]
            raise AnsibleActionFail("\n".join([*told, *files]))
        return {"changed": False}

    def _refused_files(self, task_vars: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the files that the run needs besides the inventory: the waivers and the history."""
        report = self._folder(REPORT)
        variables = role_variables(report, self._loader, task_vars)
        try:
            path = waivers_file(task_vars)
            if path is not None:
                waivers = read_waivers(path)
                check_known(waivers, known_controls(report.parent, self._loader), path)
        except WaiverError as error:
            yield str(error)
        try:
            check_history(str(self._template(variables["endpoint_report_history"], variables)))
        except (HistoryError, AnsibleError) as error:
            yield str(error)

    def _folder(self, role: str) -> Path:
        try:
            return role_folder(role)
        except RoleError as error:
            raise AnsibleActionFail(f"endpoint_validate: {error}") from error

    def _template(self, value: Any, variables: dict[str, Any]) -> Any:
        return Templar(loader=self._loader, variables=variables).template(value)

    def _refused(self, role: str, task_vars: dict[str, Any]) -> list[str]:
        folder = self._folder(role)
        variables = role_variables(folder, self._loader, task_vars, ["vars/checks.yml"])
        options = role_options(folder, self._loader)
        templar = Templar(loader=self._loader, variables=variables)
        wrong = list(misspelt(role, variables, options))
        try:
            given = templar.template({name: variables[name] for name in options if name in variables})
        except AnsibleError as error:
            return [*wrong, f"{role}: a variable cannot be worked out: {error}"]
        result = ArgumentSpecValidator(options).validate(given)
        if result.error_messages:
            # What has the wrong kind cannot be looked at more closely.
            return wrong + [f"{role}: {message}. See roles/{role}/README.md." for message in result.error_messages]
        for check in variables.get(f"__{role}_checks", []):
            try:
                wrong += [" ".join(words.split()) for words in unmet(check, templar.copy_with_new_env())]
            except AnsibleError as error:
                # After a refusal, a later check may build on the very value that was refused.
                if not wrong:
                    wrong.append(f"{role}: a variable cannot be worked out: {error}. See roles/{role}/README.md.")
        return wrong


def whose(hosts: list[str]) -> str:
    """Return whom a refusal concerns.

    >>> whose(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = f" and {len(hosts) - NAMED_HOSTS} more" if len(hosts) > NAMED_HOSTS else ""
    return ", ".join(hosts[:NAMED_HOSTS]) + more


def misspelt(role: str, variables: dict[str, Any], options: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for every variable of the role's name space that the role does not know."""
    for name in sorted(variables):
        if name.startswith(f"{role}_") and name not in options:
            near = difflib.get_close_matches(name, options, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            yield f"{name}: {role} has no such variable.{meant} See roles/{role}/README.md, Variables."


def unmet(check: dict[str, Any], templar: Templar) -> Iterator[str]:
    """Yield what a check says for every item that does not meet it."""
    variables = templar.available_variables
    if not templar.evaluate_conditional(check.get("when", True)):
        return
    conditions = check["that"] if isinstance(check["that"], list) else [check["that"]]
    for item in templar.template(check["each"]) if "each" in check else [None]:
        templar.available_variables = {**variables, "item": item}
        if not all(templar.evaluate_conditional(condition) for condition in conditions):
            yield str(templar.template(check["says"]))
