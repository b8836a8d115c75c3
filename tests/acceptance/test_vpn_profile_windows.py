"""docs/sources/service.md#connection-name: the connection that FortiClient VPN shows on Windows."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://windows"]

TUNNELS = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"
SSLVPN = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn"
SELF_UPDATE = r"HKLM:\SOFTWARE\Fortinet\FortiClient\FA_UPDATE"
NETWORKS = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles"
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
        before = r"HKLM:\SOFTWARE\OffsiteEndpoints\Before"
        ours = windows("ansible.windows.win_reg_stat", path=before, name="forticlient_install")["exists"]
        assert others or ours, "the lab gives every client that it begins with a connection of its user's own"
        for name in others:
            own = windows("ansible.windows.win_reg_stat", path=rf"{TUNNELS}\{name}")["properties"]
            assert own["Server"]["value"] != "fg.imr.tohoku.ac.jp:443"


def test_the_client_warns_of_a_wrong_certificate_and_leaves_updates_to_it_staff(windows, client_is_installed):
    if client_is_installed:
        warning = windows("ansible.windows.win_reg_stat", path=SSLVPN, name="no_warn_invalid_cert")
        update = windows("ansible.windows.win_reg_stat", path=SELF_UPDATE, name="enabled")
        assert (warning["type"], warning["value"]) == ("REG_DWORD", 0)
        assert (update["type"], update["value"]) == ("REG_DWORD", 0)


def test_the_vpn_s_networks_are_private_and_wireless_ones_are_as_their_users_left_them(windows):
    """docs/sources/service.md#network-category: as Public nothing gets through."""

    for key in windows("ansible.windows.win_reg_stat", path=NETWORKS)["sub_keys"]:
        network = windows("ansible.windows.win_reg_stat", path=rf"{NETWORKS}\{key}")["properties"]
        # Of VPNs (23) and wireless networks (71) only: a wired one is none of ours.
        if network["NameType"]["value"] in (23, 71):
            categories = {"fortissl": 1, "IMR": 1, "eduroam": 0}
            category = network["Category"]["value"]
            assert category == categories.get(network["ProfileName"]["value"], category)
