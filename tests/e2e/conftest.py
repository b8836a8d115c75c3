"""A lab for each test module, and the commands of the README run against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@dataclass
class Run:
    """What a command did."""

    code: int
    output: str
    records: list[dict[str, Any]]

    def of_status(self, *statuses: str) -> set[tuple[str, str, str | None]]:
        """Return (endpoint, control, instance) of the records with one of these statuses."""
        return {(r["endpoint"], r["control"], r["instance"]) for r in self.records if r["status"] in statuses}


class LabFleet:
    """A running lab and the project's playbooks on it."""

    def __init__(self, directory: Path, windows: int, macs: int) -> None:
        self.directory = directory
        self.more_inventory: list[str] = []
        self.command(
            *("python", "-m", "lab", "up", f"--windows={windows}", f"--mac={macs}", "--seed=1"),
            *("--models", "tests/contract/models", *self._state),
            check=True,
        )

    @property
    def _state(self) -> list[str]:
        return ["--state-dir", str(self.directory / "lab")]

    @property
    def inventory(self) -> list[str]:
        return ["-i", str(self.directory / "lab/inventory"), "-i", "inventory/lab", *self.more_inventory]

    def command(self, *command: str, check: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    def play(self, playbook: str, *arguments: str) -> Run:
        records = self.directory / "records"
        before = set(records.glob("*.jsonl"))
        done = self.command(
            "ansible-playbook",
            *self.inventory,
            f"playbooks/{playbook}",
            "-e",
            f"endpoint_report_directory={records}",
            *arguments,
        )
        fresh = set(records.glob("*.jsonl")) - before
        lines = [line for path in fresh for line in path.read_text(encoding="utf-8").splitlines()]
        return Run(done.returncode, done.stdout, [json.loads(line) for line in lines])

    def adhoc(
        self, host: str, module: str, arguments: dict[str, Any], *options: str
    ) -> subprocess.CompletedProcess[str]:
        given = ["-a", json.dumps(arguments)] if arguments else []
        return self.command("ansible", *self.inventory, host, "-m", module, *given, *options)

    def status(self) -> dict[str, dict[str, Any]]:
        done = self.command("python", "-m", "lab", "status", "--json", *self._state, check=True)
        return {endpoint["name"]: endpoint for endpoint in json.loads(done.stdout)}

    def hashes(self) -> dict[str, str]:
        return {name: endpoint["sha256"] for name, endpoint in self.status().items()}

    def calls(self) -> dict[str, int]:
        return {name: endpoint["calls"] for name, endpoint in self.status().items()}

    def fault(self, host: str, kind: str, *options: str) -> None:
        self.command("python", "-m", "lab", "fault", host, kind, *options, *self._state, check=True)

    def close(self) -> None:
        self.command("python", "-m", "lab", "down", *self._state)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[LabFleet]:
    """Return a lab of the size that the module names in `FLEET` (Windows, Macs)."""
    windows, macs = request.module.FLEET
    lab = LabFleet(tmp_path_factory.mktemp("e2e"), windows, macs)
    try:
        yield lab
    finally:
        lab.close()
