"""The places of a Mac, and those that both systems have: what each finds and says of it, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.places import locator_problem, place_of
from plugins.plugin_utils.state.state import State
from tests.samples.documents import APP, BEFORE, BEFORE_PLIST, MAC_READS, PLIST, WINDOWS_READS, key, mac, sz, windows

IMR = ["Profiles", "IMR"]
SERVER = {"plist": PLIST, "key": [*IMR, "Server"]}


def look(where: dict[str, Any], **changes: Any) -> Located:
    return State({**mac(), **changes}, MAC_READS).locate(where)


def with_data(data: Any, **file: Any) -> dict[str, Any]:
    plists = mac()["plists"]
    plists[PLIST] |= {"data": data, **file}
    return plists


@pytest.mark.parametrize(
    ("where", "located"),
    [
        (SERVER, Located(True, "fg.imr.tohoku.ac.jp", evidence=f"{PLIST} Profiles/IMR/Server")),
        (
            {"plist": PLIST, "key": ["Profiles", "Lab", "Server"]},
            Located(False, evidence=f"{PLIST} Profiles/Lab/Server"),
        ),
        ({"plist": PLIST, "attribute": "mode"}, Located(True, "0644", evidence=f"{PLIST}, mode")),
        ({"plist": PLIST, "attribute": "exists"}, Located(True, True, evidence=f"{PLIST}, exists")),
        ({"file": APP, "attribute": "owner"}, Located(True, "root", evidence=f"{APP}, owner")),
        ({"tool": "network_time", "key": ["on"]}, Located(True, True, evidence="network_time on")),
        ({"console_user": "name"}, Located(True, "taro", evidence="console user", missing="nobody")),
        ({"system": "build"}, Located(True, "24B83", evidence="system build")),
        ({"tunnel": "active"}, Located(True, True, evidence="tunnel active")),
        ({"memory": "vpn_profile"}, Located(False, evidence=f"{BEFORE_PLIST} vpn_profile",
                                            missing="not set (the file does not exist)")),
    ],
)  # fmt: skip
def test_what_a_mac_holds_is_told_with_its_place(where, located):
    assert look(where) == located


@pytest.mark.parametrize(
    ("changes", "where", "located"),
    [
        ({"console_user": None}, {"console_user": "name"}, Located(False, evidence="console user", missing="nobody")),
        ({"console_user": ""}, {"console_user": "name"}, Located(False, evidence="console user", missing="nobody")),
        ({"tunnel": {"active": False}}, {"tunnel": "active"}, Located(True, False, evidence="tunnel active")),
        (
            {"files": {APP: {"exists": False}}}, {"file": APP, "attribute": "exists"},
            Located(False, evidence=f"{APP}, exists", missing="not there"),
        ),
        (
            {"plists": {PLIST: {"exists": False}}}, SERVER,
            Located(False, evidence=f"{PLIST} Profiles/IMR/Server", missing="not set (the file does not exist)"),
        ),
        (
            {"plists": {PLIST: {"exists": False}}}, {"plist": PLIST, "attribute": "mode"},
            Located(False, evidence=f"{PLIST}, mode", missing="not there"),
        ),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_words(changes, where, located):
    assert look(where, **changes) == located


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        (
            {}, {"plist": PLIST, "key": ["AutoStartVPN", "On"]},
            f"{PLIST} AutoStartVPN/On was not read: name it in the role's reads",
        ),
        (
            {}, {"plist": "/x", "attribute": "mode"},
            "/x is not in the state document: it was not asked for, or the answer is incomplete",
        ),
        (
            {}, {"file": "/x", "attribute": "mode"},
            "/x is not in the state document: it was not asked for, or the answer is incomplete",
        ),
        ({}, {"file": APP, "attribute": "size"}, f"{APP}, size: the document does not have it"),
        (
            {"plists": with_data({"Profiles": {"IMR": "x"}})}, SERVER,
            f"{PLIST} Profiles/IMR is no dictionary: it is not what was expected",
        ),
        ({}, {"system": "color"}, "system color: the document does not have it"),
        ({"system": {"build": {"error": "odd"}}}, {"system": "build"}, "system build: odd"),
        ({"tunnel": {}}, {"tunnel": "active"}, "the document does not say whether a VPN tunnel is active"),
        ({"tunnel": {"active": 1}}, {"tunnel": "active"}, "the document does not say whether a VPN tunnel is active"),
        ({"console_user": {"error": "odd"}}, {"console_user": "name"}, "who is logged on could not be read: odd"),
        ({}, {"tool": "broken", "key": ["on"]}, "tools broken could not be read: no root"),
        (
            {"tools": {"disks": {"root": {"free": {"error": "odd"}}}}}, {"tool": "disks", "key": ["root", "free"]},
            "disks root/free could not be read: odd",
        ),
        (
            {"tools": {"disks": {"root": {"error": "odd"}}}}, {"tool": "disks", "key": ["root", "free"]},
            "disks root/free could not be read: odd",
        ),
    ],
)  # fmt: skip
def test_what_is_not_told_is_unreadable_and_says_why(changes, where, why):
    with pytest.raises(Unreadable) as error:
        look(where, **changes)
    assert str(error.value) == why


def test_windows_has_a_full_build_where_both_parts_are_known():
    def full_build(**system: Any) -> Located:
        return State({**windows(), "system": system}, WINDOWS_READS).locate({"system": "full_build"})

    assert full_build(build=19045, ubr=6456) == Located(True, "19045.6456", evidence="system build; system ubr")
    with pytest.raises(Unreadable, match=r"^system ubr: the document does not have it$"):
        full_build(build=19045)


def test_the_memory_is_a_value_of_the_registry_or_a_key_of_a_property_list():
    document = windows()
    document["registry"][BEFORE] = key({"rdp_enable": sz("note")})
    located = State(document, WINDOWS_READS).locate({"memory": "rdp_enable"})
    assert located == Located(True, "note", "REG_SZ", f"{BEFORE} rdp_enable (REG_SZ)")
    noted = {**mac()["plists"], BEFORE_PLIST: {"exists": True, "data": {"vpn_profile": "note"}}}
    assert look({"memory": "vpn_profile"}, plists=noted) == Located(
        True, "note", evidence=f"{BEFORE_PLIST} vpn_profile"
    )


def connections(profiles: Any, **file: Any) -> Located:
    data = {} if profiles is None else {"Profiles": profiles}
    return look({"client_connections": PLIST}, plists=with_data(data, **file))


def connection(server: str, kind: str = "SSL-VPN", name: str = "A") -> dict[str, str]:
    return {"key": "A", "name": name, "kind": kind, "server": server, "whose": "machine"}


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"Server": "a.example.org", "ServerPort": 443}, connection("a.example.org:443")),
        ({"Server": "a.example.org"}, connection("a.example.org")),
        ({"Server": "a.example.org", "ServerPort": "443"}, connection("a.example.org")),
        ({"Server": "2001:db8::1", "ServerPort": 8443}, connection("[2001:db8::1]:8443")),
        ({"Server": "2001:db8::1"}, connection("2001:db8::1")),
        ({"ServerPort": 443}, connection("")),
        ({"Server": 7, "ServerPort": 443}, connection("")),
        ({"Server": "a", "Name": "IMR Lab", "VpnType": 0}, connection("a", name="IMR Lab")),
        ({"Server": "a", "Name": "", "VpnType": 2}, connection("a", "VpnType 2")),
        ({"Server": "a", "Name": 7}, connection("a")),
        ("x", {"error": f"{PLIST} Profiles/A is no dictionary: it is not what was expected"}),
    ],
)
def test_a_connection_of_a_mac_is_told_by_its_name_and_server(profile, told):
    assert connections({"A": profile}) == Located(True, [told], evidence=f"{PLIST} Profiles")


@pytest.mark.parametrize(("profiles", "file"), [(None, {}), ({}, {}), ({"A": {"Server": "a"}}, {"exists": False})])
def test_where_a_mac_keeps_no_connection_none_is_told(profiles, file):
    assert connections(profiles, **file) == Located(True, [], evidence=f"{PLIST} Profiles")


def test_a_mac_s_connections_come_in_the_order_of_their_keys():
    found = connections({"B": {"Server": "b"}, "A": {"Server": "a"}}).value
    assert [one["key"] for one in found] == ["A", "B"]


def test_connections_in_another_form_are_unreadable():
    with pytest.raises(Unreadable) as error:
        connections(["A"])
    assert str(error.value) == f"{PLIST} Profiles is no dictionary: it is not what was expected"
    with pytest.raises(Unreadable) as error:
        look({"client_connections": PLIST}, plists={PLIST: {"error": "odd"}})
    assert str(error.value) == f"{PLIST} could not be read: odd"
    with pytest.raises(Unreadable) as error:
        State(mac(), {"plists": [{"path": PLIST, "keys": ["EnableSSL"]}]}).locate({"client_connections": PLIST})
    assert str(error.value) == f"{PLIST} Profiles was not read: name it in the role's reads"


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (SERVER, None),
        ({"plist": PLIST}, "beside plist stands either key or attribute"),
        ({**SERVER, "attribute": "mode"}, "beside plist stands either key or attribute"),
        ({"plist": PLIST, "key": []}, "key is []; it must be a list of texts, from the top of the file"),
        ({"plist": PLIST, "key": "A/B"}, "key is 'A/B'; it must be a list of texts, from the top of the file"),
        ({"plist": PLIST, "key": ["A", 7]}, "key is ['A', 7]; it must be a list of texts, from the top of the file"),
        ({"plist": PLIST, "attribute": "size"},
         "attribute is 'size'; allowed: exists, format, owner, group, mode"),
        ({"plist": "", "attribute": "mode"}, "plist is ''; it must be text"),
        ({"tool": "disks"}, "key is missing beside tool"),
        ({"vpn_connection": "IMR", "of": ""}, "of is ''; it must be text"),
        ({"vpn_connection": "IMR", "of": 7}, "of is 7; it must be text"),
        ({"group": "S-1-5-32-555", "member": None}, "member is None; it must be text"),
        ({"user_registry": "Software", "user": 7}, "user is 7; it must be text"),
        ({"tunnel": "active", "z": 1, "a": 1}, "a, z is not known beside tunnel; allowed: nothing"),
        ({"file": APP, "attribute": "mode", "size": 1}, "size is not known beside file; allowed: attribute"),
        ({"group": "X", "user": 1}, "user is not known beside group; allowed: field, member"),
        ("text", "a place in the state is an object such as {registry: ..., value: ...}, not 'text'"),
    ],
)  # fmt: skip
def test_a_wrong_locator_is_told_and_a_right_one_is_not(where, problem):
    assert locator_problem(where) == problem


def test_a_locator_of_no_kind_names_all_kinds_in_turn():
    words = str(locator_problem({"shelf": "A"}))
    assert words.startswith("none of firewall_rule, other_firewall, reachable, other_rules, registry, user_registry, ")
    assert words.endswith(", system, tunnel, memory is in it")


def test_the_changes_of_one_file_come_together():
    item: dict[str, Any] = {}
    state = State(mac(), MAC_READS)
    place_of(SERVER).write(item, "vpn.example.org", None, state, made=2)
    place_of({"plist": PLIST, "key": ["EnableSSL"]}).write(item, 0, None, state, made=0)
    place_of({"plist": PLIST, "key": [*IMR, "User"]}).write(item, None, None, state, made=1)
    place_of({"plist": PLIST, "key": [*IMR, "Old"]}).write(item, None, None, state, made=0)
    assert item == {
        "path": PLIST,
        "values": [
            {"key": [*IMR, "Server"], "state": "present", "prune": 2, "value": "vpn.example.org"},
            {"key": ["EnableSSL"], "state": "present", "value": 0},
            {"key": [*IMR, "User"], "state": "absent", "prune": 1},
            {"key": [*IMR, "Old"], "state": "absent"},
        ],
    }


@pytest.mark.parametrize(
    ("where", "above", "depth"),
    [
        (SERVER, [{"plist": PLIST, "key": IMR}, {"plist": PLIST, "key": ["Profiles"]},
                  {"plist": PLIST, "attribute": "exists"}], 3),
        ({"plist": PLIST, "key": ["EnableSSL"]}, [{"plist": PLIST, "attribute": "exists"}], 1),
        ({"plist": PLIST, "attribute": "exists"}, [], 0),
        ({"file": APP, "attribute": "exists"}, [], 0),
    ],
)  # fmt: skip
def test_what_a_key_of_a_property_list_belongs_to_is_told_innermost_first(where, above, depth):
    assert (place_of(where).above(), place_of(where).depth) == (above, depth)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SERVER, {"key": [*IMR, "Server"], "plist": PLIST}, True),
        (SERVER, {"plist": PLIST, "key": [*IMR, "server"]}, False),
        (SERVER, {"plist": PLIST.lower(), "key": [*IMR, "Server"]}, False),
        ({"plist": PLIST, "attribute": "mode"}, {"plist": PLIST, "attribute": "owner"}, False),
        ({"service": "A", "field": "state"}, {"field": "state", "service": "a"}, True),
        ({"service": "A", "field": "state"}, {"service": "A", "field": "start_mode"}, False),
        ({"service": "A", "field": "exists"}, {"group": "A", "field": "exists"}, False),
    ],
)
def test_the_same_place_is_known_however_it_is_written(one, other, same):
    assert (place_of(one).identity == place_of(other).identity) is same


def test_a_key_lies_in_those_above_it_and_in_no_other_file():
    server, profile = place_of(SERVER), place_of({"plist": PLIST, "key": IMR})
    assert (server.lies_in(profile), profile.lies_in(server)) == (True, False)
    assert not server.lies_in(place_of({"plist": PLIST, "key": ["Profiles", "Home"]}))
    assert not server.lies_in(place_of({"plist": "/x", "key": IMR}))
    assert not server.lies_in(place_of({"plist": PLIST, "attribute": "exists"}))


THERE, GONE = Located(True, "x"), Located(False)


@pytest.mark.parametrize(
    ("where", "located", "compare", "writable", "can"),
    [
        (SERVER, THERE, "exact", True, True),
        (SERVER, GONE, "exact", True, True),
        (SERVER, THERE, "absent", True, True),
        (SERVER, THERE, "exact", False, False),
        ({"plist": PLIST, "attribute": "mode"}, THERE, "exact", True, False),
        ({"file": APP, "attribute": "mode"}, THERE, "exact", True, False),
        ({"system": "build"}, THERE, "exact", True, False),
        ({"registry": r"HKLM\SOFTWARE\A", "value": "V"}, GONE, "exact", True, True),
        ({"registry": r"HKLM\SOFTWARE\A"}, THERE, "absent", True, False),
        ({"user_registry": "Software", "value": "V"}, THERE, "exact", True, False),
        ({"firewall_rule": "R", "field": "enabled"}, THERE, "exact", True, True),
        ({"firewall_rule": "R", "field": "enabled"}, GONE, "exact", True, False),
        ({"firewall_rule": "R", "field": "enabled"}, THERE, "absent", True, False),
        ({"firewall_rule": "R", "field": "exists"}, THERE, "exact", True, False),
    ],
)
def test_what_a_module_can_make_right(where, located, compare, writable, can):
    assert place_of(where).can_write(located, compare, writable=writable) is can


@pytest.mark.parametrize(
    ("where", "value", "refusal"),
    [
        ({"service": "A", "field": "state"}, "Running", ""),
        ({"service": "A", "field": "state"}, "StopPending", "is StopPending; wait until that is over"),
        ({"firewall_rule": "R", "field": "profiles"}, ["Domain", "Public"], ""),
        ({"firewall_rule": "R", "field": "profiles"}, ["Domain", "Home"],
         "is ['Domain', 'Home']; wait until that is over"),
        ({"firewall_rule": "R", "field": "enabled"}, "yes", "is yes; wait until that is over"),
        ({"firewall_rule": "R", "field": "enabled"}, False, ""),
        ({"firewall_rule": "R", "field": "remote_address"}, "anything", ""),
        (SERVER, 7, ""),
    ],
)  # fmt: skip
def test_what_could_not_be_put_back_is_refused(where, value, refusal):
    assert place_of(where).refusal(Located(True, value)) == refusal


def test_what_a_place_may_hold_is_no_part_of_the_place():
    where = {"registry": r"HKLM\SOFTWARE\A", "value": "V", "type": "REG_BINARY", "decode": "wininet"}
    assert place_of(where).bare == {"registry": r"HKLM\SOFTWARE\A", "value": "V"}
    found = place_of(where).as_found(Located(True, "x"))
    assert found == where
    assert found is not where
