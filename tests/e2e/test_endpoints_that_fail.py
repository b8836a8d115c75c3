"""Endpoints that are off, refuse, break in the middle or answer wrongly: each is told, and none stops the others."""

from __future__ import annotations

import pytest

FLEET = (3, 1)
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"


@pytest.fixture(scope="module", autouse=True)
def prepared(fleet):
    assert fleet.play("site.yml").code == 0


def test_a_laptop_that_is_off_is_a_record_and_the_others_are_measured(fleet):
    fleet.fault("win-02", "power_off")
    audit = fleet.play("audit.yml")
    fleet.fault("win-02", "none")
    assert audit.code == 2
    assert audit.of_status("unreachable") == {("win-02", "endpoint.reachable", None)}
    assert audit.of_status("drifted", "error") == set()
    assert {r["endpoint"] for r in audit.records if r["control"].startswith("vpn_profile.")} == {
        "win-01",
        "win-03",
        "mac-01",
    }


def test_when_nobody_answers_the_audit_still_ends_with_its_records(fleet):
    names = ["win-01", "win-02", "win-03", "mac-01"]
    for name in names:
        fleet.fault(name, "refuse")
    audit = fleet.play("audit.yml")
    for name in names:
        fleet.fault(name, "none")
    assert audit.code == 2
    assert audit.of_status("unreachable") == {(name, "endpoint.reachable", None) for name in names}
    assert len(audit.records) == 4
    assert "4 endpoints not measured" in audit.output.strip().splitlines()[-1]


@pytest.mark.parametrize("kind", ["http500", "drop", "auth"])
def test_an_endpoint_whose_connection_breaks_is_unreachable_with_the_reason(fleet, kind):
    fleet.fault("win-01", kind, "--count", "1") if kind != "auth" else fleet.fault("win-01", kind)
    audit = fleet.play("audit.yml")
    fleet.fault("win-01", "none")
    assert audit.code == 2
    assert audit.of_status("unreachable") == {("win-01", "endpoint.reachable", None)}
    (found,) = [r for r in audit.records if r["status"] == "unreachable"]
    assert found["reason"]


def test_an_endpoint_that_goes_off_while_it_is_fixed_is_told_and_repaired_by_the_next_run(fleet):
    value = {"path": TUNNEL, "name": "Server", "data": "wrong:1", "type": "string"}
    for name in ("win-01", "win-03"):
        assert fleet.adhoc(name, "ansible.windows.win_regedit", value).returncode == 0
    # The first call of the run is the read, the second one the repair.
    fleet.fault("win-01", "power_off", "--after", "1")
    run = fleet.play("site.yml")
    fleet.fault("win-01", "none")
    assert run.code != 0
    assert ("win-03", "vpn_profile.server", "IMR") in run.of_status("fixed")
    lost = run.of_status("error", "unreachable")
    assert lost and {endpoint for endpoint, _, _ in lost} == {"win-01"}

    again = fleet.play("site.yml")
    assert again.code == 0, again.output
    assert again.of_status("fixed") <= {("win-01", "vpn_profile.server", "IMR")}
