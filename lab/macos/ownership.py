"""Who owns a simulated Mac's files and may use them: kept in the machine's JSON, as the lab can't give files away.

A record is `"/virtual/path": [uid, gid, mode]`. A file without one (made by the shell's own redirection) belongs to its
folder's owner. On disk everything stays readable for the lab, and nothing but the lab's own programs gets an execute
bit: a script would run with real paths, untranslated.
"""

from __future__ import annotations

import errno
import os
import posix
import stat
from dataclasses import dataclass
from typing import Any

from lab.macos.paths import Paths
from lab.macos.state import State

READ, WRITE, SEARCH = 4, 2, 1
# The signed system volume (macOS 11 and later): read-only for root too. /usr/local is on the data volume.
_SEALED = ("/System/", "/usr/", "/bin/", "/sbin/")
_NOT_SEALED = ("/usr/local/", "/System/Volumes/Data/")
# Files of the tree that stand for devices.
DEVICES = ("/dev/console",)
_MAX_LINKS = 40


@dataclass(frozen=True)
class Identity:
    """The user that a simulated process runs as."""

    name: str
    uid: int
    gid: int
    groups: frozenset[int]


class Ownership:
    """Records of owners and modes, and the permission checks from them. All keys are canonical virtual paths."""

    def __init__(self, state: State, paths: Paths) -> None:
        self._state = state
        self._paths = paths

    def identity(self, name: str) -> Identity:
        """Return a user of the machine. Raises KeyError for an unknown name."""
        data = self._state.read()
        user = data["users"][name]
        groups = {group["gid"] for group in data["groups"].values() if name in group["members"]}
        return Identity(name, user["uid"], user["gid"], frozenset(groups | {user["gid"]}))

    def key(self, path: str, *, follow: bool) -> str:
        """Return the canonical virtual path: links in the folders resolved, the last part only with `follow`."""
        left = [part for part in self._paths.virtual(path).split("/") if part not in ("", ".")]
        done: list[str] = []
        links = 0
        while left:
            part = left.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            here = "/" + "/".join([*done, part])
            target = self._link_target(here) if left or follow else None
            if target is None:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            if target.startswith("/"):
                done = []
            left = [part for part in target.split("/") if part not in ("", ".")] + left
        return "/" + "/".join(done)

    def _link_target(self, virtual: str) -> str | None:
        try:
            return self._paths.virtual(posix.readlink(self._paths.real(virtual)))
        except OSError:
            return None

    def of(self, key: str, disk_mode: int) -> tuple[int, int, int]:
        """Return (uid, gid, permission bits) of a file whose mode on disk is `disk_mode`."""
        files = self._state.read()["files"]
        if key in files:
            uid, gid, mode = files[key]
            return uid, gid, mode
        above = key
        while above not in files and above != "/":
            above = os.path.dirname(above)
        uid, gid, _ = files.get(above, (0, 0, 0))
        return uid, gid, 0o755 if stat.S_ISLNK(disk_mode) else stat.S_IMODE(disk_mode)

    def set(self, key: str, *, uid: int | None = None, gid: int | None = None, mode: int | None = None) -> None:
        """Record a new owner, group or mode of an existing file."""
        real = self._paths.real(key)
        found = posix.lstat(real)
        old = self.of(key, found.st_mode)
        new = [old[0] if uid is None else uid, old[1] if gid is None else gid, old[2] if mode is None else mode]
        if not stat.S_ISLNK(found.st_mode):
            posix.chmod(real, disk_mode(found.st_mode, new[2]))
        with self._state.edit() as data:
            data["files"][key] = new

    def created(self, key: str, by: Identity) -> None:
        """Record a file that `by` has just made: as on BSD the group is that of the folder."""
        found = posix.lstat(self._paths.real(key))
        folder = os.path.dirname(key)
        _, gid, _ = self.of(folder, 0)
        mode = 0o755 if stat.S_ISLNK(found.st_mode) else stat.S_IMODE(found.st_mode)
        self.set(key, uid=by.uid, gid=gid, mode=mode)

    def forget(self, key: str) -> None:
        """Drop the record of a removed file."""
        with self._state.edit() as data:
            data["files"].pop(key, None)

    def moved(self, old: str, new: str) -> None:
        """Carry the records of a renamed file, and of what lies below it, over to the new name."""
        with self._state.edit() as data:
            files = data["files"]
            for key in [key for key in files if key == new or key.startswith(f"{new}/")]:
                del files[key]
            for key in [key for key in files if key == old or key.startswith(f"{old}/")]:
                files[new + key[len(old) :]] = files.pop(key)

    def may(self, key: str, want: int, who: Identity) -> bool:
        """Whether the permission bits let `who` do it (the folders above not considered)."""
        if who.uid == 0:
            return True
        uid, gid, mode = self.of(key, self._disk_mode(key))
        shift = 6 if who.uid == uid else 3 if gid in who.groups else 0
        return (mode >> shift) & want == want

    def check(self, key: str, want: int, who: Identity) -> None:
        """Raise PermissionError as macOS would when `who` may not reach or use the file."""
        if want & WRITE:
            self._check_sealed(key)
        if who.uid == 0:
            return
        folder = os.path.dirname(key)
        while folder != "/":
            if not self.may(folder, SEARCH, who):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), key)
            folder = os.path.dirname(folder)
        if want and not self.may(key, want, who):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), key)

    def check_entry(self, key: str, who: Identity) -> None:
        """Raise PermissionError when `who` may not add, rename or remove this entry of its folder."""
        self._check_sealed(key)
        if who.uid == 0:
            return
        folder = os.path.dirname(key)
        self.check(folder, WRITE | SEARCH, who)
        folder_uid, _, folder_mode = self.of(folder, self._disk_mode(folder))
        if folder_mode & stat.S_ISVTX and who.uid != folder_uid:
            try:
                found = posix.lstat(self._paths.real(key))
            except FileNotFoundError:
                return
            if self.of(key, found.st_mode)[0] != who.uid:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), key)

    def check_owner(self, key: str, who: Identity) -> None:
        """Raise PermissionError unless `who` may change the mode of this file."""
        self._check_sealed(key)
        self.check(key, 0, who)
        if who.uid not in (0, self.of(key, 0)[0]):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), key)

    def check_give(self, key: str, uid: int, gid: int, who: Identity) -> None:
        """Raise PermissionError unless `who` may give the file to this user and group (-1: unchanged)."""
        self.check_owner(key, who)
        old = self.of(key, 0)
        if who.uid != 0 and (uid not in (-1, old[0]) or (gid not in (-1, old[1]) and gid not in who.groups)):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), key)

    def _check_sealed(self, key: str) -> None:
        if f"{key}/".startswith(_SEALED) and not f"{key}/".startswith(_NOT_SEALED):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), key)
        for image in self._state.read()["images"].values():
            if f"{key}/".startswith(f"{image['mount']}/"):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), key)

    def _disk_mode(self, key: str) -> int:
        try:
            return posix.lstat(self._paths.real(key)).st_mode
        except OSError:
            return 0o755


def disk_mode(kind: int, mode: int) -> int:
    """Return the mode that a file gets on disk (`kind`: its st_mode, for the type)."""
    return mode & 0o777 | 0o700 if stat.S_ISDIR(kind) else (mode & 0o777 | 0o600) & ~0o111


def simulated(found: os.stat_result, uid: int, gid: int, mode: int, *, device: bool = False) -> os.stat_result:
    """Return a stat result with the simulated owner and mode in place of those on disk."""
    # A struct sequence is rebuilt from its ten visible numbers and a dict of the others.
    rebuild: Any = found.__reduce__()
    visible, more = rebuild[1]
    kind = stat.S_IFCHR if device else stat.S_IFMT(found.st_mode)
    return os.stat_result((kind | mode, *visible[1:4], uid, gid, *visible[6:]), more)
