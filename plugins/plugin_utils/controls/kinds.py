"""The kinds of comparison (`compare` of a control): is a value as it should be, and if not, why.

    exact               the same value; text and number are never the same
    text                the same text, capital or small
    server_name         the same host, whatever port follows it; an address instead of the name is reported as such
    number              the same number; true and false count as 1 and 0, as Ansible's booleans meet DWORDs
    set                 the same entries, whatever the order, repetition and capital or small
    addresses           the same IP addresses (values.addresses)
    reachable_from      of who is let in to a program (values.reachability): these addresses are; without any, somebody
    reachable_only_from of the same: nobody but these addresses
    contains            every expected entry is there, whatever else is; members of a group by SID or account name
    fields              the named fields of a decoded value are as expected, whatever the others are
    settings            those of the named settings that can be read are as expected, whatever the others are
    packet_filter       the rules of macOS's packet filter that let nobody else in, by meaning: {port, allow}, and the
                        Mac's own devices for LocalSubnet (values.packet_filter)
    packet_filter_file  the same rules as the exact text of a file, below a comment: {port, allow, comment}
    packet_filter_path  an anchor of the packet filter is asked, and no rule decides against the wish before it:
                        {port, allow, anchor} (values.packet_filter_path)
    connections         no connection of the client beside ours can be taken for one of ours, or goes to an address
                        (values.connections): {ours: [{name, gateway, port}], allowed: [names]}
    one_of              one of the expected values, exactly
    version_at_least    the expected version or a newer one (values.versions)
    version_between     expected {at_least: V, below: V, at_most: V}, one of them or more
    version_outside     expected a list of such ranges: the version lies in none of them
    present / absent    whether there is anything at all; no expected value

A registry type in the locator is compared as well: REG_DWORD 1 and REG_SZ "1" are different things to Windows.

Each kind is one class, and each expected value one object of it, which understands the value when it is made, and once.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..state.nodes import Located, Unreadable, is_account
from ..state.state import State
from ..values import addresses, connections, packet_filter, packet_filter_path, wininet
from ..values.reachability import Finding, Reach
from ..values.versions import VersionError, in_range, parse_version
from .compare import Comparison, ExpectedError, describe, is_exact, is_texts


class _Exact(Comparison):
    kind, writable = "exact", True

    def difference(self, actual: Located) -> str | None:
        return None if is_exact(self.expected, actual.value) else ""


class _Text(Comparison):
    kind, writable = "text", True

    def understand(self) -> str | None:
        return None if isinstance(self.expected, str) else "text"

    def difference(self, actual: Located) -> str | None:
        same = isinstance(actual.value, str) and self.expected.casefold() == actual.value.casefold()
        return None if same else ""


class _ServerName(_Text):
    kind, writable = "server_name", False

    def difference(self, actual: Located) -> str | None:
        if not isinstance(actual.value, str):
            return ""
        # A port is digits after the last colon; more colons without brackets are an IPv6 address.
        host, colon, port = actual.value.rpartition(":")
        host = host if colon and port.isdigit() and (":" not in host or host.startswith("[")) else actual.value
        if host.casefold() == self.expected.casefold():
            return None
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return ""
        return f"is the address {host}, should be the name {self.expected}"


class _Number(Comparison):
    kind, writable = "number", True

    def understand(self) -> str | None:
        return None if isinstance(self.expected, int) else "a whole number (without quotes)"

    @property
    def value(self) -> int:
        return int(self.expected)

    def difference(self, actual: Located) -> str | None:
        return None if isinstance(actual.value, int) and self.value == int(actual.value) else ""


class _Entries(Comparison):
    def understand(self) -> str | None:
        return None if isinstance(self.expected, list) and self.expected else "a list with at least one entry"


class _Set(_Entries):
    kind, writable = "set", True

    def difference(self, actual: Located) -> str | None:
        if not isinstance(actual.value, list):
            return ""
        wanted, present = ({_folded(item): item for item in items} for items in (self.expected, actual.value))
        missing = [item for key, item in wanted.items() if key not in present]
        extra = [item for key, item in present.items() if key not in wanted]
        parts = [f"{_are(missing)} missing"] if missing else []
        parts += [f"{_are(extra)} there but should not be"] if extra else []
        return "; ".join(parts) or None


class _Addresses(Comparison):
    kind, writable = "addresses", True

    def understand(self) -> str | None:
        try:
            self._wanted = addresses.parse(self.expected)
        except (addresses.AddressError, TypeError) as error:
            return f"addresses: {error}"
        # An empty list would mean "nobody" here and "everybody" to Windows.
        some = self._wanted.keywords or self._wanted.ranges
        return None if some else "at least one address, network, range or keyword"

    @property
    def value(self) -> list[str]:
        return self._wanted.windows_texts()

    def words(self) -> str:
        return ", ".join(self._wanted.texts())

    def difference(self, actual: Located) -> str | None:
        try:
            return addresses.difference(self._wanted, addresses.parse(actual.value)) or None
        except (addresses.AddressError, TypeError) as error:
            raise Unreadable(f"the endpoint's addresses cannot be understood: {error}") from error


class _ReachableFrom(_Addresses):
    """Of a place that tells who is let in: these are; without any, somebody is."""

    kind, writable = "reachable_from", False

    def understand(self) -> str | None:
        problem = super().understand()
        if self.expected != []:
            return problem
        self.expected = ["somebody"]  # what a record shows
        return None

    def found(self, reach: Reach) -> Finding:
        return reach.kept_out(self._wanted)

    def difference(self, actual: Located) -> str | None:
        finding = self.found(actual.raw)
        if finding.doubts and not finding.words:
            said = "; ".join(finding.doubts)
            raise Unreadable(f"who is let in cannot be decided: {said}. Disable, correct or delete what is named")
        return "; ".join(finding.words) or None


class _ReachableOnlyFrom(_ReachableFrom):
    """Of such a place: nobody else is."""

    kind = "reachable_only_from"

    def found(self, reach: Reach) -> Finding:
        return reach.let_in_beyond(self._wanted)


class _Contains(Comparison):
    kind = "contains"

    def understand(self) -> str | None:
        return None if is_texts(self.expected) else "a list of texts"

    def missing(self, actual: Located) -> list[str]:
        present = {item: actual.names.get(item, ()) for item in actual.value if isinstance(item, str)}
        return [one for one in self.expected if not any(is_account(one, sid, names) for sid, names in present.items())]

    def to_write(self, located: Located) -> list[str]:
        return self.missing(located)

    def difference(self, actual: Located) -> str | None:
        if not isinstance(actual.value, list):
            return ""
        missing = self.missing(actual)
        return f"{_are(missing)} missing" if missing else None


class _Fields(Comparison):
    kind, writable = "fields", True

    def understand(self) -> str | None:
        allowed = (*wininet.FLAGS, *wininet.STRINGS)
        if not isinstance(self.expected, Mapping) or not self.expected:
            return "an object of fields, such as {pac: true}"
        unknown = [name for name in self.expected if name not in allowed]
        if unknown:
            return f"an object of {', '.join(allowed)}; {unknown[0]} is not known"
        if self.expected.get("direct") is False:
            return "without direct: false; Windows ignores the other settings then"
        try:
            wininet.encode(self.expected, None)
        except wininet.WininetError as error:
            return f"proxy settings: {error}"
        return None

    def fits(self, _of_type: Callable[[Any], bool]) -> bool:
        return True

    def to_write(self, located: Located) -> str:
        return wininet.encode(self.expected, located.raw)

    def difference(self, actual: Located) -> str | None:
        if not isinstance(actual.value, Mapping):
            return ""
        # Without these two Windows ignores all others (docs/sources/windows.md#proxy-blob).
        return _differing({"version": wininet.VERSION, "direct": True, **self.expected}, actual.value)

    def shown(self, actual: Any) -> Any:
        return {name: actual.get(name) for name in self.expected} if isinstance(actual, dict) else actual


class _Settings(Comparison):
    kind, writable = "settings", True

    def understand(self) -> str | None:
        return None if isinstance(self.expected, Mapping) and self.expected else "an object of settings"

    def difference(self, actual: Located) -> str | None:
        if not isinstance(actual.value, Mapping):
            return ""
        return _differing({name: item for name, item in self.expected.items() if name in actual.value}, actual.value)


class _PacketFilter(Comparison):
    kind, writable = "packet_filter", True
    keys: ClassVar[set[str]] = {"port", "allow"}

    def understand(self) -> str | None:
        form = f"an object of {', '.join(sorted(self.keys))}"
        if not isinstance(self.expected, Mapping) or set(self.expected) != self.keys:
            return form
        try:
            self._scope = packet_filter.scope(self.expected["port"], self.expected["allow"])
        except (addresses.AddressError, TypeError) as error:
            return f"{form}: {error}"
        self._unknown = "the Mac's network devices were not read"
        return None

    def at(self, endpoint: State) -> Comparison:
        here = copy.copy(self)
        try:
            here.expected, here._unknown = self._for(self._scope.rules(endpoint.network_devices())), ""
        except Unreadable as error:
            here._unknown = str(error)
        return here

    def verdict(self, actual: Located) -> str | None:
        if self._unknown:
            raise Unreadable(self._unknown)
        return super().verdict(actual)

    def _for(self, rules: list[str]) -> Any:
        return rules

    def difference(self, actual: Located) -> str | None:
        return packet_filter.difference(self.expected, actual.value)


class _PacketFilterFile(_PacketFilter):
    kind = "packet_filter_file"
    keys: ClassVar[set[str]] = {"port", "allow", "comment"}

    def _for(self, rules: list[str]) -> Any:
        return "".join(f"{line}\n" for line in (f"# {self.expected['comment']}", *rules))

    def difference(self, actual: Located) -> str | None:
        return None if self.expected == actual.value else ""


class _PacketFilterPath(Comparison):
    kind = "packet_filter_path"

    def understand(self) -> str | None:
        keys = {"port", "allow", "anchor"}
        return None if isinstance(self.expected, Mapping) and set(self.expected) == keys else f"{sorted(keys)}"

    def difference(self, actual: Located) -> str | None:
        anchor, path = self.expected["anchor"], self._path(actual.value)
        if not path.asked:
            return f"the rules that are loaded never ask the anchor {anchor}, so it keeps nobody out"
        wanted = self.expected["port"], self.expected["allow"]
        first = [step for step in path.before if packet_filter_path.decides(step[1], *wanted)]
        return f"decided before {anchor} is asked: {'; '.join(packet_filter_path.said(first))}" if first else None

    def shown(self, actual: Any) -> Any:
        return packet_filter_path.said(self._path(actual).before)

    def _path(self, loaded: Any) -> packet_filter_path.Path:
        return packet_filter_path.path_to(self.expected["anchor"], loaded["main"], loaded["anchors"])


class _Connections(Comparison):
    kind = "connections"

    def understand(self) -> str | None:
        if not isinstance(self.expected, Mapping) or set(self.expected) != {"ours", "allowed"}:
            return "an object of ours and allowed"
        self._ours, self._allowed = self.expected["ours"], self.expected["allowed"]
        if not is_texts(self._allowed) or not all(set(one) == {"name", "gateway", "port"} for one in self._ours):
            return "ours: a list of {name, gateway, port}, and allowed: a list of texts"
        self.expected = [f"{one['name']} ({connections.SSL_VPN}, {one['gateway']}:{one['port']})" for one in self._ours]
        return None

    def _wrong(self, found: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return connections.wrong((one for one in found if "error" not in one), self._ours, self._allowed)

    def difference(self, actual: Located) -> str | None:
        errors = "; ".join(one["error"] for one in actual.value if "error" in one)
        wrong = "; ".join(f"{one} {words}" for one, words in self._wrong(actual.value))
        if errors and not wrong:
            raise Unreadable(errors)
        return (f"{wrong}; and more is not known: {errors}" if errors else wrong) or None

    def shown(self, actual: Any) -> Any:
        # What speaks against nothing is the user's own business.
        return [one for one, _words in self._wrong(actual)] if isinstance(actual, list) else actual


class _OneOf(_Entries):
    kind = "one_of"

    def to_write(self, _located: Located) -> Any:
        return self.expected[0]

    def words(self) -> str:
        return f"one of {describe(self.expected)}"

    def difference(self, actual: Located) -> str | None:
        return None if any(is_exact(item, actual.value) for item in self.expected) else ""


class _Version(Comparison):
    ranges: tuple[Mapping[str, str], ...]
    inside: ClassVar[bool] = True

    def difference(self, actual: Located) -> str | None:
        try:
            parse_version(actual.value)
        except VersionError as error:
            raise Unreadable(f"the endpoint's version cannot be understood: {error}") from error
        return None if any(in_range(actual.value, **bounds) for bounds in self.ranges) is self.inside else ""

    def words(self) -> str:
        return "; ".join(map(_range, self.ranges))


class _VersionAtLeast(_Version):
    kind = "version_at_least"

    def understand(self) -> str | None:
        self.ranges = ({"at_least": self.expected},)
        return _not_a_version(self.expected)


class _VersionBetween(_Version):
    kind = "version_between"

    def understand(self) -> str | None:
        self.ranges = (self.expected,)
        return _not_bounds(self.expected)


class _VersionOutside(_Version):
    kind, inside = "version_outside", False

    def understand(self) -> str | None:
        if not isinstance(self.expected, list) or not self.expected:
            return "a list with at least one entry"
        self.ranges = tuple(self.expected)
        return next((problem for problem in map(_not_bounds, self.expected) if problem), None)

    def words(self) -> str:
        return f"none of: {super().words()}"


class _Present(Comparison):
    kind = "present"

    def understand(self) -> str | None:
        return None if self.expected is None else "left out"

    def verdict(self, actual: Located) -> str | None:
        return None if actual.found else f"{actual.missing}, should be there"


class _Absent(_Present):
    kind, writable = "absent", True

    def fits(self, _of_type: Callable[[Any], bool]) -> bool:
        return True

    def verdict(self, actual: Located) -> str | None:
        found = f"is {describe(actual.value, actual.type)}" if actual.value is not None else "is there"
        return f"{found}, should not be set" if actual.found else None


# Every class above that has a name for `compare`.
KINDS: dict[str, type[Comparison]] = {
    one.kind: one for one in [*vars().values()] if isinstance(one, type) and hasattr(one, "kind")
}


def comparison(kind: str, expected: Any, type_: str | None = None) -> Comparison:
    """Return the comparison with an expected value. Raises ExpectedError."""
    if kind not in KINDS:
        raise ExpectedError(f"compare is {kind!r}; allowed: {', '.join(KINDS)}")
    return KINDS[kind](expected, type_)


def _are(items: list[Any]) -> str:
    return f"{describe(items)} {'is' if len(items) == 1 else 'are'}"


def _differing(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> str | None:
    wrong = [name for name in wanted if not is_exact(wanted[name], actual.get(name))]
    words = [f"{name} is {describe(actual.get(name))}, should be {describe(wanted[name])}" for name in wrong]
    return "; ".join(words) or None


def _range(bounds: Mapping[str, str]) -> str:
    if "at_most" in bounds and bounds.get("at_least") == bounds["at_most"]:
        return bounds["at_most"]
    words = {"at_least": "{} or newer", "below": "older than {}", "at_most": "{} or older"}
    return " and ".join(words[name].format(bounds[name]) for name in words if name in bounds)


def _not_a_version(value: Any) -> str | None:
    try:
        parse_version(value)
    except VersionError as error:
        return f"a version: {error}"
    return None


def _not_bounds(value: Any) -> str | None:
    if not isinstance(value, Mapping) or not value or set(value) - {"at_least", "below", "at_most"}:
        return "{at_least: VERSION, below: VERSION, at_most: VERSION}, one of them or more"
    return next((problem for problem in map(_not_a_version, value.values()) if problem), None)


def _folded(item: Any) -> Any:
    return item.casefold() if isinstance(item, str) else (type(item), str(item))
