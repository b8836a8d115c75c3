"""The ways to a Windows machine beside WinRM: what they bring there and back is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import LabFleet

STARTS = 8
# What a person reads when the logon is refused, nothing listens, nobody answers, and a command gets no answer.
SAID = {
    "psrp": (
        "Failed to authenticate the user labadmin with ntlm. Check the user name and",
        "the machine is on, but nothing listens there. Run enroll/windows.cmd on it",
        "no answer from 127.0.0.1 port",
        "(read timeout=6). The machine is very slow, asleep",
    ),
    "ssh": (
        "Permission denied (publickey,keyboard-interactive,password). Check the user",
        "the machine is on, but nothing listens there. Start the OpenSSH server",
        "no answer from 127.0.0.1 port",
        "Timeout, server 127.0.0.1 not responding. The machine is very slow, asleep",
    ),
}
FAULTS = {"win-02": "auth", "win-03": "refuse", "win-04": "power_off", "win-05": "timeout"}


@pytest.fixture(scope="module", params=[*SAID])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    lab = LabFleet(tmp_path_factory.mktemp(request.param), 5, 0, transport=request.param)
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
    for name, kind in FAULTS.items():
        fleet.fault(name, kind)
    audit = fleet.play("audit.yml", "-i", "tests/e2e/short_waits.yml")
    for name in FAULTS:
        fleet.fault(name, "none")
    assert audit.code == 2
    assert {record["endpoint"] for record in audit.records if record["status"] == "compliant"} == {"win-01"}
    assert audit.of_status("drifted", "error") == set()
    reasons = {r["endpoint"]: r["reason"] for r in audit.records if r["status"] == "unreachable"}
    assert reasons.keys() == FAULTS.keys()
    for name, words in zip(FAULTS, SAID[fleet.transport], strict=True):
        assert words in reasons[name]
    # The log of calls holds what got no answer as well.
    assert fleet.calls() == {**calls, **{name: calls[name] + 1 for name in ("win-01", "win-05")}}


def test_files_of_any_size_arrive_as_they_were(fleet, tmp_path):
    contents = {"none": b"", "some": "日本語\r\n".encode(), "many": bytes(range(256)) * 4000}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    playbook = "tests/e2e/files_there_and_back.yml"
    fleet.command("ansible-playbook", *fleet.inventory, playbook, "-e", f"folder={tmp_path}", check=True)
    assert {name: (tmp_path / "back" / name).read_bytes() for name in contents} == contents
