"""What is held against a real machine's records after each step on a runner."""

from __future__ import annotations

import pytest
import yaml

from tests.runners.__main__ import HERE, judged

EXPECTED = {"forticlient_install": "not there"}
ROLES = ("forticlient_install", "rdp_enable", "smb_firewall_scope")


def item(status="compliant", **fields):
    return {
        "endpoint": "runner",
        "control": "time_sync.servers",
        "instance": None,
        "scope": "machine",
        "role": "time_sync",
        "status": status,
        "actual": "ntp1.example.org",
        "reason": "is so",
    } | fields


def said(step, *records, changed=0, **before):
    return [*judged(step, {**before, step: records}, changed, EXPECTED)]


@pytest.mark.parametrize("step", ["look", "prepare", "prepare again", "audit", "take off", "look again"])
def test_a_step_without_records_or_with_what_was_not_measured_is_wrong(step):
    assert said(step, look=[]) == ["no record was left: the run was refused, or broke off"]
    assert said(step, item("error"), look=[item("error")]) == ["runner time_sync.servers: error: is so"]


def test_what_is_not_good_is_wrong_once_it_was_prepared_unless_it_is_expected():
    of_client = item("drifted", role="forticlient_install")
    for step in ("prepare", "prepare again", "audit"):
        assert said(step, item("drifted"), of_client) == ["runner time_sync.servers: drifted: is so"]
        assert said(step, item(), of_client) == []
    assert said("look", item("drifted")) == []
    assert said("take off", item("drifted")) == []


def test_a_second_run_that_changes_something_is_wrong():
    assert said("prepare", item("fixed"), changed=3) == []
    assert said("prepare again", item("fixed"), changed=3) == [
        "fixed a second time: runner time_sync.servers: fixed: is so",
        "changed=3 in the second run; 0 is wanted",
    ]


def test_what_is_not_as_it_was_when_all_is_taken_off_is_wrong():
    look = [item("drifted", actual="time.windows.com"), item(control="time_sync.type")]
    assert said("look again", *look, look=look) == []
    assert said("look again", item("drifted", actual=""), look=look) == [
        "not as it was: runner time_sync.servers None machine: ('drifted', 'time.windows.com') before, "
        "('drifted', '') now",
        "not as it was: runner time_sync.type None machine: ('compliant', 'ntp1.example.org') before, None now",
    ]


def test_what_is_expected_names_a_role_or_a_control_of_one():
    expected = yaml.safe_load((HERE / "expected.yml").read_text(encoding="utf-8"))
    assert {name.partition(".")[0] for name in expected} == {*ROLES}
    for name in expected:
        role, _, control = name.partition(".")
        controls = "".join(
            path.read_text("utf-8") for path in (HERE.parents[1] / f"roles/{role}/vars").glob("[WD]*.yml")
        )
        assert not control or f"id: {name}\n" in controls
