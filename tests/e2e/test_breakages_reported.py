"""What no role repairs is found by the audit, reported with what to do, and left alone by a run that may write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.windows.machine import Machine
from tests.e2e.breakages_client import BREAKAGES_REPORTED, OUR_CLIENT
from tests.e2e.conftest import LabFleet

pytestmark = pytest.mark.depth
FLEET = (3, 0)
HOSTS = ("win-01", "win-02", "win-03")
# Beside that, a scope for Remote Desktop, without which nobody is too many.
NOTHING_TO_INSTALL = {"forticlient_install_source": "", "rdp_enable_remote_addresses": ["172.31.0.0/16"]}
KINDS = {"REG_SZ": "string", "REG_DWORD": "dword", "REG_MULTI_SZ": "multistring"}


def play(fleet: LabFleet, role: str, entry: str) -> Any:
    if entry == "audit":
        return fleet.play("audit.yml", "-e", json.dumps({"endpoint_roles": [role], **NOTHING_TO_INSTALL}))
    return fleet.play("../tests/e2e/role_entry.yml", "-e", json.dumps({"role_entry": role, **NOTHING_TO_INSTALL}))


def reported(run: Any) -> set[tuple[str, str, str | None, str]]:
    bad = ("drifted", "managed_elsewhere", "error", "unreachable")
    return {(r["endpoint"], r["control"], r["instance"], r["status"]) for r in run.records if r["status"] in bad}


def registry(fleet: LabFleet, host: str) -> Any:
    return Machine.load(fleet.directory / f"lab/machines/{host}.json").registry


def undo(before: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Return the win_regedit call that takes a breakage back; `before` is the registry before it."""
    path = call["args"].get("path", r"HKLM:\SOFTWARE\OffsiteEndpoints_RebootRequired")
    if path.startswith(OUR_CLIENT):
        return {"path": OUR_CLIENT.rpartition("\\")[0], "state": "absent", "delete_key": True}
    plain, name = path.replace(":", "", 1), call["args"].get("name")
    while not before.exists(plain.rpartition("\\")[0]):
        path, plain = path.rpartition("\\")[0], plain.rpartition("\\")[0]
    if not before.exists(plain):
        return {"path": path, "state": "absent", "delete_key": True}
    found = before.get(plain, name)
    if found is None:
        return {"path": path, "name": name, "state": "absent"}
    return {"path": path, "name": name, "data": found.data, "type": KINDS[found.type]}


def do(fleet: LabFleet, host: str, module: str, arguments: dict[str, Any]) -> None:
    done = fleet.adhoc(host, module, arguments)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def prepared(fleet: LabFleet) -> LabFleet:
    """Return machines on which the roles have nothing left to write."""
    for role in sorted({entry["control"].partition(".")[0] for entry in BREAKAGES_REPORTED}):
        assert play(fleet, role, "main").of_status("error", "unreachable") == set()
    return fleet


@pytest.fixture(params=BREAKAGES_REPORTED, ids=lambda entry: entry["control"])
def broken(prepared: LabFleet, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Break a control on each machine in another way; take that back afterwards."""
    entry = request.param
    role = entry["control"].partition(".")[0]
    already, before = reported(play(prepared, role, "audit")), {host: registry(prepared, host) for host in HOSTS}
    hashes = prepared.hashes()
    for host, call in zip(HOSTS, entry["breakages"], strict=True):
        do(prepared, host, call["module"], call["args"])
    yield {**entry, "role": role, "already": already}
    for host, call in zip(HOSTS, entry["breakages"], strict=True):
        do(prepared, host, "ansible.windows.win_regedit", undo(before[host], call))
    assert prepared.hashes() == hashes


def test_it_is_found_and_reported_with_what_to_do_and_left_alone(prepared, broken):
    hashes = prepared.hashes()
    together = {broken["control"], broken.get("also", broken["control"])}
    expected = {(host, control, broken.get("status", "drifted")) for host in HOSTS for control in together}
    for entry in ("audit", "main"):
        run = play(prepared, broken["role"], entry)
        fresh = reported(run) - broken["already"]
        assert {(host, control, status) for host, control, _, status in fresh} == expected
        mine = [r for r in run.records if (r["control"], r["status"]) == (broken["control"], "drifted")]
        assert all(broken["next"] in r["next"] for r in mine), mine
        assert prepared.hashes() == hashes
