"""Users and groups of a virtual Windows machine, by SID, and the names that Windows accepts for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, MutableSet
from dataclasses import asdict, dataclass, field
from typing import Any

ADMINISTRATORS = "S-1-5-32-544"
USERS = "S-1-5-32-545"
GUESTS = "S-1-5-32-546"
REMOTE_DESKTOP_USERS = "S-1-5-32-555"
SYSTEM = "S-1-5-18"

SERVICE_ACCOUNTS = frozenset({SYSTEM, "S-1-5-19", "S-1-5-20"})

# SIDs that mean the same on every machine. Japanese Windows is taken to keep the English names, a guess of
# docs/sources/windows.md#group-members.
WELL_KNOWN = {
    "S-1-1-0": ("", "Everyone"),
    "S-1-5-4": ("NT AUTHORITY", "INTERACTIVE"),
    "S-1-5-7": ("NT AUTHORITY", "ANONYMOUS LOGON"),
    "S-1-5-11": ("NT AUTHORITY", "Authenticated Users"),
    "S-1-5-18": ("NT AUTHORITY", "SYSTEM"),
    "S-1-5-19": ("NT AUTHORITY", "LOCAL SERVICE"),
    "S-1-5-20": ("NT AUTHORITY", "NETWORK SERVICE"),
    "S-1-5-113": ("NT AUTHORITY", "Local account"),
    "S-1-5-114": ("NT AUTHORITY", "Local account and member of Administrators group"),
}
# Other spellings that Windows resolves: the services' short names and the object form of LocalSystem.
ALIASES = {"localsystem": "S-1-5-18", "localservice": "S-1-5-19", "networkservice": "S-1-5-20"}

BUILTIN_GROUPS = {
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
    "S-1-5-32-551": "Backup Operators",
    "S-1-5-32-552": "Replicator",
    "S-1-5-32-555": "Remote Desktop Users",
    "S-1-5-32-556": "Network Configuration Operators",
    "S-1-5-32-558": "Performance Monitor Users",
    "S-1-5-32-559": "Performance Log Users",
    "S-1-5-32-562": "Distributed COM Users",
    "S-1-5-32-568": "IIS_IUSRS",
    "S-1-5-32-569": "Cryptographic Operators",
    "S-1-5-32-573": "Event Log Readers",
    "S-1-5-32-578": "Hyper-V Administrators",
    "S-1-5-32-579": "Access Control Assistance Operators",
    "S-1-5-32-580": "Remote Management Users",
    "S-1-5-32-581": "System Managed Accounts Group",
    "S-1-5-32-583": "Device Owners",
}


@dataclass
class User:
    """A local account. `password_digest` is empty for a blank password; see `set_password`."""

    sid: str
    name: str
    full_name: str = ""
    description: str = ""
    enabled: bool = True
    password_digest: str = ""
    password_never_expires: bool = True
    password_expired: bool = False
    user_cannot_change_password: bool = False
    locked_out: bool = False
    home_directory: str = ""
    login_script: str = ""
    profile: str = ""

    @property
    def password_is_blank(self) -> bool:
        """Tell whether the account has no password (such an account can't log on over the network)."""
        return not self.password_digest

    def _digest(self, password: str) -> str:
        return hashlib.sha256(f"{self.sid}:{password}".encode()).hexdigest()

    def set_password(self, password: str) -> None:
        """Set the password; "" makes it blank."""
        self.password_digest = self._digest(password) if password else ""
        self.password_expired = False

    def check_password(self, password: str) -> bool:
        """Tell whether this is the password."""
        return self.password_digest == (self._digest(password) if password else "")


class Members(MutableSet[str]):
    """A set of SIDs that keeps the order in which they came in."""

    def __init__(self, sids: Iterable[str] = ()) -> None:
        """Take SIDs in their order."""
        self._sids = dict.fromkeys(sids)

    def __contains__(self, sid: object) -> bool:
        return sid in self._sids

    def __iter__(self) -> Iterator[str]:
        return iter(self._sids)

    def __len__(self) -> int:
        return len(self._sids)

    def __repr__(self) -> str:
        return f"Members({list(self._sids)})"

    def add(self, value: str) -> None:
        """Add one at the end, unless it is in."""
        self._sids.setdefault(value)

    def discard(self, value: str) -> None:
        """Take one out."""
        self._sids.pop(value, None)


@dataclass
class Group:
    """A local group; members are SIDs, also of domain, Entra (S-1-12-1-...) and deleted accounts."""

    sid: str
    name: str
    description: str = ""
    members: Members = field(default_factory=Members)


class Accounts:
    r"""The local accounts, and the names of outside ones (domain, Entra) that this machine can resolve."""

    def __init__(self, machine_sid: str) -> None:
        """Take the machine's own SID, S-1-5-21-a-b-c, and make the built-in groups."""
        self.machine_sid = machine_sid
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {sid: Group(sid, name) for sid, name in BUILTIN_GROUPS.items()}
        self.outside: dict[str, str] = {}  # SID -> AzureAD\name or DOMAIN\name
        self.upns: dict[str, str] = {}  # SID -> user@domain, for the outside ones that have one

    def next_sid(self) -> str:
        """Return the SID that the next local user or group gets."""
        prefix = f"{self.machine_sid}-"
        taken = [int(sid[len(prefix) :]) for sid in (*self.users, *self.groups) if sid.startswith(prefix)]
        return f"{prefix}{max([1000, *taken]) + 1}"

    def name_of(self, sid: str, computer: str) -> str | None:
        r"""Return COMPUTER\name, BUILTIN\name, NT AUTHORITY\name, AzureAD\name ...; None for an unknown SID."""
        if sid in WELL_KNOWN:
            authority, name = WELL_KNOWN[sid]
            return f"{authority}\\{name}" if authority else name
        if sid in self.users:
            return f"{computer}\\{self.users[sid].name}"
        if sid in self.groups:
            authority = "BUILTIN" if sid.startswith("S-1-5-32-") else computer
            return f"{authority}\\{self.groups[sid].name}"
        return self.outside.get(sid)

    def sid_of(self, account: str, computer: str) -> str | None:
        r"""Return the SID of an account, or None when it is unknown.

        Spellings: name, .\name, COMPUTER\name, BUILTIN\name, NT AUTHORITY\name, AzureAD\name, AzureAD\user@domain, SID.
        """
        if account.upper().startswith("S-1-"):
            return account.upper()
        wanted = account.lower()
        if wanted.startswith(".\\"):
            wanted = f"{computer.lower()}{wanted[1:]}"
        by_name: dict[str, str] = dict(ALIASES)
        for sid, upn in self.upns.items():
            by_name[upn.lower()] = by_name[f"azuread\\{upn.lower()}"] = sid
        for sid in (*self.outside, *WELL_KNOWN, *self.groups, *self.users):
            full = (self.name_of(sid, computer) or "").lower()
            by_name[full] = sid
            if sid not in self.outside:
                by_name[full.rpartition("\\")[2]] = sid
        return by_name.get(wanted) or by_name.get(wanted.removeprefix("nt authority\\"))

    def group(self, name_or_sid: str) -> Group | None:
        """Return a group by SID or by bare name."""
        if name_or_sid in self.groups:
            return self.groups[name_or_sid]
        return next((group for group in self.groups.values() if group.name.lower() == name_or_sid.lower()), None)

    def user(self, name_or_sid: str) -> User | None:
        """Return a local user by SID or by bare name."""
        if name_or_sid in self.users:
            return self.users[name_or_sid]
        return next((user for user in self.users.values() if user.name.lower() == name_or_sid.lower()), None)

    def is_admin(self, sid: str) -> bool:
        """Tell whether an account is SYSTEM or a direct member of Administrators."""
        return sid == SYSTEM or sid in self.groups[ADMINISTRATORS].members

    def to_json(self) -> dict[str, Any]:
        """Return everything."""
        groups = {sid: vars(group) | {"members": list(group.members)} for sid, group in self.groups.items()}
        users = {sid: asdict(user) for sid, user in self.users.items()}
        return {
            "machine_sid": self.machine_sid,
            "users": users,
            "groups": groups,
            "outside": dict(self.outside),
            "upns": dict(self.upns),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Accounts:
        """Make accounts from what `to_json` gave."""
        accounts = cls(document["machine_sid"])
        accounts.users = {sid: User(**node) for sid, node in document["users"].items()}
        accounts.groups = {
            sid: Group(**(node | {"members": Members(node["members"])})) for sid, node in document["groups"].items()
        }
        accounts.outside, accounts.upns = dict(document["outside"]), dict(document["upns"])
        return accounts
