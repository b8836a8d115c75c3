"""What is new, since when, whose doing, by whose leave: over several runs on the same machines."""

from __future__ import annotations

import json
import sqlite3

import pytest

from plugins.plugin_utils.records.history import opened

pytestmark = pytest.mark.depth
FLEET = (2, 1)
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
SERVER = ("win-01", "vpn_profile.server", "IMR")


def server(fleet, host, text):
    value = {"path": TUNNEL, "name": "Server", "data": text, "type": "string"}
    done = fleet.adhoc(host, "ansible.windows.win_regedit", value)
    assert done.returncode == 0, done.stdout


def about(run, which=SERVER):
    (found,) = [r for r in run.records if (r["endpoint"], r["control"], r["instance"]) == which]
    return found


def run_id(run):
    return run.records[0]["run"]


def waivers(fleet, expires):
    path = fleet.directory / "waivers.yml"
    one = {"control": SERVER[1], "hosts": [SERVER[0]], "owner": "Suzuki", "reason": "a trial", "expires": expires}
    path.write_text(json.dumps([one]), encoding="utf-8")
    return ["-e", f"endpoint_waivers_file={path}"]


def history(fleet):
    return fleet.directory / "records/history.sqlite"


def test_since_news_moved_and_flapping(fleet):
    assert fleet.play("site.yml").code == 0
    first = about(fleet.play("audit.yml"))
    assert (first["status"], first["news"], first["moved"], first["flapping"]) == ("compliant", "", "", False)

    server(fleet, "win-01", "evil.example.org:443")
    run = fleet.play("audit.yml")
    second = about(run)
    assert run.code == 2
    assert (second["status"], second["news"], second["moved"], second["flapping"]) == (
        "drifted", "new", "endpoint", False,
    )  # fmt: skip
    assert second["since"] == second["at"] > first["since"]
    assert "Since the last time: 1 new" in run.output
    assert [r["news"] for r in run.records].count("new") == 1

    third = about(fleet.play("audit.yml", "-e", "endpoint_report_flapping_times=1"))
    assert (third["since"], third["news"], third["moved"]) == (second["since"], "still", "endpoint")
    assert third["flapping"] is True
    assert third["changes"][-1] == {"at": second["at"], "status": "drifted"}


def test_a_waiver_lets_pass_is_not_written_and_ends(fleet):
    valid = waivers(fleet, "2999-12-31")
    hashes = fleet.hashes()
    audit = fleet.play("audit.yml", *valid)
    assert audit.code == 0, audit.output
    assert (about(audit)["status"], about(audit)["moved"]) == ("waived", "endpoint")
    site = fleet.play("site.yml", *valid)
    assert (site.code, about(site)["status"]) == (0, "waived")
    assert fleet.hashes() == hashes

    ended = waivers(fleet, "2020-01-01")
    audit = fleet.play("audit.yml", *ended)
    assert audit.code == 2
    assert (about(audit)["status"], about(audit)["news"]) == ("waiver_expired", "new")
    assert "expired on 2020-01-01" in audit.output
    site = fleet.play("site.yml", *ended)
    assert site.code == 0, site.output
    assert (about(site)["status"], about(site)["before"]) == ("fixed", "evil.example.org:443")
    assert site.of_status("fixed") == {SERVER}


def test_a_bad_waiver_file_or_history_stops_the_run_before_any_call(fleet):
    bad = fleet.directory / "bad.yml"
    bad.write_text("- control: [", encoding="utf-8")
    text = fleet.directory / "text.sqlite"
    text.write_text("no history", encoding="utf-8")
    calls = fleet.calls()
    for variable, words in (
        (f"endpoint_waivers_file={bad}", "docs/waivers.md"),
        (f"endpoint_report_history={text}", "is no history"),
    ):
        run = fleet.play("audit.yml", "-e", variable)
        assert run.code != 0
        assert words in " ".join(run.output.split())
        assert run.records == []
    assert fleet.calls() == calls
    assert text.read_text(encoding="utf-8") == "no history"


def test_an_undo_puts_back_what_one_run_fixed(fleet):
    server(fleet, "win-01", "old-1.example.org:443")
    server(fleet, "win-02", "old-2.example.org:443")
    before = fleet.hashes()
    site = fleet.play("site.yml")
    assert site.of_status("fixed") == {SERVER, ("win-02", *SERVER[1:])}
    server(fleet, "win-02", "newer.example.org:443")
    now, run = fleet.hashes(), ["-e", f"run={run_id(site)}"]

    dry = fleet.play("undo.yml", *run, "--check")
    assert "puts back: vpn_profile.server [IMR]" in " ".join(dry.output.split())
    assert fleet.hashes() == now

    undo = fleet.play("undo.yml", *run)
    assert {r["endpoint"] for r in undo.records} == {"win-01", "win-02"}
    assert undo.output.index("puts back: vpn_profile.server [IMR]") < undo.output.index("Write")
    assert about(undo)["status"] == "fixed"
    left = about(undo, ("win-02", *SERVER[1:]))
    assert (left["status"], left["reason"]) == ("error", "it was changed after that run, so it is left as it is")
    assert fleet.hashes() == {**now, "win-01": before["win-01"]}

    again = fleet.play("undo.yml", *run, "--limit", "win-01")
    assert again.code == 0, again.output
    assert fleet.hashes() == {**now, "win-01": before["win-01"]}
    assert fleet.play("undo.yml", "-e", "run=20200101T000000.000000Z").code != 0

    audit = fleet.play("audit.yml")
    ours, theirs = about(audit), about(audit, ("win-02", *SERVER[1:]))
    assert (ours["status"], ours["moved"], ours["moved_by"]) == ("drifted", "endpoint", f"undo {run_id(site)}")
    assert (theirs["status"], theirs["moved"], theirs.get("moved_by")) == ("drifted", "endpoint", None)
    assert f"put back by undo of run {run_id(site)}" in " ".join(audit.output.split())


def test_a_laptop_that_was_handed_over_may_be_silent(fleet):
    assert fleet.play("site.yml").code == 0
    at = about(fleet.play("audit.yml"))["at"]
    with opened(history(fleet)) as known:
        known.note_life("win-02", "offsite", at)
    fleet.fault("win-02", "power_off")
    reachable = ("win-02", "endpoint.reachable", None)
    for options, status, code in (
        ([], "offsite", 0),
        (["-e", json.dumps({"endpoint_report_fails_on": ["drifted", "offsite"]})], "offsite", 2),
        (["-e", "endpoint_report_stale_after_days=0"], "stale", 2),
    ):
        run = fleet.play("audit.yml", *options)
        assert (about(run, reachable)["status"], about(run, reachable)["life"]) == (status, "offsite")
        assert (run.code == 0) is (code == 0), run.output
        assert "1 endpoint not measured" in run.output

    back = fleet.play("take_back.yml", "--limit", "win-02")
    assert back.code != 0, "it is said to be back, and does not answer"
    assert (about(back, reachable)["status"], about(back, reachable)["life"]) == ("unreachable", "in_house")
    fleet.fault("win-02", "none")


def test_a_history_that_breaks_on_the_way_does_not_cost_the_records(fleet):
    fine = history(fleet).read_bytes()
    holder = sqlite3.connect(history(fleet), isolation_level=None)
    # A reader: a run may begin beside it, and has its records when it cannot store what is new.
    holder.execute("BEGIN")
    holder.execute("SELECT * FROM runs").fetchone()
    try:
        run = fleet.play("audit.yml", "--limit", "mac-01")
    finally:
        holder.close()
    assert run.code != 0
    assert "another run has held it for 60 s" in " ".join(run.output.split())
    assert {r["endpoint"] for r in run.records} == {"mac-01"}
    assert len(run.records) > 5
    assert history(fleet).read_bytes() == fine


def test_a_retired_endpoint_is_asked_for_nothing(fleet):
    retire = fleet.play("retire.yml", "--limit", "win-02")
    if retire.code != 0:
        print(retire.output)
    assert retire.code == 0
    assert {r["life"] for r in retire.records} == {"retired"}
    audit = fleet.play("audit.yml", "--limit", "win-02")
    assert audit.code == 0
    assert [(r["control"], r["status"]) for r in audit.records] == [("endpoint.life", "not_applicable")]
    site = fleet.play("site.yml", "--limit", "win-02")
    assert {r["life"] for r in site.records} == {"in_house"}
    again = {r.get("moved_by") for r in site.records if r["status"] == "fixed"}
    assert again == {f"retire {run_id(retire)}"}, "all that the run before had taken off, and what went along"
    assert fleet.play("audit.yml", "--limit", "win-02").code == 0
