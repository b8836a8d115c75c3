"""Windows firewall rules in the form in which the registry keeps them.

A rule is one REG_SZ value, named with the rule's id, such as
`v2.33|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Private|LPort=445|RA4=LocalSubnet|RA6=LocalSubnet|Name=...|`
(grammar: MS-GPFAS 2.2.2.19). Several values of one kind are repeated fields; a field that is absent means "any".
IPv4 subnets are kept with a mask, never as CIDR (docs/sources/windows.md#firewall-addresses).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

LOCAL_RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY_RULES = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"

# Where Windows puts a field that a rule did not have yet; fields it does not know go to the end.
_ORDER = (
    *("Action", "Active", "Dir", "Protocol", "Profile", "LPort", "LPort2_10", "LPort2_20", "LPort2_24", "LPort2_29"),
    *("RPort", "RPort2_10", "ICMP4", "ICMP6", "LA4", "LA6", "RA4", "RA42", "RA6", "RA62", "IF", "IFType"),
    *("App", "Svc", "Name", "Desc", "EmbedCtxt", "Edge", "Defer", "Security", "Security2", "Security2_9"),
)
# MS-GPFAS 2.2.2.13; the keywords of version 2.20 have fields of their own.
_ADDRESS_KEYWORDS = ("LocalSubnet", "DNS", "DHCP", "WINS", "DefaultGateway")
_ADDRESS_KEYWORDS_2_20 = ("IntrAnet", "IntErnet", "Ply2Renders", "RmtIntrAnet", "CaptivePortal")
# MS-GPFAS 2.2.2.3: keyword -> field; port ranges go to the 2_10 fields as well.
_LOCAL_PORT_KEYWORDS = {
    **dict.fromkeys(("RPC", "RPC-EPMap", "Teredo"), "LPort"),
    **dict.fromkeys(("IPTLSIn", "IPHTTPSIn"), "LPort2_10"),
    **dict.fromkeys(("DHCP", "Ply2Disc"), "LPort2_20"),
    "mDNS": "LPort2_24",
    "TcpCDPSvc": "LPort2_29",
}
_REMOTE_PORT_KEYWORDS = dict.fromkeys(("IPTLSOut", "IPHTTPSOut"), "RPort2_10")


@dataclass
class Rule:
    """One rule: its version ("v2.33") and its fields in the order of the string, as written."""

    version: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Return the first value of a field, or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Return every value of a repeatable field, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def put(self, name: str, values: str | Iterable[str] | None) -> None:
        """Replace all values of a field, in its old place or where Windows would put it; None or () removes it."""
        new = [values] if isinstance(values, str) else list(values or ())
        for value in new:
            if not value or "|" in value:
                msg = f"a firewall rule's {name} cannot be {value!r}: it must not be empty or hold '|'"
                raise ValueError(msg)
        at = next((i for i, (key, _) in enumerate(self.fields) if key.lower() == name.lower()), self._place(name))
        kept_before = [pair for pair in self.fields[:at] if pair[0].lower() != name.lower()]
        kept_after = [pair for pair in self.fields[at:] if pair[0].lower() != name.lower()]
        self.fields = [*kept_before, *((name, value) for value in new), *kept_after]

    def render(self) -> str:
        """Return the registry's string."""
        return "|".join([self.version, *(f"{key}={value}" for key, value in self.fields), ""])

    def addresses(self, side: str) -> list[str]:
        """Return the remote ("R") or local ("L") addresses as the registry writes them, without repetition."""
        return list(dict.fromkeys(v for key in ("4", "42", "6", "62") for v in self.all(f"{side}A{key}")))

    def put_addresses(self, side: str, addresses: Iterable[str]) -> None:
        """Set the remote ("R") or local ("L") addresses; none, or `*` or `Any` alone, means any.

        Keywords stand in the IPv4 and the IPv6 field. Raises ValueError for what Windows refuses.
        """
        given = [address.strip() for address in addresses]
        if [address.lower() for address in given] in (["*"], ["any"]):
            given = []
        fields: dict[str, list[str]] = {"4": [], "42": [], "6": [], "62": []}
        for address in given:
            for suffix, text in _address_fields(address):
                if text not in fields[suffix]:
                    fields[suffix].append(text)
        for suffix, values in fields.items():
            self.put(f"{side}A{suffix}", values)

    def ports(self, side: str) -> list[str]:
        """Return the local ("L") or remote ("R") ports, ranges and port keywords."""
        prefix = f"{side}port"
        return [value for key, value in self.fields if key.lower().startswith(prefix.lower())]

    def put_ports(self, side: str, ports: Iterable[str]) -> None:
        """Set the local ("L") or remote ("R") ports; none, or `*` or `Any` alone, means any.

        Raises ValueError for a bad port and for a rule whose protocol is neither TCP (6) nor UDP (17).
        """
        given = [port.strip() for port in ports]
        if [port.lower() for port in given] in (["*"], ["any"]):
            given = []
        if given and self.get("Protocol") not in ("6", "17"):
            msg = "ports need the protocol TCP or UDP"
            raise ValueError(msg)
        fields: dict[str, list[str]] = {}
        for port in given:
            name, text = _port_field(side, port)
            fields.setdefault(name, []).append(text)
        for name in {key for key, _ in self.fields if key.lower().startswith(f"{side}port".lower())} | set(fields):
            self.put(name, fields.get(name))

    def _place(self, name: str) -> int:
        if name not in _ORDER:
            return len(self.fields)
        before = {each.lower() for each in _ORDER[: _ORDER.index(name)]}
        return max((i + 1 for i, (key, _) in enumerate(self.fields) if key.lower() in before), default=0)


def parse(text: str) -> Rule:
    """Parse the registry's string; raises ValueError for what is no rule."""
    version, *fields = text.split("|")
    if not version.startswith("v") or (fields and fields[-1]):
        msg = f"not a firewall rule (it begins with v<major>.<minor>| and ends with |): {text!r}"
        raise ValueError(msg)
    pairs = []
    for part in fields[:-1]:
        key, equals, value = part.partition("=")
        if not (key and equals):
            msg = f"not a field of a firewall rule (key=value): {part!r} in {text!r}"
            raise ValueError(msg)
        pairs.append((key, value))
    return Rule(version, pairs)


def _address_fields(address: str) -> list[tuple[str, str]]:
    """Return (field suffix, text) pairs for one address as a person, COM or a cmdlet writes it."""
    for keywords, suffixes in ((_ADDRESS_KEYWORDS, ("4", "6")), (_ADDRESS_KEYWORDS_2_20, ("42", "62"))):
        for keyword in keywords:
            if keyword.lower() == address.lower():
                return [(suffix, keyword) for suffix in suffixes]
    if "-" in address:
        first, last = (ipaddress.ip_address(part) for part in address.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            msg = f"not a range of addresses: {address!r}"
            raise ValueError(msg)
        return [(str(first.version), f"{first}-{last}" if first != last else str(first))]
    network = ipaddress.ip_network(address, strict=False)
    if not network.prefixlen:
        msg = f"a subnet of length 0 is not accepted: {address!r}"
        raise ValueError(msg)
    if network.num_addresses == 1:
        return [(str(network.version), str(network.network_address))]
    length = network.netmask if network.version == 4 else network.prefixlen
    return [(str(network.version), f"{network.network_address}/{length}")]


def _port_field(side: str, port: str) -> tuple[str, str]:
    keywords = _LOCAL_PORT_KEYWORDS if side == "L" else _REMOTE_PORT_KEYWORDS
    for keyword, name in keywords.items():
        if keyword.lower() == port.lower():
            return name, keyword
    ends = port.split("-", 1)
    if not all(end.isascii() and end.isdigit() and int(end) <= 65535 for end in ends) or int(ends[0]) > int(ends[-1]):
        msg = f"not a port, a range or a port keyword: {port!r}"
        raise ValueError(msg)
    return (f"{side}Port2_10", port) if len(ends) == 2 else (f"{side}Port", port)
