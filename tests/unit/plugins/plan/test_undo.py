"""What a run fixed is put back exactly; what somebody changed since is left alone and reported."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.plan.memory import Entry, render
from plugins.plugin_utils.plan.undo import LOOK, NOT_NOTED, shown, undo_plan, undone
from plugins.plugin_utils.records.records import NOT_READ
from tests.samples.documents import TUNNELS, WINDOWS_READS, prompt_control, tunnel_control, windows
from tests.samples.planning import IMR, drifted, with_memory
from tests.samples.records import rec

ROLE = "vpn_profile"
WANTED = "fg.imr.tohoku.ac.jp:443"
OLD = "old.example.org:443"
CONTROL = tunnel_control()
ENTRY = Entry("vpn_profile.server", "IMR", {"registry": IMR, "value": "Server"}, False, OLD, "REG_SZ")


def fixed(**fields: Any) -> dict[str, Any]:
    return {
        **rec("fixed", "vpn_profile.server", "pc1", instance="IMR", expected=WANTED, actual=WANTED, title="Gateway"),
        "before": OLD,
        "put_back": render([ENTRY]),
        **fields,
    }


def made(server: str, *items: dict[str, Any]) -> Any:
    return undo_plan([CONTROL], with_memory(drifted(server), render([ENTRY])), ROLE, reads=WINDOWS_READS, fixed=items)


def reported(result: Any) -> list[tuple[Any, ...]]:
    return [(item["control"], item["status"], item["expected"], item["actual"]) for item in result.records]


def test_only_what_that_run_fixed_of_that_role_on_that_endpoint():
    records = [
        fixed(),
        rec("drifted", endpoint="pc1"),
        fixed(endpoint="pc2"),
        fixed(role="time_sync"),
        rec("compliant", endpoint="pc1"),
    ]
    assert undone(records, "pc1", "vpn_profile") == [fixed()]


def test_what_was_there_before_the_run_comes_back():
    result = made(WANTED, fixed())
    assert reported(result) == [("vpn_profile.server", "drifted", OLD, WANTED)]
    assert result.records[0]["reason"] == f'is "{WANTED}", was "{OLD}" before that run'
    plan = result.as_dict()
    assert plan["has_writes"] is True
    assert [(one["name"], one["data"]) for one in plan["writes"]["registry"]] == [("Server", OLD)]
    assert plan["memory"]["forget"] is False


@pytest.mark.parametrize(
    ("server", "item", "status", "reason"),
    [
        ("newer.example.org:443", fixed(), "error", "it was changed after that run, so it is left as it is"),
        (OLD, fixed(), "compliant", "is as it was before that run"),
        (WANTED, fixed(instance="gone"), "error", "it was changed after that run, so it is left as it is"),
        (WANTED, fixed(put_back="{half"), "error", "the run's note of what was there before cannot be used: it is no"),
        (WANTED, fixed(put_back=render([])), "error", "there is no single value to go back to"),
    ],
)  # fmt: skip
def test_what_is_not_put_back_is_reported_and_not_written(server, item, status, reason):
    result = made(server, item)
    (found,) = result.records
    assert (found["status"], found["next"]) == (status, "" if status == "compliant" else LOOK)
    assert found["reason"].startswith(reason)
    assert result.as_dict()["has_writes"] is False


NOT_KEPT = "a password or a token was in what was there before, which no record keeps"
OF_IT = {"control": "vpn_profile.server", "instance": "IMR", "scope": "machine", "severity": "high", "title": "Gateway"}


@pytest.mark.parametrize(
    ("server", "item", "reason", "actual"),
    [
        (WANTED, fixed(put_back=""), NOT_KEPT, {"not_read": True}),
        (WANTED, fixed(put_back="{half"), None, {"not_read": True}),
        (WANTED, fixed(put_back=render([])), "there is no single value to go back to", WANTED),
        ("newer:443", fixed(), "it was changed after that run, so it is left as it is", "newer:443"),
        (WANTED, fixed(user=r"PC1\taro", put_back=""), NOT_KEPT, {"not_read": True}),
    ],
)
def test_what_is_left_as_it_is_says_what_it_was_what_it_is_and_whose(server, item, reason, actual):
    (found,) = made(server, item).records
    assert {key: found[key] for key in OF_IT} == OF_IT
    assert (found["role"], found["expected"], found["actual"]) == (ROLE, OLD, actual)
    assert reason in (None, found["reason"])
    assert found.get("user") == item.get("user")


def test_what_is_right_already_says_what_it_is():
    (found,) = made(OLD, fixed()).records
    assert (found["expected"], found["actual"]) == (OLD, OLD)


def test_one_that_cannot_be_put_back_does_not_keep_the_next_one():
    for odd in (fixed(put_back="", instance="odd"), fixed(put_back="{half", instance="odd")):
        result = made(WANTED, odd, fixed())
        assert [(item["instance"], item["status"]) for item in result.records] == [("IMR", "drifted"), ("odd", "error")]


def test_what_no_note_of_the_endpoint_knows_is_not_written():
    bare = undo_plan([CONTROL], drifted(WANTED), ROLE, reads=WINDOWS_READS, fixed=[fixed()])
    (found,) = bare.records
    assert (found["status"], found["reason"], found["actual"]) == ("error", NOT_NOTED, WANTED)
    assert bare.as_dict()["has_writes"] is False
    assert (bare.role, bare.state) == (ROLE, "absent")


def test_all_that_a_run_fixed_goes_back_and_what_to_do_about_it_is_said():
    where = {"registry": IMR, "value": "promptusername"}
    prompt = Entry("vpn_profile.prompt_user_name", "IMR", where, False, 0, "REG_DWORD")
    two = fixed(control="vpn_profile.prompt_user_name", expected=1, actual=1, before=0, put_back=render([prompt]))
    document = with_memory(drifted(WANTED), render([ENTRY, prompt]))
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = {"type": "REG_DWORD", "data": 1}
    controls = [CONTROL, prompt_control()]
    result = undo_plan(controls, document, ROLE, reads=WINDOWS_READS, fixed=[fixed(), two])
    assert sorted(one["name"] for one in result.as_dict()["writes"]["registry"]) == ["Server", "promptusername"]
    assert (result.role, result.state) == (ROLE, "absent")


def test_what_it_was_a_setting_of_has_gone_since():
    gone = {
        "where": {"service": "Nosuch", "field": "start_mode"},
        "is": "present",
        "reason": "FortiClient is not installed",
    }
    control = tunnel_control(applies_if=[gone])
    result = undo_plan([control], drifted("newer.example.org:443"), ROLE, reads=WINDOWS_READS, fixed=[fixed()])
    assert [(r["status"], r["reason"], r["next"]) for r in result.records] == [
        ("not_applicable", "FortiClient is not installed", "")
    ]
    assert shown(result.records) == [
        "nothing is left to put back: vpn_profile.server [IMR]: FortiClient is not installed",
    ]


def test_what_is_left_as_it_is_keeps_its_why_and_older_records_have_none():
    older = fixed(put_back=render([]), instance="older")
    del older["why"]
    result = made(WANTED, fixed(put_back=render([]), why="service.md#gateway"), older)
    assert {item["instance"]: item["why"] for item in result.records} == {"IMR": "service.md#gateway", "older": ""}


def test_one_that_was_changed_since_does_not_keep_the_others():
    changed = fixed(control="vpn_profile.prompt_user_name", actual="something else")
    controls = [CONTROL, prompt_control()]
    document = with_memory(drifted(WANTED), render([ENTRY]))
    result = undo_plan(controls, document, ROLE, reads=WINDOWS_READS, fixed=[fixed(), changed])
    assert sorted(item["status"] for item in result.records) == ["drifted", "error"]
    assert result.as_dict()["has_writes"] is True


def test_nothing_fixed_is_nothing_to_do():
    result = undo_plan([CONTROL], windows(), ROLE, reads=WINDOWS_READS, fixed=[])
    assert (result.records, result.as_dict()["has_writes"]) == ([], False)


def test_a_person_is_shown_a_line_a_record():
    assert shown(
        [
            rec("drifted", "a.a", instance="IMR", scope="S-1-5-21-1"),
            rec("error", "a.b", reason="changed"),
            rec("compliant", "a.c"),
            rec("not_applicable", "a.d", instance=""),
            rec("waived", "a.e"),
        ]
    ) == [
        "puts back: a.a [IMR] for S-1-5-21-1",
        "cannot be put back: a.b: changed",
        "is right already: a.c",
        "nothing is left to put back: a.d []",
        "waived: a.e",
    ]


def test_what_the_run_wrote_for_a_client_that_has_gone_since_goes_as_well():
    gone = {"where": {"service": "Nosuch", "field": "start_mode"}, "is": "present", "reason": "it is not installed"}
    controls = [tunnel_control(applies_if=[gone]), prompt_control() | {"applies_if": [gone]}]
    key_of_ours = Entry("vpn_profile.server", "IMR", {"registry": IMR}, absent=True)
    items = [
        fixed(before=NOT_READ, put_back=render([key_of_ours])),
        fixed(control="vpn_profile.prompt_user_name", actual=1, before=NOT_READ, put_back=render([])),
    ]
    document = with_memory(drifted(WANTED), render([key_of_ours]))
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = {"type": "REG_DWORD", "data": 1}
    result = undo_plan(controls, document, ROLE, reads=WINDOWS_READS, fixed=items)
    assert reported(result) == [("vpn_profile.server", "drifted", None, "present")]
    assert [(one["state"], one["path"][-3:]) for one in result.as_dict()["writes"]["registry"]] == [("absent", "IMR")]
    del document["registry"][TUNNELS]["keys"]["IMR"]
    after = undo_plan(controls, document, ROLE, reads=WINDOWS_READS, fixed=items)
    assert {(item["status"], item["reason"]) for item in after.records} == {("not_applicable", "it is not installed")}


def test_what_nobody_looked_at_is_never_as_it_was():
    control = tunnel_control(applies_if=[{"where": {"product": "None"}, "is": "present", "reason": "not installed"}])
    (found,) = undo_plan(
        [control], with_memory(drifted("newer:443"), render([ENTRY])), ROLE, reads=WINDOWS_READS,
        fixed=[fixed(before=NOT_READ)],
    ).records  # fmt: skip
    assert found["status"] == "not_applicable"


@pytest.mark.parametrize(("server", "status"), [(OLD, "compliant"), (WANTED, "drifted"), ("newer:443", "error")])
def test_where_the_run_had_not_looked_its_note_says_what_was_there(server, status):
    (found,) = made(server, fixed(before=NOT_READ)).records
    assert found["status"] == status
