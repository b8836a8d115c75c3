"""Action plugin `endpoint_validate`: all that can be wrong on the controller, reported before any endpoint is reached.

Arguments: `roles` for the endpoint of the task; or `groups`, for whose endpoints a playbook is (run_once). Each role's
variables are held against its meta/argument_specs.yml and against the checks in its vars/checks.yml: a list of
{that: condition or list of them, says: what is said otherwise, each: list to go through as `item`, when: condition}.

With `groups`, each of their endpoints is checked for its own `endpoint_roles`, and for `roles` besides, and so is what
the run needs otherwise: the inventory and --limit (`all_groups` are those that any playbook is for), the waivers, the
history, and that all that the report writes can be written. All that is wrong is reported at once, and once. The state
files that users have sent (`state_files`, for a playbook with `takes_state_files`) are sorted by endpoint; reading one
is its endpoint's own matter.

It leaves no fact: core 2.21 gives all endpoints one and the same dictionary of facts when a task with `run_once` is the
first to set one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..plugin_utils.controls.desired import Roles, platform_by, reached
from ..plugin_utils.controls.role_data import RoleError, known_controls, role_folder, role_variables
from ..plugin_utils.controls.validate import refused_of_role
from ..plugin_utils.records.history import HistoryError, check_file, check_folder, check_history
from ..plugin_utils.records.waivers import WaiverError, check_known, read_waivers, waivers_file
from ..plugin_utils.state.asked import Asked, some
from ..plugin_utils.state.check_request import CheckError, read_key
from ..plugin_utils.state.forked import leave_inherited_alone
from ..plugin_utils.state.run_store import RunStore
from ..plugin_utils.state.state_files import found_in
from ..plugin_utils.state.transports import SETTINGS, refused_connection

LIST = {"type": "list", "elements": "str"}
ARGUMENTS = {
    "roles": LIST,
    "groups": LIST,
    "all_groups": LIST,
    "state": {"type": "str"},
    "state_files": {"type": "raw"},
    "takes_state_files": {"type": "bool", "default": False},
}
REPORT = "endpoint_report"
# Whose users may be out of reach.
LAPTOPS = "laptops"
INJECTED = (
    "inject_facts_as_vars is on, as Ansible has it by itself: what an endpoint answers can replace its variables in "
    "the inventory. Put inject_facts_as_vars = False below [defaults] of ansible.cfg, or set "
    "ANSIBLE_INJECT_FACT_VARS=False. See README.md, Three ways in"
)

FORKS = (
    "this controller is a Mac, where the processes that speak WinRM may crash: export "
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES before Ansible. See docs/enrollment.md, Who answers"
)


class ActionModule(ActionBase):
    """Check on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with everything that is refused, a line each."""
        leave_inherited_alone()
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(
            ARGUMENTS, required_one_of=[("roles", "groups")], required_together=[("groups", "all_groups")]
        )
        try:
            refused = self._run_refused(args, task_vars) if args["groups"] else self._roles_refused(args, task_vars)
        except RoleError as error:
            raise AnsibleActionFail(f"endpoint_validate: {error}") from error
        # No exception: the sentences stand for themselves, without the place in this file.
        answer = {"changed": False, **({"failed": True, "msg": "\n".join(refused)} if refused else {})}
        warnings = [*said_of(sys.platform, os.environ)] if args["groups"] else []
        return answer | ({"warnings": warnings} if warnings else {})

    def _roles_refused(self, args: Mapping[str, Any], task_vars: dict[str, Any]) -> list[str]:
        host = task_vars["inventory_hostname"]
        return [
            f"{host}: {words}" for role in args["roles"] for words in refused_of_role(role, task_vars, self._loader)
        ]

    def _run_refused(self, args: Mapping[str, Any], task_vars: dict[str, Any]) -> list[str]:
        asked = asked_of(args, task_vars)
        broken = asked.broken()
        if broken:
            # What else is missing may stand in just that file.
            return broken
        refused: dict[str, list[str]] = {}
        known: dict[str, dict[str, Any]] = {}
        kept: dict[str, Any] = {}
        for host in asked.endpoints():
            known[host] = task_vars["hostvars"].raw_get(host)
            names = self._roles_of(known[host], kept) + (args["roles"] or [])
            roles = Roles(known[host], self._loader, args["state"], kept)
            wrong = [words for role in [*names, REPORT] for words in roles.refused(role)]
            wrong += self._refused_connection(host, known[host], task_vars["groups"], kept)
            for words in wrong:
                refused.setdefault(words, []).append(host)
            for role in [] if wrong else names:
                # All endpoints would work it out at the same moment otherwise.
                roles.desired(role, platform_by(known[host]))
        # As in the report, what stands for all is that of the first.
        files = self._refused_files(next(iter(known.values()))) if known else []
        given = self._refused_state_files(args, asked, next(iter(known.values()))) if known else []
        return [*asked.refusals(), *(f"{some(hosts)}: {words}" for words, hosts in refused.items()), *files, *given]

    def _refused_files(self, known: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the files that the run needs besides the inventory: waivers, records, history."""
        report = role_folder(REPORT)
        variables = role_variables(report, self._loader, known)
        try:
            path = waivers_file(known)
            if path is not None:
                waivers = read_waivers(path)
                check_known(waivers, known_controls(report.parent, self._loader), path)
        except WaiverError as error:
            yield str(error)
        names = [f"{REPORT}_{name}" for name in ("directory", "metrics_file", "history")]
        try:
            directory, metrics, history = (str(self._template(variables[name], variables) or "") for name in names)
        except AnsibleError as error:
            yield f"{REPORT}: a variable cannot be worked out: {error}"
            return
        for name, place, check in ((names[0], directory, check_folder), (names[1], metrics, check_file)):
            try:
                if place:
                    check(place)
            except OSError as error:
                yield unwritable(name, place, error)
                if Path(place) == Path(history).parent:
                    return
        try:
            check_history(history)
        except HistoryError as error:
            yield f"{names[2]}: {error}"

    def _refused_state_files(self, args: Mapping[str, Any], asked: Asked, known: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the files that users have sent, and keep for the run whose each of them is."""
        places = args["state_files"]
        if places is None:
            return
        if not args["takes_state_files"]:
            yield (
                "state_files: only audit.yml judges what users have sent. This playbook has to reach its endpoints: "
                "leave -e state_files out"
            )
            return
        places = [places] if isinstance(places, str) else places
        if not isinstance(places, list) or not places or not all(isinstance(one, str) and one for one in places):
            yield f"state_files is {places!r}; it has to be a folder, a file, or a list of them"
            return
        found, refused = found_in(map(os.path.expanduser, places), asked.groups.get(LAPTOPS, []))
        yield from refused
        variables = role_variables(role_folder(REPORT), self._loader, known)
        key, most_days = (
            self._template(variables[f"{REPORT}_self_check_{name}"], variables) for name in ("key", "days")
        )
        try:
            read_key(key)
        except CheckError as error:
            yield str(error)
        RunStore().share("state files", {"key": str(key), "most_days": int(most_days), "files": found})

    def _roles_of(self, known: dict[str, Any], kept: dict[str, Any]) -> list[str]:
        """Return the roles of an endpoint, worked out once for all that are alike in what they depend on."""
        key = f"roles {reached(['endpoint_roles'], known)}"
        if key not in kept:
            kept[key] = self._template(known["endpoint_roles"], known)
        return list(kept[key])

    def _refused_connection(
        self, host: str, known: dict[str, Any], groups: Mapping[str, list[str]], kept: dict[str, Any]
    ) -> list[str]:
        """Return what of an endpoint's connection cannot work, worked out once for all that are alike in it."""
        of = {group for group in ("windows", "macs") if host in groups.get(group, [])}
        key = f"connection {sorted(of)} {reached(SETTINGS, known)}"
        if key not in kept:
            try:
                settings = {name: self._template(known[name], known) for name in SETTINGS if name in known}
                kept[key] = [*refused_connection(settings, of)]
            except AnsibleError as error:
                kept[key] = [f"a setting of the connection cannot be worked out: {error}"]
        return list(kept[key])

    def _template(self, value: Any, variables: dict[str, Any]) -> Any:
        return Templar(loader=self._loader, variables=variables).template(value)


def said_of(platform: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what has to be said of this controller, whatever the inventory is."""
    if constants.INJECT_FACTS_AS_VARS:
        yield INJECTED
    if platform == "darwin" and environment.get("OBJC_DISABLE_INITIALIZE_FORK_SAFETY") != "YES":
        yield FORKS


def asked_of(args: Mapping[str, Any], task_vars: Mapping[str, Any]) -> Asked:
    """Return what the run was asked for."""
    # Nothing public tells which files Ansible could not read: it only warns of them.
    inventory = task_vars["hostvars"]._inventory._inventory
    return Asked(
        groups=task_vars["groups"],
        sources=[str(source) for source in task_vars["ansible_inventory_sources"]],
        parsed={*inventory.processed_sources},
        hosts=task_vars["ansible_play_hosts_all"],
        limit=task_vars.get("ansible_limit"),
        wanted=args["groups"],
        ours=args["all_groups"],
    )


def unwritable(variable: str, place: str, error: OSError) -> str:
    """Return what is said of a place that nothing can be written to."""
    return (
        f"{variable}: {place} cannot be written ({error.strerror or error}), and what cannot be recorded is not begun. "
        f"Give this user the right to write there, or name another place: -e {variable}=PATH"
    )
