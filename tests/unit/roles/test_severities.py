"""How bad it is when a control is not right: said once more, so that nobody changes it by accident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.samples.roles import ROLES

# By file (vars/Windows.yml, vars/Darwin.yml; main.yml is of both). All others are high; each vulnerability has its own.
SEVERITIES = {
    "low": {
        "main": {"forticlient_install.copied_installer"},
        "Darwin": {
            "forticlient_install.full_disk_access",
            "time_sync.servers",
            "time_sync.service",
            "vpn_profile.personal_connections",
            "vpn_profile.prompt_user_name",
        },
        "Windows": {
            "smb_client.guest_servers",
            "smb_client.old_servers",
            "smb_firewall_scope.old_clients",
            "time_sync.servers",
            "time_sync.service",
            "time_sync.type",
            "vpn_profile.certificate_filter",
            "vpn_profile.description",
            "vpn_profile.prompt_user_name",
            "vpn_profile.self_update",
        },
    },
    "medium": {
        "Darwin": {
            "forticlient_install.supported_macos",
            "fortissl_proxy.service_auto_detect",
            "fortissl_proxy.service_pac",
            "fortissl_proxy.service_pac_url",
            "rdp_enable.screen_sharing",
            "rdp_enable.sleep",
            "smb_firewall_scope.file_sharing",
            "vpn_profile.certificate_filter",
            "vpn_profile.custom_port",
            "vpn_profile.external_browser",
            "vpn_profile.other_connections",
            "vpn_profile.prompt_certificate",
        },
        "Windows": {
            "forticlient_install.supported_windows",
            "fortissl_proxy.browser_policy",
            "fortissl_proxy.firefox_mode",
            "fortissl_proxy.firefox_pac",
            "rdp_enable.closed_to_others",
            "rdp_enable.hibernation",
            "rdp_enable.remote_address",
            "rdp_enable.running",
            "rdp_enable.sleep",
            "smb_client.guests",
            "smb_client.signing",
            "smb_firewall_scope.enabled",
            "smb_firewall_scope.profiles",
            "smb_firewall_scope.share",
            "smb_firewall_scope.signing",
            "vpn_profile.external_browser",
            "vpn_profile.other_connections",
            "vpn_profile.prompt_certificate",
            "vpn_profile.server_certificate",
            "vpn_profile.user_connections",
        },
    },
}


def controls(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if {"id", "severity"} <= node.keys():
            yield node
        for value in node.values():
            yield from controls(value)
    elif isinstance(node, list):
        for value in node:
            yield from controls(value)


def test_each_control_is_as_bad_as_it_was_meant() -> None:
    found = {
        (control["severity"], path.stem, control["id"])
        for path in ROLES.glob("*/vars/*.yml")
        for control in controls(yaml.safe_load(path.read_text(encoding="utf-8")))
    }
    named = {
        (severity, file, name) for severity, files in SEVERITIES.items() for file, ids in files.items() for name in ids
    }
    assert len(found) > 100
    assert {one for one in found if one[0] not in ("high", "{severity}")} == named
    assert {name for severity, _, name in found if severity == "{severity}"} == {
        "forticlient_install.vulnerable_version"
    }
