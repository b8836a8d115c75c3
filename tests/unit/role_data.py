"""Helps the tests of a role's data: its controls, templated as Ansible does, against what is read of a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from lab.windows.machine import Machine
from plugins.action.endpoint_state import merge_reads
from plugins.plugin_utils.controls.controls import plain
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.state.request import MEMORY_READS
from tests.contract.models.endpoint_state import OPTIONS, read

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"
CONTROL = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/control.schema.json").read_text()))


def planned(role: str, machine: Machine, **wishes: Any) -> Plan:
    """Return what a role would do to a machine, with its defaults and these variables; its controls fit the schema."""
    loader = DataLoader()
    variables: dict[str, Any] = {}
    for file in ("defaults/main.yml", "vars/main.yml", "vars/Windows.yml"):
        path = ROLES / role / file
        variables |= (loader.load_from_file(str(path), trusted_as_template=True) or {}) if path.exists() else {}
    templar = Templar(loader=loader, variables=variables | wishes)
    controls = plain(templar.template(variables[f"__{role}_controls"]))
    for control in controls:
        CONTROL.validate(control)
    reads = variables[f"__{role}_reads"]
    request = merge_reads([{"registry": MEMORY_READS["registry"]}, reads])
    asked = {name: request.get(name, []) for name in OPTIONS}
    for entry in (*asked["registry"], *asked["user_registry"]):
        entry.setdefault("depth", 0)
    return plan(controls, read(machine, asked, []), role, reads=reads, state=variables.get(f"{role}_state", "present"))


def found(result: Plan) -> dict[tuple[str, str | None], str]:
    """Return the status of each control (its name after the role's) and instance."""
    return {(item["control"].partition(".")[2], item["instance"]): item["status"] for item in result.records}


def reason(result: Plan, control: str, instance: str | None = None) -> str:
    """Return why a control has the status that it has."""
    records = [item for item in result.records if (item["control"], item["instance"]) == (control, instance)]
    assert len(records) == 1, result.records
    return str(records[0]["reason"])
