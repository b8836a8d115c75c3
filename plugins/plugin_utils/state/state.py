r"""What an endpoint's state document says about a place (state.locators tells the forms of `where`).

`State.locate` answers found or absent; an attribute `exists` is found (with value True) or absent. What the reader
could not read, was not asked for, or left out is Unreadable and never absent. Registry and rule names are
case-insensitive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..values import wininet
from ..values.firewall_rules import LOCAL_RULES, POLICY_RULES, FirewallRuleError, Rule, parse_rule
from ..values.versions import VersionError, parse_version
from .document import check_document
from .locators import kind_of, locator_problem
from .nodes import Branch, Located, Unreadable, account_names, attribute, is_account, pick, readable
from .request import MEMORY_KEY, MEMORY_PLIST, asks_for_plist_key

UNINSTALL_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)
OTHER_FIREWALLS = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider\Fw"

# What is compared of a plug-in VPN connection; its custom configuration may read back in another form.
VPN_SETTINGS = ("plugin", "server_address", "proxy_script", "auto_detect")


class LocatorError(ValueError):
    """A locator of a shape that nobody understands: a mistake in the role's data."""


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
        self._branches: dict[str, Branch | None] = {}
        self._parsed: dict[str, Rule] = {}

    def locate(self, where: Mapping[str, Any]) -> Located:
        """Follow a locator. Raises Unreadable when the document does not tell, LocatorError for a wrong locator."""
        problem = locator_problem(where)
        if problem:
            raise LocatorError(f"{dict(where)}: {problem}")
        return _METHODS[kind_of(where) or ""](self, where)

    def _node(self, name: str, entry: str | None = None) -> Mapping[str, Any]:
        """Return a top-level node, or one named entry of it."""
        node = readable(self._document.get(name), f"the {self.platform} document's {name}")
        if entry is None:
            return node
        return readable(pick(node, entry), f"{name} {entry}")

    def users(self) -> Mapping[str, Any]:
        """Return the endpoint's users by SID, and `default` for the users to come."""
        users = self._node("users")
        if "default" not in users:
            raise Unreadable("the document has no users: name what is to be read of them in the role's reads")
        return users

    def user(self, sid: str) -> Mapping[str, Any] | None:
        """Return what is known of one user (a SID, or default), or None when there is no such profile (any more)."""
        node = pick(self.users(), sid)
        return None if node is None else readable(node, f"the registry of user {sid}")

    @cached_property
    def _machine(self) -> Branch:
        return Branch(self._node("registry"), self._reads, "registry")

    def _users_branch(self, sid: str) -> Branch | None:
        """Return one user's part of the registry, or None when the profile, or its hive, is gone."""
        if sid not in self._branches:
            self._branches[sid] = self._branch_of(sid)
        return self._branches[sid]

    def _branch_of(self, sid: str) -> Branch | None:
        user = self.user(sid)
        if user is None or user.get("hive") == "missing":
            return None
        above = f"HKU\\{sid}\\"
        return Branch(readable(user.get("registry"), above), self._reads, "user_registry", above)

    def _registry(self, where: Mapping[str, Any]) -> Located:
        return _in_branch(self._machine, where["registry"], where)

    def _user_registry(self, where: Mapping[str, Any]) -> Located:
        if "user" not in where:
            raise LocatorError(f"{dict(where)}: whose registry is meant is given by `scope: users` of the control")
        branch = self._users_branch(where["user"])
        if branch is None:
            evidence = f"HKU\\{where['user']}\\{where['user_registry']}"
            return Located(False, evidence=evidence, missing="not there (the user's profile is gone)")
        return _in_branch(branch, where["user_registry"], where)

    def subkeys(self, path: str) -> list[str]:
        """Return the names of a registry key's subkeys, in order; none when there is no such key."""
        key = self._machine.key(path, below=1)
        return sorted(readable(key.get("keys"), f"the subkeys of {path}")) if key else []

    def contents(self, where: Mapping[str, Any]) -> tuple[set[str], set[str]]:
        """Return the names of a registry key's values and subkeys, folded; Unreadable unless all of them were read."""
        branch = self._users_branch(where["user"]) if "user" in where else self._machine
        return branch.contents(where.get("registry") or where["user_registry"]) if branch else (set(), set())

    def _rule(self, name: str, path: str) -> Rule | None:
        located = self._machine.value(path, name)
        if not located.found:
            return None
        text = located.value if isinstance(located.value, str) else ""
        try:
            if text not in self._parsed:
                self._parsed[text] = parse_rule(text)
        except FirewallRuleError as error:
            raise Unreadable(f"firewall rule {name}: {error}") from error
        return self._parsed[text]

    def _firewall_rule(self, where: Mapping[str, Any]) -> Located:
        evidence = f"firewall rule {where['firewall_rule']} (local store), {where['field']}"
        rule = self._rule(where["firewall_rule"], LOCAL_RULES)
        if rule is None:
            return Located(False, evidence=evidence, missing="not there (no rule of this name)")
        if where["field"] == "exists":
            return Located(True, True, evidence=evidence)
        return Located(True, getattr(rule, where["field"]), evidence=evidence)

    def _firewall_policy_rules(self, where: Mapping[str, Any]) -> Located:
        wanted = where["firewall_policy_rules"]
        action = wanted.get("action", "Allow")
        names = []
        for name, rule in self._policy_rules():
            if rule.enabled and (rule.direction, rule.action) == (wanted["direction"], action):
                names += [name] if rule.opens(wanted["port"]) else []
        evidence = f"Group Policy firewall rules for TCP {wanted['port']}, {wanted['direction']}, {action}"
        return Located(bool(names), names or None, evidence=f"{evidence}: {', '.join(names) or 'none'}", missing="none")

    def _policy_rules(self) -> list[tuple[str, Rule]]:
        """Return all rules of Group Policy by name."""
        key = self._machine.key_with(POLICY_RULES, None)
        names = sorted(readable(key.get("values"), POLICY_RULES)) if key else []
        return [(name, rule) for name in names if (rule := self._rule(name, POLICY_RULES))]

    def _other_firewall(self, _where: Mapping[str, Any]) -> Located:
        """Other makers' firewalls, by their own word to Windows' Security Center; Windows' own is not in that list.

        Bits 12 to 15 of STATE: 0 off, 1 on, 2 snoozed, 3 expired.
        """
        key = self._machine.key(OTHER_FIREWALLS, below=1)
        names = []
        for entry in sorted(readable(key.get("keys"), OTHER_FIREWALLS)) if key else ():
            state = self._machine.value(f"{OTHER_FIREWALLS}\\{entry}", "STATE")
            name = str(self._machine.value(f"{OTHER_FIREWALLS}\\{entry}", "DISPLAYNAME").value or entry)
            if not isinstance(state.value, int):
                raise Unreadable(f"{state.evidence}: {name} does not say whether it is on")
            names += [name] if state.value >> 12 & 0xF == 1 else []
        evidence = f"firewalls in the Security Center that are on: {', '.join(names) or 'none'}"
        return Located(bool(names), names or None, evidence=evidence, missing="none")

    def _product(self, where: Mapping[str, Any]) -> Located:
        """An uninstall entry of either view; of several the oldest version, since that one is the trouble."""
        found, unreadable = [], []
        for path in UNINSTALL_KEYS:
            key = self._machine.key(path, below=1)
            for name in readable(key.get("keys"), path) if key else ():
                try:
                    if self._machine.value(f"{path}\\{name}", "DisplayName").value == where["product"]:
                        version = self._machine.value(f"{path}\\{name}", "DisplayVersion").value
                        found.append((str(version or ""), f"{path}\\{name}"))
                except Unreadable as error:
                    unreadable.append(str(error))
        if not found and unreadable:
            raise Unreadable(f"whether {where['product']} is installed cannot be determined: {unreadable[0]}")
        found.sort(key=lambda entry: (_sortable(entry[0]), entry))
        evidence = "; ".join(f"{path} {version}" for version, path in found) or "the Uninstall keys of both views"
        return Located(bool(found), found[0][0] if found else None, evidence=evidence, missing="not installed")

    def _plist(self, where: Mapping[str, Any]) -> Located:
        path = where["plist"]
        node = readable(self._node("plists").get(path), path)
        if "attribute" in where:
            return attribute(node, path, where["attribute"])
        key = where["key"]
        evidence = f"{path} {'/'.join(key)}"
        if not asks_for_plist_key(self._reads, path, key):
            raise Unreadable(f"{evidence} was not read: name it in the role's reads")
        if not node.get("exists"):
            return Located(False, evidence=evidence, missing="not set (the file does not exist)")
        return _follow(node.get("data"), key, path)

    def _tool(self, where: Mapping[str, Any]) -> Located:
        """Follow what a tool told; a part that could not be read is Unreadable."""
        return _follow(self._node("tools", where["tool"]), where["key"], where["tool"])

    def network_devices(self) -> list[str]:
        """Return a Mac's own network devices (en0: Wi-Fi, say), each of which is in a local subnet while it is used."""
        services = self._node("tools", "network_services").values()
        devices = {
            str(service["device"]) for service in services if isinstance(service, Mapping) and "device" in service
        }
        return sorted(device for device in devices if device.startswith("en") and device[2:3].isdigit())

    def _file(self, where: Mapping[str, Any]) -> Located:
        path = where["file"]
        return attribute(readable(self._node("files").get(path), path), path, where["attribute"])

    def _service(self, where: Mapping[str, Any]) -> Located:
        return attribute(self._node("services", where["service"]), f"service {where['service']}", where["field"])

    def _group(self, where: Mapping[str, Any]) -> Located:
        about = where.get("field", "members")
        located = attribute(self._node("groups", where["group"]), f"group {where['group']}", about)
        if about != "members" or not located.found:
            return located
        computer = self._node("system").get("computer_name")
        names = {member["sid"]: account_names(member["name"], computer) for member in located.value}
        if "field" in where:
            return Located(True, list(names), evidence=located.evidence, names=names)
        found = [sid for sid in names if is_account(where["member"], sid, names[sid])]
        evidence = f"{located.evidence}, {where['member']}"
        return Located(bool(found), found[0] if found else None, evidence=evidence, missing="no member")

    def _system(self, where: Mapping[str, Any]) -> Located:
        value = self._node("system").get(where["system"])
        if value is None or isinstance(value, Mapping):
            why = value.get("error") if isinstance(value, Mapping) else "the document does not have it"
            raise Unreadable(f"system {where['system']}: {why}")
        return Located(True, value, evidence=f"system {where['system']}")

    def _tunnel(self, _where: Mapping[str, Any]) -> Located:
        active = self._node("tunnel").get("active")
        if not isinstance(active, bool):
            raise Unreadable("the document does not say whether a VPN tunnel is active")
        return Located(True, active, evidence="tunnel active")

    def _console_user(self, _where: Mapping[str, Any]) -> Located:
        name = self._document.get("console_user")
        if isinstance(name, Mapping):
            raise Unreadable(f"who is logged on could not be read: {name.get('error')}")
        return Located(bool(name), name or None, evidence="console user", missing="nobody")

    def _appx(self, where: Mapping[str, Any]) -> Located:
        """The oldest version of several: name_version_architecture_resource_publisher."""
        node = self._node("appx", where["appx"])
        packages = [str(name) for name in node.get("packages", [])]
        versions = sorted((name.split("_")[1] for name in packages), key=_sortable)
        evidence = f"Store packages of {where['appx']}: {', '.join(packages) or 'none'}"
        return Located(bool(versions), versions[0] if versions else None, evidence=evidence, missing="not installed")

    def _reboot_pending(self, where: Mapping[str, Any]) -> Located:
        kind = where["reboot_pending"]
        pending = self._node("reboot_pending").get(kind)
        if not isinstance(pending, bool):
            raise Unreadable(f"the document does not say whether a reboot is pending for {kind}")
        return Located(pending, True if pending else None, evidence=f"reboot pending, {kind}", missing="not pending")

    def _vpn_connection(self, where: Mapping[str, Any]) -> Located:
        name, account = where["vpn_connection"], where["of"]
        evidence = f"VPN connection {name} of {account}"
        of_user = self._document.get("vpn_connections", {}).get(account)
        if of_user is None or name not in of_user:
            raise Unreadable(f"{evidence} was not read: name it in the role's variables, also to remove it")
        settings = readable(of_user[name], evidence)
        if not settings.get("exists"):
            return Located(False, evidence=evidence, missing="not there")
        return Located(True, {key: settings.get(key) for key in VPN_SETTINGS}, evidence=evidence)

    def _memory(self, where: Mapping[str, Any]) -> Located:
        if self.platform == "Windows":
            return self._machine.value(MEMORY_KEY, where["memory"])
        return self._plist({"plist": MEMORY_PLIST, "key": [where["memory"]]})

    def remembering_roles(self) -> set[str]:
        """Return the names of the roles that have a memory on the endpoint."""
        if self.platform == "Windows":
            key = self._machine.key_with(MEMORY_KEY, None)
            return set() if key is None else set(readable(key.get("values"), MEMORY_KEY))
        node = self._node("plists", MEMORY_PLIST)
        return set(readable(node.get("data"), MEMORY_PLIST)) if node.get("exists") else set()


_METHODS: dict[str, Callable[[State, Mapping[str, Any]], Located]] = {
    "registry": State._registry,
    "user_registry": State._user_registry,
    "firewall_rule": State._firewall_rule,
    "firewall_policy_rules": State._firewall_policy_rules,
    "other_firewall": State._other_firewall,
    "product": State._product,
    "plist": State._plist,
    "file": State._file,
    "system": State._system,
    "service": State._service,
    "group": State._group,
    "tunnel": State._tunnel,
    "console_user": State._console_user,
    "appx": State._appx,
    "reboot_pending": State._reboot_pending,
    "memory": State._memory,
    "vpn_connection": State._vpn_connection,
    "tool": State._tool,
}


def _follow(node: Any, key: list[str], what: str) -> Located:
    """Return what lies at a path of keys."""
    evidence = f"{what} {'/'.join(key)}"
    for depth, part in enumerate(key):
        if not isinstance(node, Mapping):
            raise Unreadable(f"{what} {'/'.join(key[:depth])} is no dictionary: it is not what was expected")
        readable(node, evidence)
        if part not in node:
            return Located(False, evidence=evidence)
        node = node[part]
    return Located(True, node, evidence=evidence)


def _in_branch(branch: Branch, path: str, where: Mapping[str, Any]) -> Located:
    if "value" in where:
        located = branch.value(path, where["value"])
        return _decoded(located) if "decode" in where else located
    key = branch.key(path)
    return Located(key is not None, evidence=branch.above + path, missing="not there (the key does not exist)")


def _decoded(located: Located) -> Located:
    """Return a binary value by its meaning; one without any stays as it is, for the comparison to find wrong."""
    if not located.found or located.type != "REG_BINARY":
        return located
    try:
        return replace(located, value=wininet.decode(located.value), raw=located.value)
    except wininet.WininetError as error:
        return replace(located, raw=located.value, evidence=f"{located.evidence}: {error}")


def _sortable(version: str) -> tuple[int, ...]:
    try:
        return parse_version(version)
    except VersionError:
        return ()
