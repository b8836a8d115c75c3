"""rdp_enable: who is woken before a run, and what is refused of that."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from plugins.plugin_utils.controls.validate import refused_of_role
from tests.samples.roles import ROLES

MAC = "00:00:5E:00:53:66"


def refused(groups: list[str], **variables: Any) -> list[str]:
    known = {"group_names": groups, **variables}
    return refused_of_role("rdp_enable", known, DataLoader())


@pytest.mark.parametrize("mac", [MAC, "00-00-5e-00-53-66"])
def test_a_pc_in_the_group_with_an_address_is_woken(mac):
    assert refused(["office_pcs", "wake_on_lan"], rdp_enable_wake_mac=mac) == []


def test_others_are_not_asked_for_one():
    assert refused(["office_pcs"]) == []


@pytest.mark.parametrize("mac", ["", "00:00:5E:00:53", "00:00:5E:00:53:66:77", "pc-0201", "0000.5e00.5366"])
def test_what_is_no_address_of_a_network_card_is_refused(mac):
    (words,) = refused(["wake_on_lan"], rdp_enable_wake_mac=mac)
    assert words.startswith(f"rdp_enable_wake_mac: '{mac}' is refused.")


@pytest.mark.parametrize(
    ("groups", "variables"), [(["wake_on_lan"], {}), (["office_pcs"], {"rdp_enable_wake_mac": MAC})]
)
def test_one_without_the_other_is_refused(groups, variables):
    (words,) = refused(groups, **variables)
    assert words.startswith("rdp_enable_wake_mac and the group wake_on_lan go together")


@pytest.mark.parametrize("seconds", [0, 3601])
def test_a_time_to_wait_that_means_nothing_is_refused(seconds):
    (words,) = refused([], rdp_enable_wake_seconds=seconds)
    assert words.startswith(f"rdp_enable_wake_seconds is {seconds}")


def test_what_is_asleep_ends_nothing():
    tasks = yaml.safe_load((ROLES / "rdp_enable/tasks/wake.yml").read_text(encoding="utf-8"))
    assert [task["failed_when"] for task in tasks] == [False, False]
    assert {task["delegate_to"] for task in tasks} == {"localhost"}
