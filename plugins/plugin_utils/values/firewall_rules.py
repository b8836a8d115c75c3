"""Firewall rules in the form in which the Windows registry keeps them.

A rule is one REG_SZ value whose name is the rule's name: `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|...|`
(MS-GPFAS 2.2.2.19; docs/sources/windows.md#firewall-rules-in-the-registry). A field that may repeat does so as a
whole (`RA4=a|RA4=b`); a field that is missing means "any": no Profile, no Protocol, no LPort, no RA4 and RA6.

Registries hold rules that no tool of Windows wrote. A field that cannot be understood is an error when somebody asks
for it, and only then: a rule for port 5000 says nothing of port 445, whatever else stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .addresses import split_keyword
from .numbers import whole_number

POLICY = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
LOCAL_RULES = rf"{POLICY}\FirewallRules"
POLICY_RULES = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"
PROFILES = ("Domain", "Private", "Public")
TCP = 6

_VERSION = re.compile(r"v\d+\.\d+")
_CHOICES = {"Action": ("Allow", "Block", "ByPass"), "Active": ("TRUE", "FALSE"), "Dir": ("In", "Out")}
_PROFILE_BITS = {"Domain": 1, "Private": 2, "Public": 4}
_ANY = ("*", "any", "all")
_ANY_PROTOCOL = 256
# Fields of ports: LPort, LPort2_10 and so on, one more for each version of Windows that brought new keywords.
_PORT_FIELD = re.compile(r"([lr])port(2_\d+)?")
# MS-GPFAS 2.2.2.3. None of them is 445 or a port that somebody chose for Remote Desktop: RPC is what other programs
# listen on, RPC-EPMap is 135, IPHTTPS is 443.
_PORT_KEYWORDS = {
    *("rpc", "rpc-epmap", "teredo", "iptlsin", "iphttpsin", "iptlsout", "iphttpsout"),
    *("dhcp", "ply2disc", "mdns", "tcpcdpsvc", "cortanaout"),
}
# Address fields with their family; the second of each pair carries the keywords that came with rule version 2.20.
_REMOTE_FIELDS = (("RA4", 4), ("RA42", 4), ("RA6", 6), ("RA62", 6))
# What follows one of these and has no = is the rest of its text: a name that holds a |.
_TEXT_FIELDS = ("name", "desc", "embedctxt")

Ports = tuple[int, int]


class FirewallRuleError(ValueError):
    """A text, or a field of one, that is no firewall rule; the message quotes the place that is wrong."""


@dataclass(frozen=True)
class Rule:
    """One rule: its version ("v2.31") and all fields in their order, those that nothing here understands included.

    `garbage` are parts that are no field at all.
    """

    version: str
    fields: tuple[tuple[str, str], ...]
    garbage: tuple[str, ...] = ()

    def all(self, name: str) -> list[str]:
        """Return every value of a field, in order."""
        return [value for key, value in self.fields if key.casefold() == name.casefold()]

    def first(self, name: str) -> str | None:
        """Return a field's first value, or None when the rule does not have it."""
        return next(iter(self.all(name)), None)

    def _choice(self, name: str, default: str = "") -> str:
        value = self.first(name) or default
        for allowed in _CHOICES[name]:
            if allowed.casefold() == value.strip().casefold():
                return allowed
        raise _wrong(name, value, f"one of {', '.join(_CHOICES[name])}")

    @property
    def enabled(self) -> bool:
        """Whether the rule is in force; a rule that does not say so is not."""
        return self._choice("Active", "FALSE") == "TRUE"

    @property
    def action(self) -> str:
        """Allow, Block or ByPass."""
        return self._choice("Action")

    @property
    def direction(self) -> str:
        """In or Out."""
        return self._choice("Dir")

    @property
    def protocol(self) -> int | None:
        """The IP protocol's number, or None for any."""
        text = (self.first("Protocol") or "*").strip()
        if text.casefold() in _ANY:
            return None
        number = whole_number(text)
        if number is None or number > _ANY_PROTOCOL:
            raise _wrong("Protocol", text, "a number from 0 to 255, or *")
        return None if number == _ANY_PROTOCOL else number

    @property
    def profiles(self) -> list[str]:
        """The profiles in which the rule holds, in the order Domain, Private, Public."""
        found: set[str] = set()
        for text in (part.strip() for value in self.all("Profile") for part in value.split(",")):
            named = [name for name in PROFILES if name.casefold() == text.casefold()]
            number = whole_number(text)
            if number is not None:
                named = [name for name, bit in _PROFILE_BITS.items() if number & bit]
            elif text.casefold() in _ANY:
                named = [*PROFILES]
            if not named:
                raise _wrong("Profile", text, f"one of {', '.join(PROFILES)}, or their bits as a number")
            found.update(named)
        return [name for name in PROFILES if not found or name in found]

    @property
    def local_ports(self) -> list[str]:
        """Ports ("445"), ranges ("5000-5010") and keywords ("RPC"), as written; an empty list for any."""
        return self._port_texts("l")

    def _port_texts(self, side: str) -> list[str]:
        values = [value for key, value in self.fields if (m := _PORT_FIELD.fullmatch(key.casefold())) and m[1] == side]
        texts = [part.strip() for value in values for part in value.split(",")]
        return [] if any(text.casefold() in _ANY for text in texts) else texts

    def ports(self, side: str = "l") -> list[Ports] | None:
        """Return the local (or with "r" the remote) ports as ranges, None for any; a keyword is none of them."""
        texts = self._port_texts(side)
        return [span for text in texts if (span := _span(text)) is not None] if texts else None

    @property
    def remote_address(self) -> list[str]:
        """Who is let in, as `values.addresses.parse` understands it: `["Any"]` when the rule names nobody.

        A keyword that stands in both families is given once, one that stands in a single family with its number:
        `RA4=LocalSubnet` alone lets no IPv6 neighbour in and is `LocalSubnet4`.
        """
        found: dict[str, set[int]] = {}
        for name, family in _REMOTE_FIELDS:
            for text in (part.strip() for value in self.all(name) for part in value.split(",")):
                if not text:
                    raise FirewallRuleError(f"a firewall rule's {name} is empty; it must name addresses")
                keyword = split_keyword(text)
                found.setdefault(keyword[0] if keyword else text, set()).update({family} if keyword else ())
        return [
            text if families in (set(), {4, 6}) else f"{text}{min(families)}" for text, families in found.items()
        ] or ["Any"]

    @property
    def group(self) -> str | None:
        """The group's language-neutral name (`@FirewallAPI.dll,-28502`), or None."""
        return self.first("EmbedCtxt")

    def opens(self, port: int, protocol: int = TCP) -> bool:
        """Whether the rule speaks about this local port (whatever its action, direction and state)."""
        if self.protocol not in (None, protocol):
            return False
        spans = self.ports()
        return spans is None or any(first <= port <= last for first, last in spans)


def parse_rule(text: str) -> Rule:
    """Return the rule that a registry value holds.

    Raises FirewallRuleError when the text does not begin as a rule does. What is wrong in a field, the field says.
    """
    version, *parts = text.split("|")
    if not _VERSION.fullmatch(version):
        raise FirewallRuleError(f"a firewall rule begins with its version, such as v2.31|, not with {version[:40]!r}")
    if not parts:
        raise FirewallRuleError(f"a firewall rule has fields after its version; this one is only {text!r}")
    pairs: list[tuple[str, list[str]]] = []
    garbage: list[str] = []
    for part in parts[:-1] if parts[-1] == "" else parts:
        key, equals, value = part.partition("=")
        if key and equals:
            pairs.append((key, [value]))
        elif pairs and pairs[-1][0].casefold() in _TEXT_FIELDS and not garbage:
            pairs[-1][1].append(part)
        else:
            garbage.append(part)
    return Rule(version, tuple((key, "|".join(texts)) for key, texts in pairs), tuple(garbage))


def format_rule(rule: Rule) -> str:
    """Return the registry's text for a rule."""
    return "|".join([rule.version, *(f"{key}={value}" for key, value in rule.fields), ""])


def _span(text: str) -> Ports | None:
    first, hyphen, last = (part.strip() for part in text.partition("-"))
    if text.casefold() in _PORT_KEYWORDS:
        return None
    low, high = whole_number(first), whole_number(last if hyphen else first)
    if low is None or high is None or not low <= high < 2**16:
        raise _wrong("port", text, "a number, a range such as 5000-5010, or a keyword such as RPC")
    return low, high


def _wrong(name: str, value: str, allowed: str) -> FirewallRuleError:
    return FirewallRuleError(f"a firewall rule's {name} is {value!r}; it must be {allowed}")
