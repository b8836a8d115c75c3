"""One endpoint's state document, and what was asked for; `place` tells the forms of a locator.

`State.locate` answers found or absent; an attribute `exists` is found (with value True) or absent. What the reader
could not read, was not asked for, or left out is Unreadable and never absent. Registry and rule names are
case-insensitive.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .document import check_document
from .nodes import Branch, Folded, Located, LocatorError, Unreadable, readable
from .places import locator_problem, place_of
from .request import MEMORY_KEY, MEMORY_PLIST


class State:
    """One endpoint's state document together with what was asked for."""

    def __init__(self, document: Mapping[str, Any], reads: Mapping[str, Any], *, checked: bool = False) -> None:
        """Raise Unreadable when the document as a whole cannot be used; `checked`: somebody has seen that it can."""
        problems = [] if checked else check_document(document)
        if problems:
            raise Unreadable("; ".join(problems[:3]))
        self.platform: str = document["platform"]
        self.document = document
        self.reads = reads
        self._branches: dict[str, Branch | None] = {}
        self._located: dict[str, Located] = {}
        self._folded = Folded()
        # What places make of the document, for as long as it stands.
        self.worked_out: dict[Any, Any] = {}

    def locate(self, where: Mapping[str, Any]) -> Located:
        """Follow a locator. Raises Unreadable when the document does not tell, LocatorError for a wrong locator."""
        # Many controls of a role go by the same condition.
        key = repr(where)
        if key not in self._located:
            problem = locator_problem(where)
            if problem:
                raise LocatorError(f"{dict(where)}: {problem}")
            self._located[key] = place_of(where).locate(self)
        return self._located[key]

    def node(self, name: str, entry: str | None = None) -> Mapping[str, Any]:
        """Return a top-level node, or one named entry of it."""
        node = readable(self.document.get(name), f"the {self.platform} document's {name}")
        return node if entry is None else readable(self._folded.pick(node, entry), f"{name} {entry}")

    def users(self) -> Mapping[str, Any]:
        """Return the endpoint's users by SID, and `default` for new users."""
        users = self.node("users")
        if "default" not in users:
            raise Unreadable("the document has no users: name what is to be read of them in the role's reads")
        return users

    def user(self, sid: str) -> Mapping[str, Any] | None:
        """Return what is known of one user (a SID, or default), or None when there is no such profile (any more)."""
        node = self._folded.pick(self.users(), sid)
        return None if node is None else readable(node, f"the registry of user {sid}")

    def user_name(self, sid: str) -> str:
        """Return the account of a user's SID, or of one that Windows cannot name his profile's folder; else nothing."""
        users = self.document.get("users")
        node = self._folded.pick(users, sid) if isinstance(users, Mapping) and sid != "default" else None
        told = [node.get("name"), node.get("profile_path")] if isinstance(node, Mapping) else []
        return next((name for name in told if isinstance(name, str) and name), "")

    @cached_property
    def machine(self) -> Branch:
        """The machine's own part of the registry."""
        return Branch(self.node("registry"), self.reads, "registry")

    def users_branch(self, sid: str) -> Branch | None:
        """Return one user's part of the registry, or None when the profile, or its hive, is gone."""
        if sid not in self._branches:
            user, above = self.user(sid) or {"hive": "missing"}, f"HKU\\{sid}\\"
            gone = user.get("hive") == "missing"
            keys = {} if gone else readable(user.get("registry"), above)
            self._branches[sid] = None if gone else Branch(keys, self.reads, "user_registry", above)
        return self._branches[sid]

    def subkeys(self, path: str) -> list[str]:
        """Return the names of a registry key's subkeys, in order; none when there is no such key."""
        key = self.machine.key(path, below=1)
        return sorted(readable(key.get("keys"), f"the subkeys of {path}")) if key else []

    def contents(self, where: Mapping[str, Any]) -> tuple[set[str], set[str]]:
        """Return the names of a registry key's values and subkeys, folded; Unreadable unless all of them were read."""
        branch = self.users_branch(where["user"]) if "user" in where else self.machine
        return branch.contents(where.get("registry") or where["user_registry"]) if branch else (set(), set())

    def network_devices(self) -> list[str]:
        """Return a Mac's own network devices (en0: Wi-Fi, say), each of which is in a local subnet while it is used."""
        services = self.node("tools", "network_services").values()
        devices = {str(service.get("device")) for service in services if isinstance(service, Mapping)}
        return sorted(device for device in devices if device.startswith("en") and device[2:3].isdigit())

    def remembering_roles(self) -> set[str]:
        """Return the names of the roles that have a memory on the endpoint."""
        if self.platform == "Windows":
            key = self.machine.key_with(MEMORY_KEY, None)
            return set() if key is None else set(readable(key.get("values"), MEMORY_KEY))
        node = self.node("plists", MEMORY_PLIST)
        return set(readable(node.get("data"), MEMORY_PLIST)) if node.get("exists") else set()
