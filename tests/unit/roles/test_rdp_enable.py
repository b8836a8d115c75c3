"""rdp_enable: what its controls say of machines of every kind."""

from __future__ import annotations

import pytest

from lab.windows.machine import CURRENT_VERSION, TERMINAL_SERVER, Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from lab.windows.seed.conditions import POLICY_TERMINAL, apply_group_policy
from lab.windows.seed.windows import RDP_TCP
from tests.samples.roles import found, planned, reason

USERS = "S-1-5-32-555"
TCP, UDP = "RemoteDesktop-UserMode-In-TCP", "RemoteDesktop-UserMode-In-UDP"


def machine(condition: str = "clean", edition: str = "Pro", language: str = "ja-JP") -> Machine:
    return build_windows("pc-1", Variant("11-24H2", edition, language, condition), seed=1)


@pytest.mark.parametrize("language", ["ja-JP", "en-US"])
def test_a_clean_machine_gets_everything_but_what_windows_has_right(language):
    result = planned("rdp_enable", machine(language=language))
    assert found(result) == {
        ("connections", None): "drifted",
        ("nla", None): "compliant",
        ("service", None): "compliant",
        ("running", None): "drifted",
        ("firewall", TCP): "drifted",
        ("firewall", UDP): "drifted",
        **{("reachable", name): "drifted" for name in ("Domain", "Private", "Public")},
        ("reachable_now", None): "drifted",
        ("listener", None): "compliant",
    }
    writes = result.writes.as_dict()
    assert [(item["name"], item["data"]) for item in writes["registry"]] == [("fDenyTSConnections", 0)]
    assert [item["parameters"] for item in writes["firewall"]] == [
        {"Rule": TCP, "Enabled": True},
        {"Rule": UDP, "Enabled": True},
    ]
    assert [{key: item.get(key) for key in ("name", "start_mode", "state")} for item in writes["services"]] == [
        {"name": "TermService", "start_mode": None, "state": "started"}
    ]
    assert writes["groups"] == []


@pytest.mark.parametrize("edition", ["Core", "CoreN", "CoreSingleLanguage", "CoreCountrySpecific"])
def test_windows_home_has_no_host_and_nothing_is_set(edition):
    home = machine(edition="Home")
    home.registry.set(CURRENT_VERSION, "EditionID", Value("REG_SZ", edition))
    result = planned("rdp_enable", home, rdp_enable_users=["taro"], rdp_enable_remote_addresses=["LocalSubnet"])
    assert set(found(result).values()) == {"not_applicable"}
    assert len(result.records) == 17
    assert "Windows Home has no Remote Desktop host" in reason(result, "rdp_enable.connections")
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize("edition", ["Professional", "Enterprise", "Education", "ProfessionalWorkstation"])
def test_other_editions_have_one(edition):
    other = machine()
    other.registry.set(CURRENT_VERSION, "EditionID", Value("REG_SZ", edition))
    assert found(planned("rdp_enable", other))["connections", None] == "drifted"


def test_a_disabled_service_is_made_manual_and_started_in_one_write():
    result = planned("rdp_enable", machine("drifted"))
    (item,) = result.writes.as_dict()["services"]
    assert (item["name"], item["start_mode"], item["state"]) == ("TermService", "manual", "started")


def test_an_automatic_service_is_left_alone():
    pc = machine()
    pc.registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\TermService", "Start", Value("REG_DWORD", 2))
    assert found(planned("rdp_enable", pc))["service", None] == "compliant"


def test_group_policy_that_forbids_remote_desktop_is_reported_and_nothing_is_set():
    pc = machine()
    apply_group_policy(pc, "remote_desktop_off")
    result = planned("rdp_enable", pc)
    assert found(result)["connections", None] == "managed_elsewhere"
    assert found(result)["firewall", TCP] == found(result)["running", None] == "managed_elsewhere"
    assert r"Terminal Services\fDenyTSConnections=1" in reason(result, "rdp_enable.connections")
    assert not result.as_dict()["has_writes"]


def test_group_policy_that_forbids_is_reported_also_where_the_own_setting_is_right():
    pc = machine()
    pc.registry.set(TERMINAL_SERVER, "fDenyTSConnections", Value("REG_DWORD", 0))
    apply_group_policy(pc, "remote_desktop_off")
    assert found(planned("rdp_enable", pc))["connections", None] == "managed_elsewhere"


def test_group_policy_that_agrees_is_no_obstacle():
    pc = machine()
    apply_group_policy(pc, "remote_desktop_on")
    result = planned("rdp_enable", pc)
    assert found(result)["connections", None] == "drifted"
    assert found(result)["nla", None] == "compliant"


def test_group_policy_without_nla_is_reported():
    pc = machine()
    pc.registry.set(POLICY_TERMINAL, "UserAuthentication", Value("REG_DWORD", 0))
    result = planned("rdp_enable", pc)
    assert found(result)["nla", None] == "managed_elsewhere"
    assert found(result)["connections", None] == "drifted"


def test_nla_that_somebody_switched_off_comes_back():
    pc = machine()
    pc.registry.set(RDP_TCP, "UserAuthentication", Value("REG_DWORD", 0))
    result = planned("rdp_enable", pc)
    assert found(result)["nla", None] == "drifted"


def test_a_listener_that_somebody_disabled_is_enabled_again():
    pc = machine()
    pc.registry.set(RDP_TCP, "fEnableWinStation", Value("REG_DWORD", 0))
    result = planned("rdp_enable", pc)
    assert found(result)["listener", None] == "drifted"
    assert ("fEnableWinStation", 1) in [(item["name"], item["data"]) for item in result.writes.as_dict()["registry"]]
    assert "restarted" in result.effects["rdp_enable.listener"]


def test_local_rules_that_group_policy_does_not_merge_are_not_written():
    pc = machine()
    apply_group_policy(pc, "no_local_rules")
    result = planned("rdp_enable", pc)
    assert found(result)["firewall", TCP] == found(result)["firewall", UDP] == "managed_elsewhere"
    assert result.writes.as_dict()["firewall"] == []
    assert found(result)["connections", None] == "drifted"


def test_the_scope_is_only_looked_at_when_one_is_desired():
    assert ("remote_address", TCP) not in found(planned("rdp_enable", machine()))
    result = planned("rdp_enable", machine(), rdp_enable_remote_addresses=["LocalSubnet", "192.0.2.0/24"])
    (tcp, _udp) = result.writes.as_dict()["firewall"]
    assert tcp["parameters"]["RemoteAddress"] == ["LocalSubnet", "192.0.2.0/255.255.255.0"]


def test_people_are_added_by_name_or_sid_and_others_and_orphans_stay():
    pc = machine()
    (first, second, *_) = [sid for sid, user in pc.users.items() if user.enabled]
    orphan = "S-1-5-21-9-9-9-1234"
    pc.groups[USERS].members |= {orphan, first}
    first_name = pc.users[first].name.upper()
    desired = [first_name, second, "S-1-12-1-1-2-3-4"]
    result = planned("rdp_enable", pc, rdp_enable_users=desired)
    assert found(result)["users", USERS] == "drifted"
    (item,) = result.writes.as_dict()["groups"]
    assert (item["members"], item["state"]) == ([second, "S-1-12-1-1-2-3-4"], "present")
    assert item["name"] == "Remote Desktop Users"


def test_without_users_the_group_is_not_looked_at():
    assert ("users", USERS) not in found(planned("rdp_enable", machine()))
