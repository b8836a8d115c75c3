"""A run that cannot come to a verdict on every machine that was asked for ends badly, with the reason and the cure.

No endpoint is ever reached here. From a checkout it is run as README says; from a collection by its full name, in a
folder of its own and without any ansible.cfg.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, program

HOSTS = """
all:
  vars:
    vpn_profile_connections: [{name: VPN, gateway: vpn.example.org}]
    fortissl_proxy_pac_url: http://vpn.example.org/proxy.pac
    fortissl_proxy_connections: [VPN]
    smb_firewall_scope_remote_addresses: [192.0.2.0/24]
    forticlient_install_minimum_version: 7.0.7.345
  children:
    windows: {hosts: {nb-0101: , pc-0201: }}
    %s: {hosts: {nb-0101: }}
    office_pcs: {hosts: {pc-0201: }}
    printers: {hosts: {lp-1: }}
"""
GOOD = HOSTS % "laptops"
WAIVERS = "- {control: vpn_profile.port, hosts: [nb-0101], owner: S, reason: a test, expires: 2999-12-31}\n"
FOLDERS = {
    "good": {"hosts.yml": GOOD, "waivers.yml": WAIVERS},
    "empty": {},
    # One file of two; what it would say is missing, but that is not what is wrong.
    "broken": {"hosts.yml": GOOD.replace("fortissl_proxy_pac_url", "other"), "more.yml": "all:\n  hosts: [\n"},
    "misspelt": {"hosts.yml": HOSTS % "laptop"},
    "homeless": {"hosts.yml": GOOD, "more.yml": "windows: {hosts: {nb-0109: }}\n"},
    "waivers.yaml": {"hosts.yml": GOOD, "waivers.yaml": WAIVERS},
}
GROUPS = "'laptops' or 'office_pcs'"
# What is said of each situation, in its last line.
NOT_THERE = "the inventory {place}/nowhere does not exist. Name the folder or the file of your machines: -i PATH"
EMPTY = (
    "the inventory ({place}/empty) has no machine in it. Put yours into the groups 'laptops' and 'office_pcs', as "
    "docs/ledger.md shows, or name another inventory: -i PATH"
)
BROKEN = (
    "{place}/broken/more.yml cannot be read as an inventory (line 3, column 1: expected the node content, but found "
    "'<stream end>'). Correct it, or move it out of the inventory"
)
MISSPELT = (
    "nb-0101: in the group 'laptop', which no playbook is for. Did you mean 'laptops'? Correct the group's name in the "
    "inventory"
)
HOMELESS = (
    "nb-0109: in 'windows' or 'macs', but in no group that says what for, so nothing would be done or said about it. "
    f"Put it into {GROUPS}, or leave it out: --limit laptops:office_pcs"
)
WAIVERS_YAML = (
    "{place}/waivers.yaml/waivers.yaml cannot be read as an inventory (waivers stand in waivers.yml). Correct it, or "
    "move it out of the inventory"
)
NOBODY = "[ERROR]: Specified inventory, host pattern and/or --limit leaves us with no hosts to target."
PRINTERS = f"--limit: 'printers' is no machine of {GROUPS}, which this playbook is for. Leave it out"
NO_LAPTOP = "--limit: '{name}' is no machine of 'laptops', which this playbook is for. Leave it out"
NO_MAC = "no machine of this run is in 'macs'. Put it into the group that says what it is for"
NO_MACHINE = "the inventory has no machine in it, so --limit matches nothing."
ONE_OF_TWO = "--limit: nothing in the inventory is called 'nb-O101'; did you mean 'nb-0101'?"
NO_RECORD = (
    "endpoint_report_directory: {place}/file/records cannot be written (Not a directory), and what cannot be recorded "
    "is not begun. Give this user the right to write there, or name another place: -e endpoint_report_directory=PATH"
)
NO_METRICS = NO_RECORD.replace("endpoint_report_directory", "endpoint_report_metrics_file").replace(
    "file/records", "file/offsite.prom"
)
CERTIFICATE_DAYS = (
    "nb-0101: handover_certificate_days is 0; allowed are 1 to 365 days. See roles/handover/README.md, Variables."
)
REFUSED = "Refused, no endpoint was reached:"
STARTS = 33


def long(*case: object) -> object:
    """Return a case of a situation that another playbook stands for in the short tests."""
    return pytest.param(*case, marks=pytest.mark.depth)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an inventory for each situation."""
    folder = tmp_path_factory.mktemp("situations")
    for name, files in FOLDERS.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text, encoding="utf-8")
    (folder / "file").write_text("in the way", encoding="utf-8")
    return folder


def play(place: Path, playbook: str, inventory: str, options: str = "", *, checkout: bool) -> tuple[int, list[str]]:
    """Return the exit code of a playbook, and the lines that it said."""
    name = f"playbooks/{playbook}.yml" if checkout else f"offsite.endpoints.{playbook}"
    given = options.format(place=place).split()
    directory = [] if "endpoint_report_directory" in options else ["-e", f"endpoint_report_directory={place}/records"]
    done = subprocess.run(
        [program("ansible-playbook"), "-i", place / inventory, name, *directory, *given],
        cwd=ROOT if checkout else place,
        env=os.environ | {"ANSIBLE_HOME": str(place / "home"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.strip().splitlines()


@pytest.mark.parametrize(
    ("playbook", "inventory", "options", "code", "last"),
    [
        long("audit", "nowhere", "", 2, NOT_THERE),
        long("audit", "empty", "", 2, EMPTY),
        long("audit", "broken", "", 2, BROKEN),
        long("audit", "misspelt", "", 2, MISSPELT),
        long("audit", "homeless", "", 2, HOMELESS),
        ("audit", "waivers.yaml", "", 2, WAIVERS_YAML),
        ("audit", "good", "--limit nobody", 1, NOBODY),
        long("audit", "good", "--limit localhost", 1, NOBODY),
        ("audit", "good", "--limit printers", 2, PRINTERS),
        ("audit", "good", "--limit pc-0201,nb-O101", 2, ONE_OF_TWO),
        ("audit", "good", "-e endpoint_report_directory={place}/file/records", 2, NO_RECORD),
        ("audit", "good", "-e endpoint_report_metrics_file={place}/file/offsite.prom", 2, NO_METRICS),
        long("site", "misspelt", "", 2, MISSPELT),
        ("site", "good", "--check -e endpoint_report_directory={place}/file/records", 2, NO_RECORD),
        ("retire", "nowhere", "", 2, NOT_THERE),
        long("retire", "good", "-e endpoint_report_directory={place}/file/records", 2, NO_RECORD),
        ("handover", "misspelt", "", 2, MISSPELT),
        ("handover", "good", "--limit pc-0201", 2, NO_LAPTOP.format(name="pc-0201")),
        long("handover", "good", "-e handover_certificate_days=0", 2, CERTIFICATE_DAYS),
        ("take_back", "empty", "", 2, EMPTY.replace("groups 'laptops' and 'office_pcs'", "group 'laptops'")),
        ("undo", "broken", "-e run=20261123T143000.000000Z", 2, BROKEN),
        ("validate", "homeless", "", 2, HOMELESS),
        ("user_page", "nowhere", "", 2, NOT_THERE),
        ("user_page", "misspelt", "", 2, MISSPELT),
        ("user_page", "good", "--limit nobody", 1, NOBODY),
        ("user_page", "good", "--limit pc-0201", 2, NO_LAPTOP.format(name="pc-0201")),
        ("macos_python", "empty", "", 2, EMPTY.replace("groups 'laptops' and 'office_pcs'", "group 'macs'")),
        ("macos_python", "good", "", 2, NO_MAC),
        ("macos_python", "good", "--limit nobody", 1, NOBODY),
        ("report", "good", "--limit nobody", 1, NOBODY),
        ("pac_check", "good", "--limit nobody", 1, NOBODY),
    ],
)  # fmt: skip
def test_from_a_checkout(place, playbook, inventory, options, code, last):
    ended, lines = play(place, playbook, inventory, options, checkout=True)
    assert (ended, lines[-1]) == (code, last.format(place=place))
    assert code != 2 or lines[-2] == REFUSED
    assert not (place / "records").exists() or [*(place / "records").iterdir()] == []


@pytest.mark.parametrize(
    ("playbook", "inventory", "options", "code", "words"),
    [
        long("audit", "nowhere", "", 2, NOT_THERE),
        long("audit", "empty", "", 2, EMPTY),
        ("audit", "broken", "", 2, BROKEN),
        long("retire", "misspelt", "", 2, MISSPELT),
        long("site", "homeless", "", 2, HOMELESS),
        ("handover", "good", "--limit lp-1", 2, NO_LAPTOP.format(name="lp-1")),
        # The hole in Ansible: with an inventory of nobody, --limit does not even leave localhost.
        ("retire", "nowhere", "--limit nb-0101", 4, NO_MACHINE),
        ("macos_python", "misspelt", "", 2, MISSPELT),
        ("user_page", "nowhere", "--limit nb-0101", 4, NO_MACHINE),
        # Of this controller alone --limit would leave nothing.
        *(
            (name, "good", "--limit nb-0101", 4, "--limit leaves it nothing to do. Leave --limit out")
            for name in ("mdm_profile", "pac_check", "report")
        ),
        ("pac_check", "nowhere", "", 2, "the inventory names no PAC (fortissl_proxy_pac_url). Name"),
    ],
)  # fmt: skip
def test_from_an_installed_collection_without_a_configuration(place, playbook, inventory, options, code, words):
    ended, lines = play(place, playbook, inventory, options, checkout=False)
    assert ended == code
    assert any(words.format(place=place) in line.replace("\\n", "\n") for line in lines[-12:]), "\n".join(lines)


@pytest.mark.parametrize("checkout", [True, False])
def test_a_right_inventory_is_taken_with_its_waivers(place, checkout):
    ended, lines = play(place, "validate", "good", checkout=checkout)
    assert ended == 0, "\n".join(lines)
