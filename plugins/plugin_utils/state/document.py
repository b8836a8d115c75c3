"""Says whether a state document is one that the comparison can read.

A structural check only: required top-level nodes and their types, so that a reader of another release, or half an
answer, ends as "could not be read" and never as "drifted". The full contract is schemas/ (tests validate against it);
this is plain Python because the controller has no JSON Schema library by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ..values.bounded import cut

SCHEMA = 1
# Of a place in a sentence.
LONGEST_PLACE = 1000

_NODES = {
    "Windows": ("system", "registry", "users", "services", "groups", "reboot_pending", "tunnel"),
    "Darwin": ("system", "plists", "files", "tools", "tunnel"),
}
# A dict is one, and asking for it first is much faster: a document has thousands.
_OBJECT = (dict, Mapping)
Problems = list[str]


def check_document(document: Any) -> Problems:
    """Return what is wrong with `document`, one sentence each; an empty list when it can be compared."""
    if not isinstance(document, _OBJECT):
        return [f"the reader returned {_kind(document)}, not an object"]
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        return [f"the document has schema {schema!r}; this controller reads schema {SCHEMA}"]
    platform = document.get("platform")
    if not isinstance(platform, str) or platform not in _NODES:
        return [f"the document has platform {platform!r}; allowed are {', '.join(_NODES)}"]
    problems = [f"the document has no {name!r}" for name in _NODES[platform] if name not in document]
    nodes = {name: document[name] for name in _NODES[platform] if name in document}
    problems += [problem for name, node in nodes.items() for problem in _not_an_object(node, name)]
    if problems:
        return problems
    for name, check in _CHECKS.items():
        if name in nodes:
            check(nodes[name], name, problems)
    # Nobody is null; a document that does not tell is none.
    user = document.get("console_user", 0) if platform == "Darwin" else None
    if not (user is None or isinstance(user, str) or _is_error(user)):
        problems.append(f"'console_user' is {_kind(user)}, not text or null")
    return problems


def _there(nodes: Any, where: str, problems: Problems) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the entries of a node that exist, each after its place; note those that are in no form of an entry."""
    for name, entry in () if _is_error(nodes) else nodes.items():
        # With all of each name, a long one above many would be said again for each of them.
        here = cut(f"{where}.{name}", LONGEST_PLACE)
        problems += _not_an_object(entry, here)
        if isinstance(entry, _OBJECT) and not _is_error(entry):
            if not isinstance(entry.get("exists"), bool):
                problems.append(f"'{here}' has neither 'exists' nor 'error'")
            elif entry["exists"]:
                yield here, entry


def _check_entries(nodes: Any, where: str, problems: Problems, **holds: type) -> None:
    for here, entry in _there(nodes, where, problems):
        for name, kind in holds.items():
            if not isinstance(entry.get(name), kind):
                problems.append(f"'{here}.{name}' is {_kind(entry.get(name))}, not {_WORDS[kind]}")


def _check_keys(keys: Any, where: str, problems: Problems) -> None:
    for here, key in _there(keys, where, problems):
        values, subkeys = key.get("values"), key.get("keys")
        problems += _not_an_object(values, f"{here}.values")
        for name, value in values.items() if isinstance(values, _OBJECT) else ():
            if not (_is_error(value) or (isinstance(value, _OBJECT) and "type" in value and "data" in value)):
                problems.append(f"'{cut(f'{here}.values.{name}', LONGEST_PLACE)}' has no 'type' and 'data'")
        problems += _not_an_object(subkeys, f"{here}.keys")
        if isinstance(subkeys, _OBJECT):
            _check_keys(subkeys, here, problems)


def _check_users(users: Any, where: str, problems: Problems) -> None:
    for sid, user in () if _is_error(users) else users.items():
        problems += _not_an_object(user, f"{where}.{sid}")
        if isinstance(user, _OBJECT) and not _is_error(user):
            registry = user.get("registry")
            problems += _not_an_object(registry, f"{where}.{sid}.registry")
            if isinstance(registry, _OBJECT):
                _check_keys(registry, f"{where}.{sid}.registry", problems)


_CHECKS: dict[str, Callable[[Any, str, Problems], None]] = {
    "registry": _check_keys,
    "users": _check_users,
    "services": _check_entries,
    "groups": partial(_check_entries, members=list),
    "plists": partial(_check_entries, data=dict),
    "files": _check_entries,
}


def _not_an_object(node: Any, where: str) -> Problems:
    return [] if isinstance(node, _OBJECT) else [f"'{where}' is {_kind(node)}, not an object"]


def _is_error(node: Any) -> bool:
    return isinstance(node, _OBJECT) and isinstance(node.get("error"), str)


_WORDS = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number"}


def _kind(value: Any) -> str:
    return "missing or null" if value is None else _WORDS.get(type(value), type(value).__name__)
