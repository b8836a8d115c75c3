"""The JSON file of one simulated Mac: everything about it that is not the content of a file.

Used by the lab's server and by the stand-in tools, each a process of its own, so changes are made under a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# In the environment of every simulated process: the name of the user that it runs as.
USER_VARIABLE = "LAB_MAC_USER"
# The originals: inside a simulated session the functions of `os` speak of the machine's own files.
_open, _replace, _stat = os.open, os.replace, os.stat


class State:
    """One machine's facts, read when the file has changed and written in one step."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._stamp: tuple[int, int] | None = None
        self._data: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return the facts; they belong to this object and are not to be changed."""
        found = _stat(self.file)
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._data, self._stamp = json.loads(_read(self.file)), stamp
        return self._data

    @contextmanager
    def edit(self) -> Iterator[dict[str, Any]]:
        """Yield the facts for a change; they are saved at the end unless it raised. Other processes wait meanwhile."""
        lock = _open(f"{self.file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            data = self.read()
            before = dump(data)
            try:
                yield data
            except BaseException:
                self._stamp = None
                raise
            after = dump(data)
            if after != before:
                self._write(after)
        finally:
            os.close(lock)

    def write(self, data: dict[str, Any]) -> None:
        """Save a new machine's facts."""
        self._write(dump(data))

    def _write(self, text: bytes) -> None:
        temporary = f"{self.file}.{os.getpid()}.new"
        handle = _open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, text)
        finally:
            os.close(handle)
        _replace(temporary, self.file)
        self._stamp = None


def dump(data: dict[str, Any]) -> bytes:
    """Return the bytes that stand for these facts: equal facts give equal bytes."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


def _read(file: str) -> bytes:
    handle = _open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while chunk := os.read(handle, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(handle)
