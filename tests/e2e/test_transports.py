"""The ways to a Windows machine beside WinRM: what they bring there and back is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import LabFleet

STARTS = 8
# What a person reads when the logon is refused, and when nothing listens.
SAID = {
    "psrp": ("Failed to authenticate the user labadmin with ntlm. Check the user name and", "Enable WinRM over HTTPS"),
    "ssh": ("Permission denied (publickey,keyboard-interactive,password). Check the user", "Start the OpenSSH server"),
}


@pytest.fixture(scope="module", params=[*SAID])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    lab = LabFleet(tmp_path_factory.mktemp(request.param), 3, 0, transport=request.param)
    try:
        yield lab
    finally:
        lab.close()


def test_a_laptop_is_prepared_once_and_a_second_run_is_one_call_that_changes_nothing(fleet):
    one = ("--limit", "win-01")
    assert f"ansible_connection: {fleet.transport}" in (fleet.directory / "lab/inventory/hosts.yml").read_text()
    first = fleet.play("site.yml", *one)
    assert first.code == 0, first.output
    assert ("win-01", "vpn_profile.server", "IMR") in first.of_status("fixed")
    assert {endpoint for endpoint, _, _ in first.of_status("fixed")} == {"win-01"}

    hashes, calls = fleet.hashes(), fleet.calls()
    again = fleet.play("site.yml", *one)
    assert again.code == 0, again.output
    assert again.of_status("fixed", "drifted", "error", "unreachable") == set()
    assert ("win-01", "vpn_profile.server", "IMR") in again.of_status("compliant")
    assert fleet.hashes() == hashes
    assert fleet.calls() == {**calls, "win-01": calls["win-01"] + 1}


def test_an_audit_measures_in_one_call_and_says_why_it_could_not(fleet):
    calls = fleet.calls()
    fleet.fault("win-02", "auth")
    fleet.fault("win-03", "refuse")
    audit = fleet.play("audit.yml")
    for name in ("win-02", "win-03"):
        fleet.fault(name, "none")
    assert audit.code == 2
    measured = {record["endpoint"] for record in audit.records if record["status"] == "compliant"}
    assert measured == {"win-01"}
    assert audit.of_status("drifted", "error") == set()
    reasons = {r["endpoint"]: r["reason"] for r in audit.records if r["status"] == "unreachable"}
    assert reasons.keys() == {"win-02", "win-03"}
    refused, closed = SAID[fleet.transport]
    assert "the endpoint answers, but the connection failed: " in reasons["win-02"]
    assert refused in reasons["win-02"]
    assert "the machine is on, but nothing listens there. " + closed in reasons["win-03"]
    assert fleet.calls() == {**calls, "win-01": calls["win-01"] + 1}


def test_files_of_any_size_arrive_as_they_were(fleet, tmp_path):
    contents = {"none": b"", "some": "日本語\r\n".encode(), "many": bytes(range(256)) * 4000}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    playbook = "tests/e2e/files_there_and_back.yml"
    fleet.command("ansible-playbook", *fleet.inventory, playbook, "-e", f"folder={tmp_path}", check=True)
    assert {name: (tmp_path / "back" / name).read_bytes() for name in contents} == contents
