"""The client on four Windows machines: installed, upgraded, repaired, removed, and what keeps that from being done.

win-01 has 7.4.3.8758; win-02 has 7.0.7.0345, a servicing restart pending, and nobody logged on; win-03 has 7.0.7.0345
and an update's restart pending; win-04 (Home) has no client. Every test leaves win-01 and win-02 with 7.4.3.8758, and
brings win-04 to what it needs.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.breakages_client import BREAKAGES_CLIENT, CLIENT_VARIABLES
from tests.e2e.client import ACCEPTED, ENTRY, NEW, OLD, PROGRAMS, Client, found
from tests.e2e.test_breakages import state_of

pytestmark = pytest.mark.depth
FLEET = (4, 0)
BUSY = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress"


@pytest.fixture(scope="module")
def client(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(fleet, tmp_path_factory.mktemp("installers"))


def test_a_servicing_restart_stops_the_upgrade_and_after_it_the_upgrade_is_done(client):
    before = client.fleet.hashes()
    run = client.play("win-02", **client.supply())
    assert run.code == 2
    assert found(run, "minimum_version")["status"] == "drifted"
    assert "postponed: a restart is pending for Windows servicing" in found(run, "minimum_version")["reason"]
    assert client.fleet.hashes() == before

    client.do("win-02", "win_reboot")
    run = client.play("win-02", **client.supply())
    assert run.code == 0, run.output
    assert found(run, "minimum_version")["before"] == "7.0.7.0345"
    assert client.version("win-02") == NEW
    machine = client.machine("win-02")
    assert machine.restore_points[-1].description == f"Before FortiClient VPN {NEW}"
    restore = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SystemRestore"
    assert machine.registry.get(restore, "SystemRestorePointCreationFrequency") is None


def test_without_an_installer_a_missing_client_is_reported_with_the_cure(client):
    client.bring("win-04", None)
    before = client.fleet.hashes()
    run = client.play("win-01,win-04", forticlient_install_source="")
    assert run.code == 2
    missing = {r["endpoint"]: r for r in run.records if r["control"] == "forticlient_install.installed"}
    assert (missing["win-01"]["status"], missing["win-04"]["status"]) == ("compliant", "drifted")
    assert "forticlient_install_source" in missing["win-04"]["next"]
    assert client.fleet.hashes() == before


def test_a_fresh_machine_gets_it_once_as_the_dry_run_said(client):
    client.bring("win-04", None)
    before = client.fleet.hashes()
    dry = client.play("win-04", "--check", **client.supply())
    assert dry.code == 0, dry.output
    assert client.fleet.hashes() == before
    run = client.play("win-04", **client.supply())
    assert run.code == 0, run.output
    assert run.of_status("fixed") == dry.of_status("drifted") == {("win-04", "forticlient_install.installed", None)}
    after = client.fleet.hashes()
    assert not client.machine("win-04").files.exists(r"C:\Program Files\OffsiteEndpoints")
    again = client.play("win-04", **client.supply())
    assert (again.code, again.of_status("fixed")) == (0, set())
    assert client.fleet.hashes() == after


def test_absent_removes_what_the_role_installed_and_leaves_what_was_there(client):
    client.bring("win-04", NEW)
    before = client.fleet.hashes()
    run = client.play("win-01,win-04", forticlient_install_state="absent")
    assert run.code == 0, run.output
    assert run.of_status("fixed") == {("win-04", "forticlient_install.installed", None)}
    assert client.version("win-04") is None
    assert client.fleet.hashes()["win-01"] == before["win-01"]
    assert not client.machine("win-04").registry.exists(r"HKLM\SOFTWARE\OffsiteEndpoints")


def test_a_removal_that_fails_is_reported_and_the_next_run_does_it(client):
    client.bring("win-04", NEW)
    client.do("win-04", "win_regedit", path=BUSY)
    gone = {"forticlient_install_state": "absent", "__forticlient_install_busy_tries": 1}
    run = client.play("win-04", **gone, __forticlient_install_busy_wait_seconds=0)
    assert (run.code, found(run, "installed")["status"]) == (2, "error")
    assert "ended with 1618" in found(run, "installed")["reason"]
    assert client.version("win-04") == NEW
    client.do("win-04", "win_regedit", path=BUSY, state="absent", delete_key=True)
    run = client.play("win-04", **gone)
    assert (run.code, client.version("win-04")) == (0, None), run.output


@pytest.mark.parametrize(
    ("metadata", "variables", "words"),
    [
        ({}, {"forticlient_install_sha256": "0" * 64}, ["SHA-256", "0000"]),
        ({"Signer": "CN=Example, O=Example"}, {}, ["installer is refused", "O=Example"]),
        ({"SignatureStatus": "HashMismatch"}, {}, ["signature is HashMismatch"]),
        ({"ProductName": "FortiClient"}, {}, ["it says that it is FortiClient 7.4.3.8758"]),
        ({"ProductVersion": OLD}, {}, [f"FortiClient VPN {OLD}", f"Expected are FortiClient VPN {NEW}"]),
        ({"ExitCode": 1603, "Log": ["CustomAction X failed"]}, {}, ["ended with 1603", "CustomAction X failed"]),
        ({}, {"forticlient_install_minimum_free_gib": 9999}, ["GiB are free", "9999"]),
    ],
)
def test_what_ends_an_installation_is_reported_and_no_client_is_there(client, metadata, variables, words):
    client.bring("win-04", None)
    run = client.play("win-04", **{**client.supply(**metadata), **variables})
    assert run.code == 2
    assert found(run, "installed")["status"] == "error"
    for word in words:
        assert word in found(run, "installed")["reason"]
    assert client.version("win-04") is None
    assert not client.machine("win-04").files.exists(r"C:\Program Files\OffsiteEndpoints")


def test_another_installation_is_waited_for_and_not_for_ever(client):
    client.bring("win-04", None)
    patience = {"__forticlient_install_busy_tries": 3, "__forticlient_install_busy_wait_seconds": 0}
    client.do("win-04", "win_regedit", path=BUSY)
    run = client.play("win-04", **client.supply(), **patience)
    assert found(run, "installed")["status"] == "error"
    assert "ended with 1618 (another installation runs" in found(run, "installed")["reason"]
    client.do("win-04", "win_regedit", path=BUSY, name="OffsiteLabCalls", data=2, type="dword")
    run = client.play("win-04", **client.supply(OLD), **patience)
    assert run.code == 0, run.output
    assert client.version("win-04") == OLD


def test_a_build_of_the_same_product_code_replaces_the_other_and_asks_for_a_restart(client):
    client.bring("win-04", OLD)
    run = client.play("win-04", **client.supply(ExitCode=3010), forticlient_install_allow_reboot=True)
    assert client.version("win-04") == NEW
    assert ("win-04", "forticlient_install.minimum_version", None) in run.of_status("fixed")
    assert run.of_status("drifted") == {("win-04", "forticlient_install.reboot_required", None)}
    assert run.code == 2

    run = client.play("win-04", **client.supply(), forticlient_install_allow_reboot=True)
    assert "somebody is logged on" in found(run, "reboot_required")["reason"]
    client.do("win-04", "win_reboot")
    run = client.play("win-04", **client.supply())
    assert (run.code, run.of_status("fixed", "drifted")) == (0, set())


def test_a_restart_that_is_allowed_happens_when_nobody_is_logged_on(client):
    if client.version("win-02") != NEW:  # alone: the restart that its upgrade waits for has not been yet
        client.do("win-02", "win_reboot")
    client.bring("win-02", NEW)
    boots = client.machine("win-02").boot_count
    client.do("win-02", "win_file", path=PROGRAMS + r"\FortiClient.exe", state="absent")
    run = client.play("win-02", **client.supply(ExitCode=1641), forticlient_install_allow_reboot=True)
    assert run.code == 0, run.output
    assert client.machine("win-02").boot_count == boots + 1


def test_a_newer_client_stays_unless_a_downgrade_is_allowed(client):
    before = client.fleet.hashes()
    desired = {**client.supply(OLD), "forticlient_install_maximum_version": OLD}
    run = client.play("win-01", **desired)
    assert run.code == 2
    assert found(run, "maximum_version")["status"] == "drifted"
    assert "forticlient_install_allow_downgrade" in found(run, "maximum_version")["next"]
    assert client.fleet.hashes() == before

    assert client.play("win-01", **desired, forticlient_install_allow_downgrade=True).of_status("fixed")
    assert client.version("win-01") == OLD
    assert client.play("win-01", **client.supply()).code == 0


def test_a_blocked_version_is_reported_with_its_reason(client):
    blocked = [{"version": NEW, "reason": "breaks on Tuesdays"}]
    run = client.play("win-01", forticlient_install_source="", forticlient_install_blocked_versions=blocked)
    assert run.code == 2
    assert (found(run, "blocked_version")["status"], found(run, "blocked_version")["instance"]) == ("drifted", NEW)
    assert "breaks on Tuesdays" in found(run, "blocked_version")["title"]


def test_known_vulnerabilities_are_reported_one_by_one_unless_they_are_accepted(client):
    run = client.play("win-01", forticlient_install_accepted_vulnerabilities=[])
    seen = {instance for _, control, instance in run.of_status("drifted") if control.endswith(".vulnerable_version")}
    assert (run.code, seen) == (2, set(ACCEPTED))


def test_another_edition_stops_everything(client):
    client.do("win-01", "win_regedit", path=ENTRY, name="DisplayName", data="FortiClient", type="string")
    before = client.fleet.hashes()
    run = client.play("win-01", **client.supply())
    assert run.code == 2
    assert run.of_status("drifted") == {("win-01", "forticlient_install.edition", None)}
    assert found(run, "installed")["status"] == "not_applicable"
    assert client.fleet.hashes() == before
    client.do("win-01", "win_regedit", path=ENTRY, name="DisplayName", data="FortiClient VPN", type="string")


def test_a_tunnel_postpones_and_an_entry_without_files_is_repaired_when_it_is_down(client):
    client.lose_programs("win-01")
    client.fleet.lab("tunnel", "win-01", "up")
    before = client.fleet.hashes()
    run = client.play("win-01", **client.supply())
    assert run.code == 2
    assert "postponed: a VPN tunnel is up" in found(run, "program")["reason"]
    assert client.fleet.hashes() == before
    client.fleet.lab("tunnel", "win-01", "down")
    run = client.play("win-01", **client.supply())
    assert run.code == 0, run.output
    assert run.of_status("fixed") == {("win-01", "forticlient_install.program", None)}
    assert client.machine("win-01").files.is_file(PROGRAMS + r"\FortiClient.exe")


def test_files_without_an_entry_are_installed_over(client):
    client.do("win-01", "win_regedit", path=ENTRY, state="absent", delete_key=True)
    run = client.play("win-01", **client.supply())
    assert (run.code, client.version("win-01")) == (0, NEW)


CASES = [(entry, call) for entry in BREAKAGES_CLIENT for call in entry["breakages"]]
HOSTS = ("win-01", "win-03", "win-04")


@pytest.fixture(scope="module")
def healthy(client: Client) -> Client:
    """Return three machines with exactly the client of one installer."""
    client.do("win-03", "win_reboot")
    for host in HOSTS:
        client.lose_programs(host)
    run = client.play(",".join(HOSTS), **{**client.supply(), **CLIENT_VARIABLES})
    assert run.code == 0, run.output
    return client


@pytest.mark.parametrize(
    "cases", [CASES[at : at + 3] for at in range(0, len(CASES), 3)], ids=lambda c: c[0][0]["control"]
)
def test_what_breaks_the_client_is_found_and_repaired_and_the_machine_is_as_before(healthy, cases):
    before = {host: state_of(healthy.fleet, host) for host in HOSTS}
    expected = set()
    for host, (entry, call) in zip(HOSTS, cases, strict=True):
        for each in (call["first"], call) if "first" in call else (call,):
            healthy.do(host, each["module"].removeprefix("ansible.windows."), **each["args"])
        expected |= {(host, control) for control in (entry["control"], *entry.get("also", []))}
    desired = {**healthy.supply(), **CLIENT_VARIABLES}
    audit = healthy.audit(",".join(HOSTS), **desired)
    assert {(endpoint, control) for endpoint, control, _ in audit.of_status("drifted", "error")} == expected
    run = healthy.play(",".join(HOSTS), **desired)
    assert run.code == 0, run.output
    assert run.of_status("fixed") == audit.of_status("drifted")
    assert {host: state_of(healthy.fleet, host) for host in HOSTS} == before


def test_what_cannot_be_is_refused_before_any_machine_is_touched(client):
    calls = client.fleet.calls()
    stub = client.folder / "FortiClientVPNOnlineInstaller_7.4.exe"
    small = client.folder / "small.msi"
    small.write_bytes(b"x" * 4_500_000)
    good = client.supply()
    for wrong, words in [
        ({"forticlient_install_source": str(stub)}, "the vendor's online installer"),
        ({"forticlient_install_source": str(small)}, "has fewer than 10000000 bytes"),
        ({"forticlient_install_source": "/nowhere/x.msi"}, "is not on this controller"),
        ({"forticlient_install_sha256": "abc"}, "64 hexadecimal digits"),
        ({"forticlient_install_minimum_version": "7.4.4"}, "would be replaced"),
        ({"forticlient_install_maximum_version": "newest"}, "'newest' is refused"),
        ({"forticlient_install_accepted_vulnerabilities": [{"cve": "CVE-1", "reason": "x"}]}, "CVE-1"),
    ]:
        run = client.play("win-01", **{**good, **wrong})
        assert run.code != 0
        assert words in " ".join(run.output.split())
    assert client.fleet.calls() == calls
