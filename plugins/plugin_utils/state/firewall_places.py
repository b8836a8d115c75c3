"""The kinds of place of Windows Defender Firewall, and of the firewalls that may stand in for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..values.addresses import AddressError, parse
from ..values.firewall_rules import LOCAL_RULES, POLICY, PROFILES, FirewallRuleError, Rule, parse_rule
from ..values.firewall_settings import (
    GROUP_POLICY,
    HARDENING,
    LOCAL,
    MDM,
    VALUES,
    FirewallSettingError,
    Keys,
    policy_keys,
)
from ..values.reachability import Networks, Reach, reach
from ..values.rule_match import LEFT_OUT, Listener, spoken
from .nodes import Located, LocatorError, Unreadable, readable
from .place import Keys as Allowed
from .place import Place

if TYPE_CHECKING:
    from .state import State

OTHER_FIREWALLS = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider\Fw"
POLICY_KEY = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
RULES = {
    LOCAL: (LOCAL_RULES,),
    GROUP_POLICY: (rf"{POLICY_KEY}\FirewallRules",),
    MDM: (rf"{POLICY}\Mdm\FirewallRules",),
}
RESTRICTED = tuple(rf"{POLICY}\RestrictedServices\{kind}\System" for kind in ("Static", "Configurable"))
RDP_TCP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
# The profile of the network that the machine is on; NetworkCategory and connectivity of MSFT_NetConnectionProfile.
NOW = "connected"
MOST_NETWORKS = 256
CATEGORIES, INTERNET = {0: "Public", 1: "Private", 2: "Domain"}, 4
# What need not be read where rules that are off count, too.
ALSO_OFF = tuple(pattern for pattern in LEFT_OUT if "Active=" not in pattern)
_OFF = re.compile(r"\|Active=FALSE\|", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\w+\}")


class _FirewallRule(Place):
    """{firewall_rule: NAME, field: F}, F one of exists, enabled, profiles and remote_address: a local rule."""

    kind = "firewall_rule"
    # Beside the fields that set_firewall_rule.ps1 sets, its names for them.
    parameters: ClassVar[dict[str, Any]] = {
        **{"enabled": "Enabled", "profiles": "ProfileName", "remote_address": "RemoteAddress"},
    }
    needs: ClassVar[Allowed] = {"field": ("exists", *parameters)}
    written_by = "firewall"
    one_item = True
    words: ClassVar[Allowed] = {"profiles": PROFILES}
    # Windows may write the same addresses in another way than they were found in.
    held_as: ClassVar[dict[str, str]] = {"remote_address": "addresses", "profiles": "set"}
    may_be_absent = False

    def locate(self, state: State) -> Located:
        evidence = f"firewall rule {self.name} (local store), {self.field}"
        rule = _rule(state, self.name, LOCAL_RULES)
        if rule is None:
            return Located(False, evidence=evidence, missing="not there (no rule of this name)")
        value = self.field == "exists" or _read(self.name, partial(getattr, rule, self.field))
        return Located(True, value, evidence=evidence)

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        item.setdefault("parameters", {"Rule": self.name})[self.parameters[self.field]] = value

    def could_hold(self, value: Any) -> bool:
        return isinstance(value, bool) if self.field == "enabled" else super().could_hold(value)


class _OtherFirewall(Place):
    """{other_firewall: active}: other makers' firewalls that are on, by their own word to Windows' Security Center.

    Windows' own is not in that list. Bits 12 to 15 of STATE: 0 off, 1 on, 2 snoozed, 3 expired.
    """

    kind = "other_firewall"

    def locate(self, state: State) -> Located:
        names, unclear = [], []
        for entry in state.subkeys(OTHER_FIREWALLS):
            path = f"{OTHER_FIREWALLS}\\{entry}"
            try:
                if self._is_on(state, path):
                    names.append(self._called(state, path))
            except Unreadable as error:
                unclear.append(f"{self._called(state, path)}: {error}")
        # One that is on decides, whatever the others are.
        if unclear and not names:
            raise Unreadable(f"whether another firewall is on cannot be determined: {unclear[0]}")
        return _listed(names, "firewalls in the Security Center that are on")

    @staticmethod
    def _is_on(state: State, path: str) -> bool:
        how = state.machine.value(path, "STATE")
        if not isinstance(how.value, int):
            raise Unreadable(f"{how.evidence} does not say whether it is on")
        return how.value >> 12 & 0xF == 1

    @staticmethod
    def _called(state: State, path: str) -> str:
        entry = path.rpartition("\\")[2]
        try:
            return str(state.machine.value(path, "DISPLAYNAME").value or entry)
        except Unreadable:
            return entry


class _Reachable(Place):
    """{reachable: PROGRAM, profile: Private}: the addresses that all rules of all stores together let in to it.

    PROGRAM is file_sharing or remote_desktop. With `tell` it is found when something is so there:

    own_rules       a rule of Windows for the program holds in the profile, or Windows has none of them any more
    own_rules_on    the same, and the rule is enabled
    not_merged, off local rules do not count; the firewall is off
    kept_out        some of `addresses` are kept out; with `of: managed`, by nobody but Group Policy or MDM
    let_in          addresses beyond `addresses` are let in; `of` as before

    The profile `connected` is that of the network that the machine is on now, for the last two.
    """

    kind = "reachable"
    outcome = True
    _finds: ClassVar[tuple[str, ...]] = ("kept_out", "let_in")
    needs: ClassVar[Allowed] = {"profile": ()}
    may: ClassVar[Allowed] = {
        **{"tell": ("own_rules", "own_rules_on", "not_merged", "off", *_finds), "addresses": (), "of": ("managed",)},
    }

    @classmethod
    def problem(cls, where: Mapping[str, Any]) -> str | None:
        wrong = super().problem(where)
        if wrong:
            return wrong
        profile = where["profile"]
        if not isinstance(profile, str) or not (profile in (*PROFILES, NOW) or _PLACEHOLDER.fullmatch(profile)):
            return f"profile is {profile!r}; allowed: {', '.join(PROFILES)}, {NOW}"
        if profile == NOW and where.get("tell") not in (None, *cls._finds):
            return f"profile: {NOW} belongs to tell: {' or '.join(cls._finds)}, or to none"
        if ("addresses" in where) != (where.get("tell") in cls._finds) or ("of" in where and "addresses" not in where):
            return f"addresses belongs to tell: {' or '.join(cls._finds)}, and of to addresses"
        return _addresses_problem(where.get("addresses", []))

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        return None if name in _PROGRAMS else f"reachable is {name!r}; allowed: {', '.join(_PROGRAMS)}"

    def locate(self, state: State) -> Located:
        profile, tell = self.where["profile"], self.where.get("tell", "")
        if profile not in (*PROFILES, NOW):
            raise LocatorError(f"{self.where}: profile is {profile!r}; allowed: {', '.join(PROFILES)}, {NOW}")
        if tell.startswith("own_rules"):
            return self._own_rules(state, profile, on=tell == "own_rules_on")
        found = _reach_now(state, self.name) if profile == NOW else _reach(state, self.name, profile)
        of = "the networks that the machine is on" if profile == NOW else f"{profile} profile"
        evidence = f"firewall rules of all stores for TCP {found.listener.port}, {of}"
        if not tell:
            return Located(True, found.shown(), evidence=evidence, raw=found)
        if tell in self._finds:
            wanted = parse(self.where["addresses"])
            finding = found.kept_out(wanted) if tell == "kept_out" else found.let_in_beyond(wanted)
            names = [source.name for source in finding.culprits if source.name]
            is_so = bool(finding.words) and (finding.managed or "of" not in self.where)
            return Located(is_so, names if is_so and names else None, evidence=evidence)
        settings = _reach(state, self.name, profile).settings
        setting = settings.merge if tell == "not_merged" else settings.enabled
        return Located(not setting.value, [f"{setting.place}=0"] if not setting.value else None, evidence=evidence)

    def _own_rules(self, state: State, profile: str, *, on: bool) -> Located:
        rules = {name: rule for name in _PROGRAMS[self.name].own if (rule := _rule(state, name, LOCAL_RULES))}
        holding = [name for name, rule in rules.items() if profile in _read(name, partial(getattr, rule, "profiles"))]
        names = [name for name in holding if not on or _read(name, partial(getattr, rules[name], "enabled"))]
        evidence = f"firewall rules {', '.join(_PROGRAMS[self.name].own)} (local store), {profile} profile"
        return Located(not rules or bool(names), names or None, evidence=evidence)


class _OtherRules(Place):
    """{other_rules: PROGRAM, addresses: [...]}: rules of this machine, not Windows' own, that would change the outcome.

    Whether they are enabled does not count: those that keep some of the addresses out, or let others in.
    """

    kind = "other_rules"
    needs: ClassVar[Allowed] = {"addresses": ()}

    @classmethod
    def problem(cls, where: Mapping[str, Any]) -> str | None:
        return super().problem(where) or _addresses_problem(where["addresses"])

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        return None if name in _PROGRAMS else f"other_rules is {name!r}; allowed: {', '.join(_PROGRAMS)}"

    def locate(self, state: State) -> Located:
        wanted, listener = parse(self.where["addresses"]), _listener(state, self.name)
        names = []
        for name, value in _values(state, LOCAL_RULES, ALSO_OFF).items():
            text = value.get("data")
            said = spoken(_OFF.sub("|Active=TRUE|", text), listener) if isinstance(text, str) else None
            if said is None or said.doubts or name in _PROGRAMS[self.name].own:
                continue
            if wanted.common(said.addresses) if said.action == "Block" else said.addresses.minus(wanted):
                names.append(name)
        return _listed(sorted(names), f"other firewall rules of this machine for TCP {listener.port}")


@dataclass(frozen=True)
class _Program:
    """A listener, Windows' own rules for it, and what Group Policy's templates call the exception for it."""

    listener: Listener
    own: tuple[str, ...]
    exception: str


_PROGRAMS = {
    "file_sharing": _Program(
        Listener(445, "System"),
        ("FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope", "FPS-SMB-In-TCP-V2"),
        "FileAndPrint",
    ),
    "remote_desktop": _Program(
        Listener(3389, r"\system32\svchost.exe", "TermService"),
        ("RemoteDesktop-UserMode-In-TCP",),
        "RemoteDesktop",
    ),
}


def _reach(state: State, name: str, profile: str) -> Reach:
    """Return who can reach a program, worked out once for an endpoint."""
    if (name, profile) not in state.worked_out:
        listener = _listener(state, name)
        stores = {
            LOCAL: _profile_keys(state, POLICY),
            GROUP_POLICY: _profile_keys(state, POLICY_KEY),
            MDM: _profile_keys(state, rf"{POLICY}\Mdm"),
        }
        rules = [*_rules(state, listener), *_exceptions(state, _PROGRAMS[name], profile, stores[GROUP_POLICY])]
        try:
            state.worked_out[name, profile] = reach(listener, profile, rules, stores)
        except FirewallSettingError as error:
            raise Unreadable(str(error)) from error
    found: Reach = state.worked_out[name, profile]
    return found


def _reach_now(state: State, name: str) -> Networks:
    """Return who can reach a program on the networks that the machine is on.

    A virtual switch has a network, too. So those count over which the internet is reached, or all where none is.
    """
    networks = state.node("networks", "connected")["connected"]
    if not isinstance(networks, list) or not all(isinstance(network, Mapping) for network in networks):
        raise Unreadable("the networks that this machine is on now are not as the reader tells them")
    if not networks:
        raise Unreadable("Windows names no network that this machine is on now")
    if len(networks) > MOST_NETWORKS:
        raise Unreadable(
            f"Windows names {len(networks)} networks that this machine is on now; no machine is on so many"
        )
    outside = [network for network in networks if INTERNET in (network.get("ipv4"), network.get("ipv6"))]
    found = {}
    for network in outside or networks:
        category = network.get("category")
        profile = CATEGORIES.get(category) if isinstance(category, int) else None
        if profile is None:
            raise Unreadable(f"the category of the network {network.get('name')} is {category!r}")
        words = f'network "{network.get("name")}" on {network.get("interface")}, to Windows a {profile} one'
        found[words] = _reach(state, name, profile)
    return Networks(_listener(state, name), found)


def _listener(state: State, name: str) -> Listener:
    listener = _PROGRAMS[name].listener
    if name != "remote_desktop":
        return listener
    port = state.machine.value(RDP_TCP, "PortNumber")
    if port.found and not (isinstance(port.value, int) and 0 < port.value < 2**16):
        raise Unreadable(f"{port.evidence}: {port.value!r} is no port")
    return replace(listener, port=port.value) if port.found else listener


def _rules(state: State, listener: Listener) -> Iterator[tuple[str, str, str]]:
    # Hardening restricts services; the kernel, which serves file shares, is none.
    stores = {**RULES, HARDENING: RESTRICTED if listener.service else ()}
    for store, path in ((store, path) for store, paths in stores.items() for path in paths):
        for name, value in _values(state, path).items():
            text = value.get("data")
            # What is no text, or could not be read, is no rule and might have been one.
            yield store, name, text if isinstance(text, str) else str(value.get("error") or value.get("type"))


def _addresses_problem(addresses: Any) -> str | None:
    try:
        parse(addresses)
    except (AddressError, TypeError) as error:
        return f"addresses: {error}"
    return None


def _values(state: State, path: str, left_out: tuple[str, ...] = LEFT_OUT) -> Mapping[str, Any]:
    key = state.machine.rest(path, left_out)
    return {} if key is None else readable(key.get("values"), path)


def _profile_keys(state: State, above: str) -> Keys:
    """Return the settings of those keys of profiles that there are."""
    found = {}
    for name in ("DomainProfile", "PrivateProfile", "StandardProfile", "PublicProfile"):
        path = f"{above}\\{name}"
        # Windows keeps its own Private profile in StandardProfile, and reads no PrivateProfile there.
        if (above == POLICY and name == "PrivateProfile") or state.machine.rest(path, LEFT_OUT) is None:
            continue
        found[name] = {
            value: readable(data, f"{path} {value}").get("data")
            for value, data in _values(state, path).items()
            if value.casefold() in _SETTINGS
        }
    return found


_SETTINGS = {value.casefold() for value in VALUES}


def _exceptions(state: State, program: _Program, profile: str, keys: Keys) -> Iterator[tuple[str, str, str]]:
    """Yield as rules what Group Policy's templates call exceptions: on for some addresses, or off for everybody."""
    for name in policy_keys(profile, keys):
        where = rf"{name}\Services\{program.exception}"
        values = {
            value.casefold(): data.get("data") for value, data in _values(state, rf"{POLICY_KEY}\{where}").items()
        }
        if "enabled" not in values:
            continue
        # Of Remote Desktop the usual port, whatever it listens on.
        fields = f"Active=TRUE|Dir=In|Protocol=6|Profile={profile}|LPort={program.listener.port}|"
        if values["enabled"] == 0:
            yield GROUP_POLICY, where, f"v2.0|Action=Block|{fields}"
            continue
        scope = [text.strip() for text in str(values.get("remoteaddresses", "")).split(",")]
        named = "".join(f"RA4={text}|" + (f"RA6={text}|" if text.isalpha() else "") for text in scope if text != "*")
        yield GROUP_POLICY, where, f"v2.0|Action=Allow|{fields}{named}"


# Laptops of a fleet have much the same rules.
@lru_cache(maxsize=4096)
def _parsed(text: str) -> Rule:
    return parse_rule(text)


def _rule(state: State, name: str, path: str) -> Rule | None:
    located = state.machine.value(path, name)
    if not located.found:
        return None
    rule: Rule = _read(name, partial(_parsed, located.value if isinstance(located.value, str) else ""))
    # Windows takes no rule without these; what was written to it would not come about.
    _read(name, lambda: (rule.action, rule.direction))
    return rule


def _read(name: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except FirewallRuleError as error:
        raise Unreadable(f"firewall rule {name}: {error}") from error


def _listed(names: list[str], what: str) -> Located:
    return Located(bool(names), names or None, evidence=f"{what}: {', '.join(names) or 'none'}", missing="none")
