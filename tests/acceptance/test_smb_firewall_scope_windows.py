"""Shares are open to 172.31.0.0/16 and the local subnet alone, and need a password.

Source: docs/sources/service.md#file-shares.
"""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://windows"]

LSA = r"HKLM:\SYSTEM\CurrentControlSet\Control\Lsa"
SERVER = r"HKLM:\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
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


@pytest.mark.parametrize("name", ["FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope"])
def test_the_rule_is_on_and_keeps_its_profiles(windows, name):
    fields = windows("ansible.windows.win_reg_stat", path=RULES, name=name)["value"].split("|")
    assert "Active=TRUE" in fields
    profiles = {field.partition("=")[2] for field in fields if field.startswith("Profile=")}
    assert profiles == ({"Domain"} if name.endswith("-NoScope") else {"Private", "Public"})


@pytest.mark.parametrize(
    ("path", "name", "data"),
    [
        (LSA, "LimitBlankPasswordUse", 1),
        (LSA, "forceguest", 0),
        (LSA, "everyoneincludesanonymous", 0),
        (SERVER, "RestrictNullSessAccess", 1),
    ],
)
def test_shares_need_a_password(windows, path, name, data):
    value = windows("ansible.windows.win_reg_stat", path=path, name=name)
    assert (value["type"], value["value"]) == ("REG_DWORD", data)
