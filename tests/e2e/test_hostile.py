"""Names and values that want to be obeyed, over the playbooks: nothing is executed, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from plugins.plugin_utils.records.records import read_lines, record, stamp, write_lines

FLEET = (1, 0)
STARTS = 4
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
SCRIPT = "</script><script>alert(1)</script>"
FORMULA = "=cmd|'/C calc'!A0"
LINES = "one\ntwo\r\x1b[2J\u202ethree"
HOST = "=cmd()<script>alert(1)</script>"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Return a file that is there as soon as somebody obeys."""
    return tmp_path / "obeyed"


def template(canary: Path) -> str:
    return "{{ lookup('pipe', 'touch " + str(canary) + "') }}"


def see_that_nothing_is_obeyed(reports: dict[str, bytes], records: list[dict[str, Any]], output: str) -> None:
    lines = list(csv.DictReader(io.StringIO(reports[".csv"].decode("utf-8-sig"), newline="")))
    assert len(lines) == len(records)
    assert not [cell for line in lines for cell in line.values() if cell.startswith(("=", "+", "@", "\t", "\n"))]
    cases = etree.fromstring(reports[".junit.xml"], etree.XMLParser(huge_tree=True)).findall(".//testcase")
    assert len(cases) == len(records)
    assert json.loads(reports[".sarif"])["version"] == "2.1.0"
    assert reports[".prom"].decode("utf-8").endswith("# EOF\n")
    assert b"<script>alert" not in reports[".html"].lower()
    assert "\x1b[2J" not in output
    assert "\u202e" not in output


def reports_of(folder: Path, stem: str) -> dict[str, bytes]:
    return {path.name.removeprefix(stem): path.read_bytes() for path in folder.glob(f"{stem}.*")}


def test_the_reports_of_hostile_records(fleet, canary):
    texts = [SCRIPT, FORMULA, LINES, template(canary), "x" * 1_000_000, "a\ud800b", "{% raw %}"]
    bare = [
        record(f"c.{text}"[:200], "drifted", role="r", instance=text, expected=text, actual=[text], reason=text)
        for text in texts
    ]
    common = {"run": "20261123T143000.000000Z", "at": "2026-11-23T14:30:00Z", "versions": {"ansible_core": "2.19.4"}}
    # Host names are no longer than DNS has them, whatever else is in them.
    records = [one for text in texts for one in stamp(bare, endpoint=text[:253], **common)]
    path = fleet.directory / "hostile.jsonl"
    write_lines(path, records)
    as_it_was = path.read_bytes()
    folder = fleet.directory / "hostile"
    given = {"endpoint_report_files": [str(path)], "endpoint_report_directory": str(folder)}
    done = fleet.command("ansible-playbook", "playbooks/report.yml", "-e", json.dumps(given))
    assert done.returncode == 2
    assert "Not good: 0 of 49 controls on 7 of 7 endpoints compliant; 49 drifted" in done.stdout.splitlines()[-1]
    see_that_nothing_is_obeyed(reports_of(folder, "report"), records, done.stdout)
    assert not canary.exists()
    assert path.read_bytes() == as_it_was
    assert len(read_lines(path)) == 49


def test_an_audit_of_an_endpoint_that_says_hostile_things(fleet, canary):
    said = {"Server": template(canary), "Description": SCRIPT + FORMULA}
    for name, text in said.items():
        # Ansible would work the template out itself, on the way to the machine.
        raw = "{% raw %}" + text + "{% endraw %}"
        value = {"path": TUNNEL, "name": name, "data": raw, "type": "string"}
        done = fleet.adhoc("win-01", "ansible.windows.win_regedit", value)
        assert done.returncode == 0, done.stdout
    more = {
        "all": {"children": {"laptops": {"children": {"windows": {"hosts": {HOST: {"ansible_host": "127.0.0.1"}}}}}}}
    }
    (fleet.directory / "more.yml").write_text(json.dumps(more), encoding="utf-8")
    run = fleet.play("audit.yml", "-i", str(fleet.directory / "more.yml"))
    assert run.code != 0
    assert not canary.exists()
    found = {r["control"]: r["actual"] for r in run.records if r["endpoint"] == "win-01" and r["instance"] == "IMR"}
    assert found["vpn_profile.server"] == said["Server"]
    assert found["vpn_profile.description"] == said["Description"]
    assert [r["status"] for r in run.records if r["endpoint"] == HOST] == ["unreachable"]
    see_that_nothing_is_obeyed(reports_of(fleet.directory / "records", run.records[0]["run"]), run.records, run.output)
