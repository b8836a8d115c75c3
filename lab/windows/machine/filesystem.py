"""The disks of a virtual Windows machine: paths without regard to case, small files with content, big ones as stubs.

Who may write where is not decided here: whoever runs a call sets `guard` (access.py) and `now`. Without `now` nothing
is dated, so that two machines made in the same way are the same bytes when saved.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ntpath
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from lab.windows.machine.parts import NotModelled

# Files made by `installer_bytes` begin with this line; what an installer says of itself follows as one line of JSON.
INSTALLER_MARK = b"OFFSITE-LAB-INSTALLER\n"
BAD_CHARACTERS = {*'<>"|?*:', *map(chr, range(32))}
# Names of devices, whatever their extension, and names that Win32 shortens.
_DEVICE = re.compile(
    r"\\(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.[^\\]*)?(?=\\|$)", re.IGNORECASE
)
_SHORTENED = re.compile(r"[^\\.][. ]+(?=\\|$)|\\(?: |\.{3})[. ]*(?=\\|$)")
_UNDATED = 1_735_689_600  # 2025-01-01 00:00 UTC
_UNDATED_SPREAD = 20_000_000  # seconds over which the times of what was always there are spread
Change = Literal["create", "write", "delete"]


class FileSystemError(Exception):
    """What Windows would refuse.

    `code` is the Win32 error number: 2 and 3 not found, 5 denied, 80 exists, 112 disk full, 123 bad name, 145 not
    empty.
    """

    def __init__(self, code: int, message: str) -> None:
        """Keep the Win32 number beside the text."""
        super().__init__(message)
        self.code = code


class Times(NamedTuple):
    """When an entry was made, last read and last written, in seconds of 1970."""

    created: float
    accessed: float
    written: float


@dataclass(frozen=True)
class Entry:
    """A file or a directory.

    `content` is None for a directory and for a stub, a file of which only size and metadata are kept. `dated` is None
    for what was there from the beginning.
    """

    path: str
    is_dir: bool = False
    content: bytes | None = None
    size: int = 0
    attributes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    dated: Times | None = None

    @property
    def times(self) -> Times:
        """Return its times; those of what was there from the beginning follow from the path."""
        if self.dated:
            return self.dated
        made = float(_UNDATED + zlib.crc32(self.path.lower().encode()) % _UNDATED_SPREAD)
        return Times(made, made, made)

    def checksum(self, algorithm: str = "sha1") -> str:
        """Return the hex digest of the content; a stub has one that follows from its size and metadata."""
        data = self.content
        if data is None:
            data = json.dumps([self.size, dict(self.metadata)], sort_keys=True).encode()
        return hashlib.new(algorithm, data).hexdigest()


def installer_bytes(metadata: Mapping[str, Any], size: int = 4096) -> bytes:
    """Return a stand-in for an installer file of `size` bytes that the lab understands after an upload or a download.

    Keys in use: kind (msi|exe), ProductName, ProductVersion, ProductCode ("{GUID}"), Manufacturer, Signer
    (subject of the Authenticode signature, None when unsigned), SignatureStatus (Valid|NotSigned|HashMismatch).
    """
    head = INSTALLER_MARK + json.dumps(dict(metadata), sort_keys=True, ensure_ascii=False).encode() + b"\n"
    return head.ljust(size, b"\0")


def installer_metadata(content: bytes) -> dict[str, Any]:
    """Return what `installer_bytes` wrote, or {} for any other file."""
    if not content.startswith(INSTALLER_MARK):
        return {}
    line = content[len(INSTALLER_MARK) :].split(b"\n", 1)[0]
    found = json.loads(line)
    return found if isinstance(found, dict) else {}


def normal(path: str) -> str:
    """Return an absolute path with backslashes and an upper-case drive; FileSystemError 123 for others (UNC too).

    Raises NotModelled for the name of a device and for a name that Win32 would shorten.
    """
    text = path.removeprefix("\\\\?\\").replace("/", "\\")
    drive, rest = ntpath.splitdrive(text)
    if len(drive) != 2 or not rest.startswith("\\") or not BAD_CHARACTERS.isdisjoint(rest):
        raise FileSystemError(123, f"path {path!r} is not an absolute local path such as C:\\Users\\Public")
    if _DEVICE.search(rest):
        raise NotModelled(f"'{path}': it has the name of a device (CON, NUL, COM1 ...), which is no name of a file")
    if _SHORTENED.search(rest):
        raise NotModelled(f"'{path}': Windows drops dots and spaces at the end of a name")
    return drive.upper() + ntpath.normpath(rest)


class FileSystem:
    """Drives and what is on them. Sizes in bytes."""

    def __init__(self, drives: Mapping[str, tuple[int, int]] | None = None) -> None:
        """Take drives as {"C:": (size, used by what is not listed here)}."""
        self.drives: dict[str, tuple[int, int]] = dict(drives or {"C:": (256 * 10**9, 90 * 10**9)})
        self._entries: dict[str, Entry] = {}
        self.guard: Callable[[Change, Entry], None] | None = None  # raises for what the caller may not do
        self.now: Callable[[], float] | None = None
        for drive in self.drives:
            self._entries[f"{drive.lower()}\\"] = Entry(f"{drive}\\", is_dir=True)

    # reading

    def stat(self, path: str) -> Entry | None:
        """Return the entry, or None when there is none or the path is not a local one."""
        try:
            return self._entries.get(normal(path).lower())
        except FileSystemError:
            return None

    def exists(self, path: str) -> bool:
        """Tell whether a file or a directory is there."""
        return self.stat(path) is not None

    def is_file(self, path: str) -> bool:
        """Tell whether a file is there."""
        entry = self.stat(path)
        return entry is not None and not entry.is_dir

    def is_dir(self, path: str) -> bool:
        """Tell whether a directory is there."""
        entry = self.stat(path)
        return entry is not None and entry.is_dir

    def need(self, path: str) -> Entry:
        """Return the entry. Raises FileSystemError 2 without one."""
        entry = self._entries.get(normal(path).lower())
        if entry is None:
            raise FileSystemError(2, f"Could not find file '{path}'.")
        return entry

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises FileSystemError 2 (none), 5 (a directory), 123 or 31 (a stub has no content).
        """
        entry = self.need(path)
        if entry.is_dir:
            raise FileSystemError(5, f"Access to the path '{path}' is denied.")
        if entry.content is None:
            raise FileSystemError(31, f"the lab keeps only the size of '{path}', not its content")
        return entry.content

    def metadata(self, path: str) -> dict[str, Any]:
        """Return what an installer or a program says of itself (see `installer_bytes`); {} for other files."""
        entry = self.need(path)
        return dict(entry.metadata) or installer_metadata(entry.content or b"")

    def walk(self, path: str) -> list[Entry]:
        """Return everything below a directory, parents first."""
        prefix = normal(path).lower().rstrip("\\") + "\\"
        return [entry for key, entry in sorted(self._entries.items()) if key.startswith(prefix) and key != prefix]

    def list(self, path: str) -> list[str]:
        """Return the names in a directory, sorted. Raises FileSystemError 3 without it."""
        if not self.is_dir(path):
            raise FileSystemError(3, f"Could not find a part of the path '{path}'.")
        prefix = normal(path).lower().rstrip("\\") + "\\"
        found = [entry.path[len(prefix) :] for key, entry in self._entries.items() if key.startswith(prefix)]
        return sorted((name for name in found if name and "\\" not in name), key=str.lower)

    def free(self, drive: str = "C:") -> int:
        """Return the free bytes of a drive. Raises FileSystemError 3 without it."""
        if drive.upper() not in self.drives:
            raise FileSystemError(3, f"Could not find a part of the path '{drive}\\'.")
        size, used = self.drives[drive.upper()]
        prefix = drive.lower() + "\\"
        return size - used - sum(entry.size for key, entry in self._entries.items() if key.startswith(prefix))

    # writing

    def mkdir(self, path: str) -> bool:
        """Create a directory and its parents; return False when it was there.

        Raises FileSystemError 80 when a file is in the way.
        """
        target = normal(path)
        entry = self._entries.get(target.lower())
        if entry is not None:
            if not entry.is_dir:
                raise FileSystemError(80, f"Cannot create '{path}' because a file with the same name already exists.")
            return False
        if target[:2] not in self.drives:
            raise FileSystemError(3, f"Could not find a part of the path '{path}'.")
        self.mkdir(ntpath.dirname(target))
        made = Entry(target, is_dir=True, dated=self._today())
        self._ask("create", made)
        self._entries[target.lower()] = made
        return True

    def _ask(self, change: Change, entry: Entry) -> None:
        if self.guard is not None:
            self.guard(change, entry)

    def _today(self) -> Times | None:
        return Times(*[round(self.now(), 6)] * 3) if self.now else None

    def _put(self, entry: Entry, written: float | None = None) -> None:
        """Store a file: the directory has to exist and the disk to have room. `written` is the time that it brings."""
        old = self._entries.get(entry.path.lower())
        if old is not None and (old.is_dir or "ReadOnly" in old.attributes):
            raise FileSystemError(5, f"Access to the path '{entry.path}' is denied.")
        if not self.is_dir(ntpath.dirname(entry.path)):
            raise FileSystemError(3, f"Could not find a part of the path '{entry.path}'.")
        if entry.size - (old.size if old else 0) > self.free(entry.path[:2]):
            raise FileSystemError(112, f"There is not enough space on the disk. : '{entry.path}'")
        self._ask("write" if old else "create", old or entry)
        dated = self._today()
        if dated is not None:
            created = old.times.created if old else dated.created
            dated = Times(created, dated.accessed, dated.written if written is None else written)
        self._entries[entry.path.lower()] = replace(entry, path=old.path if old else entry.path, dated=dated)

    def write(self, path: str, content: bytes) -> bool:
        """Write a file; return False when it had this content. Raises FileSystemError 3, 5, 112 or 123."""
        old = self.stat(path)
        if old is not None and not old.is_dir and old.content == content:
            return False
        self._put(Entry(normal(path), content=bytes(content), size=len(content), attributes=("Archive",)))
        return True

    def add_stub(
        self,
        path: str,
        size: int,
        metadata: Mapping[str, Any] | None = None,
        attributes: tuple[str, ...] = ("Archive",),
    ) -> None:
        """Add a big file of which only size and metadata are kept, creating its directory."""
        self.mkdir(ntpath.dirname(normal(path)))
        self._put(Entry(normal(path), size=size, attributes=attributes, metadata=dict(metadata or {})))

    def set_attributes(self, path: str, attributes: tuple[str, ...]) -> None:
        """Replace the attributes (ReadOnly, Hidden, System, Archive) of a file or directory."""
        entry = self.need(path)
        self._ask("write", entry)
        self._entries[entry.path.lower()] = replace(entry, attributes=tuple(sorted(attributes)))

    def set_times(self, path: str, written: float, accessed: float | None = None) -> None:
        """Date a file or directory. Raises FileSystemError 5 for a read-only file."""
        entry = self.need(path)
        if "ReadOnly" in entry.attributes and not entry.is_dir:
            raise FileSystemError(5, f"Access to the path '{path}' is denied.")
        self._ask("write", entry)
        created, before, _ = entry.times
        times = Times(created, round(before if accessed is None else accessed, 6), round(written, 6))
        self._entries[entry.path.lower()] = replace(entry, dated=times)

    def copy_file(self, source: str, target: str) -> None:
        """Copy a file over another one. Raises FileSystemError 2, 3, 5, 112 or 123."""
        entry = self.need(source)
        if entry.is_dir:
            raise FileSystemError(5, f"Access to the path '{source}' is denied.")
        self._put(replace(entry, path=normal(target)), written=entry.times.written)

    def move(self, source: str, target: str) -> None:
        """Rename a file or a directory with all it holds. Raises FileSystemError 2, 3, 80 or 123."""
        entry, new = self.need(source), normal(target)
        if new.lower() != entry.path.lower() and self.exists(new):
            raise FileSystemError(80, f"Cannot create '{target}' because it already exists.")
        if not self.is_dir(ntpath.dirname(new)):
            raise FileSystemError(3, f"Could not find a part of the path '{target}'.")
        whole = [entry, *(self.walk(entry.path) if entry.is_dir else [])]
        for moved in whole:
            self._ask("delete", moved)
        for moved in whole:
            del self._entries[moved.path.lower()]
            path = new + moved.path[len(entry.path) :]
            self._entries[path.lower()] = replace(moved, path=path, dated=moved.times if self.now else moved.dated)

    def delete(self, path: str, recursive: bool = False) -> bool:
        """Delete a file or directory; return False when there was none.

        Raises FileSystemError 145 for a full directory unless recursive, 5 or 32 for what must not be deleted; what was
        deleted before it stays deleted.
        """
        entry = self.stat(path)
        if entry is None:
            return False
        below = self.walk(entry.path) if entry.is_dir else []
        if below and not recursive:
            raise FileSystemError(145, f"The directory is not empty. : '{path}'")
        for doomed in [*reversed(below), entry]:
            self._ask("delete", doomed)
            del self._entries[doomed.path.lower()]
        return True

    # copies and JSON

    def copy(self) -> FileSystem:
        """Return an independent copy (the entries themselves never change and are shared)."""
        twin = FileSystem(self.drives)
        twin._entries = dict(self._entries)
        return twin

    def to_json(self) -> dict[str, Any]:
        """Return {"drives": {"C:": [size, used]}, "entries": {path: {...}}}; content in base64."""
        return {
            "drives": {drive: list(numbers) for drive, numbers in self.drives.items()},
            "entries": {entry.path: _entry_to_json(entry) for entry in self._entries.values()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> FileSystem:
        """Make a file system from what `to_json` gave."""
        files = cls({drive: (size, used) for drive, (size, used) in document["drives"].items()})
        for path, node in document["entries"].items():
            content = base64.b64decode(node["content"]) if "content" in node else None
            if content is not None:
                content = content.ljust(node.get("size", 0), b"\0")
            size = len(content) if content is not None else node.get("size", 0)
            attributes = tuple(node.get("attributes", ()))
            dated = Times(*node["dated"]) if "dated" in node else None
            files._entries[path.lower()] = Entry(
                path, node.get("is_dir", False), content, size, attributes, node.get("metadata", {}), dated
            )
        return files


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if entry.is_dir:
        node["is_dir"] = True
    elif entry.content is not None:
        # The stand-in for an installer is a line and ten million zeros.
        head = entry.content.rstrip(b"\0")
        node["content"] = base64.b64encode(head).decode()
        if len(head) < entry.size:
            node["size"] = entry.size
    else:
        node["size"] = entry.size
    if entry.attributes:
        node["attributes"] = list(entry.attributes)
    if entry.metadata:
        node["metadata"] = dict(entry.metadata)
    if entry.dated:
        node["dated"] = list(entry.dated)
    return node
