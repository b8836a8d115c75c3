"""Members of groups, services, firewall profiles, what is only reported, and what only a role itself can do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.plugin_utils.controls.controls import ControlError, expand
from plugins.plugin_utils.plan.memory import parse_memory
from plugins.plugin_utils.plan.plan import Plan
from plugins.plugin_utils.plan.read_back import read_back
from plugins.plugin_utils.reports.summary import table
from tests.samples.documents import (
    LOCAL_RULES,
    SMB_IN,
    UNINSTALL,
    UNINSTALL_32,
    WINDOWS_READS,
    key,
    scope_control,
    sz,
    windows,
)
from tests.samples.planning import run, statuses, with_memory

RDP = "S-1-5-32-555"
TARO, ORPHAN = "S-1-5-21-1-2-3-1001", "S-1-12-1-9"  # the members of samples/documents.py
BASE: dict[str, Any] = {"title": "X", "why": "x", "severity": "high"}


def members(*expected: str, **changes: Any) -> dict[str, Any]:
    where = {"group": RDP, "field": "members"}
    return {
        **BASE,
        "id": "rdp_enable.users",
        "where": where,
        "expected": list(expected),
        "compare": "contains",
        **changes,
    }


def service(field: str, expected: Any, compare: str = "exact", **changes: Any) -> dict[str, Any]:
    where = {"service": "TermService", "field": field}
    control = {**BASE, "id": f"rdp_enable.{field}", "where": where, "expected": expected, "compare": compare}
    return {**control, **changes}


def applied(result: Plan, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what the plan remembers."""
    return with_memory(document, result.keep or "")


# ---- Members of groups


@pytest.mark.parametrize("account", ["taro", "TARO", "PC1\\taro", ".\\taro", TARO, TARO.lower(), ORPHAN])
def test_a_member_is_known_by_name_with_or_without_its_computer_and_by_sid(account):
    result = run([members(account)])
    assert statuses(result) == [("rdp_enable.users", None, "compliant")]
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize("account", ["tar", "CORP\\taro", "PC2\\taro", "S-1-5-21-1-2-3-100", "hanako", "PC1"])
def test_another_account_is_no_member(account):
    assert statuses(run([members(account)])) == [("rdp_enable.users", None, "drifted")]


def test_a_dot_is_this_computer_and_no_domain():
    document = windows()
    document["groups"][RDP]["members"] = [{"sid": TARO, "name": "CORP\\taro"}]
    assert statuses(run([members(".\\taro")], document))[0][2] == "drifted"
    assert statuses(run([members("taro", "CORP\\taro")], document))[0][2] == "compliant"
    where = {"group": RDP, "member": ".\\taro"}
    condition = {"where": where, "is": "present", "reason": "Taro of this computer is no member"}
    assert statuses(run([members("taro", applies_if=[condition])], document))[0][2] == "not_applicable"
    assert statuses(run([members("taro", applies_if=[condition])]))[0][2] == "compliant"


@pytest.mark.parametrize(
    "odd", [7, [], {"name": "PC1\\taro"}, {"sid": 7, "name": "x"}, {"sid": "S-1-5-20", "name": ["x"]}]
)
def test_a_member_in_another_form_is_an_error_and_nobody_is_added(odd):
    document = windows()
    document["groups"][RDP]["members"].append(odd)
    result = run([members("taro", "jiro")], document)
    assert [(item["control"], item["status"]) for item in result.records] == [("rdp_enable.users", "error")]
    assert "not in the form of a member" in result.records[0]["reason"]
    assert result.writes.as_dict()["groups"] == []


def test_only_who_is_missing_is_added_to_the_group_by_its_own_name():
    document = windows()
    document["groups"][RDP]["name"] = "リモート デスクトップ ユーザー"
    result = run([members("taro", "CORP\\hanako", "S-1-12-1-77")], document)
    assert result.writes.as_dict()["groups"] == [
        {
            "name": "リモート デスクトップ ユーザー",
            "members": ["CORP\\hanako", "S-1-12-1-77"],
            "state": "present",
            "records": [["rdp_enable.users", None, "machine"]],
            "why": ["x"],
            "label": "rdp_enable.users (x)",
        }
    ]
    assert result.records[0]["reason"] == '"CORP\\hanako", "S-1-12-1-77" are missing'
    # An account that Windows cannot name has its SID alone.
    assert result.records[0]["actual"] == [f"PC1\\taro ({TARO})", ORPHAN]


def test_nobody_asked_for_is_nobody_missing():
    assert statuses(run([members()])) == [("rdp_enable.users", None, "compliant")]


def test_a_group_that_is_not_there_is_reported_and_not_made():
    document = windows()
    document["groups"][RDP] = {"exists": False}
    result = run([members("taro")], document)
    assert statuses(result) == [("rdp_enable.users", None, "drifted")]
    assert not result.as_dict()["has_writes"]


def test_absent_takes_out_who_was_not_there_before_and_nobody_else():
    first = run([members("taro", "hanako", "jiro")])
    document = applied(first, windows())
    document["groups"][RDP]["members"] += [
        {"sid": "S-1-5-21-1-2-3-1002", "name": "PC1\\hanako"},
        {"sid": "S-1-5-21-1-2-3-1003", "name": "PC1\\saburo"},
    ]
    back = run([members("taro", "hanako", "jiro")], document, state="absent")
    (item,) = back.writes.as_dict()["groups"]
    # Jiro was taken out by somebody else, Saburo put in by somebody else, Taro was always there.
    assert (item["members"], item["state"]) == (["S-1-5-21-1-2-3-1002"], "absent")
    assert statuses(back) == [("rdp_enable.users", None, "drifted")]
    assert back.forget


def test_absent_takes_members_out_one_by_one_so_that_one_failure_leaves_the_others():
    first = run([members("hanako", "jiro")])
    document = applied(first, windows())
    document["groups"][RDP]["members"] += [
        {"sid": f"S-1-5-21-1-2-3-{n}", "name": f"PC1\\{name}"} for n, name in ((2, "hanako"), (3, "jiro"))
    ]
    items = run([members()], document, state="absent").writes.as_dict()["groups"]
    assert [item["members"] for item in items] == [["S-1-5-21-1-2-3-2"], ["S-1-5-21-1-2-3-3"]]


def test_a_member_who_was_added_later_is_remembered_behind_the_first():
    document = applied(run([members("hanako")]), windows())
    result = run([members("hanako", "jiro")], document)
    assert [item.where["member"] for item in parse_memory(result.keep)] == ["hanako", "jiro"]


@pytest.mark.parametrize("expected", [["taro", 7], "taro", None])
def test_accounts_are_a_list_of_texts(expected):
    with pytest.raises(ControlError, match="a list of texts"):
        expand([members() | {"expected": expected}])


# ---- Services


def test_a_service_is_written_once_with_all_that_differs():
    result = run([service("start_mode", ["Auto", "Disabled"], "one_of"), service("state", "Running")])
    assert result.writes.as_dict()["services"] == [
        {
            "name": "TermService",
            "start_mode": "auto",
            "state": "started",
            "records": [["rdp_enable.start_mode", None, "machine"], ["rdp_enable.state", None, "machine"]],
            "why": ["x"],
            "label": "rdp_enable.start_mode, rdp_enable.state (x)",
        }
    ]
    befores = [(item.where["field"], item.value) for item in parse_memory(result.keep)]
    assert befores == [("start_mode", "Manual"), ("state", "Stopped")]


def test_one_of_the_desired_start_modes_is_enough():
    assert statuses(run([service("start_mode", ["Auto", "Manual"], "one_of")])) == [
        ("rdp_enable.start_mode", None, "compliant")
    ]


def test_a_service_is_put_back_as_it_was():
    document = applied(run([service("start_mode", "Auto"), service("state", "Running")]), windows())
    document["services"]["TermService"] |= {"start_mode": "Auto", "state": "Running"}
    controls = [service("start_mode", "Auto"), service("state", "Running")]
    (item,) = run(controls, document, state="absent").writes.as_dict()["services"]
    assert (item["name"], item["start_mode"], item["state"]) == ("TermService", "manual", "stopped")


def test_a_service_that_is_gone_has_nothing_to_put_back():
    document = applied(run([service("state", "Running")]), windows())
    document["services"]["TermService"] = {"exists": False}
    back = run([], document, state="absent")
    assert statuses(back) == [("rdp_enable.state", None, "compliant")]
    assert back.forget


def test_a_service_in_between_is_left_for_a_later_run():
    document = windows()
    document["services"]["TermService"]["state"] = "Stop Pending"
    result = run([service("state", "Running")], document)
    assert statuses(result) == [("rdp_enable.state", None, "error")]
    assert "Stop Pending; wait" in result.records[0]["reason"]
    assert not result.as_dict()["has_writes"]


def test_a_service_that_is_not_there_is_reported_and_not_made():
    result = run([service("state", "Running", where={"service": "Nosuch", "field": "state"})])
    assert statuses(result) == [("rdp_enable.state", None, "drifted")]
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize(
    ("field", "desired"), [("start_mode", "Automatic"), ("state", "started"), ("state", ["Running", "On"])]
)
def test_a_word_that_windows_does_not_use_is_refused(field, desired):
    with pytest.raises(ControlError, match=f"{field} is of "):
        expand([service(field, desired, "one_of" if isinstance(desired, list) else "exact")])


# ---- Firewall


def test_profiles_are_written_and_put_back_in_windows_words():
    control = scope_control(
        where={"firewall_rule": "{name}", "field": "profiles"}, expected=["Private", "Domain"], compare="set"
    )
    result = run([control])
    (item,) = result.writes.as_dict()["firewall"]
    assert item["parameters"] == {"Rule": "FPS-SMB-In-TCP", "ProfileName": ["Private", "Domain"]}
    document = applied(result, windows())
    text = SMB_IN.replace("Profile=Private|", "Profile=Domain|Profile=Private|")
    document["registry"][LOCAL_RULES] = key({"FPS-SMB-In-TCP": sz(text)})
    assert statuses(run([control], document))[0][2] == "compliant"
    (item,) = run([control], document, state="absent").writes.as_dict()["firewall"]
    assert item["parameters"] == {"Rule": "FPS-SMB-In-TCP", "ProfileName": ["Private"]}


def test_any_is_no_profile_that_can_be_desired():
    with pytest.raises(ControlError, match="profiles is of Domain, Private, Public"):
        expand([scope_control(where={"firewall_rule": "X", "field": "profiles"}, expected=["Any"], compare="set")])


# ---- Reported only, and the role's own work


def test_what_is_only_reported_is_not_written_and_says_what_to_do():
    control = scope_control(expected=["LocalSubnet"], remedy="none", cure="ask the owner of {name}")
    result = run([control])
    assert statuses(result) == [("smb_firewall_scope.remote_address", "FPS-SMB-In-TCP", "drifted")]
    assert result.records[0]["next"] == "ask the owner of FPS-SMB-In-TCP"
    assert not result.as_dict()["has_writes"]
    stamped = {**result.records[0], "run": "r", "endpoint": "pc1", "at": "2026-11-23T14:30:00Z", "versions": {}}
    assert "    next      ask the owner of FPS-SMB-In-TCP" in table([stamped], ["pc1"])
    assert "run site.yml" not in table([stamped], ["pc1"])


def test_what_is_right_needs_no_cure():
    assert "next" not in run([scope_control(remedy="none", cure="ask")]).records[0]


INSTALL: dict[str, Any] = {
    **BASE,
    "id": "forticlient_install.version",
    "where": {"product": "FortiClient VPN"},
    "expected": "7.4.9",
    "compare": "version_at_least",
    "remedy": "role",
    "cure": "supply a newer installer",
}
WORK = ["forticlient_install.version", None, "machine"]


def without_client() -> dict[str, Any]:
    document = windows()
    document["registry"][UNINSTALL] = key()
    document["registry"][UNINSTALL_32] = key()
    return document


def test_a_role_s_own_work_is_listed_and_not_written():
    result = run([INSTALL])
    assert result.role_work == [
        {
            "control": "forticlient_install.version",
            "instance": None,
            "scope": "machine",
            "state": "present",
            "where": {"product": "FortiClient VPN"},
            "expected": "7.4.9",
            "actual": "7.4.3.1790",
            "records": [WORK],
        }
    ]
    assert not any(result.writes.as_dict().values())
    assert result.as_dict()["has_writes"] is True
    # An upgrade has no one version to go back to.
    assert result.keep is None


def test_a_role_s_own_work_is_fixed_when_it_reads_back_right():
    before = json.loads(json.dumps(run([INSTALL], without_client()).as_dict()))
    after = windows()
    after["registry"][UNINSTALL]["keys"]["{15C7}"]["values"]["DisplayVersion"] = sz("7.4.9")
    (found,) = read_back(before, [INSTALL], after, reads=WINDOWS_READS)
    assert (found["status"], found["before"]) == ("fixed", None)
    why = [{"reason": "Install: exit code 1603", "records": [WORK]}]
    (found,) = read_back(before, [INSTALL], without_client(), reads=WINDOWS_READS, failures=why)
    assert (found["status"], found["reason"]) == ("error", "could not be written: Install: exit code 1603")
    assert "next" not in found


def test_what_a_role_installed_is_given_to_the_role_to_take_off():
    first = run([INSTALL], without_client())
    document = applied(first, windows())
    back = run([INSTALL], document, state="absent")
    (work,) = back.role_work
    assert (work["state"], work["expected"], work["actual"]) == ("absent", None, "7.4.3.1790")
    assert back.forget
    assert run([INSTALL], applied(first, without_client()), state="absent").role_work == []


def test_what_no_control_can_take_off_any_more_is_an_error_and_stays_remembered():
    document = applied(run([INSTALL], without_client()), windows())
    back = run([], document, state="absent")
    assert statuses(back) == [("forticlient_install.version", None, "error")]
    assert not back.as_dict()["has_writes"]


# ---- Conditions


@pytest.mark.parametrize(("desired", "status"), [(["Core", "Professional"], "compliant"), (["Core"], "not_applicable")])
def test_a_condition_takes_one_of_several_values(desired, status):
    condition = {"where": {"system": "edition_id"}, "one_of": desired, "reason": "this edition has no such thing"}
    assert run([members("taro", applies_if=[condition])]).records[0]["status"] == status


@pytest.mark.parametrize("desired", [[], "", 7])
def test_one_of_needs_values(desired):
    condition = {"where": {"system": "edition_id"}, "one_of": desired, "reason": "x"}
    with pytest.raises(ControlError):
        expand([members("taro", applies_if=[condition])])
