"""Conditions a machine can be found in, and policies of a stronger owner.

fresh    Windows only, no FortiClient, everything at its default
clean    FortiClient installed by hand, nothing set up for the service yet
half     some of the service set up, by hand and not by the book
managed  like clean, and Group Policy owns the firewall's local rules and Remote Desktop
drifted  set up once by the book, then changed by people, updates and other software
"""

from __future__ import annotations

import random

from lab.windows.machine import SERVICES, SESSION_MANAGER, TERMINAL_SERVER, Machine, restore_points
from lab.windows.machine.accounts import REMOTE_DESKTOP_USERS
from lab.windows.machine.built_in_rules import RULES, VERSIONS
from lab.windows.machine.filesystem import FileSystem
from lab.windows.machine.forticlient import KEY, TUNNELS, installed_version
from lab.windows.machine.registry import Value
from lab.windows.machine.restart import PENDING_KEYS
from lab.windows.seed.network import PRIVATE, PUBLIC, VPN, WIRED, add_profile
from lab.windows.seed.users import (
    AUTO_DETECT,
    CONNECTIONS,
    DIRECT,
    MANUAL,
    PAC,
    PHONEBOOK,
    close_hive,
    hive_of,
    proxy_blob,
)
from lab.windows.seed.windows import LSA, RDP_TCP, W32TIME, number, text

CONDITIONS = ("clean", "half", "drifted", "fresh", "managed")
# Values of some other organisation: no machine of the lab starts with those that an inventory asks for.
SERVER_BY_ADDRESS = "203.0.113.26:443"
OLD_SERVER = "oldvpn.example.ac.jp:10443"
PAC_URL = "http://proxy.example.ac.jp/proxy.pac"
OLD_PAC_URL = "http://www.example.ac.jp/proxy.pac"
OLD_CLIENTS = "198.51.100.0/255.255.255.0"
POLICY_FIREWALL = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
UNIDENTIFIED_NETWORKS = (
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\CurrentVersion\NetworkList\Signatures"
    r"\010103000F0000F0010000000F0000F0C967A3643C3AD745950DA7859209176EF5B87C875FA20DF21951640E807D7C24"
)
POLICY_TERMINAL = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"


def put_condition(machine: Machine, condition: str, people: list[str], rng: random.Random) -> None:
    """Bring a seeded machine into a condition; `people` are the SIDs of its users, the owner first."""
    if condition == "half":
        _half(machine, people, rng)
    elif condition == "drifted":
        _drifted(machine, people, rng)
    elif condition in ("clean", "managed"):
        restore_points.protect(machine)
    if condition == "managed":
        apply_group_policy(machine, "no_local_rules")
        apply_group_policy(machine, "remote_desktop_off")


def tunnel(server: str, promptusername: int = 1, description: str = "") -> dict[str, Value]:
    """Return the values of a FortiClient connection as its own window writes them.

    Source: docs/sources/forticlient.md#values-of-a-tunnel.
    """
    return {
        "Description": text(description),
        "Server": text(server),
        "promptusername": number(promptusername),
        "promptcertificate": number(0),
        "ServerCert": text("1"),
        "sso_enabled": number(0),
        "use_external_browser": number(0),
        "azure_auto_login": number(0),
    }


def _half(machine: Machine, people: list[str], rng: random.Random) -> None:
    """Connection by address, proxy for the owner only, shares for the local subnet, Remote Desktop without NLA."""
    machine.registry.update(TUNNELS + r"\IMR", tunnel(SERVER_BY_ADDRESS))
    _vpn_network(machine, rng, PUBLIC)
    _proxy(machine, people[0], proxy_blob(DIRECT | AUTO_DETECT | PAC, pac=PAC_URL, counter=4))
    edit_rule(machine, "FPS-SMB-In-TCP", ("Active=FALSE", "Active=TRUE"))
    if machine.edition_id != "Core":  # Home has no Remote Desktop host
        machine.registry.set(TERMINAL_SERVER, "fDenyTSConnections", number(0))
        machine.registry.set(RDP_TCP, "UserAuthentication", number(0))
        edit_rule(machine, "RemoteDesktop-UserMode-In-TCP", ("Active=FALSE", "Active=TRUE"))
        machine.start_service("TermService")
    machine.registry.create(PENDING_KEYS[0])


def _drifted(machine: Machine, people: list[str], rng: random.Random) -> None:
    """Old address of the PAC, scopes opened to everyone, Remote Desktop switched off again, services changed."""
    machine.registry.update(TUNNELS + r"\IMR", tunnel(OLD_SERVER, promptusername=0))
    machine.registry.update(KEY + r"\FA_UPDATE", {"enabled": number(0)})
    _vpn_network(machine, rng, PUBLIC)
    for index, sid in enumerate(people):
        good = proxy_blob(DIRECT | PAC, pac=PAC_URL, counter=9)
        _proxy(
            machine, sid, proxy_blob(DIRECT | PAC | MANUAL, "127.0.0.1:8888", pac=OLD_PAC_URL) if index == 0 else good
        )
    edit_rule(machine, "FPS-SMB-In-TCP", ("Active=FALSE", "Active=TRUE"), ("RA4=LocalSubnet|RA6=LocalSubnet|", ""))
    edit_rule(
        machine,
        "FPS-SMB-In-TCP-NoScope",
        ("Active=FALSE", "Active=TRUE"),
        ("LPort=445|", f"LPort=445|RA4={OLD_CLIENTS}|"),
    )
    edit_rule(machine, "FPS-SMB-In-TCP-V2", ("Active=FALSE", "Active=TRUE"))
    # As a recipe of the web has it for shares without a password.
    machine.registry.set(LSA, "everyoneincludesanonymous", number(1))
    machine.registry.set(SERVICES + r"\LanmanServer\Parameters", "RestrictNullSessAccess", number(0))
    machine.registry.set(TERMINAL_SERVER, "fDenyTSConnections", number(1))
    machine.registry.set(rf"{SERVICES}\TermService", "Start", number(4))
    machine.registry.set(W32TIME + r"\Parameters", "NtpServer", text("ntp.nict.jp,0x8"))
    machine.groups[REMOTE_DESKTOP_USERS].members.add(people[-1])
    machine.registry.create(PENDING_KEYS[1])
    leftover = [r"\??\C:\Program Files (x86)\Microsoft\Edge\Temp\old_msedge.exe", ""]
    machine.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", leftover))
    restore_points.protect(machine)


def edit_rule(machine: Machine, name: str, *changes: tuple[str, str]) -> None:
    """Replace text in a firewall rule's string; a rule that the release does not have is left out."""
    string = machine.registry.data(RULES, name)
    if string is None:
        return
    for old, new in changes:
        string = string.replace(old, new)
    machine.registry.set(RULES, name, text(string))


def _vpn_network(machine: Machine, rng: random.Random, category: int) -> None:
    """Add the known network of the tunnel: dial-up "fortissl" for 7.0, an Ethernet network otherwise.

    Source: docs/sources/service.md#windows-adapter.
    """
    dial_up = (installed_version(machine) or "").startswith("7.0.")
    add_profile(machine, rng, "fortissl" if dial_up else "Network 2", category, VPN if dial_up else WIRED)


def _proxy(machine: Machine, sid: str, blob: bytes) -> None:
    """Write a user's proxy for the tunnel: under fortissl with a phonebook entry for 7.0, for the LAN otherwise."""
    dial_up = (installed_version(machine) or "").startswith("7.0.")
    hive = hive_of(machine, sid)
    machine.registry.set(
        rf"{hive}\{CONNECTIONS}", "fortissl" if dial_up else "DefaultConnectionSettings", Value("REG_BINARY", blob)
    )
    close_hive(machine)
    if dial_up:
        _phonebook(machine.files, machine.profiles()[sid])


def _phonebook(files: FileSystem, home: str) -> None:
    path = f"{home}\\{PHONEBOOK}"
    files.mkdir(path.rpartition("\\")[0])
    lines = (
        "[fortissl]",
        "Encoding=1",
        "Type=2",
        "IpPrioritizeRemote=0",
        "MEDIA=rastapi",
        "Device=PPPoP WAN Adapter",
        "PhoneNumber=203.0.113.26",
        "",
    )
    files.write(path, "\r\n".join(lines).encode())


_DENIED = {"fDenyTSConnections": number(1)}
_NO_MERGE = {
    f"{POLICY_FIREWALL}\\{profile}Profile": {"AllowLocalPolicyMerge": number(0)}
    for profile in ("Domain", "Private", "Public")
}
# kind -> key -> values, as Group Policy (or MDM through the same keys) leaves them.
POLICIES: dict[str, dict[str, dict[str, Value]]] = {
    "no_local_rules": _NO_MERGE,
    "remote_desktop_off": {POLICY_TERMINAL: _DENIED},
    "remote_desktop_on": {POLICY_TERMINAL: {"fDenyTSConnections": number(0), "UserAuthentication": number(1)}},
    "proxy_per_machine": {
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings": {
            "ProxySettingsPerUser": number(0)
        }
    },
    "edge_proxy": {
        r"HKLM\SOFTWARE\Policies\Microsoft\Edge": {
            "ProxyMode": text("pac_script"),
            "ProxyPacUrl": text("http://wpad.example.jp/wpad.dat"),
        }
    },
    "domain_time": {r"HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters": {"Type": text("NT5DS")}},
    "private_networks": {UNIDENTIFIED_NETWORKS: {"Category": number(PRIVATE)}},
    "firewall_rule": {},
}


def apply_group_policy(machine: Machine, kind: str) -> None:
    """Put a policy of a stronger owner on a machine; KeyError for a kind that is not in POLICIES."""
    for key, values in POLICIES[kind].items():
        machine.registry.update(key, values)
    if kind == "firewall_rule":
        fields = "Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=445|App=System|Name=Block SMB|EmbedCtxt=Baseline"
        string = f"{VERSIONS[machine.build]}|{fields}|"
        machine.registry.set(
            POLICY_FIREWALL + r"\FirewallRules", "{8A7C5C0E-5C1B-4B7A-9F0D-8E6B1C7D2A33}", text(string)
        )
