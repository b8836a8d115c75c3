r"""Where a fact lies in an endpoint's state document, and what is there.

A locator (`where` of a control) is a dict; one of these shapes, * marks what may be left out:

    {registry: PATH, value: NAME, type*: REG_SZ}            a registry value; `type` is compared as well
    {registry: PATH}                                        whether a key exists
    {firewall_rule: NAME, field: F, store*: local|policy}   F: exists enabled action direction profiles local_port
                                                            remote_address group
    {firewall_policy_rules: {port: 445, direction: In, action*: Allow}}   enabled Group Policy rules for a TCP port
    {product: "FortiClient VPN"}                            DisplayVersion of an installed product, by exact DisplayName
    {plist: PATH, key: [Profiles, IMR, Server]}             a value in a property list
    {plist: PATH, attribute: A}                             A: exists format owner group mode
    {file: PATH, attribute: A}                              A: exists type owner group mode
    {system: F}   {service: NAME, field: exists|start_mode|state}   {group: SID, field: exists|name|members}
    {tunnel: active}   {memory: ROLE}

`State.locate` answers found or absent; an attribute `exists` is found (with value True) or absent. What the reader
could not read, was not asked for, or left out is Unreadable and never absent. Registry and rule names are
case-insensitive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .offsite_document import check_document
from .offsite_firewall import LOCAL_RULES, POLICY_RULES, FirewallRuleError, Rule, parse_rule
from .offsite_reads import (
    MEMORY_KEY,
    MEMORY_PLIST,
    asks_for_key,
    asks_for_plist_key,
    asks_for_value,
    split_path,
)
from .offsite_versions import VersionError, parse_version

UNINSTALL_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)
RULE_FIELDS = ("exists", "enabled", "action", "direction", "profiles", "local_port", "remote_address", "group")
_REGISTRY_PATH = re.compile(r"(HKLM|HKU|HKCR|HKCC|HKEY_\w+):?\\+[^\\]", re.IGNORECASE)
_STORES = {"local": LOCAL_RULES, "policy": POLICY_RULES}


class LocatorError(ValueError):
    """A locator of a shape that nobody understands: a mistake in the role's data."""


class Unreadable(Exception):  # noqa: N818  (it says something about the endpoint, not about this program)
    """The document does not tell; the message says why, for a record of status error."""


@dataclass(frozen=True)
class Located:
    """What a locator leads to. `missing` says in words what is not there; `evidence` names the place."""

    found: bool
    value: Any = None
    type: str | None = None
    evidence: str = ""
    missing: str = "not set"


def locator_problem(where: Any) -> str | None:
    """Return what is wrong with a locator's shape, or None."""
    if not isinstance(where, Mapping):
        return f"a place in the state is an object such as {{registry: ..., value: ...}}, not {where!r}"
    kind = next((name for name in _LOCATORS if name in where), None)
    if kind is None:
        return f"none of {', '.join(_LOCATORS)} is in it"
    _method, required, optional = _LOCATORS[kind]
    unknown = sorted(set(where) - {kind, *required, *optional})
    if unknown:
        allowed = ", ".join([*required, *optional]) or "nothing"
        return f"{', '.join(unknown)} is not known beside {kind}; allowed: {allowed}"
    missing = [name for name in required if name not in where]
    if missing:
        return f"{', '.join(missing)} is missing beside {kind}"
    for name, choices in {**required, **optional}.items():
        if name in where and choices and where[name] not in choices:
            return f"{name} is {where[name]!r}; allowed: {', '.join(choices)}"
    if kind == "plist" and ("key" in where) == ("attribute" in where):
        return "beside plist stands either key or attribute"
    if "key" in where and not _is_key(where["key"]):
        return f"key is {where['key']!r}; it must be a list of texts, from the top of the file"
    if kind == "firewall_policy_rules":
        return _policy_problem(where[kind])
    if not isinstance(where[kind], str) or not where[kind]:
        return f"{kind} is {where[kind]!r}; it must be text"
    if kind == "registry" and not _REGISTRY_PATH.match(where[kind]):
        return f"registry is {where[kind]!r}; a path such as HKLM\\SOFTWARE\\Name is needed"
    return None


def _is_key(key: Any) -> bool:
    return isinstance(key, list) and bool(key) and all(isinstance(part, str) for part in key)


def _policy_problem(wanted: Any) -> str | None:
    if not isinstance(wanted, Mapping) or not isinstance(wanted.get("port"), int):
        return "firewall_policy_rules needs {port: NUMBER, direction: In or Out}"
    if wanted.get("direction") not in ("In", "Out") or wanted.get("action", "Allow") not in ("Allow", "Block"):
        return "firewall_policy_rules: direction is In or Out, action (if given) Allow or Block"
    return None


class State:
    """One endpoint's state document together with what was asked for."""

    def __init__(self, document: Mapping[str, Any], reads: Mapping[str, Any]) -> None:
        """Raise Unreadable when the document as a whole cannot be used."""
        problems = check_document(document)
        if problems:
            raise Unreadable("; ".join(problems[:3]))
        self.platform: str = document["platform"]
        self._document = document
        self._reads = reads

    def locate(self, where: Mapping[str, Any]) -> Located:
        """Follow a locator. Raises Unreadable when the document does not tell, LocatorError for a wrong locator."""
        problem = locator_problem(where)
        if problem:
            raise LocatorError(f"{dict(where)}: {problem}")
        kind = next(name for name in _LOCATORS if name in where)
        return _LOCATORS[kind][0](self, where)

    def _node(self, name: str, entry: str | None = None) -> Mapping[str, Any]:
        """Return a top-level node, or one named entry of it."""
        node = _readable(self._document.get(name), f"the {self.platform} document's {name}")
        if entry is None:
            return node
        return _readable(_pick(node, entry), f"{name} {entry}")

    def _key(self, path: str, asks: Callable[[str, int], bool]) -> Mapping[str, Any] | None:
        """Return a registry key's node, or None when the key does not exist."""
        wanted = split_path(path)
        registry = self._node("registry")
        places = {asked: split_path(asked) for asked in registry}
        above = [asked for asked, parts in places.items() if wanted[: len(parts)] == parts]
        for asked in sorted(above, key=lambda name: len(places[name]), reverse=True):
            if asks(asked, len(wanted) - len(places[asked])):
                return _descend(registry[asked], asked, wanted[len(places[asked]) :])
        raise Unreadable(f"{path} was not read in full: name it (with its values and depth) in the role's reads")

    def _value(self, path: str, name: str) -> Located:
        evidence = f"{path} {name or '(Default)'}"
        key = self._key(path, lambda asked, levels: asks_for_value(self._reads, asked, levels, name))
        if key is None:
            return Located(False, evidence=evidence, missing="not set (the key does not exist)")
        value = _pick(_readable(key.get("values"), path), name)
        if value is None:
            return Located(False, evidence=evidence)
        _readable(value, evidence)
        if "type" not in value or "data" not in value:
            raise Unreadable(f"{evidence}: the reader gave no type and data")
        return Located(True, value["data"], str(value["type"]), f"{evidence} ({value['type']})")

    def _registry(self, where: Mapping[str, Any]) -> Located:
        if "value" in where:
            return self._value(where["registry"], where["value"])
        key = self._key(where["registry"], lambda asked, levels: asks_for_key(self._reads, asked, levels))
        return Located(key is not None, evidence=where["registry"], missing="not there (the key does not exist)")

    def _rule(self, name: str, path: str) -> Rule | None:
        located = self._value(path, name)
        if not located.found:
            return None
        try:
            return parse_rule(located.value if isinstance(located.value, str) else "")
        except FirewallRuleError as error:
            raise Unreadable(f"firewall rule {name}: {error}") from error

    def _firewall_rule(self, where: Mapping[str, Any]) -> Located:
        store = where.get("store", "local")
        evidence = f"firewall rule {where['firewall_rule']} ({store} store), {where['field']}"
        rule = self._rule(where["firewall_rule"], _STORES[store])
        if rule is None:
            return Located(False, evidence=evidence, missing="not there (no rule of this name)")
        if where["field"] == "exists":
            return Located(True, True, evidence=evidence)
        value = rule.local_ports if where["field"] == "local_port" else getattr(rule, where["field"])
        return Located(value is not None, value, evidence=evidence)

    def _firewall_policy_rules(self, where: Mapping[str, Any]) -> Located:
        wanted = where["firewall_policy_rules"]
        action = wanted.get("action", "Allow")
        key = self._key(POLICY_RULES, lambda asked, levels: asks_for_value(self._reads, asked, levels, None))
        names = []
        for name in sorted(_readable(key.get("values"), POLICY_RULES) if key else ()):
            rule = self._rule(name, POLICY_RULES)
            if rule and rule.enabled and (rule.direction, rule.action) == (wanted["direction"], action):
                names += [name] if rule.opens(wanted["port"]) else []
        evidence = f"Group Policy firewall rules for TCP {wanted['port']}, {wanted['direction']}, {action}"
        return Located(bool(names), names or None, evidence=f"{evidence}: {', '.join(names) or 'none'}", missing="none")

    def _product(self, where: Mapping[str, Any]) -> Located:
        """An uninstall entry of either view; of several the oldest version, since that one is the trouble."""
        found, unreadable = [], []
        for path in UNINSTALL_KEYS:
            key = self._key(path, lambda asked, levels: asks_for_key(self._reads, asked, levels + 1))
            for name in _readable(key.get("keys"), path) if key else ():
                try:
                    if self._value(f"{path}\\{name}", "DisplayName").value == where["product"]:
                        version = self._value(f"{path}\\{name}", "DisplayVersion").value
                        found.append((str(version or ""), f"{path}\\{name}"))
                except Unreadable as error:
                    unreadable.append(str(error))
        if not found and unreadable:
            raise Unreadable(f"whether {where['product']} is installed cannot be told: {unreadable[0]}")
        found.sort(key=lambda entry: (_sortable(entry[0]), entry))
        evidence = "; ".join(f"{path} {version}" for version, path in found) or "the Uninstall keys of both views"
        return Located(bool(found), found[0][0] if found else None, evidence=evidence, missing="not installed")

    def _plist(self, where: Mapping[str, Any]) -> Located:
        path = where["plist"]
        node = _readable(self._node("plists").get(path), path)
        if "attribute" in where:
            return _attribute(node, path, where["attribute"])
        key = where["key"]
        evidence = f"{path} {'/'.join(key)}"
        if not asks_for_plist_key(self._reads, path, key):
            raise Unreadable(f"{evidence} was not read: name it in the role's reads")
        if not node.get("exists"):
            return Located(False, evidence=evidence, missing="not set (the file does not exist)")
        here: Any = node.get("data")
        for depth, part in enumerate(key):
            if not isinstance(here, Mapping):
                raise Unreadable(f"{path} {'/'.join(key[:depth])} is no dictionary: the file is not what was expected")
            if part not in here:
                return Located(False, evidence=evidence)
            here = here[part]
        return Located(True, here, evidence=evidence)

    def _file(self, where: Mapping[str, Any]) -> Located:
        path = where["file"]
        return _attribute(_readable(self._node("files").get(path), path), path, where["attribute"])

    def _service(self, where: Mapping[str, Any]) -> Located:
        return _attribute(self._node("services", where["service"]), f"service {where['service']}", where["field"])

    def _group(self, where: Mapping[str, Any]) -> Located:
        located = _attribute(self._node("groups", where["group"]), f"group {where['group']}", where["field"])
        if where["field"] != "members" or not located.found:
            return located
        return Located(True, [member["sid"] for member in located.value], evidence=located.evidence)

    def _system(self, where: Mapping[str, Any]) -> Located:
        value = self._node("system").get(where["system"])
        if value is None or isinstance(value, Mapping):
            why = value.get("error") if isinstance(value, Mapping) else "the document does not have it"
            raise Unreadable(f"system {where['system']}: {why}")
        return Located(True, value, evidence=f"system {where['system']}")

    def _tunnel(self, _where: Mapping[str, Any]) -> Located:
        active = self._node("tunnel").get("active")
        if not isinstance(active, bool):
            raise Unreadable("the document does not tell whether a VPN tunnel is active")
        return Located(True, active, evidence="tunnel active")

    def _memory(self, where: Mapping[str, Any]) -> Located:
        if self.platform == "Windows":
            return self._value(MEMORY_KEY, where["memory"])
        return self._plist({"plist": MEMORY_PLIST, "key": [where["memory"]]})

    def remembering_roles(self) -> set[str]:
        """Return the names of the roles that have a memory on the endpoint."""
        if self.platform == "Windows":
            key = self._key(MEMORY_KEY, lambda asked, levels: asks_for_value(self._reads, asked, levels, None))
            return set() if key is None else set(_readable(key.get("values"), MEMORY_KEY))
        node = self._node("plists", MEMORY_PLIST)
        return set(_readable(node.get("data"), MEMORY_PLIST)) if node.get("exists") else set()


Method = Callable[[State, Mapping[str, Any]], Located]
Keys = dict[str, tuple[str, ...]]  # name -> allowed values, or () for any
_FILE_ATTRIBUTES = ("exists", "type", "owner", "group", "mode")
_PLIST_ATTRIBUTES = ("exists", "format", "owner", "group", "mode")
REGISTRY_TYPES = ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ", "REG_DWORD", "REG_QWORD", "REG_BINARY", "REG_NONE")
_LOCATORS: dict[str, tuple[Method, Keys, Keys]] = {
    "registry": (State._registry, {}, {"value": (), "type": REGISTRY_TYPES}),
    "firewall_rule": (State._firewall_rule, {"field": RULE_FIELDS}, {"store": tuple(_STORES)}),
    "firewall_policy_rules": (State._firewall_policy_rules, {}, {}),
    "product": (State._product, {}, {}),
    "plist": (State._plist, {}, {"key": (), "attribute": _PLIST_ATTRIBUTES}),
    "file": (State._file, {"attribute": _FILE_ATTRIBUTES}, {}),
    "system": (State._system, {}, {}),
    "service": (State._service, {"field": ("exists", "start_mode", "state")}, {}),
    "group": (State._group, {"field": ("exists", "name", "members")}, {}),
    "tunnel": (State._tunnel, {}, {}),
    "memory": (State._memory, {}, {}),
}


def _readable(node: Any, what: str) -> Mapping[str, Any]:
    if node is None:
        raise Unreadable(f"{what} is not in the state document: it was not asked for, or the answer is incomplete")
    if not isinstance(node, Mapping):
        raise Unreadable(f"{what} is not an object in the state document")
    if isinstance(node.get("error"), str):
        raise Unreadable(f"{what} could not be read: {node['error']}")
    return node


def _pick(mapping: Mapping[str, Any], name: str) -> Any:
    folded = name.casefold()
    return next((value for key, value in mapping.items() if key.casefold() == folded), None)


def _descend(node: Any, path: str, parts: tuple[str, ...]) -> Mapping[str, Any] | None:
    for part in (*parts, None):
        key = _readable(node, path)
        if not isinstance(key.get("exists"), bool):
            raise Unreadable(f"{path}: the document does not tell whether it exists")
        if not key["exists"]:
            return None
        if part is None:
            return key
        node = _pick(_readable(key.get("keys"), f"the subkeys of {path}"), part)
        if node is None:
            return None
        path = f"{path}\\{part}"
    return None


def _attribute(node: Mapping[str, Any], what: str, name: str) -> Located:
    evidence = f"{what}, {name}"
    if not isinstance(node.get("exists"), bool):
        raise Unreadable(f"{what}: the document does not tell whether it exists")
    if not node["exists"]:
        return Located(False, evidence=evidence, missing="not there")
    value = node.get(name)
    if value is None:
        raise Unreadable(f"{evidence}: the document does not have it")
    return Located(True, value, evidence=evidence)


def _sortable(version: str) -> tuple[int, ...]:
    try:
        return parse_version(version)
    except VersionError:
        return ()
