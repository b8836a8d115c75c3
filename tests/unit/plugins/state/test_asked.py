"""Which endpoints a run was asked for, and every reason not to begin: inventory, groups, --limit."""

from __future__ import annotations

import locale
import re
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.plugin_utils.state.asked import Asked, ledger_mistakes, unparsed
from tests.samples.ledger.files import small

GROUPS = {
    "windows": ["nb-0101", "nb-0102", "pc-0201"],
    "macs": ["mb-0301"],
    "laptops": ["nb-0101", "nb-0102", "mb-0301"],
    "office_pcs": ["pc-0201", "nb-0102"],
}
BOTH = "'laptops' or 'office_pcs'"
HOMELESS = (
    "in 'windows' or 'macs', but in no group that says what for, so nothing would be done or said about it. "
    f"Put it into {BOTH}, or leave it out: --limit laptops:office_pcs"
)


def asked(limit: str | None = None, *, hosts: list[str] | None = None, wanted: str = "", **groups: list[str]) -> Asked:
    """Return a run on the groups above, changed by `groups`; `hosts` are those that --limit leaves, all without it."""
    known = {name: members for name, members in {**GROUPS, **groups}.items() if members}
    known["all"] = list(dict.fromkeys(host for members in known.values() for host in members))
    ours = ["laptops", "office_pcs"]
    left = known["all"] if hosts is None else hosts
    return Asked(known, ["hosts.yml"], {"hosts.yml"}, left, limit, wanted.split() or ours, ours)


def test_a_right_inventory_is_taken_and_each_endpoint_counts_once():
    run = asked()
    assert run.broken() == run.refusals() == []
    assert run.endpoints() == ["nb-0101", "nb-0102", "mb-0301", "pc-0201"]
    assert asked(wanted="laptops").endpoints() == ["nb-0101", "nb-0102", "mb-0301"]
    assert asked("pc-0201", hosts=["pc-0201"]).endpoints() == ["pc-0201"]


def test_machines_of_others_are_none_of_our_business():
    assert asked(printers=["lp-1"], laptops_tokyo=["nb-0101"]).refusals() == []
    assert asked("tokyo", hosts=["lp-1", "nb-0101"], tokyo=["lp-1", "nb-0101"]).refusals() == []


def test_ansible_s_own_groups_are_no_misspelling_of_ours():
    groups = {"hall": ["nb-0101"], "grouped": [], "ungrouped": ["lp-1"], "all": ["nb-0101", "lp-1"]}
    run = Asked(groups, ["hosts.yml"], {"hosts.yml"}, groups["all"], None, ["hall"], ["hall", "grouped"])
    assert run.refusals() == []


def test_an_inventory_without_machines_is_refused():
    empty: dict[str, list[str]] = {name: [] for name in GROUPS}
    assert asked(**empty).refusals() == [
        "the inventory (hosts.yml) has no machine in it. Put yours into the groups 'laptops' and 'office_pcs', as "
        "docs/ledger.md shows, or name another inventory: -i PATH"
    ]
    (said,) = asked(wanted="laptops", **empty).refusals()
    assert "Put yours into the group 'laptops', as " in said
    (said,) = replace(asked(**empty), sources=["hosts.yml", "more"]).refusals()
    assert said.startswith("the inventory (hosts.yml, more) has no machine in it. ")


@pytest.mark.parametrize("name", ["laptop", "Laptops", "lap_tops"])
def test_a_misspelt_group_is_refused_with_what_was_meant(name):
    wrong = {"laptops": [], name: GROUPS["laptops"], "office_pcs": ["pc-0201"]}
    said = [
        f"nb-0101, nb-0102, mb-0301: in the group '{name}', which no playbook is for. Did you mean 'laptops'? "
        "Correct the group's name in the inventory"
    ]
    assert asked(**wrong).refusals() == said
    # The machine is in the inventory: it is the group that is wrong, and not --limit.
    assert asked("nb-01*", hosts=["nb-0101", "nb-0102"], **wrong).refusals() == [said[0].replace(", mb-0301", "")]
    # Who is not asked for is not in the way.
    assert asked("pc-0201", hosts=["pc-0201"], **wrong).refusals() == []


def test_a_machine_that_is_in_no_group_of_ours_is_named():
    assert asked(laptops=["nb-0101", "nb-0102"]).refusals() == [f"mb-0301: {HOMELESS}"]
    many = [f"nb-{number}" for number in range(5)]
    assert asked(windows=many, macs=[], laptops=["mb-0301"], office_pcs=[]).refusals() == [
        f"nb-0, nb-1, nb-2 and 2 more: {HOMELESS}"
    ]


def test_without_any_machine_in_the_groups_of_the_playbook_the_run_is_refused():
    assert asked(wanted="laptops", laptops=[], office_pcs=["nb-0101", "nb-0102", "mb-0301", "pc-0201"]).refusals() == [
        "no machine of this run is in 'laptops'. Put it into the group that says what it is for"
    ]


@pytest.mark.parametrize(
    ("limit", "hosts", "words"),
    [
        ("nb-0101,nb-O102", ["nb-0101"], "nothing in the inventory is called 'nb-O102'; did you mean 'nb-0102'?"),
        (
            "laptops:!nb-O102",
            GROUPS["laptops"],
            "nothing in the inventory is called 'nb-O102'; did you mean 'nb-0102'?",
        ),
        ("laptops:&tokyo", ["nb-0101"], "nothing in the inventory is called 'tokyo'; correct it"),
        ("nb-0101:zz*", ["nb-0101"], "nothing in the inventory is called 'zz*'; correct it"),
        (
            "nb-0101,lp-1",
            ["nb-0101", "lp-1"],
            f"'lp-1' is no machine of {BOTH}, which this playbook is for. Leave it out",
        ),
        ("printers", ["lp-1"], f"'printers' is no machine of {BOTH}, which this playbook is for. Leave it out"),
        ("XP-1", ["XP-1"], f"'XP-1' is no machine of {BOTH}, which this playbook is for. Leave it out"),
        ("nb-0101,XP-l", ["nb-0101"], "nothing in the inventory is called 'XP-l'; did you mean 'XP-1'?"),
        ("~nb.*,@failed,laptops[0],zz", ["nb-0101"], "nothing in the inventory is called 'zz'; correct it"),
    ],
)
def test_each_part_of_limit_has_to_be_about_an_endpoint(limit, hosts, words):
    assert asked(limit, hosts=hosts, printers=["lp-1", "XP-1"]).refusals() == [f"--limit: {words}"]


@pytest.mark.parametrize(
    "limit",
    [
        "all",
        "*",
        "laptops",
        "nb-*",
        "nb-0101:pc-0201",
        "laptops:!nb-0102",
        "all:!printers",
        "~nb.*",
        "@failed",
        "laptops[0:1]",
    ],
)
def test_what_limit_may_otherwise_be_is_let_pass(limit):
    assert asked(limit, hosts=["nb-0101"], printers=["lp-1"]).refusals() == []


def test_a_limit_to_the_machines_of_another_playbook_is_refused():
    assert asked("pc-0201", hosts=["pc-0201"], wanted="laptops").refusals() == [
        "--limit: 'pc-0201' is no machine of 'laptops', which this playbook is for. Leave it out"
    ]
    assert asked("~pc.*", hosts=["pc-0201"], wanted="laptops").refusals() == [
        "no machine of this run is in 'laptops'. Put it into the group that says what it is for"
    ]


def test_only_a_file_that_ansible_tried_and_could_not_read_is_reported(tmp_path, monkeypatch):
    # As without an ansible.cfg.
    monkeypatch.setattr("plugins.plugin_utils.state.asked.IGNORED", re.compile(rb"^\.|^group_vars$|\.cfg$"))
    for name in ("hosts.yml", "broken.yml", "waivers.yml", "waivers.yaml", "old.cfg", ".hidden", "group_vars/all.yml"):
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    sources = [str(tmp_path / "site"), str(tmp_path / "empty"), "host-1,", str(tmp_path / "nowhere")]
    parsed = {str(tmp_path / "site/hosts.yml"), "host-1,"}
    assert [Path(path).name for path in unparsed(sources, parsed)] == ["broken.yml", "waivers.yaml", "nowhere"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("hosts.yml", "all:\n  hosts: [\n", "line 3, column 1: expected the node content, but found '<stream end>'"),
        ("hosts.yaml", 'all: "laptops\n', "line 2, column 1: found unexpected end of stream"),
        ("hosts.json", '{"all": ]}\n', "line 1, column 9: expected the node content, but found ']'"),
        ("hosts.yml", "- a list\n", "Ansible's warnings above say why"),
        ("hosts", "[laptops\n", "Ansible's warnings above say why"),
        ("waivers.yaml", "- {}\n", "waivers stand in waivers.yml"),
        ("hosts.yml", "a: \x07\n", 'unacceptable character #x0007: special characters are not allowed in "'),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_with_its_line(tmp_path, name, text, why):
    path = tmp_path / name
    path.write_text(text)
    (line,) = Asked({"all": []}, [str(path)], set(), [], "nobody", ["laptops"], ["laptops"]).broken()
    assert line.startswith(f"{path} cannot be read as an inventory ({why}")
    assert line.endswith("). Correct it, or move it out of the inventory")


def test_a_file_of_japanese_is_read_whatever_the_locale(tmp_path):
    path = tmp_path / "hosts.yml"
    path.write_text("# 総務部のPC\nall: [\n", encoding="utf-8")
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        (line,) = Asked({"all": []}, [str(path)], set(), [], None, ["laptops"], ["laptops"]).broken()
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    assert "(line 3, column 1: expected the node content, but found '<stream end>')" in line


WRONG_LEDGER = "host,system,role\nnb-1,MacOS 9,laptop\n"
IN_B2 = "pcs.csv, B2: system is 'MacOS 9'; allowed are windows and macos, and more by words.system; see docs/ledger.md"


@pytest.mark.parametrize("name", ["ledger.yml", "ledger.yaml"])
def test_a_ledger_that_is_wrong_is_told_with_its_mistakes_wherever_it_stands(tmp_path, name):
    configuration = small(tmp_path, WRONG_LEDGER).rename(tmp_path / name)
    said = [f"{configuration}: nothing of this ledger is used until it is right:", IN_B2]
    assert ledger_mistakes([str(configuration)]) == said
    assert Asked({"all": []}, [str(configuration)], [], [], None, ["laptops"], ["laptops"]).broken() == said
    # In a folder, beside what is no configuration of one.
    (tmp_path / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    assert ledger_mistakes([str(tmp_path / "nowhere.yml"), str(tmp_path)]) == said


def test_only_what_ansible_takes_for_a_configuration_is_read_as_one(tmp_path):
    (tmp_path / "site").mkdir()
    small(tmp_path / "site", WRONG_LEDGER).rename(tmp_path / "site/ledger.conf")
    assert ledger_mistakes([str(tmp_path / "site/ledger.conf")]) == []
    right = small(tmp_path, WRONG_LEDGER.replace("MacOS 9", "macos"))
    assert ledger_mistakes([str(right)]) == []


def test_an_inventory_that_is_not_there_is_reported(tmp_path):
    assert Asked({"all": []}, [f"{tmp_path}/x"], set(), [], None, ["laptops"], ["laptops"]).broken() == [
        f"the inventory {tmp_path}/x does not exist. Name the folder or the file of your machines: -i PATH"
    ]


@pytest.mark.parametrize("name", ["pcs.csv", "PCs.XLSX", "~$pcs.xlsx"])
def test_a_spreadsheet_among_the_inventory_s_files_is_refused_though_ansible_makes_hosts_of_its_lines(tmp_path, name):
    (tmp_path / name).write_text("host,system\n", encoding="utf-8")
    source = str(tmp_path / name)
    run = Asked({"all": ["host,system"]}, [str(tmp_path)], {source}, [], None, ["laptops"], ["laptops"])
    assert run.broken() == [
        f"{source} is a spreadsheet, and Ansible takes it for a list of hosts. Put it outside of the inventory's "
        "folder, and name it in a ledger.yml there; see docs/ledger.md"
    ]
