r"""Two values side by side: as text that is safe to show, with the part in which they differ.

A side is a list of texts that are in turn the same as on the other side and different from it, beginning with the same:
["http://proxy.example.org/", "old", ".pac"]. Lines are parted by a newline; one inside a value is shown as \n. An empty
list is "not set", and UNREAD what was not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from ..records.records import NOT_READ
from .summary import clean

_TOKEN = re.compile(r"\w+|\W")
LONG = 300
# No value gives an empty text.
UNREAD = [""]
_CONTEXT = 60


def side(value: Any) -> list[str]:
    r"""Return a value alone.

    >>> side(["Manual", "Auto"]), side({"pac": True}), side(None)
    (['Manual\\nAuto'], ['pac: true'], [])
    """
    if value == NOT_READ:
        return UNREAD
    return [] if value is None else ["\n".join(_lines(value))]


def sides(expected: Any, actual: Any) -> tuple[list[str], list[str]]:
    r"""Return two values, each with what the other one does not have; values that differ never look the same.

    >>> sides("fg.example.org:443", "fg.example.org:10443")
    (['fg.example.org:', '443'], ['fg.example.org:', '10443'])
    >>> sides(["a", "b"], ["b", "c"])
    (['', 'a', '\\nb'], ['b\\n', 'c'])
    """
    if actual == NOT_READ:
        return side(expected), UNREAD
    if expected is None or actual is None:
        return _all_of(side(expected)), _all_of(side(actual))
    if _json(expected) == _json(actual):
        return side(expected), side(actual)
    if isinstance(expected, dict) and isinstance(actual, dict) and expected and actual:
        return _by_key(expected, actual)
    ours, theirs = _lines(expected), _lines(actual)
    if len(ours) == len(theirs) == 1:
        return _by_word(expected, actual) if ours == theirs else _within(ours[0], theirs[0])
    left, right = _by_line(ours, theirs), _by_line(theirs, ours)
    if len(left) == len(right) == 1:
        return _all_of(left), _all_of(right)
    return left, right


def shortened(parts: list[str]) -> list[str]:
    """Return about LONG characters of a side, from shortly before the first difference; … where it is cut."""
    total = sum(map(len, parts))
    if total <= LONG:
        return parts
    skip = max(0, len(parts[0]) - _CONTEXT) if len(parts) > 1 else 0
    short = [parts[0][skip:], *parts[1:]]
    left = LONG
    for number, part in enumerate(short):
        short[number] = part[:left]
        left -= len(short[number])
    short[0] = ("…" if skip else "") + short[0]
    short = _trimmed(short)
    short[-1] += "…" if skip + LONG < total else ""
    return short


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [_entry(key, value[key]) for key in sorted(value, key=str)]
    if isinstance(value, list) and value:
        return [_line(item) for item in value]
    return [_line(value)]


def _entry(key: Any, value: Any) -> str:
    return f"{clean(str(key))}: {_line(value)}"


def _line(value: Any) -> str:
    return clean(value) if isinstance(value, str) and value else _json(value)


def _json(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _all_of(parts: list[str]) -> list[str]:
    return ["", *parts] if parts else []


def _by_word(expected: Any, actual: Any) -> tuple[list[str], list[str]]:
    """Return two values on a line each; what is text and looks like another value, such as "1" and 1, is quoted."""
    ours, theirs = _line(expected), _line(actual)
    if ours == theirs and _json(expected) != _json(actual):
        ours, theirs = _json(expected), _json(actual)
    return _within(ours, theirs)


def _within(ours: str, theirs: str) -> tuple[list[str], list[str]]:
    """Mark what is between the common beginning and the common end, both made of whole words and numbers."""
    left, right = _TOKEN.findall(ours), _TOKEN.findall(theirs)
    shorter = min(len(left), len(right))
    start = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    end = next((i for i in range(shorter - start) if left[-1 - i] != right[-1 - i]), shorter - start)
    return _cut(left, start, end), _cut(right, start, end)


def _cut(tokens: list[str], start: int, end: int) -> list[str]:
    stop = len(tokens) - end
    return _trimmed(["".join(tokens[:start]), "".join(tokens[start:stop]), "".join(tokens[stop:])])


def _by_key(expected: dict[Any, Any], actual: dict[Any, Any]) -> tuple[list[str], list[str]]:
    left: list[list[str]] = []
    right: list[list[str]] = []
    for key in sorted({*expected, *actual}, key=str):
        if key not in actual:
            left.append(["", _entry(key, expected[key])])
        elif key not in expected:
            right.append(["", _entry(key, actual[key])])
        else:
            ours, theirs = _by_word(expected[key], actual[key])
            name = f"{clean(str(key))}: "
            left.append([name + ours[0], *ours[1:]])
            right.append([name + theirs[0], *theirs[1:]])
    return _joined(left), _joined(right)


def _by_line(ours: list[str], theirs: list[str]) -> list[str]:
    other = set(theirs)
    return _joined([line] if line in other else ["", line] for line in ours)


def _joined(lines: Iterable[list[str]]) -> list[str]:
    """Return many lines as one side; what stands between two differing parts stays a part of its own."""
    parts = [""]
    for number, line in enumerate(lines):
        first = line[0] if number == 0 else "\n" + line[0]
        if len(parts) % 2:
            parts[-1] += first
        else:
            parts.append(first)
        parts += line[1:]
    return _trimmed(parts)


def _trimmed(parts: list[str]) -> list[str]:
    """Leave out empty ends, so that a side without a difference is one text."""
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts
