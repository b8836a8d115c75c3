r"""What breaks the client itself, and what is only reported: the tables beside breakages.py.

BREAKAGES_CLIENT and BREAKAGES_STORE are repaired by installing again; BREAKAGES_REPORTED is found, with what to do,
and left alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.breakages import FORTICLIENT, RDP_TCP, SERVICES, value

SCRIPTS = Path(__file__).resolve().parents[2] / "roles/forticlient_install/files"
CLIENT_CODE = "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}"  # of 7.4.3.8758, and of every other build of 7.4.3
CLIENT_ENTRY = rf"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{CLIENT_CODE}"
COPIES = r"C:\Program Files\OffsiteEndpoints"
FOLDER = {"module": "ansible.windows.win_file", "args": {"path": COPIES, "state": "directory"}}
CLIENT_VARIABLES: dict[str, Any] = {
    "forticlient_install_restore_point": "skip",
    "forticlient_install_minimum_version": "7.4.3.1790",
    "forticlient_install_maximum_version": "7.4.3.8758",
    "forticlient_install_allow_downgrade": True,
    "forticlient_install_blocked_versions": [
        {"version": f"7.4.3.{build}", "reason": "a test"} for build in (2001, 2002, 2003)
    ],
}


def without(path: str) -> dict[str, Any]:
    """Return the call that deletes a file, or a folder with all it holds."""
    return {"module": "ansible.windows.win_file", "args": {"path": path, "state": "absent"}}


# The program of a service that runs cannot be deleted.
NO_SERVICE = {"module": "ansible.windows.win_service", "args": {"name": "FA_Scheduler", "state": "absent"}}


def versions(*texts: str) -> list[dict[str, Any]]:
    """Return the calls that let the client's entry show another version."""
    return [value(CLIENT_ENTRY, "DisplayVersion", text, "string") for text in texts]


BREAKAGES_CLIENT: list[dict[str, Any]] = [
    {
        "control": "forticlient_install.installed",
        "breakages": [
            {"module": "ansible.windows.win_package", "args": {"product_id": CLIENT_CODE, "state": "absent"}},
            {
                "module": "ansible.windows.win_regedit",
                "args": {"path": CLIENT_ENTRY, "state": "absent", "delete_key": True},
            },
            value(CLIENT_ENTRY, "DisplayName", "FortiClient VPN Trial", "string"),
        ],
    },
    {
        "control": "forticlient_install.program",
        "breakages": [
            without(r"C:\Program Files\Fortinet\FortiClient\FortiClient.exe"),
            without(r"C:\Program Files\Fortinet\FortiClient") | {"first": NO_SERVICE},
            without(r"C:\Program Files\Fortinet") | {"first": NO_SERVICE},
        ],
    },
    {"control": "forticlient_install.minimum_version", "breakages": versions("6.2.0.0780", "7.3", "7.1.9.9999")},
    {"control": "forticlient_install.maximum_version", "breakages": versions("7.4.3.8759", "7.4.4.1887", "8.0")},
    {"control": "forticlient_install.blocked_version", "breakages": versions("7.4.3.2001", "7.4.3.2002", "7.4.3.2003")},
    {
        "control": "forticlient_install.vulnerable_version",
        "also": ["forticlient_install.minimum_version"],
        "breakages": versions("7.4.2.1717", "7.2.2.0864", "7.0.12.0001"),
    },
    {
        # As a run leaves it that is cut off before the copy, during it, and behind it.
        "control": "forticlient_install.copied_installer",
        "breakages": [
            FOLDER,
            {"module": "ansible.windows.win_copy", "args": {"content": "half", "dest": rf"{COPIES}\FortiClient.msi"}}
            | {"first": FOLDER},
            {"module": "ansible.windows.win_copy", "args": {"content": "all", "dest": rf"{COPIES}\FortiClient.msi"}}
            | {"first": FOLDER},
        ],
    },
]

# The Store client, as it is after the role gave it to all users (test_forticlient_store.py).
STORE_FAMILY = "FortinetInc.FortiClient_sq9g7krz3c65j"
STORE_PACKAGE = "FortinetInc.FortiClient_1.0.1041.0_x64__sq9g7krz3c65j"
STORE_APPLICATIONS = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications"


def key(path: str, **what: Any) -> dict[str, Any]:
    """Return the call that makes a registry key, or does `what` to it."""
    return {"module": "ansible.windows.win_regedit", "args": {"path": path, **what}}


def script(name: str, **parameters: Any) -> dict[str, Any]:
    """Return the call of one of the role's scripts, for what no stock module can do."""
    text = f"{{{{ lookup('ansible.builtin.file', '{SCRIPTS / name}') }}}}"
    return {"module": "ansible.windows.win_powershell", "args": {"script": text, "parameters": parameters}}


BREAKAGES_STORE: list[dict[str, Any]] = [
    {
        "control": "forticlient_install.store_client",
        "breakages": [
            key(rf"{STORE_APPLICATIONS}\{STORE_PACKAGE}", state="absent", delete_key=True),
            key(STORE_APPLICATIONS, state="absent", delete_key=True),
            script("store_package.ps1", Family=STORE_FAMILY),
        ],
    },
]

# What is reported and never written. `status` where a record is not simply drifted.
UNINSTALL = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_X86 = r"HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
WINDOWS = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
REBOOT_REQUIRED = r"HKLM:\SOFTWARE\OffsiteEndpoints_RebootRequired\forticlient_install"
POLICIES = r"HKLM:\SOFTWARE\Policies"
FIREWALL = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
FIREWALL_RULES = rf"{FIREWALL}\FirewallRules"


def blocking(fields: str) -> dict[str, Any]:
    """Return the call that adds a rule of somebody else that blocks."""
    text = f"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|{fields}|Name=x|"
    return value(FIREWALL_RULES, "{B10C}", text, "string")


# The user who connects has nothing of FortiClient otherwise.
OUR_CLIENT = r"HKCU:\SOFTWARE\Fortinet\FortiClient"
BREAKAGES_REPORTED: list[dict[str, Any]] = [
    {
        "control": "forticlient_install.edition",
        "next": "find out who uses the other edition",
        "breakages": [
            value(CLIENT_ENTRY, "DisplayName", "FortiClient", "string"),
            value(rf"{UNINSTALL}\{{86A227AF-0000-4000-8000-000000000001}}", "DisplayName", "FortiClient", "string"),
            value(rf"{UNINSTALL_X86}\{{86A227AF-0000-4000-8000-000000000002}}", "DisplayName", "FortiClient", "string"),
        ],
    },
    {
        "control": "forticlient_install.supported_windows",
        "next": "forticlient_install_supported_builds",
        "breakages": [value(WINDOWS, "CurrentBuild", build, "string") for build in ("17763", "22000", "29999")],
    },
    {
        "control": "vpn_profile.other_connections",
        "next": "vpn_profile_allowed_connections",
        "breakages": [
            value(rf"{FORTICLIENT}\IPSec\Tunnels\IMR\P1", "RemoteGW", "fg.imr.tohoku.ac.jp", "string"),
            value(rf"{FORTICLIENT}\Sslvpn\Tunnels\Old", "Server", "130.34.226.190:443", "string"),
            value(rf"{FORTICLIENT}\IPSec\Tunnels\Old\P1", "RemoteGW", "130.34.226.190", "string"),
        ],
    },
    {
        "control": "vpn_profile.user_connections",
        "next": "vpn_profile_allowed_connections",
        "breakages": [
            value(rf"{OUR_CLIENT}\Sslvpn\Tunnels\IMR", "Server", "130.34.226.190:443", "string"),
            value(rf"{OUR_CLIENT}\Sslvpn\Tunnels\Old", "Server", "130.34.226.190:443", "string"),
            value(rf"{OUR_CLIENT}\IPSec\Tunnels\IMR\P1", "RemoteGW", "fg.imr.tohoku.ac.jp", "string"),
        ],
    },
    {
        "control": "forticlient_install.reboot_required",
        "next": "restart the machine",
        "breakages": [
            script("require_reboot.ps1", Owner="forticlient_install"),
            key(REBOOT_REQUIRED),
            value(REBOOT_REQUIRED, "By", "somebody", "string"),
        ],
    },
    {
        "control": "fortissl_proxy.browser_policy",
        "status": "managed_elsewhere",
        "breakages": [
            value(rf"{POLICIES}\Microsoft\Edge", "ProxySettings", '{"ProxyMode": "direct"}', "string"),
            value(rf"{POLICIES}\Microsoft\Edge", "ProxyMode", "direct", "string"),
            value(rf"{POLICIES}\Google\Chrome", "ProxyMode", "fixed_servers", "string"),
        ],
    },
    {
        "control": "smb_firewall_scope.reachable",
        "next": "disable the rule that is named",
        "breakages": [
            blocking("LPort=445|Profile=Domain"),
            value(rf"{FIREWALL}\DomainProfile", "DoNotAllowExceptions", 1, "dword"),
            value(rf"{FIREWALL}\PublicProfile", "DoNotAllowExceptions", 1, "dword"),
        ],
    },
    {
        "control": "smb_firewall_scope.reachable_now",
        "also": "smb_firewall_scope.reachable",
        "next": "Set-NetConnectionProfile",
        "breakages": [
            blocking("LPort=445|Profile=Private"),
            blocking("LPort=400-500|Profile=Private"),
            value(rf"{FIREWALL}\StandardProfile", "DoNotAllowExceptions", 1, "dword"),
        ],
    },
    {
        "control": "smb_firewall_scope.closed_to_others",
        "next": "narrow its remote addresses",
        "breakages": [
            value(
                FIREWALL_RULES, "{0PE4}", "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445|Name=x|", "string"
            ),
            value(rf"{FIREWALL}\DomainProfile", "DefaultInboundAction", 0, "dword"),
            value(rf"{FIREWALL}\PublicProfile", "EnableFirewall", 0, "dword"),
        ],
    },
    {
        "control": "rdp_enable.reachable",
        "next": "add an inbound rule for that port",
        "breakages": [
            blocking("LPort=3389|Profile=Domain"),
            blocking("LPort=3000-4000|Profile=Public"),
            value(rf"{FIREWALL}\PublicProfile", "DoNotAllowExceptions", 1, "dword"),
        ],
    },
    {
        "control": "rdp_enable.reachable_now",
        "also": "rdp_enable.reachable",
        "next": "Set-NetConnectionProfile",
        "breakages": [
            blocking("LPort=3389|Profile=Private"),
            value(RDP_TCP, "PortNumber", 3390, "dword"),
            value(rf"{FIREWALL}\StandardProfile", "DoNotAllowExceptions", 1, "dword"),
        ],
    },
    {
        "control": "rdp_enable.closed_to_others",
        "next": "narrow its remote addresses",
        "breakages": [
            value(
                FIREWALL_RULES,
                "{0PE4}",
                "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|Name=x|",
                "string",
            ),
            value(rf"{FIREWALL}\DomainProfile", "DefaultInboundAction", 0, "dword"),
            value(rf"{FIREWALL}\PublicProfile", "EnableFirewall", 0, "dword"),
        ],
    },
    {
        "control": "smb_firewall_scope.answers",
        "next": "find out who set the value named above",
        "breakages": [
            value(rf"{SERVICES}\LanmanServer\Parameters", "SMB2", 0, "dword"),
            value(rf"{SERVICES}\NetBT\Parameters", "SMBDeviceEnabled", 0, "dword"),
            value(rf"{SERVICES}\NetBT\Parameters", "smbdeviceenabled", 0, "dword"),
        ],
    },
    # Whether there is any share, and what cannot sign, is told and not wrong; what cannot be read is.
    {
        "control": "smb_firewall_scope.share",
        "status": "error",
        "breakages": [
            value(rf"{SERVICES}\LanmanServer\Shares", "data", r"C:\data", "string"),
            value(rf"{SERVICES}\LanmanServer\Shares", "data", [r"Path=C:\data"], "multistring"),
            value(rf"{SERVICES}\LanmanServer\Shares", "data", 0, "dword"),
        ],
    },
    {
        "control": "smb_client.old_servers",
        "status": "error",
        "breakages": [
            value(rf"{SERVICES}\LanmanWorkstation\Parameters", "RequireSecuritySignature", text, "string")
            for text in ("0", "1", "off")
        ],
    },
    {
        "control": "smb_client.guest_servers",
        "status": "error",
        "breakages": [
            value(rf"{SERVICES}\LanmanWorkstation\Parameters", "AllowInsecureGuestAuth", text, "string")
            for text in ("0", "1", "on")
        ],
    },
    {
        "control": "smb_firewall_scope.old_clients",
        "status": "error",
        "breakages": [
            value(rf"{SERVICES}\LanmanServer\Parameters", "RequireSecuritySignature", text, "string")
            for text in ("0", "1", "off")
        ],
    },
]
