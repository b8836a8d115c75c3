"""endpoint_compare: one reading for all roles, a plan for each, and what the run then knows."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.task_include import TaskInclude

from plugins.action import endpoint_compare
from plugins.plugin_utils.controls import desired
from plugins.plugin_utils.plan.steps import in_order
from plugins.plugin_utils.records.records import stamp, write_lines
from tests.samples.documents import BEFORE, LOCAL_RULES, TUNNELS, key, sz
from tests.samples.run import HOST, SMB, VPN, Run

SERVER = "fg.imr.tohoku.ac.jp:443"


def set_server(run: Run, server: str) -> None:
    run.document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz(server)


def paths(request: dict[str, Any]) -> list[str]:
    return [entry["path"] for entry in request["registry"]]


def test_all_roles_are_read_in_one_call_and_compared(a_run: Run) -> None:
    result = a_run.compare(VPN, SMB)
    assert len(a_run.requests) == 1
    assert {TUNNELS, LOCAL_RULES} <= {*paths(a_run.requests[0])}
    assert a_run.statuses() == {"server": "compliant", "prompt_user_name": "compliant"}
    assert a_run.statuses(SMB) == {"remote_address": "compliant"}
    assert [*a_run.known.roles] == [VPN, SMB]
    assert result["endpoint"] == {"reachable": True, "error": None, "platform": "Windows"}
    assert "ansible_facts" not in result


def test_what_was_read_and_compared_is_taken_again_without_a_call(a_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    set_server(a_run, "evil.example.com:443")
    a_run.compare(VPN, SMB)
    judged: list[str] = []
    monkeypatch.setattr(endpoint_compare, "judge", lambda _document, role, *_rest, **_more: judged.append(role))
    plan = a_run.compare(VPN)
    assert (len(a_run.requests), judged) == (1, [])
    assert plan["has_writes"] is True
    assert [item["data"] for item in plan["writes"]["registry"]] == [SERVER]


def test_an_endpoint_that_did_not_answer_is_not_asked_again(a_run: Run) -> None:
    a_run.failure = AnsibleConnectionFailure("no")
    a_run.compare(VPN, SMB)
    assert a_run.compare(VPN, report_follows=True)["has_writes"] is False
    assert len(a_run.requests) == 1
    assert a_run.known.records == {VPN: [], SMB: []}


def test_a_role_that_was_not_covered_is_read_with_the_ones_that_were(a_run: Run) -> None:
    a_run.compare(SMB)
    a_run.compare(VPN)
    assert TUNNELS not in paths(a_run.requests[0])
    assert {TUNNELS, LOCAL_RULES} <= {*paths(a_run.requests[1])}
    # What was compared with the first reading is compared anew when its role comes.
    a_run.document["registry"][LOCAL_RULES] = {"exists": False}
    a_run.compare(VPN, refresh=True)
    a_run.compare(SMB)
    assert len(a_run.requests) == 3
    assert a_run.statuses(SMB) == {"remote_address": "drifted"}


def test_refresh_reads_again_and_sees_what_changed(a_run: Run) -> None:
    a_run.compare(VPN, SMB)
    set_server(a_run, "evil.example.com:443")
    a_run.compare(VPN, SMB)
    assert a_run.statuses()["server"] == "compliant"
    a_run.compare(VPN, SMB, refresh=True)
    assert (len(a_run.requests), a_run.statuses()["server"]) == (2, "drifted")


def fixed(run: Run) -> dict[str, Any]:
    """Let the run fix what differs; return the record."""
    set_server(run, "evil.example.com:443")
    run.compare(VPN)
    set_server(run, SERVER)
    run.read_back()
    return next(item for item in run.known.records[VPN] if item["status"] == "fixed")


def test_again_leaves_fixed_what_this_run_fixed_while_it_is_right(a_run: Run) -> None:
    record = fixed(a_run)
    a_run.compare(VPN, SMB, refresh=True, again=True)
    assert a_run.known.records[VPN][0] == record
    set_server(a_run, "evil.example.com:443")
    a_run.compare(VPN, SMB, refresh=True, again=True)
    assert a_run.statuses()["server"] == "drifted"


@pytest.mark.parametrize("failure", [AnsibleConnectionFailure("no"), None])
def test_again_leaves_fixed_what_this_run_fixed_when_nothing_can_be_read(a_run: Run, failure: Exception | None) -> None:
    record = fixed(a_run)
    a_run.failure, a_run.document = failure, {"schema": 99}
    a_run.compare(VPN, SMB, refresh=True, again=True)
    assert a_run.known.records == {VPN: [record], SMB: []}
    assert (a_run.known.state or {})["error"]


def test_again_reports_what_was_fixed_and_what_cannot_be_read_of_it(a_run: Run) -> None:
    record = fixed(a_run)
    a_run.document["registry"][TUNNELS]["keys"]["IMR"] = {"error": "access denied"}
    a_run.compare(VPN, SMB, refresh=True, again=True)
    assert a_run.known.records[VPN][0] == record
    assert a_run.statuses() == {"server": "fixed", "server.again": "error", "prompt_user_name": "error"}
    assert a_run.reasons()["server.again"].startswith("this run fixed it, but it cannot be read once more: ")


def test_without_again_a_new_reading_is_judged_by_itself(a_run: Run) -> None:
    fixed(a_run)
    a_run.compare(VPN, SMB, refresh=True)
    assert a_run.statuses()["server"] == "compliant"


def test_undo_plans_what_the_run_s_records_say(a_run: Run, tmp_path: Path) -> None:
    record = fixed(a_run)
    stamped = stamp([record], run="r", endpoint=HOST, at="2026-11-23T14:30:00Z", versions={})
    file = tmp_path / "run.jsonl"
    write_lines(file, stamped)
    a_run.document["registry"][BEFORE] = key({VPN: sz(record["put_back"])})
    plan = a_run.compare(VPN, undo=str(file), refresh=True)
    assert a_run.known.plans[VPN]["undoes"] is True
    assert [item["data"] for item in plan["writes"]["registry"]] == ["evil.example.com:443"]
    with pytest.raises(AnsibleActionFail, match="the records of the run cannot be read"):
        a_run.compare(VPN, undo=str(tmp_path / "none.jsonl"))


ASSUMED = {"registry": {TUNNELS: {"keys": {"IMR": {"values": {"Server": sz("assumed.example.com:443")}}}}}}


@pytest.mark.parametrize(("check_mode", "status"), [(True, "drifted"), (False, "compliant")])
def test_only_a_dry_run_lays_over_what_an_earlier_role_would_have_done(
    a_run: Run, check_mode: bool, status: str
) -> None:
    a_run.check_mode = check_mode
    a_run.compare(VPN, SMB)
    a_run.compare(VPN, assume=ASSUMED)
    a_run.compare(VPN)
    assert len(a_run.requests) == 1
    assert a_run.statuses() == {"server": status, "prompt_user_name": "compliant"}


def test_what_is_assumed_of_an_endpoint_that_was_not_read_is_nothing(a_run: Run) -> None:
    a_run.check_mode, a_run.failure = True, AnsibleConnectionFailure("no")
    a_run.compare(VPN, report_follows=True)
    assert a_run.compare(VPN, assume=ASSUMED) == {"changed": False}
    assert a_run.known.state is not None
    assert a_run.known.state["document"] is None


def test_variables_are_checked_when_nobody_has_in_this_run(a_run: Run) -> None:
    a_run.variables = {"vpn_profile_gateway": "no", "vpn_profile_gatway": "x"}
    with pytest.raises(AnsibleActionFail) as caught:
        a_run.compare(VPN)
    assert str(caught.value).split("\n") == [
        "vpn_profile_gatway: vpn_profile has no such variable. Did you mean vpn_profile_gateway? "
        "See roles/vpn_profile/README.md, Variables.",
        "vpn_profile_gateway: no.",
    ]
    assert a_run.requests == []


def test_variables_of_what_was_compared_are_not_checked_again(a_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def refused(role: str, *_rest: Any) -> list[str]:
        checked.append(role)
        return []

    monkeypatch.setattr(desired, "refused_of_role", refused)
    a_run.compare(VPN, SMB)
    a_run.compare(VPN)
    assert checked == [VPN, SMB]


def test_what_a_play_says_after_the_reading_is_checked_and_compared(a_run: Run) -> None:
    a_run.compare(VPN, SMB)
    a_run.variables = {"vpn_profile_gateway": "vpn.example.org"}
    assert a_run.compare(VPN)["has_writes"] is True
    assert a_run.reasons()["server"] == f'is "{SERVER}", should be "vpn.example.org:443"'
    # It asks for nothing else, so what was read is good enough.
    assert len(a_run.requests) == 1
    a_run.variables = {"vpn_profile_gateway": "no"}
    with pytest.raises(AnsibleActionFail, match=r"^vpn_profile_gateway: no\.$"):
        a_run.compare(VPN)


def test_a_role_that_is_to_be_taken_off_is_not_given_the_audit_s_plan(a_run: Run) -> None:
    set_server(a_run, "evil.example.com:443")
    a_run.compare(VPN, SMB)
    assert a_run.known.plans[VPN]["state"] == "present"
    a_run.variables = {"vpn_profile_state": "absent"}
    plan = a_run.compare(VPN)
    assert (plan["state"], plan["has_writes"]) == ("absent", False)
    assert len(a_run.requests) == 1


def test_what_a_role_asks_for_besides_is_read(a_run: Run, tmp_path: Path) -> None:
    file = tmp_path / f"roles/{VPN}/vars/Windows.yml"
    data = yaml.safe_load(file.read_text())
    data[f"__{VPN}_reads"] |= {"services": ["{{ vpn_profile_gateway | default('FA_Scheduler') }}"]}
    file.write_text(yaml.safe_dump(data))
    a_run.compare(VPN, SMB)
    a_run.variables = {"vpn_profile_gateway": "FortiSslvpn"}
    a_run.compare(VPN)
    assert [request["services"] for request in a_run.requests] == [["FA_Scheduler"], ["FortiSslvpn"]]


def test_a_role_by_itself_fails_for_what_does_not_answer(a_run: Run) -> None:
    a_run.failure = AnsibleConnectionFailure("no route")
    result = a_run.compare(VPN)
    assert result["failed"] is True
    assert "the connection failed: no route" in result["msg"]
    assert "failed" not in a_run.compare(VPN, report_follows=True)
    assert "failed" not in a_run.compare(VPN, SMB)


def test_a_role_by_itself_fails_for_what_cannot_be_read_with_its_name(a_run: Run) -> None:
    a_run.document["registry"][TUNNELS] = {"error": "access denied"}
    result = a_run.compare(VPN)
    assert result["failed"] is True
    first, second = result["msg"].split("\n")
    assert first.startswith("vpn_profile.server [IMR]: ")
    assert second.startswith("vpn_profile.prompt_user_name [IMR]: ")
    assert "access denied" in first
    assert "failed" not in a_run.compare(VPN, report_follows=True)


def test_what_merely_differs_is_no_failure(a_run: Run) -> None:
    set_server(a_run, "evil.example.com:443")
    assert "failed" not in a_run.compare(VPN)


@pytest.mark.parametrize(
    ("check_mode", "server", "pending"),
    [(False, "evil.example.com:443", [VPN]), (True, "evil.example.com:443", []), (False, SERVER, [])],
)
def test_a_plan_that_is_about_to_be_written_is_pending(
    a_run: Run, check_mode: bool, server: str, pending: list[str]
) -> None:
    a_run.check_mode = check_mode
    set_server(a_run, server)
    a_run.compare(VPN, SMB)
    assert a_run.known.pending == {}
    a_run.compare(VPN)
    assert [*a_run.known.pending] == pending
    assert all(one == a_run.known.plans[role] for role, one in a_run.known.pending.items())


def let_look(run: Run, folder: Path) -> None:
    path = folder / f"roles/{VPN}/vars/Windows.yml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, f"__{VPN}_looks": "{{ people | length > 0 }}"}))
    run.variables["people"] = ["taro"]


@pytest.mark.parametrize(
    ("work", "look", "groups"),
    [
        (False, False, {}),
        (True, False, {"add_group": "endpoint_work"}),
        (False, True, {"add_group": "endpoint_look"}),
        (
            True,
            True,
            {
                "add_group": "endpoint_work_and_endpoint_look",
                "parent_groups": ["endpoint_work", "endpoint_look"],
            },
        ),
    ],
)
def test_an_endpoint_comes_into_the_groups_that_plays_are_limited_to(
    a_run: Run, tmp_path: Path, work: bool, look: bool, groups: dict[str, Any]
) -> None:
    if work:
        set_server(a_run, "evil.example.com:443")
    if look:
        let_look(a_run, tmp_path)
    result = a_run.compare(VPN, SMB)
    assert {name: result[name] for name in ("add_group", "parent_groups") if name in result} == groups
    assert result["looks"] == ([VPN] if look else [])
    # The state document is carried along for the tasks that write, and for nothing else.
    assert "ansible_facts" not in result


def test_one_role_puts_nobody_into_a_group(a_run: Run) -> None:
    set_server(a_run, "evil.example.com:443")
    assert "add_group" not in a_run.compare(VPN)


def test_a_role_that_looks_is_compared_again_with_what_was_seen(a_run: Run, tmp_path: Path) -> None:
    let_look(a_run, tmp_path)
    a_run.compare(VPN, SMB)
    assert a_run.compare(VPN)["next"] == ["look"]
    seen: list[Any] = []
    judge = endpoint_compare.judge

    def judged(document: dict[str, Any], *args: Any, **more: Any) -> dict[str, Any]:
        seen.append(document["vpn_connections"])
        return judge(document, *args, **more)

    item = {"item": {"user": "taro", "name": "IMR"}, "output": [{"exists": True}]}
    a_run.variables["__vpn_profile_seen"] = {"results": [item]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint_compare, "judge", judged)
        assert a_run.compare(VPN)["next"] == []
    assert seen == [{"taro": {"IMR": {"exists": True}}}]
    assert len(a_run.requests) == 1


def test_nobody_looks_at_what_does_not_answer(a_run: Run, tmp_path: Path) -> None:
    let_look(a_run, tmp_path)
    a_run.failure = AnsibleConnectionFailure("no")
    assert a_run.compare(VPN, SMB)["looks"] == []
    assert a_run.compare(VPN, report_follows=True)["next"] == []


def test_the_state_of_the_run_stands_above_the_role_s_own(a_run: Run) -> None:
    a_run.variables = {"vpn_profile_state": "present"}
    a_run.compare(VPN, SMB, state="absent")
    assert a_run.statuses() == {"removed": "compliant"}
    assert a_run.statuses(SMB) == {"removed": "compliant"}


def test_an_unknown_role_and_an_unknown_kind_of_read_are_refused(a_run: Run, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"no role 'vnp' in offsite\.endpoints; there are smb_firewall_scope, vpn_prof"):
        a_run.compare("vnp")
    path = tmp_path / f"roles/{SMB}/vars/Windows.yml"
    path.write_text(yaml.safe_dump({f"__{SMB}_reads": {"plists": []}}))
    with pytest.raises(AnsibleActionFail, match=r"__smb_firewall_scope_reads has plists; allowed are registry, user_r"):
        a_run.compare(SMB)


def test_what_the_run_knows_is_plain_data(a_run: Run) -> None:
    a_run.compare(VPN, SMB)
    known = a_run.known
    assert json.loads(json.dumps(known.plans)) == known.plans


def of_plan(**what: Any) -> dict[str, Any]:
    nothing = {"memory": {"keep": None}, "writes": {"registry": [], "firewall": []}, "role_work": [], "after": False}
    return nothing | what


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        ({}, []),
        (
            {"memory": {"keep": "{}"}, "writes": {"registry": [1], "firewall": []}, "after": True},
            ["windows_remember", "windows_registry", "role_vars", "after"],
        ),
        (
            {"writes": {"registry": [], "firewall": [1]}, "role_work": [1]},
            ["windows_firewall", "role_vars", "work"],
        ),
    ],
)
def test_a_step_that_has_nothing_to_do_is_none(plan: dict[str, Any], steps: list[str]) -> None:
    assert endpoint_compare.steps_of(of_plan(**plan), "Windows", check_mode=False) == steps
    dry = [step for step in steps if step != "after" and (step != "role_vars" or "work" in steps)]
    assert endpoint_compare.steps_of(of_plan(**plan), "Windows", check_mode=True) == dry


def order(steps_of_endpoints: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return in which order Ansible includes what each endpoint's loop has, by its own code."""
    task = TaskInclude.load({"include_tasks": "{{ step }}", "loop": "{{ steps }}"})
    task._parent = SimpleNamespace(_uuid="one")
    included: list[IncludedFile] = []
    for host, steps in steps_of_endpoints.items():
        for step in steps:
            fresh = IncludedFile(step.rpartition("/")[2], {}, {"step": step}, task)
            (found,) = [one for one in included if one == fresh] or [fresh]
            if found is fresh:
                included.append(found)
            found.add_host(host)
    return {host: [one._filename for one in included if host in one._hosts] for host in steps_of_endpoints}


ENDPOINTS = {
    "noted before": ["windows_registry"],
    "new": ["windows_remember", "windows_registry", "role_vars", "work"],
    "only work": ["role_vars", "work", "after"],
    "after": ["role_vars", "after"],
}


def test_every_endpoint_is_noted_before_it_is_written_to_whatever_the_others_need() -> None:
    # As the steps are by themselves, one is written to before what was there is noted.
    assert order(ENDPOINTS)["new"] == ["windows_registry", "windows_remember", "role_vars", "work"]
    assert order({host: in_order(steps) for host, steps in ENDPOINTS.items()}) == ENDPOINTS


def test_the_steps_of_a_plan_are_given_in_order(a_run: Run) -> None:
    a_run.document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz("evil.example.com:443")
    assert a_run.compare(VPN)["steps"] == ["windows_remember", "windows_remember/windows_registry"]


def test_each_step_is_a_file() -> None:
    kinds = of_plan(memory={"keep": "{}"}, role_work=[1], after=True)
    systems = {"Windows": ["registry", "firewall", "groups", "services"], "Darwin": ["plist"]}
    steps = {
        step
        for system, names in systems.items()
        for step in endpoint_compare.steps_of(
            {**kinds, "writes": {name: [1] for name in names}}, system, check_mode=False
        )
    }
    folder = Path(__file__).parents[4] / "roles/endpoint_controls/tasks"
    assert steps | {"look", "fix", "note", "no_failures", "main"} | {
        f"{one}_note" for one in ("windows", "darwin")
    } == {file.stem for file in folder.iterdir()}
