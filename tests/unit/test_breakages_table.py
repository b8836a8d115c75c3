"""Every control of every role on Windows has three breakages or more in the tables that tests/e2e goes through."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.e2e import breakages, breakages_client

ROOT = Path(__file__).resolve().parents[2]
BY_GROUP = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())["endpoint_roles_by_group"]
ROLES = sorted({role for roles in BY_GROUP.values() for role in roles})
TABLES = [
    *(breakages.BREAKAGES, breakages.BREAKAGES_MACHINE_WIDE, breakages.BREAKAGES_STORE_CONNECTION),
    *(breakages_client.BREAKAGES_CLIENT, breakages_client.BREAKAGES_STORE, breakages_client.BREAKAGES_REPORTED),
]


# Windows is not asked for the first; the service's connection has no SAML, and the fleet of those tests no Windows 10.
# They are broken in tests/unit/roles.
ELSEWHERE = {
    *("vpn_profile.certificate_filter", "vpn_profile.external_browser", "vpn_profile.ssl_vpn_mode"),
    "forticlient_install.windows_10_updates",
}


def controls_of(role: str) -> set[str]:
    """Return the role's controls; the data holds templates, so it is read as text."""
    files = [ROOT / f"roles/{role}/vars/{name}.yml" for name in ("main", "Windows")]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    return set(re.findall(r"^ *- id: (\S+)$", text, flags=re.MULTILINE)) - ELSEWHERE


def different() -> dict[str, int]:
    """Return how many breakages each control has that are not the same call as another."""
    calls: dict[str, set[str]] = {}
    for entry in (entry for table in TABLES for entry in table):
        found = {json.dumps(call, sort_keys=True) for call in entry["breakages"]}
        calls.setdefault(entry["control"], set()).update(found)
    return {control: len(found) for control, found in calls.items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_control_has_three_different_breakages(role: str) -> None:
    counts = different()
    controls = controls_of(role)
    assert controls
    assert {control: counts.get(control, 0) for control in controls if counts.get(control, 0) < 3} == {}


def test_no_table_breaks_a_control_that_no_role_has() -> None:
    assert set(different()) - {control for role in ROLES for control in controls_of(role)} == set()
