"""Endpoints that are off, refuse, break in the middle or answer wrongly: each is shown, and none stops the others."""

from __future__ import annotations

FLEET = (3, 2)
STARTS = 4
EVERYBODY = ("win-01", "win-02", "win-03", "mac-01", "mac-02")


def test_each_that_does_not_answer_is_a_record_with_its_reason_and_the_others_are_measured(fleet):
    faults = {"win-01": "http500", "win-02": "drop", "win-03": "auth", "mac-01": "power_off"}
    for name, kind in faults.items():
        fleet.fault(name, kind)
    audit = fleet.play("audit.yml")
    for name in faults:
        fleet.fault(name, "none")
    assert audit.code == 2
    assert audit.of_status("unreachable") == {(name, "endpoint.reachable", None) for name in faults}
    assert all(r["reason"] for r in audit.records if r["status"] == "unreachable")
    assert {(r["endpoint"], r["status"]) for r in audit.records if r["control"].startswith("vpn_profile.")} > {
        ("mac-02", "drifted")
    }
    assert {r["endpoint"] for r in audit.records if r["control"] != "endpoint.reachable"} == {"mac-02"}


def test_when_nobody_answers_the_audit_still_ends_with_its_records(fleet):
    for name in EVERYBODY:
        fleet.fault(name, "refuse")
    audit = fleet.play("audit.yml")
    for name in EVERYBODY:
        fleet.fault(name, "none")
    assert audit.code == 2
    assert audit.of_status("unreachable") == {(name, "endpoint.reachable", None) for name in EVERYBODY}
    assert len(audit.records) == 5
    assert "5 endpoints not measured" in audit.output.strip().splitlines()[-1]


def test_an_endpoint_that_goes_off_while_it_is_fixed_is_reported_and_repaired_by_the_next_run(fleet):
    both = ("--limit", "win-01,win-03")
    # The first call of the run is the read, then it begins to write.
    fleet.fault("win-01", "power_off", "--after", "1")
    run = fleet.play("site.yml", *both)
    fleet.fault("win-01", "none")
    assert run.code != 0
    assert ("win-03", "vpn_profile.server", "IMR") in run.of_status("fixed")
    lost = run.of_status("error", "unreachable")
    assert lost and {endpoint for endpoint, _, _ in lost} == {"win-01"}

    again = fleet.play("site.yml", *both)
    assert again.code == 0, again.output
    assert {endpoint for endpoint, _, _ in again.of_status("fixed")} == {"win-01"}
    assert ("win-01", "vpn_profile.server", "IMR") in again.of_status("fixed")
