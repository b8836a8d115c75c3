"""A lab for each test module, and the commands of the README run against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import pac
from lab.__main__ import main as lab_command
from lab.__main__ import status
from lab.server import LAB_FILE

ROOT = Path(__file__).resolve().parents[2]
LONGEST = (
    "lost_answers",
    "newcomer",
    "site_and_audit",
    "screen",
    "role_alone",
    "handover_checks",
    "no_verdict",
)
STARTED: Counter[str] = Counter()


def program(name: str) -> str:
    """Return the path of a program of this environment, which the caller starts: each counts, for `starts` below."""
    STARTED[name] += 1
    return str(Path(sys.executable).parent / name)


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

    def __init__(
        self,
        directory: Path,
        windows: int,
        macs: int,
        models: Path = ROOT / "tests/contract/models",
        transport: str = "winrm",
    ) -> None:
        self.directory = directory
        self.transport = transport
        self.more_inventory: list[str] = []
        size = (f"--windows={windows}", f"--mac={macs}", "--seed=1")
        self.lab("up", *size, "--models", str(models), "--transport", transport)

    @property
    def _state(self) -> list[str]:
        return ["--state-dir", str(self.directory / "lab")]

    @property
    def inventory(self) -> list[str]:
        return ["-i", str(self.directory / "lab/inventory"), "-i", "inventory/lab", *self.more_inventory]

    @property
    def pac_url(self) -> str:
        """Where the lab serves its proxy script."""
        description = json.loads((self.directory / "lab" / LAB_FILE).read_text(encoding="utf-8"))
        return pac.url(description["ports"][pac.PAC_FILE])

    def lab(self, *command: str) -> None:
        """Run a command of the lab in this process: what a start of Python costs is saved some hundred times."""
        assert lab_command([*command, *self._state]) == 0

    def command(self, *command: str, check: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    def play(self, playbook: str, *arguments: str, **environment: str) -> Run:
        records = self.directory / "records"
        before = set(records.glob("*.jsonl"))
        done = self.command(
            "ansible-playbook",
            *self.inventory,
            f"playbooks/{playbook}",
            "-e",
            f"endpoint_report_directory={records}",
            *arguments,
            check=False,
            **environment,
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
        return {endpoint["name"]: endpoint for endpoint in status(self.directory / "lab")}

    def hashes(self) -> dict[str, str]:
        return {name: endpoint["sha256"] for name, endpoint in self.status().items()}

    def calls(self) -> dict[str, int]:
        return {name: endpoint["calls"] for name, endpoint in self.status().items()}

    def fault(self, host: str, kind: str, *options: str) -> None:
        self.lab("fault", host, kind, *options)

    def close(self) -> None:
        self.lab("down")


REFUSED = "Refused, no endpoint was reached:\n"


def refused_endpoints(output: str) -> dict[str, str]:
    """Return why a run was refused, by endpoint: its last lines, "names: words"."""
    reported: dict[str, str] = {}
    for line in output.partition(REFUSED)[2].splitlines():
        names, _, words = line.partition(": ")
        for name in names.split(", "):
            reported[name] = f"{reported.get(name, '')} {' '.join(words.split())}"
    return reported


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[LabFleet]:
    """Return a lab of the size that the module names in `FLEET` (Windows, Macs)."""
    windows, macs = request.module.FLEET
    lab = LabFleet(tmp_path_factory.mktemp("e2e"), windows, macs)
    try:
        yield lab
    finally:
        lab.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", metavar="K/N", help="the Kth of N parts of the files, in which every Nth file is")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the part that was asked for, and begin with the files that take longest.

    Else a process would be left with one of them when the others are done. Files without a test in this run do not
    count, so that parts of the long tests are parts of the long tests.
    """
    if part := config.getoption("--part"):
        kept, left = in_part(items, part)
        config.hook.pytest_deselected(items=left)
        items[:] = kept
    order = {f"tests/e2e/test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(file_of(item), len(order)))


def in_part(items: list[pytest.Item], part: str) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests of a part and all others; `part` is "K/N"."""
    which, _, parts = part.partition("/")
    if not (which.isdigit() and parts.isdigit() and 1 <= int(which) <= int(parts)):
        raise pytest.UsageError(f"--part={part}: allowed is K/N, with K from 1 to N")
    files = sorted({file_of(item) for item in items})[int(which) - 1 :: int(parts)]
    return [item for item in items if file_of(item) in files], [item for item in items if file_of(item) not in files]


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="module", autouse=True)
def starts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep a file of `make test` to the starts of Ansible that it names in `STARTS`; test_starts.py adds them up.

    They are what takes the time. Those of the long tests are as many as there have to be.
    """
    before = ansible_starts()
    yield
    of_file = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    if any(item.get_closest_marker("depth") for item in of_file):
        return
    spent = ansible_starts() - before
    assert spent <= request.module.STARTS, f"{spent} starts of Ansible, and {request.module.STARTS} are named"


def ansible_starts() -> int:
    return sum(number for name, number in STARTED.items() if name.startswith("ansible"))
