"""vulnerabilities.yml makes an inventory's table from a folder of records; what it cannot understand ends it, named."""

from __future__ import annotations

import json
import subprocess

import yaml

from tests.e2e.conftest import ROOT, program

STARTS = 2
RECORDS = ROOT / "tests/samples/cve"


def test_the_inventory_s_table_is_renewed_from_a_folder_and_a_second_run_changes_nothing(tmp_path):
    (tmp_path / "hosts.yml").write_text("all: {children: {windows: {hosts: {pc-1: {}}}}}\n")
    command = [program("ansible-playbook"), "-i", str(tmp_path), "playbooks/vulnerabilities.yml"]
    command += ["-e", json.dumps({"forticlient_install_cve_folder": str(RECORDS)}), "-v"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    written = tmp_path / "group_vars/all/forticlient_vulnerabilities.yml"
    table = yaml.safe_load(written.read_text(encoding="utf-8"))["forticlient_install_vulnerabilities"]
    names = {(item["name"], item["system"]) for item in table["entries"]}
    # Newer than the role's own: the day of the newest of the records.
    assert table["date"] == "2026-12-02"
    assert ("CVE-2027-10001", "Windows") in names
    assert ("CVE-2025-24473", "Windows") not in names
    (known,) = [item for item in table["entries"] if (item["name"], item["system"]) == ("CVE-2026-121529", "Windows")]
    assert known["affected"] == [{"at_least": "7.4.0", "below": "7.4.9"}]
    assert len(names) == 29
    # One record is nobody's to understand.
    assert done.returncode == 2
    assert "CVE-2027-10003: its record cannot be understood" in " ".join(done.stdout.split())

    before = written.read_bytes()
    command[0] = program("ansible-playbook")
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "changed=0" in again.stdout
    assert written.read_bytes() == before
