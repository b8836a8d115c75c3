"""win_user, win_group and win_group_membership."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import ADMIN, ORPHAN, TARO, predicts, run, small_machine
from lab.windows.machine import Machine
from lab.windows.machine.accounts import REMOTE_DESKTOP_USERS, USERS, Members

USER = "ansible.windows.win_user"
GROUP = "ansible.windows.win_group"
MEMBERSHIP = "ansible.windows.win_group_membership"
RDP = "Remote Desktop Users"
NOT_TRANSLATED = (
    'Exception calling "Translate" with "1" argument(s): "Some or all identity references could not be translated."'
)


@pytest.fixture
def machine() -> Machine:
    machine = small_machine()
    machine.groups[REMOTE_DESKTOP_USERS].members |= {ORPHAN}
    machine.accounts.outside["S-1-12-1-1-2-3-4"] = r"AzureAD\hanako"
    return machine


def rdp(machine: Machine) -> Members:
    return machine.groups[REMOTE_DESKTOP_USERS].members


@pytest.mark.parametrize("spelling", ["taro", "TARO", r".\taro", r"PC1\taro", TARO])
def test_a_member_is_added_in_any_spelling(machine: Machine, spelling: str) -> None:
    result = predicts(machine, MEMBERSHIP, {"name": "remote desktop USERS", "members": [spelling]})
    assert (result["added"], result["members"]) == ([r"PC1\taro"], [ORPHAN, r"PC1\taro"])
    assert rdp(machine) == {TARO, ORPHAN}
    assert not predicts(machine, MEMBERSHIP, {"name": RDP, "members": [spelling]})["changed"]


def test_an_account_of_elsewhere_is_added_by_sid(machine: Machine) -> None:
    result = predicts(machine, MEMBERSHIP, {"name": RDP, "members": ["S-1-12-1-1-2-3-4"]})
    assert result["added"] == [r"AzureAD\hanako"]


def test_an_orphan_can_be_removed_only_by_pure(machine: Machine) -> None:
    result = run(machine, MEMBERSHIP, {"name": RDP, "members": [ORPHAN], "state": "absent"})
    assert result["msg"] == f"failed to convert sid '{ORPHAN}' to a logon name: {NOT_TRANSLATED}"
    result = predicts(machine, MEMBERSHIP, {"name": RDP, "members": ["taro"], "state": "pure"})
    assert (result["added"], result["removed"], result["members"]) == ([r"PC1\taro"], [ORPHAN], [r"PC1\taro"])
    assert rdp(machine) == {TARO}


def test_check_mode_unwraps_what_is_left_after_a_removal(machine: Machine) -> None:
    rdp(machine).add(TARO)
    args = {"name": RDP, "members": ["taro"], "state": "absent"}
    assert run(machine, MEMBERSHIP, args, check=True)["members"] == ORPHAN
    rdp(machine).discard(ORPHAN)
    assert run(machine, MEMBERSHIP, args, check=True)["members"] is None
    assert run(machine, MEMBERSHIP, args)["members"] == []


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"name": "No such", "members": ["taro"]}, "Could not find local group No such"),
        (
            {"name": RDP, "members": ["nobody"]},
            f"account_name nobody is not a valid account, cannot get SID: {NOT_TRANSLATED}",
        ),
        (
            {"name": RDP, "members": ["Users"]},
            'Exception calling "Add" with "1" argument(s): "A new member could not be added to a local group because '
            'the member has the wrong account type.\r\n"',
        ),
    ],
)
def test_membership_failures(machine: Machine, args: dict[str, Any], msg: str) -> None:
    before = machine.to_bytes()
    result = run(machine, MEMBERSHIP, args)
    assert (result["failed"], result["msg"]) == (True, msg)
    assert machine.to_bytes() == before


def test_a_group_is_made_and_filled_and_deleted(machine: Machine) -> None:
    args = {"name": "Lab", "description": "The lab", "members": {"set": ["taro", ADMIN]}}
    predicted = run(machine, GROUP, args, check=True)
    assert (predicted["changed"], predicted["sid"]) == (True, "S-1-5-0000")
    result = predicts(machine, GROUP, args)
    assert result["diff"]["after"] == {
        "name": "Lab",
        "description": "The lab",
        "members": [r"PC1\ansible", r"PC1\taro"],
    }
    assert machine.groups[result["sid"]].members == {TARO, ADMIN}
    assert not predicts(machine, GROUP, args)["changed"]
    assert not predicts(machine, GROUP, args | {"description": "THE LAB"})["changed"]
    assert predicts(machine, GROUP, {"name": "Lab", "members": {"remove": ["taro"]}})["changed"]
    assert machine.groups[result["sid"]].members == {ADMIN}
    predicts(machine, GROUP, {"name": "Lab", "state": "absent"})
    assert result["sid"] not in machine.groups


def test_win_group_takes_an_orphan_away_by_its_sid(machine: Machine) -> None:
    assert predicts(machine, GROUP, {"name": RDP, "members": {"remove": [ORPHAN]}})["changed"]
    assert rdp(machine) == set()


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"name": "Users", "state": "absent"}, "Cannot perform this operation on built-in accounts."),
        ({"name": RDP, "members": {"add": ["nobody"]}}, "Failed to translate 'nobody' to a SecurityIdentifier"),
        ({"name": RDP, "members": {"add": [], "set": []}}, "parameters are mutually exclusive: set, add"),
        ({"name": "taro"}, "The account already exists."),
    ],
)
def test_group_failures(machine: Machine, args: dict[str, Any], msg: str) -> None:
    before = machine.to_bytes()
    result = run(machine, GROUP, args)
    assert result["failed"]
    assert msg in result["msg"]
    assert machine.to_bytes() == before


def test_a_user_is_made_changed_and_deleted(machine: Machine) -> None:
    args = {"name": "hana", "password": "pw", "fullname": "Hana", "groups": ["Users"], "password_never_expires": True}
    result = predicts(machine, USER, args)
    sid = result["sid"]
    assert (result["state"], result["groups"]) == (
        "present",
        [{"name": "Users", "path": "WinNT://WORKGROUP/PC1/Users"}],
    )
    assert sid in machine.groups[USERS].members
    assert machine.users[sid].check_password("pw")
    assert not predicts(machine, USER, args)["changed"]
    assert predicts(machine, USER, {"name": "HANA", "fullname": "hana"})["changed"]
    result = predicts(machine, USER, {"name": "hana", "state": "absent"})
    assert result["msg"] == "User 'hana' deleted successfully"
    assert sid not in machine.users
    assert sid not in machine.groups[USERS].members
    assert predicts(machine, USER, {"name": "hana", "state": "absent"})["msg"] == "User 'hana' was not found"


def test_a_password_is_changed_only_when_it_is_another(machine: Machine) -> None:
    assert not predicts(machine, USER, {"name": "taro", "password": "taro-secret"})["changed"]
    result = predicts(machine, USER, {"name": "taro", "password": "new"})
    assert (result["changed"], result["diff"]["after"]["password"]) == (True, "CHANGED REDACTED")
    assert machine.users[TARO].check_password("new")
    assert not predicts(machine, USER, {"name": "taro", "password": "x", "update_password": "on_create"})["changed"]


def test_a_disabled_account_takes_its_password_again_each_time(machine: Machine) -> None:
    assert predicts(machine, USER, {"name": "taro", "account_disabled": True})["account_disabled"]
    assert predicts(machine, USER, {"name": "taro", "password": "taro-secret"})["changed"]
    assert predicts(machine, USER, {"name": "taro", "password": "taro-secret"})["changed"]


@pytest.mark.parametrize(("action", "left"), [("replace", {RDP}), ("add", {RDP, "Users"}), ("remove", {"Users"})])
def test_groups_of_a_user(machine: Machine, action: str, left: set[str]) -> None:
    machine.groups[USERS].members.add(TARO)
    result = predicts(machine, USER, {"name": "taro", "groups": [RDP], "groups_action": action})
    assert {group["name"] for group in result["groups"]} == left


def test_a_query_changes_nothing(machine: Machine) -> None:
    result = predicts(machine, USER, {"name": "taro", "state": "query"})
    assert (result["changed"], result["state"], result["msg"]) == (False, "present", "Querying user 'taro'")
    assert predicts(machine, USER, {"name": "nobody", "state": "query"})["state"] == "absent"


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"name": "taro", "account_locked": True}, "account_locked must be set to 'no' if provided"),
        ({"name": "taro", "groups": ["nobody"]}, "group 'nobody' not found"),
        ({"name": "ansible", "state": "absent"}, "Cannot perform this operation on built-in accounts."),
        ({"name": "taro", "account_expires": "2030-01-01"}, "The lab does not model win_user option 'account_expires'"),
    ],
)
def test_user_failures(machine: Machine, args: dict[str, Any], msg: str) -> None:
    before = machine.to_bytes()
    result = run(machine, USER, args)
    assert result["failed"]
    assert msg in result["msg"]
    assert machine.to_bytes() == before


@pytest.mark.parametrize("name", ["a/b", "a@b", "a:b", "...", "x" * 21])
def test_a_name_that_windows_refuses_makes_no_user(machine: Machine, name: str) -> None:
    result = run(machine, "ansible.windows.win_user", {"name": name})
    assert "The specified username is invalid." in result["msg"]
    assert machine.accounts.user(name) is None


def test_a_name_that_windows_refuses_makes_no_group(machine: Machine) -> None:
    result = run(machine, GROUP, {"name": "a/b"})
    assert result["msg"] == (
        "The lab does not model the group 'a/b': Windows refuses that name, in words that are not known here."
    )


def test_members_stand_in_the_order_in_which_they_came_in(machine: Machine) -> None:
    for member in ("taro", "ansible"):
        run(machine, MEMBERSHIP, {"name": "Guests", "members": [member]})
    result = run(Machine.from_json(machine.to_json()), MEMBERSHIP, {"name": "Guests", "members": ["taro"]})
    assert result["members"] == [r"PC1\taro", r"PC1\ansible"]
