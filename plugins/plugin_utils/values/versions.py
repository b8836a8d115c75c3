"""Dotted version numbers: `7.0.7.0345` and `7.0.7.345` are the same release.

Source: docs/sources/service.md#client-versions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

from .numbers import whole_number

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


class VersionError(ValueError):
    """A text that is no dotted version; the message quotes it."""


# The same few versions are compared with each other again and again.
@lru_cache(maxsize=1024)
def parse_version(text: str) -> tuple[int, ...]:
    """Return a version's numbers; leading zeros and blanks around it do not count.

    >>> parse_version("7.0.7.0345")
    (7, 0, 7, 345)
    """
    stripped = text.strip() if isinstance(text, str) else ""
    numbers = [whole_number(part) for part in stripped.split(".")] if _VERSION.fullmatch(stripped) else []
    if not numbers or None in numbers:
        raise VersionError(f"{text!r} is no version: expected are numbers with dots between, such as 7.4.3.1790")
    return tuple(number for number in numbers if number is not None)


def compare_versions(one: str, other: str) -> int:
    """Return -1, 0 or 1 as `one` is older than, the same as, or newer than `other`; 7.0 is the same as 7.0.0."""
    for left, right in zip_longest(parse_version(one), parse_version(other), fillvalue=0):
        if left != right:
            return -1 if left < right else 1
    return 0


def in_range(version: str, at_least: str | None = None, below: str | None = None, at_most: str | None = None) -> bool:
    """Whether at_least <= version < below, and version <= at_most; a bound that is None does not bind."""
    if at_least is not None and compare_versions(version, at_least) < 0:
        return False
    if at_most is not None and compare_versions(version, at_most) > 0:
        return False
    return below is None or compare_versions(version, below) < 0
