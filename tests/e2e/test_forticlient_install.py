"""The client on four Windows machines: installed, upgraded, repaired, removed, and what keeps that from being done.

win-01 has 7.4.3.8758; win-02 has 7.0.7.0345, a servicing restart pending, and nobody logged on; win-03 has 7.0.7.0345
and an update's restart pending; win-04 (Home) has no client. Every test leaves win-01 and win-02 with 7.4.3.8758, and
brings win-04 to what it needs.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lab.windows.filesystem import installer_bytes
from lab.windows.forticlient import msi_metadata
from lab.windows.machine import Machine
from tests.e2e.breakages import BREAKAGES_CLIENT, CLIENT_VARIABLES
from tests.e2e.test_breakages import state_of

pytestmark = pytest.mark.depth
FLEET = (4, 0)
OLD, NEW = "7.4.3.1790", "7.4.3.8758"
CODE = "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}"  # of both
ENTRY = rf"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{CODE}"
PROGRAMS = r"C:\Program Files\Fortinet\FortiClient"
ACCEPTED = ["CVE-2025-46373", "CVE-2025-47761", "CVE-2025-57716", "CVE-2026-70465"]
PLAYBOOK = "../tests/e2e/one_role.yml"


class Client:
    """Runs the role alone, with an installer made for the test."""

    def __init__(self, fleet: Any, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def supply(self, version: str = NEW, **metadata: Any) -> dict[str, Any]:
        """Make an installer and return the variables that describe it."""
        content = installer_bytes({**msi_metadata(version), **metadata}, 12_000_000)
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{digest[:8]}.msi"
        path.write_bytes(content)
        return {
            "forticlient_install_source": str(path),
            "forticlient_install_sha256": digest,
            "forticlient_install_version": version,
            "forticlient_install_minimum_version": version,
        }

    def play(self, hosts: str, *options: str, **variables: Any) -> Any:
        accepted = [{"cve": name, "reason": "a test"} for name in ACCEPTED]
        given = {"role": "forticlient_install", "forticlient_install_accepted_vulnerabilities": accepted, **variables}
        return self.fleet.play(PLAYBOOK, "--limit", hosts, "-e", json.dumps(given), *options)

    def do(self, host: str, module: str, **arguments: Any) -> None:
        done = self.fleet.adhoc(host, f"ansible.windows.{module}", arguments)
        assert done.returncode == 0, done.stdout

    def machine(self, host: str) -> Machine:
        return Machine.load(self.fleet.directory / f"lab/machines/{host}.json")

    def version(self, host: str) -> str | None:
        return self.machine(host).registry.data(ENTRY.replace(":", "", 1), "DisplayVersion")

    def bring(self, host: str, version: str | None) -> None:
        """Begin with this version on a machine, or with no client of the role's."""
        if self.version(host) == version:
            return
        variables = {"forticlient_install_state": "absent"} if version is None else self.supply(version)
        run = self.play(host, **variables)
        assert run.code == 0, run.output


@pytest.fixture(scope="module")
def client(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(fleet, tmp_path_factory.mktemp("installers"))


def found(run: Any, control: str) -> dict[str, Any]:
    (one,) = [r for r in run.records if r["control"] == f"forticlient_install.{control}"]
    return one


def test_a_servicing_restart_stops_the_upgrade_and_after_it_the_upgrade_is_done(client):
    before = client.fleet.hashes()
    run = client.play("win-02", **client.supply())
    assert run.code == 2
    assert found(run, "minimum_version")["status"] == "drifted"
    assert "postponed: Windows has to restart" in found(run, "minimum_version")["reason"]
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


def test_without_an_installer_a_missing_client_is_told_with_the_cure(client):
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


@pytest.mark.parametrize(
    ("metadata", "variables", "words"),
    [
        ({}, {"forticlient_install_sha256": "0" * 64}, ["SHA-256", "0000"]),
        ({"Signer": "CN=Example, O=Example"}, {}, ["installer is refused", "O=Example"]),
        ({"SignatureStatus": "HashMismatch"}, {}, ["signature is HashMismatch"]),
        ({"ProductName": "FortiClient"}, {}, ["it says that it is FortiClient 7.4.3.8758"]),
        ({"ProductVersion": OLD}, {}, [f"FortiClient VPN {OLD}", f"Wanted are FortiClient VPN {NEW}"]),
        ({"ExitCode": 1603, "Log": ["CustomAction X failed"]}, {}, ["ended with 1603", "CustomAction X failed"]),
        ({}, {"forticlient_install_minimum_free_gib": 9999}, ["GiB are free", "9999"]),
    ],
)
def test_what_ends_an_installation_is_told_and_no_client_is_there(client, metadata, variables, words):
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
    busy = {"path": r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress"}
    patience = {"__forticlient_install_busy_tries": 3, "__forticlient_install_busy_wait_seconds": 0}
    client.do("win-04", "win_regedit", **busy)
    run = client.play("win-04", **client.supply(), **patience)
    assert found(run, "installed")["status"] == "error"
    assert "ended with 1618 (another installation runs" in found(run, "installed")["reason"]
    client.do("win-04", "win_regedit", **busy, name="OffsiteLabCalls", data=2, type="dword")
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
    run = client.play("win-02", **client.supply(ExitCode=3010), forticlient_install_allow_reboot=True)
    assert run.code == 0, run.output
    assert client.machine("win-02").boot_count == boots + 1


def test_a_newer_client_stays_unless_a_downgrade_is_allowed(client):
    before = client.fleet.hashes()
    wish = {**client.supply(OLD), "forticlient_install_maximum_version": OLD}
    run = client.play("win-01", **wish)
    assert run.code == 2
    assert found(run, "maximum_version")["status"] == "drifted"
    assert "forticlient_install_allow_downgrade" in found(run, "maximum_version")["next"]
    assert client.fleet.hashes() == before

    assert client.play("win-01", **wish, forticlient_install_allow_downgrade=True).of_status("fixed")
    assert client.version("win-01") == OLD
    assert client.play("win-01", **client.supply()).code == 0


def test_a_blocked_version_is_told_with_its_reason(client):
    blocked = [{"version": NEW, "reason": "breaks on Tuesdays"}]
    run = client.play("win-01", forticlient_install_source="", forticlient_install_blocked_versions=blocked)
    assert run.code == 2
    assert (found(run, "blocked_version")["status"], found(run, "blocked_version")["instance"]) == ("drifted", NEW)
    assert "breaks on Tuesdays" in found(run, "blocked_version")["title"]


def test_known_vulnerabilities_are_told_one_by_one_unless_they_are_accepted(client):
    run = client.play("win-01", forticlient_install_accepted_vulnerabilities=[])
    told = {instance for _, control, instance in run.of_status("drifted") if control.endswith(".vulnerable_version")}
    assert (run.code, told) == (2, set(ACCEPTED))


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
    client.do("win-01", "win_file", path=PROGRAMS, state="absent")
    client.fleet.command("python", "-m", "lab", "tunnel", "win-01", "up", *client.fleet._state, check=True)
    before = client.fleet.hashes()
    run = client.play("win-01", **client.supply())
    assert run.code == 2
    assert "postponed: a VPN tunnel is up" in found(run, "program")["reason"]
    assert client.fleet.hashes() == before
    client.fleet.command("python", "-m", "lab", "tunnel", "win-01", "down", *client.fleet._state, check=True)
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
        client.do(host, "win_file", path=PROGRAMS, state="absent")
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
        healthy.do(host, call["module"].removeprefix("ansible.windows."), **call["args"])
        expected |= {(host, control) for control in (entry["control"], *entry.get("also", []))}
    run = healthy.play(",".join(HOSTS), **{**healthy.supply(), **CLIENT_VARIABLES})
    assert run.code == 0, run.output
    assert {(endpoint, control) for endpoint, control, _ in run.of_status("fixed")} == expected
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
