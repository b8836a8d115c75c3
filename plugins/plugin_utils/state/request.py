r"""What a reader was asked for: the difference between "is not there" and "nobody looked".

A state document does not say which values of a key were asked for, nor how deep (`values` are wildcards on
value names, `depth` counts levels of subkeys). So a missing value counts as absent only when the request
proves that somebody looked. A request is what a role's `__<role>_reads` holds:
{"registry": [{"path", "values": ["*"], "depth": 0, "without": []}], "user_registry": [the same, of every user],
"services": [..], "groups": [..]} on Windows,
{"plists": [{"path", "keys": ["Profiles/*/Server"]}], "files": [..]} on a Mac.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

MEMORY_KEY = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
MEMORY_PLIST = "/Library/Application Support/OffsiteEndpoints/before.plist"
# The memory (plan.memory) is part of every read, whatever the role asks for.
MEMORY_READS: dict[str, list[dict[str, Any]]] = {
    "registry": [{"path": MEMORY_KEY}],
    "plists": [{"path": MEMORY_PLIST, "keys": ["*"]}],
}
_WILDCARD = re.compile(r"[*?\[]")
_HIVES = {
    "hkey_local_machine": "hklm",
    "hkey_users": "hku",
    "hkey_classes_root": "hkcr",
    "hkey_current_config": "hkcc",
}


# The same few paths are asked for again and again, thousands of times for one endpoint.
@lru_cache(maxsize=4096)
def split_path(path: str) -> tuple[str, ...]:
    r"""Return a registry path's parts, folded so that equal paths give equal parts.

    >>> split_path("HKEY_LOCAL_MACHINE\\Software\\X") == split_path("hklm:\\SOFTWARE\\x\\")
    True
    """
    hive, *parts = (part for part in re.split(r"\\+", path.casefold()) if part)
    hive = hive.removesuffix(":")
    return (_HIVES.get(hive, hive), *parts)


Entries = Iterable[Mapping[str, Any]]


def registry_entries(reads: Mapping[str, Any], field: str) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """Return what a request asks of the registry, by the path's parts; `field` is registry or user_registry."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for entry in _entries(reads, field):
        found.setdefault(split_path(entry["path"]), []).append(entry)
    return found


def asks_for_key(entries: Entries, levels: int) -> bool:
    """Whether one of the entries for a path lists keys `levels` below it."""
    return any(entry.get("depth", 0) >= levels for entry in entries)


def asks_for_value(entries: Entries, levels: int, name: str | None) -> bool:
    """Whether one of the entries for a path reads this value of keys `levels` below it; None stands for all values.

    What is asked for with `without` may have been left out.
    """
    return any(entry.get("depth", 0) >= levels and _matches(name, _names(entry)) for entry in entries)


def may_hold_value(entries: Entries, levels: int, name: str) -> bool:
    """Whether the answer for a path may have this value, though some were left out by their text."""
    return any(entry.get("depth", 0) >= levels and _matches(name, entry.get("values", ["*"])) for entry in entries)


def asks_for_rest(entries: Entries, levels: int, left_out: Iterable[str]) -> bool:
    """Whether one of the entries reads all values but, at most, texts with a piece of `left_out` in them."""
    return any(
        entry.get("depth", 0) >= levels
        and "*" in entry.get("values", ["*"])
        and {*entry.get("without", [])} <= {*left_out}
        for entry in entries
    )


def _names(entry: Mapping[str, Any]) -> list[str]:
    names = entry.get("values", ["*"])
    return [name for name in names if name != "*"] if entry.get("without") else names


def asks_for_plist_key(reads: Mapping[str, Any], path: str, key: list[str]) -> bool:
    """Whether the request reads `key` itself, something that it lies in, or something inside it."""
    return any(
        all(pattern in ("*", part) for pattern, part in zip(wanted.split("/"), key, strict=False))
        for entry in _entries(reads, "plists")
        if entry["path"] == path
        for wanted in entry.get("keys", [])
    )


def _matches(name: str | None, patterns: list[str]) -> bool:
    if name is None:
        return "*" in patterns
    return any(_fits(name.casefold(), pattern.casefold()) for pattern in patterns)


@lru_cache(maxsize=4096)
def _fits(name: str, pattern: str) -> bool:
    # Most are a name, or a beginning; each process would have to compile them all.
    stem = pattern.removesuffix("*")
    if not _WILDCARD.search(stem):
        return name == stem if stem == pattern else name.startswith(stem)
    return fnmatchcase(name, pattern)


def _entries(reads: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    return [*reads.get(field, []), *MEMORY_READS.get(field, [])]
