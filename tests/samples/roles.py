"""Helps the tests of a role's data: its controls, templated as Ansible does, against what is read of a machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
from ansible.parsing.dataloader import DataLoader

from lab.windows.machine import Machine
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.state.reader import merge_reads
from plugins.plugin_utils.state.request import MEMORY_READS
from tests.contract.models.endpoint_state import OPTIONS, read

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"
CONTROL = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/control.schema.json").read_text()))


def planned(role: str, machine: Machine, **overrides: Any) -> Plan:
    """Return what a role would do to a machine, with its defaults and these variables; its controls fit the schema."""
    wanted = desired(role, DataLoader(), overrides, "Windows")
    for control in wanted["controls"]:
        CONTROL.validate(control)
    document = document_of(machine, wanted["reads"])
    return plan(wanted["controls"], document, role, reads=wanted["reads"], state=wanted["state"])


def document_of(machine: Machine, reads: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the reader answers for a role's reads."""
    request = merge_reads([{"registry": MEMORY_READS["registry"]}, reads])
    asked = {name: request.get(name, []) for name in OPTIONS}
    for entry in (*asked["registry"], *asked["user_registry"]):
        entry.setdefault("depth", 0)
        entry.setdefault("without", [])
    return read(machine, asked, [])


def found(result: Plan) -> dict[tuple[str, str | None], str]:
    """Return the status of each control (its name after the role's) and instance."""
    return {(item["control"].partition(".")[2], item["instance"]): item["status"] for item in result.records}


def reason(result: Plan, control: str, instance: str | None = None) -> str:
    """Return why a control has the status that it has."""
    records = [item for item in result.records if (item["control"], item["instance"]) == (control, instance)]
    assert len(records) == 1, result.records
    return str(records[0]["reason"])
