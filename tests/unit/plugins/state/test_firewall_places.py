"""The places of the firewall: one rule, all that lets in, and the firewalls that may stand in for it."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, LocatorError, Unreadable
from plugins.plugin_utils.state.places import locator_problem, place_of
from plugins.plugin_utils.state.state import State
from tests.samples.documents import LOCAL_RULES, MISSING, dword, key, sz, windows

POLICY = LOCAL_RULES.rpartition("\\")[0]
MANAGED = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
RDP_TCP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
SECURITY_CENTER = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider\Fw"
DELIVERED = ("DomainProfile", "StandardProfile", "PublicProfile", "Mdm", "RestrictedServices")
NOTHING = {
    **{f"{POLICY}\\{name}": MISSING for name in DELIVERED},
    **{MANAGED: MISSING, LOCAL_RULES: key(), RDP_TCP: MISSING},
}
READS = {"registry": [{"path": path, "depth": 3} for path in (*NOTHING, SECURITY_CENTER)]}
SMB, SMB_V2, RDP = "FPS-SMB-In-TCP", "FPS-SMB-In-TCP-V2", "RemoteDesktop-UserMode-In-TCP"
IN = "Active=TRUE|Dir=In|Protocol=6|"
ALLOW = f"Action=Allow|{IN}Profile=Private|LPort=445|RA4=172.31.0.0/16|"


def rules(**texts: str) -> dict[str, Any]:
    return {LOCAL_RULES: key({name.replace("_", "-"): sz(f"v2.31|{text}") for name, text in texts.items()})}


def rule(name: str, text: str) -> dict[str, Any]:
    return {LOCAL_RULES: key({name: sz(f"v2.31|{text}")})}


def look(where: dict[str, Any], *registries: dict[str, Any], reads: Any = READS, networks: Any = None) -> Located:
    document = windows()
    document["registry"] = dict(NOTHING)
    for registry in registries:
        document["registry"] |= registry
    document["networks"] = {"connected": {"exists": True, "connected": networks or []}}
    return State(document, reads).locate(where)


def why_unreadable(*asked: Any, **more: Any) -> str:
    with pytest.raises(Unreadable) as error:
        look(*asked, **more)
    return str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("exists", True), ("enabled", True), ("profiles", ["Private"]), ("remote_address", ["172.31.0.0/16"])],
)
def test_a_rule_is_told_by_its_fields(field, value):
    where = {"firewall_rule": SMB, "field": field}
    evidence = f"firewall rule {SMB} (local store), {field}"
    assert look(where, rule(SMB, ALLOW)) == Located(True, value, evidence=evidence)
    assert look(where) == Located(False, evidence=evidence, missing="not there (no rule of this name)")


@pytest.mark.parametrize(
    ("data", "field", "why"),
    [
        (sz("v2.31|Dir=In|"), "exists", "Action is ''; it must be one of Allow, Block, ByPass"),
        (sz("v2.31|Action=Allow|"), "exists", "Dir is ''; it must be one of In, Out"),
        (sz(f"v2.31|{ALLOW}Profile=Home|"), "profiles", "Profile is 'Home'; it must be one of Domain, Private, Public"),
        (dword(1), "exists", "a firewall rule begins with its version, such as v2.31|, not with ''"),
    ],
)
def test_a_rule_that_windows_would_not_take_is_unreadable(data, field, why):
    said = why_unreadable({"firewall_rule": SMB, "field": field}, {LOCAL_RULES: key({SMB: data})})
    assert said.startswith(f"firewall rule {SMB}: ")
    assert why in said


def test_the_fields_of_one_rule_are_written_together():
    item: dict[str, Any] = {}
    state = State(windows(), READS)
    for field, value in (("enabled", True), ("profiles", ["Public"]), ("remote_address", ["LocalSubnet"])):
        place_of({"firewall_rule": SMB, "field": field}).write(item, value, None, state, made=0)
    assert item == {
        "parameters": {"Rule": SMB, "Enabled": True, "ProfileName": ["Public"], "RemoteAddress": ["LocalSubnet"]}
    }


@pytest.mark.parametrize(
    ("field", "value", "could"),
    [
        ("enabled", False, True),
        ("enabled", "TRUE", False),
        ("profiles", ["Private", "Public"], True),
        ("profiles", ["Home"], False),
        ("remote_address", ["x"], True),
    ],
)
def test_what_a_rule_can_have_held(field, value, could):
    assert place_of({"firewall_rule": SMB, "field": field}).could_hold(value) is could


def firewall(name: str | None, state: Any) -> dict[str, Any]:
    return key({**({"DISPLAYNAME": sz(name)} if name else {}), "STATE": state})


ON, OFF, SNOOZED, EXPIRED = (dword(0x51000 + (step << 12)) for step in (0, -1, 1, 2))


@pytest.mark.parametrize(
    ("entries", "names", "told"),
    [
        ({"a": firewall("A Firewall", ON), "b": firewall("B", OFF)}, ["A Firewall"], "A Firewall"),
        ({"b": firewall("B", ON), "a": firewall(None, ON)}, ["a", "B"], "a, B"),
        ({"b": firewall("B", SNOOZED), "c": firewall("C", EXPIRED)}, None, "none"),
        ({}, None, "none"),
    ],
)
def test_other_firewalls_that_are_on_are_named(entries, names, told):
    assert look({"other_firewall": "active"}, {SECURITY_CENTER: key(keys=entries)}) == Located(
        names is not None, names, evidence=f"firewalls in the Security Center that are on: {told}", missing="none"
    )


def test_a_firewall_that_does_not_say_whether_it_is_on_is_named():
    entries = {"a": firewall("A", OFF), "b": firewall("B", sz("on")), "c": firewall("C", sz("?"))}
    assert why_unreadable({"other_firewall": "active"}, {SECURITY_CENTER: key(keys=entries)}) == (
        "whether another firewall is on cannot be determined: "
        rf"B: {SECURITY_CENTER}\b STATE (REG_SZ) does not say whether it is on"
    )


REACHABLE = {"reachable": "file_sharing", "profile": "Private"}
PROFILE_WORDS = "allowed: Domain, Private, Public, connected"
BELONG = "addresses belongs to tell: kept_out or let_in, and of to addresses"
OTHERS = {"other_rules": "file_sharing", "addresses": ["172.31.0.0/16"]}


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (REACHABLE, None),
        ({**REACHABLE, "profile": "connected"}, None),
        ({**REACHABLE, "profile": "{profile}", "tell": "off"}, None),
        ({**REACHABLE, "profile": "connected", "tell": "let_in", "addresses": []}, None),
        ({**REACHABLE, "tell": "kept_out", "addresses": ["LocalSubnet"], "of": "managed"}, None),
        ({"reachable": "printing", "profile": "Public"},
         "reachable is 'printing'; allowed: file_sharing, remote_desktop"),
        ({**REACHABLE, "profile": "Home"}, f"profile is 'Home'; {PROFILE_WORDS}"),
        ({**REACHABLE, "profile": "a {profile}"}, f"profile is 'a {{profile}}'; {PROFILE_WORDS}"),
        ({**REACHABLE, "profile": ["Public"]}, f"profile is ['Public']; {PROFILE_WORDS}"),
        ({**REACHABLE, "tell": "all"},
         "tell is 'all'; allowed: own_rules, own_rules_on, not_merged, off, kept_out, let_in"),
        ({**REACHABLE, "profile": "connected", "tell": "off"},
         "profile: connected belongs to tell: kept_out or let_in, or to none"),
        ({**REACHABLE, "tell": "let_in"}, BELONG),
        ({**REACHABLE, "tell": "off", "addresses": []}, BELONG),
        ({**REACHABLE, "addresses": []}, BELONG),
        ({**REACHABLE, "of": "managed"}, BELONG),
        (OTHERS, None),
        ({"other_rules": "file_sharing"}, "addresses is missing beside other_rules"),
        ({"other_rules": "printing", "addresses": []},
         "other_rules is 'printing'; allowed: file_sharing, remote_desktop"),
    ],
)  # fmt: skip
def test_a_wrong_locator_is_told_and_a_right_one_is_not(where, problem):
    assert locator_problem(where) == problem


@pytest.mark.parametrize("where", [{**REACHABLE, "tell": "let_in", "addresses": ["x"]}, {**OTHERS, "addresses": ["x"]},
                                   {**OTHERS, "addresses": 7}])  # fmt: skip
def test_addresses_that_are_none_are_a_mistake_in_the_locator(where):
    assert str(locator_problem(where)).startswith("addresses: ")


def test_a_profile_that_was_not_filled_in_is_a_mistake_in_the_data():
    where = {**REACHABLE, "profile": "{profile}"}
    with pytest.raises(LocatorError) as error:
        look(where)
    assert str(error.value) == f"{where}: profile is '{{profile}}'; {PROFILE_WORDS}"


def test_who_is_let_in_is_told_for_the_program_s_port():
    located = look(REACHABLE, rule("{A}", ALLOW))
    evidence = "firewall rules of all stores for TCP 445, Private profile"
    assert (located.found, located.value, located.evidence) == (True, ["172.31.0.0/16"], evidence)
    assert located.raw.listener.port == 445
    assert look({**REACHABLE, "profile": "Public"}, rule("{A}", ALLOW)).value == ["nobody"]


@pytest.mark.parametrize(("port", "listens"), [({}, 3389), ({RDP_TCP: key({"PortNumber": dword(3390)})}, 3390)])
def test_remote_desktop_is_looked_for_at_the_port_that_it_listens_on(port, listens):
    where = {"reachable": "remote_desktop", "profile": "Private"}
    text = f"Action=Allow|{IN}LPort={listens}|RA4=10.0.0.1|"
    located = look(where, rule("{A}", text), port)
    assert (located.value, located.evidence) == (
        ["10.0.0.1"],
        f"firewall rules of all stores for TCP {listens}, Private profile",
    )


@pytest.mark.parametrize(
    ("number", "told"), [(dword(0), "(REG_DWORD): 0"), (dword(65536), "(REG_DWORD): 65536"), (sz("x"), "(REG_SZ): 'x'")]
)
def test_a_port_that_is_none_is_unreadable(number, told):
    said = why_unreadable({**REACHABLE, "reachable": "remote_desktop"}, {RDP_TCP: key({"PortNumber": number})})
    assert said == f"{RDP_TCP} PortNumber {told} is no port"


@pytest.mark.parametrize(
    ("tell", "wanted", "found", "names"),
    [
        ("kept_out", ["172.31.0.0/16"], False, None),
        ("kept_out", ["172.31.0.0/16", "10.0.0.0/8"], True, None),
        ("let_in", ["172.31.0.0/16"], False, None),
        ("let_in", ["10.0.0.0/8"], True, ["{A}"]),
    ],
)
def test_who_is_kept_out_or_let_in_beyond_some_addresses(tell, wanted, found, names):
    located = look({**REACHABLE, "tell": tell, "addresses": wanted}, rule("{A}", ALLOW))
    evidence = "firewall rules of all stores for TCP 445, Private profile"
    assert located == Located(found, names, evidence=evidence)


@pytest.mark.parametrize(
    ("registry", "found", "names"),
    [
        (rule("{A}", ALLOW), False, None),
        ({MANAGED: key(keys={"FirewallRules": key({"{A}": sz(f"v2.31|{ALLOW}")})})}, True, ["{A}"]),
    ],
)
def test_what_nobody_but_group_policy_lets_in_is_told_apart(registry, found, names):
    where = {**REACHABLE, "tell": "let_in", "addresses": ["10.0.0.0/8"], "of": "managed"}
    located = look(where, registry)
    assert (located.found, located.value) == (found, names)


@pytest.mark.parametrize(
    ("tell", "registry", "found", "value"),
    [
        ("off", {}, False, None),
        ("not_merged", {}, False, None),
        (
            "off", {POLICY + r"\StandardProfile": key({"EnableFirewall": dword(0)})}, True,
            [r"local settings: StandardProfile\EnableFirewall=0"],
        ),
        (
            "not_merged", {MANAGED: key(keys={"PrivateProfile": key({"AllowLocalPolicyMerge": dword(0)})})}, True,
            [r"Group Policy: PrivateProfile\AllowLocalPolicyMerge=0"],
        ),
    ],
)  # fmt: skip
def test_a_profile_that_is_off_or_without_local_rules_says_where_that_stands(tell, registry, found, value):
    evidence = "firewall rules of all stores for TCP 445, Private profile"
    assert look({**REACHABLE, "tell": tell}, registry) == Located(found, value, evidence=evidence)


OFF_RULE = ALLOW.replace("TRUE", "FALSE")


@pytest.mark.parametrize(
    ("texts", "own", "own_on"),
    [
        ({}, (True, None), (True, None)),
        ({"FPS_SMB_In_TCP": ALLOW, "FPS_SMB_In_TCP_V2": OFF_RULE}, (True, [SMB, SMB_V2]), (True, [SMB])),
        ({"FPS_SMB_In_TCP_V2": OFF_RULE}, (True, [SMB_V2]), (False, None)),
        ({"FPS_SMB_In_TCP": ALLOW.replace("Private", "Public")}, (False, None), (False, None)),
    ],
)
def test_the_rules_of_windows_itself_are_told_by_profile(texts, own, own_on):
    evidence = f"firewall rules {SMB}, {SMB}-NoScope, {SMB_V2} (local store), Private profile"
    for tell, (found, names) in (("own_rules", own), ("own_rules_on", own_on)):
        assert look({**REACHABLE, "tell": tell}, rules(**texts)) == Located(found, names, evidence=evidence)


def network(name: str, category: Any, ipv4: int = 4, ipv6: int = 1) -> dict[str, Any]:
    return {"name": name, "interface": "Wi-Fi", "category": category, "ipv4": ipv4, "ipv6": ipv6}


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        ([network("Lab", 1)], ['network "Lab" on Wi-Fi, to Windows a Private one: 172.31.0.0/16']),
        (
            [network("Lab", 1, 1, 4), network("Inn", 0, 1, 1)],
            ['network "Lab" on Wi-Fi, to Windows a Private one: 172.31.0.0/16'],
        ),
        (
            [network("Lab", 1, 1), network("Inn", 0, 1), network("Work", 2, 1)],
            [
                'network "Lab" on Wi-Fi, to Windows a Private one: 172.31.0.0/16',
                'network "Inn" on Wi-Fi, to Windows a Public one: nobody',
                'network "Work" on Wi-Fi, to Windows a Domain one: nobody',
            ],
        ),
    ],
)
def test_on_the_networks_of_now_those_with_the_internet_count_or_else_all(networks, told):
    located = look({**REACHABLE, "profile": "connected"}, rule("{A}", ALLOW), networks=networks)
    evidence = "firewall rules of all stores for TCP 445, the networks that the machine is on"
    assert (located.value, located.evidence) == (told, evidence)


@pytest.mark.parametrize(
    ("networks", "why"),
    [
        ([], "Windows names no network that this machine is on now"),
        ("x", "the networks that this machine is on now are not as the reader tells them"),
        ([network("Lab", 1), "x"], "the networks that this machine is on now are not as the reader tells them"),
        ([network("Lab", 7)], "the category of the network Lab is 7"),
        ([network("Lab", "1")], "the category of the network Lab is '1'"),
    ],
)
def test_networks_that_are_not_told_are_unreadable(networks, why):
    assert why_unreadable({**REACHABLE, "profile": "connected"}, networks=networks) == why


BLOCK = ALLOW.replace("Allow", "Block")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (ALLOW, False),
        (ALLOW.replace("172.31", "10.0"), True),
        (ALLOW.replace("172.31", "10.0").replace("TRUE", "FALSE"), True),
        (ALLOW.replace("172.31", "10.0").replace("TRUE", "false"), True),
        (ALLOW.replace("172.31", "10.0").replace("445", "80"), False),
        (ALLOW.replace("172.31", "10.0") + "Security=Authenticate|", False),
        (BLOCK, True),
        (BLOCK.replace("172.31", "10.0"), False),
    ],
)
def test_a_rule_that_would_change_who_gets_in_is_named_be_it_on_or_off(text, is_one):
    names, told = (["{A}"], "{A}") if is_one else (None, "none")
    assert look(OTHERS, rule("{A}", text)) == Located(
        is_one, names, evidence=f"other firewall rules of this machine for TCP 445: {told}", missing="none"
    )


def test_other_rules_are_those_that_are_not_windows_own_in_order():
    beyond = sz("v2.31|" + ALLOW.replace("172.31", "10.0"))
    values = {"{B}": beyond, SMB: beyond, "odd": dword(1), "{A}": beyond, "worse": {"error": "denied"}}
    assert look(OTHERS, {LOCAL_RULES: key(values)}).value == ["{A}", "{B}"]


def test_other_rules_of_remote_desktop_are_those_for_its_own_port():
    where = {"other_rules": "remote_desktop", "addresses": ["172.31.0.0/16"]}
    values = {"{A}": sz(f"v2.31|Action=Block|{IN}LPort=3390|"), "{B}": sz(f"v2.31|Action=Block|{IN}LPort=3389|")}
    located = look(where, {LOCAL_RULES: key(values), RDP_TCP: key({"PortNumber": dword(3390)})})
    assert (located.value, located.evidence) == (
        ["{A}"],
        "other firewall rules of this machine for TCP 3390: {A}",
    )


@pytest.mark.parametrize(
    ("without", "enough"), [(["|Dir=Out|", "|Protocol=17|"], True), (["|Active=FALSE|"], False), (["x"], False)]
)
def test_other_rules_need_those_that_are_off_to_have_been_read(without, enough):
    reads = {"registry": [{"path": LOCAL_RULES, "without": without}]}
    if enough:
        assert not look(OTHERS, reads=reads).found
    else:
        assert "was not read in full" in why_unreadable(OTHERS, reads=reads)
