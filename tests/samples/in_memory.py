"""A run on one Windows machine in memory: the tasks of roles/endpoint_controls, done by the lab's models.

The plan names the files of tasks, and what they say is worked out by Ansible's own templates. Ansible itself does not
run, so hundreds of whole runs take seconds, and each of their commands can fail or get lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import Machine
from plugins.action.endpoint_compare import steps_of
from plugins.action.endpoint_read_back import noted
from plugins.plugin_utils.controls.controls import plain
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import failures_of, read_back
from tests.contract.models import set_firewall_rule
from tests.samples.roles import ROLES, document_of

assert set_firewall_rule  # which registers it
TASKS = ROLES / "endpoint_controls/tasks"
LOADER = DataLoader()
GOOD = ("compliant", "fixed", "not_applicable")


class LostError(Exception):
    """The endpoint does not answer any more, so its run has ended."""


class FailedError(Exception):
    """A task failed; what is said of it as `endpoint_controls` notes it."""


class InMemory:
    """A role on a machine. `commands` counts what was sent to it; `fault` strikes the command of that number (from 0):

    fails: it is not done, and says so; timeout: it is not done, and there is no answer; drop: it is done, and there is
    no answer.
    """

    def __init__(self, machine: Machine, role: str, variables: Mapping[str, Any]) -> None:
        self.machine, self.role = machine, role
        self.variables = dict(variables)
        self.commands = 0
        self.fault: tuple[str, int] | None = None

    def planned(self, state: str = "present") -> dict[str, Any]:
        """Return what a dry run would say."""
        wanted = self.wanted(state)
        document = document_of(self.machine, wanted["reads"])
        found = plan(wanted["controls"], document, self.role, reads=wanted["reads"], state=state).as_dict()
        return dict(json.loads(json.dumps(found)))

    def run(self, state: str = "present") -> list[dict[str, Any]]:
        """Do what the role does, and return the records. Raises LostError."""
        doing = self.planned(state)
        assert doing["role_work"] == [], "a role's own tasks are not done here"
        if not doing["has_writes"]:
            return list(doing["records"])
        variables = {"__endpoint_controls_plan": doing, "endpoint_controls_role": self.role}
        failed = []
        try:
            for step in steps_of({**doing, "after": False}, "Windows", check_mode=False):
                self._do(step, variables)
        except FailedError as failure:
            failed = [failure.args[0]]
        wanted = self.wanted(state)
        document = document_of(self.machine, wanted["reads"])
        records = read_back(doing, wanted["controls"], document, reads=wanted["reads"], failures=failures_of(failed))
        note, trouble = noted(doing, document, wanted["reads"], has_been_changed=False)
        assert not trouble, trouble
        if note["change"]:
            try:
                self._do("windows_note", {**variables, "__endpoint_controls_done": {"note": note}})
            except FailedError as failure:
                records.append({"control": f"{self.role}.memory", "status": "error", "reason": str(failure)})
        return records

    def wanted(self, state: str = "present") -> dict[str, Any]:
        """Return what the role wants."""
        return wanted(self.role, json.dumps(self.variables), state, "Windows")

    def note(self) -> str | None:
        """Return what the machine remembers for the role."""
        found = self.machine.registry.data(r"HKLM\SOFTWARE\OffsiteEndpoints\Before", self.role)
        return None if found is None else str(found)

    def _do(self, step: str, known: Mapping[str, Any]) -> None:
        variables = {
            **known,
            "ansible_check_mode": False,
            "ansible_search_path": [str(TASKS.parent)],
        }
        for task in LOADER.load_from_file(str(TASKS / f"{step}.yml"), trusted_as_template=True):
            (module,) = [name for name in task if name.startswith("ansible.windows.")]
            assert task.keys() <= {"name", module, "loop", "loop_control", "register", "when", "failed_when"}, task
            work = Work(variables)
            results = []
            for item in work(task["loop"]) if "loop" in task else [None]:
                work.variables["item"] = item
                if not all(work.holds(condition) for condition in _several(task.get("when", []))):
                    continue
                result = self._send(module, work(task[module]))
                work.variables[task.get("register", "_")] = result
                if "failed_when" in task:
                    result["failed"] = work.holds(task["failed_when"])
                results.append({**result, "item": item})
                if result.get("failed"):
                    raise FailedError({"task": task["name"], "result": {"results": results}, "records": []})

    def _send(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        kind, struck = self.fault or ("", -1)
        struck_now = struck == self.commands
        self.commands += 1
        if struck_now and kind == "timeout":
            raise LostError
        if struck_now and kind == "fails":
            return {"failed": True, "msg": "Access is denied."}
        outcome = execute(self.machine, Call("module", module, arguments, {"_ansible_diff": True}, user="SYSTEM"))
        if struck_now and kind == "drop":
            raise LostError
        return dict(json.loads(outcome.stdout))


class Work:
    """Works out what a task says; the same said of the same is worked out once, since that is what takes the time."""

    _known: ClassVar[dict[str, Any]] = {}

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = dict(variables)

    def __call__(self, value: Any) -> Any:
        text = json.dumps(value)
        key = json.dumps([text, {name: known for name, known in self.variables.items() if name in text}])
        if key not in self._known:
            self._known[key] = plain(Templar(loader=LOADER, variables=self.variables).template(value))
        return self._known[key]

    def holds(self, condition: Any) -> bool:
        if isinstance(condition, bool):
            return condition
        return bool(self(trust_as_template("{{ " + condition + " }}")))


@cache
def wanted(role: str, variables: str, state: str, platform: str) -> dict[str, Any]:
    """Return what a role wants with these variables (JSON)."""
    return desired(role, LOADER, {**json.loads(variables), f"{role}_state": state}, platform)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
