"""The main job in the order in which it happens: dry run, apply, apply again, audit, a user's change, repair."""

from __future__ import annotations

import re

FLEET = (6, 2)
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def recap(output):
    return {host: (int(changed), int(lost), int(failed)) for host, changed, lost, failed in RECAP.findall(output)}


def test_a_dry_run_predicts_what_the_run_fixes_and_the_second_run_changes_nothing(fleet):
    clean = fleet.hashes()
    dry = fleet.play("site.yml", "--check", "--diff")
    assert dry.code == 0, dry.output
    assert fleet.hashes() == clean
    predicted = dry.of_status("drifted")
    assert len({endpoint for endpoint, _, _ in predicted}) == 8, (
        "every endpoint of this fleet begins with something to fix"
    )

    first = fleet.play("site.yml")
    assert first.code == 0, first.output
    # What the client's own installer brings about cannot be told before it has run.
    by_the_installer = {("win-04", "vpn_profile.certificate_warning", None)}
    assert first.of_status("fixed") | by_the_installer == predicted | by_the_installer
    assert first.of_status("drifted", "error", "unreachable", "managed_elsewhere") == set()

    done = fleet.hashes()
    second = fleet.play("site.yml")
    assert second.code == 0, second.output
    assert re.search(r"^In all: 8 of 8 endpoints, \d+", second.output, re.MULTILINE)
    assert "changed" not in second.output
    assert second.of_status("fixed", "drifted") == set()
    assert fleet.hashes() == done


def test_an_audit_is_one_remote_call_an_endpoint_and_writes_nothing(fleet):
    calls, hashes = fleet.calls(), fleet.hashes()
    audit = fleet.play("audit.yml")
    assert audit.code == 0, audit.output
    assert {name: count - calls[name] for name, count in fleet.calls().items()} == dict.fromkeys(calls, 1)
    assert fleet.hashes() == hashes
    assert "Good: " in audit.output.strip().splitlines()[-1]


def test_a_change_by_a_stock_module_is_found_named_and_nothing_else(fleet):
    value = {"path": TUNNEL, "name": "Server", "data": "130.34.226.190:443", "type": "string"}
    done = fleet.adhoc("all:&win-01", "ansible.windows.win_regedit", value)
    assert done.returncode == 0, done.stdout
    hashes = fleet.hashes()
    audit = fleet.play("audit.yml")
    assert audit.code == 2
    (found,) = [r for r in audit.records if r["status"] not in ("compliant", "not_applicable")]
    assert (found["endpoint"], found["control"], found["instance"]) == ("win-01", "vpn_profile.server", "IMR")
    assert (found["status"], found["scope"]) == ("drifted", "machine")
    assert (found["expected"], found["actual"]) == ("fg.imr.tohoku.ac.jp:443", "130.34.226.190:443")
    assert audit.output.strip().splitlines()[-1].startswith("Not good: ")
    assert fleet.hashes() == hashes


def test_the_repair_writes_that_value_and_keeps_what_it_was(fleet, monkeypatch):
    monkeypatch.setenv("OFFSITE_OUTPUT", "ansible")
    run = fleet.play("site.yml")
    assert run.code == 0, run.output
    (fixed,) = [r for r in run.records if r["status"] == "fixed"]
    assert (fixed["endpoint"], fixed["control"], fixed["before"]) == (
        "win-01",
        "vpn_profile.server",
        "130.34.226.190:443",
    )
    assert recap(run.output)["win-01"] == (1, 0, 0)


def test_a_profile_of_the_user_s_own_is_none_of_our_business(fleet):
    own = {"path": TUNNEL.replace("IMR", "Home"), "name": "Server", "data": "203.0.113.9:443", "type": "string"}
    assert fleet.adhoc("win-01", "ansible.windows.win_regedit", own).returncode == 0
    hashes = fleet.hashes()
    run = fleet.play("site.yml")
    assert (run.code, run.of_status("fixed", "drifted")) == (0, set())
    assert fleet.hashes() == hashes


def test_what_group_policy_decides_is_told_and_not_fought(fleet):
    policy = {
        "path": r"HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile",
        "name": "AllowLocalPolicyMerge",
        "data": 0,
        "type": "dword",
    }
    assert fleet.adhoc("win-02", "ansible.windows.win_regedit", policy).returncode == 0
    hashes = fleet.hashes()
    run = fleet.play("site.yml")
    assert run.code == 2
    assert ("win-02", "smb_firewall_scope.remote_address", "FPS-SMB-In-TCP") in run.of_status("managed_elsewhere")
    assert "AllowLocalPolicyMerge" in run.output
    assert fleet.hashes() == hashes
    assert fleet.adhoc("win-02", "ansible.windows.win_regedit", {**policy, "state": "absent"}).returncode == 0


def test_an_unknown_note_of_ours_stops_the_writing(fleet):
    memory = r"HKLM:\SOFTWARE\OffsiteEndpoints\Before"
    kept = fleet.adhoc("win-03", "ansible.windows.win_reg_stat", {"path": memory, "name": "vpn_profile"}).stdout
    assert "vpn_profile.server" in kept or "Tunnels" in kept
    broken = {"path": memory, "name": "vpn_profile", "data": "{half", "type": "string"}
    change = {"path": TUNNEL, "name": "Server", "data": "x:1", "type": "string"}
    for arguments in (broken, change):
        assert fleet.adhoc("win-06", "ansible.windows.win_regedit", arguments).returncode == 0
    hashes = fleet.hashes()
    run = fleet.play("site.yml")
    assert run.code == 2
    assert ("win-06", "vpn_profile.memory", None) in run.of_status("error")
    assert fleet.hashes() == hashes


def test_a_run_for_one_endpoint_reports_and_judges_that_endpoint(fleet, monkeypatch):
    monkeypatch.setenv("OFFSITE_OUTPUT", "ansible")
    value = {"path": TUNNEL, "name": "Server", "data": "x:1", "type": "string"}
    for name in ("win-01", "win-02"):
        assert fleet.adhoc(name, "ansible.windows.win_regedit", value).returncode == 0
    audit = fleet.play("audit.yml", "--limit", "win-02")
    assert audit.code == 2
    assert {r["endpoint"] for r in audit.records} == {"win-02"}
    assert recap(audit.output) == {"win-02": (0, 0, 1)}
    assert fleet.play("site.yml", "--limit", "win-02").code == 0
    whole = fleet.play("audit.yml")
    assert {host for host, counts in recap(whole.output).items() if counts[2]} == {"win-01", "win-06"}
