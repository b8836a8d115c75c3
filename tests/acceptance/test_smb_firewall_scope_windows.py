"""service.md, Behaviour 7: file shares are reached from 172.31.0.0/16 and the local subnet, and from nowhere else."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://windows"]

RULES = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"


def remote_addresses(rule: str) -> set[str]:
    fields = [field.partition("=") for field in rule.split("|")]
    return {value for name, _, value in fields if name in ("RA4", "RA6")}


@pytest.mark.parametrize("name", ["FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope"])
def test_the_rule_lets_in_the_vpn_and_the_local_subnet_only(windows, name):
    rule = windows("ansible.windows.win_reg_stat", path=RULES, name=name)
    assert rule["exists"]
    assert remote_addresses(rule["value"]) == {"LocalSubnet", "172.31.0.0/255.255.0.0"}


def test_the_rule_of_windows_11_24h2_is_scoped_where_it_exists(windows):
    build = windows(
        "ansible.windows.win_reg_stat", path=r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion", name="CurrentBuild"
    )
    rule = windows("ansible.windows.win_reg_stat", path=RULES, name="FPS-SMB-In-TCP-V2")
    assert rule["exists"] is (int(build["value"]) >= 26100)
    if rule["exists"]:
        assert remote_addresses(rule["value"]) == {"LocalSubnet", "172.31.0.0/255.255.0.0"}
