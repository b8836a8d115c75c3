"""Firewall rules in the form in which the Windows registry keeps them.

A rule is one REG_SZ value whose name is the rule's name: `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|...|`
(MS-GPFAS 2.2.2.19; docs/sources/windows.md#firewall-rules-in-the-registry). A field that may repeat does so as a
whole (`RA4=a|RA4=b`); a field that is missing means "any": no Profile, no Protocol, no LPort, no RA4 and RA6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .addresses import split_keyword

LOCAL_RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY_RULES = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"
PROFILES = ("Domain", "Private", "Public")
TCP = 6

_VERSION = re.compile(r"v\d+\.\d+")
_CHOICES = {"Action": ("Allow", "Block", "ByPass"), "Active": ("TRUE", "FALSE"), "Dir": ("In", "Out")}
_LOCAL_PORT_FIELDS = ("LPort", "LPort2_10", "LPort2_20", "LPort2_24", "LPort2_29")
# Address fields with their family; the second of each pair carries the keywords that came with rule version 2.20.
_REMOTE_FIELDS = (("RA4", 4), ("RA42", 4), ("RA6", 6), ("RA62", 6))


class FirewallRuleError(ValueError):
    """A text that is no firewall rule; the message quotes the place that is wrong."""


@dataclass(frozen=True)
class Rule:
    """One rule: its version ("v2.31") and all fields in their order, those that nothing here understands included."""

    version: str
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return every value of a field, in order."""
        return [value for key, value in self.fields if key.casefold() == name.casefold()]

    def first(self, name: str) -> str | None:
        """Return a field's first value, or None when the rule does not have it."""
        return next(iter(self.all(name)), None)

    def _choice(self, name: str) -> str:
        value = self.first(name) or ""
        return next(allowed for allowed in _CHOICES[name] if allowed.casefold() == value.casefold())

    @property
    def enabled(self) -> bool:
        """Whether the rule is in force."""
        return self._choice("Active") == "TRUE"

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
        number = self.first("Protocol")
        return None if number is None else int(number)

    @property
    def profiles(self) -> list[str]:
        """The profiles in which the rule holds, in the order Domain, Private, Public."""
        named = {value.casefold() for value in self.all("Profile")}
        return [name for name in PROFILES if not named or name.casefold() in named]

    @property
    def local_ports(self) -> list[str]:
        """Ports ("445"), ranges ("5000-5010") and keywords ("RPC"), as written; an empty list for any."""
        return [port for name in _LOCAL_PORT_FIELDS for port in self.all(name)]

    @property
    def remote_address(self) -> list[str]:
        """Who is let in, as `values.addresses.parse` understands it: `["Any"]` when the rule names nobody.

        A keyword that stands in both families is given once, one that stands in a single family with its number:
        `RA4=LocalSubnet` alone lets no IPv6 neighbour in and is `LocalSubnet4`.
        """
        found: dict[str, set[int]] = {}
        for name, family in _REMOTE_FIELDS:
            for text in self.all(name):
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
        return not self.local_ports or any(_holds(text, port) for text in self.local_ports)


def parse_rule(text: str) -> Rule:
    """Return the rule that a registry value holds.

    Raises FirewallRuleError when the text is not of the form `vN.N|Key=Value|...|`, or lacks Action, Active or Dir.
    """
    version, *fields = text.split("|")
    if not _VERSION.fullmatch(version):
        raise FirewallRuleError(f"a firewall rule begins with its version, such as v2.31|, not with {version[:40]!r}")
    if not fields or fields.pop() != "":
        raise FirewallRuleError(f"a firewall rule ends with |; this one ends with {text[-40:]!r}: it was cut off")
    pairs = []
    for field in fields:
        key, equals, value = field.partition("=")
        if not key or not equals:
            raise FirewallRuleError(f"{field[:80]!r} in a firewall rule is not of the form Key=Value")
        pairs.append((key, value))
    rule = Rule(version, tuple(pairs))
    for name, allowed in _CHOICES.items():
        value = rule.first(name) or ""
        if value.casefold() not in [choice.casefold() for choice in allowed]:
            raise FirewallRuleError(f"a firewall rule's {name} is {value!r}; it must be one of {', '.join(allowed)}")
    protocol = rule.first("Protocol")
    if protocol is not None and not (protocol.isascii() and protocol.isdigit()):
        raise FirewallRuleError(f"a firewall rule's Protocol is {protocol!r}; it must be a number")
    unknown = [name for name in rule.all("Profile") if name.casefold() not in [known.casefold() for known in PROFILES]]
    if unknown:
        raise FirewallRuleError(f"a firewall rule's Profile is {unknown[0]!r}; it must be one of {', '.join(PROFILES)}")
    return rule


def format_rule(rule: Rule) -> str:
    """Return the registry's text for a rule."""
    return "|".join([rule.version, *(f"{key}={value}" for key, value in rule.fields), ""])


def _holds(text: str, port: int) -> bool:
    first, _hyphen, last = text.partition("-")
    if not first.isdigit():
        return False  # a keyword such as RPC: never a port that somebody names by number
    return int(first) <= port <= int(last if last.isdigit() else first)
