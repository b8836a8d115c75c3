"""smb_client: what a laptop asks of file servers, by release, edition, own setting and policy."""

from __future__ import annotations

import pytest

from lab.windows.machine import SERVICES, Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from tests.samples.mac_roles import planned as planned_on_mac
from tests.samples.roles import found, planned, reason

PARAMETERS = SERVICES + r"\LanmanWorkstation\Parameters"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\LanmanWorkstation"
SIGNING, GUESTS = "RequireSecuritySignature", "AllowInsecureGuestAuth"


def machine(os: str = "11-24H2", edition: str = "Pro") -> Machine:
    return build_windows("nb-1", Variant(os, edition, "ja-JP", "clean"), seed=1)


def put(pc: Machine, name: str, data: int, key: str = PARAMETERS) -> None:
    pc.registry.set(key, name, Value("REG_DWORD", data))


@pytest.mark.parametrize(
    ("os", "edition", "old_servers", "guest_servers"),
    [
        ("10-22H2", "Pro", "compliant", "compliant"),
        ("11-23H2", "Home", "compliant", "compliant"),
        ("11-24H2", "Pro", "not_applicable", "not_applicable"),
    ],
)
def test_an_old_nas_is_told_before_it_fails(os, edition, old_servers, guest_servers):
    result = planned("smb_client", machine(os, edition))
    assert found(result) == {("old_servers", None): old_servers, ("guest_servers", None): guest_servers}
    assert not result.as_dict()["has_writes"]
    if old_servers == "not_applicable":
        assert "an old NAS that cannot sign" in reason(result, "smb_client.old_servers")
        assert "a NAS without user names and passwords" in reason(result, "smb_client.guest_servers")


def test_what_is_set_on_the_laptop_counts_more_than_its_release():
    pc = machine()
    put(pc, SIGNING, 0)
    put(pc, GUESTS, 1)
    assert set(found(planned("smb_client", pc)).values()) == {"compliant"}
    old = machine("10-22H2")
    put(old, SIGNING, 1)
    put(old, GUESTS, 0)
    assert set(found(planned("smb_client", old)).values()) == {"not_applicable"}


def test_a_policy_counts_more_than_what_is_set():
    pc = machine("10-22H2")
    put(pc, GUESTS, 1)
    put(pc, GUESTS, 0, POLICY)
    assert found(planned("smb_client", pc))["guest_servers", None] == "not_applicable"


def test_home_of_24h2_is_not_known():
    pc = machine("11-24H2", "Home")
    pc.registry.delete_value(PARAMETERS, SIGNING)
    result = planned("smb_client", pc)
    assert set(found(result).values()) == {"not_applicable"}
    assert "is not known" in reason(result, "smb_client.old_servers")
    assert "is not known" in reason(result, "smb_client.guest_servers")


def test_both_are_set_where_asked():
    result = planned("smb_client", machine("10-22H2"), smb_client_require_signing=True, smb_client_allow_guests=False)
    assert found(result) == {("signing", None): "drifted", ("guests", None): "drifted"}
    writes = [(item["name"], item["data"]) for item in result.writes.as_dict()["registry"]]
    assert writes == [(SIGNING, 1), (GUESTS, 0)]


@pytest.mark.parametrize(("desired", "policy", "status"), [(True, 0, "managed_elsewhere"), (True, 1, "compliant")])
def test_group_policy_decides_about_guests(desired, policy, status):
    pc = machine()
    put(pc, GUESTS, int(desired))
    put(pc, GUESTS, policy, POLICY)
    result = planned("smb_client", pc, smb_client_allow_guests=desired)
    assert found(result)["guests", None] == status
    assert not result.as_dict()["has_writes"]


def test_nothing_is_looked_at_on_a_mac():
    assert planned_on_mac("smb_client").records == []
