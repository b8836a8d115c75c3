"""Whose part of the registry a state document tells of: the machine's, a user's, or one that is gone."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import LocatorError, Unreadable
from plugins.plugin_utils.state.state import State
from tests.samples.documents import (
    BEFORE_PLIST,
    MAC_READS,
    MISSING,
    POLICY_RULES,
    TUNNELS,
    WINDOWS_READS,
    dword,
    key,
    mac,
    sz,
    windows,
)

TARO, NAMELESS, NOBODY, GONE, BROKEN = (f"S-1-5-21-1-2-3-{number}" for number in (1001, 1002, 1003, 1004, 1005))
READS = {
    **WINDOWS_READS,
    "user_registry": [{"path": r"Software\A", "depth": 1}, {"path": r"Software\B", "values": ["x"]}],
}
USERS: dict[str, Any] = {
    "default": {"hive": "file", "name": "default", "profile_path": r"C:\Users\Default", "registry": {}},
    TARO: {
        **{"hive": "loaded", "name": r"PC1\taro", "profile_path": r"C:\Users\taro"},
        "registry": {r"Software\A": key({"Port": dword(1)}, {"Inner": key()}), r"Software\B": key({"x": sz("y")})},
    },
    NAMELESS: {"hive": "file", "name": "", "profile_path": r"C:\Users\hanako", "registry": {}},
    NOBODY: {"hive": "file", "name": None, "profile_path": 7, "registry": {}},
    GONE: {"hive": "missing", "registry": {}},
    BROKEN: {"error": "in use"},
}


def state(**changes: Any) -> State:
    return State({**windows(), "users": USERS, **changes}, READS)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"registry": TUNNELS}, (set(), {"imr", "home"})),
        ({"user_registry": r"Software\A", "user": TARO}, ({"port"}, {"inner"})),
        ({"user_registry": r"SOFTWARE\a", "user": TARO}, ({"port"}, {"inner"})),
        ({"user_registry": r"Software\A", "user": GONE}, (set(), set())),
        ({"user_registry": r"Software\A", "user": "S-1-5-21-1-2-3-9"}, (set(), set())),
    ],
)
def test_what_a_key_holds_is_told_of_the_machine_and_of_each_user(where, names):
    assert state().contents(where) == names


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (
            {"user_registry": r"Software\B", "user": TARO},
            rf"HKU\{TARO}\Software\B was not read in full: name it (with its values and depth) in the role's reads",
        ),
        ({"user_registry": r"Software\A", "user": BROKEN}, f"the registry of user {BROKEN} could not be read: in use"),
    ],
)
def test_what_a_user_s_key_holds_is_not_guessed_at(where, why):
    with pytest.raises(Unreadable) as error:
        state().contents(where)
    assert str(error.value) == why


def test_a_user_without_a_profile_has_no_part_of_the_registry():
    assert state().users_branch(GONE) is None
    assert state().users_branch("S-1-5-21-1-2-3-9") is None
    assert state().user("S-1-5-21-1-2-3-9") is None


def test_a_user_s_part_is_that_of_his_own_by_any_spelling_of_his_sid():
    here = state()
    branch = here.users_branch(TARO.lower())
    assert branch is not None
    assert branch.value(r"Software\A", "Port").evidence == rf"HKU\{TARO.lower()}\Software\A Port (REG_DWORD)"
    assert here.users_branch(TARO.lower()) is branch
    assert here.user(TARO.lower()) == USERS[TARO]


def test_a_user_s_registry_that_could_not_be_read_is_not_taken_for_empty():
    users = {**USERS, TARO: {**USERS[TARO], "registry": {"error": "odd"}}}
    with pytest.raises(Unreadable) as error:
        state(users=users).users_branch(TARO)
    assert str(error.value) == f"HKU\\{TARO}\\ could not be read: odd"


@pytest.mark.parametrize(
    ("sid", "name"),
    [
        (TARO, r"PC1\taro"),
        (TARO.lower(), r"PC1\taro"),
        (NAMELESS, r"C:\Users\hanako"),
        (NOBODY, ""),
        (BROKEN, ""),
        (GONE, ""),
        ("S-1-5-21-1-2-3-9", ""),
        ("default", ""),
    ],
)
def test_a_user_is_called_by_his_account_or_by_his_profile_s_folder(sid, name):
    assert state().user_name(sid) == name


def test_users_that_nobody_asked_for_are_unreadable():
    with pytest.raises(Unreadable) as error:
        state(users={}).users()
    assert str(error.value) == "the document has no users: name what is to be read of them in the role's reads"
    assert state(users={}).user_name(TARO) == ""
    assert State(mac(), MAC_READS).user_name(TARO) == ""


def test_a_node_is_named_with_its_system_and_an_entry_with_its_node():
    with pytest.raises(Unreadable) as error:
        State({**windows(), "system": {"error": "odd"}}, READS).node("system")
    assert str(error.value) == "the Windows document's system could not be read: odd"
    with pytest.raises(Unreadable) as error:
        state().node("services", "W32Time")
    assert str(error.value) == (
        "services W32Time is not in the state document: it was not asked for, or the answer is incomplete"
    )


def test_a_document_with_many_mistakes_tells_the_first_three():
    with pytest.raises(Unreadable) as error:
        State({"schema": 1, "platform": "Darwin", "tunnel": {}}, READS)
    assert str(error.value) == (
        "the document has no 'system'; the document has no 'plists'; the document has no 'files'"
    )


def test_a_document_that_somebody_has_checked_is_not_checked_again():
    assert State({"platform": "Darwin"}, MAC_READS, checked=True).platform == "Darwin"


def test_a_wrong_locator_is_told_whole():
    with pytest.raises(LocatorError) as error:
        state().locate({"firewall_rule": "X"})
    assert str(error.value) == "{'firewall_rule': 'X'}: field is missing beside firewall_rule"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (TUNNELS, f"the subkeys of {TUNNELS} could not be read: odd"),
        (
            POLICY_RULES,
            f"{POLICY_RULES} was not read in full: name it (with its values and depth) in the role's reads",
        ),
    ],
)
def test_subkeys_that_were_not_read_are_not_taken_for_none(path, why):
    registry = {TUNNELS: {"exists": True, "values": {}, "keys": {"error": "odd"}}, POLICY_RULES: MISSING}
    with pytest.raises(Unreadable) as error:
        state(registry=registry).subkeys(path)
    assert str(error.value) == why


def test_subkeys_come_in_order_and_a_missing_key_holds_nothing():
    assert state().subkeys(TUNNELS) == ["Home", "IMR"]
    missing = state(registry={TUNNELS: MISSING})
    assert missing.subkeys(TUNNELS) == []
    assert missing.contents({"registry": TUNNELS}) == (set(), set())


@pytest.mark.parametrize(
    ("devices", "own"),
    [
        (["en1", "en0"], ["en0", "en1"]),
        (["en5.1", "en0"], ["en0", "en5.1"]),
        (["en10", "bridge0", "utun3", "p2p0"], ["en10"]),
        (["en", "enx", "x0", "1en0"], []),
    ],
)
def test_a_mac_s_own_devices_are_those_of_its_ethernet_and_wi_fi(devices, own):
    services = {device: {"device": device} for device in devices} | {"odd": "x", "bare": {}}
    assert State({**mac(), "tools": {"network_services": services}}, MAC_READS).network_devices() == own


def test_a_memory_that_cannot_be_read_is_named_by_its_place():
    with pytest.raises(Unreadable) as error:
        State(
            {**mac(), "plists": {BEFORE_PLIST: {"exists": True, "data": {"error": "odd"}}}}, MAC_READS
        ).remembering_roles()
    assert str(error.value) == f"{BEFORE_PLIST} could not be read: odd"
