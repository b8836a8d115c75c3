"""Who can reach SMB and Remote Desktop by the rules of every Windows in the lab."""

from __future__ import annotations

import pytest

from lab.windows.machine.built_in_rules import RULES
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.values.firewall_settings import LOCAL
from plugins.plugin_utils.values.reachability import reach
from plugins.plugin_utils.values.rule_match import Listener

SMB = Listener(445, "System")
RDP = Listener(3389, r"\system32\svchost.exe", "TermService")

LAB = {
    ("clean", "10-22H2", SMB): ([], [], []),
    ("clean", "11-23H2", SMB): ([], [], []),
    ("clean", "11-24H2", SMB): ([], [], []),
    ("half", "10-22H2", SMB): ([], ["LocalSubnet"], ["LocalSubnet"]),
    ("half", "11-23H2", SMB): ([], ["LocalSubnet"], ["LocalSubnet"]),
    ("half", "11-24H2", SMB): ([], ["LocalSubnet"], ["LocalSubnet"]),
    ("drifted", "10-22H2", SMB): (["198.51.100.0/24"], ["Any"], ["Any"]),
    ("drifted", "11-23H2", SMB): (["198.51.100.0/24"], ["Any"], ["Any"]),
    ("drifted", "11-24H2", SMB): (["Any"], ["Any"], ["Any"]),
    ("clean", "10-22H2", RDP): ([], [], []),
    ("clean", "11-23H2", RDP): ([], [], []),
    ("clean", "11-24H2", RDP): ([], [], []),
    ("half", "10-22H2", RDP): (["Any"], ["Any"], ["Any"]),
    ("half", "11-23H2", RDP): (["Any"], ["Any"], ["Any"]),
    ("half", "11-24H2", RDP): (["Any"], ["Any"], ["Any"]),
}


@pytest.mark.parametrize("about", LAB, ids=lambda about: f"{about[0]} {about[1]} {about[2].port}")
def test_the_rules_of_every_windows_in_the_lab(about):
    condition, release, listener = about
    machine = build_windows("pc-1", Variant(release, "Pro", "ja-JP", condition), seed=1)
    rules = [(LOCAL, name, value.data) for name, value in machine.registry.values(RULES).items()]
    assert len(rules) > 400
    found = [reach(listener, name, rules, {}) for name in ("Domain", "Private", "Public")]
    assert tuple(one.let_in()[0].texts() for one in found) == LAB[about]
    assert [one.let_in()[1].texts() for one in found] == [[], [], []]
