"""ansible.windows.win_file: makes and deletes files and directories.

Source: ansible.windows 3.3.0 and 3.8.0 (which adds access_time, modification_time and _diff_peek). A time other than
"preserve" and "now" is refused: it would be written in a format of .NET's.
"""

from __future__ import annotations

import ntpath
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import ModuleCrash, ModuleFailure, Result, model
from lab.windows.machine.filesystem import Entry, FileSystemError
from lab.windows.machine.parts import NotModelled
from lab.windows.modules.win_stat import local_path

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_TIMES = ("access_time", "modification_time")
_NO_PROPERTY = (
    "The property 'LastWriteTime' cannot be found on this object. Verify that the property exists and can be set."
)


@model("ansible.windows.win_file")
def win_file(machine: Machine, call: Call) -> Result:
    """Bring a path to the wanted state: absent, directory, file (fails without one) or touch."""
    args = call.args
    path = local_path("win_file", args["path"])
    if args.get("_original_basename") is not None and machine.files.is_dir(path):
        path = ntpath.join(path, str(args["_original_basename"]))
    times = _times(args)
    if args.get("_diff_peek") is not None and "access_time" in args:
        return _peek(machine, path)
    state, entry = (args["state"] or "").lower(), machine.files.stat(path)
    if state == "touch":
        return _touch(machine, path, entry, times, call.check_mode)
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


def _times(args: dict[str, Any]) -> list[str] | None:
    """Return which times touch sets to now; None in the collections that know the time of writing alone."""
    if "access_time" not in args:
        return None
    default = "now" if (args["state"] or "").lower() == "touch" else "preserve"
    times = {name: args.get(name) or default for name in _TIMES}
    for name, time in times.items():
        if time not in ("preserve", "now"):
            raise NotModelled(f"win_file option {name!r} with the value {time!r}")
    return [name for name, time in times.items() if time == "now"]


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


def _touch(machine: Machine, path: str, entry: Entry | None, times: list[str] | None, check_mode: bool) -> Result:
    if entry is None and not check_mode:
        try:
            machine.files.write(path, b"")
        except FileSystemError as error:
            raise ModuleCrash(str(error)) from None
    if entry is None:
        return {"changed": True}
    if not check_mode:
        try:
            _date(machine, entry, times)
        except FileSystemError as error:
            if times is None:
                raise ModuleCrash(f'Exception setting "LastWriteTime": "{error}"') from None
            raise ModuleFailure(f"Failed to update timestamps on {path}: {error}", changed=False) from None
    return {"changed": times is None or bool(times)}


def _date(machine: Machine, entry: Entry, times: list[str] | None) -> None:
    now = machine.files.now() if machine.files.now else entry.times.written
    if times is not None:
        written = now if "modification_time" in times else entry.times.written
        machine.files.set_times(entry.path, written, now if "access_time" in times else None)
        return
    # Get-ChildItem of a folder gives what is in it but for the hidden; a property can be set on one object only.
    found = [ntpath.join(entry.path, name) for name in machine.files.list(entry.path)] if entry.is_dir else [entry.path]
    found = [path for path in found if "Hidden" not in machine.files.need(path).attributes]
    if len(found) != 1:
        raise ModuleCrash(_NO_PROPERTY)
    machine.files.set_times(found[0], now)


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
    """Delete as the module does, the files of a folder before it: what could be deleted before a failure is gone."""
    if check_mode:
        return
    below = machine.files.walk(entry.path) if entry.is_dir else []
    for each in [*reversed(below), entry]:
        try:
            machine.files.delete(each.path)
        except FileSystemError as error:
            raise ModuleFailure(f"Failed to delete {each.path}: {error}", changed=False) from None
        machine.registry.remove_hive_file(each.path)
