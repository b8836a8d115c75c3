"""Which rules of macOS's packet filter (pf) decide about a port before an anchor of one's own is asked.

pf goes through the main rules and, where they call one, through an anchor, the children of `NAME/*` in the order of
their names. The first rule with `quick` that fits decides (docs/sources/macos.md#order-of-anchors).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .addresses import AddressError, AddressSet, parse, split_keyword
from .numbers import whole_number
from .packet_filter import SERVICES

_CALL = re.compile(r'anchor "/?([^"]+)"')
_TCP = ("tcp", "6")
# Where a local subnet may lie.
_PRIVATE = parse(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fe80::/10", "fc00::/7"])


@dataclass(frozen=True)
class Path:
    """What is looked at before the anchor: (anchor, rule) in order; whether the anchor is asked at all."""

    asked: bool
    before: list[tuple[str, str]] = field(default_factory=list)


def path_to(anchor: str, main: Iterable[str], anchors: Mapping[str, list[str]]) -> Path:
    """Return how pf comes to an anchor, which need not be loaded yet.

    >>> path_to("a/b", ['anchor "a/*" all'], {"a/a": ["block drop quick all"], "a/c": ["pass all"]})
    Path(asked=True, before=[('a/a', 'block drop quick all')])
    """
    before: list[tuple[str, str]] = []
    for name, rule in _in_order(main, {**anchors, anchor: [""]}):
        if name == anchor:
            return Path(True, before)
        before.append((name, rule))
    return Path(False, before)


def _in_order(main: Iterable[str], anchors: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield the rules with their anchors, those of an anchor only the first time that it is called.

    What was asked before decides nothing new, and anchors that each call the next one twice would have no end. Not by
    recursion: they may lie in each other as deep as somebody likes.
    """
    names, called = sorted(anchors), set[str]()
    waiting: list[tuple[str, Iterator[str]]] = [("", iter(main))]
    while waiting:
        name, rules = waiting[-1]
        rule = next(rules, None)
        if rule is None:
            waiting.pop()
            continue
        call = _CALL.match(rule)
        if not call:
            yield name, rule
            continue
        whole = f"{name}/{call[1]}" if name else call[1]
        if whole in called:
            continue
        called.add(whole)
        below = _children(whole.removesuffix("/*"), names) if whole.endswith("/*") else [whole]
        fresh = [one for one in below if one == whole or one not in called]
        called.update(fresh)
        waiting += [(one, iter(anchors.get(one, []))) for one in reversed(fresh)]


def _children(parent: str, names: list[str]) -> list[str]:
    """Return what lies directly in an anchor; the names are sorted, and 0 is what follows the slash."""
    depth = parent.count("/") + 2
    inside = names[bisect_left(names, f"{parent}/") : bisect_left(names, f"{parent}0")]
    return sorted({"/".join(name.split("/", depth)[:depth]) for name in inside})


def decides(rule: str, port: int, allow: Iterable[str]) -> bool:
    """Whether a rule lets somebody in to a TCP port, or keeps somebody out, against the wish that `allow` says.

    A rule that keeps out a table of addresses is taken for a list of unwanted ones.

    >>> decides("block drop in quick proto tcp from any to any port = 445", 445, ["10.0.0.0/8"])
    True
    >>> decides("pass in quick inet proto tcp from 10.1.0.0/16 to any port = 445", 445, ["10.0.0.0/8"])
    False
    """
    words = rule.split()
    if words[:1] not in (["pass"], ["block"]) or "quick" not in words or "out" in words[:4]:
        return False
    if _after(words, "on") == "lo0" or _after(words, "proto") not in ("", *_TCP):
        return False
    source, target = _sides(words)
    if "port" in target and not _fits(target[target.index("port") + 1 :], port):
        return False
    return _lets_in(source, allow) if words[0] == "pass" else _keeps_out(source, allow)


def _after(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _sides(words: list[str]) -> tuple[list[str], list[str]]:
    if "from" not in words:
        return ["any"], []
    start = words.index("from") + 1
    end = words.index("to") if "to" in words else len(words)
    return words[start:end], words[end + 1 :]


def _fits(words: list[str], port: int) -> bool:
    """Whether `= 445`, `137:139`, `>= 1024`, `100 >< 500` and the like hold for a port; what is not known may."""
    first, *rest = words or [""]
    if ":" in first:
        low, high = (_number(word) for word in first.split(":", 1))
        return low is None or high is None or low <= port <= high
    if rest[:1] in (["><"], ["<>"]) and len(rest) > 1:
        low, high = _number(first), _number(rest[1])
        return low is None or high is None or (low < port < high) is (rest[0] == "><")
    sign, word = (first, rest[0]) if first in ("=", "!=", "<", "<=", ">", ">=") and rest else ("=", first)
    number = _number(word)
    if number is None:
        # A service by its name: this port's is in the table.
        return sign != "="
    holds = {"=": port == number, "!=": port != number, "<": port < number, "<=": port <= number}
    return {**holds, ">": port > number, ">=": port >= number}[sign]


def _number(word: str) -> int | None:
    return whole_number(SERVICES.get(word, word))


def _wish(allow: Iterable[str]) -> tuple[AddressSet, bool]:
    """Return the addresses of the wish, and whether the local subnets belong to it."""
    tokens = [token.strip() for text in allow for token in text.split(",")]
    named = [token for token in tokens if split_keyword(token) is None]
    return parse(named), len(named) < len(tokens)


def _lets_in(source: list[str], allow: Iterable[str]) -> bool:
    wish, _local = _wish(allow)
    addresses = _addresses(source)
    return addresses is None or not wish.covers(addresses)


def _keeps_out(source: list[str], allow: Iterable[str]) -> bool:
    if source[0].startswith("<") or "port" in source:
        return False
    addresses = _addresses(source)
    if addresses is None:
        return True
    wish, local = _wish(allow)
    return addresses.minus(wish.plus(_PRIVATE) if local else wish) != addresses


def _addresses(source: list[str]) -> AddressSet | None:
    """Return the addresses of a source, None for a table, a negation, an interface: what they are is not known."""
    end = source.index("port") if "port" in source else len(source)
    try:
        return parse(" ".join(source[:end]))
    except AddressError:
        return None


def said(steps: Iterable[tuple[str, str]]) -> list[Any]:
    """Return rules with the anchors that they are in, for a person."""
    return [f"{f'anchor {name}' if name else 'main rules'}: {rule}" for name, rule in steps]
