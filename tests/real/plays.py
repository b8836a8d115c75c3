"""The project's playbooks, by ansible-playbook, on an endpoint over Wine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.real.endpoint import HERE, Endpoint

ROOT = HERE.parents[1]
LAPTOP = "laptop-01"


class Run(NamedTuple):
    """What a playbook did."""

    code: int
    output: str
    id: str
    records: list[dict[str, Any]]

    def of_status(self, status: str) -> set[tuple[str, str | None]]:
        """Return (control, instance) of the records of this status."""
        return {(record["control"], record["instance"]) for record in self.records if record["status"] == status}


def inventory(endpoint: Endpoint, *, office_pc: bool) -> Path:
    """Write an inventory of one laptop, which may be an office PC as well, and return its path."""
    connection = {
        "ansible_connection": "over_wine",
        "ansible_shell_type": "powershell",
        "over_wine_folder": str(endpoint.folder),
    }
    groups: dict[str, Any] = {
        name: {"children": {"windows": {}}} for name in ("laptops", "office_pcs")[: 1 + office_pc]
    }
    groups["windows"] = {"hosts": {LAPTOP: connection}}
    path = endpoint.folder / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    """Return what Ansible needs to find the connection plugin."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
        "ANSIBLE_NOCOLOR": "1",
    }


def play(endpoint: Endpoint, playbook: str, *arguments: str, office_pc: bool = False) -> Run:
    """Run a playbook with the example's values, and return what came of it."""
    records = endpoint.folder / "records"
    before = set(records.glob("*.jsonl"))
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            *("-i", inventory(endpoint, office_pc=office_pc), "-i", "inventory/example/service.yml"),
            f"playbooks/{playbook}.yml",
            *("-e", f"endpoint_report_directory={records}", *arguments),
        ],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    (endpoint.folder / f"{len(before)}-{playbook}.log").write_text(done.stdout, encoding="utf-8")
    fresh = set(records.glob("*.jsonl")) - before
    assert len(fresh) <= 1, fresh
    lines = [line for path in fresh for line in path.read_text(encoding="utf-8").splitlines()]
    run = next((path.stem for path in fresh), "")
    return Run(done.returncode, done.stdout, run, [json.loads(line) for line in lines])
