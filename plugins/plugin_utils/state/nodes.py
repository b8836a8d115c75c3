"""Walking through the nodes of a state document: what is there, what is not, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..values.bounded import cut, masked
from ..values.causes import explained
from .request import Entries, asks_for_key, asks_for_rest, asks_for_value, may_hold_value, registry_entries, split_path


class Unreadable(Exception):  # noqa: N818  (it says something about the endpoint, not about this program)
    """The document does not tell; the message says why, for a record of status error."""


class LocatorError(ValueError):
    """A locator of a shape that nobody understands: a mistake in the role's data."""


@dataclass(frozen=True)
class Located:
    """What a locator leads to. `missing` says in words what is not there; `evidence` names the place.

    `names` gives the account names of a group's members by SID, folded, and `labels` the one that a person knows. `raw`
    is what a decoded value was decoded from.
    """

    found: bool
    value: Any = None
    type: str | None = None
    evidence: str = ""
    missing: str = "not set"
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    raw: Any = None

    def named(self, value: Any) -> Any:
        """Return a value with the account's name before every SID in it that has one."""
        if isinstance(value, list):
            return [self.named(one) for one in value]
        return f"{self.labels[value]} ({value})" if isinstance(value, str) and value in self.labels else value


class Folded:
    """Picks entries as `pick` does, of a large mapping by an index: all of tens of thousands may be asked for.

    No mapping may change after it was asked.
    """

    few = 16

    def __init__(self) -> None:
        # The mapping stands beside its index so that no other one gets its id.
        self._made: dict[int, tuple[Mapping[str, Any], dict[str, Any]]] = {}

    def pick(self, mapping: Mapping[str, Any], name: str) -> Any:
        """Return an entry without regard to capital or small letters, or None."""
        if len(mapping) <= self.few:
            return pick(mapping, name)
        if id(mapping) not in self._made:
            index: dict[str, Any] = {}
            for key, value in mapping.items():
                index.setdefault(key.casefold(), value)
            self._made[id(mapping)] = (mapping, index)
        return self._made[id(mapping)][1].get(name.casefold())


@dataclass(frozen=True)
class Branch:
    """A part of the registry, the machine's own or one user's (`above` then names the user).

    `field` names the requests in `reads` that the part answers: registry or user_registry.
    """

    keys: Mapping[str, Any]
    reads: Mapping[str, Any]
    field: str
    above: str = ""

    def key(self, path: str, below: int = 0) -> Mapping[str, Any] | None:
        """Return a key's node, or None when the key does not exist; `below`: with so many levels of subkeys."""
        return self._walk(path, lambda entries, levels: asks_for_key(entries, levels + below))

    def key_with(self, path: str, name: str | None) -> Mapping[str, Any] | None:
        """Return the node of a key of which this value was read; None stands for all values."""
        return self._walk(path, lambda entries, levels: asks_for_value(entries, levels, name))

    def rest(self, path: str, left_out: Iterable[str]) -> Mapping[str, Any] | None:
        """Return a key's node, of which at most the texts are left out that have a piece of `left_out` in them."""
        return self._walk(path, lambda entries, levels: asks_for_rest(entries, levels, left_out))

    def value(self, path: str, name: str) -> Located:
        """Return one value."""
        evidence = f"{self.above}{path} {name or '(Default)'}"
        key = self._walk(path, lambda entries, levels: may_hold_value(entries, levels, name))
        if key is None:
            return Located(False, evidence=evidence, missing="not set (the key does not exist)")
        value = self._folded.pick(readable(key.get("values"), path), name)
        if value is None:
            self.key_with(path, name)  # What may have been left out is not missing.
            return Located(False, evidence=evidence)
        readable(value, evidence)
        if "type" not in value or "data" not in value:
            raise Unreadable(f"{evidence}: the reader gave no type and data")
        return Located(True, value["data"], str(value["type"]), f"{evidence} ({value['type']})")

    def contents(self, path: str) -> tuple[set[str], set[str]]:
        """Return the folded names of a key's values and subkeys; Unreadable unless all of them were read."""
        values, keys = self.key_with(path, None), self.key(path, below=1)
        if values is None or keys is None:
            return set(), set()
        found = readable(values.get("values"), path), readable(keys.get("keys"), path)
        return {name.casefold() for name in found[0]}, {name.casefold() for name in found[1]}

    @cached_property
    def _by_place(self) -> dict[tuple[str, ...], list[str]]:
        """The paths that were asked for, by what they mean; hundreds of values are looked for in them."""
        found: dict[tuple[str, ...], list[str]] = {}
        for asked in self.keys:
            found.setdefault(split_path(asked), []).append(asked)
        return found

    @cached_property
    def _folded(self) -> Folded:
        return Folded()

    @cached_property
    def _asked(self) -> Mapping[tuple[str, ...], Entries]:
        return registry_entries(self.reads, self.field)

    def _walk(self, path: str, asks: Callable[[Entries, int], bool]) -> Mapping[str, Any] | None:
        wanted = split_path(path)
        for length in range(len(wanted), 0, -1):
            for asked in self._by_place.get(wanted[:length], ()):
                if asks(self._asked.get(wanted[:length], ()), len(wanted) - length):
                    return self._descend(self.keys[asked], self.above + asked, wanted[length:])
        where = f"{self.above}{path}"
        raise Unreadable(f"{where} was not read in full: name it (with its values and depth) in the role's reads")

    def _descend(self, node: Any, path: str, parts: tuple[str, ...]) -> Mapping[str, Any] | None:
        for part in (*parts, None):
            key = readable(node, path)
            if not isinstance(key.get("exists"), bool):
                raise Unreadable(f"{path}: the document does not say whether it exists")
            if not key["exists"]:
                return None
            if part is None:
                return key
            node = self._folded.pick(readable(key.get("keys"), f"the subkeys of {path}"), part)
            if node is None:
                return None
            path = f"{path}\\{part}"
        return None


def readable(node: Any, what: str) -> Mapping[str, Any]:
    """Return a node; raise Unreadable when it is missing, an error or something else than an object."""
    if node is None:
        raise Unreadable(f"{what} is not in the state document: it was not asked for, or the answer is incomplete")
    if not isinstance(node, (dict, Mapping)):
        raise Unreadable(f"{what} is not an object in the state document")
    if isinstance(node.get("error"), str):
        # Many may ask for the same one, and what to do about it stands behind it.
        raise Unreadable(explained(f"{what} could not be read: {cut(masked(node['error']))}"))
    return node


def pick(mapping: Mapping[str, Any], name: str) -> Any:
    """Return an entry without regard to capital or small letters, or None."""
    folded = name.casefold()
    return next((value for key, value in mapping.items() if key.casefold() == folded), None)


def attribute(node: Mapping[str, Any], what: str, name: str) -> Located:
    """Return one field of a node that tells whether the thing exists."""
    evidence = f"{what}, {name}"
    if not isinstance(node.get("exists"), bool):
        raise Unreadable(f"{what}: the document does not say whether it exists")
    if not node["exists"]:
        return Located(False, evidence=evidence, missing="not there")
    value = node.get(name)
    if value is None:
        raise Unreadable(f"{evidence}: the document does not have it")
    return Located(True, value, evidence=evidence)


def account_names(name: str | None, computer: Any) -> tuple[str, ...]:
    r"""Return the names that an account goes by, folded: PC1\taro is also .\taro on PC1, and just taro."""
    authority, backslash, account = (name or "").casefold().rpartition("\\")
    if not account:
        return ()
    local = (f".\\{account}",) if authority == str(computer).casefold() else ()
    return (f"{authority}{backslash}{account}", account, *local)


def is_account(wanted: str, sid: str, names: tuple[str, ...]) -> bool:
    """Whether an account that somebody wrote (a SID or a name) is the one with this SID and these names."""
    return wanted.casefold() in (sid.casefold(), *names)
