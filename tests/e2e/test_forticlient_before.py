"""What has to be so before a client is installed, and what an installation leaves when it is taken back.

win-03 has an update's restart pending; win-04 (Home) begins without a client. Each test leaves win-04 without one.
"""

from __future__ import annotations

import functools
import http.server
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from lab.windows.machine import Machine
from lab.windows.modules.win_updates import OFFERED
from tests.e2e.client import NEW, OLD, Client, found
from tests.e2e.conftest import ROOT
from tests.e2e.test_absent import differences
from tests.e2e.test_breakages import state_of

pytestmark = pytest.mark.depth
FLEET = (4, 0)
UNINSTALL_X86 = r"HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
SYSTEM_RESTORE = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SystemRestore"
FREQUENCY = "SystemRestorePointCreationFrequency"
NO_RESTORE = {"path": r"HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\SystemRestore", "name": "DisableSR"}
SESSION_MANAGER = r"HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager"

# What docs/retire.md says that stays of a client and of its restore point, and where that is in the lab's state.
STAYS = {
    "its keys below `HKLM\\SOFTWARE\\Fortinet`": r"^/registry/.*/SOFTWARE/keys/Fortinet ",
    "drivers (`FortiFilter`, `ftvnic`, `ftsvnic`, `pppop`)": r"/Services/keys/(FortiFilter|ftvnic|ftsvnic|pppop) ",
    'firewall rules (group "FortiClient Network Services")': r"/FirewallRules/values/\{.*Name=FortiClient Network Serv",
    "the empty folder `C:\\Program Files\\Fortinet`": r"^/files/.*program files\\fortinet ",
    "Windows Installer's own folder": r"^/files/.*windows\\installer ",
    "and keys": r"/CurrentVersion/keys/Installer ",
    "restore points": r"^/restore_points ",
    "System Restore switched on": r"/CurrentVersion/keys/SPP |/SystemRestore/values/RPSessionInterval ",
}


@pytest.fixture(scope="module")
def client(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(fleet, tmp_path_factory.mktemp("installers"))


def newest(machine: Machine) -> int:
    return max(point.sequence for point in machine.restore_points)


def test_removing_leaves_exactly_what_the_page_about_it_lists(client):
    page = " ".join((ROOT / "docs/retire.md").read_text(encoding="utf-8").split())
    assert [words for words in STAYS if words not in page] == []
    client.bring("win-04", None)
    before = state_of(client.fleet, "win-04")
    client.bring("win-04", NEW)
    client.bring("win-04", None)
    left = list(differences(before, state_of(client.fleet, "win-04")))
    assert [line for line in left if not any(re.search(place, line, re.IGNORECASE) for place in STAYS.values())] == []
    for words, place in STAYS.items():
        assert any(re.search(place, line, re.IGNORECASE) for line in left), words


def test_an_update_s_restart_stops_the_upgrade(client):
    before = client.fleet.hashes()
    run = client.play("win-03", **client.supply())
    assert run.code == 2
    assert found(run, "minimum_version")["status"] == "drifted"
    assert "postponed: a restart is pending for a Windows update" in found(run, "minimum_version")["reason"]
    assert client.fleet.hashes() == before


def test_nothing_is_installed_on_a_windows_that_it_is_not_for(client):
    before = client.fleet.hashes()
    run = client.play("win-04", **client.supply(), forticlient_install_supported_builds=[19045, 26100])
    assert run.code == 2
    assert ("win-04", "forticlient_install.supported_windows", None) in run.of_status("drifted")
    assert "forticlient_install_supported_builds" in found(run, "supported_windows")["next"]
    assert found(run, "installed")["status"] == "drifted"
    assert "so nothing is installed on it" in found(run, "installed")["reason"]
    assert client.fleet.hashes() == before


def test_an_entry_in_the_other_view_of_the_registry_counts_as_much(client):
    entry = {"path": UNINSTALL_X86 + r"\{86A227AF-0000-4000-8000-000000000003}"}
    client.do("win-04", "win_regedit", **entry, name="DisplayName", data="FortiClient", type="string")
    before = client.fleet.hashes()
    run = client.play("win-04", **client.supply())
    assert run.of_status("drifted") == {("win-04", "forticlient_install.edition", None)}
    assert client.fleet.hashes() == before

    client.do("win-04", "win_regedit", **entry, name="DisplayName", data="FortiClient VPN", type="string")
    client.do("win-04", "win_regedit", **entry, name="DisplayVersion", data=OLD, type="string")
    run = client.audit("win-04", **client.supply())
    assert found(run, "installed")["status"] == "compliant"
    assert found(run, "minimum_version")["actual"] == OLD
    client.do("win-04", "win_regedit", **entry, state="absent", delete_key=True)


def test_files_that_wait_for_a_restart_are_reported_and_no_hindrance(client):
    pending = {"path": SESSION_MANAGER, "name": "PendingFileRenameOperations"}
    client.do("win-04", "win_regedit", **pending, data=[r"\??\C:\old.tmp", ""], type="multistring")
    run = client.play("win-04", **client.supply())
    assert (run.code, client.version("win-04")) == (0, NEW)
    assert "Files on win-04 are to be renamed at its next restart" in " ".join(run.output.split())
    client.do("win-04", "win_regedit", **pending, state="absent")
    client.bring("win-04", None)
    assert "Files wait" not in client.play("win-04", "--check", **client.supply()).output


def test_a_laptop_on_battery_waits_for_its_power_supply_unless_asked(client):
    client.rebuild("win-04", lambda machine: machine.hardware.update(battery_status=1))
    before = state_of(client.fleet, "win-04")
    run = client.play("win-04", **client.supply())
    assert run.code == 2
    assert "postponed: the laptop runs on battery" in found(run, "installed")["reason"]
    assert state_of(client.fleet, "win-04") == before
    run = client.play("win-04", "--check", **client.supply(), forticlient_install_require_ac_power=False)
    assert found(run, "installed")["status"] == "drifted"

    client.rebuild("win-04", lambda machine: machine.hardware.update(battery_status=2))
    run = client.play("win-04", "--check", **client.supply())
    assert found(run, "installed")["status"] == "drifted"


def test_two_upgrades_within_a_day_have_a_restore_point_each_and_windows_own_rule_is_back(client):
    client.bring("win-04", None)
    client.do("win-04", "win_regedit", path=SYSTEM_RESTORE, name=FREQUENCY, data=600, type="dword")
    number = newest(client.machine("win-04"))
    for count, version in enumerate((OLD, NEW), start=1):
        client.bring("win-04", version)
        machine = client.machine("win-04")
        assert newest(machine) == number + count
        assert machine.restore_points[-1].description == f"Before FortiClient VPN {version}"
        assert machine.registry.data(SYSTEM_RESTORE.replace(":", "", 1), FREQUENCY) == 600
    client.do("win-04", "win_regedit", path=SYSTEM_RESTORE, name=FREQUENCY, state="absent")
    client.bring("win-04", None)


def test_where_no_restore_point_can_be_the_policy_says_what_happens(client):
    client.bring("win-04", None)
    client.do("win-04", "win_regedit", **NO_RESTORE, data=1, type="dword")
    before, points = state_of(client.fleet, "win-04"), newest(client.machine("win-04"))
    run = client.play("win-04", **client.supply())
    assert run.code == 2
    assert "System Restore is turned off by your system administrator" in found(run, "installed")["reason"]
    assert state_of(client.fleet, "win-04") == before

    run = client.play("win-04", **client.supply(), forticlient_install_restore_point="try")
    assert (run.code, client.version("win-04")) == (0, NEW), run.output
    client.bring("win-04", None)
    client.do("win-04", "win_regedit", **NO_RESTORE, state="absent")
    run = client.play("win-04", **client.supply(), forticlient_install_restore_point="skip")
    assert (run.code, client.version("win-04")) == (0, NEW), run.output
    assert newest(client.machine("win-04")) == points
    client.bring("win-04", None)


def offer(client: Client, identity: str, **values: Any) -> None:
    """Let Windows Update offer an update to win-04."""
    path = OFFERED.replace("HKLM", "HKLM:", 1) + f"\\{identity}"
    for name, data in {"Title": "Cumulative Update", **values}.items():
        kind = "dword" if isinstance(data, int) else "string"
        client.do("win-04", "win_regedit", path=path, name=name, data=data, type=kind)


def test_windows_is_updated_first_and_its_restart_comes_before_the_client(client):
    client.bring("win-04", None)
    desired = {**client.supply(), "forticlient_install_windows_update": True}
    offer(client, "u1")
    offer(client, "u2", RebootRequired=1)
    before = client.fleet.hashes()
    assert client.play("win-04", "--check", **desired).code == 0
    assert client.fleet.hashes() == before

    run = client.play("win-04", **desired)
    assert run.code == 2
    assert "postponed: Windows updates were installed" in found(run, "installed")["reason"]
    assert client.machine("win-04").registry.keys(OFFERED) == []
    assert client.version("win-04") is None
    run = client.play("win-04", **desired, forticlient_install_allow_reboot=True)
    assert "postponed: a restart is pending for a Windows update" in found(run, "installed")["reason"]
    client.do("win-04", "win_reboot")
    run = client.play("win-04", **desired)
    assert (run.code, client.version("win-04")) == (0, NEW), run.output
    client.bring("win-04", None)


def test_the_restart_after_updates_happens_by_itself_where_it_may(client):
    client.do("win-04", "win_reboot")  # nobody is logged on afterwards
    boots = client.machine("win-04").boot_count
    desired = {**client.supply(), "forticlient_install_windows_update": True, "forticlient_install_allow_reboot": True}
    offer(client, "u3", RebootRequired=1)
    run = client.play("win-04", **desired)
    assert (run.code, client.version("win-04")) == (0, NEW), run.output
    assert client.machine("win-04").boot_count == boots + 1
    client.bring("win-04", None)
    offer(client, "u4", HResult=0x80070643)
    run = client.play("win-04", **desired)
    assert run.code == 2
    assert "Failed to install all updates" in found(run, "installed")["reason"]
    assert client.version("win-04") is None


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_words: Any) -> None:
        """Keep the test's output clean."""


def test_an_installer_at_a_url_is_fetched_once_and_only_the_one_that_is_meant(client, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    desired = client.supply()
    handler = functools.partial(Quiet, directory=str(client.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        name = Path(desired["forticlient_install_source"]).name
        desired["forticlient_install_source"] = f"http://127.0.0.1:{server.server_port}/{name}"
        wrong = client.play("win-04", "--check", **{**desired, "forticlient_install_sha256": "0" * 64})
        assert (wrong.code, found(wrong, "installed")["status"]) == (2, "error")
        assert client.play("win-04", "--check", **desired).code == 0
        server.shutdown()
    assert [path.name for path in tmp_path.rglob("*.msi")] == [f"{desired['forticlient_install_sha256']}.msi"]
    run = client.play("win-04", **desired)  # the server is gone
    assert (run.code, client.version("win-04")) == (0, NEW), run.output
    client.bring("win-04", None)
