"""State documents for the tests of the comparison, as the readers make them, and the reads that they answer."""

from __future__ import annotations

import copy
from typing import Any

TUNNELS = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
LOCAL_RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY_RULES = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"
PRIVATE = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile"
BEFORE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
PLIST = "/Library/Application Support/Fortinet/FortiClient/conf/vpn.plist"
BEFORE_PLIST = "/Library/Application Support/OffsiteEndpoints/before.plist"
APP = "/Applications/FortiClient.app/Contents/Info.plist"

SMB_IN = (
    "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Private|LPort=445|RA4=LocalSubnet|"
    "RA4=172.31.0.0/255.255.0.0|RA6=LocalSubnet|App=System|Name=@FirewallAPI.dll,-28511|"
    "EmbedCtxt=@FirewallAPI.dll,-28502|"
)
WINDOWS_READS: dict[str, Any] = {
    "registry": [
        {"path": TUNNELS, "depth": 1},
        {"path": UNINSTALL, "values": ["DisplayName", "DisplayVersion"], "depth": 1},
        {"path": UNINSTALL_32, "values": ["DisplayName", "DisplayVersion"], "depth": 1},
        {"path": LOCAL_RULES, "values": ["FPS-SMB-In-TCP*"]},
        {"path": POLICY_RULES},
        {"path": PRIVATE, "values": ["AllowLocalPolicyMerge"]},
    ],
    "services": ["TermService", "Nosuch"],
    "groups": ["S-1-5-32-555"],
}
MAC_READS: dict[str, Any] = {
    "plists": [{"path": PLIST, "keys": ["Profiles/*/Server", "Profiles/*/ServerPort", "EnableSSL"]}],
    "files": [APP],
}


def sz(data: str) -> dict[str, Any]:
    return {"type": "REG_SZ", "data": data}


def dword(data: int) -> dict[str, Any]:
    return {"type": "REG_DWORD", "data": data}


def key(values: dict[str, Any] | None = None, keys: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"exists": True, "values": values or {}, "keys": keys or {}}


MISSING: dict[str, Any] = {"exists": False}

_WINDOWS: dict[str, Any] = {
    "schema": 1,
    "platform": "Windows",
    "system": {
        "computer_name": "PC1",
        "edition_id": "Professional",
        "installation_type": "Client",
        "display_version": "23H2",
        "build": 22631,
        "ubr": 4317,
        "ui_culture": "ja-JP",
        "architecture": "AMD64",
        "powershell": "5.1.22621.4249",
        "part_of_domain": False,
    },
    "registry": {
        TUNNELS: key(
            keys={
                "IMR": key({"Server": sz("fg.imr.tohoku.ac.jp:443"), "promptusername": dword(1), "DATA1": sz("Enc")}),
                "Home": key({"Server": sz("vpn.example.com:10443")}),
            }
        ),
        UNINSTALL: key(
            keys={"{15C7}": key({"DisplayName": sz("FortiClient VPN"), "DisplayVersion": sz("7.4.3.1790")})}
        ),
        UNINSTALL_32: key(keys={"7-Zip": key({"DisplayName": sz("7-Zip")})}),
        LOCAL_RULES: key({"FPS-SMB-In-TCP": sz(SMB_IN)}),
        POLICY_RULES: MISSING,
        PRIVATE: MISSING,
        BEFORE: MISSING,
    },
    "users": {},
    "services": {
        "TermService": {"exists": True, "start_mode": "Manual", "state": "Stopped"},
        "Nosuch": {"exists": False},
    },
    "groups": {
        "S-1-5-32-555": {
            "exists": True,
            "name": "Remote Desktop Users",
            "members": [{"sid": "S-1-5-21-1-2-3-1001", "name": "PC1\\taro"}, {"sid": "S-1-12-1-9", "name": None}],
        }
    },
    "files": {},
    "appx": {},
    "networks": {},
    "reboot_pending": {
        "component_based_servicing": False,
        "windows_update": False,
        "file_rename": False,
        "computer_rename": False,
    },
    "tunnel": {"active": False, "adapters": []},
}
_MAC: dict[str, Any] = {
    "schema": 1,
    "platform": "Darwin",
    "system": {
        "computer_name": "mac1",
        "product_version": "15.1",
        "build": "24B83",
        "architecture": "arm64",
        "python": "3.9.6",
    },
    "plists": {
        PLIST: {
            "exists": True,
            "format": "binary",
            "owner": "root",
            "group": "wheel",
            "mode": "0644",
            "data": {
                "EnableSSL": 1,
                "Profiles": {"IMR": {"Server": "fg.imr.tohoku.ac.jp", "ServerPort": 443}, "Home": {"Server": "x"}},
            },
        },
        BEFORE_PLIST: {"exists": False},
    },
    "files": {APP: {"exists": True, "type": "file", "owner": "root", "group": "wheel", "mode": "0644"}},
    "console_user": "taro",
    "tools": {"network_time": {"server": "time.apple.com", "on": True}, "broken": {"error": "no root"}},
    "tunnel": {"active": True, "services": [{"id": "A", "name": "IMR", "status": "Connected", "type": "VPN"}]},
}


def windows() -> dict[str, Any]:
    return copy.deepcopy(_WINDOWS)


def mac() -> dict[str, Any]:
    return copy.deepcopy(_MAC)


def tunnel_control(**changes: Any) -> dict[str, Any]:
    control: dict[str, Any] = {
        "id": "vpn_profile.server",
        "title": "The connection has the desired remote gateway",
        "why": "service.md#gateway",
        "severity": "high",
        "each": [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp", "port": 443}],
        "applies_if": [
            {"where": {"product": "FortiClient VPN"}, "is": "present", "reason": "FortiClient VPN is not installed"}
        ],
        "where": {"registry": TUNNELS + r"\{name}", "value": "Server", "type": "REG_SZ"},
        "expected": "{gateway}:{port}",
        "compare": "text",
    }
    return {**control, **changes}


def prompt_control(**changes: Any) -> dict[str, Any]:
    where = {"registry": TUNNELS + r"\{name}", "value": "promptusername", "type": "REG_DWORD"}
    return tunnel_control(
        id="vpn_profile.prompt_user_name", where=where, expected=1, compare="number", severity="low", **changes
    )


def scope_control(**changes: Any) -> dict[str, Any]:
    control: dict[str, Any] = {
        "id": "smb_firewall_scope.remote_address",
        "title": "File shares can be reached from the named networks only",
        "why": "service.md#file-shares",
        "severity": "high",
        "each": [{"name": "FPS-SMB-In-TCP"}],
        "where": {"firewall_rule": "{name}", "field": "remote_address"},
        "expected": ["LocalSubnet", "172.31.0.0/16"],
        "compare": "addresses",
    }
    return {**control, **changes}


def mac_control(**changes: Any) -> dict[str, Any]:
    control = tunnel_control(
        applies_if=[{"where": {"file": APP, "attribute": "exists"}, "is": "present", "reason": "not installed"}],
        where={"plist": PLIST, "key": ["Profiles", "{name}", "Server"]},
        expected="{gateway}",
    )
    return {**control, **changes}
