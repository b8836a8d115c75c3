"""The benchmark's stock playbooks reach the state that site.yml reaches; else the two could not be compared."""

from __future__ import annotations

import json
import plistlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LabFleet, Run
from tests.faults.machines import built, lab_of, names

pytestmark = pytest.mark.depth
# Home and a Mac, both without a client. Windows half configured; drifted, Japanese and of the newest release; of a
# domain; and a Mac that has drifted.
WITHOUT_A_CLIENT = ("win-04", "mac-12")
OTHERS = ("win-02", "win-03", "win-07", "mac-03")
SYSTEMS = ("windows", "macs")
SOFTWARE = "/registry/hives/keys/HKLM/keys/SOFTWARE/keys"
CONTROL_SET = "/registry/hives/keys/HKLM/keys/SYSTEM/keys/CurrentControlSet"
RULES = f"{CONTROL_SET}/keys/Services/keys/SharedAccess/keys/Parameters/keys/FirewallPolicy/keys/FirewallRules/values"
VERSION = f"{SOFTWARE}/Microsoft/keys/Windows NT/keys/CurrentVersion/keys"
# What was there before, which the stock playbooks do not remember; all else that differs is named here.
WINDOWS_MEMORY = {f"{SOFTWARE}/OffsiteEndpoints"}
MAC_MEMORY = {
    "/files//Library/Application Support/OffsiteEndpoints",
    "/files//Library/Application Support/OffsiteEndpoints/before.plist",
    "/plists/Library/Application Support/OffsiteEndpoints/before.plist",
}
EXPECTED = {
    "win-02": WINDOWS_MEMORY,
    "win-03": WINDOWS_MEMORY,
    # A restore point before the client was installed.
    "win-04": WINDOWS_MEMORY
    | {f"{VERSION}/SPP", f"{VERSION}/SystemRestore/values/RPSessionInterval", "/restore_points"},
    # Where Group Policy decides, site.yml leaves the machine's own settings alone; the stock playbook does not look.
    "win-07": WINDOWS_MEMORY
    | {f"{CONTROL_SET}/keys/Control/keys/Terminal Server/values/fDenyTSConnections", "/services/TermService"}
    | {f"{RULES}/FPS-SMB-In-TCP{rule}" for rule in ("", "-NoScope", "-V2")}
    | {f"{RULES}/RemoteDesktop-UserMode-In-{protocol}" for protocol in ("TCP", "UDP")},
    "mac-03": MAC_MEMORY,
    "mac-12": MAC_MEMORY,
}


@dataclass(frozen=True)
class Twins:
    """A lab that site.yml has prepared, what that run found, and its twin that the stock playbooks have prepared."""

    endpoints: dict[str, str]
    ours: LabFleet
    run: Run
    theirs: LabFleet


@pytest.fixture(scope="module", params=[WITHOUT_A_CLIENT, OTHERS], ids=" ".join)
def twins(request, tmp_path_factory):
    sources = built(tmp_path_factory.mktemp("before") / "machines", request.param)
    endpoints = dict(zip(sources, names([*sources]), strict=True))
    machines = {endpoints[source]: kept for source, kept in sources.items()}
    ours, theirs = (lab_of(tmp_path_factory.mktemp(name), machines) for name in ("ours", "stock"))
    try:
        run = ours.play("site.yml")
        assert run.of_status("error", "unreachable") == set(), run.output
        for system in SYSTEMS:
            stock(theirs, system)
        yield Twins(endpoints, ours, run, theirs)
    finally:
        for lab in (ours, theirs):
            lab.close()


def stock(lab: LabFleet, system: str) -> None:
    lab.command("ansible-playbook", *lab.inventory, f"benchmarks/stock/{system}.yml", check=True)


def state(lab: LabFleet, name: str) -> dict[str, Any]:
    """Return what a machine is, proxy settings and property lists by their meaning."""
    folder = lab.directory / "lab/machines"
    found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    if name.startswith("mac"):
        root = folder / f"{name}.root"
        return {**found, "plists": {f"{path.relative_to(root)}": plist(path) for path in root.rglob("*.plist")}}
    found["registry"]["files"] = {file["path"]: file["key"] for file in found["registry"]["files"]}
    by_meaning(found)
    return found


def plist(path: Path) -> Any:
    try:
        return plistlib.loads(path.read_bytes())
    except plistlib.InvalidFileException:
        return path.read_bytes().hex()


def by_meaning(key: dict[str, Any]) -> None:
    """Replace proxy settings by whether a file is in use, and which: a counter and a proxy that is off say nothing.

    Nor does the time at which a file was written.
    """
    key.pop("dated", None)
    for name, value in key.items():
        if name in ("fortissl", "IMR") and isinstance(value, list) and value[0] == "REG_BINARY":
            key[name] = proxy(bytes.fromhex(value[1]))
        elif isinstance(value, dict):
            by_meaning(value)


def proxy(blob: bytes) -> list[Any]:
    texts, place = [], 12
    for _ in range(3):
        length = struct.unpack_from("<I", blob, place)[0]
        texts.append(blob[place + 4 : place + 4 + length].decode())
        place += 4 + length
    return [struct.unpack_from("<I", blob, 8)[0], texts[2]]


def statuses(run: Any) -> dict[tuple[str, str, str, str], str]:
    """Return what a run has found; what it has fixed is good."""
    return {
        (one["endpoint"], one["control"], str(one["instance"]), one["scope"]): one["status"].replace(
            "fixed", "compliant"
        )
        for one in run.records
    }


def differing(before: Any, after: Any, path: str = "") -> set[str]:
    """Return the places at which two states differ."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return set() if before == after else {path}
    names = before.keys() | after.keys()
    return {place for name in names for place in differing(before.get(name), after.get(name), f"{path}/{name}")}


def test_they_leave_the_same_machine(twins):
    for source, name in twins.endpoints.items():
        assert differing(state(twins.theirs, name), state(twins.ours, name)) == EXPECTED[source], source


def test_one_run_for_both_systems_gives_the_client_to_each_that_has_none(twins):
    installed = {one for one, control, _ in twins.run.of_status("fixed") if control == "forticlient_install.installed"}
    assert installed == {name for source, name in twins.endpoints.items() if source in WITHOUT_A_CLIENT}


def test_an_audit_says_the_same_of_both(twins):
    found, audit = statuses(twins.run), statuses(twins.theirs.play("audit.yml"))
    assert {endpoint for endpoint, *_ in found} == set(twins.endpoints.values())
    other = {place for place in found.keys() | audit.keys() if found.get(place) != audit.get(place)}
    # Group Policy has Remote Desktop off there, and the stock playbook has started its service all the same.
    of_a_domain = twins.endpoints.get("win-07")
    assert other == ({(of_a_domain, "rdp_enable.running", "None", "machine")} if of_a_domain else set())


def test_the_stock_playbooks_change_nothing_the_second_time(twins):
    before = twins.theirs.hashes()
    for system in SYSTEMS:
        stock(twins.theirs, system)
    assert twins.theirs.hashes() == before
