"""defaults: a domain is a name in the user's Preferences, or a path. Written files become binary.

Source: docs/sources/macos.md#property-lists.
"""

from __future__ import annotations

import os
import plistlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled
from lab.macos.tools.plistfile import load, save


def _domain_file(domain: str) -> str:
    if domain.startswith("/"):
        return domain if domain.endswith(".plist") else f"{domain}.plist"
    if domain in ("-g", "NSGlobalDomain"):
        domain = ".GlobalPreferences"
    return f"{os.environ.get('HOME', '')}/Library/Preferences/{domain}.plist"


def defaults(_: Session, arguments: list[str]) -> int:
    """`defaults read|read-type|write|delete DOMAIN [KEY [VALUE]]`."""
    match arguments:
        case ["read", domain]:
            print(_old_style(_domain_content(domain), 0))
        case ["read", domain, key]:
            print(_old_style(_domain_value(domain, key), 0))
        case ["read-type", domain, key]:
            print(f"Type is {_type_name(_domain_value(domain, key))}")
        case ["write", domain, key, value]:
            _defaults_write(domain, key, value)
        case ["write", domain, key, "-array", *values]:
            _defaults_write(domain, key, values)
        case ["write", domain, key, kind, value]:
            _defaults_write(domain, key, _typed(kind, value, arguments))
        case ["delete", domain, key]:
            _domain_value(domain, key)
            content = _domain_content(domain)
            del content[key]
            save(_domain_file(domain), content, plistlib.FMT_BINARY)
        case _:
            raise not_modelled("defaults", arguments)
    return 0


def _domain_content(domain: str) -> dict[str, Any]:
    file = _domain_file(domain)
    if not os.path.exists(file):
        raise ToolError(f"\nDomain {domain} does not exist")
    content: dict[str, Any] = load(file, f"\nDomain {domain} does not exist")[0]
    return content


def _domain_value(domain: str, key: str) -> Any:
    file = _domain_file(domain)
    content = load(file, "{why}")[0] if os.path.exists(file) else {}
    if key not in content:
        raise ToolError(f"\nThe domain/default pair of ({domain}, {key}) does not exist")
    return content[key]


def _defaults_write(domain: str, key: str, value: Any) -> None:
    file = _domain_file(domain)
    content = load(file, "{why}")[0] if os.path.exists(file) else {}
    content[key] = value
    try:
        save(file, content, plistlib.FMT_BINARY)
    except OSError:
        raise ToolError(f"Could not write domain {domain}; exiting") from None


def _typed(kind: str, value: str, arguments: list[str]) -> Any:
    kinds: dict[str, Callable[[str], Any]] = {
        "-string": str,
        "-int": int,
        "-integer": int,
        "-float": float,
        "-bool": lambda text: text.lower() in ("true", "yes", "1"),
        "-boolean": lambda text: text.lower() in ("true", "yes", "1"),
        "-data": bytes.fromhex,
    }
    if kind not in kinds:
        raise not_modelled("defaults", arguments)
    return kinds[kind](value)


def _type_name(value: Any) -> str:
    names = {
        bool: "boolean",
        int: "integer",
        float: "float",
        str: "string",
        bytes: "data",
        list: "array",
        dict: "dictionary",
        datetime: "date",
    }
    return names[type(value)]


def _old_style(value: Any, depth: int) -> str:
    """Return the NeXTSTEP form that `defaults read` prints."""
    pad = "    " * (depth + 1)
    if isinstance(value, dict):
        rows = "".join(f"{pad}{_quoted(key)} = {_old_style(value[key], depth + 1)};\n" for key in sorted(value))
        return f"{{\n{rows}{'    ' * depth}}}"
    if isinstance(value, list):
        return "(\n" + ",\n".join(f"{pad}{_old_style(item, depth + 1)}" for item in value) + f"\n{'    ' * depth})"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, bytes):
        return f"{{length = {len(value)}, bytes = 0x{value.hex()}}}"
    return _quoted(value) if isinstance(value, str) and depth else str(value)


def _quoted(text: str) -> str:
    return text if text.isalnum() and text.isascii() else f'"{text}"'


TOOLS = {"defaults": defaults}
