"""Is a value as it should be, and if not, why: in words for a person.

Kinds of comparison (`compare` of a control):

    exact               the same value; text and number are never the same
    text                the same text, capital or small
    server_name         the same host, whatever port follows it; an address instead of the name is told as such
    number              the same number; true and false count as 1 and 0, as Ansible's booleans meet DWORDs
    flag                expected true or false; actual 1 or 0 (or true or false); anything else differs
    set                 the same entries, whatever the order, repetition and capital or small
    addresses           the same IP addresses (values.addresses)
    contains            every expected entry is there, whatever else is; members of a group by SID or account name
    fields              the named fields of a decoded value are as expected, whatever the others are
    settings            those of the named settings that can be read are as expected, whatever the others are
    packet_filter       the same rules of macOS's packet filter by meaning (values.packet_filter)
    one_of              one of the expected values, exactly
    version_at_least    the expected version or a newer one (values.versions)
    version_between     expected {at_least: V, below: V, at_most: V}, one of them or more
    version_outside     expected a list of such ranges: the version lies in none of them
    present / absent    whether there is anything at all; no expected value

A registry type in the locator is compared as well: REG_DWORD 1 and REG_SZ "1" are different things to Windows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..state.nodes import Located, Unreadable, is_account
from ..values import addresses, packet_filter, wininet
from ..values.versions import VersionError, compare_versions, in_range, parse_version


class ExpectedError(ValueError):
    """An expected value that the kind of comparison cannot use: a mistake in the role's data or the inventory."""


@dataclass(frozen=True)
class Verdict:
    """Whether the value is as expected; `reason` is empty when it is."""

    same: bool
    reason: str = ""


def compare(kind: str, expected: Any, actual: Located, type_: str | None = None) -> Verdict:
    """Compare what was located with what should be.

    Raises ExpectedError when `expected` cannot be used, Unreadable when the actual value makes no sense for the kind.
    """
    check_expected(kind, expected, type_)
    if kind == "present":
        return Verdict(True) if actual.found else Verdict(False, f"{actual.missing}, should be there")
    if kind == "absent":
        found = f"is {describe(actual.value, actual.type)}" if actual.value is not None else "is there"
        return Verdict(False, f"{found}, should not be set") if actual.found else Verdict(True)
    wish = _wish(kind, expected, type_)
    if not actual.found:
        return Verdict(False, f"{actual.missing}, should be {wish}")
    if type_ and actual.type != type_:
        value = describe(actual.value, actual.type)
        return Verdict(False, f"is {value} of type {actual.type}, should be {wish} of type {type_}")
    # Members of a group have names beside their SIDs.
    difference = _KINDS[kind][0](expected, actual if kind == "contains" else actual.value)
    if difference is None:
        return Verdict(True)
    return Verdict(False, difference or f"is {describe(actual.value, actual.type)}, should be {wish}")


def check_expected(kind: str, expected: Any, type_: str | None = None) -> None:
    """Raise ExpectedError when this kind of comparison, or this registry type, cannot have this expected value."""
    if kind not in KINDS:
        raise ExpectedError(f"compare is {kind!r}; allowed: {', '.join(KINDS)}")
    allowed = _KINDS[kind][1](expected) if kind in _KINDS else _nothing(expected)
    if allowed:
        raise ExpectedError(f"expected is {expected!r}; with compare {kind} it must be {allowed}")
    if type_ and kind in WRITABLE and kind not in ("absent", "fields"):
        wanted = _TYPE_RULES[type_]
        if not wanted[0](to_write(kind, expected)):
            raise ExpectedError(f"expected is {expected!r}; for {type_} it must be {wanted[1]}")


def to_write(kind: str, expected: Any) -> Any:
    """Return the value that makes the comparison true, as the writing modules take it."""
    if kind in ("number", "flag"):
        return int(expected)
    if kind == "addresses":
        return addresses.parse(expected).windows_texts()
    return expected


def missing_entries(expected: list[str], actual: Located) -> list[str]:
    """Return which expected entries are not there, in their order."""
    present = {item: actual.names.get(item, ()) for item in actual.value if isinstance(item, str)}
    return [wanted for wanted in expected if not any(is_account(wanted, sid, names) for sid, names in present.items())]


def describe(value: Any, type_: str | None = None) -> str:
    """Return a value for a person's eye.

    >>> describe(1, "REG_DWORD"), describe("a"), describe(None), describe(["a", "b"])
    ('0x1 (1)', '"a"', 'not set', '"a", "b"')
    """
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:#x} ({value})" if type_ in ("REG_DWORD", "REG_QWORD") else str(value)
    if isinstance(value, str):
        if type_ in ("REG_BINARY", "REG_NONE"):
            return f"{len(value) // 2} bytes {value[:32]}{'...' if len(value) > 32 else ''}"
        return f'"{value}"'
    if isinstance(value, list):
        return ", ".join(describe(item) for item in value) or "an empty list"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe(item)}" for key, item in value.items()) or "an empty dictionary"
    return str(value)


def _wish(kind: str, expected: Any, type_: str | None) -> str:
    if kind == "addresses":
        return ", ".join(addresses.parse(expected).texts())
    if kind == "one_of":
        return f"one of {describe(expected)}"
    if kind == "version_at_least":
        return f"{expected} or newer"
    if kind == "version_between":
        return _range(expected)
    if kind == "version_outside":
        return f"none of: {'; '.join(map(_range, expected))}"
    if kind == "flag":
        return "on" if expected else "off"
    return describe(to_write(kind, expected), type_)


def _range(bounds: Mapping[str, str]) -> str:
    if "at_most" in bounds and bounds.get("at_least") == bounds["at_most"]:
        return bounds["at_most"]
    words = {"at_least": "{} or newer", "below": "older than {}", "at_most": "{} or older"}
    return " and ".join(words[name].format(bounds[name]) for name in words if name in bounds)


# Each test returns None for "the same", a difference in words, or "" for the usual "is X, should be Y".
def _exact(expected: Any, actual: Any) -> str | None:
    # In Python True == 1 == 1.0; to a property list and to the registry they are different things.
    if _family(expected) is not _family(actual):
        return ""
    if isinstance(expected, list):
        same = len(expected) == len(actual) and all(map(_is_exact, expected, actual))
    elif isinstance(expected, Mapping):
        same = set(expected) == set(actual) and all(_is_exact(expected[key], actual[key]) for key in expected)
    else:
        same = expected == actual
    return None if same else ""


def _is_exact(expected: Any, actual: Any) -> bool:
    return _exact(expected, actual) is None


def _text(expected: str, actual: Any) -> str | None:
    return None if isinstance(actual, str) and expected.casefold() == actual.casefold() else ""


def _server_name(expected: str, actual: Any) -> str | None:
    if not isinstance(actual, str):
        return ""
    # A port is digits after the last colon; more colons without brackets are an IPv6 address.
    host, colon, port = actual.rpartition(":")
    host = host if colon and port.isdigit() and (":" not in host or host.startswith("[")) else actual
    if host.casefold() == expected.casefold():
        return None
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return ""
    return f"is the address {host}, should be the name {expected}"


def _number(expected: Any, actual: Any) -> str | None:
    return None if isinstance(actual, int) and int(expected) == int(actual) else ""


def _set(expected: list[Any], actual: Any) -> str | None:
    if not isinstance(actual, list):
        return ""
    wanted, present = ({_folded(item): item for item in items} for items in (expected, actual))
    missing = [item for key, item in wanted.items() if key not in present]
    extra = [item for key, item in present.items() if key not in wanted]
    parts = [f"{describe(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
    parts += [f"{describe(extra)} {'is' if len(extra) == 1 else 'are'} there and nobody asked for it"] if extra else []
    return "; ".join(parts) or None


def _contains(expected: list[str], actual: Located) -> str | None:
    if not isinstance(actual.value, list):
        return ""
    missing = missing_entries(expected, actual)
    return f"{describe(missing)} {'is' if len(missing) == 1 else 'are'} missing" if missing else None


def _fields(expected: Mapping[str, Any], actual: Any) -> str | None:
    if not isinstance(actual, Mapping):
        return ""
    # Without these two Windows ignores all others (docs/sources/windows.md#proxy-blob).
    return _differing({"version": wininet.VERSION, "direct": True, **expected}, actual)


def _settings(expected: Mapping[str, Any], actual: Any) -> str | None:
    if not isinstance(actual, Mapping):
        return ""
    return _differing({name: wish for name, wish in expected.items() if name in actual}, actual)


def _differing(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> str | None:
    wrong = [name for name in wanted if not _is_exact(wanted[name], actual.get(name))]
    words = [f"{name} is {describe(actual.get(name))}, should be {describe(wanted[name])}" for name in wrong]
    return "; ".join(words) or None


def _addresses(expected: Any, actual: Any) -> str | None:
    try:
        return addresses.difference(expected, actual) or None
    except (addresses.AddressError, TypeError) as error:
        raise Unreadable(f"the endpoint's addresses make no sense: {error}") from error


def _one_of(expected: list[Any], actual: Any) -> str | None:
    return None if any(_is_exact(item, actual) for item in expected) else ""


def _version_at_least(expected: str, actual: Any) -> str | None:
    return _version(actual, lambda: compare_versions(actual, expected) >= 0)


def _version_between(expected: Mapping[str, str], actual: Any) -> str | None:
    return _version(actual, lambda: in_range(actual, **expected))


def _version_outside(expected: list[Mapping[str, str]], actual: Any) -> str | None:
    return _version(actual, lambda: not any(in_range(actual, **bounds) for bounds in expected))


def _version(actual: Any, holds: Callable[[], bool]) -> str | None:
    try:
        parse_version(actual)
    except VersionError as error:
        raise Unreadable(f"the endpoint's version makes no sense: {error}") from error
    return None if holds() else ""


def _family(value: Any) -> type | None:
    """Return the plain kind of a value; Ansible's own subclasses of str and int count as what they are."""
    return next((kind for kind in (bool, int, float, str, list, Mapping) if isinstance(value, kind)), None)


def _folded(item: Any) -> Any:
    return item.casefold() if isinstance(item, str) else (type(item), str(item))


# Each check returns what is allowed when the expected value is not, else None.
def _something(value: Any) -> str | None:
    return "a value" if value is None else None


def _nothing(value: Any) -> str | None:
    return None if value is None else "left out"


def _a_text(value: Any) -> str | None:
    return None if isinstance(value, str) else "text"


def _a_number(value: Any) -> str | None:
    return None if isinstance(value, int) else "a whole number (without quotes)"


def _a_flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _a_list(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "a list with at least one entry"


def _texts(value: Any) -> str | None:
    return None if _is_texts(value) else "a list of texts"


def _an_object(value: Any) -> str | None:
    return None if isinstance(value, Mapping) and value else "an object of settings"


def _some_fields(value: Any) -> str | None:
    if not isinstance(value, Mapping) or not value:
        return "an object of fields, such as {pac: true}"
    # The others are the form's own: a counter and the like, which no wish can be about.
    allowed = (*wininet.FLAGS, *wininet.STRINGS)
    unknown = [name for name in value if name not in allowed]
    if unknown:
        return f"an object of {', '.join(allowed)}; {unknown[0]} is not known"
    if value.get("direct") is False:
        return "without direct: false; Windows ignores the other settings then"
    try:
        wininet.encode(value, None)
    except wininet.WininetError as error:
        return f"proxy settings: {error}"
    return None


def _some_addresses(value: Any) -> str | None:
    try:
        given = addresses.parse(value)
    except (addresses.AddressError, TypeError) as error:
        return f"addresses: {error}"
    # An empty list would mean "nobody" here and "everybody" to Windows.
    return None if given.keywords or given.ranges else "at least one address, network, range or keyword"


def _a_version(value: Any) -> str | None:
    try:
        parse_version(value)
    except VersionError as error:
        return f"a version: {error}"
    return None


def _version_bounds(value: Any) -> str | None:
    if not isinstance(value, Mapping) or not value or set(value) - {"at_least", "below", "at_most"}:
        return "{at_least: VERSION, below: VERSION, at_most: VERSION}, one of them or more"
    return next((problem for problem in map(_a_version, value.values()) if problem), None)


def _version_ranges(value: Any) -> str | None:
    problem = _a_list(value)
    return problem or next((problem for problem in map(_version_bounds, value) if problem), None)


def _is_int(bits: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**bits


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and len(value) % 2 == 0 and not set(value) - set("0123456789abcdef")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_TYPE_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "REG_SZ": (_is_text, "text (in quotes if it looks like a number)"),
    "REG_EXPAND_SZ": (_is_text, "text (in quotes if it looks like a number)"),
    "REG_MULTI_SZ": (_is_texts, "a list of texts"),
    "REG_DWORD": (_is_int(32), "a whole number from 0 to 4294967295, without quotes"),
    "REG_QWORD": (_is_int(64), "a whole number from 0 to 18446744073709551615, without quotes"),
    "REG_BINARY": (_is_hex, "lower-case hexadecimal digits, two a byte"),
    "REG_NONE": (_is_hex, "lower-case hexadecimal digits, two a byte"),
}
_KINDS: dict[str, tuple[Callable[[Any, Any], str | None], Callable[[Any], str | None]]] = {
    "exact": (_exact, _something),
    "text": (_text, _a_text),
    "server_name": (_server_name, _a_text),
    "number": (_number, _a_number),
    "flag": (_number, _a_flag),
    "set": (_set, _a_list),
    "addresses": (_addresses, _some_addresses),
    "contains": (_contains, _texts),
    "fields": (_fields, _some_fields),
    "settings": (_settings, _an_object),
    "packet_filter": (packet_filter.difference, _a_list),
    "one_of": (_one_of, _a_list),
    "version_at_least": (_version_at_least, _a_version),
    "version_between": (_version_between, _version_bounds),
    "version_outside": (_version_outside, _version_ranges),
}
KINDS = (*_KINDS, "present", "absent")
# Kinds whose expected value is one that can be written; the others only look.
WRITABLE = ("exact", "text", "number", "flag", "set", "addresses", "fields", "settings", "packet_filter", "absent")
