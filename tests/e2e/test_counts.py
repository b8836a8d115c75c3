"""What a run costs each endpoint, in tasks and in remote calls: exact numbers, so that nothing makes it dearer unseen.

A number that goes down is good news: put the new one here. One that goes up has to be worth it. The first endpoint has
the tasks that are run once for all.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT

FLEET = (2, 1)
ENDPOINTS = ("mac-01", "win-01", "win-02")
COUNTING = Path(__file__).parent / "counting"
ONE_CALL = dict.fromkeys(ENDPOINTS, 1)


def configured():
    """Return the project's own places of callbacks, which the variable below would hide."""
    settings = ConfigParser()
    settings.read(ROOT / "ansible.cfg")
    return filter(None, [settings.get("defaults", "callback_plugins", fallback="")])


def counted(fleet, playbook):
    """Return the tasks and the remote calls of each endpoint in one run of a playbook."""
    log, tasks = fleet.directory / "lab/calls.jsonl", fleet.directory / "tasks.json"
    before = log.read_text(encoding="utf-8").count("\n") if log.exists() else 0
    done = fleet.command(
        "ansible-playbook",
        *fleet.inventory,
        f"playbooks/{playbook}",
        "-e",
        f"endpoint_report_directory={fleet.directory}/records",
        ANSIBLE_CALLBACK_PLUGINS=os.pathsep.join([str(COUNTING), *configured()]),
        COUNT_TASKS_FILE=str(tasks),
    )
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[before:]]
    assert calls, done.stdout
    return done, json.loads(tasks.read_text(encoding="utf-8")), Counter(call["endpoint"] for call in calls)


@pytest.fixture(scope="module")
def runs(fleet):
    """Return what the first apply, the compliant re-run and an audit after it have cost."""
    found = {}
    for name, playbook in (("first", "site.yml"), ("re-run", "site.yml"), ("audit", "audit.yml")):
        before = fleet.hashes()
        done, *found[name] = counted(fleet, playbook)
        if name == "first":
            assert all(fleet.hashes()[one] != before[one] for one in ENDPOINTS), done.stdout
        else:
            assert fleet.hashes() == before, done.stdout
    return found


def test_an_audit(runs):
    tasks, calls = runs["audit"]
    assert tasks == {"mac-01": 1, "win-01": 4, "win-02": 1}
    assert calls == ONE_CALL


def test_a_compliant_re_run(runs):
    tasks, calls = runs["re-run"]
    assert tasks == {"mac-01": 1, "win-01": 4, "win-02": 1}
    assert calls == ONE_CALL


def test_a_first_apply(runs):
    tasks, calls = runs["first"]
    assert tasks == {"mac-01": 43, "win-01": 80, "win-02": 77}
    assert calls == {"mac-01": 15, "win-01": 39, "win-02": 33}
