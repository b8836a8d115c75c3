"""plutil (docs/sources/macos.md#property-lists)."""

from __future__ import annotations

import base64
import json
import plistlib
import sys
from datetime import datetime
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled
from lab.macos.tools.plistfile import load, step

_FORMATS = {"xml1": plistlib.FMT_XML, "binary1": plistlib.FMT_BINARY}


def plutil(session: Session, arguments: list[str]) -> int:
    """`plutil [-lint] file | -p file | -convert FORMAT [-o out] file | -extract KEY FORMAT [-o out] file`."""
    unreadable = "{file}: {why}"
    match arguments:
        case [file] | ["-lint", file]:
            load(file, "{file}: ({why})")
            print(f"{file}: OK")
        case ["-p", file]:
            print(_tree(load(file, unreadable)[0], 0))
        case ["-convert", form, file]:
            _emit(load(file, unreadable)[0], form, file)
        case ["-convert", form, "-o", out, file]:
            _emit(load(file, unreadable)[0], form, out)
        case ["-extract", key, form, file] | ["-extract", key, form, "-o", "-", file]:
            _extract(session, key, form, file, to_file="-o" not in arguments)
        case _:
            raise not_modelled("plutil", arguments)
    return 0


def _extract(session: Session, key: str, form: str, file: str, *, to_file: bool) -> None:
    old_system = session.state.read()["system"]["product_version"].split(".")[0] == "11"
    if form == "raw" and old_system:
        raise ToolError("Unknown format specifier: raw")  # needs macOS 12
    node = load(file, "{file}: {why}")[0]
    try:
        for part in key.replace("\\.", "\0").split("."):
            node = step(node, part.replace("\0", "."))
    except (KeyError, IndexError, ValueError, TypeError):
        raise ToolError(
            f"{file}: Could not extract value, error: No value at that key path or invalid key path: {key}"
        ) from None
    if form == "raw":
        raw = {bool: lambda: str(node).lower(), list: lambda: str(len(node)), dict: lambda: "\n".join(node)}
        print(raw.get(type(node), lambda: _scalar(node))())
    else:
        _emit(node, form, file if to_file else "-")


def _emit(content: Any, form: str, out: str) -> None:
    if form == "json":
        try:
            data = json.dumps(content, ensure_ascii=False).encode()
        except TypeError:
            raise ToolError(f"{out}: Invalid object in plist for JSON format") from None
    elif form in _FORMATS:
        data = plistlib.dumps(content, fmt=_FORMATS[form])
    else:
        raise ToolError(f"Unknown format specifier: {form}")
    if out == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with open(out, "wb") as handle:
            handle.write(data)


def _scalar(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def _tree(value: Any, depth: int) -> str:
    """Return the form of `plutil -p`."""
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        rows = "".join(f'{pad}"{key}" => {_tree(value[key], depth + 1)}\n' for key in sorted(value))
        return f"{{\n{rows}{'  ' * depth}}}"
    if isinstance(value, list):
        rows = "".join(f"{pad}{at} => {_tree(item, depth + 1)}\n" for at, item in enumerate(value))
        return f"[\n{rows}{'  ' * depth}]"
    if isinstance(value, bytes):
        return f"{{length = {len(value)}, bytes = 0x{value.hex()}}}"
    if isinstance(value, bool):
        return "1" if value else "0"
    return f'"{value}"' if isinstance(value, str) else str(value)


TOOLS = {"plutil": plutil}
