"""smb_firewall_scope: what its controls say of machines of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.built_in_rules import POLICY
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from lab.windows.seed.conditions import POLICY_FIREWALL, apply_group_policy, edit_rule
from lab.windows.seed.windows import LSA, SECURITY_CENTER
from tests.samples.roles import found, planned, reason

PROFILES = ("Domain", "Private", "Public")
PRIVATE, DOMAIN, V2 = "FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope", "FPS-SMB-In-TCP-V2"
NETWORK = {"smb_firewall_scope_remote_addresses": ["192.0.2.0/24", "2001:db8::/32"]}
ON, OFF, SNOOZED, EXPIRED = 0x41000, 0x40000, 0x42000, 0x43000


def machine(os: str = "11-24H2", condition: str = "clean", language: str = "ja-JP") -> Machine:
    return build_windows("pc-1", Variant(os, "Pro", language, condition), seed=1)


def judge(pc: Machine, **overrides: Any) -> Any:
    return planned("smb_firewall_scope", pc, **NETWORK, **overrides)


def with_firewall(state: Value | None, name: str | None = "Some Suite Firewall") -> Machine:
    pc = machine()
    key = SECURITY_CENTER + r"\Fw\{634985E4-9E49-0F00-ABB6-20B202DBA5D7}"
    pc.registry.create(key)
    if name is not None:
        pc.registry.set(key, "DISPLAYNAME", Value("REG_SZ", name))
    if state is not None:
        pc.registry.set(key, "STATE", state)
    return pc


def on(state: int) -> Value:
    return Value("REG_DWORD", state)


@pytest.mark.parametrize("language", ["ja-JP", "en-US"])
def test_each_rule_gets_the_networks_of_both_families_and_keeps_the_rest(language):
    result = judge(machine(language=language))
    assert found(result) == {
        **{("remote_address", name): "drifted" for name in (PRIVATE, DOMAIN, V2)},
        **{("reachable", name): "not_applicable" for name in PROFILES},
        ("reachable_now", None): "not_applicable",
        **{("closed_to_others", name): "compliant" for name in PROFILES},
        ("blank_passwords", None): "compliant",
        ("guests", None): "compliant",
        ("anonymous_users", None): "compliant",
        ("anonymous_shares", None): "compliant",
        # What stands behind the rules: test_smb_firewall_scope_behind.py.
        **{(control, None): "compliant" for control in ("service", "running", "answers")},
        ("share", "*"): "not_applicable",
        ("old_clients", None): "not_applicable",
    }
    desired = ["LocalSubnet", "192.0.2.0/255.255.255.0", "2001:db8::/32"]
    assert [item["parameters"] for item in result.writes.as_dict()["firewall"]] == [
        {"Rule": name, "RemoteAddress": desired} for name in (PRIVATE, DOMAIN, V2)
    ]


def test_a_version_of_windows_without_the_newest_rule_is_reported():
    assert found(judge(machine("10-22H2")))["remote_address", V2] == "not_applicable"


@pytest.mark.parametrize("desired", [True, False])
def test_rules_are_switched_only_when_asked(desired):
    pc = machine()
    edit_rule(pc, DOMAIN, ("Active=FALSE", "Active=TRUE"))
    assert not [control for control, _ in found(judge(pc)) if control == "enabled"]
    result = judge(pc, smb_firewall_scope_enable=desired)
    assert found(result)["enabled", PRIVATE] == ("drifted" if desired else "compliant")
    assert found(result)["enabled", DOMAIN] == ("compliant" if desired else "drifted")
    states = {
        item["parameters"]["Rule"]: item["parameters"].get("Enabled") for item in result.writes.as_dict()["firewall"]
    }
    assert states == ({PRIVATE: True, DOMAIN: None, V2: True} if desired else {PRIVATE: None, DOMAIN: False, V2: None})


def test_profiles_are_set_only_when_asked_and_the_domain_twin_keeps_its_own():
    assert not [control for control, _ in found(judge(machine())) if control == "profiles"]
    result = judge(machine(), smb_firewall_scope_profiles=["Private"])
    assert {name: status for (control, name), status in found(result).items() if control == "profiles"} == {
        PRIVATE: "drifted",
        V2: "drifted",
    }
    profiles = {
        item["parameters"]["Rule"]: item["parameters"].get("ProfileName")
        for item in result.writes.as_dict()["firewall"]
    }
    assert profiles == {PRIVATE: ["Private"], DOMAIN: None, V2: ["Private"]}


def test_profiles_in_another_order_are_the_same():
    result = judge(machine(), smb_firewall_scope_profiles=["Public", "Private"])
    assert found(result)["profiles", PRIVATE] == "compliant"


def test_another_maker_s_firewall_that_is_on_is_reported_by_its_name_and_nothing_is_written():
    result = judge(with_firewall(on(ON)))
    assert found(result)["remote_address", PRIVATE] == "managed_elsewhere"
    assert "Some Suite Firewall" in reason(result, "smb_firewall_scope.remote_address", PRIVATE)
    assert result.writes.as_dict()["firewall"] == []


def test_a_nameless_one_is_reported_by_its_number():
    result = judge(with_firewall(on(ON), name=None))
    assert "{634985E4-9E49-0F00-ABB6-20B202DBA5D7}" in reason(result, "smb_firewall_scope.remote_address", PRIVATE)


def test_it_voids_a_scope_that_is_right():
    pc = with_firewall(on(ON))
    desired = {"smb_firewall_scope_remote_addresses": [], "smb_firewall_scope_local_subnet": True}
    result = planned("smb_firewall_scope", pc, **desired)
    assert found(result)["remote_address", PRIVATE] == "managed_elsewhere"


@pytest.mark.parametrize("state", [OFF, SNOOZED, EXPIRED])
def test_one_that_does_not_protect_does_not_count(state):
    assert found(judge(with_firewall(on(state))))["remote_address", PRIVATE] == "drifted"


@pytest.mark.parametrize("state", [None, Value("REG_SZ", "on")])
def test_one_that_does_not_say_whether_it_is_on_is_an_error(state):
    result = judge(with_firewall(state))
    assert found(result)["remote_address", PRIVATE] == "error"
    assert "does not say whether it is on" in reason(result, "smb_firewall_scope.remote_address", PRIVATE)
    assert result.writes.as_dict()["firewall"] == []


def test_a_left_over_of_a_removed_program_can_be_passed_by():
    result = judge(with_firewall(on(ON)), smb_firewall_scope_heed_other_firewalls=False)
    assert found(result)["remote_address", PRIVATE] == "drifted"


def test_a_machine_without_the_security_center_s_list_has_no_other_firewall():
    pc = machine()
    pc.registry.delete_key(SECURITY_CENTER)
    assert found(judge(pc))["remote_address", PRIVATE] == "drifted"


def test_a_firewall_that_is_switched_off_is_reported_for_the_rules_of_that_profile():
    pc = machine()
    pc.registry.set(POLICY + r"\StandardProfile", "EnableFirewall", on(0))
    result = judge(pc)
    assert found(result)["remote_address", PRIVATE] == found(result)["remote_address", V2] == "managed_elsewhere"
    assert found(result)["remote_address", DOMAIN] == "drifted"
    assert r"StandardProfile\EnableFirewall=0" in reason(result, "smb_firewall_scope.remote_address", PRIVATE)


def test_a_policy_rule_that_blocks_is_reported_by_its_name():
    pc = machine()
    apply_group_policy(pc, "firewall_rule")
    result = judge(pc)
    assert found(result)["remote_address", PRIVATE] == "managed_elsewhere"
    assert "{8A7C5C0E-5C1B-4B7A-9F0D-8E6B1C7D2A33}" in reason(result, "smb_firewall_scope.remote_address", PRIVATE)


def test_local_rules_that_are_not_merged_in_another_profile_do_not_concern_a_rule():
    pc = machine()
    pc.registry.set(POLICY_FIREWALL + r"\DomainProfile", "AllowLocalPolicyMerge", on(0))
    result = judge(pc)
    assert found(result)["remote_address", DOMAIN] == "managed_elsewhere"
    assert found(result)["remote_address", PRIVATE] == "drifted"


def test_shares_without_a_password_are_found_and_closed():
    pc = machine(condition="drifted")
    pc.registry.set(LSA, "LimitBlankPasswordUse", on(0))
    pc.registry.set(LSA, "forceguest", on(1))
    result = judge(pc)
    for control in ("blank_passwords", "guests", "anonymous_users", "anonymous_shares"):
        assert found(result)[control, None] == "drifted"
    written = {item["name"].lower(): item["data"] for item in result.writes.as_dict()["registry"]}
    assert written == {
        "limitblankpassworduse": 1,
        "forceguest": 0,
        "everyoneincludesanonymous": 0,
        "restrictnullsessaccess": 1,
    }
