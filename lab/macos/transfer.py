"""File transfer to a simulated Mac: SFTP and scp within its tree, with the logon user's rights and ownership."""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Protocol

import asyncssh
from asyncssh.sftp import SFTPAttrs

from lab.macos.machine import MacMachine
from lab.macos.ownership import READ, WRITE


class Report(Protocol):
    """Reports one remote call."""

    def __call__(
        self, kind: str, name: str, *, check_mode: bool, seconds: float, rc: int | None, sent: int, answered: int
    ) -> None:
        """Take it."""


class Transfer(asyncssh.SFTPServer):
    """One session; reported as one call when it ends, named by the files that were opened."""

    def __init__(self, channel: Any, machine: MacMachine, report: Report, *, drops: bool = False) -> None:
        """With `drops` the connection ends when the first file is through, before the client knows."""
        super().__init__(channel, chroot=str(machine.root).encode())
        self._drops = drops
        self._ownership = machine.ownership
        self._paths = machine.paths
        self._who = self._ownership.identity(machine.ssh_user)
        self._home = machine.state.read()["users"][machine.ssh_user]["home"]
        self._report = report
        self._began = time.monotonic()
        self._opened: list[str] = []
        self._size = {"sent": 0, "answered": 0}

    def exit(self) -> None:
        """Report the session."""
        seconds, name = time.monotonic() - self._began, ", ".join(self._opened) or "sftp"
        rc = None if self._drops else 0
        self._report("transfer", name, check_mode=False, seconds=seconds, rc=rc, **self._size)

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        """SFTP read."""
        data: bytes = super().read(file_obj, offset, size)  # type: ignore[assignment]  # awaitable in subclasses only
        self._size["answered"] += len(data)
        return data

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        """SFTP write."""
        self._size["sent"] += len(data)
        return super().write(file_obj, offset, data)

    def close(self, file_obj: Any) -> None:
        """SFTP close."""
        super().close(file_obj)
        if self._drops:
            self.channel.get_connection().abort()

    def map_path(self, path: bytes) -> bytes:
        """Return the real path; a relative one starts in the user's home."""
        if not path.startswith(b"/"):
            path = self._home.encode() + b"/" + path
        return os.fsencode(self._paths.real(self._ownership.key(os.fsdecode(path), follow=False)))

    def reverse_map_path(self, path: bytes) -> bytes:
        """Return the virtual path."""
        return os.fsencode(self._paths.virtual(os.fsdecode(path)))

    def realpath(self, path: bytes) -> bytes:
        """SFTP realpath."""
        return self.reverse_map_path(self.map_path(path))

    def _key(self, path: bytes, *, follow: bool = True) -> str:
        return self._ownership.key(os.fsdecode(self.map_path(path)), follow=follow)

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        """SFTP open."""
        key = self._key(path)
        existed = os.path.lexists(self._paths.real(key))
        writing = bool(pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT))
        if existed:
            self._ownership.check(key, WRITE if writing else READ, self._who)
        elif writing:
            self._ownership.check_entry(key, self._who)
        self._opened.append(key)
        handle = super().open(path, pflags, SFTPAttrs())
        if not existed and writing:
            self._ownership.created(key, self._who)
            self._ownership.set(key, mode=0o644 if attrs.permissions is None else attrs.permissions & 0o777 & ~0o022)
        return handle

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """SFTP setstat: mode and times; ownership can't be given away."""
        self._change(self._key(path), attrs)

    def fsetstat(self, file_obj: Any, attrs: SFTPAttrs) -> None:
        """SFTP fsetstat."""
        self._change(self._paths.virtual(os.fsdecode(file_obj.name)), attrs)

    def _change(self, key: str, attrs: SFTPAttrs) -> None:
        self._ownership.check_owner(key, self._who)
        real = self._paths.real(key)
        if attrs.size is not None:
            os.truncate(real, attrs.size)
        if attrs.permissions is not None:
            self._ownership.set(key, mode=stat.S_IMODE(attrs.permissions))
        if attrs.atime is not None and attrs.mtime is not None:
            os.utime(real, (attrs.atime, attrs.mtime))

    def stat(self, path: bytes) -> Any:
        """SFTP stat."""
        return self._attributes(self._key(path), follow=True)

    def lstat(self, path: bytes) -> Any:
        """SFTP lstat."""
        return self._attributes(self._key(path, follow=False), follow=False)

    def fstat(self, file_obj: Any) -> Any:
        """SFTP fstat."""
        return self._attributes(self._paths.virtual(os.fsdecode(file_obj.name)), follow=True)

    def _attributes(self, key: str, *, follow: bool) -> SFTPAttrs:
        self._ownership.check(key, 0, self._who)
        found = os.stat(self._paths.real(key), follow_symlinks=follow)
        attrs = SFTPAttrs.from_local(found)
        attrs.uid, attrs.gid, mode = self._ownership.of(key, found.st_mode)
        attrs.permissions = stat.S_IFMT(found.st_mode) | mode
        return attrs

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        """SFTP mkdir."""
        key = self._key(path, follow=False)
        self._ownership.check_entry(key, self._who)
        super().mkdir(path, SFTPAttrs())
        self._ownership.created(key, self._who)
        self._ownership.set(key, mode=0o755 if attrs.permissions is None else attrs.permissions & 0o777)

    def remove(self, path: bytes) -> None:
        """SFTP remove."""
        self._take_away(path, super().remove)

    def rmdir(self, path: bytes) -> None:
        """SFTP rmdir."""
        self._take_away(path, super().rmdir)

    def _take_away(self, path: bytes, remove: Any) -> None:
        key = self._key(path, follow=False)
        self._ownership.check_entry(key, self._who)
        remove(path)
        self._ownership.forget(key)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """SFTP rename."""
        self._move(oldpath, newpath, super().rename)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """SFTP rename over an existing file."""
        self._move(oldpath, newpath, super().posix_rename)

    def _move(self, old_path: bytes, new_path: bytes, move: Any) -> None:
        old, new = self._key(old_path, follow=False), self._key(new_path, follow=False)
        for key in (old, new):
            self._ownership.check_entry(key, self._who)
        move(old_path, new_path)
        self._ownership.moved(old, new)
