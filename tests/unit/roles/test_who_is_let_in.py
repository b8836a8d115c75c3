"""smb_firewall_scope and rdp_enable: the outcome, on a machine on which the role's own settings are all right.

Each situation changes one thing beside them, and has its literal message.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from lab.windows.machine import Machine
from lab.windows.machine.built_in_rules import POLICY, RULES
from lab.windows.machine.parts import Adapter
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from lab.windows.seed.conditions import POLICY_FIREWALL, edit_rule
from lab.windows.seed.network import DOMAIN, NETWORKS, PUBLIC
from lab.windows.seed.windows import RDP_TCP
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import read_back
from plugins.plugin_utils.plan.undo import undo_plan
from plugins.plugin_utils.state.firewall_places import RESTRICTED
from plugins.plugin_utils.state.request import MEMORY_KEY
from plugins.plugin_utils.values.rule_match import LEFT_OUT
from tests.samples.roles import ROLES, document_of, found, planned, reason

MDM = POLICY + r"\Mdm"
SMB_RULES = ("FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope", "FPS-SMB-In-TCP-V2")
RDP_RULES = ("RemoteDesktop-UserMode-In-TCP", "RemoteDesktop-UserMode-In-UDP")
SCOPE = "RA4=172.31.0.0/255.255.0.0|RA4=LocalSubnet|RA6=LocalSubnet|"
SMB_WISH = {"smb_firewall_scope_remote_addresses": ["172.31.0.0/16"], "smb_firewall_scope_enable": True}
IN = "Active=TRUE|Dir=In|Protocol=6|"
PROFILES = ("Domain", "Private", "Public")


@pytest.fixture
def pc() -> Machine:
    """A machine whose own rules are as both roles set them."""
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)
    for name in SMB_RULES:
        changes = (
            ("Active=FALSE", "Active=TRUE"),
            ("RA4=LocalSubnet|RA6=LocalSubnet|", ""),
            ("LPort=445|", f"LPort=445|{SCOPE}"),
        )
        edit_rule(machine, name, *changes)
    for name in RDP_RULES:
        edit_rule(machine, name, ("Active=FALSE", "Active=TRUE"))
    return machine


def smb(machine: Machine, **wish: Any) -> Any:
    return planned("smb_firewall_scope", machine, **SMB_WISH | wish)


def rdp(machine: Machine, **wish: Any) -> Any:
    return planned("rdp_enable", machine, **wish)


def outcome(result: Any) -> dict[tuple[str, str | None], str]:
    return {key: status for key, status in found(result).items() if key[0] in ("reachable", "closed_to_others")}


def of_the_firewall(result: Any) -> dict[tuple[str, str | None], str]:
    # A fresh machine shares no folder, and what cannot sign is told and not wrong.
    return {key: status for key, status in found(result).items() if key[0] not in ("share", "old_clients")}


def add(machine: Machine, key: str, name: str, fields: str) -> None:
    machine.registry.create(key)
    machine.registry.set(key, name, Value("REG_SZ", f"v2.33|{fields}"))


def switch(machine: Machine, key: str, name: str, number: int) -> None:
    machine.registry.create(key)
    machine.registry.set(key, name, Value("REG_DWORD", number))


def said(result: Any, control: str, profile: str = "Private") -> tuple[str, str]:
    return found(result)[control.partition(".")[2], profile], reason(result, control, profile)


ALL_GOOD = {(control, name): "compliant" for control in ("reachable", "closed_to_others") for name in PROFILES}


def test_a_machine_that_is_right_is_right(pc):
    assert outcome(smb(pc)) == ALL_GOOD
    assert set(of_the_firewall(smb(pc)).values()) == {"compliant"}
    assert outcome(rdp(pc)) == {("reachable", name): "compliant" for name in PROFILES}
    assert outcome(rdp(pc, rdp_enable_remote_addresses=["172.31.0.0/16"]))["closed_to_others", "Private"] == "drifted"


@pytest.mark.parametrize(("judge", "port"), [(smb, 445), (rdp, 3389)])
def test_a_local_rule_that_blocks_the_port_is_drifted_and_named(pc, judge, port):
    add(pc, RULES, "{0B}", f"Action=Block|{IN}LPort={port}|Name=Block it|")
    result = judge(pc)
    role = {445: "smb_firewall_scope", 3389: "rdp_enable"}[port]
    who = {445: "LocalSubnet and 172.31.0.0/16 are", 3389: "all addresses are"}[port]
    assert said(result, f"{role}.reachable") == (
        "drifted",
        f'{who} blocked by rule "Block it" ({{0B}}) of this machine, added by a person or a program',
    )
    (record,) = [
        item for item in result.records if (item["control"], item["instance"]) == (f"{role}.reachable", "Private")
    ]
    assert "Disable-NetFirewallRule" in record["next"]
    assert not result.writes.as_dict()["firewall"]


def test_a_second_rule_that_allows_any_address_is_drifted_and_named(pc):
    add(pc, RULES, "{0A}", f"Action=Allow|{IN}LPort=445|Name=NAS sync|")
    assert said(smb(pc), "smb_firewall_scope.closed_to_others") == (
        "drifted",
        'all addresses are let in by rule "NAS sync" ({0A}) of this machine, added by a person or a program',
    )


def test_another_rule_of_windows_for_the_same_port_is_named(pc):
    edit_rule(pc, "RemoteSvcAdmin-NP-In-TCP-NoScope", ("Active=FALSE", "Active=TRUE"))
    assert said(smb(pc), "smb_firewall_scope.closed_to_others", "Domain") == (
        "drifted",
        "all addresses are let in by rule RemoteSvcAdmin-NP-In-TCP-NoScope of this machine, built into Windows",
    )


def on_network(machine: Machine, category: int, interface: str, gateway: str = "") -> None:
    """Put the machine on one more network."""
    profile = f"{{{len(machine.adapters):032}}}"
    known = {"ProfileName": Value("REG_SZ", "Lab"), "Category": Value("REG_DWORD", category)}
    machine.registry.update(f"{NETWORKS}\\{profile}", known)
    machine.adapters.append(Adapter(interface, interface, gateway=gateway, profile=profile))


@pytest.mark.parametrize(("judge", "port"), [(smb, 445), (rdp, 3389)])
def test_on_a_network_that_windows_takes_for_public_nobody_gets_in(pc, judge, port):
    role = {445: "smb_firewall_scope", 3389: "rdp_enable"}[port]
    for name in (*SMB_RULES, *RDP_RULES):
        edit_rule(pc, name, ("|Profile=Public", ""), ("|LPort", "|Profile=Private|LPort"))
    assert found(judge(pc))["reachable_now", None] == "compliant"
    on_network(pc, PUBLIC, "Ethernet 4", gateway="192.0.2.1")
    result = judge(pc)
    who = {445: "LocalSubnet and 172.31.0.0/16", 3389: "anybody"}[port]
    assert (found(result)["reachable_now", None], reason(result, f"{role}.reachable_now", None)) == (
        "drifted",
        f'network "Lab" on Ethernet 4, to Windows a Public one: no rule lets {who} in to TCP {port}',
    )
    (record,) = [item for item in result.records if item["control"] == f"{role}.reachable_now"]
    assert "Set-NetConnectionProfile -InterfaceAlias" in record["next"]
    assert record["severity"] == "high"


def test_a_virtual_switch_beside_the_network_is_not_judged(pc):
    switch(pc, POLICY + r"\PublicProfile", "DoNotAllowExceptions", 1)
    on_network(pc, PUBLIC, "vEthernet (Default Switch)")
    assert found(smb(pc))["reachable_now", None] == "compliant"
    assert found(rdp(pc))["reachable_now", None] == "compliant"
    for adapter in pc.adapters:
        adapter.gateway = ""
    assert found(smb(pc))["reachable_now", None] == "drifted"


def test_a_domain_network_goes_by_the_domain_profile(pc):
    switch(pc, POLICY + r"\DomainProfile", "DoNotAllowExceptions", 1)
    assert found(rdp(pc))["reachable_now", None] == "compliant"
    on_network(pc, DOMAIN, "Ethernet 4", gateway="192.0.2.1")
    assert found(rdp(pc))["reachable_now", None] == "drifted"


def test_group_policy_that_keeps_everybody_out_is_somebody_elses(pc):
    switch(pc, POLICY_FIREWALL + r"\PrivateProfile", "DoNotAllowExceptions", 1)
    assert found(smb(pc))["reachable_now", None] == "managed_elsewhere"
    assert found(rdp(pc))["reachable_now", None] == "managed_elsewhere"


@pytest.mark.parametrize(
    ("networks", "why"),
    [
        ({"connected": {"error": "Invalid class"}}, "Invalid class"),
        ({"connected": {"exists": False, "connected": []}}, "Windows names no network that this machine is on now"),
        (
            {"connected": {"exists": True, "connected": [{"name": str(number)} for number in range(257)]}},
            "Windows names 257 networks that this machine is on now; no machine is on so many",
        ),
        (
            {"connected": {"exists": True, "connected": "xy"}},
            "the networks that this machine is on now are not as the reader tells them",
        ),
        (
            {"connected": {"exists": True, "connected": ["xy"]}},
            "the networks that this machine is on now are not as the reader tells them",
        ),
        (
            {"connected": {"exists": True, "connected": [{"name": "n", "category": [1], "interface": "i", "ipv4": 4}]}},
            "the category of the network n is [1]",
        ),
        ({"connected": {"exists": True, "connected": [{"name": "x", "interface": "y", "category": 7, "ipv4": 4}]}},
         "the category of the network x is 7"),
    ],
)  # fmt: skip
def test_networks_that_are_not_told_are_an_error_and_nothing_else_is(pc, networks, why):
    wanted = desired("smb_firewall_scope", DataLoader(), SMB_WISH, "Windows")
    document = document_of(pc, wanted["reads"]) | {"networks": networks}
    result = plan(wanted["controls"], document, "smb_firewall_scope", reads=wanted["reads"])
    assert found(result)["reachable_now", None] == "error"
    assert why in reason(result, "smb_firewall_scope.reachable_now", None)
    assert outcome(result) == ALL_GOOD


def test_an_inbound_default_of_allow_is_drifted(pc):
    switch(pc, POLICY + r"\StandardProfile", "DefaultInboundAction", 0)
    assert said(smb(pc), "smb_firewall_scope.closed_to_others") == (
        "drifted",
        "all addresses are let in by the Private profile, which allows what no rule blocks "
        r"(local settings: StandardProfile\DefaultInboundAction=0)",
    )
    assert outcome(smb(pc)) == {**ALL_GOOD, ("closed_to_others", "Private"): "drifted"}


def test_no_exceptions_is_drifted(pc):
    switch(pc, POLICY + r"\PublicProfile", "DoNotAllowExceptions", 1)
    words = (
        "blocked by the Public profile, which blocks all incoming connections "
        r"(local settings: PublicProfile\DoNotAllowExceptions=1)"
    )
    assert said(smb(pc), "smb_firewall_scope.reachable", "Public") == (
        "drifted",
        f"LocalSubnet and 172.31.0.0/16 are {words}",
    )
    assert said(rdp(pc), "rdp_enable.reachable", "Public") == ("drifted", f"all addresses are {words}")


def test_a_firewall_that_group_policy_has_switched_off_is_managed_elsewhere(pc):
    switch(pc, POLICY_FIREWALL + r"\PrivateProfile", "EnableFirewall", 0)
    result = smb(pc)
    assert said(result, "smb_firewall_scope.closed_to_others") == (
        "managed_elsewhere",
        "Group Policy or MDM decides; all addresses are let in by the Private profile, in which the firewall is off "
        r"(Group Policy: PrivateProfile\EnableFirewall=0)",
    )
    assert said(result, "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP")[0] == "managed_elsewhere"


def test_an_old_local_off_under_a_policy_that_says_on_does_not_count(pc):
    switch(pc, POLICY + r"\StandardProfile", "EnableFirewall", 0)
    switch(pc, POLICY_FIREWALL + r"\PrivateProfile", "EnableFirewall", 1)
    assert set(of_the_firewall(smb(pc)).values()) == {"compliant"}


def test_a_firewall_that_somebody_has_switched_off_is_drifted(pc):
    switch(pc, POLICY + r"\StandardProfile", "EnableFirewall", 0)
    assert said(smb(pc), "smb_firewall_scope.closed_to_others") == (
        "drifted",
        "all addresses are let in by the Private profile, in which the firewall is off "
        r"(local settings: StandardProfile\EnableFirewall=0)",
    )


@pytest.mark.parametrize(
    ("key", "owner"),
    [(MDM + r"\FirewallRules", "MDM (Intune and the like)"), (POLICY_FIREWALL + r"\FirewallRules", "Group Policy")],
)
def test_a_rule_of_a_stronger_store_is_managed_elsewhere_and_named(pc, key, owner):
    add(pc, key, "{0C}", f"Action=Block|{IN}LPort=445|Name=Baseline|")
    result = smb(pc)
    assert said(result, "smb_firewall_scope.reachable") == (
        "managed_elsewhere",
        "Group Policy or MDM decides; LocalSubnet and 172.31.0.0/16 are blocked by "
        f'rule "Baseline" ({{0C}}) of {owner}',
    )
    assert said(result, "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP") == (
        "managed_elsewhere",
        'Group Policy or MDM keeps the desired networks out (Private profile) ("{0C}"); '
        "the endpoint's own setting is right, but has no effect",
    )
    add(pc, key, "{0C}", f"Action=Allow|{IN}LPort=445|Name=Baseline|")
    assert said(smb(pc), "smb_firewall_scope.closed_to_others") == (
        "managed_elsewhere",
        f'Group Policy or MDM decides; all addresses are let in by rule "Baseline" ({{0C}}) of {owner}',
    )


@pytest.mark.parametrize(
    "fields",
    [
        f"Action=Block|{IN}LPort=445|App=C:\\Program Files\\Scan\\scan.exe|Name=x|",
        f"Action=Block|{IN}App=%SystemRoot%\\system32\\svchost.exe|Svc=CDPSvc|Name=x|",
        f"Action=Allow|{IN}App=C:\\Program Files\\Scan\\scan.exe|Name=x|",
        f"Action=Block|{IN}LPort=5000|RA4=|garbage|Name=x|",
        "Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=445|AppPkgId=S-1-15-2-1|",
    ],
)
@pytest.mark.parametrize("key", [POLICY_FIREWALL + r"\FirewallRules", MDM + r"\FirewallRules", RULES])
def test_a_rule_for_one_program_or_another_port_says_nothing_of_the_shares(pc, key, fields):
    add(pc, key, "{0D}", fields)
    edit_rule(pc, "FPS-SMB-In-TCP", (SCOPE, ""))
    result = smb(pc)
    assert found(result)["remote_address", "FPS-SMB-In-TCP"] == "drifted"
    assert result.writes.as_dict()["firewall"]


def test_remote_desktop_on_another_port_is_not_let_in_by_windows_own_rule(pc):
    switch(pc, RDP_TCP, "PortNumber", 3390)
    result = rdp(pc)
    assert said(result, "rdp_enable.reachable") == ("drifted", "no rule lets anybody in to TCP 3390")
    (record,) = [
        item for item in result.records if (item["control"], item["instance"]) == ("rdp_enable.reachable", "Private")
    ]
    assert (record["expected"], record["actual"]) == (["somebody"], ["nobody"])
    add(pc, RULES, "{0E}", f"Action=Allow|{IN}LPort=3390|Name=RDP 3390|")
    assert outcome(rdp(pc)) == {("reachable", name): "compliant" for name in PROFILES}


def test_a_port_that_is_none_is_an_error(pc):
    pc.registry.set(RDP_TCP, "PortNumber", Value("REG_SZ", "3389"))
    status, words = said(rdp(pc), "rdp_enable.reachable")
    assert status == "error"
    assert "PortNumber (REG_SZ): '3389' is no port" in words


def test_windows_own_file_sharing_rules_that_are_gone_are_drifted_with_a_cure(pc):
    for name in SMB_RULES:
        pc.registry.delete_value(RULES, name)
    result = smb(pc)
    assert sorted(outcome(result).items()) == sorted(
        {**ALL_GOOD, **{("reachable", name): "drifted" for name in PROFILES}}.items()
    )
    assert said(result, "smb_firewall_scope.reachable") == (
        "drifted",
        "no rule lets LocalSubnet and 172.31.0.0/16 in to TCP 445",
    )
    (record,) = [
        item
        for item in result.records
        if (item["control"], item["instance"]) == ("smb_firewall_scope.reachable", "Public")
    ]
    assert "Restore Default Policy" in record["next"]


def test_local_rules_that_are_not_merged_keep_everybody_out(pc):
    switch(pc, MDM + r"\StandardProfile", "AllowLocalPolicyMerge", 0)
    result = smb(pc)
    assert said(result, "smb_firewall_scope.reachable") == (
        "managed_elsewhere",
        "Group Policy or MDM decides; no rule lets LocalSubnet and 172.31.0.0/16 in to TCP 445; "
        r"rules of this machine do not count (MDM (Intune and the like): StandardProfile\AllowLocalPolicyMerge=0)",
    )
    assert said(result, "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP") == (
        "managed_elsewhere",
        r'Local firewall rules are not merged ("MDM (Intune and the like): StandardProfile\AllowLocalPolicyMerge=0"); '
        "the endpoint's own setting is right, but has no effect",
    )


@pytest.mark.parametrize("profile", ["Domain", "Private"])
def test_group_policy_s_exception_for_file_sharing_counts_as_a_rule(pc, profile):
    key = rf"{POLICY_FIREWALL}\{profile}Profile\Services\FileAndPrint"
    switch(pc, key, "Enabled", 0)
    assert said(smb(pc), "smb_firewall_scope.reachable", profile)[0] == "managed_elsewhere"
    switch(pc, key, "Enabled", 1)
    pc.registry.set(key, "RemoteAddresses", Value("REG_SZ", "localsubnet,10.0.0.0/24"))
    assert said(smb(pc), "smb_firewall_scope.closed_to_others", profile) == (
        "managed_elsewhere",
        "Group Policy or MDM decides; 10.0.0.0/24 is let in by rule "
        rf"{profile}Profile\Services\FileAndPrint of Group Policy",
    )


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (f"v2.33|Action=Block|{IN}LPort=445|RA4=|Name=x|", "RA4 is empty"),
        (f"v2.33|Action=Block|{IN}LUAuth=O:LSD:(A;;CC;;;AU)|Name=x|", "some local accounts"),
        ("nonsense", "begins with its version"),
    ],
)
def test_a_rule_that_cannot_be_understood_and_might_matter_is_an_error_of_this_control(pc, text, doubt):
    pc.registry.set(RULES, "{0F}", Value("REG_SZ", text))
    result = smb(pc)
    status, words = said(result, "smb_firewall_scope.reachable")
    assert (status, words.startswith("who is let in cannot be decided: ")) == ("error", True)
    assert "{0F}" in words
    assert doubt in words
    assert found(result)["remote_address", "FPS-SMB-In-TCP"] == "compliant"


def test_a_rule_that_is_no_text_is_an_error_and_names_its_type(pc):
    pc.registry.set(RULES, "{0F}", Value("REG_DWORD", 1))
    status, words = said(smb(pc), "smb_firewall_scope.reachable")
    assert status == "error"
    assert "not with 'REG_DWORD'" in words


def test_an_odd_value_beside_the_settings_of_a_profile_is_nobody_s_business(pc):
    pc.registry.set(POLICY + r"\StandardProfile", "Odd", Value("REG_BINARY", b"x"))
    assert outcome(smb(pc)) == ALL_GOOD


def test_a_setting_of_a_profile_that_is_no_switch_is_an_error_of_that_profile(pc):
    pc.registry.set(POLICY + r"\StandardProfile", "EnableFirewall", Value("REG_SZ", "0"))
    result = smb(pc)
    assert said(result, "smb_firewall_scope.closed_to_others") == (
        "error",
        r"local settings: StandardProfile\EnableFirewall is '0'; it must be the number 0 or 1",
    )
    assert found(result)["closed_to_others", "Public"] == "compliant"


@pytest.mark.parametrize("place", RESTRICTED)
def test_hardening_of_the_service_is_named(pc, place):
    add(pc, place, "TermService-1", f"Action=Block|{IN}App=%SystemRoot%\\system32\\svchost.exe|Svc=TermService|")
    assert said(rdp(pc), "rdp_enable.reachable") == (
        "drifted",
        "all addresses are blocked by rule TermService-1 of Windows service hardening",
    )
    assert outcome(smb(pc)) == ALL_GOOD


def test_a_profile_that_no_rule_of_the_role_holds_in_is_not_asked_about(pc):
    edit_rule(pc, "FPS-SMB-In-TCP", ("Profile=Private|Profile=Public|", "Profile=Private|"))
    edit_rule(pc, "FPS-SMB-In-TCP-V2", ("LPort=445|", "Profile=Private|LPort=445|"))
    assert said(smb(pc), "smb_firewall_scope.reachable", "Public") == (
        "not_applicable",
        "no file sharing rule of Windows applies to this profile",
    )
    assert found(smb(pc))["closed_to_others", "Public"] == "compliant"


def test_profiles_that_were_asked_for_are_asked_about_whatever_the_rules_have(pc):
    edit_rule(pc, "FPS-SMB-In-TCP", ("Profile=Private|Profile=Public|", "Profile=Public|"))
    edit_rule(pc, "FPS-SMB-In-TCP-V2", ("LPort=445|", "Profile=Public|LPort=445|"))
    result = smb(pc, smb_firewall_scope_profiles=["Private"])
    assert {name: status for (control, name), status in found(result).items() if control == "reachable"} == {
        "Domain": "compliant",
        "Private": "drifted",
    }


def test_without_a_wish_about_the_rules_state_only_rules_that_are_on_have_to_let_in(pc):
    result = planned("smb_firewall_scope", pc, smb_firewall_scope_remote_addresses=["172.31.0.0/16"])
    assert outcome(result) == ALL_GOOD
    for name in SMB_RULES:
        edit_rule(pc, name, ("Active=TRUE", "Active=FALSE"))
    result = planned("smb_firewall_scope", pc, smb_firewall_scope_remote_addresses=["172.31.0.0/16"])
    assert found(result)["reachable", "Private"] == "not_applicable"
    switched_off = smb(pc, smb_firewall_scope_enable=False)
    assert ("reachable", "Private") not in found(switched_off)


def test_other_rules_of_this_machine_are_disabled_where_that_is_allowed(pc):
    add(pc, RULES, "{0A}", f"Action=Allow|{IN}LPort=445|Name=NAS sync|")
    add(pc, RULES, "{0B}", f"Action=Block|{IN}LPort=445|RA4=172.31.9.0/255.255.255.0|Name=Block it|")
    add(pc, RULES, "{0C}", f"Action=Allow|{IN}LPort=445|RA4=172.31.9.0/255.255.255.0|Name=In the scope|")
    add(pc, RULES, "{0D}", f"Action=Block|{IN}LPort=445|App=C:\\x.exe|Name=One program|")
    add(pc, POLICY_FIREWALL + r"\FirewallRules", "{0E}", f"Action=Allow|{IN}LPort=445|Name=Theirs|")
    assert smb(pc).writes.as_dict()["firewall"] == []
    result = smb(pc, smb_firewall_scope_disable_other_rules=True)
    assert [item["parameters"] for item in result.writes.as_dict()["firewall"]] == [
        {"Rule": "{0A}", "Enabled": False},
        {"Rule": "{0B}", "Enabled": False},
    ]
    assert "In the scope" not in str(result.keep)
    assert '"{0B}"' in str(result.keep)
    mine = {name: status for (control, name), status in found(result).items() if control == "other_rules"}
    # Those of Windows that are off stay off.
    assert mine == {
        "{0A}": "drifted",
        "{0B}": "drifted",
        **dict.fromkeys(
            (
                *("Netlogon-NamedPipe-In", "RemoteEventLogSvc-NP-In-TCP-NoScope"),
                "RemoteSvcAdmin-NP-In-TCP-NoScope",
            ),
            "compliant",
        ),
    }


def test_what_was_disabled_reads_back_right_and_comes_back(pc):
    add(pc, RULES, "{0A}", f"Action=Allow|{IN}LPort=445|Name=NAS sync|")
    note = smb(pc, smb_firewall_scope_disable_other_rules=True).keep
    edit_rule(pc, "{0A}", ("Active=TRUE", "Active=FALSE"))
    result = smb(pc, smb_firewall_scope_disable_other_rules=True)
    assert found(result)["other_rules", "{0A}"] == "compliant"
    assert outcome(result) == ALL_GOOD
    add(pc, MEMORY_KEY, "smb_firewall_scope", "")
    pc.registry.set(MEMORY_KEY, "smb_firewall_scope", Value("REG_SZ", str(note)))
    back = smb(pc, smb_firewall_scope_state="absent")
    assert [item["parameters"] for item in back.writes.as_dict()["firewall"]] == [{"Rule": "{0A}", "Enabled": True}]


def test_an_outcome_that_comes_right_with_what_was_written_is_fixed_and_goes_back_with_it(pc):
    edit_rule(pc, "FPS-SMB-In-TCP", (SCOPE, ""))
    before = smb(pc)
    assert found(before)["closed_to_others", "Private"] == "drifted"
    edit_rule(pc, "FPS-SMB-In-TCP", ("LPort=445|", f"LPort=445|{SCOPE}"))
    pc.registry.set(MEMORY_KEY, "smb_firewall_scope", Value("REG_SZ", before.keep))
    wanted = desired("smb_firewall_scope", DataLoader(), SMB_WISH, "Windows")
    document = document_of(pc, wanted["reads"])
    after = read_back(before.as_dict(), wanted["controls"], document, reads=wanted["reads"])
    statuses = {(item["control"].partition(".")[2], item["instance"]): item["status"] for item in after}
    assert statuses["closed_to_others", "Private"] == statuses["remote_address", "FPS-SMB-In-TCP"] == "fixed"
    assert statuses["closed_to_others", "Domain"] == statuses["reachable", "Private"] == "compliant"
    fixed = [item for item in after if item["status"] == "fixed"]
    back = undo_plan(wanted["controls"], document, "smb_firewall_scope", reads=wanted["reads"], fixed=fixed)
    assert [(item["control"], item["status"]) for item in back.records] == [
        ("smb_firewall_scope.remote_address", "drifted")
    ]


def test_an_outcome_that_stays_wrong_says_why_and_not_that_it_was_written(pc):
    edit_rule(pc, "FPS-SMB-In-TCP", (SCOPE, ""))
    add(pc, RULES, "{0A}", f"Action=Allow|{IN}LPort=445|Name=NAS sync|")
    before = smb(pc)
    edit_rule(pc, "FPS-SMB-In-TCP", ("LPort=445|", f"LPort=445|{SCOPE}"))
    wanted = desired("smb_firewall_scope", DataLoader(), SMB_WISH, "Windows")
    after = read_back(before.as_dict(), wanted["controls"], document_of(pc, wanted["reads"]), reads=wanted["reads"])
    (record,) = [
        item
        for item in after
        if (item["control"], item["instance"]) == ("smb_firewall_scope.closed_to_others", "Private")
    ]
    assert (record["status"], record["reason"]) == (
        "drifted",
        'all addresses are let in by rule "NAS sync" ({0A}) of this machine, added by a person or a program',
    )


@pytest.mark.parametrize("role", ["smb_firewall_scope", "rdp_enable"])
def test_what_the_roles_leave_unread_is_what_says_nothing(role):
    text = (ROLES / role / "vars/Windows.yml").read_text(encoding="utf-8")
    assert f"__{role}_unread: [" + ", ".join(f'"{pattern}"' for pattern in LEFT_OUT) + "]\n" in text
