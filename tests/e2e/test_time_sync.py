"""time_sync from the first run to the last: off by default, passed on to the running service, and taken back."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.depth
FLEET = (1, 1)
PARAMETERS = r"HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
DESIRED = {"time_sync_enable": True, "time_sync_servers": ["ntp1.example.org", "ntp2.example.org"]}
ON = ("-e", json.dumps(DESIRED))


def services_written(fleet):
    lines = (fleet.directory / "lab/calls.jsonl").read_text(encoding="utf-8").splitlines()
    return sum("win_service" in line for line in lines)


@pytest.fixture(scope="module")
def prepared(fleet):
    """The rest of the service is there, and the time service runs."""
    run = fleet.play("site.yml")
    assert run.code == 0, run.output
    assert {record["status"] for record in run.records if record["role"] == "time_sync"} == {"not_applicable"}
    assert fleet.adhoc("win-01", "ansible.windows.win_service", {"name": "W32Time", "state": "started"}).returncode == 0
    return fleet.hashes()


def test_the_running_service_is_restarted_once_and_then_left_alone(fleet, prepared):
    before = services_written(fleet)
    dry = fleet.play("site.yml", "--check", *ON)
    assert fleet.hashes() == prepared
    assert services_written(fleet) == before
    run = fleet.play("site.yml", *ON)
    assert run.code == 0, run.output
    both = {("win-01", "time_sync.servers", None), ("mac-01", "time_sync.servers", None)}
    assert run.of_status("fixed") == dry.of_status("drifted") == both
    reported = fleet.adhoc(
        "mac-01", "ansible.builtin.command", {"argv": ["/usr/sbin/systemsetup", "-getnetworktimeserver"]}, "-b"
    )
    assert "Network Time Server: ntp1.example.org" in reported.stdout
    found = fleet.adhoc("win-01", "ansible.windows.win_reg_stat", {"path": PARAMETERS, "name": "NtpServer"}).stdout
    assert "ntp1.example.org,0x8 ntp2.example.org,0xa" in found
    assert services_written(fleet) - before == 1

    again = fleet.play("site.yml", *ON)
    assert (again.code, again.of_status("fixed")) == (0, set())
    assert services_written(fleet) - before == 1


def test_absent_gives_the_machine_back(fleet, prepared):
    run = fleet.play("site.yml", *ON, "-e", "time_sync_state=absent")
    assert run.code == 0, run.output
    assert fleet.hashes() == prepared
