"""service.md, Values: the connection that FortiClient VPN shows on Windows."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://windows"]

TUNNELS = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"
CLIENT = r"C:\Program Files\Fortinet\FortiClient\FortiClient.exe"

EXPECTED = [
    ("Server", "REG_SZ", "fg.imr.tohoku.ac.jp:443"),
    ("Description", "REG_SZ", "IMR SSL-VPN"),
    ("promptusername", "REG_DWORD", 1),
    ("promptcertificate", "REG_DWORD", 0),
    ("ServerCert", "REG_SZ", "1"),
    ("sso_enabled", "REG_DWORD", 0),
]


@pytest.fixture
def client_is_installed(windows):
    return windows("ansible.windows.win_stat", path=CLIENT)["stat"]["exists"]


def test_the_imr_connection_has_the_values_of_the_service(windows, client_is_installed):
    key = windows("ansible.windows.win_reg_stat", path=rf"{TUNNELS}\IMR")
    assert key["exists"] is client_is_installed
    if client_is_installed:
        found = {name: (value["type"], value["value"]) for name, value in key["properties"].items()}
        for name, kind, value in EXPECTED:
            assert found[name] == (kind, value)


def test_the_gateway_s_address_stands_nowhere(windows, client_is_installed):
    if client_is_installed:
        key = windows("ansible.windows.win_reg_stat", path=rf"{TUNNELS}\IMR")
        assert "130.34.226.190" not in str(key["properties"])


def test_other_people_s_connections_are_still_there(windows, client_is_installed):
    if client_is_installed:
        others = [name for name in windows("ansible.windows.win_reg_stat", path=TUNNELS)["sub_keys"] if name != "IMR"]
        assert others, "the lab gives every client a connection of its user's own"
        for name in others:
            own = windows("ansible.windows.win_reg_stat", path=rf"{TUNNELS}\{name}")["properties"]
            assert own["Server"]["value"] != "fg.imr.tohoku.ac.jp:443"
