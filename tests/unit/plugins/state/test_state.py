"""Looking things up in a state document: found, absent, or unreadable, and never one for another."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Branch, Located, Unreadable
from plugins.plugin_utils.state.places import locator_problem
from plugins.plugin_utils.state.state import LocatorError, State
from tests.samples.documents import (
    APP,
    BEFORE,
    BEFORE_PLIST,
    LOCAL_RULES,
    MAC_READS,
    MISSING,
    PLIST,
    POLICY_RULES,
    TUNNELS,
    UNINSTALL,
    UNINSTALL_32,
    WINDOWS_READS,
    dword,
    key,
    mac,
    sz,
    windows,
)

IMR = TUNNELS + r"\IMR"


def look(where: dict[str, Any], document: dict[str, Any] | None = None, reads: dict[str, Any] | None = None) -> Located:
    return State(document or windows(), reads or WINDOWS_READS).locate(where)


def look_mac(where: dict[str, Any], document: dict[str, Any] | None = None) -> Located:
    return State(document or mac(), MAC_READS).locate(where)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ({"registry": IMR, "value": "Server"}, "fg.imr.tohoku.ac.jp:443"),
        (
            {"registry": r"HKEY_LOCAL_MACHINE\software\fortinet\forticlient\SSLVPN\TUNNELS\imr\\", "value": "SERVER"},
            None,
        ),
        ({"registry": r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\Home", "value": "server"}, None),
        ({"registry": IMR, "value": "promptusername", "type": "REG_SZ"}, 1),
        ({"firewall_rule": "fps-smb-in-tcp", "field": "enabled"}, True),
        ({"firewall_rule": "FPS-SMB-In-TCP", "field": "profiles"}, ["Private"]),
        ({"firewall_rule": "FPS-SMB-In-TCP", "field": "remote_address"}, None),
        ({"firewall_rule": "FPS-SMB-In-TCP", "field": "exists"}, True),
        ({"product": "FortiClient VPN"}, "7.4.3.1790"),
        ({"product": "7-Zip"}, ""),
        ({"system": "build"}, 22631),
        ({"system": "part_of_domain"}, False),
        ({"service": "termservice", "field": "start_mode"}, "Manual"),
        ({"service": "TermService", "field": "exists"}, True),
        ({"group": "S-1-5-32-555", "field": "members"}, ["S-1-5-21-1-2-3-1001", "S-1-12-1-9"]),
        ({"group": "S-1-5-32-555", "field": "name"}, "Remote Desktop Users"),
        ({"tunnel": "active"}, False),
    ],
)
def test_what_is_there_is_found(where, value):
    located = look(where)
    assert located.found
    if value is not None:
        assert located.value == value


def test_a_registry_value_comes_with_its_type_and_its_place():
    assert look({"registry": IMR, "value": "promptusername"}) == Located(
        True, 1, "REG_DWORD", rf"{IMR} promptusername (REG_DWORD)"
    )


def test_a_place_that_many_controls_ask_for_is_looked_for_once(monkeypatch):
    state, followed = State(windows(), WINDOWS_READS), []
    monkeypatch.setattr(Branch, "value", lambda *where: followed.append(where) or Located(True, 1))
    where = {"registry": r"HKLM\SOFTWARE\Fortinet", "value": "a"}
    assert [state.locate(dict(where)).value for _ in range(3)] == [1, 1, 1]
    state.locate(where | {"value": "b"})
    assert len(followed) == 2


def test_an_existing_key_is_found_without_a_value():
    assert look({"registry": IMR}) == Located(True, evidence=IMR, missing="not there (the key does not exist)")


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        ({"registry": IMR, "value": "Description"}, "not set"),
        ({"registry": TUNNELS + r"\Work", "value": "Server"}, "not set (the key does not exist)"),
        ({"registry": TUNNELS + r"\Work"}, "not there (the key does not exist)"),
        ({"registry": POLICY_RULES, "value": "X"}, "not set (the key does not exist)"),
        ({"firewall_rule": "FPS-SMB-In-TCP-V2", "field": "exists"}, "not there (no rule of this name)"),
        ({"firewall_rule": "FPS-SMB-In-TCP-V2", "field": "remote_address"}, "not there (no rule of this name)"),
        ({"product": "forticlient vpn"}, "not installed"),
        ({"product": "FortiClient"}, "not installed"),
        ({"service": "Nosuch", "field": "start_mode"}, "not there"),
        ({"service": "Nosuch", "field": "exists"}, "not there"),
        ({"memory": "vpn_profile"}, "not set (the key does not exist)"),
    ],
)
def test_what_was_looked_for_and_is_not_there_is_absent(where, missing):
    located = look(where)
    assert (located.found, located.value, located.missing) == (False, None, missing)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"registry": r"HKLM\SOFTWARE\Other", "value": "X"}, "reads"),
        ({"registry": IMR + r"\Deeper", "value": "X"}, "reads"),
        ({"registry": IMR + r"\Deeper"}, "reads"),
        ({"registry": POLICY_RULES + r"\Below"}, "reads"),
        ({"registry": POLICY_RULES + r"\Below", "value": "X"}, "reads"),
        ({"registry": r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn", "value": "X"}, "reads"),
        ({"registry": r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels2", "value": "X"}, "reads"),
        ({"registry": UNINSTALL + r"\{15C7}", "value": "Publisher"}, "reads"),
        ({"firewall_rule": "RemoteDesktop-UserMode-In-TCP", "field": "exists"}, "reads"),
        ({"service": "W32Time", "field": "state"}, "not asked for"),
        ({"group": "S-1-5-32-544", "field": "members"}, "not asked for"),
        ({"system": "color"}, "does not have it"),
        ({"plist": PLIST, "key": ["EnableSSL"]}, "Windows document's plists"),
    ],
)
def test_what_nobody_looked_for_is_unreadable_and_not_absent(where, why):
    with pytest.raises(Unreadable, match=why):
        look(where)


@pytest.mark.parametrize(
    "path",
    [
        ("registry",),
        ("registry", TUNNELS),
        ("registry", TUNNELS, "keys"),
        ("registry", TUNNELS, "keys", "IMR"),
        ("registry", TUNNELS, "keys", "IMR", "values", "Server"),
    ],
)
def test_an_error_on_the_way_is_unreadable_and_names_the_cause(path):
    document = windows()
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = {"error": "access denied"}
    with pytest.raises(Unreadable, match="access denied"):
        look({"registry": IMR, "value": "Server"}, document)


@pytest.mark.parametrize("node", ["system", "services", "groups", "tunnel"])
def test_an_error_of_a_whole_node_is_unreadable(node):
    wheres = {
        "system": {"system": "build"},
        "services": {"service": "TermService", "field": "exists"},
        "groups": {"group": "S-1-5-32-555", "field": "members"},
        "tunnel": {"tunnel": "active"},
    }
    document = {**windows(), node: {"error": "WMI is broken"}}
    with pytest.raises(Unreadable, match="WMI is broken"):
        look(wheres[node], document)


@pytest.mark.parametrize("part", ["exists", "values", "keys"])
def test_half_a_key_is_no_usable_document(part):
    document = windows()
    del document["registry"][TUNNELS]["keys"]["IMR"][part]
    with pytest.raises(Unreadable, match="IMR"):
        State(document, WINDOWS_READS)


def test_a_document_of_another_schema_is_refused_as_a_whole():
    with pytest.raises(Unreadable, match="schema 2"):
        State({**windows(), "schema": 2}, WINDOWS_READS)


def test_a_path_that_was_left_out_of_the_answer_is_unreadable():
    document = windows()
    del document["registry"][TUNNELS]
    with pytest.raises(Unreadable, match="Tunnels"):
        look({"registry": IMR, "value": "Server"}, document)


def test_the_deepest_read_that_covers_a_value_answers():
    document = windows()
    document["registry"][IMR] = key({"Server": sz("deeper.example.com:443")})
    reads = copy.deepcopy(WINDOWS_READS)
    reads["registry"].append({"path": IMR, "values": ["Ser*"]})
    assert look({"registry": IMR, "value": "Server"}, document, reads).value == "deeper.example.com:443"
    assert look({"registry": IMR, "value": "promptusername"}, document, reads).value == 1


def test_a_broken_firewall_rule_is_unreadable():
    document = windows()
    document["registry"][LOCAL_RULES]["values"]["FPS-SMB-In-TCP"] = sz("v2.31|Action=Allow|Profile=Home|")
    with pytest.raises(Unreadable, match="firewall rule FPS-SMB-In-TCP"):
        look({"firewall_rule": "FPS-SMB-In-TCP", "field": "profiles"}, document)


def test_a_firewall_rule_that_is_no_text_is_unreadable():
    document = windows()
    document["registry"][LOCAL_RULES]["values"]["FPS-SMB-In-TCP"] = dword(1)
    with pytest.raises(Unreadable, match="firewall rule FPS-SMB-In-TCP"):
        look({"firewall_rule": "FPS-SMB-In-TCP", "field": "exists"}, document)


def test_of_two_installed_versions_the_older_one_counts_and_both_are_named():
    document = windows()
    document["registry"][UNINSTALL_32]["keys"]["{OLD}"] = key(
        {"DisplayName": sz("FortiClient VPN"), "DisplayVersion": sz("7.4.3.900")}
    )
    located = look({"product": "FortiClient VPN"}, document)
    assert located.value == "7.4.3.900"
    assert "7.4.3.1790" in located.evidence


def test_an_unreadable_uninstall_entry_leaves_a_missing_product_open():
    document = windows()
    document["registry"][UNINSTALL]["keys"]["{X}"] = {"error": "access denied"}
    assert look({"product": "FortiClient VPN"}, document).found
    with pytest.raises(Unreadable, match="access denied"):
        look({"product": "FortiClient"}, document)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ({"plist": PLIST, "key": ["Profiles", "IMR", "ServerPort"]}, 443),
        ({"plist": PLIST, "key": ["EnableSSL"]}, 1),
        ({"plist": PLIST, "key": ["Profiles", "Home"]}, {"Server": "x"}),
        ({"plist": PLIST, "attribute": "mode"}, "0644"),
        ({"plist": PLIST, "attribute": "format"}, "binary"),
        ({"plist": PLIST, "attribute": "exists"}, True),
        ({"file": APP, "attribute": "exists"}, True),
        ({"file": APP, "attribute": "owner"}, "root"),
        ({"system": "product_version"}, "15.1"),
        ({"tunnel": "active"}, True),
    ],
)
def test_what_is_there_on_a_mac_is_found(where, value):
    assert look_mac(where).value == value


@pytest.mark.parametrize(
    "where",
    [
        {"plist": PLIST, "key": ["Profiles", "Home", "ServerPort"]},
        {"plist": PLIST, "key": ["Profiles", "imr", "Server"]},
        {"memory": "vpn_profile"},
        {"plist": BEFORE_PLIST, "attribute": "exists"},
    ],
)
def test_what_is_not_there_on_a_mac_is_absent(where):
    assert not look_mac(where).found


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"plist": PLIST, "key": ["Profiles", "IMR", "User"]}, "reads"),
        ({"plist": PLIST, "key": ["AutoStartVPN"]}, "reads"),
        ({"plist": "/other.plist", "attribute": "exists"}, "not asked for"),
        ({"file": "/other", "attribute": "exists"}, "not asked for"),
        ({"registry": IMR, "value": "Server"}, "Darwin document's registry"),
    ],
)
def test_what_nobody_looked_for_on_a_mac_is_unreadable(where, why):
    with pytest.raises(Unreadable, match=why):
        look_mac(where)


def test_a_file_that_is_no_property_list_is_unreadable():
    document = mac()
    document["plists"][PLIST] = {"error": "not a property list"}
    with pytest.raises(Unreadable, match="not a property list"):
        look_mac({"plist": PLIST, "key": ["EnableSSL"]}, document)


def test_a_value_where_a_dictionary_should_be_is_unreadable():
    document = mac()
    document["plists"][PLIST]["data"]["Profiles"] = "none"
    with pytest.raises(Unreadable, match="no dictionary"):
        look_mac({"plist": PLIST, "key": ["Profiles", "IMR", "Server"]}, document)


def test_the_memory_is_found_on_both_platforms_without_being_asked_for():
    document = windows()
    document["registry"][BEFORE] = key({"vpn_profile": sz("text")})
    assert look({"memory": "vpn_profile"}, document).value == "text"
    apple = mac()
    apple["plists"][BEFORE_PLIST] = {**apple["plists"][PLIST], "data": {"vpn_profile": "text"}}
    assert look_mac({"memory": "vpn_profile"}, apple).value == "text"


@pytest.mark.parametrize("missing", [BEFORE, BEFORE_PLIST])
def test_a_memory_that_was_not_read_is_unreadable(missing):
    document = windows() if missing == BEFORE else mac()
    del document["registry" if missing == BEFORE else "plists"][missing]
    with pytest.raises(Unreadable):
        (look if missing == BEFORE else look_mac)({"memory": "vpn_profile"}, document)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("text", "not 'text'"),
        ({}, "none of firewall_rule"),
        ({"registri": IMR}, "none of firewall_rule"),
        ({"registry": IMR, "name": "Server"}, "name is not known beside registry"),
        ({"registry": IMR, "value": "X", "type": "DWORD"}, "type is 'DWORD'"),
        ({"registry": "SOFTWARE\\X"}, "a path such as"),
        ({"registry": "HKLM"}, "a path such as"),
        ({"registry": 7}, "must be text"),
        ({"firewall_rule": "X"}, "field is missing"),
        ({"firewall_rule": "X", "field": "port"}, "field is 'port'"),
        ({"firewall_rule": "X", "field": "enabled", "store": "local"}, "store is not known beside firewall_rule"),
        ({"reachable": "printing", "profile": "Public"}, "reachable is 'printing'"),
        ({"reachable": "file_sharing"}, "profile is missing"),
        ({"reachable": "file_sharing", "profile": "Home"}, "profile is 'Home'"),
        ({"reachable": "file_sharing", "profile": "Public", "tell": "all"}, "tell is 'all'"),
        ({"reachable": "file_sharing", "profile": "Public", "tell": "let_in"}, "addresses belongs to tell"),
        ({"reachable": "file_sharing", "profile": "Public", "tell": "off", "addresses": []}, "addresses belongs"),
        ({"reachable": "file_sharing", "profile": "Public", "of": "managed"}, "of to addresses"),
        ({"reachable": "file_sharing", "profile": "Public", "tell": "let_in", "addresses": ["x"]}, "addresses: 'x'"),
        ({"plist": PLIST}, "either key or attribute"),
        ({"plist": PLIST, "key": ["A"], "attribute": "mode"}, "either key or attribute"),
        ({"plist": PLIST, "key": "A/B"}, "list of texts"),
        ({"plist": PLIST, "key": []}, "list of texts"),
        ({"service": "X", "field": "name"}, "field is 'name'"),
        ({"product": ""}, "must be text"),
    ],
)
def test_a_locator_of_a_wrong_shape_is_reported_and_never_followed(where, named):
    assert named in str(locator_problem(where))
    if isinstance(where, dict):
        with pytest.raises(LocatorError):
            look(where)


def test_an_absent_parent_key_means_that_its_values_are_absent():
    document = windows()
    document["registry"][TUNNELS] = MISSING
    assert not look({"registry": IMR, "value": "Server"}, document).found


def test_who_is_logged_on_at_a_mac_is_found_or_nobody_is():
    where = {"console_user": "name"}
    assert State({**mac(), "console_user": "taro"}, MAC_READS).locate(where).value == "taro"
    for nobody in (None, ""):
        assert State({**mac(), "console_user": nobody}, MAC_READS).locate(where).found is False
    with pytest.raises(Unreadable, match="who is logged on could not be read: no access"):
        State({**mac(), "console_user": {"error": "no access"}}, MAC_READS).locate(where)


def test_the_network_devices_of_a_mac_are_those_of_its_services_each_once():
    document = mac()
    services = {"Wi-Fi": {"device": "en0"}, "USB": {"device": "en10"}, "VPN": {"name": "VPN"}}
    services |= {"Bridge": {"device": "bridge0"}, "Wi-Fi 2": {"device": "en0"}, "Odd": {"device": "enx"}}
    document["tools"] = {"network_services": services}
    assert State(document, MAC_READS).network_devices() == ["en0", "en10"]
    document["tools"] = {"network_services": {"error": "no answer"}}
    with pytest.raises(Unreadable, match="network_services could not be read: no answer"):
        State(document, MAC_READS).network_devices()


def test_what_a_key_holds_is_known_only_when_all_of_it_was_read():
    state = State(windows(), WINDOWS_READS)
    assert state.contents({"registry": TUNNELS}) == (set(), {"imr", "home"})
    with pytest.raises(Unreadable):
        state.contents({"registry": TUNNELS + r"\IMR"})  # its subkeys were not asked for
    with pytest.raises(Unreadable):
        state.contents({"registry": UNINSTALL})  # only two names of values were


def test_a_user_s_place_without_a_user_is_a_mistake_in_the_data():
    with pytest.raises(LocatorError, match="scope: users"):
        State(windows(), WINDOWS_READS).locate({"user_registry": "Software"})


def test_what_a_tool_of_apple_reported_is_found_by_its_keys():
    state = State(mac(), MAC_READS)
    assert state.locate({"tool": "network_time", "key": ["server"]}).value == "time.apple.com"
    assert state.locate({"tool": "network_time", "key": ["on"]}).value is True
    assert not state.locate({"tool": "network_time", "key": ["other"]}).found


@pytest.mark.parametrize(
    ("tool", "key", "words"),
    [
        ("broken", ["server"], "no root"),
        ("packet_filter", ["enabled"], "not asked for"),
        ("network_time", ["server", "x"], "no dictionary"),
    ],
)
def test_what_a_tool_did_not_report_is_unreadable(tool, key, words):
    with pytest.raises(Unreadable, match=words):
        State(mac(), MAC_READS).locate({"tool": tool, "key": key})


def test_the_roles_that_have_a_memory_are_known_on_both_systems():
    document = windows()
    assert State(document, WINDOWS_READS).remembering_roles() == set()
    document["registry"][BEFORE] = key({"vpn_profile": sz("x"), "rdp_enable": sz("x")})
    assert State(document, WINDOWS_READS).remembering_roles() == {"vpn_profile", "rdp_enable"}
    document = mac()
    assert State(document, MAC_READS).remembering_roles() == set()
    document["plists"][BEFORE_PLIST] = {**document["plists"][PLIST], "data": {"vpn_profile": "x"}}
    assert State(document, MAC_READS).remembering_roles() == {"vpn_profile"}


LEFT_OUT = {**WINDOWS_READS, "registry": [{"path": LOCAL_RULES, "values": ["FPS*", "*"], "without": ["|Dir=Out|"]}]}


def test_what_may_have_been_left_out_is_there_or_unreadable_and_never_absent():
    document = windows()
    document["registry"][LOCAL_RULES] = key({"{A}": sz("v2.0|Dir=In|")})
    assert look({"registry": LOCAL_RULES, "value": "{A}"}, document, LEFT_OUT).found
    assert not look({"registry": LOCAL_RULES, "value": "FPS-X"}, document, LEFT_OUT).found
    with pytest.raises(Unreadable, match="was not read in full"):
        look({"registry": LOCAL_RULES, "value": "{B}"}, document, LEFT_OUT)


@pytest.mark.parametrize("missing", ["StandardProfile", "Mdm", "WindowsFirewall", "FirewallRules"])
def test_who_is_let_in_is_unreadable_when_a_part_was_not_read(missing):
    policy = LOCAL_RULES.rpartition("\\")[0]
    paths = {
        name: f"{policy}\\{name}"
        for name in ("DomainProfile", "StandardProfile", "PublicProfile", "Mdm", "FirewallRules")
    }
    paths["WindowsFirewall"] = POLICY_RULES.rpartition("\\")[0]
    reads = {"registry": [{"path": path, "depth": 3} for name, path in paths.items() if name != missing]}
    document = windows()
    document["registry"] = dict.fromkeys(paths.values(), MISSING)
    with pytest.raises(Unreadable, match=missing):
        look({"reachable": "file_sharing", "profile": "Public"}, document, reads)
    reads["registry"].append({"path": paths[missing], "depth": 3})
    assert look({"reachable": "file_sharing", "profile": "Public"}, document, reads).value == ["nobody"]


FIREWALLS = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider\Fw"
FIREWALL_READS = {"registry": [{"path": FIREWALLS, "values": ["DISPLAYNAME", "STATE"], "depth": 1}]}
ON, OFF = dword(0x51000), dword(0x50000)


def other_firewalls(**entries: dict[str, Any]) -> Located:
    document = windows()
    document["registry"][FIREWALLS] = key(keys=entries)
    return look({"other_firewall": "active"}, document, FIREWALL_READS)


@pytest.mark.parametrize(
    "odd",
    [
        key({"DISPLAYNAME": sz("Odd")}),
        key({"DISPLAYNAME": sz("Odd"), "STATE": sz("on")}),
        key({"DISPLAYNAME": sz("Odd"), "STATE": {"error": "its data do not have that length"}}),
        {"error": "access denied"},
    ],
)
def test_a_firewall_that_does_not_say_whether_it_is_on_leaves_open_only_what_no_other_decides(odd):
    on = key({"DISPLAYNAME": {"error": "no"}, "STATE": ON})
    assert other_firewalls(a=odd, b=on).value == ["b"]
    with pytest.raises(Unreadable, match=r"whether another firewall is on cannot be determined: (Odd|a): "):
        other_firewalls(a=odd, b=key({"STATE": OFF}))


@pytest.mark.parametrize("system", [{"error": "no WMI"}, {"computer_name": {"error": "no such value"}}])
def test_a_group_s_members_are_known_where_the_computer_s_name_is_not(system):
    document = {**windows(), "system": system}
    where = {"group": "S-1-5-32-555", "field": "members"}
    located = look(where, document)
    assert located.value == ["S-1-5-21-1-2-3-1001", "S-1-12-1-9"]
    assert located.names["S-1-5-21-1-2-3-1001"] == ("pc1\\taro", "taro")
    # One value of the system's leaves the others.
    document = {**windows(), "system": {"build": 22631, "ubr": {"error": "its data do not have that length"}}}
    assert look({"system": "build"}, document).value == 22631
    with pytest.raises(Unreadable, match="system ubr: its data do not have that length"):
        look({"system": "ubr"}, document)


def test_one_sign_of_a_pending_restart_that_cannot_be_read_leaves_the_others():
    document = windows()
    document["reboot_pending"] |= {"windows_update": True, "file_rename": {"error": "access denied"}}
    assert look({"reboot_pending": "windows_update"}, document).found
    with pytest.raises(Unreadable, match="whether a reboot is pending for file_rename: access denied"):
        look({"reboot_pending": "file_rename"}, document)


def test_a_part_of_what_a_tool_tells_that_cannot_be_read_leaves_the_others():
    document = mac()
    document["tools"]["file_sharing"] = {"guest_access": False, "guest_shares": {"error": "odd share"}}
    assert look_mac({"tool": "file_sharing", "key": ["guest_access"]}, document).value is False
    with pytest.raises(Unreadable, match="file_sharing guest_shares could not be read: odd share"):
        look_mac({"tool": "file_sharing", "key": ["guest_shares"]}, document)


def test_a_network_service_that_cannot_be_read_still_has_its_device():
    document = mac()
    document["tools"]["network_services"] = {
        "Wi-Fi": {"error": "not valid", "name": "Wi-Fi", "enabled": True, "device": "en0"},
        "LAN": {"name": "LAN", "enabled": True, "device": "en5", "pac": False, "pac_url": "", "auto_detect": False},
    }
    assert State(document, MAC_READS).network_devices() == ["en0", "en5"]
    assert look_mac({"tool": "network_services", "key": ["LAN", "pac"]}, document).value is False
    with pytest.raises(Unreadable, match="network_services Wi-Fi/pac could not be read: not valid"):
        look_mac({"tool": "network_services", "key": ["Wi-Fi", "pac"]}, document)
