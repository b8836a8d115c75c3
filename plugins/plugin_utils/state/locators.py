r"""Locators: where a fact lies in an endpoint's state document (`where` of a control), as plain data.

A locator is a dict; one of these shapes, * marks what may be left out:

    {registry: PATH, value: NAME, type*: REG_SZ, decode*: wininet}   a registry value; `type` is compared as well
    {registry: PATH}                                        whether a key exists
    {user_registry: PATH, value: NAME, type*, decode*}      the same below one user's hive; whose (`user`, a SID or
    {user_registry: PATH}                                   default) is filled in for each user of the endpoint
    {firewall_rule: NAME, field: F}                         F: exists enabled profiles remote_address; a local rule
    {firewall_policy_rules: {port: 445, direction: In, action*: Allow}}   enabled Group Policy rules for a TCP port
    {other_firewall: active}                                names of other makers' firewalls that are on
    {product: "FortiClient VPN"}                            DisplayVersion of an installed product, by exact DisplayName
    {plist: PATH, key: [Profiles, IMR, Server]}             a value in a property list
    {plist: PATH, attribute: A}                             A: exists format owner group mode
    {file: PATH, attribute: A}                              A: exists type; Mac: owner group mode; Windows: size version
    {appx: FAMILY}                                          version of a Store package that any user has
    {reboot_pending: KIND}                                  found while one is; KIND: component_based_servicing
                                                            windows_update file_rename computer_rename
    {system: F}   {service: NAME, field: exists|start_mode|state}
    {group: SID, field: exists|name|members}                members as SIDs
    {group: SID, member: ACCOUNT}                           whether a SID or an account is a member
    {tunnel: active}   {memory: ROLE}   {console_user: name}   who is logged on at a Mac's screen
    {tool: "anchor com.apple/x", key: [rules]}              what one of Apple's tools tells, as mac_endpoint_state was
                                                            asked for it (`tools`); written by the role itself
    {vpn_connection: NAME, of: ACCOUNT}                     a user's own plug-in VPN connection, as its settings; read
                                                            by the role itself (plan.items.vpn_connections)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .request import split_path

REGISTRY_TYPES = ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ", "REG_DWORD", "REG_QWORD", "REG_BINARY", "REG_NONE")
RULE_FIELDS = ("exists", "enabled", "profiles", "remote_address")
_FILE_ATTRIBUTES = ("exists", "type", "owner", "group", "mode", "size", "version")
_PLIST_ATTRIBUTES = ("exists", "format", "owner", "group", "mode")
_REGISTRY_PATH = re.compile(r"(HKLM|HKU|HKCR|HKCC|HKEY_\w+):?\\+[^\\]", re.IGNORECASE)
_VALUE = {"value": (), "type": REGISTRY_TYPES, "decode": ("wininet",)}

Keys = dict[str, tuple[str, ...]]  # name -> allowed values, or () for any
# Kind -> what must and what may stand beside it.
LOCATORS: dict[str, tuple[Keys, Keys]] = {
    "registry": ({}, _VALUE),
    "user_registry": ({}, {**_VALUE, "user": ()}),
    "firewall_rule": ({"field": RULE_FIELDS}, {}),
    "firewall_policy_rules": ({}, {}),
    "other_firewall": ({}, {}),
    "product": ({}, {}),
    "plist": ({}, {"key": (), "attribute": _PLIST_ATTRIBUTES}),
    "file": ({"attribute": _FILE_ATTRIBUTES}, {}),
    "system": ({}, {}),
    "service": ({"field": ("exists", "start_mode", "state")}, {}),
    "group": ({}, {"field": ("exists", "name", "members"), "member": ()}),
    "tunnel": ({}, {}),
    "console_user": ({}, {}),
    "appx": ({}, {}),
    "reboot_pending": ({}, {}),
    "memory": ({}, {}),
    "vpn_connection": ({"of": ()}, {}),
    "tool": ({"key": ()}, {}),
}
# Kinds of which exactly one of two keys tells what is meant.
_EITHER = {"plist": ("key", "attribute"), "group": ("field", "member")}


def locator_problem(where: Any) -> str | None:
    """Return what is wrong with a locator's shape, or None."""
    if not isinstance(where, Mapping):
        return f"a place in the state is an object such as {{registry: ..., value: ...}}, not {where!r}"
    kind = kind_of(where)
    if kind is None:
        return f"none of {', '.join(LOCATORS)} is in it"
    required, optional = LOCATORS[kind]
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
    one, other = _EITHER.get(kind, ("", ""))
    if one and (one in where) == (other in where):
        return f"beside {kind} stands either {one} or {other}"
    if kind == "firewall_policy_rules":
        return _policy_problem(where[kind])
    return _text_problem(where, kind)


def _text_problem(where: Mapping[str, Any], kind: str) -> str | None:
    if "key" in where and not _is_key(where["key"]):
        return f"key is {where['key']!r}; it must be a list of texts, from the top of the file"
    for name in (kind, "member", "user", "of"):
        if name in where and (not isinstance(where[name], str) or not where[name]):
            return f"{name} is {where[name]!r}; it must be text"
    if kind == "registry" and not _REGISTRY_PATH.match(where[kind]):
        return f"registry is {where[kind]!r}; a path such as HKLM\\SOFTWARE\\Name is needed"
    if kind == "user_registry" and (_REGISTRY_PATH.match(where[kind]) or where[kind].startswith(("\\", "HKCU"))):
        return f"user_registry is {where[kind]!r}; a path from the top of the hive is needed, such as Software\\Name"
    if "decode" in where and where.get("type") != "REG_BINARY":
        return "decode needs value, and type: REG_BINARY"
    return None


def _is_key(key: Any) -> bool:
    return isinstance(key, list) and bool(key) and all(isinstance(part, str) for part in key)


def _policy_problem(wanted: Any) -> str | None:
    if not isinstance(wanted, Mapping) or not isinstance(wanted.get("port"), int):
        return "firewall_policy_rules needs {port: NUMBER, direction: In or Out}"
    if wanted.get("direction") not in ("In", "Out") or wanted.get("action", "Allow") not in ("Allow", "Block"):
        return "firewall_policy_rules: direction is In or Out, action (if given) Allow or Block"
    return None


def kind_of(where: Mapping[str, Any]) -> str | None:
    """Return which kind of locator it is."""
    return next((name for name in LOCATORS if name in where), None)


def bare(where: dict[str, Any]) -> dict[str, Any]:
    """Return a locator without what the place may hold."""
    return {key: value for key, value in where.items() if key not in ("type", "decode")}


def place(where: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells one place from another: equal for equal places, however they are written."""
    kind = kind_of(where) or ""
    if kind in ("registry", "user_registry"):
        value = where.get("value")
        hive = (kind, where["user"].casefold()) if "user" in where else (kind, "")
        return (hive, split_path(where[kind]), None if value is None else value.casefold())
    if kind == "plist":
        return ("plist", where["plist"], tuple(where.get("key", ())), where.get("attribute"))
    # Windows does not tell capital letters from small ones in names.
    return (kind, json.dumps(bare(where), sort_keys=True).casefold())


def lies_in(where: dict[str, Any], container: dict[str, Any]) -> bool:
    """Whether a place is the container or lies inside it."""
    inner, outer = place(where), place(container)
    if inner[0] != outer[0]:
        return False
    if isinstance(inner[0], tuple):
        return outer[2] is None and inner[1][: len(outer[1])] == outer[1]
    return inner[0] == "plist" and inner[1] == outer[1] and inner[2][: len(outer[2])] == outer[2]


def home(where: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a value belongs to (its key, dictionary, file, rule, service, group), or None for other kinds."""
    kind = kind_of(where)
    if kind in ("registry", "user_registry"):
        return {name: where[name] for name in (kind, "user") if name in where}
    if kind == "plist":
        outer = where["key"][:-1]
        return {"plist": where["plist"], **({"key": outer} if outer else {"attribute": "exists"})}
    if kind in ("firewall_rule", "service", "group"):
        return {kind: where[kind], "field": "exists"}
    return None
