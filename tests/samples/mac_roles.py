"""Helps the tests of what a role wants of a Mac: its controls, templated as Ansible does, against a state document."""

from __future__ import annotations

from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from plugins.plugin_utils.controls.controls import plain
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import Plan, plan
from tests.samples.documents import mac
from tests.samples.roles import CONTROL, ROLES


def variables_of(role: str, *files: str) -> dict[str, Any]:
    """Return what these files of a role say, templates and all."""
    loader = DataLoader()
    variables: dict[str, Any] = {}
    for file in files:
        variables |= loader.load_from_file(str(ROLES / role / file), trusted_as_template=True) or {}
    return variables


def templated(variables: dict[str, Any], name: str) -> Any:
    """Return one variable, worked out."""
    return plain(Templar(loader=DataLoader(), variables=variables).template(variables[name]))


def planned(role: str, document: dict[str, Any] | None = None, **overrides: Any) -> Plan:
    """Return what a role would do to a Mac, with its defaults and these variables; its controls fit the schema."""
    wanted = desired(role, DataLoader(), overrides, "Darwin")
    for control in wanted["controls"]:
        CONTROL.validate(control)
    return plan(wanted["controls"], document or mac(), role, reads=wanted["reads"], state=wanted["state"])
