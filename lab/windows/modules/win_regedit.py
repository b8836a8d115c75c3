r"""ansible.windows.win_regedit: registry keys and values, also in a hive file loaded at HKLM:\ANSIBLE.

What surprises people, and is so here: without `name` the type is always a string; values of type multistring are
compared without regard to case; `data` left out makes a dword 0, a string empty and a binary value zero bytes long;
deleting with `delete_key` and no name takes the whole tree; the diff of an expandstring shows it expanded when
deleted. Source: ansible.windows 3.3.0 and 3.8.0, win_regedit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity, regpath
from lab.windows.calls.models import ModuleCrash, ModuleFailure, Result, model
from lab.windows.machine.registry import RegistryError, Value
from lab.windows.machine.service_manager import past_the_manager
from lab.windows.modules.win_regedit_data import convert, differs

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_MOUNT = "HKLM\\ANSIBLE"
_WIN32_TEXTS = {
    2: "The system cannot find the file specified",
    5: "Access is denied",
    32: "The process cannot access the file because it is being used by another process",
}


@model("ansible.windows.win_regedit")
def win_regedit(machine: Machine, call: Call) -> Result:
    """Bring one key or value to the wanted state."""
    result: Result = {
        "changed": False,
        "data_changed": False,
        "data_type_changed": False,
        "diff": {"before": "", "after": ""},
    }
    try:
        _run(machine, call, result)
    except ModuleFailure as failure:
        failure.extra = {**result, **failure.extra}
        raise
    return result


def _run(machine: Machine, call: Call, result: Result) -> None:
    args = call.args
    kind, name, path = args["type"].lower(), args["name"], args["path"]
    if name is None and kind != "string":
        result["warnings"] = [
            "the data type when name is not specified can only be 'string', the type has automatically been converted"
        ]
        kind = "string"
    if not regpath.is_path(path):
        raise ModuleFailure(f"path: {path} is not a valid powershell path, see module documentation for examples.")
    value = convert(kind, args["data"], has_name=bool(name))
    location = regpath.locate(machine, call, path)
    with _loaded_hive(machine, call, args["hive"], result), _settings(machine, call, location):
        edit = _Edit(machine, call, path, location, result)
        if args["state"].lower() == "present":
            edit.present(name or "", value)
        elif args["delete_key"] and not name:
            edit.delete_key()
        else:
            edit.delete_value(name or "")


@contextmanager
def _loaded_hive(machine: Machine, call: Call, hive: str | None, result: Result) -> Iterator[None]:
    r"""Have a hive file loaded at HKLM:\ANSIBLE while the module works, in check mode too."""
    if not hive:
        yield
        return
    if not machine.files.exists(hive):
        raise ModuleFailure(f"hive at path '{hive}' is not valid or accessible, cannot load hive")
    if not identity.is_admin(machine, call):
        raise ModuleFailure(
            "failed to enable SeBackupPrivilege and SeRestorePrivilege for the current process: AdjustTokenPrivileges "
            "failed (Not all privileges or groups referenced are assigned to the caller, Win32ErrorCode 1300)"
        )
    if machine.registry.exists(_MOUNT):
        result.setdefault("warnings", []).append(
            "hive already loaded at HKLM:\\ANSIBLE, had to unload hive for win_regedit to continue"
        )
        machine.registry.unload(_MOUNT)
    try:
        machine.registry.load(_MOUNT, hive)
    except RegistryError as error:
        reason = f"{_WIN32_TEXTS.get(error.code, error)}, Win32ErrorCode {error.code}"
        raise ModuleFailure(
            f"failed to load registry hive from '{hive}' to HKLM:\\ANSIBLE: "
            f"Failed to load registry hive at {hive} ({reason})"
        ) from None
    try:
        yield
    finally:
        machine.registry.unload(_MOUNT)


def _settings(machine: Machine, call: Call, location: str) -> AbstractContextManager[None]:
    deletes = call.args["state"].lower() == "absent" and call.args["delete_key"] and not call.args["name"]
    return nullcontext() if call.check_mode else past_the_manager(machine, location, deletes)


@dataclass
class _Edit:
    """One edit: `path` as the task wrote it, `location` as the lab's registry takes it."""

    machine: Machine
    call: Call
    path: str
    location: str
    result: Result

    def present(self, name: str, value: Value | None) -> None:
        registry, path = self.machine.registry, self.path
        before: dict[str, Any] = {}
        after: dict[str, Any] = {path: {}}
        if registry.exists(self.location):
            self._need_access()
            before[path] = {}
        else:
            if not self.call.check_mode:
                self._create_key()
            self.result["changed"] = True
        self.result["diff"] = {"before": before, "after": after}
        # In check mode the module says nothing of a value below a key that is not there yet.
        if value is None or not registry.exists(self.location):
            return
        old = registry.get(self.location, name)
        if old is not None:
            before[path][name] = _shown(old)
            self.result["data_type_changed"] = old.type != value.type
            self.result["data_changed"] = differs(regpath.signed(old), regpath.signed(value))
            if not self.result["data_type_changed"] and not self.result["data_changed"]:
                after[path][name] = _shown(old)
                return
        self.result["changed"] = True
        after[path][name] = _shown(value)
        if value.type in ("REG_SZ", "REG_EXPAND_SZ"):
            # What becomes a text only when it is written is shown as the task gave it: 5, true.
            after[path][name]["value"] = "" if self.call.args["data"] is None else self.call.args["data"]
        if not self.call.check_mode:
            registry.set(self.location, name, value)

    def delete_key(self) -> None:
        if not self.machine.registry.exists(self.location):
            return
        self._need_access()
        if not self.call.check_mode:
            self._delete_tree()
        self.result["changed"] = True
        self.result["diff"] = {"before": {self.path: {}}, "after": {}}

    def delete_value(self, name: str) -> None:
        registry, path = self.machine.registry, self.path
        if not registry.exists(self.location):
            return
        self._need_access()
        old = registry.get(self.location, name)
        if old is None:
            return
        if not self.call.check_mode:
            registry.delete_value(self.location, name)
        self.result["changed"] = True
        if old.type == "REG_EXPAND_SZ":
            old = Value(old.type, identity.expand(self.machine, self.call, str(old.data)))
        self.result["diff"] = {"before": {path: {name: _shown(old)}}, "after": {path: {}}}

    def _need_access(self) -> None:
        if not regpath.may_write(self.machine, self.call, self.path):
            raise ModuleCrash(
                'Exception calling "OpenSubKey" with "2" argument(s): "Requested registry access is not allowed."'
            )

    def _create_key(self) -> None:
        reason = f"Access to the registry key '{regpath.long_name(self.path)}' is denied."
        try:
            if regpath.may_write(self.machine, self.call, self.path):
                self.machine.registry.create(self.location)
                return
        except RegistryError as error:
            # Windows allows no key directly under HKLM or HKU, only hives (error 5 in the lab's registry).
            reason = "The parameter is incorrect.\r\n" if error.code == 5 else str(error)
        text = f'Exception calling "CreateSubKey" with "1" argument(s): "{reason}"'
        raise ModuleFailure(f"failed to create registry key at {self.path}: {text}")

    def _delete_tree(self) -> None:
        try:
            self.machine.registry.delete_key(self.location)
        except RegistryError as error:
            reason = str(error)
            if "\\" not in self.location:
                reason = "Cannot delete a registry hive's subtree."
            elif error.code == 5:
                reason = f"Access to the registry key '{regpath.long_name(self.path)}' is denied."
            text = f'Exception calling "DeleteSubKeyTree" with "2" argument(s): "{reason}"'
            raise ModuleFailure(f"failed to delete registry key at {self.path}: {text}") from None


def _shown(value: Value) -> dict[str, Any]:
    """Return a value as the diff shows it."""
    data: Any = value.data
    if isinstance(data, bytes):
        data = regpath.as_bytes_shown(data)
    elif value.type == "REG_DWORD":
        data = f"0x{data:08x}"
    elif value.type == "REG_QWORD":
        data = f"0x{data:016x}"
    return {"type": regpath.KINDS[value.type], "value": data}
