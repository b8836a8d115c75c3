"""The packet filter's rules: read as pfctl reads them, printed as it prints them, and applied to a packet.

The part of pf.conf that rules for ports need: macros, tables, lists, `pass` and `block` with interface, family,
protocol, addresses, ports, flags, state and label. What lies outside it is NotModelledError. Printed forms:
docs/sources/macos.md#packet-filter.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_TOKEN = re.compile(r'"[^"]*"|<[\w.-]+>|[{},!=()]|[^\s{},!=<>()"]+')
_PORTS = {"ssh": 22, "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "microsoft-ds": 445, "rfb": 5900}
_RETURNS = ("drop", "return", "return-rst", "return-icmp", "return-icmp6")
_OUTSIDE = (
    "anchor",
    "load",
    "set",
    "nat",
    "rdr",
    "scrub",
    "queue",
    "altq",
    "binat",
    "dummynet",
    "antispoof",
    "include",
)


class SyntaxProblemError(Exception):
    """pfctl refuses the rules; the message as it prints it behind `FILE:LINE: `."""

    def __init__(self, line: int, text: str = "syntax error") -> None:
        super().__init__(text)
        self.line, self.text = line, text


class NotModelledError(Exception):
    """The rules use something that real pf knows and this does not; the message says what."""


@dataclass(frozen=True)
class Side:
    """One end of a connection: `address` any, a network or `<table>`; `port` "", "= 445" or "137:138"."""

    address: str = "any"
    negated: bool = False
    port: str = ""

    def __str__(self) -> str:
        return f"{'! ' if self.negated else ''}{self.address}{f' port {self.port}' if self.port else ''}"


@dataclass(frozen=True)
class Rule:
    """One rule after the lists were taken apart."""

    action: str
    returns: str = ""
    direction: str = ""
    log: bool = False
    quick: bool = False
    interface: str = ""
    family: str = ""
    protocol: str = ""
    source: Side = field(default_factory=Side)
    target: Side = field(default_factory=Side)
    state: str = ""
    label: str = ""

    def __str__(self) -> str:
        words = [self.action, self.returns, self.direction, "log" if self.log else "", "quick" if self.quick else ""]
        words += [f"on {self.interface}" if self.interface else "", self.family]
        words.append(f"proto {self.protocol}" if self.protocol else "")
        everywhere = self.source == self.target == Side()
        words.append("all" if everywhere else f"from {self.source} to {self.target}")
        words += [self.state, f"label {self.label}" if self.label else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Ruleset:
    """What one anchor holds: rules in order, and tables by name."""

    rules: tuple[Rule, ...]
    tables: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection; addresses in text."""

    source: str
    target: str
    port: int
    protocol: str = "tcp"
    direction: str = "in"
    interface: str = "en0"


def parse(text: str) -> Ruleset:
    """Return the rules of a text. Raises SyntaxProblemError and NotModelledError."""
    macros: dict[str, str] = {}
    tables: dict[str, tuple[str, ...]] = {}
    rules: list[Rule] = []
    for number, written in _lines(text):
        line = written
        for name, value in macros.items():
            line = re.sub(rf"\${name}\b", value, line)
        macro = re.fullmatch(r'([A-Za-z]\w*)\s*=\s*"?([^"]*?)"?', line)
        if macro and macro[1] not in ("pass", "block", "table"):
            macros[macro[1]] = macro[2]
            continue
        if "$" in line:
            raise SyntaxProblemError(number, f"macro '{line.split('$', 1)[1].split()[0]}' not defined")
        words = _Words(_TOKEN.findall(line), number)
        first = words.peek()
        if first == "table":
            name, addresses = _table(words)
            tables[name] = addresses
        elif first in ("pass", "block"):
            rules += _rules(words)
        elif first in _OUTSIDE:
            raise NotModelledError(f"{first} in an anchor: {line}")
        else:
            raise SyntaxProblemError(number)
    return Ruleset(tuple(rules), tables)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, content) of each statement, comments gone, continued lines joined."""
    kept, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"#.*", "", raw).strip()
        start = start if kept else number
        kept = f"{kept} {line.removesuffix(chr(92))}".strip()
        # A list may go over several lines.
        if line.endswith("\\") or kept.count("{") > kept.count("}"):
            continue
        if kept:
            yield start, kept
        kept = ""
    if kept:
        raise SyntaxProblemError(start)


class _Words:
    """The words of one statement."""

    def __init__(self, words: Sequence[str], line: int) -> None:
        self._left = list(words)
        self.line = line

    def peek(self) -> str:
        return self._left[0] if self._left else ""

    def take(self) -> str:
        if not self._left:
            raise SyntaxProblemError(self.line)
        return self._left.pop(0)

    def accept(self, *wanted: str) -> str:
        return self._left.pop(0) if self._left and self._left[0] in wanted else ""

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise SyntaxProblemError(self.line)

    def items(self) -> list[str]:
        """Take one word or a list in braces; `! x` becomes one item."""
        if not self.accept("{"):
            return [self._item()]
        found = []
        while not self.accept("}"):
            found.append(self._item())
            self.accept(",")
        return found

    def _item(self) -> str:
        word = self.take()
        if word == "!":
            return f"! {self._item()}"
        if word == "(":
            # An interface's own networks, followed as its addresses change.
            inner = self.take()
            self.expect(")")
            return f"({inner})"
        if word in "{},=()":
            raise NotModelledError(f"an address of an interface, or a syntax error, in line {self.line}")
        return f"{word} - {self.take()}" if self.accept("-") else word


def _table(words: _Words) -> tuple[str, tuple[str, ...]]:
    words.expect("table")
    name = words.take().strip("<>")
    while words.accept("persist", "const", "counters"):
        pass
    if words.accept("file"):
        raise NotModelledError(f"table <{name}> from a file")
    addresses = words.items() if words.peek() == "{" else []
    if words.peek():
        raise SyntaxProblemError(words.line)
    if any(" - " in address for address in addresses):
        raise NotModelledError(f"a range of addresses in table <{name}>")
    return name, tuple(_address(address, words.line)[0] for address in addresses)


def _rules(words: _Words) -> list[Rule]:
    action = words.take()
    returns = (words.accept(*_RETURNS) or "drop") if action == "block" else ""
    if words.peek() == "(":
        raise NotModelledError(f"options of block in line {words.line}")
    rule = Rule(action, returns, words.accept("in", "out"))
    rule = replace(rule, log=bool(words.accept("log")), quick=bool(words.accept("quick")))
    interfaces = words.items() if words.accept("on") else [""]
    family = words.accept("inet", "inet6")
    protocols = words.items() if words.accept("proto") else [""]
    sources = targets = [Side()]
    if not words.accept("all"):
        sources = _sides(words) if words.accept("from") else sources
        targets = _sides(words) if words.accept("to") else targets
    state, label = _options(words, action)
    found = []
    for interface, protocol, source, target in itertools.product(interfaces, protocols, sources, targets):
        if (source.port or target.port) and protocol not in ("tcp", "udp"):
            raise SyntaxProblemError(words.line, "port only applies to tcp/udp")
        families = {family, _address(source.address, words.line)[1], _address(target.address, words.line)[1]} - {""}
        if len(families) > 1:  # pf leaves such a combination out
            continue
        one = replace(rule, interface=interface, family="".join(families), protocol=protocol, label=label)
        found.append(replace(one, source=source, target=target, state=state or _default_state(action, protocol)))
    if not found:
        raise SyntaxProblemError(words.line, "rule expands to no valid combination")
    return found


def _sides(words: _Words) -> list[Side]:
    addresses = ["any"] if words.peek() == "port" else words.items()
    ports = _ports(words) if words.accept("port") else [""]
    sides = []
    for address, port in itertools.product(addresses, ports):
        plain = address.removeprefix("! ")
        sides.append(Side(_address(plain, words.line)[0], address != plain, port))
    return sides


def _ports(words: _Words) -> list[str]:
    if words.accept("!"):
        raise NotModelledError(f"port != in line {words.line}")
    words.accept("=")
    found = []
    for item in words.items():
        ends = [_PORTS.get(end, end) for end in item.split(":")]
        if not all(str(end).isdigit() for end in ends) or len(ends) > 2:
            raise SyntaxProblemError(words.line, f"unknown port {item}")
        found.append(f"= {ends[0]}" if len(ends) == 1 else f"{ends[0]}:{ends[1]}")
    return found


def _options(words: _Words, action: str) -> tuple[str, str]:
    """Take what follows the addresses; return (state, label), the state "" when nothing was said."""
    flags = state = label = ""
    while words.peek():
        word = words.take()
        if word == "flags":
            flags = f"flags {words.take()} "
        elif word in ("keep", "no") and words.accept("state"):
            state = f"{word} state"
        elif word == "label":
            label = words.take()
        elif word in ("modulate", "synproxy", "user", "group", "tag", "tagged", "icmp-type", "allow-opts", "rtable"):
            raise NotModelledError(f"{word} in line {words.line}")
        else:
            raise SyntaxProblemError(words.line)
    if flags not in ("", "flags S/SA "):
        raise NotModelledError(f"{flags}in line {words.line}")
    if action == "block" and (flags or state):
        raise NotModelledError(f"flags or state of a block rule in line {words.line}")
    return (f"{flags}{state or 'keep state'}" if flags or state else ""), label


def _default_state(action: str, protocol: str) -> str:
    if action == "block":
        return ""
    return "flags S/SA keep state" if protocol in ("", "tcp") else "keep state"


def _address(text: str, line: int) -> tuple[str, str]:
    """Return (the printed form, the family "" for any and tables)."""
    negated, text = text.startswith("! "), text.removeprefix("! ")
    if text == "any" or text.startswith(("<", "(")):
        return text, ""
    try:
        if " - " in text:
            first, last = map(ipaddress.ip_address, text.split(" - "))
            if first.version != last.version or int(first) > int(last):
                raise ValueError(text)
            return f"{'! ' if negated else ''}{first} - {last}", "inet6" if first.version == 6 else "inet"
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise NotModelledError(f"the address {text!r} in line {line}: the lab knows addresses and networks") from None
    plain = network.network_address if network.prefixlen == network.max_prefixlen else network
    return f"{'! ' if negated else ''}{plain}", "inet6" if network.version == 6 else "inet"


def verdict(state: Mapping[str, Any], packet: Packet) -> str:
    """Return `pass` or `block` for a packet, from a machine's facts (`pf`).

    Anchors count when the main rules evaluate them: `anchor "com.apple/*"` takes those directly below it, by name.
    """
    if not state["enabled"]:
        return "pass"
    result = "pass"
    for line in state["main"]:
        call = re.match(r'anchor "([^"]+)"', line)
        if not call:
            continue
        pattern = re.escape(call[1]).replace(r"\*", "[^/]+")
        for name in sorted(state["anchors"]):
            if not re.fullmatch(pattern, name):
                continue
            anchor = state["anchors"][name]
            for rule in parse("\n".join(anchor["rules"])).rules:
                if _matches(rule, packet, anchor["tables"]):
                    result = rule.action
                    if rule.quick:
                        return result
    return result


def _matches(rule: Rule, packet: Packet, tables: Mapping[str, Sequence[str]]) -> bool:
    family = "inet6" if ipaddress.ip_address(packet.target).version == 6 else "inet"
    if rule.direction not in ("", packet.direction) or rule.family not in ("", family):
        return False
    if rule.protocol not in ("", packet.protocol):
        return False
    if rule.interface and (packet.interface == rule.interface.removeprefix("! ")) == rule.interface.startswith("!"):
        return False
    sides = ((rule.source, packet.source, 0), (rule.target, packet.target, packet.port))
    return all(_side_matches(side, address, port, tables) for side, address, port in sides)


def _side_matches(side: Side, address: str, port: int, tables: Mapping[str, Sequence[str]]) -> bool:
    low, _, high = side.port.removeprefix("= ").partition(":")
    if side.port and not int(low) <= port <= int(high or low):
        return False
    if side.address == "any":
        return True
    if " - " in side.address:
        ends = [ipaddress.ip_address(end) for end in side.address.split(" - ")]
        same = ends[0].version == ipaddress.ip_address(address).version
        within = same and int(ends[0]) <= int(ipaddress.ip_address(address)) <= int(ends[1])
        return within != side.negated
    networks = tables.get(side.address.strip("<>"), ()) if side.address.startswith(("<", "(")) else (side.address,)
    host = ipaddress.ip_address(address)
    # The narrowest entry decides, as in a table of pf.
    hits = [entry for entry in networks if host in ipaddress.ip_network(entry.removeprefix("! "))]
    best = max(hits, key=lambda entry: ipaddress.ip_network(entry.removeprefix("! ")).prefixlen, default="! ")
    return (not best.startswith("!")) != side.negated
