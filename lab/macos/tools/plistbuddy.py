"""PlistBuddy: Print, Set, Add, Delete (docs/sources/macos.md#property-lists); the file keeps its format."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled
from lab.macos.tools.plistfile import load, save, step


def plist_buddy(_: Session, arguments: list[str]) -> int:
    """PlistBuddy [-x] -c 'Print|Set|Add|Delete :path [type] [value]' ... file."""
    rest, commands, xml = list(arguments), [], False
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-x":
            xml = True
        elif option == "-c" and rest:
            commands.append(rest.pop(0))
        else:
            raise not_modelled("PlistBuddy", arguments)
    if len(rest) != 1 or not commands:
        raise not_modelled("PlistBuddy", arguments)
    file = rest[0]
    if os.path.exists(file):
        content, kind = load(file, "Error Reading File: {file}")
    else:
        print(f"File Doesn't Exist, Will Create: {file}")
        content, kind = {}, plistlib.FMT_XML
    changed = False
    for command in commands:
        changed |= _buddy_command(content, command, xml=xml)
    if changed:
        save(file, content, kind)
    return 0


def _buddy_command(content: Any, command: str, *, xml: bool) -> bool:
    verb, _, text = command.strip().partition(" ")
    words = _buddy_words(text)
    path = [part for part in words[0].split(":") if part] if words else []
    match verb.lower():
        case "print":
            value = _buddy_value(content, path, "Print")
            sys.stdout.write(plistlib.dumps(value).decode() if xml else f"{_buddy_text(value, 0)}\n")
            return False
        case "set":
            old = _buddy_value(content, path, "Set")
            _buddy_put(content, path, _buddy_typed(_buddy_type(old), " ".join(words[1:])))
        case "add":
            if _buddy_has(content, path):
                raise ToolError(f'Add: "{words[0]}" Entry Already Exists')
            _buddy_put(content, path, _buddy_typed(words[1].lower(), " ".join(words[2:])))
        case "delete":
            _buddy_value(content, path, "Delete")
            parent = _buddy_value(content, path[:-1], "Delete")
            del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
        case _:
            raise not_modelled("PlistBuddy", ["-c", command])
    return True


def _buddy_words(text: str) -> list[str]:
    words, word, quote, escaped = [], "", "", False
    for letter in text:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\":
            escaped = True
        elif quote or letter in "'\"":
            if letter == quote or not quote:
                quote = "" if quote else letter
            else:
                word += letter
        elif letter == " ":
            words.append(word)
            word = ""
        else:
            word += letter
    return [part for part in [*words, word] if part]


def _buddy_has(content: Any, path: list[str]) -> bool:
    try:
        for part in path:
            content = step(content, part)
    except (KeyError, IndexError, ValueError, TypeError):
        return False
    return True


def _buddy_value(content: Any, path: list[str], verb: str) -> Any:
    if not _buddy_has(content, path):
        raise ToolError(f'{verb}: Entry, ":{":".join(path)}", Does Not Exist')
    for part in path:
        content = step(content, part)
    return content


def _buddy_put(content: Any, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        content = content.setdefault(part, {}) if isinstance(content, dict) else content[int(part)]
    if isinstance(content, list):
        content[int(path[-1]) :] = [value, *content[int(path[-1]) + 1 :]]
    else:
        content[path[-1]] = value


def _buddy_type(value: Any) -> str:
    names = {bool: "bool", int: "integer", float: "real", str: "string", list: "array", dict: "dict"}
    return names.get(type(value), "string")


def _buddy_typed(kind: str, text: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "string": lambda: text,
        "integer": lambda: int(text or 0),
        "real": lambda: float(text or 0),
        "bool": lambda: text.lower() in ("true", "yes", "1"),
        "array": list,
        "dict": dict,
    }
    if kind not in makers:
        raise ToolError("Unrecognized Type")
    return makers[kind]()


def _buddy_text(value: Any, depth: int) -> str:
    pad = "    " * (depth + 1)
    if isinstance(value, dict):
        return (
            "Dict {\n"
            + "".join(f"{pad}{key} = {_buddy_text(item, depth + 1)}\n" for key, item in value.items())
            + f"{'    ' * depth}}}"
        )
    if isinstance(value, list):
        return "Array {\n" + "".join(f"{pad}{_buddy_text(item, depth + 1)}\n" for item in value) + f"{'    ' * depth}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


TOOLS = {"PlistBuddy": plist_buddy}
