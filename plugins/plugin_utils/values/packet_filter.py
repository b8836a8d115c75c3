"""Rules of macOS's packet filter (pf), compared by meaning: pfctl prints them in another form than they are written in.

`port 445` comes back as `port = 445`, `keep state flags S/SA` is added, `block` becomes `block drop`, `all` stands for
`from any to any`, and the families of addresses are named (docs/sources/macos.md#packet-filter).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .addresses import AddressError, parse, split_keyword

_FAMILIES = {4: "inet ", 6: "inet6 "}
_NOISE = {"flags", "S/SA", "keep", "state", "="}
_PROTOCOLS = {"6": "tcp", "17": "udp"}
SERVICES = {"microsoft-ds": "445", "netbios-ssn": "139", "netbios-ns": "137", "netbios-dgm": "138"}


@dataclass(frozen=True)
class Scope:
    """Who may reach a port of a Mac over TCP: pf's word for the family, and an address; an empty one: LocalSubnet."""

    port: int
    sources: tuple[tuple[str, str], ...]

    def rules(self, devices: Iterable[str]) -> list[str]:
        """Return the rules; the local subnets are those of the Mac's network devices, as they are at the time."""
        local = [(word, f"({device}:network)") for word, text in self.sources if not text for device in devices]
        let_in = [*local, *((word, text) for word, text in self.sources if text)]
        to = f"to any port {self.port}"
        return [
            f"pass in quick on lo0 proto tcp from any {to}",
            *(f"pass in quick {word}proto tcp from {text} {to}" for word, text in let_in),
            f"block drop in quick proto tcp from any {to}",
        ]


def scope(port: int, allow: Iterable[str]) -> Scope:
    r"""Return who may reach a port. Raises AddressError for what the packet filter does not understand.

    >>> print(*scope(445, ["LocalSubnet", "10.0.0.0/8"]).rules(["en0"]), sep="\n")
    pass in quick on lo0 proto tcp from any to any port 445
    pass in quick proto tcp from (en0:network) to any port 445
    pass in quick inet proto tcp from 10.0.0.0/8 to any port 445
    block drop in quick proto tcp from any to any port 445
    """
    return Scope(port, tuple(_source(token.strip()) for text in allow for token in text.split(",")))


def _source(token: str) -> tuple[str, str]:
    keyword = split_keyword(token)
    if keyword is None:
        known = parse(token)
        # In the one spelling that pfctl prints: it takes no mask, and shows a network without the bits of a host.
        return _FAMILIES[known.ranges[0][0]], known.texts()[0].replace("-", " - ")
    name, families = keyword
    if name != "LocalSubnet":
        raise AddressError(f"{token!r} is nothing that macOS's packet filter knows; of the keywords it is LocalSubnet")
    return _FAMILIES[families[0]] if len(families) == 1 else "", ""


def meaning(rule: str) -> tuple[str, ...]:
    """Return a rule's words in one form.

    >>> meaning("block drop in quick proto tcp from any to any port = 445")
    ('block', 'in', 'quick', 'proto', 'tcp', 'from', 'any', 'to', 'any', 'port', '445')
    """
    words: list[str] = []
    shows_family = _shows_family(rule)
    for word in rule.split():
        if word in _NOISE or (word == "drop" and words == ["block"]):
            continue
        if word in ("inet", "inet6") and shows_family:
            continue
        words += ["from", "any", "to", "any"] if word == "all" else [_word(word, words)]
    return tuple(words)


def _word(word: str, before: list[str]) -> str:
    if before and before[-1] == "proto":
        return _PROTOCOLS.get(word, word)
    return SERVICES.get(word, word).removesuffix("/32").removesuffix("/128")


def _shows_family(rule: str) -> bool:
    """Whether an address in the rule says by itself which family it is of."""
    words = rule.split()
    source = words[words.index("from") + 1] if "from" in words[:-1] else ""
    return source[:1].isdigit() or ":" in source.partition("(")[0]


def difference(expected: list[str], actual: Any) -> str | None:
    """Return how the loaded rules differ in words, None when they do not.

    Who is let in may stand in any order; who is kept out has to stand after all of them, since the first rule that fits
    decides (`quick`).
    """
    if not isinstance(actual, list) or not all(isinstance(rule, str) for rule in actual):
        return ""
    wanted, present = [meaning(rule) for rule in expected], [meaning(rule) for rule in actual]
    missing = [rule for rule, words in zip(expected, wanted, strict=True) if words not in present]
    extra = [rule for rule, words in zip(actual, present, strict=True) if words not in wanted]
    parts = [f"missing: {'; '.join(missing)}"] if missing else []
    parts += [f"loaded but not expected: {'; '.join(extra)}"] if extra else []
    if not parts and sorted(present, key=_kept_out) != present:
        parts = ["a rule that blocks stands before one that passes"]
    return "; ".join(parts) or None


def _kept_out(words: tuple[str, ...]) -> bool:
    return words[0] == "block"
