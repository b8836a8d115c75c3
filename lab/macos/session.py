"""Which simulated Mac and which of its users this process belongs to."""

from __future__ import annotations

import fcntl
import os
import posix
import sys
from typing import Any

from lab.macos.ownership import Identity, Ownership
from lab.macos.paths import Paths
from lab.macos.state import State

_F_GETPATH = 50  # macOS, for a lab that runs on a real Mac
_HOST_IS_LINUX = sys.platform.startswith("linux")


class Session:
    """The machine and the user of this process."""

    def __init__(self, state_file: str, user: str | None) -> None:
        self.state = State(state_file)
        data = self.state.read()
        homes = {name: account["home"] for name, account in data["users"].items()}
        # Python's own library stays where it is: modules read it for tracebacks and resources.
        shared = (posix.fspath(os.path.dirname(os.__file__)), _package_root())
        self.paths = Paths(f"{state_file.removesuffix('.json')}.root", homes, shared)
        self.ownership = Ownership(self.state, self.paths)
        self.who: Identity = self.ownership.identity(user or data["ssh_user"])

    def real(self, path: Any) -> Any:
        """Return the real path of a str, bytes or path-like; a descriptor stays."""
        if isinstance(path, int):
            return path
        path = os.fspath(path)
        if isinstance(path, bytes):
            return os.fsencode(self.paths.real(os.fsdecode(path)))
        return self.paths.real(path)

    def key(self, path: Any, *, follow: bool = True, dir_fd: int | None = None) -> str:
        """Return the canonical virtual path of anything that `os` takes as a path."""
        if isinstance(path, int):
            return self.ownership.key(descriptor_path(path), follow=False)
        text = os.fsdecode(os.fspath(path))
        if not text.startswith("/"):
            text = f"{descriptor_path(dir_fd) if dir_fd is not None else posix.getcwd()}/{text}"
        return self.ownership.key(text, follow=follow)

    def inside(self, path: Any) -> bool:
        """Whether the lab answers for this path: not Python's own library, shared devices or open pipes."""
        if isinstance(path, int):
            return descriptor_path(path).startswith(f"{self.paths.root}/")
        text = os.fsdecode(os.fspath(path))
        if not text.startswith("/"):
            text = f"{posix.getcwd()}/{text}"
        return self.paths.real(text).startswith(self.paths.root)


def _package_root() -> str:
    folder = __file__
    for _ in range(3):
        folder = os.path.dirname(folder)
    return folder


def descriptor_path(fd: int) -> str:
    """Return the real path behind an open descriptor, "" for pipes and sockets."""
    if _HOST_IS_LINUX:
        try:
            path = posix.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            return ""
        return path if path.startswith("/") else ""
    try:
        return fcntl.fcntl(fd, _F_GETPATH, bytes(1024)).rstrip(b"\0").decode()
    except OSError:
        return ""
