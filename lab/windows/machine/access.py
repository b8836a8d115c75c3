r"""What an account may change on the disks and in the registry: Windows' default permissions, and files in use.

An ordinary account is taken to be logged on interactively (`become` does that; WinRM lets administrators in only). What
depends on who made a file, which the lab does not keep, is NotModelled. Services and accounts are guarded by the models
of their modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.windows.machine.accounts import SYSTEM
from lab.windows.machine.filesystem import Change, Entry, FileSystemError
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.registry import RegistryError, split
from lab.windows.machine.service_manager import programs_that_run

if TYPE_CHECKING:
    from lab.windows.machine import Machine

# Mark of what belongs to Windows itself: TrustedInstaller alone may change it.
OF_WINDOWS = "OfWindows"
_CLOSED = ("c:\\windows\\", "c:\\program files\\", "c:\\program files (x86)\\", "c:\\perflogs\\", "c:\\recovery\\")
# Everybody may add to these; who may change what is there depends on who made it.
_SHARED = ("c:\\windows\\temp\\", "c:\\programdata\\")
_PUBLIC = "c:\\users\\public\\"
_DEFENDER_FILES = ("c:\\programdata\\microsoft\\windows defender\\", "c:\\program files\\windows defender\\")
# Closed to administrators too, for writing: SYSTEM may. Services: TrustedInstaller's, or guarded by Defender.
_OF_SYSTEM = re.compile(
    r"hklm\\(?:sam\\sam|security|software\\microsoft\\windows defender"
    r"|system\\currentcontrolset\\services\\"
    r"(?:windefend|wdnissvc|wdfilter|wdboot|wdnisdrv|sense|gpsvc|dcomlaunch|rpcss|rpceptmapper|lsm))(?:\\|$)"
)
_SYSTEM_HIVES = re.compile(r"c:\\windows\\system32\\config\\(?:sam|security|software|system|default)")
_UNREADABLE = re.compile(r"hklm\\(?:sam\\sam|security)(?:\\|$)")
_POLICIES = re.compile(r"software\\(?:policies|microsoft\\windows\\currentversion\\policies)(?:\\|$)")


@dataclass(frozen=True)
class Subject:
    """Who acts: the account's SID, and whether it has administrator rights."""

    sid: str
    admin: bool

    def may_write_key(self, path: str) -> bool:
        """Tell whether it may write or delete in this registry key."""
        key = "\\".join(split(path)).lower()
        if self.sid == SYSTEM:
            return True
        if self.admin:
            return not _OF_SYSTEM.match(key)
        own = f"hku\\{self.sid.lower()}"
        if key in (own, f"{own}_classes") or key.startswith(f"{own}_classes\\"):
            return True
        return key.startswith(f"{own}\\") and not _POLICIES.match(key, len(own) + 1)

    def may_read_key(self, path: str) -> bool:
        """Tell whether it may open this registry key for reading."""
        parts = split(path)
        key = "\\".join(parts).lower()
        if self.sid == SYSTEM:
            return True
        others = parts[0] == "HKU" and len(parts) > 1 and parts[1].lower().startswith("s-1-5-21-")
        mine = len(parts) > 1 and parts[1].lower().removesuffix("_classes") == self.sid.lower()
        return not _UNREADABLE.match(key) and (self.admin or not others or mine)

    def may_read_file(self, machine: Machine, path: str) -> bool:
        """Tell whether it may look into this place: an ordinary account not into another one's profile."""
        folded = path.lower()
        if self.admin or not folded.startswith("c:\\users\\"):
            return True
        return not any(
            sid != self.sid and f"{folded}\\".startswith(f"{home.lower()}\\")
            for sid, home in machine.profiles().items()
        )


@contextmanager
def acting(machine: Machine, subject: Subject) -> Iterator[None]:
    """Have the machine refuse, as long as this lasts, what the subject may not do."""
    guard = _FileGuard(machine, subject)
    machine.files.guard = guard
    if not subject.admin:
        machine.registry.guard = lambda path: _need_key(subject, path)
    try:
        yield
    finally:
        machine.files.guard = machine.registry.guard = None


@contextmanager
def by_windows(machine: Machine) -> Iterator[None]:
    """Have what follows done by Windows itself (Windows Installer, an elevated setup): it closes what it replaces."""
    before = machine.files.guard, machine.registry.guard
    machine.files.guard = machine.registry.guard = None
    try:
        yield
    finally:
        machine.files.guard, machine.registry.guard = before


def _need_key(subject: Subject, path: str) -> None:
    if not subject.may_write_key(path):
        raise RegistryError(5, "Requested registry access is not allowed.")


class _FileGuard:
    """Raises FileSystemError 5 or 32, or NotModelled, for a change that a subject may not make."""

    def __init__(self, machine: Machine, subject: Subject) -> None:
        self.machine = machine
        self.subject = subject
        self._running: frozenset[str] | None = None

    def __call__(self, change: Change, entry: Entry) -> None:
        path = entry.path.lower()
        if not self.subject.admin:
            self._ordinary(change, entry, f"{path}\\")
        if change == "create":
            return
        if entry.metadata.get(OF_WINDOWS) or path.startswith(_DEFENDER_FILES):
            raise _denied(entry)
        if self.machine.registry.mount_of(entry.path) or _SYSTEM_HIVES.fullmatch(path):
            raise _in_use(entry)
        if path.endswith(".exe") and path in self._programs():
            # A program that runs can't be deleted for want of access, and can't be written to for being in use.
            raise _denied(entry) if change == "delete" else _in_use(entry)

    def _programs(self) -> frozenset[str]:
        if self._running is None:
            self._running = programs_that_run(self.machine)
        return self._running

    def _ordinary(self, change: Change, entry: Entry, path: str) -> None:
        home = self.machine.profiles().get(self.subject.sid)
        if path.startswith(_PUBLIC) or (home and path.startswith(f"{home.lower()}\\")):
            return
        if path.startswith(_SHARED):
            if change != "create":
                why = "that depends on who made it, which it does not keep"
                raise NotModelled(f"what an ordinary account may do to '{entry.path}': {why}")
            return
        in_the_root = path.count("\\") == 2 and not (change == "create" and entry.is_dir)
        if path.startswith((*_CLOSED, "c:\\users\\")) or in_the_root:
            raise _denied(entry)


def _denied(entry: Entry) -> FileSystemError:
    return FileSystemError(5, f"Access to the path '{entry.path}' is denied.")


def _in_use(entry: Entry) -> FileSystemError:
    reason = "because it is being used by another process."
    return FileSystemError(32, f"The process cannot access the file '{entry.path}' {reason}")
