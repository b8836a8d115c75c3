"""Whether a firewall rule speaks about what comes in for one program: TCP 445 of System, the port of Remote Desktop.

A rule says nothing of a program when one of its conditions shuts the program out: another port, program, service or
Store package, the other direction, a rule that is not active. What is left may have a condition that nobody can decide
by reading the registry (IPsec, users, interfaces, a field that cannot be read): those are named, in words.
Facts: docs/sources/windows.md#firewall-rule-conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .addresses import AddressError, AddressSet, parse
from .firewall_rules import PROFILES, TCP, FirewallRuleError, Ports, Rule, parse_rule

EVERYBODY = parse("Any")
# What is in the text of rules that say nothing of what comes in over TCP to a program of Windows: off, outbound, UDP,
# ICMP, for a Store package. They are most of a machine's rules, and need not be read.
LEFT_OUT = ("|Active=FALSE|", "|Dir=Out|", "|Protocol=17|", "|Protocol=1|", "|Protocol=58|", "|AppPkgId=")
# What a client may have as the port at its own end of a connection, address translation on the way included.
_CLIENT_PORTS = (1024, 65535)
# Fields that are looked at elsewhere, and fields that say nothing of who is let in: texts, how a rule is kept, and what
# concerns address translation and IPv6 tunnels.
_SILENT = {
    *("action", "active", "dir", "protocol", "profile", "app", "svc", "name", "desc", "embedctxt", "platform2"),
    *("ra4", "ra42", "ra6", "ra62", "edge", "defer", "lsm", "lom", "skipver", "pcross", "authbypassout"),
}
_PORTS = re.compile(r"[lr]port(2_\d+)?")
# A rule for a Store package, and one for what Windows itself has marked as Wi-Fi Direct, proximity or UPnP over Teredo.
_OTHERS_ONLY = re.compile(r"apppkgid|ttk(2_\d+)?")
_SECURITY = re.compile(r"security(2(_\d+)?)?|rmauth|ruauth|securityrealmid")
_CONDITIONS = {
    **dict.fromkeys(("luauth", "luauth2_24", "luown"), "some local accounts"),
    **dict.fromkeys(("la4", "la6"), "some of this machine's own addresses"),
    **dict.fromkeys(("if", "iftype"), "some network interfaces"),
    "nnm": "some networks",
}


@dataclass(frozen=True)
class Listener:
    """A program that waits for connections; `service` is None for one that is no service."""

    port: int
    program: str
    service: str | None = None


@dataclass(frozen=True)
class Spoken:
    """What a rule says of a listener: its action, where and for whom, and what of it nobody can decide."""

    action: str
    profiles: frozenset[str]
    addresses: AddressSet
    doubts: tuple[str, ...] = ()
    title: str = ""


@lru_cache(maxsize=8192)
def spoken(text: str, listener: Listener) -> Spoken | None:
    """Return what a rule in the registry's form says of a listener, None for nothing at all."""
    try:
        rule = parse_rule(text)
    except FirewallRuleError as error:
        return Spoken("", frozenset(PROFILES), EVERYBODY, (str(error),))
    doubts: list[str] = []
    if not all(_read(test, True, doubts) for test in _tests(rule, listener)):
        return None
    action = _read(lambda: rule.action, "", doubts)
    profiles = _read(lambda: rule.profiles, PROFILES, doubts)
    addresses = _read(lambda: parse(rule.remote_address), EVERYBODY, doubts)
    return Spoken(
        action, frozenset(profiles), addresses, (*doubts, *_conditions(rule)), (rule.first("Name") or "").strip()
    )


def _read(read: Callable[[], Any], otherwise: Any, doubts: list[str]) -> Any:
    try:
        return read()
    except (FirewallRuleError, AddressError) as error:
        doubts.append(str(error))
        return otherwise


def _tests(rule: Rule, listener: Listener) -> Iterator[Callable[[], bool]]:
    """Yield what must be so for a rule that concerns the listener; each may be a field that cannot be read."""
    yield lambda: rule.enabled
    yield lambda: rule.direction == "In"
    yield lambda: rule.protocol in (None, TCP)
    yield lambda: _meet(rule.ports("l"), listener.port, listener.port)
    yield lambda: _meet(rule.ports("r"), *_CLIENT_PORTS)
    yield lambda: not any(_OTHERS_ONLY.fullmatch(key.casefold()) for key, _value in rule.fields)
    yield lambda: _is_program(rule.first("App"), listener)
    yield lambda: _is_service(rule.first("Svc"), listener)


def _meet(spans: list[Ports] | None, first: int, last: int) -> bool:
    return spans is None or any(low <= last and first <= high for low, high in spans)


def _is_program(app: str | None, listener: Listener) -> bool:
    if not app or app.strip() == "*":
        return True
    wanted, given = listener.program.casefold(), app.strip().casefold().replace("/", "\\")
    return given == wanted or ("\\" in wanted and given.endswith(wanted))


def _is_service(service: str | None, listener: Listener) -> bool:
    if not service:
        return True
    # * is every service, and the kernel is none.
    name = service.strip().casefold()
    return listener.service is not None and name in ("*", listener.service.casefold())


def _conditions(rule: Rule) -> Iterator[str]:
    """Yield what the rule asks for beside all that was looked at, and that reading the registry does not decide."""
    platform = (rule.first("Platform2") or "").strip().casefold()
    for key, value in rule.fields:
        name, said = key.casefold(), f"{key}={value[:60]}"
        if _SECURITY.fullmatch(name):
            yield f"it asks for IPsec ({said})"
        elif name in _CONDITIONS:
            yield f"it holds for {_CONDITIONS[name]} only ({said})"
        elif name == "platform":
            # Every Windows that this collection knows is newer than any that a rule asks for.
            if platform != "gteq":
                yield f"it holds for one version of Windows only ({said})"
        elif name not in _SILENT and not _PORTS.fullmatch(name) and not _OTHERS_ONLY.fullmatch(name):
            yield f"it has a condition that is not known ({said})"
    yield from (f"{part[:60]!r} in it is no field" for part in rule.garbage)
    if (rule.first("Action") or "").strip().casefold() == "bypass":
        yield "it lets authenticated computers in (Action=ByPass)"
    if not _covers(rule, *_CLIENT_PORTS):
        yield "it holds for some ports of the other side only"


def _covers(rule: Rule, first: int, last: int) -> bool:
    try:
        spans = rule.ports("r")
    except FirewallRuleError:
        return True  # said already
    return spans is None or any(low <= first and last <= high for low, high in spans)
