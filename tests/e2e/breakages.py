r"""What a user, an update or another tool does to a prepared Windows machine: three ways or more for every control.

Each breakage is one call of a stock module. The audit has to find exactly the control (and `also`: what rightly drifts
with it); site.yml has to repair it; afterwards the machine's state is what it was before the breakage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.windows.machine.power import BALANCED, HIBERNATE, SCHEMES, SLEEP, STANDBY
from lab.windows.seed import build_windows, variants

# Variables beside the inventory's, so that every control is there: what the example leaves to each organisation.
VARIABLES: dict[str, Any] = {
    "fortissl_proxy_manage_lan": True,
    "smb_firewall_scope_profiles": ["Private"],
    "smb_firewall_scope_disable_other_rules": True,
    "smb_firewall_scope_require_signing": True,
    "rdp_enable_users": ["labadmin"],
    "rdp_enable_remote_addresses": ["LocalSubnet", "172.31.0.0/16"],
    "rdp_enable_keep_awake": True,
    "smb_client_require_signing": True,
    "smb_client_allow_guests": False,
    "time_sync_enable": True,
    "time_sync_servers": ["ntp1.example.org", "ntp2.example.org", "ntp3.example.org"],
}
SET_FIREWALL_RULE = Path(__file__).resolve().parents[2] / "roles/endpoint_controls/files/set_firewall_rule.ps1"
LSA = r"HKLM:\SYSTEM\CurrentControlSet\Control\Lsa"
LANMAN_WORKSTATION = r"HKLM:\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters"
LANMAN_SERVER = r"HKLM:\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
TERMINAL_SERVER = r"HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server"
PLAN = rf"{SCHEMES}\{BALANCED}\{SLEEP}".replace("HKLM", "HKLM:", 1)
RDP_TCP = TERMINAL_SERVER + r"\WinStations\RDP-Tcp"
SERVICES = r"HKLM:\SYSTEM\CurrentControlSet\Services"
REMOTE_DESKTOP_GROUP = "@FirewallAPI.dll,-28752"
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
FORTICLIENT = r"HKLM:\SOFTWARE\Fortinet\FortiClient"
NETWORKS = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles"
CONNECTION = ["server", "description", "prompt_user_name", "prompt_certificate", "server_certificate", "single_sign_on"]


def value(path: str, name: str, data: Any, type_: str) -> dict[str, Any]:
    """Return the call that sets a registry value."""
    return {"module": "ansible.windows.win_regedit", "args": {"path": path, "name": name, "data": data, "type": type_}}


def gone(path: str, name: str) -> dict[str, Any]:
    """Return the call that removes a registry value."""
    return {"module": "ansible.windows.win_regedit", "args": {"path": path, "name": name, "state": "absent"}}


def rule(name: str, **parameters: Any) -> dict[str, Any]:
    """Return the call that changes one firewall rule; no stock module finds a rule by its language-neutral name."""
    script = f"{{{{ lookup('ansible.builtin.file', '{SET_FIREWALL_RULE}') }}}}"
    return {
        "module": "ansible.windows.win_powershell",
        "args": {"script": script, "parameters": {"Rule": name, **parameters}},
    }


def rules(group: str, **options: Any) -> dict[str, Any]:
    """Return the call that changes all firewall rules of a group."""
    return {"module": "community.windows.win_firewall_rule", "args": {"group": group, **options}}


def service(name: str, **options: Any) -> dict[str, Any]:
    """Return the call that changes a service. A start mode in its key alone would count from the next restart on."""
    return {"module": "ansible.windows.win_service", "args": {"name": name, **options}}


# The controls of the outcome that drift in each round, by what is broken in it together. On the first machine a rule
# that the second does not have (FPS-SMB-In-TCP-V2) still lets people in.
_OPEN = {"smb_firewall_scope.closed_to_others", "rdp_enable.reachable", "rdp_enable.reachable_now"}
_SHUT = {"smb_firewall_scope.reachable", "smb_firewall_scope.reachable_now"}
OUTCOMES_OF_ROUNDS: list[dict[str, set[str]]] = [
    {"win-01": _OPEN, "win-02": _OPEN | _SHUT},
    {"win-01": _OPEN, "win-02": _OPEN | _SHUT},
    dict.fromkeys(("win-01", "win-02"), _OPEN | {"rdp_enable.closed_to_others"}),
]

# The settings of a connection as new users begin with them; the counter of what is written anew is 1, so a breakage
# with counter 0 is back at 1 after its repair.
NEW_USERS = {"path": r"HKLM:\ANSIBLE\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"}
NEW_USERS |= {"hive": r"C:\Users\Default\NTUSER.DAT"}
OURSELVES = {"path": r"HKCU:\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"}
FIREFOX = r"HKLM:\SOFTWARE\Policies\Mozilla\Firefox\Proxy"
PAC = "http://proxy.imr.tohoku.ac.jp/proxy.pac"


def proxy(flags: int, pac: str = PAC, version: int = 0x46) -> str:
    """Return proxy settings as win_regedit takes binary data: no manual proxy, no exceptions, counter 0."""
    sizes = (version, 0, flags, 0, 0, len(pac))
    data = b"".join(number.to_bytes(4, "little") for number in sizes) + pac.encode() + bytes(32)
    return data.hex(",")


def connection(whose: dict[str, str], name: str, **what: Any) -> dict[str, Any]:
    """Return the call that changes one connection's proxy settings of one user."""
    return {"module": "ansible.windows.win_regedit", "args": {**whose, "name": name, **what}}


def vpn_network(name: str, seed: int = 1) -> str:
    """Return the key of the VPN's network on a lab machine where Windows knows it; its GUID comes from the seed."""
    number = int(name.removeprefix("win-"))
    registry = build_windows(name, variants(number, seed)[number - 1], seed).registry
    path = NETWORKS.replace(":", "", 1)
    (found,) = (key for key in registry.keys(path) if registry.data(f"{path}\\{key}", "ProfileName") == "fortissl")
    return f"{NETWORKS}\\{found}"


BREAKAGES: list[dict[str, Any]] = [
    {
        "control": "vpn_profile.server",
        "breakages": [
            value(TUNNEL, "Server", "130.34.226.190:443", "string"),
            value(TUNNEL, "Server", "fg.imr.tohoku.ac.jp:10443", "string"),
            value(TUNNEL, "Server", 443, "dword"),
            gone(TUNNEL, "Server"),
        ],
    },
    {
        "control": "vpn_profile.description",
        "breakages": [
            value(TUNNEL, "Description", "", "string"),
            value(TUNNEL, "Description", "imr ssl-vpn", "string"),
            gone(TUNNEL, "Description"),
        ],
    },
    {
        "control": "vpn_profile.prompt_user_name",
        "breakages": [
            value(TUNNEL, "promptusername", 0, "dword"),
            value(TUNNEL, "promptusername", "1", "string"),
            gone(TUNNEL, "promptusername"),
        ],
    },
    {
        "control": "vpn_profile.prompt_certificate",
        "breakages": [
            value(TUNNEL, "promptcertificate", 1, "dword"),
            value(TUNNEL, "promptcertificate", 0, "qword"),
            gone(TUNNEL, "promptcertificate"),
        ],
    },
    {
        "control": "vpn_profile.server_certificate",
        "breakages": [
            value(TUNNEL, "ServerCert", "0", "string"),
            value(TUNNEL, "ServerCert", 1, "dword"),
            gone(TUNNEL, "ServerCert"),
        ],
    },
    {
        "control": "vpn_profile.single_sign_on",
        "breakages": [
            value(TUNNEL, "sso_enabled", 1, "dword"),
            value(TUNNEL, "sso_enabled", "0", "string"),
            gone(TUNNEL, "sso_enabled"),
        ],
    },
    # --- smb_firewall_scope -------------------------------------------------------------------------------------------
    {
        "control": "smb_firewall_scope.remote_address",
        "breakages": [
            rule("FPS-SMB-In-TCP", RemoteAddress=["Any"]),
            rule("FPS-SMB-In-TCP", RemoteAddress=["LocalSubnet"]),
            rule("FPS-SMB-In-TCP-NoScope", RemoteAddress=["LocalSubnet", "172.31.0.0/255.255.0.0", "198.51.100.7"]),
        ],
    },
    {
        "control": "smb_firewall_scope.enabled",
        "also": ["smb_firewall_scope.remote_address"],
        "breakages": [
            rule("FPS-SMB-In-TCP", Enabled=False),
            rule("FPS-SMB-In-TCP-NoScope", Enabled=False),
            rule("FPS-SMB-In-TCP", Enabled=False, RemoteAddress=["Any"]),
        ],
    },
    {
        "control": "smb_firewall_scope.profiles",
        "breakages": [
            rule("FPS-SMB-In-TCP", ProfileName=["Private", "Public"]),
            rule("FPS-SMB-In-TCP", ProfileName=["Domain", "Private", "Public"]),
            rule("FPS-SMB-In-TCP", ProfileName=["Public"]),
        ],
    },
    {
        # Rules of Windows for other services, which share the port; they let everybody in.
        "control": "smb_firewall_scope.other_rules",
        "breakages": [
            rule("RemoteSvcAdmin-NP-In-TCP-NoScope", Enabled=True),
            rule("RemoteEventLogSvc-NP-In-TCP-NoScope", Enabled=True),
            rule("Netlogon-NamedPipe-In", Enabled=True),
        ],
    },
    {
        "control": "smb_firewall_scope.blank_passwords",
        "breakages": [
            value(LSA, "LimitBlankPasswordUse", 0, "dword"),
            value(LSA, "LimitBlankPasswordUse", "1", "string"),
            gone(LSA, "LimitBlankPasswordUse"),
        ],
    },
    {
        "control": "smb_firewall_scope.guests",
        "breakages": [
            value(LSA, "forceguest", 1, "dword"),
            value(LSA, "forceguest", "0", "string"),
            gone(LSA, "forceguest"),
        ],
    },
    {
        "control": "smb_firewall_scope.anonymous_users",
        "breakages": [
            value(LSA, "everyoneincludesanonymous", 1, "dword"),
            value(LSA, "everyoneincludesanonymous", 0, "qword"),
            gone(LSA, "everyoneincludesanonymous"),
        ],
    },
    {
        "control": "smb_firewall_scope.anonymous_shares",
        "breakages": [
            value(LANMAN_SERVER, "RestrictNullSessAccess", 0, "dword"),
            value(LANMAN_SERVER, "RestrictNullSessAccess", "1", "string"),
            gone(LANMAN_SERVER, "RestrictNullSessAccess"),
        ],
    },
    {
        "control": "smb_firewall_scope.service",
        "breakages": [
            service("LanmanServer", start_mode="disabled"),
            service("LanmanServer", start_mode="manual"),
            service("LanmanServer", start_mode="disabled", state="stopped"),
        ],
    },
    {
        "control": "smb_firewall_scope.running",
        "also": ["smb_firewall_scope.service"],
        "breakages": [
            service("LanmanServer", state="stopped"),
            service("LanmanServer", state="paused"),
            service("LanmanServer", state="stopped", start_mode="disabled"),
        ],
    },
    {
        "control": "smb_firewall_scope.signing",
        "breakages": [
            value(LANMAN_SERVER, "RequireSecuritySignature", 0, "dword"),
            value(LANMAN_SERVER, "RequireSecuritySignature", "1", "string"),
            gone(LANMAN_SERVER, "RequireSecuritySignature"),
        ],
    },
    # --- rdp_enable ---------------------------------------------------------------------------------------------------
    {
        "control": "rdp_enable.connections",
        "hosts": "pro",
        "breakages": [
            value(TERMINAL_SERVER, "fDenyTSConnections", 1, "dword"),
            value(TERMINAL_SERVER, "fDenyTSConnections", "0", "string"),
            gone(TERMINAL_SERVER, "fDenyTSConnections"),
        ],
    },
    {
        "control": "rdp_enable.nla",
        "hosts": "pro",
        "breakages": [
            value(RDP_TCP, "UserAuthentication", 0, "dword"),
            value(RDP_TCP, "UserAuthentication", 1, "qword"),
            gone(RDP_TCP, "UserAuthentication"),
        ],
    },
    {
        "control": "rdp_enable.listener",
        "hosts": "pro",
        "breakages": [
            value(RDP_TCP, "fEnableWinStation", 0, "dword"),
            value(RDP_TCP, "fEnableWinStation", "1", "string"),
            gone(RDP_TCP, "fEnableWinStation"),
        ],
    },
    {
        "control": "rdp_enable.service",
        "hosts": "pro",
        "breakages": [
            service("TermService", start_mode="disabled"),
            service("TermService", start_mode="disabled", state="stopped"),
            service("TermService", start_mode="disabled", state="stopped", force_dependent_services=True),
        ],
    },
    {
        "control": "rdp_enable.running",
        "hosts": "pro",
        "also": ["rdp_enable.service"],
        "breakages": [
            service("TermService", state="stopped"),
            service("TermService", state="stopped", start_mode="disabled"),
            service("TermService", state="stopped", force_dependent_services=True),
        ],
    },
    {
        "control": "rdp_enable.firewall",
        "hosts": "pro",
        "breakages": [
            rules(REMOTE_DESKTOP_GROUP, enabled=False),
            rule("RemoteDesktop-UserMode-In-TCP", Enabled=False),
            rule("RemoteDesktop-UserMode-In-UDP", Enabled=False),
        ],
    },
    {
        "control": "rdp_enable.sleep",
        "hosts": "pro",
        "breakages": [value(rf"{PLAN}\{STANDBY}", "ACSettingIndex", seconds, "dword") for seconds in (1, 300, 18000)],
    },
    {
        "control": "rdp_enable.hibernation",
        "hosts": "pro",
        "breakages": [value(rf"{PLAN}\{HIBERNATE}", "ACSettingIndex", seconds, "dword") for seconds in (1, 300, 18000)],
    },
    {
        "control": "rdp_enable.remote_address",
        "hosts": "pro",
        "breakages": [
            rule("RemoteDesktop-UserMode-In-TCP", RemoteAddress=["Any"]),
            rule("RemoteDesktop-UserMode-In-UDP", RemoteAddress=["LocalSubnet"]),
            rule("RemoteDesktop-UserMode-In-TCP", RemoteAddress=["198.51.100.0/255.255.255.0"]),
        ],
    },
    {
        "control": "rdp_enable.users",
        "hosts": "pro",
        "breakages": [
            {
                "module": "ansible.windows.win_group_membership",
                "args": {"name": "Remote Desktop Users", "members": ["labadmin"], "state": "absent"},
            },
            {
                "module": "ansible.windows.win_user",
                "args": {"name": "labadmin", "groups": ["Remote Desktop Users"], "groups_action": "remove"},
            },
            {
                "module": "ansible.windows.win_user",
                "args": {"name": "labadmin", "groups": ["Administrators", "Users"], "groups_action": "replace"},
            },
        ],
    },
    # --- vpn_profile: the client and the network ----------------------------------------------------------------------
    {
        "control": "vpn_profile.certificate_warning",
        "breakages": [
            value(FORTICLIENT + r"\Sslvpn", "no_warn_invalid_cert", 1, "dword"),
            value(FORTICLIENT + r"\Sslvpn", "no_warn_invalid_cert", "0", "string"),
            gone(FORTICLIENT + r"\Sslvpn", "no_warn_invalid_cert"),
        ],
    },
    {
        "control": "vpn_profile.self_update",
        "breakages": [
            value(FORTICLIENT + r"\FA_UPDATE", "enabled", 1, "dword"),
            value(FORTICLIENT + r"\FA_UPDATE", "enabled", "0", "string"),
            gone(FORTICLIENT + r"\FA_UPDATE", "enabled"),
        ],
    },
    {
        "control": "vpn_profile.network_category",
        "hosts": "win-02",
        "breakages": [
            value(vpn_network("win-02"), "Category", 0, "dword"),
            value(vpn_network("win-02"), "Category", "1", "string"),
            gone(vpn_network("win-02"), "Category"),
        ],
    },
    # --- time_sync ----------------------------------------------------------------------------------------------------
    {
        "control": "time_sync.servers",
        "breakages": [
            value(SERVICES + r"\W32Time\Parameters", "NtpServer", "time.windows.com,0x9", "string"),
            value(SERVICES + r"\W32Time\Parameters", "NtpServer", "ntp1.example.org,0x8", "string"),
            gone(SERVICES + r"\W32Time\Parameters", "NtpServer"),
        ],
    },
    {
        "control": "time_sync.type",
        "breakages": [
            value(SERVICES + r"\W32Time\Parameters", "Type", "NoSync", "string"),
            value(SERVICES + r"\W32Time\Parameters", "Type", "NT5DS", "string"),
            gone(SERVICES + r"\W32Time\Parameters", "Type"),
        ],
    },
    {
        "control": "time_sync.service",
        "breakages": [
            service("W32Time", start_mode="disabled"),
            service("W32Time", start_mode="disabled", state="stopped"),
            service("W32Time", start_mode="disabled", state="stopped", force_dependent_services=True),
        ],
    },
    # --- smb_client ---------------------------------------------------------------------------------------------------
    {
        "control": "smb_client.signing",
        "breakages": [
            value(LANMAN_WORKSTATION, "RequireSecuritySignature", 0, "dword"),
            value(LANMAN_WORKSTATION, "RequireSecuritySignature", "1", "string"),
            gone(LANMAN_WORKSTATION, "RequireSecuritySignature"),
        ],
    },
    {
        "control": "smb_client.guests",
        "breakages": [
            value(LANMAN_WORKSTATION, "AllowInsecureGuestAuth", 1, "dword"),
            value(LANMAN_WORKSTATION, "AllowInsecureGuestAuth", "0", "string"),
            gone(LANMAN_WORKSTATION, "AllowInsecureGuestAuth"),
        ],
    },
    # --- fortissl_proxy -----------------------------------------------------------------------------------------------
    {
        "control": "fortissl_proxy.connection",
        "breakages": [
            connection(NEW_USERS, "fortissl", state="absent"),
            connection(NEW_USERS, "IMR", data=proxy(0b0001, ""), type="binary"),
            connection(NEW_USERS, "fortissl", data=proxy(0b1101), type="binary"),
            connection(NEW_USERS, "fortissl", data=proxy(0b0100), type="binary"),
            connection(NEW_USERS, "fortissl", data=proxy(0b0111), type="binary"),
            connection(NEW_USERS, "IMR", data=proxy(0b0101, "http://wpad.example.jp/wpad.dat"), type="binary"),
            connection(NEW_USERS, "IMR", data=proxy(0b0101, version=0x3C), type="binary"),
            connection(NEW_USERS, "IMR", data="46,00,00", type="binary"),
            connection(NEW_USERS, "IMR", data=PAC, type="string"),
            connection(OURSELVES, "fortissl", state="absent"),
            connection(OURSELVES, "IMR", data=proxy(0b1001), type="binary"),
        ],
    },
    {
        "control": "fortissl_proxy.lan",
        "breakages": [
            connection(NEW_USERS, "DefaultConnectionSettings", data=proxy(0b1001, ""), type="binary"),
            connection(NEW_USERS, "SavedLegacySettings", data=proxy(0b0101, "http://wpad.example.jp/"), type="binary"),
            connection(NEW_USERS, "DefaultConnectionSettings", state="absent"),
        ],
    },
    {
        "control": "fortissl_proxy.firefox_mode",
        "breakages": [
            value(FIREFOX, "Mode", "system", "string"),
            value(FIREFOX, "Mode", "autoconfig", "string"),
            value(FIREFOX, "Mode", 4, "dword"),
            gone(FIREFOX, "Mode"),
        ],
    },
    {
        "control": "fortissl_proxy.firefox_pac",
        "breakages": [
            value(FIREFOX, "AutoConfigURL", "http://wpad.example.jp/wpad.dat", "string"),
            value(FIREFOX, "AutoConfigURL", PAC, "expandstring"),
            gone(FIREFOX, "AutoConfigURL"),
        ],
    },
]

# With one set of proxy settings for the whole machine those of each user are out of force, so these have a run of
# their own (test_fortissl_proxy.py).
MACHINE_PROXY = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
OF_THE_MACHINE = {"path": r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"}
BREAKAGES_MACHINE_WIDE: list[dict[str, Any]] = [
    {
        "control": "fortissl_proxy.one_for_all",
        "breakages": [
            value(MACHINE_PROXY, "ProxySettingsPerUser", 1, "dword"),
            value(MACHINE_PROXY, "ProxySettingsPerUser", "0", "string"),
            gone(MACHINE_PROXY, "ProxySettingsPerUser"),
        ],
    },
    {
        "control": "fortissl_proxy.machine_connection",
        "breakages": [
            connection(OF_THE_MACHINE, "IMR", state="absent"),
            connection(OF_THE_MACHINE, "fortissl", data=proxy(0b1001, ""), type="binary"),
            connection(OF_THE_MACHINE, "IMR", data=proxy(0b0101, "http://wpad.example.jp/wpad.dat"), type="binary"),
        ],
    },
]

# A Store connection is its user's own, so what breaks it is done as that user (test_vpn_profile.py): the parameters of
# set_vpn_connection.ps1.
STORE_CONNECTION: dict[str, Any] = {
    "Present": True,
    "Plugin": "FortinetInc.FortiClient_sq9g7krz3c65j",
    "CustomConfiguration": "<forticlient>0</forticlient>",
    "ServerAddress": "https://fg.imr.tohoku.ac.jp",
    "ProxyScript": PAC,
}
BREAKAGES_STORE_CONNECTION: list[dict[str, Any]] = [
    {
        "control": "vpn_profile.store_connection",
        "breakages": [
            {"Present": False},
            {**STORE_CONNECTION, "ServerAddress": "https://130.34.226.190"},
            {**STORE_CONNECTION, "ProxyScript": "http://wpad.example.org/wpad.dat"},
            {**STORE_CONNECTION, "AutoDetect": True},
        ],
    },
]
