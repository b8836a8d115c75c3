"""The kinds of place on a Mac, those that both systems have, and the way from a locator to its place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from . import firewall_places, windows_places, windows_power_places, windows_sharing_places
from .nodes import Located, Unreadable, attribute, readable
from .place import PLACES, Keys, Place, Where
from .request import MEMORY_KEY, MEMORY_PLIST, asks_for_plist_key

if TYPE_CHECKING:
    from .state import State

# With this module come the kinds of Windows, too.
__all__ = [
    "firewall_places",
    "locator_problem",
    "place_of",
    "windows_places",
    "windows_power_places",
    "windows_sharing_places",
]


class _Plist(Place):
    """{plist: PATH, key: [Profiles, IMR, Server]}: a value in a property list; {plist: PATH, attribute: A} of the file.

    A is one of exists, format, owner, group and mode.
    """

    kind = "plist"
    may: ClassVar[Keys] = {"key": (), "attribute": ("exists", "format", "owner", "group", "mode")}
    either = ("key", "attribute")
    written_by = "plist"
    one_item = True
    written_with = ("key",)

    def locate(self, state: State) -> Located:
        node = readable(state.node("plists").get(self.name), self.name)
        if "attribute" in self.where:
            return attribute(node, self.name, self.where["attribute"])
        key = self.where["key"]
        evidence = f"{self.name} {'/'.join(key)}"
        if not asks_for_plist_key(state.reads, self.name, key):
            raise Unreadable(f"{evidence} was not read: name it in the role's reads")
        if not node.get("exists"):
            return Located(False, evidence=evidence, missing="not set (the file does not exist)")
        return _follow(node.get("data"), key, self.name)

    @cached_property
    def identity(self) -> tuple[Any, tuple[str, ...], str | None]:
        return (self.kind, self.name), tuple(self.where.get("key", ())), self.where.get("attribute")

    def above(self) -> list[Where]:
        key = self.where.get("key", [])
        outer = [{"plist": self.name, "key": key[:length]} for length in range(len(key) - 1, 0, -1)]
        return [*outer, {"plist": self.name, "attribute": "exists"}] if key else []

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        """Put the value into the file's item; `made` dictionaries above it go with it when they are left empty."""
        change = {"key": self.where["key"], "state": "absent", **({"prune": made} if made else {})}
        values = item.setdefault("values", [])
        values.append(change if value is None else {**change, "value": value, "state": "present"})
        item["path"] = self.name

    @property
    def depth(self) -> int:
        return len(self.above())


class _ClientConnections(Place):
    """{client_connections: PATH}: all connections that FortiClient keeps for the machine.

    On Windows PATH is its registry key, on a Mac its property list.
    """

    kind = "client_connections"

    def locate(self, state: State) -> Located:
        if state.platform == "Windows":
            found = [*windows_places.ClientConnections(state.machine, self.name, "machine").found()]
            return Located(True, found, evidence=self.name)
        node = readable(state.node("plists").get(self.name), self.name)
        if not asks_for_plist_key(state.reads, self.name, ["Profiles"]):
            raise Unreadable(f"{self.name} Profiles was not read: name it in the role's reads")
        profiles = _follow(node.get("data") or {}, ["Profiles"], self.name).value if node.get("exists") else {}
        if not isinstance(profiles or {}, Mapping):
            raise Unreadable(f"{self.name} Profiles is no dictionary: it is not what was expected")
        found = [_profile(key, one, self.name) for key, one in sorted((profiles or {}).items())]
        return Located(True, found, evidence=f"{self.name} Profiles")


class _Tool(Place):
    """{tool: "anchor com.apple/x", key: [rules]}: what one of Apple's tools reported, as mac_endpoint_state was asked.

    The role itself writes it.
    """

    kind = "tool"
    by_role = True
    needs: ClassVar[Keys] = {"key": ()}

    def locate(self, state: State) -> Located:
        located = _follow(state.node("tools", self.name), self.where["key"], self.name)
        # Of what a tool tells a part alone can be unreadable.
        if isinstance(located.value, Mapping):
            readable(located.value, located.evidence)
        return located


class _ConsoleUser(Place):
    """{console_user: name}: who is logged on at a Mac's screen."""

    kind = "console_user"

    def locate(self, state: State) -> Located:
        name = state.document.get("console_user")
        if isinstance(name, Mapping):
            raise Unreadable(f"who is logged on could not be read: {name.get('error')}")
        return Located(bool(name), name or None, evidence="console user", missing="nobody")


class _File(Place):
    """{file: PATH, attribute: A}, A: exists, type; on Windows size and version, on a Mac owner, group and mode."""

    kind = "file"
    by_role = True
    needs: ClassVar[Keys] = {"attribute": ("exists", "type", "owner", "group", "mode", "size", "version")}
    # A file that a role puts back belongs to the product that lacked it.
    role_takes_back = False

    def locate(self, state: State) -> Located:
        return attribute(readable(state.node("files").get(self.name), self.name), self.name, self.where["attribute"])


class _System(Place):
    """{system: FIELD}: a field of the document's system node; of Windows also full_build, as in 19045.6456."""

    kind = "system"

    def locate(self, state: State) -> Located:
        if self.name == "full_build":
            build, ubr = (state.locate({"system": field}) for field in ("build", "ubr"))
            return Located(True, f"{build.value}.{ubr.value}", evidence=f"{build.evidence}; {ubr.evidence}")
        value = state.node("system").get(self.name)
        if value is None or isinstance(value, Mapping):
            why = value.get("error") if isinstance(value, Mapping) else "the document does not have it"
            raise Unreadable(f"system {self.name}: {why}")
        return Located(True, value, evidence=f"system {self.name}")


class _Tunnel(Place):
    """{tunnel: active}: whether a VPN tunnel is."""

    kind = "tunnel"

    def locate(self, state: State) -> Located:
        active = state.node("tunnel").get("active")
        if not isinstance(active, bool):
            raise Unreadable("the document does not say whether a VPN tunnel is active")
        return Located(True, active, evidence="tunnel active")


class _Memory(Place):
    """{memory: ROLE}: what the role noted on the endpoint (plan.memory)."""

    kind = "memory"

    def locate(self, state: State) -> Located:
        if state.platform == "Windows":
            return state.locate({"registry": MEMORY_KEY, "value": self.name})
        return state.locate({"plist": MEMORY_PLIST, "key": [self.name]})


def place_of(where: Mapping[str, Any]) -> Place:
    """Return the place that a locator without mistakes names."""
    return PLACES[next(filter(PLACES.__contains__, where))](where)


def locator_problem(where: Any) -> str | None:
    """Return what is wrong with a locator's shape, or None."""
    if not isinstance(where, (dict, Mapping)):
        return f"a place in the state is an object such as {{registry: ..., value: ...}}, not {where!r}"
    kind = next(filter(PLACES.__contains__, where), None)
    return PLACES[kind].problem(where) if kind else f"none of {', '.join(PLACES)} is in it"


def _profile(key: str, profile: Any, what: str) -> dict[str, Any]:
    """Return an entry of a Mac's Profiles as a connection."""
    if not isinstance(profile, Mapping):
        return {"error": f"{what} Profiles/{key} is no dictionary: it is not what was expected"}
    name, server, port, kind = (profile.get(field) for field in ("Name", "Server", "ServerPort", "VpnType"))
    server = server if isinstance(server, str) else ""
    host = f"[{server}]" if ":" in server else server
    return {
        "key": key,
        "name": name if isinstance(name, str) and name else key,
        # 0 is SSL-VPN; what the other kinds are is in no public dump.
        "kind": "SSL-VPN" if kind in (0, None) else f"VpnType {kind}",
        "server": f"{host}:{port}" if server and isinstance(port, int) else server,
        "whose": "machine",
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
