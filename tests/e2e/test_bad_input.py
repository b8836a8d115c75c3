"""Bad input is refused before any endpoint is reached, and says which variable, which value and what is allowed."""

from __future__ import annotations

import json

import certifi
import pytest

from tests.e2e.conftest import refused_endpoints

FLEET = (1, 1)
STARTS = 5


def connection(**fields):
    return {"vpn_profile_connections": [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp", **fields}]}


def store(**fields):
    connection = {"name": "IMR-Store", "gateway": "fg.imr.tohoku.ac.jp", "users": ["taro"], **fields}
    return {"vpn_profile_store_connections": [connection]}


CASES = [
    (connection(gateway="130.34.226.190"), ["vpn_profile_connections", "130.34.226.190", "certificate"]),
    (connection(gateway="fg"), ["vpn_profile_connections", "host name"]),
    (connection(gateway="a.example.org;b.example.org"), ["Several gateways", "give each its own connection"]),
    (store(users=[]), ["vpn_profile_store_connections", "at least one"]),
    (store(proxy_script="file:///C:/proxy.pac"), ["vpn_profile_store_connections", "'file:///C:/proxy.pac'"]),
    (connection(port=0), ["vpn_profile_connections", "1 to 65535"]),
    (connection(name="a\\b"), ["vpn_profile_connections", "letters, digits"]),
    (connection(colour="red"), ["colour"]),
    ({"vpn_profile_connections": connection()["vpn_profile_connections"] * 2}, ["every name may be used once"]),
    (
        {"smb_firewall_scope_remote_addresses": ["Any"]},
        ["smb_firewall_scope_remote_addresses", "'Any'", "everyone"],
    ),
    ({"smb_firewall_scope_remote_addresses": ["0.0.0.0/0"]}, ["'0.0.0.0/0'", "everyone"]),
    ({"smb_firewall_scope_remote_addresses": ["172.31.0.0/99"]}, ["'172.31.0.0/99'"]),
    (
        {"fortissl_proxy_pac_url": "file:///C:/proxy.pac"},
        ["fortissl_proxy_pac_url", "'file:///C:/proxy.pac'", "no file://"],
    ),
    (
        {"fortissl_proxy_pac_url": "http://proxy.example.org:99999/p.pac"},
        ["fortissl_proxy_pac_url", "99999", "1 to 65535"],
    ),
    (
        {"fortissl_proxy_pac_url": "http://bob:PASSWORD@proxy.example.org/p.pac"},
        ["fortissl_proxy_pac_url", "bob:***@", "without a user name"],
    ),
    ({"fortissl_proxy_pac_url": ["http://proxy.example.org/p.pac"]}, ["fortissl_proxy_pac_url"]),
    ({"fortissl_proxy_pac_url": r"C:\proxy.pac"}, ["fortissl_proxy_pac_url", r"C:\proxy.pac", "by http or https"]),
    ({"vpn_profile_connections": "IMR"}, ["vpn_profile_connections", "'IMR'", "a list", "README"]),
    ({"rdp_enable_users": "taro"}, ["rdp_enable_users", "'taro'", "a list", "roles/rdp_enable/README.md"]),
    ({"time_sync_servers": None}, ["time_sync_servers", "no value", "a list", "roles/time_sync/README.md"]),
    ({"vpn_profile_connections": [7]}, ["vpn_profile_connections, entry 1: 7", "{name: ..., gateway: ...}"]),
    ({"forticlient_install_sha256": 7}, ["forticlient_install_sha256: 7", "a text", "README"]),
    (
        {"forticlient_install_minimum_free_gib": -1},
        ["forticlient_install_minimum_free_gib is -1", "0 or more", "README"],
    ),
    ({"endpoint_report_history_days": 0}, ["endpoint_report_history_days is 0", "1 or more", "README"]),
    ({"endpoint_report_mail_port": 0}, ["endpoint_report_mail_port is 0", "1 to 65535", "README"]),
    ({"rdp_enable_wake_broadcast": "pc-0201"}, ["rdp_enable_wake_broadcast", "'pc-0201'", "an IP address"]),
    (connection(port="https"), ["vpn_profile_connections, entry 1: port", "'https'", "a whole number", "README"]),
    (connection(gateway="2001:db8::1"), ["vpn_profile_connections", "2001:db8::1"]),
    (connection(gateway="https://fg.imr.tohoku.ac.jp"), ["vpn_profile_connections", "https://fg.imr.tohoku.ac.jp"]),
    ({"smb_firewall_scope_remote_addresses": ["::/0"]}, ["'::/0'", "everyone"]),
    ({"smb_firewall_scope_remote_addresses": {"a": 1}}, ["smb_firewall_scope_remote_addresses", "README"]),
    ({"rdp_enable_remote_addresses": ["0.0.0.0/0"]}, ["rdp_enable_remote_addresses", "'0.0.0.0/0'"]),
    ({"time_sync_servers": ["192.0.2.1"]}, ["time_sync_servers", "'192.0.2.1'", "host name"]),
    ({"endpoint_report_history_days": "long"}, ["endpoint_report", "history_days", "README"]),
    ({"endpoint_report_langauge": "ja"}, ["endpoint_report_langauge", "Did you mean endpoint_report_language?"]),
    ({"fortissl_proxy_server": "proxy.example.org"}, ["fortissl_proxy_server", "host:port"]),
    ({"fortissl_proxy_bypass": ["<local>"]}, ["fortissl_proxy_bypass", "only together with"]),
    (
        {"fortissl_proxy_connections": ["DefaultConnectionSettings"]},
        ["fortissl_proxy_connections", "fortissl_proxy_manage_lan"],
    ),
    ({"fortissl_proxy_connections": ["IMR", "imr"]}, ["fortissl_proxy_connections", "every name once"]),
    ({"smb_firewall_scope_state": "gone"}, ["smb_firewall_scope_state", "present", "absent"]),
    ({"smb_firewall_scope_profiles": ["Home"]}, ["smb_firewall_scope_profiles", "Domain, Private, Public", "Home"]),
    ({"smb_firewall_scope_profiles": []}, ["smb_firewall_scope_profiles is empty"]),
    (
        {"smb_firewall_scope_remote_addresses": [], "smb_firewall_scope_local_subnet": False},
        ["smb_firewall_scope_remote_addresses is empty", "lets everybody in"],
    ),
    (
        {"smb_firewall_scope_remote_addresses": ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"]},
        ["smb_firewall_scope_remote_addresses", "12.0.0.0/8", "together"],
    ),
    ({"smb_firewall_scope_enable": "perhaps"}, ["smb_firewall_scope_enable"]),
    ({"rdp_enable_users": ["a/b"]}, ["rdp_enable_users", "'a/b'", "SID"]),
    ({"rdp_enable_users": ["S-1-5-x"]}, ["rdp_enable_users", "'S-1-5-x'"]),
    ({"rdp_enable_users": ["S-1-1-0"]}, ["rdp_enable_users", "everybody"]),
    ({"rdp_enable_remote_addresses": ["Any"]}, ["rdp_enable_remote_addresses", "'Any'", "leave the list empty"]),
    ({"rdp_enable_user": ["taro"]}, ["rdp_enable_user:", "Did you mean rdp_enable_users?"]),
    (
        {"rdp_enable_users": ["S-1-1-0"], "vpn_profile_connections": []} | connection(port=0),
        ["rdp_enable_users", "everybody", "vpn_profile_connections", "1 to 65535"],
    ),
    ({"time_sync_enable": True}, ["time_sync_servers is empty"]),
    (
        {"ansible_connection": "ssh"},
        ["would be taken for a Mac", "ansible_shell_type: powershell", "docs/transports.md"],
    ),
    ({"ansible_connection": "psrp", "ansible_port": 22}, ["ansible_port is 22", "psrp is not spoken", "leave it out"]),
    ({"ansible_winrm_ca_trust_path": "/nowhere/ca.pem"}, ["ansible_winrm_ca_trust_path", "no file /nowhere/ca.pem"]),
    ({"time_sync_servers": ["ntp.example.org,0x9"]}, ["time_sync_servers", "'ntp.example.org,0x9'", "flags"]),
]


@pytest.fixture(scope="module")
def refused(fleet):
    """Return what one run says of each of many endpoints: each has its own wrong values, and the lab's have none."""
    hosts = {f"bad-{number:02}": variables for number, (variables, _) in enumerate(CASES)}
    file = fleet.directory / "bad.yml"
    file.write_text(json.dumps({"windows": {"hosts": hosts}}), encoding="utf-8")
    hashes = fleet.hashes()
    run = fleet.play("site.yml", "-i", str(file))
    assert run.code != 0
    assert fleet.calls() == {"win-01": 0, "mac-01": 0}
    assert fleet.hashes() == hashes
    reported = refused_endpoints(run.output)
    assert reported.keys() == hosts.keys(), run.output
    return reported


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: " ".join(CASES[number][0]))
def test_a_value_that_cannot_be_is_refused_before_anything_is_touched(refused, number):
    for word in CASES[number][1]:
        assert word in refused[f"bad-{number:02}"]


def test_a_module_that_the_lab_does_not_model_fails_and_names_itself(fleet):
    done = fleet.adhoc("win-01", "ansible.windows.win_feature", {"name": "Telnet-Client"})
    assert done.returncode == 2
    assert "win_feature" in done.stdout
    assert "does not model" in done.stdout


def test_a_misspelt_option_fails_as_on_a_real_machine(fleet):
    done = fleet.adhoc("win-01", "ansible.windows.win_regedit", {"path": r"HKLM:\SOFTWARE\X", "valeu": "1"})
    assert done.returncode == 2
    assert "Unsupported parameters for (ansible.windows.win_regedit) module: valeu" in done.stdout


def test_a_wrong_password_is_rejected(fleet):
    done = fleet.adhoc("win-01", "ansible.windows.win_ping", {}, "-e", "ansible_password=wrong")
    assert done.returncode == 4
    assert "the specified credentials were rejected by the server" in done.stdout


def test_a_wrong_ca_is_refused_by_the_controller(fleet):
    done = fleet.adhoc(
        "win-01", "ansible.windows.win_ping", {}, "-e", json.dumps({"ansible_winrm_ca_trust_path": certifi.where()})
    )
    assert done.returncode == 4
    assert "certificate verify failed" in done.stdout
