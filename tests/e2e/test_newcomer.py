"""The way of docs/thirty-laptops.md, by its own commands: from a spreadsheet to a laptop that is retired.

Ten machines: seven Windows laptops and an office PC that show certificates of their own, and two Macs. What a person
does beside the commands is done here: the values are set, the spreadsheet is laid there, the machines are enrolled.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from openpyxl import Workbook

from tests.e2e.conftest import ROOT, LabFleet, program
from tests.e2e.test_enrollment import PEM, own_certificate, private_pem, write
from tests.e2e.test_handover_checks import Lab

STARTS = 13
STICK = "/media/stick/enroll"
LAPTOP = "win-01"
LAPTOPS = [f"win-{number:02}" for number in range(1, 8)]
MACS = ["mac-01", "mac-02"]
OFFICE_PC = "win-08"
# On a machine of one's own these two begin; here the environment is that of the tests (make demo is tested by itself).
BY_MAKE = ["make demo", ". .venv/bin/activate"]
COMMANDS = re.findall(r"^\$ (.*)$", (ROOT / "docs/thirty-laptops.md").read_text(encoding="utf-8"), re.MULTILINE)


class Newcomer:
    """A folder with the project in it, a spreadsheet, a stick, and ten machines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fleet = LabFleet(folder, 8, 2)
        self.office = Lab(self.fleet, folder)
        self.ours = folder / "inventory/ours"
        for name in ("ansible.cfg", "playbooks"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "inventory").mkdir()
        shutil.copytree(ROOT / "inventory/example", folder / "inventory/example")
        shutil.copy(ROOT / "inventory/example.csv", folder / "inventory")
        (folder / "vault").write_text("the vault's password", encoding="utf-8")
        self._enroll()

    def _enroll(self) -> None:
        """Do what enroll/windows.cmd does on each machine: a certificate of its own, and a file on the stick."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = own_certificate(key)
        self.fleet.lab("down")
        tls = self.folder / "lab/tls"
        (tls / "server.pem").write_bytes(private_pem(key) + certificate.public_bytes(PEM))
        self.fleet.lab("up")
        kept = self.folder / "home/.config/offsite-endpoints"
        kept.mkdir(parents=True)
        (kept / "enrollment.key").write_bytes(private_pem(key))
        for name in (*LAPTOPS, OFFICE_PC):
            write(self.folder / "stick", name, certificate, key)

    def set_values(self, port: int) -> None:
        """Set the values of the organisation, and where the spreadsheet lies."""
        groups = yaml.safe_load((ROOT / "inventory/lab/groups.yml").read_text(encoding="utf-8"))["all"]["children"]
        reached = yaml.safe_load((self.folder / "lab/inventory/hosts.yml").read_text(encoding="utf-8"))["all"][
            "children"
        ]
        # A lab's machines are all at one address, each at a port of its own; the account is in what they wrote.
        hosts = {name: dict(where) for name, where in reached["windows"]["hosts"].items()}
        hosts |= {name: {**reached["macs"]["vars"], **where} for name, where in reached["macs"]["hosts"].items()}
        downloads = {name: value for name, value in reached["windows"]["vars"].items() if name.startswith("lab_")}
        values = {
            **downloads,
            **self.office.variables(port),
        }
        roles = {name: groups[name] for name in ("windows", "macs")}
        (self.ours / "values.yml").write_text(
            yaml.safe_dump({"all": {"vars": values, "hosts": hosts, "children": roles}}), encoding="utf-8"
        )
        ledger = self.ours / "ledger.yml"
        ledger.write_text(
            ledger.read_text(encoding="utf-8").replace("../example.csv", "../PC台帳.xlsx"), encoding="utf-8"
        )
        book = Workbook()
        sheet: Any = book.active
        sheet.append(["PC 台帳"])
        sheet.append(
            [
                "ホスト名",
                "IPアドレス",
                "OS",
                "用途",
                "VPNクライアント",
                "状態",
                "管理担当",
                "利用者",
                "案内の言語",
                "所内のPC",
                "NAS",
            ]
        )
        for name in LAPTOPS:
            sheet.append([name, None, "Windows 11 Pro", "ノートPC", "通常版", "使用中", "鈴木", "山田 花子", "日英"])
        for name in MACS:
            sheet.append([name, None, "macOS 15", "ノートPC", None, "使用中", "鈴木"])
        sheet.append([OFFICE_PC, None, "Windows 11 Pro", "事務PC", None, "使用中", "鈴木"])
        book.save(self.folder / "inventory/PC台帳.xlsx")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type a command of the page in the project's folder."""
        words = [
            word
            for given in shlex.split(command.replace("NAME", LAPTOP).replace(STICK, str(self.folder / "stick")))
            for word in (["--vault-password-file", "vault"] if given == "--ask-vault-pass" else [given])
        ]
        first = program(words[0]) if words[0].startswith("ansible") else words[0]
        return subprocess.run(
            [first, *words[1:]],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder / "home"), "PWD": str(self.folder)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    one = Newcomer(tmp_path_factory.mktemp("e2e"))
    try:
        yield one
    finally:
        one.fleet.close()


def started(command: str) -> str:
    """Return what a command starts: the playbook's name, with what makes it another run."""
    found = re.search(r"playbooks/(\w+)\.yml", command)
    if not found:
        return shlex.split(command)[0]
    one = " of one" if "--limit" in command else ""
    return f"{found[1]}{' --check' if '--check' in command else ''}{one}"


def verdict(output: str) -> str:
    """Return a run's last line."""
    return output.rstrip().splitlines()[-1]


def test_the_way_of_the_page_from_a_spreadsheet_to_a_laptop_that_is_retired(newcomer):
    assert COMMANDS[:2] == BY_MAKE
    said = {}
    with newcomer.office.gateway() as port:
        for command in COMMANDS[2:]:
            done = newcomer.run(command)
            if command.startswith("cp "):
                newcomer.set_values(port)
            said[started(command)] = done
            assert done.returncode == 0, f"{command}\n{done.stdout}"
    assert [*said] == [
        *("cp", "ansible-inventory", "validate", "enroll_windows", "ping", "site --check of one", "site of one"),
        *("site", "audit", "handover of one", "user_page of one", "report", "take_back of one", "retire of one"),
    ]
    assert all(f"|--{name}" in said["ansible-inventory"].stdout for name in (*LAPTOPS, *MACS, OFFICE_PC))
    assert verdict(said["ping"].stdout).startswith("Good: 10 of 10 controls on 10 of 10 endpoints compliant")
    assert verdict(said["site --check of one"].stdout).startswith("Dry run, ")
    assert verdict(said["site"].stdout).startswith("Good: ")
    assert verdict(said["audit"].stdout).startswith("Good: ")
    assert f"{LAPTOP}: READY: " in said["handover of one"].stdout
    assert "山田 花子" in (newcomer.folder / f"user_pages/{LAPTOP}.html").read_text(encoding="utf-8")
    assert (newcomer.folder / "records/report.html").is_file()
    record = json.loads(
        next((newcomer.folder / "records").glob("2*.jsonl")).read_text(encoding="utf-8").splitlines()[0]
    )
    assert record["owner"] == "鈴木"
    assert verdict(said["retire of one"].stdout).startswith(("Good", "Retired"))
