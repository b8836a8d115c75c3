"""Each role in somebody's own play, without a report: when it could not do its work, it ends badly and says why."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest
import yaml

from lab.__main__ import main as lab_command
from tests.faults.machines import built, keep, lab_of, names, other

ROLES = (
    "forticlient_install",
    "vpn_profile",
    "fortissl_proxy",
    "time_sync",
    "smb_client",
    "smb_firewall_scope",
    "rdp_enable",
)
# Something differs there for each role but those of a Mac, which has nothing of Remote Desktop and of the SMB client.
SOURCES = {"win": ("win-03", "win-04"), "mac": ("mac-05", "mac-12")}
NOTHING_TO_WRITE = {("mac", "rdp_enable"), ("mac", "smb_client")}
VARIABLES = {
    **{"time_sync_enable": True, "time_sync_servers": ["ntp.example.org"]},
    "smb_client_allow_guests": False,
}
PLAY = "tests/e2e/role_alone.yml"
STRANGER = {"ANSIBLE_CONFIG": "tests/e2e/stranger.cfg"}
# The port is closed; the reader fails; the note of what was there before can't be written; a later step fails.
SITUATIONS = {
    "closed port": ("refuse", 0),
    "reader": ("fails", 0),
    "note": ("fails", 1),
    "later": ("fails", 3),
}
STARTS = 3
REASONS = {"refuse": "refuse", "fails": "Access is denied."}


@dataclass(frozen=True)
class Case:
    """One role on one endpoint, and what stands in its way."""

    endpoint: str
    source: str
    role: str
    situation: str

    @property
    def id(self):
        return f"{self.endpoint[:3]} {self.role} {self.situation}"

    @property
    def fault(self):
        kind, after = SITUATIONS[self.situation]
        return kind, *(("--after", str(after)) if after else ())


def cases():
    asked = [
        (SOURCES[system][role == "forticlient_install"], role, situation)
        for system in SOURCES
        for role in ROLES
        for situation in SITUATIONS
        if (system, role) not in NOTHING_TO_WRITE or situation in ("closed port", "reader")
    ]
    endpoints = names([source for source, _, _ in asked])
    return [Case(endpoint, *one) for endpoint, one in zip(endpoints, asked, strict=True)]


CASES = cases()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Return a lab in which each case has an endpoint of its own, its fault set, and what each of them is at first."""
    folder = tmp_path_factory.mktemp("alone")
    sources = built(folder / "before", {case.source for case in CASES})
    lab = lab_of(folder, {case.endpoint: sources[case.source] for case in CASES})
    try:
        for case in CASES:
            assert lab_command(["fault", case.endpoint, *case.fault, "--state-dir", str(folder / "lab")]) == 0
        hosts = {case.endpoint: {"role": case.role, **VARIABLES} for case in CASES}
        file = folder / "roles.yml"
        file.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        lab.more_inventory = ["-i", str(file)]
        yield lab, sources
    finally:
        lab.close()


@pytest.fixture(scope="module")
def run(lab):
    """Apply all roles in one run: each endpoint's last bad result, its numbers, its calls and its state afterwards."""
    fleet, _ = lab
    done = fleet.command(
        *("ansible-playbook", *fleet.inventory, PLAY),
        ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
        **STRANGER,
    )
    assert "{\n" in done.stdout, done.stdout
    reported, _ = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{\n") :])
    last = {
        host: result
        for play in reported["plays"]
        for task in play["tasks"]
        for host, result in task["hosts"].items()
        if result.get("failed") or result.get("unreachable")
    }
    log = (fleet.directory / "lab/calls.jsonl").read_text(encoding="utf-8").splitlines()
    calls = Counter(json.loads(line)["endpoint"] for line in log)
    return done.returncode, last, reported["stats"], calls, keep(fleet, fleet.directory / "after")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_ends_badly_with_the_reason(lab, run, case):
    code, last, stats, calls, after = run
    kind, begins = SITUATIONS[case.situation]
    assert kind == "refuse" or calls[case.endpoint] > begins, "it made fewer calls than the one that was to fail"
    numbers = stats[case.endpoint]
    assert numbers["failures"] + numbers["unreachable"] > 0, numbers
    assert code != 0
    assert REASONS[kind] in json.dumps(last[case.endpoint])
    if case.situation != "later":
        assert other(lab[1][case.source], after[case.endpoint]) == []


@pytest.mark.parametrize(
    "situation", ["closed port", "later", *(pytest.param(name, marks=pytest.mark.depth) for name in ("reader", "note"))]
)
def test_the_reason_is_in_the_last_lines(lab, situation):
    fleet, _ = lab
    (case,) = [case for case in CASES if case.id == f"win vpn_profile {situation}"]
    fault = ["fault", case.endpoint, *case.fault, "--state-dir", str(fleet.directory / "lab")]
    assert lab_command(fault) == 0
    done = fleet.command(
        *("ansible-playbook", *fleet.inventory, PLAY, "--limit", case.endpoint),
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
        **STRANGER,
    )
    assert done.returncode != 0
    assert REASONS[SITUATIONS[situation][0]] in "\n".join(done.stdout.strip().splitlines()[-15:])
