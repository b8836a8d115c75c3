"""A firewall rule as the COM interface INetFwRule shows and sets it (HNetCfg.FwPolicy2), over the registry's string.

COM shows names and descriptions in the machine's language and the group raw, addresses as network/mask, a single host
with a full mask, `*` for any. (docs/sources/windows.md#firewall-addresses; field names: MS-GPFAS 2.2.2)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.windows.machine.firewall import Rule

if TYPE_CHECKING:
    from lab.windows.machine import Machine

ALL_PROFILES = 0x7FFFFFFF
PROFILES: Mapping[str, tuple[str, int]] = {"domain": ("Domain", 1), "private": ("Private", 2), "public": ("Public", 4)}
DIRECTIONS = {"in": ("In", 1), "out": ("Out", 2)}
ACTIONS = {"block": ("Block", 0), "allow": ("Allow", 1)}
_ANY_PROTOCOL = 256
_ICMP_FIELDS = {"1": "ICMP4", "58": "ICMP6"}
# How the registry writes the values of SecureFlags.
_SECURITY_FIELDS = {
    1: (("Security", "Authenticate"), ("Security2_9", "An-NoEncap")),
    2: (("Security", "Authenticate"),),
    3: (("Security", "AuthenticateEncrypt"), ("Security2", "AnE-Nego")),
    4: (("Security", "AuthenticateEncrypt"),),
}
_TEXT_FIELDS = {
    "Name": "Name",
    "Description": "Desc",
    "ApplicationName": "App",
    "Grouping": "EmbedCtxt",
    "ServiceName": "Svc",
}


def name_of(machine: Machine, rule: Rule) -> str:
    """Return the display name in the machine's language."""
    return _text(machine, rule.get("Name"))


def _text(machine: Machine, raw: str | None) -> str:
    """COM shows an indirect string (`@FirewallAPI.dll,-28511`) in the language of the machine."""
    return machine.resource(raw) if raw else ""


def properties(machine: Machine, rule: Rule) -> dict[str, Any]:
    """Return the rule as COM shows it."""
    protocol = rule.get("Protocol")
    ports = {side: ",".join(rule.ports(side)) or "*" if protocol in ("6", "17") else "" for side in "LR"}
    icmp = _ICMP_FIELDS.get(protocol or "")
    profiles = sum(PROFILES[profile.lower()][1] for profile in rule.all("Profile"))
    return {
        "Description": _text(machine, rule.get("Desc")),
        "Direction": DIRECTIONS[(rule.get("Dir") or "In").lower()][1],
        "Action": 0 if (rule.get("Action") or "").lower() == "block" else 1,
        "ApplicationName": machine.expand(rule.get("App") or ""),
        "Grouping": rule.get("EmbedCtxt") or "",
        "ServiceName": rule.get("Svc") or "",
        "Enabled": (rule.get("Active") or "").upper() == "TRUE",
        "Profiles": profiles if profiles not in (0, 7) else ALL_PROFILES,
        "LocalAddresses": _com_addresses(rule, "L"),
        "RemoteAddresses": _com_addresses(rule, "R"),
        "LocalPorts": ports["L"],
        "RemotePorts": ports["R"],
        "Protocol": _ANY_PROTOCOL if protocol is None else int(protocol),
        "InterfaceTypes": ",".join(rule.all("IFType")) or "All",
        "EdgeTraversalOptions": _edge_of(rule),
        "SecureFlags": _security_of(rule),
        "IcmpTypesAndCodes": (",".join(rule.all(icmp)) or "*") if icmp else "",
    }


def _com_addresses(rule: Rule, side: str) -> str:
    """COM shows a single host with a full mask, everything else as the registry writes it, and `*` for any."""
    shown = []
    for address in rule.addresses(side):
        single = re.fullmatch(r"[\d.]+|[\da-f:]*:[\da-f:]*", address)
        shown.append(f"{address}/{'128' if ':' in address else '255.255.255.255'}" if single else address)
    return ",".join(shown) or "*"


def _edge_of(rule: Rule) -> int:
    defer = (rule.get("Defer") or "").lower()
    return {"app": 2, "user": 3}.get(defer, 1 if (rule.get("Edge") or "").upper() == "TRUE" else 0)


def _security_of(rule: Rule) -> int:
    present = {pair for pair in rule.fields if pair[0].startswith("Security")}
    return next((flag for flag, fields in _SECURITY_FIELDS.items() if present == set(fields)), 0)


def assign(rule: Rule, prop: str, value: Any) -> None:
    """Set one COM property. Raises ValueError as COM refuses a bad value."""
    try:
        _assign_unchecked(rule, prop, value)
    except ValueError as error:
        msg = f'Exception setting "{prop}": "Value does not fall within the expected range."'
        raise ValueError(msg) from error


def _assign_unchecked(rule: Rule, prop: str, value: Any) -> None:
    match prop:
        case "Enabled":
            rule.put("Active", "TRUE" if value else "FALSE")
        case "Direction":
            rule.put("Dir", "Out" if value == 2 else "In")
        case "Action":
            rule.put("Action", "Block" if value == 0 else "Allow")
        case "Profiles":
            rule.put("Profile", [text for text, bit in PROFILES.values() if value != ALL_PROFILES and value & bit])
        case "Protocol":
            _set_protocol(rule, int(value))
        case "LocalAddresses" | "RemoteAddresses":
            rule.put_addresses(prop[0], str(value).split(","))
        case "LocalPorts" | "RemotePorts":
            rule.put_ports(prop[0], str(value).split(",") if value else ())
        case "IcmpTypesAndCodes":
            _set_icmp(rule, str(value))
        case "InterfaceTypes":
            rule.put("IFType", () if value.lower() == "all" else value.split(","))
        case "EdgeTraversalOptions":
            rule.put("Edge", "TRUE" if value == 1 else None)
            rule.put("Defer", {2: "App", 3: "User"}.get(value))
        case "SecureFlags":
            fields = dict(_SECURITY_FIELDS.get(value, ()))
            for name in ("Security", "Security2", "Security2_9"):
                rule.put(name, fields.get(name))
        case _:
            rule.put(_TEXT_FIELDS[prop], str(value) or None)


def _set_protocol(rule: Rule, number: int) -> None:
    if not 0 <= number <= _ANY_PROTOCOL:
        raise ValueError(number)
    rule.put("Protocol", None if number == _ANY_PROTOCOL else str(number))
    if number not in (6, 17):
        rule.put_ports("L", ())
        rule.put_ports("R", ())
    for protocol, name in _ICMP_FIELDS.items():
        if protocol != str(number):
            rule.put(name, None)


def _set_icmp(rule: Rule, value: str) -> None:
    name = _ICMP_FIELDS.get(rule.get("Protocol") or "")
    if name is None and value:
        raise ValueError(value)
    if name:
        rule.put(name, () if value == "*" else value.split(","))
