from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.plan.memory import Entry, MemoryTextError, parse_memory, render
from plugins.plugin_utils.state.places import place_of
from tests.samples.documents import PLIST, TUNNELS

SERVER = {"registry": TUNNELS + r"\IMR", "value": "Server"}
SCOPE = {"firewall_rule": "FPS-SMB-In-TCP", "field": "remote_address"}
USER = {"user_registry": r"Software\X", "value": "N", "user": "S-1-5-21-1"}
START = {"service": "TermService", "field": "start_mode"}
PROFILES = {"firewall_rule": "FPS-SMB-In-TCP", "field": "profiles"}
MEMBER = {"group": "S-1-5-32-555", "member": "taro"}
ENTRIES = [
    Entry("vpn_profile.server", "IMR", SERVER, False, "old.example.com:443", "REG_SZ"),
    Entry("vpn_profile.server", "Neu", {"registry": TUNNELS + r"\Neu"}, True),
    Entry("smb_firewall_scope.remote_address", "FPS-SMB-In-TCP", SCOPE, False, ["LocalSubnet"]),
    Entry("vpn_profile.port", None, {"plist": PLIST, "key": ["Profiles", "IMR", "ServerPort"]}, False, 10443),
    Entry("fortissl_proxy.pac", "IMR", USER, False, "46ff", "REG_BINARY"),
    Entry("fortissl_proxy.pac", "IMR", {"user_registry": "Software", "user": "default"}, True, shared=True),
    Entry("rdp_enable.start", None, START, False, "Manual"),
    Entry("rdp_enable.profiles", None, PROFILES, False, ["Domain", "Private", "Public"]),
    Entry("rdp_enable.users", None, MEMBER, True),
    Entry("forticlient_install.version", None, {"product": "FortiClient VPN"}, True),
]


def test_a_memory_comes_back_as_it_was_kept():
    assert parse_memory(render(ENTRIES)) == ENTRIES


def test_an_older_note_that_names_the_store_of_a_rule_is_understood():
    text = render(ENTRIES).replace(
        '"firewall_rule":"FPS-SMB-In-TCP"', '"firewall_rule":"FPS-SMB-In-TCP","store":"local"'
    )
    assert text.count('"store":"local"') == 2
    assert parse_memory(text) == ENTRIES


def test_the_kept_text_has_the_agreed_form():
    assert json.loads(render(ENTRIES[:2])) == {
        "schema": 1,
        "entries": [
            {
                "control": "vpn_profile.server",
                "instance": "IMR",
                "where": SERVER,
                "before": {"value": "old.example.com:443", "type": "REG_SZ"},
            },
            {
                "control": "vpn_profile.server",
                "instance": "Neu",
                "where": {"registry": TUNNELS + r"\Neu"},
                "before": {"absent": True},
            },
        ],
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_kept_in_ascii(text):
    entry = Entry("a.b", text, SERVER, False, text, "REG_SZ")
    assert render([entry]).isascii()
    assert parse_memory(render([entry])) == [entry]


def changed(**changes):
    return json.dumps({"schema": 1, "entries": [{**json.loads(render(ENTRIES[:1]))["entries"][0], **changes}]})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        (None, "no JSON"),
        (7, "no JSON"),
        ("[]", "schema"),
        ('{"schema": 2, "entries": []}', "schema"),
        ("[" * 5000, "no JSON"),
        ('{"schema": 1, "entries": {}}', "schema"),
        ('{"schema": 1, "entries": ["x"]}', "entry 1"),
        ('{"schema": 1, "entries": [{}]}', "entry 1"),
        (changed(control=7), "text"),
        (changed(instance=7), "text"),
        (changed(where="x"), "no place"),
        (changed(where={"system": "build"}), "no place"),
        (changed(where={"plist": PLIST, "attribute": "mode"}), "no place"),
        (changed(where={**SCOPE, "store": "policy"}), "no place"),
        (changed(where={**SCOPE, "field": "action"}), "no place"),
        (changed(where=SCOPE, before={"absent": True}), "cannot have held"),
        (changed(where=SCOPE, before={"value": ["nonsense"]}), "cannot have held"),
        (changed(where={**SCOPE, "field": "enabled"}, before={"value": "yes"}), "cannot have held"),
        (changed(where={"registry": TUNNELS}), "cannot have held"),
        (changed(before={}), "cannot have held"),
        (changed(before={"absent": False}), "cannot have held"),
        (changed(before={"value": None, "type": "REG_SZ"}), "cannot have held"),
        (changed(before={"value": "x"}), "cannot have held"),
        (changed(before={"value": "x", "type": "TEXT"}), "cannot have held"),
        (changed(before={"value": "x", "type": "REG_DWORD"}), "cannot have held"),
        (changed(before={"absent": True, "value": 1}), "cannot have held"),
        (changed(before={"absent": True, "shared": True}), "cannot have held"),
        (changed(where={"user_registry": "Software", "value": "N"}), "no place"),
        (changed(where={"group": "S-1-5-32-555", "field": "members"}), "no place"),
        (changed(where={"service": "X", "field": "exists"}), "no place"),
        (changed(where=START, before={"absent": True}), "cannot have held"),
        (changed(where=START, before={"value": "Automatic"}), "cannot have held"),
        (changed(where=PROFILES, before={"value": ["Any"]}), "cannot have held"),
        (changed(where=MEMBER, before={"absent": True, "shared": True}), "cannot have held"),
    ],
)
def test_a_memory_that_is_not_as_it_was_written_is_refused(text, why):
    with pytest.raises(MemoryTextError, match=why):
        parse_memory(text)


def identity(where):
    return place_of(where).identity


def test_the_same_place_is_known_however_it_is_written():
    assert identity(SERVER) == identity(
        {"registry": "HKEY_LOCAL_MACHINE" + TUNNELS[4:].upper() + r"\imr", "value": "SERVER", "type": "REG_SZ"}
    )
    assert identity(SERVER) != identity({**SERVER, "value": "Description"})
    assert identity(SERVER) != identity({"registry": SERVER["registry"]})
    assert identity(SCOPE) == identity({"firewall_rule": "fps-smb-in-tcp", "field": "remote_address"})
    assert identity(USER) == identity(
        {**USER, "user_registry": r"SOFTWARE\x", "user": "s-1-5-21-1", "type": "REG_DWORD"}
    )
    assert identity(USER) != identity({**USER, "user": "S-1-5-21-2"})
    assert identity(START) == identity({"service": "TERMSERVICE", "field": "start_mode"})
    assert identity(MEMBER) != identity({**MEMBER, "member": "hanako"})
    assert identity({"plist": PLIST, "key": ["A"]}) != identity({"plist": PLIST, "key": ["a"]})


@pytest.mark.parametrize(
    ("where", "container", "inside"),
    [
        (SERVER, {"registry": TUNNELS + r"\imr"}, True),
        ({"registry": TUNNELS + r"\IMR"}, {"registry": TUNNELS + r"\IMR"}, True),
        ({"registry": TUNNELS + r"\IMR\Sub", "value": "X"}, {"registry": TUNNELS + r"\IMR"}, True),
        (SERVER, {"registry": TUNNELS + r"\IM"}, False),
        ({"registry": TUNNELS + r"\IMR2", "value": "X"}, {"registry": TUNNELS + r"\IMR"}, False),
        ({"registry": TUNNELS + r"\IMR\Sub", "value": "X"}, SERVER, False),
        ({"plist": PLIST, "key": ["P", "I", "S"]}, {"plist": PLIST, "key": ["P", "I"]}, True),
        ({"plist": PLIST, "key": ["P", "J", "S"]}, {"plist": PLIST, "key": ["P", "I"]}, False),
        ({"plist": "/other", "key": ["P", "I", "S"]}, {"plist": PLIST, "key": ["P", "I"]}, False),
        (USER, {"user_registry": "Software", "user": "S-1-5-21-1"}, True),
        (USER, {"user_registry": "Software", "user": "S-1-5-21-2"}, False),
        (SCOPE, SCOPE, False),
        (SERVER, {"plist": PLIST, "key": ["P"]}, False),
    ],
)
def test_what_lies_in_a_container(where, container, inside):
    assert place_of(where).lies_in(place_of(container)) is inside


@pytest.mark.parametrize(
    ("where", "before"),
    [
        ({"plist": PLIST, "key": ["a"] * 200_000}, {"absent": True, "made": 3}),
        ({"plist": PLIST, "key": ["a"] * 61}, {"absent": True}),
        ({"registry": "HKLM\\" + "a\\" * 300_000 + "b", "value": "v"}, {"absent": True}),
        ({"registry": "HKLM\\" + "a\\" * 60 + "b"}, {"absent": True}),
        ({"registry": "HKLM\\" + "a" * 4096, "value": "v"}, {"absent": True}),
    ],
)
def test_a_place_deeper_or_longer_than_any_that_a_role_writes_is_none(where, before):
    entry = {"control": "a.b", "instance": None, "where": where, "before": before}
    with pytest.raises(MemoryTextError, match="is no place that a role writes to"):
        parse_memory(json.dumps({"schema": 1, "entries": [entry]}))


def test_a_note_longer_than_any_that_a_role_makes_is_refused():
    with pytest.raises(MemoryTextError, match="it has 1,048,577 characters"):
        parse_memory(" " * (2**20 + 1))
