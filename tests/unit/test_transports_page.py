"""The settings of each way to Windows: those of the inventory are on the page, and those that the lab is reached by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lab import inventory

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/transports.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^`(inventory/example/\S+)`:\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GROUPS = {"windows": "winrm", "windows_psrp": "psrp", "windows_ssh": "ssh"}
FILES = (Path("/lab/id"), Path("/lab/known_hosts"))
OF_THE_LAB = {
    "winrm": inventory.winrm_vars(Path("/lab/ca.pem")),
    "psrp": inventory.psrp_vars(Path("/lab/ca.pem")),
    "ssh": inventory.windows_ssh_vars(*FILES),
}
# What is another in every place: where, by whom, with which files.
OF_A_PLACE = {
    *("ansible_port", "ansible_user", "ansible_winrm_ca_trust_path", "ansible_psrp_ca_cert"),
    *("ansible_ssh_private_key_file", "ansible_ssh_common_args", "ansible_ssh_args"),
}


def test_the_page_shows_the_files_of_the_inventory_as_they_are():
    shown = dict(BLOCK.findall(PAGE))
    assert [*shown] == [f"inventory/example/group_vars/{group}/connection.yml" for group in GROUPS]
    for name, text in shown.items():
        assert text == (ROOT / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("group", GROUPS)
def test_the_lab_is_reached_by_the_settings_of_the_inventory(group):
    file = ROOT / f"inventory/example/group_vars/{group}/connection.yml"
    ours = yaml.safe_load(file.read_text(encoding="utf-8"))
    labs = OF_THE_LAB[GROUPS[group]]
    assert {k: v for k, v in ours.items() if k not in OF_A_PLACE} == {
        k: v for k, v in labs.items() if k not in OF_A_PLACE
    }
    assert ours["ansible_connection"] == GROUPS[group]


def test_a_machine_in_a_group_of_its_own_is_a_windows_machine():
    hosts = yaml.safe_load((ROOT / "inventory/example/hosts.yml").read_text(encoding="utf-8"))
    assert {*hosts["all"]["children"]["windows"]["children"]} == {*GROUPS} - {"windows"}
