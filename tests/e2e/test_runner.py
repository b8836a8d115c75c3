"""Through ansible-runner, the engine of AWX and of ansible-navigator: records, last line and exit code are the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import ansible_runner

from tests.e2e.conftest import ROOT, program

FLEET = (2, 1)
STARTS = 2


def run(fleet, name: str, *options: str):
    """Audit as AWX does: its own output, a folder of its own, one of the records that stays."""
    folder = fleet.directory / name
    folder.mkdir()
    programs = Path(program("ansible-playbook")).parent
    return ansible_runner.run(
        private_data_dir=str(folder),
        project_dir=str(ROOT),
        playbook="playbooks/audit.yml",
        inventory=[fleet.inventory[1], str(ROOT / "inventory/lab")],
        cmdline=" ".join(options) or None,
        extravars={"endpoint_report_directory": str(fleet.directory / "kept")},
        envvars={"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PATH": f"{programs}:{os.environ['PATH']}"},
        quiet=True,
    )


def test_an_audit_through_ansible_runner_has_its_records_its_last_line_and_its_code(fleet):
    done = run(fleet, "whole")
    said = done.stdout.read()
    assert (done.status, done.rc) == ("failed", 2), said
    assert "Not good: " in said.strip().splitlines()[-1]
    (path,) = (fleet.directory / "kept").glob("*.jsonl")
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {record["endpoint"] for record in records} == {"win-01", "win-02", "mac-01"}
    assert len(records) > 100
    # What AWX shows of each endpoint: one that is not good has failed.
    assert {*done.stats["failures"]} == {"win-01", "win-02", "mac-01"}
    # Nothing of the endpoints' documents is among the events that AWX keeps in its database.
    assert not [event for event in done.events if "document" in json.dumps(event.get("event_data", {}).get("res", {}))]


def test_what_is_refused_is_refused_there_too(fleet):
    done = run(fleet, "refused", "-e rdp_enable_users=taro")
    assert (done.status, done.rc) == ("failed", 2)
    assert "rdp_enable_users: 'taro' is refused" in done.stdout.read()
    assert len([*(fleet.directory / "kept").glob("*.jsonl")]) == 1
