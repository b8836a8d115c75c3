"""Turns this Python process into one that runs on the simulated Mac: its files, its users, its name.

The functions of `os` and `open` are wrapped; `posix` below them is not, so that Python's own imports keep working.
Everything a program sees is virtual (`/Library/x`); what leaves the process (a started program's arguments and
environment) is made real, see processes.py.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import posix
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any

from lab.macos.ownership import DEVICES, READ, SEARCH, WRITE, simulated
from lab.macos.session import Session

_io_open = io.open


class Entry:
    """What `os.scandir` yields, with the simulated owner and mode."""

    def __init__(self, name: str | bytes, folder: str | bytes) -> None:
        self.name = name
        self.path = os.path.join(folder, name)  # type: ignore[arg-type]

    def __fspath__(self) -> str | bytes:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As os.DirEntry."""
        return os.stat(self.path, follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        """As os.DirEntry."""
        return self.stat(follow_symlinks=False).st_ino

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """As os.DirEntry."""
        return self._is(stat.S_ISDIR, follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """As os.DirEntry."""
        return self._is(stat.S_ISREG, follow_symlinks)

    def is_symlink(self) -> bool:
        """As os.DirEntry."""
        return self._is(stat.S_ISLNK, False)

    def is_junction(self) -> bool:
        """As os.DirEntry."""
        return False

    def _is(self, test: Callable[[int], bool], follow: bool) -> bool:
        try:
            return test(self.stat(follow_symlinks=follow).st_mode)
        except FileNotFoundError:
            return False


class _Scan:
    """The iterator and context manager that `os.scandir` returns."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self._entries

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> _Scan:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        """As os.scandir."""


class Files:
    """The wrapped functions of `os`: each checks what macOS would check, does it, and records owner and mode."""

    def __init__(self, session: Session) -> None:
        self._s = session
        self._o = session.ownership

    def stat(self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        """os.stat."""
        found = posix.stat(self._s.real(path), dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if not self._s.inside(path) and dir_fd is None:
            return found
        key = self._s.key(path, follow=follow_symlinks, dir_fd=dir_fd)
        if not isinstance(path, int):
            self._o.check(key, 0, self._s.who)
        return simulated(found, *self._o.of(key, found.st_mode), device=key in DEVICES)

    def lstat(self, path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        """os.lstat."""
        return self.stat(path, dir_fd=dir_fd, follow_symlinks=False)

    def fstat(self, fd: int) -> os.stat_result:
        """os.fstat."""
        return self.stat(fd)

    def access(self, path: Any, mode: int, *, dir_fd: int | None = None, **_: Any) -> bool:
        """os.access."""
        try:
            found = posix.stat(self._s.real(path), dir_fd=dir_fd)
            key = self._s.key(path, dir_fd=dir_fd)
            if not self._s.inside(path):
                return posix.access(self._s.real(path), mode)
            self._o.check(key, mode & (READ | WRITE), self._s.who)
        except OSError:
            return False
        if not mode & os.X_OK or stat.S_ISDIR(found.st_mode):
            return not mode & os.X_OK or self._o.may(key, SEARCH, self._s.who)
        return bool(self._o.of(key, found.st_mode)[2] & 0o111)

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """os.open."""
        real = self._s.real(path)
        if not self._s.inside(path) and dir_fd is None:
            return posix.open(real, flags, mode)
        key = self._s.key(path, follow=not flags & os.O_NOFOLLOW, dir_fd=dir_fd)
        target = self._s.paths.real(key)
        want = {os.O_RDONLY: READ, os.O_WRONLY: WRITE}.get(flags & os.O_ACCMODE, READ | WRITE)
        existed = _exists(target)
        if existed:
            self._o.check(key, want | (WRITE if flags & os.O_TRUNC else 0), self._s.who)
        elif flags & os.O_CREAT:
            self._o.check_entry(key, self._s.who)
        fd = posix.open(real, flags, mode, dir_fd=dir_fd)
        if not existed:
            self._o.created(key, self._s.who)
        return fd

    def listdir(self, path: Any = ".") -> list[Any]:
        """os.listdir."""
        if self._s.inside(path) and not isinstance(path, int):
            self._o.check(self._s.key(path), READ, self._s.who)
        return posix.listdir(self._s.real(path))

    def scandir(self, path: Any = ".") -> _Scan:
        """os.scandir."""
        path = os.fspath(path)
        return _Scan([Entry(name, path) for name in self.listdir(path)])

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        """os.mkdir."""
        self._make(path, dir_fd, lambda real: posix.mkdir(real, mode, dir_fd=dir_fd))

    def mkfifo(self, path: Any, mode: int = 0o666, *, dir_fd: int | None = None) -> None:
        """os.mkfifo."""
        self._make(path, dir_fd, lambda real: posix.mkfifo(real, mode, dir_fd=dir_fd))

    def symlink(self, src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
        """os.symlink."""
        self._make(dst, dir_fd, lambda real: posix.symlink(self._s.real(src), real, dir_fd=dir_fd))

    def link(self, src: Any, dst: Any, **_: Any) -> None:
        """os.link; the second name starts with the owner and mode of the first."""
        key = self._s.key(src, follow=False)
        uid, gid, mode = self._o.of(key, posix.lstat(self._s.real(src)).st_mode)
        self._make(dst, None, lambda real: posix.link(self._s.real(src), real))
        self._o.set(self._s.key(dst, follow=False), uid=uid, gid=gid, mode=mode)

    def _make(self, path: Any, dir_fd: int | None, make: Callable[[Any], None]) -> None:
        key = self._s.key(path, follow=False, dir_fd=dir_fd)
        if not _exists(self._s.paths.real(key)):
            self._o.check_entry(key, self._s.who)
        make(self._s.real(path))
        self._o.created(key, self._s.who)

    def readlink(self, path: Any, *, dir_fd: int | None = None) -> Any:
        """os.readlink."""
        target = posix.readlink(self._s.real(path), dir_fd=dir_fd)
        if isinstance(target, bytes):
            return os.fsencode(self._s.paths.virtual(os.fsdecode(target)))
        return self._s.paths.virtual(target)

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        """os.unlink, os.remove."""
        self._take_away(path, dir_fd, posix.unlink)

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        """os.rmdir."""
        self._take_away(path, dir_fd, posix.rmdir)

    def _take_away(self, path: Any, dir_fd: int | None, remove: Callable[..., None]) -> None:
        key = self._s.key(path, follow=False, dir_fd=dir_fd)
        if _exists(self._s.paths.real(key)):
            self._o.check_entry(key, self._s.who)
        remove(self._s.real(path), dir_fd=dir_fd)
        self._o.forget(key)

    def rename(self, src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        """os.rename, os.replace."""
        old, new = self._s.key(src, follow=False, dir_fd=src_dir_fd), self._s.key(dst, follow=False, dir_fd=dst_dir_fd)
        for key in (old, new):
            self._o.check_entry(key, self._s.who)
        posix.rename(self._s.real(src), self._s.real(dst), src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if old != new:
            self._o.moved(old, new)

    def chmod(self, path: Any, mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
        """os.chmod."""
        key = self._existing(path, follow_symlinks, dir_fd)
        self._o.check_owner(key, self._s.who)
        self._o.set(key, mode=mode & 0o7777)

    def lchmod(self, path: Any, mode: int) -> None:
        """os.lchmod, which macOS has."""
        self.chmod(path, mode, follow_symlinks=False)

    def chown(self, path: Any, uid: int, gid: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
        """os.chown."""
        key = self._existing(path, follow_symlinks, dir_fd)
        self._o.check_give(key, uid, gid, self._s.who)
        self._o.set(key, uid=None if uid == -1 else uid, gid=None if gid == -1 else gid)

    def lchown(self, path: Any, uid: int, gid: int) -> None:
        """os.lchown."""
        self.chown(path, uid, gid, follow_symlinks=False)

    def utime(
        self, path: Any, times: Any = None, *, dir_fd: int | None = None, follow_symlinks: bool = True, **more: Any
    ) -> None:
        """os.utime."""
        key = self._existing(path, follow_symlinks, dir_fd)
        if not self._o.may(key, WRITE, self._s.who):
            self._o.check_owner(key, self._s.who)
        posix.utime(self._s.paths.real(key), times, follow_symlinks=follow_symlinks, **more)

    def truncate(self, path: Any, length: int) -> None:
        """os.truncate."""
        self._o.check(self._existing(path, True, None), WRITE, self._s.who)
        posix.truncate(self._s.real(path), length)

    def chdir(self, path: Any) -> None:
        """os.chdir."""
        if not isinstance(path, int):
            key = self._existing(path, True, None)
            self._o.check(key, 0, self._s.who)
            if not self._o.may(key, SEARCH, self._s.who):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), key)
        posix.chdir(self._s.real(path))

    def getcwd(self) -> str:
        """os.getcwd."""
        return self._s.paths.virtual(posix.getcwd())

    def getcwdb(self) -> bytes:
        """os.getcwdb."""
        return os.fsencode(self.getcwd())

    def statvfs(self, path: Any) -> os.statvfs_result:
        """os.statvfs."""
        return posix.statvfs(self._s.real(path))

    def _existing(self, path: Any, follow: bool, dir_fd: int | None) -> str:
        posix.stat(self._s.real(path), dir_fd=dir_fd, follow_symlinks=follow)
        return self._s.key(path, follow=follow, dir_fd=dir_fd)


def _exists(real: str) -> bool:
    try:
        posix.lstat(real)
    except OSError:
        return False
    return True


def _naming(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let errors name the path that the caller gave, as the system's own do."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            if error.filename is not None and args and not isinstance(args[0], int):
                error.filename = args[0]
                error.filename2 = args[1] if error.filename2 is not None else None
            raise

    return call


def install_files(session: Session) -> None:
    """Put the wrapped functions in the place of those of `os`, and make `open` go through them."""
    files = Files(session)
    names = [name for name in vars(Files) if not name.startswith("_")]
    for name in names:
        original = getattr(os, name, None)
        wrapped = _naming(getattr(files, name))
        setattr(os, name, wrapped)
        if original in os.supports_follow_symlinks:
            os.supports_follow_symlinks.add(wrapped)
    for name, method in {"remove": "unlink", "replace": "rename", "fchmod": "chmod", "fchown": "chown"}.items():
        setattr(os, name, getattr(os, method))

    def translated_open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        # With an opener of its own (tempfile) the caller goes through os.open by itself; positional it would be the
        # seventh argument.
        if not isinstance(file, int) and kwargs.get("opener") is None and len(args) < 6:
            kwargs["opener"] = files_opener
        return _io_open(file, mode, *args, **kwargs)

    def files_opener(path: Any, flags: int) -> int:
        return os.open(path, flags, 0o666)

    original_realpath = os.path.realpath

    def realpath(path: Any, **kwargs: Any) -> Any:
        # It walks down from the top, where a real path's folders mean something else.
        text = os.fspath(path)
        virtual = session.paths.virtual(os.fsdecode(text))
        if virtual.startswith("/") and not session.inside(virtual):
            return text
        return original_realpath(os.fsencode(virtual) if isinstance(text, bytes) else virtual, **kwargs)

    setattr(os.path, "realpath", realpath)  # noqa: B010 - of another type for mypy
    builtins.open = io.open = translated_open
    io.open_code = lambda path: translated_open(path, "rb")
    _install_import_hook(session)


def _install_import_hook(session: Session) -> None:
    """Let a virtual folder or zip on sys.path be imported from: imports use `posix`, which knows real paths alone."""
    hooks = list(sys.path_hooks)

    def finder_for(entry: str) -> Any:
        real = session.paths.real(entry)
        if real == entry:
            raise ImportError(entry)
        for hook in hooks:
            try:
                return hook(real)
            except ImportError:
                continue
        raise ImportError(entry)

    sys.path_hooks.insert(0, finder_for)
