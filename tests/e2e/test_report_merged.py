"""Two audits of halves of a fleet, merged by report.yml, give the reports of one audit of the whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

FLEET = (2, 1)
STARTS = 8
HALVES = ("win-01", "win-02:mac-01")
# What differs by nature between two audits: when they were, and what they are called.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
RUN = re.compile(r"\d{8}T\d{6}\.\d{6}Z")


def audit(fleet, name: str, *options: str) -> Path:
    """Audit with a history and a folder of its own; return its records, with one time and one name for all."""
    folder = fleet.directory / name
    done = fleet.command(
        "ansible-playbook",
        *fleet.inventory,
        "playbooks/audit.yml",
        "-e",
        f"endpoint_report_directory={folder}",
        *options,
    )
    assert done.returncode == 2, done.stdout[-2000:]
    (path,) = folder.glob("*.jsonl")
    text = TIME.sub("2026-11-23T14:30:00Z", RUN.sub("20261123T143000.000000Z", path.read_text(encoding="utf-8")))
    same = fleet.directory / f"{name}.jsonl"
    same.write_text(text, encoding="utf-8")
    return same


def report(fleet, name: str, *files: Path) -> dict[str, bytes]:
    folder = fleet.directory / f"report-{name}"
    given = {"endpoint_report_files": [str(path) for path in files], "endpoint_report_directory": str(folder)}
    done = fleet.command("ansible-playbook", "playbooks/report.yml", "-e", json.dumps(given))
    assert done.returncode == 2, done.stdout[-2000:]
    assert "Not good: " in done.stdout.strip().splitlines()[-1]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_merged_halves_give_the_report_of_the_whole(fleet):
    whole = audit(fleet, "whole")
    halves = [audit(fleet, f"half{number}", "--limit", hosts) for number, hosts in enumerate(HALVES)]
    wanted = report(fleet, "whole", whole)
    assert sorted(wanted) == ["report.csv", "report.html", "report.junit.xml", "report.prom", "report.sarif"]
    assert all(name in wanted["report.csv"] for name in (b"win-01", b"win-02", b"mac-01"))
    assert report(fleet, "merged", *halves) == wanted
    assert report(fleet, "turned", *reversed(halves)) == wanted


def test_an_endpoint_of_a_slice_that_is_missing_is_reported_and_the_verdict_is_one(fleet):
    (first,) = (fleet.directory / "half0").glob("*.jsonl")
    given = {
        "endpoint_report_files": [str(first)],
        "endpoint_report_groups": ["laptops", "office_pcs"],
        "endpoint_report_directory": str(fleet.directory / "missing"),
        "endpoint_report_formats": ["csv"],
    }
    done = fleet.command("ansible-playbook", *fleet.inventory, "playbooks/report.yml", "-e", json.dumps(given))
    assert done.returncode == 2, done.stdout
    for name in ("win-02", "mac-01"):
        assert (
            ": 1 error\n  error: endpoint.state (high)\n    reason    no record of it in these files"
            in done.stdout.partition(name)[2]
        )
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("Not good: ")
    assert " on 1 of 3 endpoints compliant; " in last
    assert last.endswith("2 endpoints not measured (2 error)")
    assert b"win-02" in (fleet.directory / "missing/report.csv").read_bytes()


def test_a_file_that_holds_no_records_is_refused_and_nothing_is_written(fleet):
    folder = fleet.directory / "refused"
    bad = fleet.directory / "bad.jsonl"
    bad.write_text('{"endpoint": "win-01"\n', encoding="utf-8")
    given = {"endpoint_report_files": [str(bad)], "endpoint_report_directory": str(folder)}
    done = fleet.command("ansible-playbook", "playbooks/report.yml", "-e", json.dumps(given))
    assert done.returncode != 0
    assert "bad.jsonl, line 1: no JSON" in done.stdout
    assert not folder.exists()
