"""The main job in the order in which it happens: dry run, apply, a user's change, audit, repair; what is left alone.

What the first ones cost each endpoint, in tasks and in remote calls, is counted: exact numbers, so that nothing makes
it dearer unseen. A number that goes down is good news: put the new one here. One that goes up has to be worth it. The
first endpoint has the tasks that are run once for all.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import Run

FLEET = (3, 1)
STARTS = 16
ENDPOINTS = ("mac-01", "win-01", "win-02", "win-03")
COUNTING = Path(__file__).parent / "counting"
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Counted:
    """A run, and what it cost each endpoint."""

    run: Run
    tasks: dict[str, int]
    calls: Counter[str]


def recap(output):
    return {host: (int(changed), int(lost), int(failed)) for host, changed, lost, failed in RECAP.findall(output)}


def change(fleet, host, path, name, data, kind="string"):
    """Do by a stock module what a user does by hand."""
    value = {"path": path, "name": name, "data": data, "type": kind}
    done = fleet.adhoc(host, "ansible.windows.win_regedit", value)
    assert done.returncode == 0, done.stdout


def counted(fleet, playbook, *options):
    """Return what one run of a playbook did, and the tasks and the remote calls of each endpoint in it."""
    log, tasks = fleet.directory / "lab/calls.jsonl", fleet.directory / "tasks.json"
    before = log.read_text(encoding="utf-8").count("\n") if log.exists() else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(COUNTING))
        patch.setenv("COUNT_TASKS_FILE", str(tasks))
        run = fleet.play(playbook, *options)
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[before:]]
    assert calls, run.output
    return Counted(run, json.loads(tasks.read_text(encoding="utf-8")), Counter(call["endpoint"] for call in calls))


@pytest.fixture(scope="module")
def runs(fleet):
    """Return a dry run, the first apply, the compliant re-run and an audit after it; they are the first of all."""
    found = {}
    for name, playbook, *options in (
        ("dry", "site.yml", "--check", "--diff"),
        ("first", "site.yml"),
        ("re-run", "site.yml"),
        ("audit", "audit.yml"),
    ):
        before = fleet.hashes()
        found[name] = counted(fleet, playbook, *options)
        assert found[name].run.code == 0, found[name].run.output
        changed = {one for one, state in fleet.hashes().items() if state != before[one]}
        assert changed == (set(ENDPOINTS) if name == "first" else set()), found[name].run.output
    return found


def test_the_run_fixes_what_the_dry_run_foretold_and_leaves_nothing_undone(runs):
    dry, first = runs["dry"].run, runs["first"].run
    # Every endpoint of this fleet begins with something to fix.
    assert {endpoint for endpoint, _, _ in first.of_status("fixed")} == set(ENDPOINTS)
    assert first.of_status("fixed") == dry.of_status("drifted")
    assert first.of_status("drifted", "error", "unreachable", "managed_elsewhere") == set()


def test_the_second_run_has_nothing_to_do_and_an_audit_says_so(runs):
    assert runs["re-run"].run.of_status("fixed", "drifted") == set()
    assert re.search(r"^In all: 4 of 4 endpoints, \d+", runs["re-run"].run.output, re.MULTILINE)
    assert "changed" not in runs["re-run"].run.output
    assert "Good: " in runs["audit"].run.output.strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["audit", "re-run"])
def test_what_an_audit_and_a_compliant_re_run_cost(runs, name):
    assert runs[name].tasks == {"mac-01": 1, "win-01": 4, "win-02": 1, "win-03": 1}
    assert runs[name].calls == dict.fromkeys(ENDPOINTS, 1)


def test_what_a_first_apply_costs(runs):
    assert runs["first"].tasks == {"mac-01": 35, "win-01": 51, "win-02": 47, "win-03": 49}
    assert runs["first"].calls == {"mac-01": 15, "win-01": 39, "win-02": 33, "win-03": 38}


def test_a_dry_run_of_retiring_writes_nothing_and_says_what_would_be_given_back(fleet, runs):
    hashes = fleet.hashes()
    dry = fleet.play("retire.yml", "--check", "--diff")
    assert dry.code == 0, dry.output
    assert {endpoint for endpoint, _, _ in dry.of_status("drifted")} == set(ENDPOINTS)
    assert "run retire.yml for this endpoint" in dry.output
    assert fleet.hashes() == hashes


def test_a_run_for_one_endpoint_reports_and_judges_that_endpoint(fleet, runs, monkeypatch):
    monkeypatch.setenv("OFFSITE_OUTPUT", "ansible")
    change(fleet, "win-01:win-02", TUNNEL, "Server", "130.34.226.190:443")
    audit = fleet.play("audit.yml", "--limit", "win-02")
    assert audit.code == 2
    assert {r["endpoint"] for r in audit.records} == {"win-02"}
    assert recap(audit.output) == {"win-02": (0, 0, 1)}
    assert fleet.play("site.yml", "--limit", "win-02").code == 0


def test_a_change_by_a_stock_module_is_found_named_and_nothing_else(fleet, monkeypatch):
    monkeypatch.setenv("OFFSITE_OUTPUT", "ansible")
    hashes = fleet.hashes()
    audit = fleet.play("audit.yml")
    assert audit.code == 2
    (found,) = [r for r in audit.records if r["status"] not in ("compliant", "not_applicable")]
    assert (found["endpoint"], found["control"], found["instance"]) == ("win-01", "vpn_profile.server", "IMR")
    assert (found["status"], found["scope"]) == ("drifted", "machine")
    assert (found["expected"], found["actual"]) == ("fg.imr.tohoku.ac.jp:443", "130.34.226.190:443")
    assert audit.output.strip().splitlines()[-1].startswith("Not good: ")
    assert {host for host, counts in recap(audit.output).items() if counts[2]} == {"win-01"}
    assert fleet.hashes() == hashes


def test_the_repair_writes_that_value_keeps_what_it_was_and_leaves_a_user_s_own_profile(fleet, monkeypatch):
    monkeypatch.setenv("OFFSITE_OUTPUT", "ansible")
    others = {name: one for name, one in fleet.hashes().items() if name != "win-01"}
    change(fleet, "win-01", TUNNEL.replace("IMR", "Home"), "Server", "vpn.example.org:443")
    run = fleet.play("site.yml")
    assert run.code == 0, run.output
    (fixed,) = [r for r in run.records if r["status"] not in ("compliant", "not_applicable")]
    assert (fixed["endpoint"], fixed["control"], fixed["status"], fixed["before"]) == (
        "win-01",
        "vpn_profile.server",
        "fixed",
        "130.34.226.190:443",
    )
    assert recap(run.output)["win-01"] == (1, 0, 0)
    assert {name: one for name, one in fleet.hashes().items() if name != "win-01"} == others


def test_group_policy_is_not_fought_and_an_unknown_note_of_ours_stops_the_writing(fleet):
    policies = r"HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile"
    change(fleet, "win-02", policies, "AllowLocalPolicyMerge", 0, "dword")
    memory = r"HKLM:\SOFTWARE\OffsiteEndpoints\Before"
    kept = fleet.adhoc("win-03", "ansible.windows.win_reg_stat", {"path": memory, "name": "vpn_profile"}).stdout
    assert "vpn_profile.server" in kept or "Tunnels" in kept
    change(fleet, "win-03", memory, "vpn_profile", "{half")
    change(fleet, "win-03", TUNNEL, "Server", "x:1")
    hashes = fleet.hashes()
    run = fleet.play("site.yml")
    assert run.code == 2
    assert ("win-02", "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP") in run.of_status("managed_elsewhere")
    assert "AllowLocalPolicyMerge" in run.output
    assert run.of_status("error") == {("win-03", "vpn_profile.memory", None)}
    assert run.of_status("fixed") == set()
    # win-01's own profile, the policy and the change beside the note: nothing of it was touched.
    assert fleet.hashes() == hashes
