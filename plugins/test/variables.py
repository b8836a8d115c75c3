"""Jinja tests that the roles' variable checks use."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..plugin_utils.values.addresses import is_closed_scope
from ..plugin_utils.values.versions import VersionError, in_range, parse_version

# RFC 1123, section 2.1: labels of letters, digits and hyphens, 63 at most each, 253 together.
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def is_host_name(value: Any) -> bool:
    """Say whether `value` is a fully qualified host name; an IP address is none, nor is a bare word."""
    if not isinstance(value, str) or len(value) > 253:
        return False
    try:
        ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        labels = value.split(".")
        return len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    return False


def is_ip_address(value: Any) -> bool:
    """Say whether `value` is the text of one IP address."""
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return True


def includes_version(ranges: Any, version: str) -> bool:
    """Say whether a version lies in one of `ranges`, each {at_least: V, below: V, at_most: V} or a part of it.

    Raises VersionError for a version that is none.
    """
    return any(in_range(version, **bounds) for bounds in ranges)


def is_dotted_version(value: Any) -> bool:
    """Say whether `value` is a version such as 7.4.3.8758."""
    try:
        parse_version(value)
    except VersionError:
        return False
    return True


def is_file_of_at_least(path: str, size: int) -> bool:
    """Say whether `path` is a file on this controller of `size` bytes or more."""
    file = Path(path)
    return file.is_file() and file.stat().st_size >= size


class TestModule:
    """The tests by name."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return name to function."""
        return {
            "host_name": is_host_name,
            "ip_address": is_ip_address,
            "closed_scope": is_closed_scope,
            "includes_version": includes_version,
            "dotted_version": is_dotted_version,
            "file_of_at_least": is_file_of_at_least,
        }
