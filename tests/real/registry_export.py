"""Reads what `reg export` writes, and says how two exports differ. No part of the project reads or writes this form."""

from __future__ import annotations

import re
from collections.abc import Iterable

Keys = dict[str, dict[str, str]]

_HEAD = "Windows Registry Editor Version 5.00"
# A key, a value, or nothing; a text may hold line ends.
_TEXT = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(rf"(?:\[(?P<key>[^\n]*)\]|(?P<name>@|{_TEXT})=(?P<data>{_TEXT}|[^\"\n]*))?(?:\n|$)", re.DOTALL)


def parse(text: str) -> Keys:
    """Return key to name to data, both as written; the default value is "@". Raises ValueError for any other line."""
    head, _, rest = text.lstrip("\ufeff").replace("\r\n", "\n").partition("\n")
    if head != _HEAD:
        msg = f"no export of a registry: it begins with {head[:60]!r}"
        raise ValueError(msg)
    # Hexadecimal data go on in the next line.
    rest = re.sub(r",\\\n *", ",", rest)
    keys: Keys = {}
    values: dict[str, str] = {}
    at = 0
    while at < len(rest):
        found = _LINE.match(rest, at)
        if found is None:
            msg = f"no line of an export of a registry: {rest[at : at + 60]!r}"
            raise ValueError(msg)
        if found["key"] is not None:
            values = keys.setdefault(found["key"], {})
        elif name := found["name"]:
            values[name if name == "@" else re.sub(r"\\(.)", r"\1", name[1:-1])] = found["data"]
        at = found.end()
    return keys


def differences(before: Keys, after: Keys) -> list[str]:
    """Return what is new (+), gone (-) and other than before (~), a line each, sorted by key."""
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if new is None:
            found.append(f"- {key}")
        elif old is None:
            found.append(f"+ {key}")
        for name in sorted({*(old or {}), *(new or {})}):
            was, now = (old or {}).get(name), (new or {}).get(name)
            if was is None:
                found.append(f"+ {key} {name} = {now}")
            elif now is None and new is not None:
                found.append(f"- {key} {name} = {was}")
            elif now is not None and was != now:
                found.append(f"~ {key} {name} = {was} -> {now}")
    return found


def without(lines: Iterable[str], known: Iterable[str]) -> list[str]:
    """Leave out what lies at or below one of these keys."""
    places = [place.lower() for place in known]
    return [line for line in lines if not any(_lies_below(line[2:].lower(), place) for place in places)]


def _lies_below(line: str, place: str) -> bool:
    return line == place or line.startswith((f"{place}\\", f"{place} "))
