"""File transfer to a simulated Windows machine: files read and written whole, with the rights of who logged on.

A path is as Win32-OpenSSH has it, /C:/Users/taro/a.txt. What else the protocol has (folders made, files renamed or
deleted, times, modes) is refused by name.
"""

from __future__ import annotations

import ntpath
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import asyncssh
from asyncssh.sftp import SFTPAttrs

from lab.windows.machine import Machine
from lab.windows.machine.filesystem import FileSystemError
from lab.windows.machine.parts import NotModelled

T = TypeVar("T")
_NOT_THERE = "No such file or directory"
# By Win32's number; whatever else goes wrong is a failure without a name in the protocol.
_ERRORS = {2: asyncssh.SFTPNoSuchFile, 3: asyncssh.SFTPNoSuchFile, 5: asyncssh.SFTPPermissionDenied}
_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


class Apply(Protocol):
    """Does something to the machine in the name of an account, while no other call does."""

    def __call__(self, work: Callable[[Machine], T], user: str) -> Awaitable[T]:
        """Return what the work returns."""


class Report(Protocol):
    """Reports one remote call."""

    def __call__(
        self, kind: str, name: str, *, check_mode: bool, seconds: float, rc: int | None, sent: int, answered: int
    ) -> None:
        """Take it."""


@dataclass
class _File:
    """An open file; what was written reaches the machine when it is closed."""

    path: str
    content: bytearray
    writing: bool


class Transfer(asyncssh.SFTPServer):
    """One session; reported as one call when it ends, named by the files that were opened."""

    def __init__(self, channel: Any, apply: Apply, report: Report, *, user: str, drops: bool) -> None:
        """With `drops` the connection ends when the first file is through, before the client knows."""
        super().__init__(channel)
        self._apply = apply
        self._report = report
        self._user = user
        self._drops = drops
        self._began = time.monotonic()
        self._opened: list[str] = []
        self._size = {"sent": 0, "answered": 0}

    def exit(self) -> None:
        """Report the session."""
        rc = None if self._drops else 0
        name, seconds = ", ".join(self._opened) or "sftp", time.monotonic() - self._began
        self._report("transfer", name, check_mode=False, seconds=seconds, rc=rc, **self._size)

    def map_path(self, path: bytes) -> bytes:
        """Refuse what is not below: all the rest of asyncssh's own works on the files of this computer."""
        raise asyncssh.SFTPOpUnsupported(f"The lab does not model this operation of SFTP on {path.decode()!r}")

    def realpath(self, path: bytes) -> bytes:
        """SFTP realpath."""
        return f"/{_windows(path, self._user)}".replace("\\", "/").encode()

    async def stat(self, path: bytes) -> SFTPAttrs:
        """SFTP stat."""
        name = _windows(path, self._user)

        def look(machine: Machine) -> SFTPAttrs:
            entry = machine.files.stat(name)
            if entry is None:
                raise asyncssh.SFTPNoSuchFile(_NOT_THERE)
            return SFTPAttrs(permissions=stat.S_IFDIR | 0o777) if entry.is_dir else _of_file(entry.size)

        return await self._do(look)

    async def lstat(self, path: bytes) -> SFTPAttrs:
        """SFTP lstat: the lab's machines have no links."""
        return await self.stat(path)

    def fstat(self, file_obj: object) -> SFTPAttrs:
        """SFTP fstat."""
        assert isinstance(file_obj, _File)
        return _of_file(len(file_obj.content))

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> _File:
        """SFTP open: to read a file, or to write it anew."""
        name = _windows(path, self._user)
        if pflags not in (asyncssh.FXF_READ, _WRITING):
            self.map_path(path)

        def begin(machine: Machine) -> _File:
            if pflags == _WRITING:
                machine.files.write(name, b"")
                return _File(name, bytearray(), writing=True)
            if not machine.files.is_file(name):
                raise asyncssh.SFTPNoSuchFile(_NOT_THERE)
            return _File(name, bytearray(machine.files.read(name)), writing=False)

        self._opened.append(name)
        return await self._do(begin)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """SFTP read."""
        assert isinstance(file_obj, _File)
        data = bytes(file_obj.content[offset : offset + size])
        self._size["answered"] += len(data)
        return data

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """SFTP write."""
        assert isinstance(file_obj, _File)
        file_obj.content[offset : offset + len(data)] = data
        self._size["sent"] += len(data)
        return len(data)

    async def close(self, file_obj: object) -> None:
        """SFTP close."""
        assert isinstance(file_obj, _File)
        opened = file_obj
        if opened.writing:
            await self._do(lambda machine: machine.files.write(opened.path, bytes(opened.content)))
        if self._drops:
            self.channel.get_connection().abort()

    async def _do(self, work: Callable[[Machine], T]) -> T:
        try:
            return await self._apply(work, self._user)
        except FileSystemError as error:
            raise _ERRORS.get(error.code, asyncssh.SFTPFailure)(str(error)) from error
        except NotModelled as gap:
            raise asyncssh.SFTPOpUnsupported(str(gap)) from gap


def _windows(path: bytes, user: str) -> str:
    """Return the path in Windows' words; a relative one starts in the user's profile."""
    text = path.decode().replace("/", "\\")
    if text.startswith("\\"):
        return ntpath.normpath(text[1:])
    return ntpath.normpath(ntpath.join(rf"C:\Users\{user}", text))


def _of_file(size: int) -> SFTPAttrs:
    return SFTPAttrs(size=size, permissions=stat.S_IFREG | 0o666)
