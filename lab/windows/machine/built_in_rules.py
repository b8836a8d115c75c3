"""Firewall rules of a fresh machine in the registry's own string form, and their names in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lab.windows.machine.built_in_rules_table import BUILT_IN, WORDS
from lab.windows.machine.parts import Text

POLICY = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
RULES = POLICY + r"\FirewallRules"
# Prefix of the strings by build; 10 22H2 is a guess, the others are in public exports (v2.32 for 11 22H2/23H2, v2.33
# for 24H2).
VERSIONS = {19045: "v2.31", 22631: "v2.32", 26100: "v2.33"}
PROFILE_LETTERS = {"d": "Domain", "p": "Private", "u": "Public"}


class BuiltIn(NamedTuple):
    """One rule: its id, whether it is on, the lowest build that has it, the string after Active."""

    name: str
    active: bool
    build: int
    tail: str


def _shapes(name: str, shape: str, on: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield (rule id, profiles with L for the local subnet, active) of one row."""
    if shape == "pair":
        yield from ((name, "puL", on), (f"{name}-NoScope", "d", on))
    elif shape == "netdis":
        yield from ((f"{name}-Active", "pL", True), (name, "uL", False), (f"{name}-NoScope", "d", False))
    else:
        yield name, shape, on


def _tail(shape: str, direction: str, protocol: str, ports: str, program: str) -> str:
    parts = [f"Dir={direction}", f"Protocol={protocol}"]
    parts += [f"Profile={PROFILE_LETTERS[letter]}" for letter in shape if letter in PROFILE_LETTERS]
    if ports != "-" and protocol in ("1", "58"):
        parts.append(f"ICMP{'4' if protocol == '1' else '6'}={ports}")
    elif ports != "-":
        parts.append(f"RPort={ports[1:]}" if ports.startswith("<") else f"LPort={ports}")
    if "L" in shape:
        parts += ["RA4=LocalSubnet"] if protocol != "58" else []
        parts += ["RA6=LocalSubnet"] if protocol != "1" else []
    if program.startswith("svc:"):
        parts += [r"App=%SystemRoot%\system32\svchost.exe", f"Svc={program[4:]}"]
    else:
        parts.append("App=System" if program == "System" else rf"App=%SystemRoot%\system32\{program}")
    return "|".join(parts)


@cache
def _table() -> tuple[list[BuiltIn], dict[str, Text]]:
    rules: list[BuiltIn] = []
    texts: dict[str, Text] = {}
    group, on, build, english, japanese = "", False, 0, "", ""
    for line in filter(None, BUILT_IN.splitlines()):
        if line.startswith("["):
            group, state, lowest, english, japanese = line.strip("[]").split(";")
            on, build = state == "on", int(lowest)
            texts[f"@FirewallAPI.dll,{group}"] = Text(english, japanese)
            continue
        name, shape, direction, protocol, ports, program, label, description, suffix = line.split(";")
        resources = (
            f"Name=@FirewallAPI.dll,{label}|Desc=@FirewallAPI.dll,{description}|EmbedCtxt=@FirewallAPI.dll,{group}|"
        )
        for rule, profiles, active in _shapes(name, shape, on):
            tail = f"{_tail(profiles, direction, protocol, ports, program)}|{resources}"
            rules.append(BuiltIn(rule, active, build, tail))
        texts[f"@FirewallAPI.dll,{label}"] = Text(english + suffix, japanese + translate(suffix))
    return rules, texts


def translate(text: str) -> str:
    """Return an English suffix of a display name with its known words in Japanese."""
    for english, japanese in WORDS.items():
        text = text.replace(english, japanese)
    return text


def resource_texts() -> dict[str, Text]:
    """Return the texts of all rule and group names by their indirect string."""
    return _table()[1]


def built_in_rules(build: int) -> dict[str, str]:
    """Return rule id to registry string for a build (19045, 22631, 26100)."""
    version = VERSIONS[build]
    return {
        rule.name: f"{version}|Action=Allow|Active={'TRUE' if rule.active else 'FALSE'}|{rule.tail}"
        for rule in _table()[0]
        if rule.build <= build
    }
