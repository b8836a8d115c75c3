"""The places of Windows beside its registry: what each finds and says of it, and how it is written and put back."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.places import locator_problem, place_of
from plugins.plugin_utils.state.state import State
from tests.samples.documents import UNINSTALL, UNINSTALL_32, WINDOWS_READS, key, sz, windows

TARO, HANAKO = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
RDP_USERS = "S-1-5-32-555"
FAMILY = "FortinetInc.FortiClient_sq9g7krz3c65j"


def state(**changes: Any) -> State:
    return State({**windows(), **changes}, WINDOWS_READS)


def look(where: dict[str, Any], **changes: Any) -> Located:
    return state(**changes).locate(where)


def written(where: dict[str, Any], value: Any) -> dict[str, Any]:
    item: dict[str, Any] = {}
    place_of(where).write(item, value, None, state(), made=0)
    return item


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ({"product": []}, "product is []; it must be text"),
        ({"product": ["A", ""]}, "product is ['A', '']; it must be text"),
        ({"product": ["A", 7]}, "product is ['A', 7]; it must be text"),
        ({"product": 7}, "product is 7; it must be text"),
        ({"product": ["A", "B"]}, None),
        ({"product": "A"}, None),
    ],
)
def test_a_product_has_one_name_or_several(where, problem):
    assert locator_problem(where) == problem


@pytest.mark.parametrize(
    ("where", "value", "item"),
    [
        ({"service": "TermService", "field": "start_mode"}, "Auto", {"name": "TermService", "start_mode": "auto"}),
        ({"service": "TermService", "field": "state"}, "Stopped", {"name": "TermService", "state": "stopped"}),
        (
            {"group": RDP_USERS, "field": "members"}, ["PC1\\jiro"],
            {"name": "Remote Desktop Users", "members": ["PC1\\jiro"], "state": "present"},
        ),
        (
            {"group": RDP_USERS, "member": HANAKO}, None,
            {"name": "Remote Desktop Users", "members": [HANAKO], "state": "absent"},
        ),
    ],
)  # fmt: skip
def test_what_a_module_is_told_to_write(where, value, item):
    assert written(where, value) == item


def test_fields_of_one_service_come_together_under_the_name_that_came_first():
    item: dict[str, Any] = {}
    place_of({"service": "TermService", "field": "start_mode"}).write(item, "Manual", None, state(), made=0)
    place_of({"service": "termservice", "field": "state"}).write(item, "Running", None, state(), made=0)
    assert item == {"name": "TermService", "start_mode": "manual", "state": "started"}


@pytest.mark.parametrize(
    ("where", "above"),
    [
        ({"service": "TermService", "field": "state"}, [{"service": "TermService", "field": "exists"}]),
        ({"group": RDP_USERS, "member": "taro"}, [{"group": RDP_USERS, "field": "exists"}]),
        ({"product": "A"}, []),
    ],
)
def test_what_a_place_belongs_to_is_told(where, above):
    assert place_of(where).above() == above


def installed(**entries: Any) -> dict[str, Any]:
    registry = windows()["registry"]
    registry[UNINSTALL]["keys"] |= entries
    return registry


def test_a_product_is_told_with_its_version_and_its_keys():
    assert look({"product": "FortiClient VPN"}) == Located(
        True, "7.4.3.1790", evidence=UNINSTALL + r"\{15C7} 7.4.3.1790", missing="not installed"
    )
    assert look({"product": "7-Zip"}) == Located(True, "", evidence=UNINSTALL_32 + r"\7-Zip ", missing="not installed")
    assert look({"product": "Zoom"}) == Located(
        False, evidence="the Uninstall keys of both views", missing="not installed"
    )


def test_of_several_versions_the_oldest_counts_by_its_numbers():
    name = sz("FortiClient VPN")
    registry = installed(
        **{"{B}": key({"DisplayName": name, "DisplayVersion": sz("7.4.10.1")})},
        **{"{A}": key({"DisplayName": name, "DisplayVersion": sz("7.4.9.1")})},
    )
    located = look({"product": "FortiClient VPN"}, registry=registry)
    assert look({"product": ["FortiClient VPN"]}, registry=registry).value == "FortiClient VPN 7.4.3.1790"
    del registry[UNINSTALL]["keys"]["{15C7}"]
    assert look({"product": ["FortiClient VPN"]}, registry=registry).value == "FortiClient VPN 7.4.9.1"
    assert located.value == "7.4.3.1790"
    assert located.evidence == (
        rf"{UNINSTALL}\{{15C7}} 7.4.3.1790; {UNINSTALL}\{{A}} 7.4.9.1; {UNINSTALL}\{{B}} 7.4.10.1"
    )


def test_of_several_names_each_has_its_name_before_its_version():
    where = {"product": ["FortiClient VPN", "7-Zip"]}
    assert look(where) == Located(
        True,
        "7-Zip",
        evidence=rf"{UNINSTALL_32}\7-Zip 7-Zip; {UNINSTALL}\{{15C7}} FortiClient VPN 7.4.3.1790",
        missing="not installed",
    )


@pytest.mark.parametrize(
    ("wanted", "words"), [("Zoom", "Zoom"), (["Zoom", "Zoom Workplace"], "Zoom or Zoom Workplace")]
)
def test_a_product_that_an_unreadable_entry_might_be_is_left_open(wanted, words):
    registry = installed(**{"{x}": {"error": "odd"}, "{y}": {"error": "odder"}})
    with pytest.raises(Unreadable) as error:
        look({"product": wanted}, registry=registry)
    assert str(error.value) == (
        f"whether {words} is installed cannot be determined: {UNINSTALL}\\{{x}} could not be read: odd"
    )
    assert look({"product": "FortiClient VPN"}, registry=registry).found


@pytest.mark.parametrize(
    ("where", "located"),
    [
        ({"service": "TermService", "field": "start_mode"},
         Located(True, "Manual", evidence="service TermService, start_mode")),
        ({"service": "Nosuch", "field": "state"},
         Located(False, evidence="service Nosuch, state", missing="not there")),
        ({"group": RDP_USERS, "field": "name"},
         Located(True, "Remote Desktop Users", evidence=f"group {RDP_USERS}, name")),
        ({"reboot_pending": "windows_update"},
         Located(False, evidence="reboot pending, windows_update", missing="not pending")),
    ],
)  # fmt: skip
def test_services_and_groups_and_restarts_are_told_with_their_place(where, located):
    assert look(where) == located


def test_a_pending_restart_is_found():
    pending = {**windows()["reboot_pending"], "file_rename": True}
    assert look({"reboot_pending": "file_rename"}, reboot_pending=pending) == Located(
        True, True, evidence="reboot pending, file_rename", missing="not pending"
    )


@pytest.mark.parametrize(
    ("told", "more"), [({}, ""), ({"file_rename": "yes"}, ""), ({"file_rename": {"error": "odd"}}, ": odd"),
                       ({"file_rename": {"a": 1}}, "")]
)  # fmt: skip
def test_whether_a_restart_is_pending_may_not_be_told(told, more):
    with pytest.raises(Unreadable) as error:
        look({"reboot_pending": "file_rename"}, reboot_pending=told)
    assert str(error.value) == f"the document does not say whether a reboot is pending for file_rename{more}"


TARO_NAMES = ("pc1\\taro", "taro", ".\\taro")


def test_a_group_s_members_are_told_by_sid_with_the_names_that_they_go_by():
    assert look({"group": RDP_USERS, "field": "members"}) == Located(
        True,
        [TARO, "S-1-12-1-9"],
        evidence=f"group {RDP_USERS}, members",
        names={TARO: TARO_NAMES, "S-1-12-1-9": ()},
        labels={TARO: "PC1\\taro"},
    )


@pytest.mark.parametrize("member", [TARO, TARO.lower(), "taro", r"PC1\Taro", r".\taro"])
def test_a_member_is_found_by_each_of_its_names(member):
    where = {"group": RDP_USERS, "member": member}
    located = look(where)
    assert located == Located(
        True,
        TARO,
        evidence=f"group {RDP_USERS}, members, {member}",
        missing="no member",
        labels={TARO: "PC1\\taro"},
    )
    assert place_of(where).as_found(located) == {"group": RDP_USERS, "member": TARO}


def test_who_is_no_member_is_not_found():
    located = look({"group": RDP_USERS, "member": r"PC2\taro"})
    assert (located.found, located.value, located.missing) == (False, None, "no member")
    assert look({"group": RDP_USERS, "member": r".\taro"}, system={"error": "no WMI"}).found is False
    nobody = {RDP_USERS: {"exists": False}}
    assert look({"group": RDP_USERS, "member": "taro"}, groups=nobody) == Located(
        False, evidence=f"group {RDP_USERS}, members", missing="not there"
    )


@pytest.mark.parametrize("member", ["taro", {}, {"name": "taro"}, {"sid": 7, "name": "taro"}, {"sid": TARO, "name": 7},
                                    {"sid": TARO}])  # fmt: skip
def test_a_member_in_another_form_leaves_the_group_unknown(member):
    group = {"exists": True, "name": "Remote Desktop Users", "members": [{"sid": HANAKO, "name": None}, member]}
    with pytest.raises(Unreadable) as error:
        look({"group": RDP_USERS, "field": "members"}, groups={RDP_USERS: group})
    assert str(error.value) == (
        f"group {RDP_USERS}, members: one of them is not in the form of a member (sid and name)"
    )


def test_accounts_that_are_added_come_to_be_members_of_their_own():
    place = place_of({"group": RDP_USERS, "field": "members"})
    assert place.members(["taro", HANAKO]) == [
        {"group": RDP_USERS, "member": "taro"},
        {"group": RDP_USERS, "member": HANAKO},
    ]


OLD, NEW = (
    f"FortinetInc.FortiClient_9.0.1.0_x64__{FAMILY[-13:]}",
    f"FortinetInc.FortiClient_10.0.0.0_neutral__{FAMILY[-13:]}",
)


@pytest.mark.parametrize(
    ("packages", "version", "words"),
    [([NEW, OLD], "9.0.1.0", f"{NEW}, {OLD}"), ([NEW], "10.0.0.0", NEW), ([], None, "none")],
)
def test_of_a_store_package_the_oldest_version_counts(packages, version, words):
    assert look({"appx": FAMILY}, appx={FAMILY: {"packages": packages}}) == Located(
        version is not None, version, evidence=f"Store packages of {FAMILY}: {words}", missing="not installed"
    )


def test_a_family_of_which_no_package_is_told_is_not_installed():
    assert look({"appx": FAMILY}, appx={FAMILY: {}}).found is False


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, f"appx {FAMILY} is not in the state document: it was not asked for, or the answer is incomplete"),
        ({FAMILY: {"error": "odd"}}, f"appx {FAMILY} could not be read: odd"),
    ],
)
def test_store_packages_that_are_not_told_are_not_taken_for_missing(told, why):
    with pytest.raises(Unreadable) as error:
        look({"appx": FAMILY}, appx=told)
    assert str(error.value) == why


IMR = {"vpn_connection": "IMR", "of": "taro"}
SETTINGS = {"plugin": "Fortinet", "server_address": "vpn.example.org", "proxy_script": "", "auto_detect": False}


def test_a_vpn_connection_is_told_by_its_settings_or_is_not_there():
    there = {"taro": {"IMR": {"exists": True, **SETTINGS, "custom": "<x/>"}}}
    assert look(IMR, vpn_connections=there) == Located(True, SETTINGS, evidence="VPN connection IMR of taro")
    gone = {"taro": {"IMR": {"exists": False}}}
    assert look(IMR, vpn_connections=gone) == Located(False, evidence="VPN connection IMR of taro", missing="not there")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, " can only be seen on the laptop itself: run audit.yml when it is within reach"),
        (
            {"vpn_connections": {"hanako": {"IMR": {"exists": True}}}},
            " was not read: name it in the role's variables, also to remove it",
        ),
        (
            {"vpn_connections": {"taro": {"Lab": {"exists": True}}}},
            " was not read: name it in the role's variables, also to remove it",
        ),
        ({"vpn_connections": {"taro": {"IMR": {"error": "odd"}}}}, " could not be read: odd"),
    ],
)
def test_a_vpn_connection_that_nobody_looked_at_is_unreadable(told, why):
    with pytest.raises(Unreadable) as error:
        look(IMR, **told)
    assert str(error.value) == f"VPN connection IMR of taro{why}"


def test_a_vpn_connection_of_somebody_else_s_is_left_alone():
    words = "was made by somebody else; rename or remove it, as that user"
    assert place_of(IMR).refusal(Located(True, SETTINGS)) == words


THERE, GONE = Located(True, "Manual"), Located(False)


@pytest.mark.parametrize(
    ("where", "located", "compare", "can"),
    [
        ({"service": "TermService", "field": "start_mode"}, THERE, "exact", True),
        ({"service": "TermService", "field": "state"}, THERE, "one_of", True),
        ({"service": "TermService", "field": "state"}, THERE, "contains", False),
        ({"service": "TermService", "field": "state"}, GONE, "exact", False),
        ({"service": "TermService", "field": "exists"}, THERE, "exact", False),
        ({"group": RDP_USERS, "field": "members"}, THERE, "contains", True),
        ({"group": RDP_USERS, "field": "members"}, THERE, "exact", False),
        ({"group": RDP_USERS, "field": "members"}, GONE, "contains", False),
    ],
)
def test_what_is_there_can_be_written_by_the_comparisons_that_name_a_value(where, located, compare, can):
    assert place_of(where).can_write(located, compare, writable=True) is can
