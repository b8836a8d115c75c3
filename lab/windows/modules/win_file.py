"""ansible.windows.win_file: makes and deletes files and directories.

Source: ansible.windows 3.3.0 and 3.8.0 (which adds access_time, modification_time and _diff_peek). The lab's disks have
no clocks, so a time other than "preserve" and, for touch, "now" is refused.
"""

from __future__ import annotations

import ntpath
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import ModuleFailure, Result, model
from lab.windows.machine.filesystem import Entry, FileSystemError
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.registry import RegistryError
from lab.windows.modules.win_stat import local_path

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_TIMES = ("access_time", "modification_time")


@model("ansible.windows.win_file")
def win_file(machine: Machine, call: Call) -> Result:
    """Bring a path to the wanted state: absent, directory, file (fails without one) or touch."""
    args = call.args
    path = local_path("win_file", args["path"])
    if args.get("_original_basename") is not None and machine.files.is_dir(path):
        path = ntpath.join(path, str(args["_original_basename"]))
    touched = _check_times(args)
    if args.get("_diff_peek") is not None and "access_time" in args:
        return _peek(machine, path)
    state, entry = (args["state"] or "").lower(), machine.files.stat(path)
    if state == "touch":
        return _touch(machine, path, entry, touched, call.check_mode)
    if entry is None:
        return _make(machine, path, state, call.check_mode)
    if state == "absent":
        _delete(machine, entry, call.check_mode)
        return {"changed": True}
    if state == "directory" and not entry.is_dir:
        raise ModuleFailure(f"path {path} is not a directory", changed=False)
    if state == "file" and entry.is_dir:
        raise ModuleFailure(f"path {path} is not a file", changed=False)
    return {"changed": False}


def _check_times(args: dict[str, Any]) -> bool:
    """Return whether touch would move a time; raises NotModelled for a time that would have to be kept."""
    default = "now" if (args["state"] or "").lower() == "touch" else "preserve"
    times = [args.get(name) or default for name in _TIMES]
    for name, time in zip(_TIMES, times, strict=True):
        if time != "preserve" and (time != "now" or default != "now"):
            raise NotModelled(f"win_file option {name!r} with the value {time!r}: its disks have no clocks")
    return "now" in times


def _peek(machine: Machine, path: str) -> Result:
    """Answer win_copy's question before it shows a diff."""
    entry = machine.files.stat(path)
    content = entry.content if entry else None
    return {
        "path": path,
        "change": False,
        "appears_binary": b"\0" in (content or b"")[:8192],
        "state": "file" if entry else "absent",
    }


def _touch(machine: Machine, path: str, entry: Entry | None, touched: bool, check_mode: bool) -> Result:
    if entry is not None:
        return {"changed": touched}
    if not check_mode:
        try:
            machine.files.write(path, b"\r\n")  # Out-File of nothing writes an empty line
        except FileSystemError as error:
            msg = f"Unhandled exception while executing module: {error}"
            raise ModuleFailure(msg) from None
    return {"changed": True}


def _make(machine: Machine, path: str, state: str, check_mode: bool) -> Result:
    if state == "absent":
        return {"changed": False}
    if state != "directory":
        raise ModuleFailure(f"path {path} will not be created", changed=False)
    if not check_mode:
        try:
            machine.files.mkdir(path)
        except FileSystemError as error:
            raise ModuleFailure(str(error), changed=False) from None
    return {"changed": True}


def _delete(machine: Machine, entry: Entry, check_mode: bool) -> None:
    if check_mode:
        return
    doomed = [entry, *(machine.files.walk(entry.path) if entry.is_dir else [])]
    try:
        # Hive files first: one that is loaded is in use and stops the deletion.
        for each in doomed:
            machine.registry.remove_hive_file(each.path)
    except RegistryError:
        reason = f"The process cannot access the file '{each.path}' because it is being used by another process."
        raise ModuleFailure(f"Failed to delete {each.path}: {reason}", changed=False) from None
    machine.files.delete(entry.path, recursive=True)
