"""Says whether a state document is one that the comparison can read.

A structural check only: required top-level nodes and their types, so that a reader of another release, or half an
answer, ends as "could not be read" and never as "drifted". The full contract is schemas/ (tests validate against it);
this is plain Python because the controller has no JSON Schema library by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 1

_WINDOWS_NODES = ("system", "registry", "users", "services", "groups", "reboot_pending", "tunnel")
_DARWIN_NODES = ("system", "plists", "files", "tools", "tunnel")
_NODES = {"Windows": _WINDOWS_NODES, "Darwin": _DARWIN_NODES}


def check_document(document: Any) -> list[str]:
    """Return what is wrong with `document`, one sentence each; an empty list when it can be compared."""
    if not isinstance(document, Mapping):
        return [f"the reader returned {_kind(document)}, not an object"]
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        return [f"the document has schema {schema!r}; this controller reads schema {SCHEMA}"]
    platform = document.get("platform")
    if platform not in _NODES:
        return [f"the document has platform {platform!r}; allowed are {', '.join(_NODES)}"]
    problems = []
    for name in _NODES[platform]:
        if name not in document:
            problems.append(f"the document has no {name!r}")
        elif not isinstance(document[name], Mapping):
            problems.append(f"{name!r} is {_kind(document[name])}, not an object")
    if problems:
        return problems
    if platform == "Darwin":
        return _check_darwin(document)
    return _check_windows(document)


def _check_windows(document: Mapping[str, Any]) -> list[str]:
    problems = []
    if not _is_error(document["registry"]):
        problems += _check_keys(document["registry"], "registry")
    for sid, user in _entries(document["users"]):
        where = f"users.{sid}"
        if not isinstance(user, Mapping):
            problems.append(f"{where!r} is {_kind(user)}, not an object")
        elif not _is_error(user):
            registry = user.get("registry")
            if not isinstance(registry, Mapping):
                problems.append(f"'{where}.registry' is {_kind(registry)}, not an object")
            elif not _is_error(registry):
                problems += _check_keys(registry, f"{where}.registry")
    problems += _check_existing(document["services"], "services")
    problems += _check_existing(document["groups"], "groups")
    for sid, group in _entries(document["groups"]):
        if isinstance(group, Mapping) and group.get("exists") and not isinstance(group.get("members"), list):
            problems.append(f"'groups.{sid}.members' is {_kind(group.get('members'))}, not a list")
    return problems


def _check_darwin(document: Mapping[str, Any]) -> list[str]:
    problems = _check_existing(document["plists"], "plists") + _check_existing(document["files"], "files")
    for path, plist in _entries(document["plists"]):
        if isinstance(plist, Mapping) and plist.get("exists") and not isinstance(plist.get("data"), Mapping):
            problems.append(f"'plists.{path}.data' is {_kind(plist.get('data'))}, not an object")
    user = document.get("console_user", 0)
    if user is not None and not isinstance(user, str) and not _is_error(user):
        problems.append(f"'console_user' is {_kind(user)}, not text or null")
    return problems


def _check_keys(keys: Mapping[str, Any], where: str) -> list[str]:
    """Registry keys by path or by name: each an error, a missing key, or an existing one with values and subkeys."""
    problems = []
    for name, key in keys.items():
        here = f"{where}.{name}"
        if not isinstance(key, Mapping):
            problems.append(f"{here!r} is {_kind(key)}, not an object")
            continue
        if _is_error(key):
            continue
        if not isinstance(key.get("exists"), bool):
            problems.append(f"{here!r} has neither 'exists' nor 'error'")
            continue
        if not key["exists"]:
            continue
        values, subkeys = key.get("values"), key.get("keys")
        if not isinstance(values, Mapping):
            problems.append(f"'{here}.values' is {_kind(values)}, not an object")
        else:
            problems += [
                f"'{here}.values.{value_name}' has no 'type' and 'data'"
                for value_name, value in values.items()
                if not isinstance(value, Mapping) or not (_is_error(value) or ("type" in value and "data" in value))
            ]
        if not isinstance(subkeys, Mapping):
            problems.append(f"'{here}.keys' is {_kind(subkeys)}, not an object")
        elif not _is_error(subkeys):
            problems += _check_keys(subkeys, here)
    return problems


def _check_existing(nodes: Any, where: str) -> list[str]:
    problems = []
    for name, node in _entries(nodes):
        if not isinstance(node, Mapping):
            problems.append(f"'{where}.{name}' is {_kind(node)}, not an object")
        elif not _is_error(node) and not isinstance(node.get("exists"), bool):
            problems.append(f"'{where}.{name}' has neither 'exists' nor 'error'")
    return problems


def _entries(nodes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a node holds, nothing when the whole node is one error."""
    return [] if _is_error(nodes) else list(nodes.items())


def _is_error(node: Any) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("error"), str)


def _kind(value: Any) -> str:
    if value is None:
        return "missing or null"
    return {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number"}.get(
        type(value), type(value).__name__
    )
