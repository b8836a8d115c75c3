"""vpn_profile on Windows: a registry key that the role made goes again with the role, unless somebody else uses it."""

from __future__ import annotations

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from tests.samples.roles import planned

FORTICLIENT = r"HKLM\SOFTWARE\Fortinet\FortiClient"
SELF_UPDATE = FORTICLIENT + r"\FA_UPDATE"
NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
DESIRED = {
    "vpn_profile_connections": [{"name": "IMR", "gateway": "vpn.example.org"}],
    "vpn_profile_self_update": False,
}


def prepared(*missing: str) -> Machine:
    """Return a machine on which the role wrote self_update, and whose client had never made these keys before."""
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "drifted"), seed=1)
    for key in missing:
        machine.registry.delete_key(FORTICLIENT + key)
    note = planned("vpn_profile", machine, **DESIRED).keep
    for item in planned("vpn_profile", machine, **DESIRED).writes.as_dict()["registry"]:
        if "name" in item and item["type"] in ("dword", "string"):
            value = Value({"dword": "REG_DWORD", "string": "REG_SZ"}[item["type"]], item["data"])
            machine.registry.set(item["path"].replace(":", ""), item["name"], value)
    assert note
    machine.registry.set(NOTE, "vpn_profile", Value("REG_SZ", note))
    return machine


def keys_that_go(machine: Machine) -> list[str]:
    back = planned("vpn_profile", machine, vpn_profile_state="absent", **DESIRED)
    gone = [item["path"] for item in back.writes.as_dict()["registry"] if item.get("delete_key")]
    return [path.rpartition("FortiClient\\")[2] for path in gone]


def test_an_empty_key_of_the_role_s_own_goes_with_its_value():
    assert keys_that_go(prepared(r"\FA_UPDATE")) == ["FA_UPDATE"]


def test_all_the_keys_above_a_connection_go_when_the_role_made_them():
    assert keys_that_go(prepared(r"\Sslvpn")) == [r"Sslvpn\Tunnels\IMR", r"Sslvpn\Tunnels", "Sslvpn"]


def test_a_key_that_was_there_stays():
    assert keys_that_go(prepared()) == []


@pytest.mark.parametrize("theirs", ["a value", "a key"])
def test_a_key_that_somebody_else_uses_by_now_stays(theirs):
    machine = prepared(r"\FA_UPDATE")
    if theirs == "a value":
        machine.registry.set(SELF_UPDATE, "theirs", Value("REG_DWORD", 1))
    else:
        machine.registry.create(SELF_UPDATE + r"\Theirs")
    assert keys_that_go(machine) == []
