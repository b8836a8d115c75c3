"""A play that loses all of its endpoints ends the run before its report: the report is made all the same, and says so.

Only the last test reaches an endpoint, of the lab.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import ROOT, program

FLEET = (1, 0)
STARTS = 10
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
AWAY = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}
FAIL = {"ansible.builtin.fail": {"msg": "the disk is full"}}
REPORT = {"ansible.builtin.import_role": {"name": "offsite.endpoints.endpoint_report"}}
BROKE_OFF = "Not good: the run broke off before its report: "
NEXT = (
    "so no endpoint was left to go on with. Nothing more was done on any endpoint, and nobody was mailed. See that "
    "they are on and can be reached, and run the same again: it goes on from here. "
)
NOT_MEASURED = (
    "the run ended for this endpoint before it was read; see the first error above",
    "Not good: nothing was measured; 2 endpoints not measured (2 error)",
)


class Runs:
    """Runs two plays: one that loses endpoints, and one with the report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, Any] = {"one": AWAY, "two": AWAY}
        self.before: list[Any] = [{"ansible.builtin.ping": None}]
        self.report = {"hosts": "all", "gather_facts": False, "tasks": [REPORT]}

    def play(self, *options: str, directory: str = "records") -> tuple[int, list[str]]:
        plays = [{"hosts": "all:!three", "gather_facts": False, "tasks": self.before}, self.report]
        (self.folder / "play.yml").write_text(yaml.safe_dump(plays))
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": self.hosts}}))
        files = [str(self.folder / name) for name in ("hosts.json", "play.yml")]
        command = [program("ansible-playbook"), "-i", *files, *options]
        done = subprocess.run(
            [*command, "-e", f"endpoint_report_directory={self.folder}/{directory}"],
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.strip().splitlines()

    def records(self) -> list[tuple[str, str, str]]:
        (file,) = (self.folder / "records").glob("*.jsonl")
        found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [(one["endpoint"], one["status"], one["reason"]) for one in found]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_who_was_lost_is_reported_last_and_recorded(runs):
    code, lines = runs.play()
    assert code == 4
    assert lines[-1] == f"{BROKE_OFF}one, two did not answer any more, {NEXT}{NOT_MEASURED[1]}"
    assert runs.records() == [("one", "error", NOT_MEASURED[0]), ("two", "error", NOT_MEASURED[0])]
    assert any(line.startswith("Records: ") for line in lines)
    assert any(line.startswith("Report:  ") for line in lines)


def test_those_that_the_lost_play_was_not_for_are_reported_too(runs):
    runs.hosts |= {"two": LOCAL, "three": LOCAL}
    runs.before = [*runs.before, FAIL]
    code, lines = runs.play()
    assert code == 4
    assert lines[-1].startswith(f"{BROKE_OFF}one did not answer any more, two failed, {NEXT}Not good: ")
    assert [endpoint for endpoint, *_ in runs.records()] == ["one", "three", "two"]


def test_what_was_lost_before_a_report_of_the_same_play_is_reported(runs):
    runs.before = [*runs.before, REPORT]
    runs.report["tasks"] = []
    code, lines = runs.play()
    assert code == 4
    assert lines[-1].startswith(BROKE_OFF)


def test_what_cannot_be_recorded_is_still_reported(runs):
    (runs.folder / "file").touch()
    code, lines = runs.play(directory="file/records")
    assert code == 4
    assert lines[-1].startswith(f"{BROKE_OFF}one, two did not answer any more, {NEXT}Not good: ")
    assert "the records cannot be written to " in lines[-1]


def test_a_variable_that_cannot_be_worked_out_is_reported_last(runs):
    code, lines = runs.play("-e", "endpoint_report_language={{ nowhere }}")
    assert code == 4
    assert f"{NEXT}Nothing could be recorded: " in "\n".join(lines[-12:])


@pytest.mark.parametrize(
    ("hosts", "before", "options"),
    [
        # The report came by itself.
        ({"one": LOCAL, "two": AWAY}, [{"ansible.builtin.ping": None}], ()),
        # No report was wanted.
        ({"one": AWAY}, [{"ansible.builtin.ping": None, "tags": ["some"]}], ("--tags", "some")),
        # Nothing went wrong.
        ({"one": LOCAL}, [{"ansible.builtin.meta": "end_play"}], ("--skip-tags", "all")),
    ],
)
def test_otherwise_the_report_is_the_run_s_own(runs, hosts, before, options):
    runs.hosts, runs.before = hosts, before
    _code, lines = runs.play(*options)
    assert not any("broke off" in line for line in lines)
    assert (runs.folder / "records").exists() == (not options)


def test_an_endpoint_that_is_lost_in_the_middle_of_its_work_says_so_and_the_next_run_goes_on(fleet):
    # The first command reads, the second notes what was there before.
    fleet.more_inventory = ["-i", "tests/e2e/short_waits.yml"]
    fleet.fault("win-01", "timeout", "--after", "1")
    run = fleet.play("site.yml")
    assert run.code == 4
    last = run.output.strip().splitlines()[-1]
    assert last.startswith(f"{BROKE_OFF}win-01 did not answer any more, {NEXT}Not good: ")
    wrong = [one for one in run.records if one["status"] == "error"]
    assert {one["role"] for one in wrong} == {"vpn_profile"}
    assert "drifted" in {one["status"] for one in run.records}
    again = fleet.play("site.yml")
    assert again.code == 0, again.output
