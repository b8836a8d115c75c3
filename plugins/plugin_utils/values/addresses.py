"""Sets of IP addresses as Windows firewall rules name them.

One set can be written in many ways: `10.20.0.0/16`, `10.20.0.0/255.255.0.0` and `10.20.0.0-10.20.255.255` are the
same addresses (docs/sources/windows.md#firewall-addresses: what was set as CIDR is read back as a mask). Here every
text becomes plain address ranges and keywords, both per family, so that sets can be compared and the difference be
reported in words.

Keywords: Set-NetFirewallRule names them; a 4 or 6 at the end limits one to IPv4 or IPv6. The registry's spellings
(MS-GPFAS 2.2.2.13: `RmtIntrAnet`, `Ply2Renders`) are understood too. `Any` and `*` are every address of both families.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .numbers import whole_number

Range = tuple[int, int, int]  # family (4 or 6), first and last address as numbers

LAST = {4: 2**32 - 1, 6: 2**128 - 1}
_WHOLE = {family: (family, 0, last) for family, last in LAST.items()}
_KEYWORDS = {
    name.casefold(): name
    for name in (
        *("LocalSubnet", "DNS", "DHCP", "WINS", "DefaultGateway", "Internet", "Intranet"),
        *("IntranetRemoteAccess", "PlayToDevice", "CaptivePortal"),
    )
} | {"rmtintranet": "IntranetRemoteAccess", "ply2renders": "PlayToDevice"}
_ALLOWED = (
    "an address (10.20.0.5), a network (10.20.0.0/16 or 10.20.0.0/255.255.0.0), "
    "a range (10.20.0.5-10.20.0.9) or a keyword such as LocalSubnet or Any"
)
# What still counts as "some networks" and not "everyone": an IPv4 /8 and an IPv6 /16.
_WIDEST = {4: 2**24, 6: 2**112}


class AddressError(ValueError):
    """A text that names no address; the message quotes it and says what is allowed."""


@dataclass(frozen=True)
class AddressSet:
    """A set in its one normal form: keywords as (name, family), ranges sorted, disjoint and not adjacent."""

    keywords: frozenset[tuple[str, int]]
    ranges: tuple[Range, ...]

    @property
    def is_any(self) -> bool:
        """Whether every IPv4 and every IPv6 address is in the set."""
        return all(whole in self.ranges for whole in _WHOLE.values())

    def covers(self, other: AddressSet) -> bool:
        """Whether everything in `other` is in this set; of a keyword only the keyword itself is known to be."""
        return not other.minus(self)

    def minus(self, other: AddressSet) -> AddressSet:
        """Return what is in this set and not in `other`."""
        if not other or not self:
            return self
        full = {family for family, whole in _WHOLE.items() if whole in other.ranges}
        keywords = frozenset(item for item in self.keywords - other.keywords if item[1] not in full)
        return AddressSet(keywords, tuple(_subtract(self.ranges, other.ranges)))

    def plus(self, other: AddressSet) -> AddressSet:
        """Return what is in this set, in `other`, or in both."""
        if not other or not self:
            return self or other
        return _normal({*self.keywords, *other.keywords}, [*self.ranges, *other.ranges])

    def common(self, other: AddressSet) -> AddressSet:
        """Return what is in both sets; every address of a family is also every keyword's."""
        if not other or not self:
            return _NOTHING
        ranges = _intersect(self.ranges, other.ranges)
        whole = [{family for family, full in _WHOLE.items() if full in one.ranges} for one in (self, other)]
        kept = {item for item in self.keywords if item in other.keywords or item[1] in whole[1]}
        return _normal(kept | {item for item in other.keywords if item[1] in whole[0]}, ranges)

    def __bool__(self) -> bool:
        """Whether there is anything in the set."""
        return bool(self.keywords or self.ranges)

    def of_family(self, family: int) -> AddressSet:
        """Return what of it is IPv4, or IPv6."""
        keywords = frozenset(item for item in self.keywords if item[1] == family)
        return AddressSet(keywords, tuple(item for item in self.ranges if item[0] == family))

    def texts(self) -> list[str]:
        """Return the shortest texts for the set: keywords first, then IPv4, then IPv6; CIDR where it fits.

        >>> parse(["10.20.0.0/255.255.0.0", "localsubnet"]).texts()
        ['LocalSubnet', '10.20.0.0/16']
        """
        return self._texts(masks=False)

    def windows_texts(self) -> list[str]:
        """Return the texts as Windows reads them back: IPv4 networks with a mask.

        Source: docs/sources/windows.md#firewall-addresses.

        >>> parse(["10.20.0.0/16", "fd00::/8"]).windows_texts()
        ['10.20.0.0/255.255.0.0', 'fd00::/8']
        """
        return self._texts(masks=True)

    def _texts(self, *, masks: bool) -> list[str]:
        if self.is_any:
            return ["Any"]
        names = sorted({name for name, _family in self.keywords})
        words = []
        for name in names:
            families = [family for family in (4, 6) if (name, family) in self.keywords]
            words += [name] if len(families) == 2 else [f"{name}{families[0]}"]
        return words + [_range_text(item, masks) for item in self.ranges]


_NOTHING = AddressSet(frozenset(), ())


def parse(value: str | Iterable[str]) -> AddressSet:
    """Return the set that a text (comma-separated, as COM gives it) or a list of texts stands for.

    Raises AddressError for anything that is not an address, network, range or keyword.
    """
    texts = [value] if isinstance(value, str) else value
    keywords: set[tuple[str, int]] = set()
    ranges: list[Range] = []
    for text in texts:
        if not isinstance(text, str):
            raise AddressError(f"{text!r} is not an address: allowed is {_ALLOWED}, each as text")
        for token in text.split(","):
            _add(token.strip(), keywords, ranges)
    return _normal(keywords, ranges)


def union(sets: Iterable[AddressSet]) -> AddressSet:
    """Return what is in any of the sets.

    >>> union([parse("10.0.0.0/9"), parse("10.128.0.0/9"), parse("DNS")]).texts()
    ['DNS', '10.0.0.0/8']
    """
    given = [one for one in sets if one]
    if len(given) == 1:
        return given[0]
    return _normal({item for one in given for item in one.keywords}, [item for one in given for item in one.ranges])


def equal(one: str | Iterable[str], other: str | Iterable[str]) -> bool:
    """Whether two texts or lists name the same addresses."""
    return parse(one) == parse(other)


def difference(wanted: AddressSet, present: AddressSet) -> str:
    """Return in words how what is there differs from what is wanted; an empty text when it does not.

    >>> difference(parse(["LocalSubnet", "10.20.0.0/16"]), parse(["LocalSubnet", "11.0.0.0/255.0.0.0"]))
    '10.20.0.0/16 is missing; 11.0.0.0/8 is allowed but should not be'
    """
    if wanted == present:
        return ""
    if present.is_any:
        return f"every address is allowed, and only {and_list(wanted.texts()) or 'none'} should be"
    parts = []
    missing = wanted.minus(present).texts()
    if missing:
        parts.append(f"{and_list(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    extra = present.minus(wanted)
    for family, whole in _WHOLE.items():
        if whole in present.ranges and whole not in wanted.ranges:
            # The rest of the family as ranges would be right and say nothing to anybody.
            parts.append(f"every IPv{family} address is allowed")
            extra = AddressSet(extra.keywords, tuple(item for item in extra.ranges if item[0] != family))
    unasked = extra.texts()
    if unasked:
        parts.append(f"{and_list(unasked)} {'is' if len(unasked) == 1 else 'are'} allowed but should not be")
    return "; ".join(parts)


def is_closed_scope(value: object) -> bool:
    """Whether one text, or a list of texts together, names some networks and not everyone.

    True for addresses, networks and ranges up to an IPv4 /8 or IPv6 /16 in size, and for LocalSubnet. A list may have
    twice that in all, which is room for every private network. False for `Any`, `*`, every other keyword, an empty
    list, and for what is no address at all.
    """
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and is_closed_scope(item) for item in value) and _fits(value)
    if not isinstance(value, str):
        return False
    try:
        given = parse(value)
    except AddressError:
        return False
    small = all(last - first < _WIDEST[family] for family, first, last in given.ranges)
    return small and all(name == "LocalSubnet" for name, _family in given.keywords)


def _fits(texts: list[str]) -> bool:
    """Whether many small networks together are still not everyone."""
    total = {4: 0, 6: 0}
    for family, first, last in parse(texts).ranges:
        total[family] += last - first + 1
    return all(total[family] <= 2 * widest for family, widest in _WIDEST.items())


def split_keyword(token: str) -> tuple[str, tuple[int, ...]] | None:
    """Return a keyword in its usual spelling and the families it stands for, or None when `token` is none.

    >>> split_keyword("localsubnet6")
    ('LocalSubnet', (6,))
    """
    folded = token.casefold()
    for ending, families in (("", (4, 6)), ("4", (4,)), ("6", (6,))):
        if folded.endswith(ending):
            stem = folded[: len(folded) - len(ending)]
            if stem in ("any", "*"):
                return "Any", families
            if stem in _KEYWORDS:
                return _KEYWORDS[stem], families
    return None


def _add(token: str, keywords: set[tuple[str, int]], ranges: list[Range]) -> None:
    keyword = split_keyword(token)
    if keyword is None:
        ranges.append(_parse_range(token))
    elif keyword[0] == "Any":
        ranges.extend(_WHOLE[family] for family in keyword[1])
    else:
        keywords.update((keyword[0], family) for family in keyword[1])


def _parse_range(token: str) -> Range:
    if "-" in token:
        first, last = (_address(part.strip(), token) for part in token.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            raise AddressError(f"{token!r} is no range: the first address must come before the last, of the same kind")
        return first.version, int(first), int(last)
    host, slash, mask = token.partition("/")
    address = _address(host, token)
    bits = address.max_prefixlen
    length = _prefix_length(mask, address, token) if slash else bits
    size = 2 ** (bits - length)
    first_number = int(address) // size * size  # bits below the mask do not count
    return address.version, first_number, first_number + size - 1


def _address(text: str, token: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        if "%" in text:
            raise ValueError("an interface is no part of a remote address")
        return ipaddress.ip_address(text)
    except ValueError:
        raise AddressError(f"{token!r} is not an address: allowed is {_ALLOWED}") from None


def _prefix_length(mask: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address, token: str) -> int:
    bits = address.max_prefixlen
    length = whole_number(mask)
    if length is not None and length <= bits:
        return length
    if address.version == 4 and "." in mask:
        hosts = LAST[4] - int(_address(mask, token))
        if hosts & (hosts + 1) == 0:
            return bits - hosts.bit_length()
    raise AddressError(f"{token!r}: the mask {mask!r} is neither 0 to {bits} nor a mask such as 255.255.0.0")


def _normal(keywords: Iterable[tuple[str, int]], ranges: list[Range]) -> AddressSet:
    merged = _merge(ranges)
    full = {family for family, whole in _WHOLE.items() if whole in merged}
    return AddressSet(frozenset(item for item in keywords if item[1] not in full), merged)


def _merge(ranges: list[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for family, first, last in sorted(ranges):
        if merged and merged[-1][0] == family and first <= merged[-1][2] + 1:
            merged[-1] = (family, merged[-1][1], max(merged[-1][2], last))
        else:
            merged.append((family, first, last))
    return tuple(merged)


def _subtract(ranges: Sequence[Range], without: Sequence[Range]) -> list[Range]:
    """Return what is left; both are in their normal form, so one walk through them is enough.

    A rule on an endpoint may name tens of thousands of addresses.
    """
    left: list[Range] = []
    begin = 0
    for family, first, last in ranges:
        while begin < len(without) and (without[begin][0], without[begin][2]) < (family, first):
            begin += 1
        place, start = begin, first
        while place < len(without) and without[place][:2] <= (family, last):
            if start < without[place][1]:
                left.append((family, start, without[place][1] - 1))
            start = without[place][2] + 1
            place += 1
        if start <= last:
            left.append((family, start, last))
    return left


def _intersect(one: Sequence[Range], other: Sequence[Range]) -> list[Range]:
    """Return what is in both; of many, only those are looked at that meet one of few."""
    few, many = sorted((one, other), key=len)
    found: list[Range] = []
    for family, first, last in few:
        place = bisect_left(many, (family, first), key=lambda item: (item[0], item[2]))
        while place < len(many) and many[place][:2] <= (family, last):
            found.append((family, max(first, many[place][1]), min(last, many[place][2])))
            place += 1
    return found


def _range_text(item: Range, masks: bool) -> str:
    family, first, last = item
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    size = last - first + 1
    if size == 1:
        return str(make(first))
    if size & (size - 1) == 0 and first % size == 0:
        if masks and family == 4:
            return f"{make(first)}/{make(LAST[4] - size + 1)}"
        return f"{make(first)}/{(32 if family == 4 else 128) - (size.bit_length() - 1)}"
    return f"{make(first)}-{make(last)}"


def and_list(texts: list[str]) -> str:
    """Return texts as a person lists them."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
