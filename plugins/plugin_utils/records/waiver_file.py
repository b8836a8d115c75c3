"""The YAML file of the waivers, read strictly: what is wrong in it is reported at once, each with its line and column.

Nothing of the file is ever built into an object: tags and aliases are refused, and only texts, lists and mappings are
looked at. records.waivers says what an entry means.
"""

from __future__ import annotations

import codecs
import datetime
import difflib
import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml

Entry = dict[str, Any]  # control, hosts (tuple), owner, reason, expires (date), line; perhaps instance and ticket

_NEEDED = ("control", "hosts", "owner", "reason", "expires")
KEYS = (*_NEEDED, "instance", "ticket")
_TEXTS = ("control", "instance", "owner", "reason", "ticket")
_WILDCARDS = frozenset("*?[")
_LONGEST = 1000
_MOST = 20
_DEEPEST = 20
_PAGE = "see docs/waivers.md"
_QUOTES = "put a text that begins with * into quotes"
_DATE_FORM = "write the last day on which it counts as YYYY-MM-DD, such as 2026-12-31"
_TYPES = {"int": "number", "float": "number", "bool": "yes/no value", "null": "empty value", "timestamp": "date"}


class WaiverError(ValueError):
    """A file of waivers with something wrong; the message has a line for each mistake."""


class _Mistakes:
    """The mistakes found so far, in the file's order."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._found: list[tuple[int, int, str]] = []

    def add(self, mark: Any, words: str) -> None:
        """Note one; `mark` is YAML's (line and column from 0)."""
        self._found.append((mark.line + 1, mark.column + 1, words))

    def refuse(self) -> None:
        """Raise WaiverError when there is any."""
        lines = [
            f"{self._path}, line {line}, column {column}: {words}; {_PAGE}"
            for line, column, words in sorted(self._found)
        ]
        if len(lines) > _MOST:
            lines[_MOST:] = [f"{self._path}: {len(lines) - _MOST} more mistakes; {_PAGE}"]
        if lines:
            raise WaiverError("\n".join(lines))


def read_entries(path: str | Path) -> list[Entry]:
    """Return the entries of a file. Raises WaiverError, also for a file that cannot be read."""
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise WaiverError(f"{path}: the file of the waivers cannot be read ({words}); {_PAGE}") from error
    # As Windows' editors save it: with a byte order mark, or in what they call Unicode.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    codec, name = ("utf-16", "UTF-16") if wide else ("utf-8-sig", "UTF-8")
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(codec, "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise WaiverError(
            f"{path}, line {line}, column {column}: byte 0x{raw[error.start]:02x} is not {name}; "
            f"save the file as UTF-8; {_PAGE}"
        ) from error
    return parse_entries(text, path)


def parse_entries(text: str, path: str | Path) -> list[Entry]:
    """Return the entries of a text; `path` is only for the messages. Raises WaiverError and nothing else."""
    mistakes = _Mistakes(path)
    root = _compose(text, mistakes)
    mistakes.refuse()
    entries = []
    if isinstance(root, yaml.SequenceNode):
        entries = [_entry(node, mistakes) for node in root.value]
    elif root is not None and not (isinstance(root, yaml.ScalarNode) and root.value == ""):
        mistakes.add(root.start_mark, f"the file is {_kind(root)}; it must be a list of waivers, each beginning with -")
    mistakes.refuse()
    return entries


def _compose(text: str, mistakes: _Mistakes) -> yaml.Node | None:
    """Return the text as YAML's nodes, or None; what YAML itself, or nobody here, allows becomes a mistake."""
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        if not _is_plain(loader, mistakes):
            return None
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = yaml.Mark("", 0, before.count("\n"), error.position - before.rfind("\n") - 1, None, 0)
        mistakes.add(mark, f"the character {_shown(text[error.position])} cannot stand in YAML; take it out")
    except yaml.MarkedYAMLError as error:
        words = ", ".join(part for part in (error.context, error.problem) if part)
        hint = _QUOTES if "alias" in words else "write it as YAML"
        mistakes.add(error.problem_mark or error.context_mark, f"no YAML ({words}); {hint}")
    except (ValueError, OverflowError):
        # PyYAML lets chr() raise at "\U00110000" and beyond.
        if loader is None:
            raise
        mistakes.add(loader.get_mark(), "no YAML (an escape names no character); write the character itself")
    else:
        return root
    return None


def _is_plain(loader: yaml.SafeLoader, mistakes: _Mistakes) -> bool:
    """Return whether the text has no anchor, alias and tag and is not nested beyond all sense."""
    depth = 0
    plain = True
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, yaml.AliasEvent):
            mistakes.add(
                event.start_mark, f"the alias *{event.anchor} is not allowed; write the value out, or {_QUOTES}"
            )
            plain = False
        elif getattr(event, "anchor", None):
            mistakes.add(event.start_mark, f"the anchor &{event.anchor} is not allowed; write each value out")
            plain = False
        elif getattr(event, "tag", None):
            mistakes.add(event.start_mark, f"the tag {_shown(event.tag)} is not allowed; write plain text")
            plain = False
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            mistakes.add(event.start_mark, "lists and mappings are nested too deep; a waiver has texts and one list")
            return False
    return plain


def _entry(node: yaml.Node, mistakes: _Mistakes) -> Entry:
    """Return one entry; what is wrong with it is noted, and then its value is of no use."""
    entry: Entry = {"line": node.start_mark.line + 1}
    if not isinstance(node, yaml.MappingNode):
        mistakes.add(node.start_mark, f"an entry is {_kind(node)}; it must be a waiver with {', '.join(_NEEDED)}")
        return entry
    seen: dict[str, int] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name not in KEYS:
            mistakes.add(key.start_mark, _unknown(name))
        elif name in seen:
            mistakes.add(key.start_mark, f"{name} stands here a second time, first in line {seen[name]}; keep one")
        else:
            seen[name] = key.start_mark.line + 1
            entry[name] = _value(name, value, mistakes)
    missing = [name for name in _NEEDED if name not in seen]
    if missing:
        words = f"{', '.join(missing)} missing; a waiver has {', '.join(_NEEDED)}, and perhaps instance and ticket"
        mistakes.add(node.start_mark, words)
    control, hosts = entry.get("control"), entry.get("hosts")
    if control and hosts and _is_wild(control) and any(one == "all" or _is_wild(one) for one in hosts):
        words = f"control {_shown(control)} and hosts {_shown(', '.join(hosts))} both have a wildcard"
        mistakes.add(node.start_mark, f"{words}; name the control, or name every host or group (not all)")
    return entry


def _is_wild(text: str) -> bool:
    return not _WILDCARDS.isdisjoint(text)


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, KEYS, 1)
    hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(KEYS)}"
    return f"{_shown(name)} is no key of a waiver; {hint}"


def _value(name: str, node: yaml.Node, mistakes: _Mistakes) -> Any:
    if name == "hosts":
        return _hosts(node, mistakes)
    if name == "expires":
        return _date(node, mistakes)
    text = _text(name, node, mistakes)
    # In sentences and tables a text of several lines is one line.
    return " ".join(text.split()) if name in ("owner", "reason", "ticket") else text


def _hosts(node: yaml.Node, mistakes: _Mistakes) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        form = (
            f"hosts: [{node.value}]" if isinstance(node, yaml.ScalarNode) and len(node.value) < 80 else "hosts: [NAME]"
        )
        mistakes.add(node.start_mark, f"hosts is {_kind(node)}; it must be a list of hosts and groups, such as {form}")
        return ()
    if not node.value:
        mistakes.add(node.start_mark, "hosts is an empty list; it must name at least one host or group")
    return tuple(_text("a host", one, mistakes) for one in node.value)


def _date(node: yaml.Node, mistakes: _Mistakes) -> datetime.date | None:
    if not isinstance(node, yaml.ScalarNode):
        mistakes.add(node.start_mark, f"expires is {_kind(node)}; {_DATE_FORM}")
    elif not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", node.value):
        mistakes.add(node.start_mark, f"expires is {_shown(node.value)}; {_DATE_FORM}")
    else:
        try:
            return datetime.date.fromisoformat(node.value)
        except ValueError:
            mistakes.add(node.start_mark, f"expires is {node.value}, which is no day of the calendar; {_DATE_FORM}")
    return None


def _text(name: str, node: yaml.Node, mistakes: _Mistakes) -> str:
    if not isinstance(node, yaml.ScalarNode):
        mistakes.add(node.start_mark, f"{name} is {_kind(node)}; it must be text")
        return ""
    text: str = node.value
    odd = [one for one in text if unicodedata.category(one) in ("Cc", "Cs") and one not in "\t\n"]
    if not text.strip():
        mistakes.add(node.start_mark, f"{name} is empty; write a text, or leave out instance or ticket")
    elif node.tag != "tag:yaml.org,2002:str":
        mistakes.add(node.start_mark, f"{name} is {_kind(node)}; it must be text: put it into quotes")
    elif len(text) > _LONGEST:
        mistakes.add(node.start_mark, f"{name} has {len(text)} characters; at most {_LONGEST} are allowed")
    elif odd:
        mistakes.add(node.start_mark, f"{name} has the character {_shown(odd[0])}; take it out")
    else:
        return text
    return ""


def _kind(node: yaml.Node) -> str:
    """Return what a node is, in words, with its value when that is short."""
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    kind = _TYPES.get(node.tag.rpartition(":")[2], "text")
    return f"the {kind} {_shown(node.value)}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "...")
