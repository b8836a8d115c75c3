"""The registry of a virtual Windows machine: typed, case-insensitive, case-preserving, and cheap to copy.

Keys are shared between machines until one of them writes (copy on write), so that hundreds of machines
made from the same seed, or a copy taken to prove that check mode writes nothing, cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from lab.windows.machine.registry_values import RANGES, RegistryError, Value, check

__all__ = ["RANGES", "Registry", "RegistryError", "Value", "check", "split"]

HIVES = {
    "HKLM": "HKLM",
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKU": "HKU",
    "HKEY_USERS": "HKU",
    "HKCR": "HKCR",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKCC": "HKCC",
    "HKEY_CURRENT_CONFIG": "HKCC",
}
# Keys that are another key under a second name. HKCR is really a merge with the user's own classes; the machine's are
# enough here.
LINKS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("hkcr",): ("HKLM", "SOFTWARE", "Classes"),
    ("hkcc",): ("HKLM", "SYSTEM", "CurrentControlSet", "Hardware Profiles", "Current"),
    ("hku", "s-1-5-18"): ("HKU", ".DEFAULT"),
    # Windows has it the other way round.
    ("hklm", "system", "controlset001"): ("HKLM", "SYSTEM", "CurrentControlSet"),
}
_LINKS_IN = {("hku",): ("S-1-5-18",), ("hklm", "system"): ("ControlSet001",)}
MOUNTED_AT_START = {"HKLM": ("HARDWARE", "SAM", "SECURITY", "SOFTWARE", "SYSTEM"), "HKU": (".DEFAULT",)}


class _Key:
    """One key. `owner` is the registry that may change it in place; any other one clones it first."""

    __slots__ = ("keys", "name", "owner", "values")

    def __init__(self, name: str, owner: object) -> None:
        self.name = name
        self.owner = owner
        self.values: dict[str, tuple[str, Value]] = {}
        self.keys: dict[str, _Key] = {}

    def clone(self, owner: object, name: str | None = None) -> _Key:
        twin = _Key(self.name if name is None else name, owner)
        twin.values = dict(self.values)
        twin.keys = dict(self.keys)
        return twin


class Hive(NamedTuple):
    """A hive file on disk. While it is loaded, `key` is None: the tree lies at `mount` instead."""

    path: str
    key: _Key | None
    mount: str | None


def split(path: str) -> tuple[str, ...]:
    r"""Return the parts of a path, hive first, links resolved.

    HKLM\X, HKLM:\X, HKEY_LOCAL_MACHINE\X and the provider form Registry::HKLM\X name the same key.
    HKCU means nothing without a user: ask `Machine.hkcu(user)` first.
    """
    text = path.rpartition("::")[2]
    parts = [part for part in text.split("\\") if part]
    hive = HIVES.get(parts[0].upper().rstrip(":")) if parts else None
    if hive is None:
        raise RegistryError(
            87, f"registry path {path!r} has to begin with one of {', '.join(sorted(set(HIVES.values())))}"
        )
    resolved = (hive, *parts[1:])
    for link, target in LINKS.items():
        if tuple(part.lower() for part in resolved[: len(link)]) == link:
            return target + resolved[len(link) :]
    return resolved


class Registry:
    """All hives of one machine, and the hive files (NTUSER.DAT) that lie on its disk."""

    def __init__(self) -> None:
        """Make an empty registry with the hives that Windows itself keeps loaded."""
        self._owner = object()
        self._root = _Key("", self._owner)
        self._hive_files: dict[str, Hive] = {}
        self.guard: Callable[[str], None] | None = None  # raises RegistryError 5 where the caller may not write
        # The machine's file system answers here, so that a deleted NTUSER.DAT can't be loaded any more.
        self.file_present: Callable[[str], bool] = lambda path: True
        for hive, names in MOUNTED_AT_START.items():
            top = self._root.keys[hive.lower()] = _Key(hive, self._owner)
            for name in names:
                top.keys[name.lower()] = _Key(name, self._owner)

    # reading

    def _find(self, path: str) -> _Key | None:
        key: _Key | None = self._root
        for part in split(path):
            key = key.keys.get(part.lower()) if key else None
        return key

    def _need(self, path: str) -> _Key:
        key = self._find(path)
        if key is None:
            raise RegistryError(2, f"registry key {path!r} does not exist")
        return key

    def exists(self, path: str) -> bool:
        """Tell whether the key exists."""
        return self._find(path) is not None

    def keys(self, path: str) -> list[str]:
        """Return the names of the subkeys, sorted without regard to case as Windows does.

        Raises RegistryError 2 without the key.
        """
        names = [key.name for key in self._need(path).keys.values()]
        names += _LINKS_IN.get(tuple(part.lower() for part in split(path)), ())
        return sorted(names, key=str.lower)

    def values(self, path: str) -> dict[str, Value]:
        """Return name to value, sorted by name; "" is the default value. Raises RegistryError 2 without the key."""
        return {name: value for _, (name, value) in sorted(self._need(path).values.items())}

    def get(self, path: str, name: str) -> Value | None:
        """Return one value, or None when the key or the value is missing."""
        key = self._find(path)
        found = key.values.get(name.lower()) if key else None
        return found[1] if found else None

    def data(self, path: str, name: str, default: Any = None) -> Any:
        """Return the bare data of one value, or the default when it is missing."""
        value = self.get(path, name)
        return default if value is None else value.data

    def walk(self, path: str) -> Iterator[tuple[str, dict[str, Value]]]:
        """Yield (path, values) of a key and of everything below it, sorted. Raises RegistryError 2 without the key."""
        yield path, self.values(path)
        for name in [key.name for _, key in sorted(self._need(path).keys.items())]:
            yield from self.walk(f"{path}\\{name}")

    # writing

    def _own(self, parts: tuple[str, ...], create: bool) -> _Key | None:
        """Return the key for writing; every key on the way that others share is cloned first."""
        if create:
            self._allow_creation(parts)
        key = self._root
        for part in parts:
            child = key.keys.get(part.lower())
            if child is None:
                if not create:
                    return None
                child = _Key(part, self._owner)
            elif child.owner is not self._owner:
                child = child.clone(self._owner)
            key.keys[part.lower()] = key = child
        return key

    def _allow_creation(self, parts: tuple[str, ...]) -> None:
        """Windows lets nobody make a key directly under HKLM or HKU: those are mount points of hives."""
        if len(parts) > 1 and parts[1].lower() not in self._root.keys[parts[0].lower()].keys:
            path = "\\".join(parts)
            raise RegistryError(
                5, f"cannot create {path!r}: no hive is loaded at {parts[0]}\\{parts[1]}; is the user logged on?"
            )
        long_names = [part for part in parts if len(part) > 255]
        if long_names:
            raise RegistryError(87, f"registry key name {long_names[0][:40]!r}... is longer than 255 characters")

    def create(self, path: str) -> bool:
        """Create the key and its parents; return False when it was there.

        Raises RegistryError 5 outside of a loaded hive.
        """
        if self.exists(path):
            return False
        self._ask(path)
        self._own(split(path), create=True)
        return True

    def _ask(self, path: str) -> None:
        if self.guard is not None:
            self.guard(path)

    def set(self, path: str, name: str, value: Value) -> bool:
        """Write one value, creating the key when needed; return False when exactly this was there already."""
        value = check(value)
        if self.get(path, name) == value:
            return False
        self._ask(path)
        key = self._own(split(path), create=True)
        assert key is not None
        old = key.values.get(name.lower())
        key.values[name.lower()] = (old[0] if old else name, value)
        return True

    def update(self, path: str, values: Mapping[str, Value]) -> None:
        """Write several values of one key; with none, just create the key."""
        self.create(path)
        for name, value in values.items():
            self.set(path, name, value)

    def delete_value(self, path: str, name: str) -> bool:
        """Delete one value; return False when there was none."""
        if self.get(path, name) is None:
            return False
        self._ask(path)
        key = self._own(split(path), create=False)
        assert key is not None
        del key.values[name.lower()]
        return True

    def delete_key(self, path: str) -> bool:
        """Delete a key and everything below it; return False when there was none.

        Raises RegistryError 5 for the top of a hive.
        """
        parts = split(path)
        if len(parts) < 3:
            raise RegistryError(5, f"cannot delete {path!r}: it is the top of a loaded hive")
        if not self.exists(path):
            return False
        self._ask(path)
        parent = self._own(parts[:-1], create=False)
        assert parent is not None
        del parent.keys[parts[-1].lower()]
        return True

    # hive files

    def add_hive_file(self, path: str, copy_of: str | None = None) -> None:
        """Put a hive file on the disk: empty, or with the contents of another one, which must not be loaded."""
        key = _Key("", self._owner)
        if copy_of is not None:
            source = self._hive_files[copy_of.lower()].key
            if source is None:
                raise RegistryError(32, f"hive file {copy_of!r} is in use by another process")
            self._disown()
            key = source.clone(self._owner)
        self._hive_files[path.lower()] = Hive(path, key, None)

    def remove_hive_file(self, path: str) -> None:
        """Take a hive file from the disk; it must not be loaded."""
        if self.mount_of(path):
            raise RegistryError(32, f"hive file {path!r} is in use by another process")
        self._hive_files.pop(path.lower(), None)

    def hive_files(self) -> list[str]:
        """Return the paths of all hive files."""
        return sorted((hive.path for hive in self._hive_files.values()), key=str.lower)

    def mount_of(self, path: str) -> str | None:
        r"""Return where a hive file is loaded (HKU\S-1-5-21-...), or None."""
        hive = self._hive_files.get(path.lower())
        return hive.mount if hive else None

    def mounts(self) -> dict[str, str]:
        """Return mount point to hive file path for every hive file that is loaded."""
        return {hive.mount: hive.path for hive in self._hive_files.values() if hive.mount}

    def load(self, mount: str, hive_file_path: str) -> None:
        r"""Load a hive file at HKU\<name> or HKLM\<name>.

        Raises RegistryError 2, 32, 87 or 183 (docs/sources/windows.md#hives-of-users; which number Windows gives for a
        mount point in use is not confirmed).
        """
        parts = split(mount)
        if len(parts) != 2 or parts[0] not in MOUNTED_AT_START:
            raise RegistryError(87, f"cannot load a hive at {mount!r}: it has to be HKU\\<name> or HKLM\\<name>")
        hive = self._hive_files.get(hive_file_path.lower())
        if hive is None or not self.file_present(hive_file_path):
            raise RegistryError(2, f"cannot load {hive_file_path!r}: the system cannot find the file specified")
        if hive.mount is not None or hive.key is None:
            raise RegistryError(
                32, f"cannot load {hive_file_path!r}: it is being used by another process (loaded at {hive.mount})"
            )
        if self.exists(mount):
            raise RegistryError(183, f"cannot load {hive_file_path!r}: {mount!r} is already in use")
        top = self._own(parts[:1], create=False)
        assert top is not None
        top.keys[parts[1].lower()] = hive.key.clone(self._owner, parts[1])
        self._hive_files[hive_file_path.lower()] = Hive(hive.path, None, "\\".join(parts))

    def unload(self, mount: str) -> None:
        """Unload what `load` put there; the changes stay in the file.

        Raises RegistryError 87 when nothing is loaded there.
        """
        parts = split(mount)
        name = "\\".join(parts).lower()
        hive = next((hive for hive in self._hive_files.values() if hive.mount and hive.mount.lower() == name), None)
        if hive is None:
            raise RegistryError(87, f"cannot unload {mount!r}: no hive file is loaded there")
        top = self._own(parts[:1], create=False)
        assert top is not None
        self._hive_files[hive.path.lower()] = Hive(hive.path, top.keys.pop(parts[1].lower()), None)

    # copies and JSON

    def _disown(self) -> None:
        """Give up the right to change the present keys in place, because another tree now shares them."""
        self._owner = object()
        self._root = self._root.clone(self._owner)

    def copy(self) -> Registry:
        """Return an independent copy; both sides share the unchanged keys from now on."""
        twin = Registry()
        twin._root = self._root.clone(twin._owner)
        twin._hive_files = dict(self._hive_files)
        self._disown()
        return twin

    def to_json(self) -> dict[str, Any]:
        """Return {"hives": KEY, "files": [{"path", "mount", "key": KEY | None}]}.

        KEY = {"values"?: {name: [type, data]}, "keys"?: {name: KEY}}; bytes as lower-case hex.
        """
        files = [
            {"path": hive.path, "mount": hive.mount, "key": _key_to_json(hive.key) if hive.key else None}
            for _, hive in sorted(self._hive_files.items())
        ]
        return {"hives": _key_to_json(self._root), "files": files}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Registry:
        """Make a registry from what `to_json` gave."""
        registry = cls()
        registry._root = _key_from_json("", document["hives"], registry._owner)
        for item in document["files"]:
            key = _key_from_json("", item["key"], registry._owner) if item["key"] is not None else None
            registry._hive_files[item["path"].lower()] = Hive(item["path"], key, item["mount"])
        return registry


def _key_to_json(key: _Key) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if key.values:
        node["values"] = {
            name: [value.type, value.data.hex() if isinstance(value.data, bytes) else value.data]
            for name, value in key.values.values()
        }
    if key.keys:
        node["keys"] = {child.name: _key_to_json(child) for child in key.keys.values()}
    return node


def _key_from_json(name: str, node: Mapping[str, Any], owner: object) -> _Key:
    key = _Key(name, owner)
    for value_name, (kind, data) in node.get("values", {}).items():
        value = Value(kind, bytes.fromhex(data)) if kind in ("REG_BINARY", "REG_NONE") else Value(kind, data)
        key.values[value_name.lower()] = (value_name, value)
    for child_name, child in node.get("keys", {}).items():
        key.keys[child_name.lower()] = _key_from_json(child_name, child, owner)
    return key
