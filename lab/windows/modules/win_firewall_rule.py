"""community.windows.win_firewall_rule: the firewall as its COM interface shows it.

What surprises people, and is so here: rules are found by their localised display name; a name that nothing has makes a
new rule; with `group` alone every rule whose raw Grouping (`@FirewallAPI.dll,-28502`) equals it is changed, and nothing
is ever created; addresses read back as network/mask. (docs/sources/windows.md#firewall-modules and the module itself)
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleFailure, Rules, model
from lab.windows.machine.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine.firewall_com import ACTIONS, ALL_PROFILES, DIRECTIONS, PROFILES, assign, name_of, properties
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_PROTOCOLS = {"tcp": 6, "udp": 17, "icmpv4": 1, "icmpv6": 58}
_INTERFACE_TYPES = {"wireless": "Wireless", "lan": "Lan", "ras": "RemoteAccess"}
_EDGE = {"no": 0, "yes": 1, "deferapp": 2, "deferuser": 3}
_SECURITY = {"notrequired": 0, "authnoencap": 1, "authenticate": 2, "authdynenc": 3, "authenc": 4}

# How COM says that mpssvc does not run, and that the caller is no administrator.
_NO_SERVICE = "There are no more endpoints available from the endpoint mapper. (Exception from HRESULT: 0x800706D9)"
_DENIED = "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"

# COM property -> the module's option, in the order in which the module compares and prints them.
_OPTIONS = {
    "Description": "description",
    "Direction": "direction",
    "Action": "action",
    "ApplicationName": "program",
    "Grouping": "group",
    "ServiceName": "service",
    "Enabled": "enabled",
    "Profiles": "profiles",
    "LocalAddresses": "localip",
    "RemoteAddresses": "remoteip",
    "LocalPorts": "localport",
    "RemotePorts": "remoteport",
    "Protocol": "protocol",
    "InterfaceTypes": "interfacetypes",
    "EdgeTraversalOptions": "edge",
    "SecureFlags": "security",
    "IcmpTypesAndCodes": "icmp_type_code",
}

# Read by the module, missing in its documentation.
_UNDOCUMENTED: Mapping[str, Mapping[str, Any]] = {
    "service": {"type": "str"},
    "interfacetypes": {"type": "list"},
    "edge": {"type": "str", "choices": list(_EDGE)},
    "security": {"type": "str", "choices": list(_SECURITY)},
}


@model("community.windows.win_firewall_rule", Rules(options=_UNDOCUMENTED))
def win_firewall_rule(machine: Machine, call: Call) -> dict[str, Any]:
    """Create, change or remove rules by display name, or change or remove the rules of a group."""
    if not call.args.get("name") and not call.args.get("group"):
        raise ModuleFailure("Either name or group must be specified")
    firewall = machine.service("mpssvc")
    if firewall is not None and firewall.state != "Running":
        raise ModuleFailure(_NO_SERVICE, changed=False, diff={"prepared": ""})
    rules = {rule_id: parse(str(value.data)) for rule_id, value in machine.registry.values(LOCAL_RULES).items()}
    run = _Run(machine, call.args, call.check_mode, rules, {"changed": False, "diff": {"prepared": ""}})
    run.admin = identity.is_admin(machine, call)
    try:
        run.run()
    except ValueError as error:
        raise ModuleFailure(str(error), **(run.result | {"exception": f"{error}\r\n"})) from error
    return run.result


@dataclass
class _Run:
    """One run of the module; `rules` are the machine's rules by id, `result` grows on the way."""

    machine: Machine
    args: dict[str, Any]
    check: bool
    rules: dict[str, Rule]
    result: dict[str, Any]
    admin: bool = True

    def need_rights(self) -> None:
        if not self.admin:
            raise ModuleFailure(_DENIED, **(self.result | {"changed": False}))

    def run(self) -> None:
        name, group = self.args.get("name"), self.args.get("group")
        found = [
            rule_id
            for rule_id, rule in self.rules.items()
            if (_same(name_of(self.machine, rule), name) if name else _same(rule.get("EmbedCtxt") or "", group))
        ]
        wanted = _wanted_rule(self.args)
        if self.args.get("state") == "absent":
            self.remove(found)
        elif found:
            self.change(found, wanted)
        elif name:
            self.create(name, wanted)

    def show(self, text: str) -> None:
        self.result["diff"]["prepared"] += text

    def create(self, name: str, wanted: Rule) -> None:
        self.show(_block("+", name, properties(self.machine, wanted)))
        if not self.check:
            self.need_rights()
        self.result.update(changed=True, msg=f"Firewall rule '{name}' created.")
        if self.check:
            return
        wanted.version = max((rule.version for rule in self.rules.values()), default=wanted.version)
        # COM takes a random GUID for the id; here it follows from the rule, so that equal runs give equal machines.
        rule_id = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.machine.name}|{wanted.render()}|{len(self.rules)}")
        self.machine.registry.set(LOCAL_RULES, f"{{{str(rule_id).upper()}}}", Value("REG_SZ", wanted.render()))

    def change(self, found: list[str], wanted: Rule) -> None:
        new = properties(self.machine, wanted)
        changed: list[str] = []
        unchanged: list[str] = []
        for rule_id in found:
            rule = self.rules[rule_id]
            old, name = properties(self.machine, rule), name_of(self.machine, rule)
            self.show(f"[{name}]\n")
            # Only what the task gives is compared.
            given = [prop for prop, option in _OPTIONS.items() if self.args.get(option) is not None]
            differing = [prop for prop in given if _differ(prop, old[prop], new[prop])]
            for prop in differing:
                self.show(f"-{prop}='{old[prop]}'\n+{prop}='{new[prop]}'\n")
                if not self.check:
                    self.need_rights()
                    # COM writes each property at once: those before one that is refused stay.
                    assign(rule, prop, new[prop])
                    self.machine.registry.set(LOCAL_RULES, rule_id, Value("REG_SZ", rule.render()))
            (changed if differing else unchanged).append(name)
        self.result["changed"] = bool(changed)
        self.result["msg"] = f"Firewall rule(s) changed '{_joined(changed)}' - unchanged '{_joined(unchanged)}'"

    def remove(self, found: list[str]) -> None:
        if not found:
            name, group = self.args.get("name"), self.args.get("group")
            missing = f"Firewall rule '{name}' does not exist."
            self.result["msg"] = missing if name else f"No firewall rules in group '{group}' exist."
            return
        names = [name_of(self.machine, self.rules[rule_id]) for rule_id in found]
        for rule_id, name in zip(found, names, strict=True):
            self.show(_block("-", name, properties(self.machine, self.rules[rule_id])))
            if not self.check:
                self.need_rights()
                self.remove_first(name)
        self.result.update(changed=True, msg=f"Firewall rule(s) '{_joined(names)}' removed.")

    def remove_first(self, name: str) -> None:
        """Remove the first rule of this display name, as COM does; it need not be the one found by its group."""
        present = self.machine.registry.values(LOCAL_RULES)
        first = next(rule_id for rule_id in present if _same(name_of(self.machine, self.rules[rule_id]), name))
        self.machine.registry.delete_value(LOCAL_RULES, first)


def _wanted_rule(args: dict[str, Any]) -> Rule:
    """Build the rule as the module fills a fresh COM object; COM's normal form falls out of writing and reading."""
    rule = Rule("v2.31", [("Action", "Allow"), ("Active", "FALSE"), ("Dir", "In")])
    if args.get("name"):
        assign(rule, "Name", args["name"])
    assign(rule, "Enabled", args.get("enabled") is None or args["enabled"])
    # COM refuses ports before it knows the protocol.
    for prop in ("Protocol", *_OPTIONS):
        value = _com_value(prop, args.get(_OPTIONS[prop]))
        if value is not None and prop != "Enabled":
            assign(rule, prop, value)
    return rule


def _com_value(prop: str, given: Any) -> Any:
    """Translate an option to what the module hands to COM; None leaves COM's default (not given, or `any`)."""
    if given is None or (isinstance(given, str) and given.lower() == "any" and prop != "Description"):
        return None
    match prop:
        case "Direction":
            return DIRECTIONS[given][1]
        case "Action":
            return ACTIONS[given][1]
        case "Protocol":
            return _protocol(str(given))
        case "Profiles":
            return _profiles(given)
        case "InterfaceTypes":
            return _interface_types(given)
        case "EdgeTraversalOptions":
            return _EDGE[given] or None
        case "SecureFlags":
            return _SECURITY[given] or None
        case "IcmpTypesAndCodes":
            joined = ",".join(str(each) for each in given)
            return None if joined.lower() == "any" else joined
    return given


def _protocol(text: str) -> int:
    if re.fullmatch(r"\d+", text):
        return int(text)
    for name, number in _PROTOCOLS.items():
        if text.lower() == name or (name.startswith("icmp") and text.lower().startswith(name)):
            return number
    raise ValueError(f"Unknown protocol '{text}'.")


def _profiles(given: list[Any]) -> int:
    total = 0
    for profile in dict.fromkeys(str(each) for each in given):
        if profile.lower() not in PROFILES:
            raise ValueError(f"Unknown profile '{profile}'.")
        total += PROFILES[profile.lower()][1]
    return ALL_PROFILES if total == 7 else total


def _interface_types(given: list[Any]) -> str | None:
    names = list(dict.fromkeys(str(each).lower() for each in given))
    if names == ["any"]:
        return None
    for each in names:
        if each not in _INTERFACE_TYPES:
            raise ValueError(f"Unknown interface type '{each}'.")
    return ",".join(_INTERFACE_TYPES[each] for each in names)


def _differ(prop: str, old: Any, new: Any) -> bool:
    if prop.endswith("Addresses"):
        return {each.lower() for each in old.split(",")} != {each.lower() for each in new.split(",")}
    return not _same(old, new) if isinstance(old, str) else bool(old != new)


def _block(sign: str, name: str, shown: dict[str, Any]) -> str:
    return f"{sign}[{name}]\n" + "".join(f"{sign}{prop}='{shown[prop]}'\n" for prop in _OPTIONS)


def _joined(names: list[str]) -> str:
    return "', '".join(names)


def _same(left: str, right: str | None) -> bool:
    return right is not None and left.lower() == right.lower()
