"""The kinds of place on Windows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ..values import wininet
from ..values.versions import VersionError, parse_version
from .nodes import Branch, Located, LocatorError, Unreadable, account_names, attribute, is_account, readable
from .place import Keys, Place, Where
from .request import split_path

if TYPE_CHECKING:
    from .state import State

# The registry's types, and win_regedit's names for them.
REGISTRY_TYPES = {
    **{"REG_SZ": "string", "REG_EXPAND_SZ": "expandstring", "REG_MULTI_SZ": "multistring", "REG_DWORD": "dword"},
    **{"REG_QWORD": "qword", "REG_BINARY": "binary", "REG_NONE": "none"},
}
UNINSTALL_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)
_PATH = r"(HKLM|HKU|HKCR|HKCC|HKEY_\w+):?\\+[^\\]"


class _Registry(Place):
    """{registry: PATH, value: NAME, type*: REG_SZ, decode*: wininet}; {registry: PATH} for whether the key exists."""

    kind = "registry"
    form = (re.compile(_PATH, re.IGNORECASE), "a path such as HKLM\\SOFTWARE\\Name")
    types = tuple(REGISTRY_TYPES)
    may: ClassVar[Keys] = {"value": (), "type": types, "decode": ("wininet",)}
    written_by = "registry"

    @classmethod
    def problem(cls, where: Mapping[str, Any]) -> str | None:
        if "decode" in where and ("value" not in where or where.get("type") != "REG_BINARY"):
            return "decode needs value, and type: REG_BINARY"
        return super().problem(where)

    def branch(self, state: State) -> Branch | None:
        """Return the part of the registry that it lies in, None when there is none (any more)."""
        return state.machine

    def locate(self, state: State) -> Located:
        branch = self.branch(state)
        if branch is None:
            evidence = f"HKU\\{self.where['user']}\\{self.name}"
            return Located(False, evidence=evidence, missing="not there (the user's profile is gone)")
        if "value" in self.where:
            located = branch.value(self.name, self.where["value"])
            return _decoded(located) if "decode" in self.where else located
        key = branch.key(self.name)
        return Located(key is not None, evidence=branch.above + self.name, missing="not there (the key does not exist)")

    @cached_property
    def identity(self) -> tuple[Any, tuple[str, ...], str | None]:
        value = self.where.get("value")
        hive = (self.kind, self.where.get("user", "").casefold())
        return hive, split_path(self.name), None if value is None else value.casefold()

    def above(self) -> list[Where]:
        parts = self.name.split("\\")
        user = {"user": self.where["user"]} if "user" in self.where else {}
        innermost, outermost = len(parts) - ("value" not in self.where), 1 if self.of_user else 2
        return [{self.kind: "\\".join(parts[:end]), **user} for end in range(innermost, outermost - 1, -1)]

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        item |= self.address(state)
        if "value" not in self.where:
            item |= {"state": "absent", "delete_key": True}
            return
        item |= {"name": self.where["value"], "delete_key": False, "state": "absent" if value is None else "present"}
        if value is not None:
            if type_ in ("REG_BINARY", "REG_NONE"):
                value = ",".join(value[at : at + 2] for at in range(0, len(value), 2))
            item |= {"data": value, "type": REGISTRY_TYPES[type_ or "REG_SZ"]}

    def address(self, _state: State) -> dict[str, Any]:
        r"""Return how win_regedit gets there, in PowerShell's form.

        >>> _Registry({"registry": "HKLM\\SOFTWARE\\X"}).address(None)
        {'path': 'HKLM:\\SOFTWARE\\X'}
        """
        hive, _backslash, rest = self.name.partition("\\")
        return {"path": f"{split_path(hive)[0].upper()}:\\{rest.strip(chr(92))}"}

    @property
    def is_shared(self) -> bool:
        return "value" not in self.where

    def could_hold(self, value: Any) -> bool:
        return not self.is_shared


class _UserRegistry(_Registry):
    """{user_registry: PATH, value: NAME, type*, decode*}: the same below a user's own hive, or {user_registry: PATH}.

    Whose (`user`, a SID or default) is filled in for each user of the endpoint.
    """

    kind = "user_registry"
    form = (re.compile(rf"(?!\\|HKCU|{_PATH})", re.IGNORECASE), "a path from the top of the hive (Software\\Name)")
    may: ClassVar[Keys] = {**_Registry.may, "user": ()}
    of_user = True
    written_with = ("user",)

    def branch(self, state: State) -> Branch | None:
        if "user" not in self.where:
            raise LocatorError(f"{self.where}: whose registry is meant is given by `scope: users` of the control")
        return state.users_branch(self.where["user"])

    def address(self, state: State) -> dict[str, Any]:
        sid, path = self.where["user"], self.name.strip("\\")
        user = state.user(sid)
        if user is None or user.get("hive") not in ("loaded", "file"):
            raise Unreadable(f"user {sid} has no registry hive")
        if user["hive"] == "loaded":
            return {"path": f"HKU:\\{sid}\\{path}"}
        return {"path": f"HKLM:\\ANSIBLE\\{path}", "hive": f"{user['profile_path']}\\NTUSER.DAT"}


class ClientConnections:
    """What FortiClient keeps of connections below a key of its own: SSL-VPN ones, and IPsec ones one level deeper."""

    stores = (("SSL-VPN", r"Sslvpn\Tunnels", "", "Server"), ("IPsec", r"IPSec\Tunnels", r"\P1", "RemoteGW"))

    def __init__(self, branch: Branch, path: str, whose: str) -> None:
        self._branch, self._path, self._whose = branch, path, whose

    def found(self) -> Iterator[dict[str, Any]]:
        """Yield them; of one that cannot be read, why (`error`)."""
        for kind, below, inner, value in self.stores:
            tunnels = f"{self._path}\\{below}"
            try:
                key = self._branch.key(tunnels, below=1)
                names = sorted(readable(key.get("keys"), tunnels)) if key else []
            except Unreadable as error:
                yield {"error": str(error)}
                continue
            for name in names:
                try:
                    server = self._branch.value(f"{tunnels}\\{name}{inner}", value).value
                except Unreadable as error:
                    yield {"error": str(error)}
                    continue
                found = {"key": name, "name": name, "kind": kind, "whose": self._whose}
                yield {**found, "server": server if isinstance(server, str) else ""}


class _UserClientConnections(Place):
    """{user_client_connections: PATH}: the connections that FortiClient keeps for a user below this key of the hive."""

    kind = "user_client_connections"
    form = _UserRegistry.form
    may: ClassVar[Keys] = {"user": ()}
    of_user = True

    def locate(self, state: State) -> Located:
        if "user" not in self.where:
            raise LocatorError(f"{self.where}: whose registry is meant is given by `scope: users` of the control")
        evidence = f"HKU\\{self.where['user']}\\{self.name}"
        branch = state.users_branch(self.where["user"])
        found = [*ClientConnections(branch, self.name, "user").found()] if branch else []
        return Located(True, found, evidence=evidence)


class _Product(Place):
    """{product: "FortiClient VPN"}: DisplayVersion of an installed product, by exact DisplayName, in either view.

    Of several the oldest version counts, since that one is the trouble. {product: [NAMES]}: any of them, with its name
    before its version.
    """

    kind = "product"
    by_role = True

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        if isinstance(name, list) and name and all(isinstance(one, str) and one for one in name):
            return None
        return super().name_problem(name)

    def locate(self, state: State) -> Located:
        found, unreadable = [], []
        several = isinstance(self.name, list)
        names = self.name if several else [self.name]
        for path in (f"{view}\\{name}" for view in UNINSTALL_KEYS for name in state.subkeys(view)):
            try:
                name = state.machine.value(path, "DisplayName").value
                if name in names:
                    version = str(state.machine.value(path, "DisplayVersion").value or "")
                    told = f"{name} {version}".strip() if several else version
                    found.append((_sortable(version), told, path))
            except Unreadable as error:
                unreadable.append(str(error))
        if not found and unreadable:
            raise Unreadable(f"whether {' or '.join(names)} is installed cannot be determined: {unreadable[0]}")
        found.sort()
        evidence = "; ".join(f"{path} {told}" for _order, told, path in found) or "the Uninstall keys of both views"
        return Located(bool(found), found[0][1] if found else None, evidence=evidence, missing="not installed")


class _Service(Place):
    """{service: NAME, field: F}, F one of exists, start_mode and state."""

    kind = "service"
    # win_service's words for what Windows calls a service's start mode and state.
    parameters: ClassVar[dict[str, Any]] = {
        "start_mode": {"Auto": "auto", "Manual": "manual", "Disabled": "disabled"},
        "state": {"Running": "started", "Stopped": "stopped", "Paused": "paused"},
    }
    needs: ClassVar[Keys] = {"field": ("exists", *parameters)}
    written_by = "services"
    one_item = True
    words: ClassVar[Keys] = {field: tuple(words) for field, words in parameters.items()}
    held_as: ClassVar[dict[str, str]] = dict.fromkeys(parameters, "text")
    may_be_absent = False

    def locate(self, state: State) -> Located:
        return attribute(state.node("services", self.name), f"service {self.name}", self.where["field"])

    def can_write(self, located: Located, compare: str, *, writable: bool) -> bool:
        return located.found and self.can_be_remembered and compare in ("exact", "one_of")

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        item |= {"name": item.get("name", self.name), self.where["field"]: self.parameters[self.where["field"]][value]}


class _Group(Place):
    """{group: SID, field: F}, F one of exists, name and members (as SIDs); {group: SID, member: ACCOUNT or SID}."""

    kind = "group"
    may: ClassVar[Keys] = {"field": ("exists", "name", "members"), "member": ()}
    either = ("field", "member")
    written_by = "groups"
    written_with = ("member",)

    def locate(self, state: State) -> Located:
        field = self.where.get("field", "members")
        located = attribute(state.node("groups", self.name), f"group {self.name}", field)
        if field != "members" or not located.found:
            return located
        if not all(map(_is_member, located.value)):
            raise Unreadable(f"{located.evidence}: one of them is not in the form of a member (sid and name)")
        # Without the computer's name a member still has his SID, and the name that Windows gives him.
        system = state.document.get("system")
        computer = system.get("computer_name") if isinstance(system, Mapping) else None
        names = {member["sid"]: account_names(member["name"], computer) for member in located.value}
        labels = {member["sid"]: str(member["name"]) for member in located.value if member["name"]}
        if "field" in self.where:
            return Located(True, list(names), evidence=located.evidence, names=names, labels=labels)
        member = self.where["member"]
        sid = next((sid for sid in names if is_account(member, sid, names[sid])), None)
        evidence = f"{located.evidence}, {member}"
        return Located(sid is not None, sid, evidence=evidence, missing="no member", labels=labels)

    def can_write(self, located: Located, compare: str, *, writable: bool) -> bool:
        return located.found and compare == "contains"

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        """Add the accounts in `value`; of one member, None takes him out."""
        name = state.locate({"group": self.name, "field": "name"}).value
        members = value or [self.where["member"]]
        item |= {"name": name, "members": members, "state": "present" if value else "absent"}

    def members(self, names: list[str]) -> list[Where]:
        return [{"group": self.name, "member": name} for name in names]

    def as_found(self, located: Located) -> Where:
        # By the SID that was found: the account's name may be another one's to Windows.
        return {**self.where, "member": located.value}


class _Appx(Place):
    """{appx: FAMILY}: version of a Store package that any user has, of several the oldest.

    A package's full name is name_version_architecture_resource_publisher.
    """

    kind = "appx"
    by_role = True

    def locate(self, state: State) -> Located:
        packages = [str(name) for name in state.node("appx", self.name).get("packages", [])]
        versions = sorted((name.split("_")[1] for name in packages), key=_sortable)
        evidence = f"Store packages of {self.name}: {', '.join(packages) or 'none'}"
        return Located(bool(versions), versions[0] if versions else None, evidence=evidence, missing="not installed")


class _RebootPending(Place):
    """{reboot_pending: KIND}: found while one is.

    KIND is one of component_based_servicing, windows_update, file_rename and computer_rename.
    """

    kind = "reboot_pending"

    def locate(self, state: State) -> Located:
        pending = state.node("reboot_pending").get(self.name)
        if not isinstance(pending, bool):
            why = f": {pending['error']}" if isinstance(pending, Mapping) and "error" in pending else ""
            raise Unreadable(f"the document does not say whether a reboot is pending for {self.name}{why}")
        return Located(pending, pending or None, evidence=f"reboot pending, {self.name}", missing="not pending")


class _VpnConnection(Place):
    """{vpn_connection: NAME, of: ACCOUNT}: a user's own plug-in VPN connection, as its settings.

    The role itself reads it, as that user (`task_results.vpn_connections`), and writes it.
    """

    kind = "vpn_connection"
    by_role = True
    needs: ClassVar[Keys] = {"of": ()}
    # What is compared; the custom configuration may read back in another form.
    settings = ("plugin", "server_address", "proxy_script", "auto_detect")

    def locate(self, state: State) -> Located:
        evidence = f"VPN connection {self.name} of {self.where['of']}"
        if "vpn_connections" not in state.document:
            raise Unreadable(f"{evidence} can only be seen on the laptop itself: run audit.yml when it is within reach")
        of_user = state.document["vpn_connections"].get(self.where["of"])
        if of_user is None or self.name not in of_user:
            raise Unreadable(f"{evidence} was not read: name it in the role's variables, also to remove it")
        node = readable(of_user[self.name], evidence)
        if not node.get("exists"):
            return Located(False, evidence=evidence, missing="not there")
        return Located(True, {key: node.get(key) for key in self.settings}, evidence=evidence)

    def refusal(self, _located: Located) -> str:
        return "was made by somebody else; rename or remove it, as that user"


def _is_member(member: Any) -> bool:
    if not isinstance(member, Mapping) or not isinstance(member.get("sid"), str):
        return False
    return member.get("name", "") is None or isinstance(member.get("name"), str)


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
