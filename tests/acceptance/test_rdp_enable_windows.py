"""Remote Desktop on an office PC with Windows 10/11 Pro: on, users chosen, any scope.

Source: docs/sources/service.md#remote-desktop.
"""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://windows"]

CURRENT_VERSION = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
TERMINAL_SERVER = r"HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server"
RULES = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"


def value(windows, path, name):
    return windows("ansible.windows.win_reg_stat", path=path, name=name).get("value")


@pytest.fixture
def has_host(windows):
    """Windows Home has no Remote Desktop host."""
    return value(windows, CURRENT_VERSION, "EditionID") != "Core"


@pytest.fixture
def is_ours(windows, has_host):
    return has_host and value(windows, POLICY, "fDenyTSConnections") != 1


def test_remote_desktop_takes_connections_unless_group_policy_or_the_edition_forbids(windows, is_ours):
    assert value(windows, TERMINAL_SERVER, "fDenyTSConnections") == (0 if is_ours else 1)


def test_network_level_authentication_is_required(windows):
    assert value(windows, TERMINAL_SERVER + r"\WinStations\RDP-Tcp", "UserAuthentication") == 1


def test_the_service_runs_and_was_not_made_automatic(windows, is_ours):
    (service,) = windows("ansible.windows.win_service_info", name="TermService")["services"]
    if is_ours:
        assert (service["start_mode"], service["state"]) == ("manual", "started")


@pytest.mark.parametrize("name", ["RemoteDesktop-UserMode-In-TCP", "RemoteDesktop-UserMode-In-UDP"])
def test_the_firewall_lets_remote_desktop_in_from_anywhere(windows, is_ours, name):
    fields = value(windows, RULES, name).split("|")
    assert ("Active=TRUE" in fields) is is_ours
    assert not [field for field in fields if field.startswith("RA4=")]


def test_the_rule_for_watching_sessions_stays_off(windows):
    assert "Active=FALSE" in value(windows, RULES, "RemoteDesktop-Shadow-In-TCP").split("|")
