"""A spreadsheet as the inventory: groups, records and users' pages come from it; one wrong cell, and no run begins."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from tests.e2e.conftest import REFUSED, ROOT, LabFleet, Run

FLEET = (2, 1)
STARTS = 11
CONFIG = {
    "plugin": "offsite.endpoints.ledger",
    "path": "../PC台帳.xlsx",
    "columns": {
        "host": "ホスト名",
        "address": "IPアドレス",
        "system": "OS",
        "role": "用途",
        "owner": "管理担当",
        "person": "利用者",
        "office_pc": "所内のPC",
        "nas": "NAS",
    },
    "words": {
        "system": {"windows": "Windows*", "macos": "macOS*"},
        "role": {"laptop": "ノートPC", "office_pc": "事務PC"},
    },
}
ROWS = [
    ["持ち出し PC 台帳"],
    ["ホスト名", "IPアドレス", "OS", "用途", "管理担当", "利用者", "所内のPC", "NAS"],
    ["ｗｉｎ－０１", None, "Windows 11", "ノートPC", "鈴木　一郎", "山田 花子 {{ 7 * 7 }}", "win-02",
     "no-tera 192.0.2.4 data"],
    ["win-02", "192.0.2.21", "Windows 11", "事務PC"],
    ["mac-01", None, "macOS 15", "ノートPC", None, "佐藤"],
]  # fmt: skip
GRAPH = """\
@all:
  |--@ungrouped:
  |--@macs:
  |  |--mac-01
  |--@windows:
  |  |--win-01
  |  |--win-02
  |--@laptops:
  |  |--win-01
  |  |--mac-01
  |--@office_pcs:
  |  |--win-02
"""
WRONG = (
    "PC台帳.xlsx, PCs!D5: role is '持出'; allowed are laptop (ノートPC) and office_pc (事務PC), and more by "
    "words.role; see docs/ledger.md"
)


class OfLedger:
    """The lab's machines, called and grouped by a ledger; the lab only says how to reach them."""

    def __init__(self, fleet: LabFleet) -> None:
        self.fleet = fleet
        self.folder = fleet.directory / "inventory"
        self.folder.mkdir()
        shutil.copy(ROOT / "inventory/lab/service.yml", self.folder)
        groups = yaml.safe_load((ROOT / "inventory/lab/groups.yml").read_text(encoding="utf-8"))
        for group in ("laptops", "office_pcs"):
            del groups["all"]["children"][group]
        for name, content in (("groups.yml", groups), ("ledger.yml", CONFIG)):
            (self.folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        book = Workbook()
        book.active.title = "PCs"
        for row in ROWS:
            book.active.append(row)
        # The owner of the three rows.
        book.active.merge_cells("E3:E5")
        book.save(self.file)

    @property
    def file(self) -> Path:
        return self.fleet.directory / "PC台帳.xlsx"

    def set(self, cell: str, text: str) -> None:
        book = load_workbook(io.BytesIO(self.file.read_bytes()))
        book["PCs"][cell] = text
        book.save(self.file)

    @property
    def inventory(self) -> list[str]:
        # How to reach a machine is said last: the lab's are all at one address.
        return ["-i", str(self.folder), "-i", str(self.fleet.directory / "lab/inventory")]

    def play(self, playbook: str, *options: str, **environment: str) -> Run:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LabFleet, "inventory", self.inventory)
            return self.fleet.play(playbook, *options, **environment)


@pytest.fixture(scope="module")
def ledger(fleet):
    return OfLedger(fleet)


def test_the_inventory_s_graph(ledger):
    done = ledger.fleet.command("ansible-inventory", "-i", str(ledger.folder), "--graph", check=True)
    assert done.stdout == GRAPH


def test_the_records_and_the_roles_come_from_it(ledger):
    run = ledger.play("audit.yml")
    assert run.code == 2, run.output
    records = [record for record in run.records if record["status"] != "error"]
    assert {record["endpoint"]: record["owner"] for record in records} == dict.fromkeys(
        ("win-01", "win-02", "mac-01"), "鈴木　一郎"
    )
    roles: dict[str, set[str]] = {}
    for record in records:
        roles.setdefault(record["endpoint"], set()).add(record["control"].partition(".")[0])
    assert {"vpn_profile", "fortissl_proxy"} <= roles["win-01"]
    assert {"smb_firewall_scope", "rdp_enable"} <= roles["win-02"]
    assert not {"vpn_profile", "fortissl_proxy"} & roles["win-02"]
    assert "smb_firewall_scope" not in roles["win-01"] | roles["mac-01"]


def test_the_user_s_page_names_whom_and_what_the_ledger_names(ledger):
    pages = ledger.fleet.directory / "pages"
    run = ledger.play("user_page.yml", "-e", f"user_page_directory={pages}")
    assert run.code == 0, run.output
    page = (pages / "win-01.html").read_text(encoding="utf-8")
    # What a cell says is text, whatever it looks like.
    assert "山田 花子 {{ 7 * 7 }}" in page
    assert "192.0.2.21" in page
    assert r"\\no-tera\data" in page
    assert "佐藤" in (pages / "mac-01.html").read_text(encoding="utf-8")
    assert {path.name for path in pages.iterdir()} == {"win-01.html", "mac-01.html"}


@pytest.fixture
def wrong(ledger):
    """Have one wrong cell in the ledger."""
    ledger.set("D5", "持出")
    yield
    ledger.set("D5", "ノートPC")


@pytest.mark.usefixtures("wrong")
def test_one_wrong_cell_ends_the_run_and_is_named_last(ledger):
    before = ledger.fleet.calls()
    run = ledger.play("audit.yml")
    assert (run.code, run.records) == (2, [])
    said = f"{REFUSED}{ledger.folder}/ledger.yml: nothing of this ledger is used until it is right:\n{WRONG}\n"
    assert run.output.endswith(said), run.output
    assert ledger.fleet.calls() == before


@pytest.mark.usefixtures("wrong")
def test_with_a_limit_that_matches_nobody_then_it_is_named_as_well(ledger):
    done = ledger.fleet.command("ansible-playbook", "-i", str(ledger.folder), "playbooks/site.yml", "--limit", "win-01")
    assert done.returncode == 4
    assert WRONG in done.stdout.partition("[ERROR]: ")[2]


@pytest.mark.usefixtures("wrong")
def test_the_graph_warns_of_it(ledger):
    done = ledger.fleet.command("ansible-inventory", "-i", str(ledger.folder), "--graph")
    assert WRONG in done.stdout
    assert "win-01" not in done.stdout


def test_a_ledger_within_the_inventory_s_folder_is_refused(ledger):
    stray = ledger.folder / "pcs.csv"
    stray.write_text("host,system\nwin-01,windows\n", encoding="utf-8")
    try:
        run = ledger.play("audit.yml")
    finally:
        stray.unlink()
    assert run.code == 2
    assert run.output.splitlines()[-1] == (
        f"{stray} is a spreadsheet, and Ansible takes it for a list of hosts. Put it outside of the inventory's "
        "folder, and name it in a ledger.yml there; see docs/ledger.md"
    )


PAGE = (ROOT / "docs/ledger.md").read_text(encoding="utf-8")
BLOCKS = [" ".join(block.split()) for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)]
COMMANDS = dict.fromkeys(line.strip()[2:] for line in PAGE.splitlines() if line.strip().startswith("$ "))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page(fleet, command):
    done = fleet.command(*shlex.split(command))
    assert done.returncode == 0, done.stdout
    shown = [block.partition(f"$ {command}")[2] for block in BLOCKS if f"$ {command}" in block]
    wanted = [words for words in shown if words and " $ " not in words]
    assert all(words.strip() in " ".join(done.stdout.split()) for words in wanted), done.stdout


def test_the_page_shows_commands():
    assert len(COMMANDS) == 4
