"""One laptop answers what it likes: it costs that laptop its own records, and nobody else anything."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, LabFleet, Run

STARTS = 5
FORGER, OTHER = "win-01", "win-02"
# What would make it another endpoint, give that one records, and put files where it wants them.
FACTS: dict[str, Any] = {
    "inventory_hostname": OTHER,
    "endpoint_records": {OTHER: []},
    "endpoint_state": {"reachable": True, "error": None, "platform": "Windows", "document": None},
    "endpoint_report_history": "/tmp/forged.sqlite",
    "endpoint_report_metrics_file": "/tmp/forged.prom",
    "endpoint_owner": "nobody\x1b[2J",
    "endpoint_roles": [],
    "vpn_profile_connections": [{"name": "IMR", "gateway": "evil.example.com"}],
    "groups": {},
    "ansible_connection": "local",
}
KEYS = {"add_host": {"host_name": "evil", "groups": ["laptops"]}, "add_group": "endpoint_work", "endpoint_state": {}}
ODD = {"warnings": ["\x1b[2J\u202e"], "endpoint": OTHER, "run": "r0", "results": [1], "_ansible_no_log": True}


class Forgers:
    """A lab with a machine whose answers are forged."""

    def __init__(self, folder: Path) -> None:
        self._answers = folder / "models/answers.json"
        shutil.copytree(ROOT / "tests/e2e/forger", folder / "models")
        shutil.copytree(ROOT / "tests/contract/models", folder / "models/honest")
        self.forge()
        self.lab = LabFleet(folder, 2, 0, models=folder / "models")

    def forge(self, **answers: Any) -> None:
        self._answers.write_text(json.dumps({FORGER: answers}), encoding="utf-8")

    def history(self) -> list[Any]:
        """Return what the history knows of the other machine, but when it was found."""
        connection = sqlite3.connect(self.lab.directory / "records/history.sqlite")
        try:
            columns = "role, control, instance, scope, status, since, moved, desired, actual"
            statement = f"SELECT {columns} FROM controls WHERE endpoint = ? ORDER BY 1, 2, 3, 4"
            return connection.execute(statement, (OTHER,)).fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def forgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forgers]:
    forgers = Forgers(tmp_path_factory.mktemp("e2e"))
    try:
        yield forgers
    finally:
        forgers.lab.close()


def of(run: Run, host: str) -> list[tuple[Any, ...]]:
    return sorted(
        (r["control"], r["instance"] or "", r["scope"], r["status"], json.dumps(r["actual"]))
        for r in run.records
        if r["endpoint"] == host
    )


def see_that_nobody_else_is_touched(run: Run) -> None:
    assert {r["endpoint"] for r in run.records} == {FORGER, OTHER}
    assert not any(Path(FACTS[name]).exists() for name in ("endpoint_report_history", "endpoint_report_metrics_file"))
    assert "\x1b[2J" not in run.output
    assert "\u202e" not in run.output
    assert "evil.example.com" not in json.dumps([r for r in run.records if r["endpoint"] == OTHER])


def test_a_forged_answer_of_each_kind_costs_the_forger_alone(forgers):
    lab = forgers.lab
    honest = lab.play("audit.yml")
    assert honest.records, honest.output
    hashes, history, known = lab.hashes(), forgers.history(), of(honest, OTHER)

    # The reader: keys that mean something to Ansible, a megabyte, characters that a terminal obeys.
    server = "\x1b[2J\u202ehttp://bob:PASSWORD@evil.example.com/" + "x" * 1_048_576
    forgers.forge(win_endpoint_state={"ansible_facts": FACTS, **KEYS, **ODD}, server=server)
    run = lab.play("audit.yml")
    see_that_nobody_else_is_touched(run)
    assert (of(run, OTHER), forgers.history(), lab.hashes()) == (known, history, hashes)
    servers = [r for r in run.records if r["endpoint"] == FORGER and r["control"] == "vpn_profile.server"]
    assert servers, run.output
    # What could not be noted is not written over.
    assert {r["status"] for r in servers} == {"error"}
    assert all("characters, cut" in r["actual"] and len(r["actual"]) <= 4096 for r in servers)
    stem = run.records[0]["run"]
    whole = sum(path.stat().st_size for path in (lab.directory / "records").glob(f"{stem}.*"))
    assert (len(run.output) < 300_000, whole < 3_000_000) == (True, True)
    assert "PASSWORD" not in run.output

    # A document that is none.
    forgers.forge(win_endpoint_state={"document": {"platform": {"__ansible_unsafe": "Windows"}, "users": [[]]}})
    run = lab.play("audit.yml")
    see_that_nobody_else_is_touched(run)
    assert (of(run, OTHER), forgers.history(), lab.hashes()) == (known, history, hashes)
    assert {(r["control"], r["status"]) for r in run.records if r["endpoint"] == FORGER} == {
        ("endpoint.reachable", "compliant"),
        ("endpoint.state", "error"),
    }

    # An answer that Ansible itself falls over, and with it the run: what is known is recorded all the same. It adds up
    # what two answers say, and nothing cannot be added to nothing.
    forgers.forge(win_regedit={"ansible_stats": {"data": {"x": None}, "aggregate": True, "per_host": False}})
    run = lab.play("site.yml")
    see_that_nobody_else_is_touched(run)
    assert run.code == 250
    assert "Not good: the run was ended in the middle, before its report" in run.output
    assert {r["status"] for r in run.records if r["endpoint"] == FORGER} >= {"error"}

    # The modules that write, with facts that Ansible makes variables of, as it does by itself.
    forgers.forge(win_regedit={"ansible_facts": FACTS, **KEYS, **ODD}, win_reg_stat={"ansible_facts": FACTS})
    run = lab.play("site.yml", ANSIBLE_INJECT_FACT_VARS="True")
    see_that_nobody_else_is_touched(run)
    errors = [r for r in run.records if r["endpoint"] == FORGER and r["status"] == "error"]
    assert errors, run.output
    assert "wants to replace variables of the run" in run.output
    assert {r["status"] for r in run.records if r["endpoint"] == OTHER} <= {"compliant", "fixed", "not_applicable"}
    assert run.code == 2
