"""The client of the Microsoft Store: looked for, or given to all users from a package that IT supplies.

win-02 has a servicing restart pending.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.breakages_client import BREAKAGES_STORE, STORE_APPLICATIONS, STORE_FAMILY, STORE_PACKAGE
from tests.e2e.client import Client, found
from tests.e2e.test_absent import differences
from tests.e2e.test_breakages import state_of

pytestmark = pytest.mark.depth
FLEET = (2, 0)
CONTROL = ("win-01", "forticlient_install.store_client", None)
SKIP = {"forticlient_install_restore_point": "skip"}


@pytest.fixture(scope="module")
def client(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(fleet, tmp_path_factory.mktemp("packages"))


def packages(client: Client) -> list[str]:
    registry, key = client.machine("win-01").registry, STORE_APPLICATIONS.replace(":", "", 1)
    return registry.keys(key) if registry.exists(key) else []


def test_without_a_package_a_missing_client_is_reported_with_the_cure(client):
    before = client.fleet.hashes()
    run = client.play("win-01", forticlient_install_client="store", forticlient_install_source="")
    assert (run.code, run.of_status("drifted")) == (2, {CONTROL})
    assert "from the Microsoft Store" in found(run, "store_client")["next"]
    assert client.fleet.hashes() == before


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"PackageFullName": "Maker.Other_2.0.0.0_x64__8wekyb3d8bbwe"}, "but Maker.Other_2.0.0.0_x64__8wekyb3d8bbwe"),
        ({"SignatureStatus": "NotSigned"}, "No signature was present"),
    ],
)
def test_a_package_of_something_else_or_unsigned_is_reported_and_not_there_afterwards(client, metadata, reason):
    run = client.play("win-01", **client.supply_store(**metadata), **SKIP)
    assert (run.code, found(run, "store_client")["status"]) == (2, "error")
    assert reason in found(run, "store_client")["reason"]
    assert packages(client) == []


def test_a_package_is_given_to_all_users_once_as_the_dry_run_said_and_taken_back(client):
    desired = {**client.supply_store(), **SKIP}
    before, hashes = state_of(client.fleet, "win-01"), client.fleet.hashes()
    dry = client.play("win-01", "--check", **desired)
    assert (dry.code, dry.of_status("drifted")) == (0, {CONTROL}), dry.output
    assert client.fleet.hashes() == hashes
    run = client.play("win-01", **desired)
    assert (run.code, run.of_status("fixed"), packages(client)) == (0, {CONTROL}, [STORE_PACKAGE]), run.output
    after = client.fleet.hashes()
    again = client.play("win-01", **desired)
    assert (again.code, again.of_status("fixed")) == (0, set())
    assert client.fleet.hashes() == after

    gone = client.play("win-01", **desired, forticlient_install_state="absent")
    assert (gone.code, gone.of_status("fixed"), packages(client)) == (0, {CONTROL}, []), gone.output
    left = [line.partition(" ")[0] for line in differences(before, state_of(client.fleet, "win-01"))]
    assert [path for path in left if "/Appx" not in path and "WindowsApps" not in path] == []
    assert client.machine("win-01").registry.exists(
        STORE_APPLICATIONS.replace(":", "", 1).replace("Applications", rf"Deprovisioned\{STORE_FAMILY}")
    )


def test_a_restore_point_is_made_for_it_too(client):
    run = client.play("win-01", **client.supply_store())
    assert run.code == 0, run.output
    point = client.machine("win-01").restore_points[-1]
    assert point.description == "Before FortiClient of the Microsoft Store"


def test_a_pending_restart_postpones_it(client):
    before = client.fleet.hashes()
    run = client.play("win-02", **client.supply_store())
    assert run.code == 2
    assert "postponed: a restart is pending for Windows servicing" in found(run, "store_client")["reason"]
    assert client.fleet.hashes() == before


@pytest.mark.parametrize("number", range(3))
def test_what_takes_it_away_is_found_and_repaired_and_the_machine_is_as_before(client, number):
    desired = {**client.supply_store(), **SKIP}
    assert client.play("win-01", **desired).code == 0
    before = state_of(client.fleet, "win-01")
    (entry,) = BREAKAGES_STORE
    call = entry["breakages"][number]
    client.do("win-01", call["module"].removeprefix("ansible.windows."), **call["args"])
    audit = client.audit("win-01", **desired)
    assert (audit.code, audit.of_status("drifted")) == (2, {CONTROL})
    repair = client.play("win-01", **desired)
    assert (repair.code, repair.of_status("fixed")) == (0, {CONTROL}), repair.output
    assert state_of(client.fleet, "win-01") == before


def test_an_installer_of_the_other_client_is_refused_before_the_machine_is_touched(client):
    calls = client.fleet.calls()
    run = client.play("win-01", **{**client.supply(), "forticlient_install_client": "store"})
    assert run.code != 0
    assert ".msix, .appx" in " ".join(run.output.split())
    assert client.fleet.calls() == calls
