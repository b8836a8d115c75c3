"""ansible.windows.win_stat and ansible.windows.slurp: what lies at a path, and what is in it.

The lab's disks have no owners: they follow from where a file lies. Links, shares and network paths do not exist there.
Source: ansible.windows win_stat, slurp.
"""

from __future__ import annotations

import base64
import ntpath
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleFailure, Result, model
from lab.windows.machine.filesystem import Entry, FileSystemError
from lab.windows.machine.parts import NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

# In the order in which .NET lists them: by bit.
_ATTRIBUTES = ("ReadOnly", "Hidden", "System", "Directory", "Archive")


def local_path(module: str, path: str) -> str:
    """Return the path when it is an absolute local one; raises NotModelled for any other."""
    drive, rest = ntpath.splitdrive(path.replace("/", "\\").removeprefix("\\\\?\\"))
    if len(drive) == 2 and (rest.startswith("\\") or not rest):
        return path if rest else f"{drive}\\"
    raise NotModelled(f"{module} for {path!r}: only absolute local paths such as C:\\Temp, no network or relative ones")


def readable_path(module: str, machine: Machine, call: Call, path: str) -> str:
    """Return an absolute local path that the account may look into; raises NotModelled for any other."""
    local = local_path(module, path)
    if not identity.subject(machine, call).may_read_file(machine, local.replace("/", "\\")):
        raise NotModelled(f"what {module} shows an ordinary account of another one's profile: {path}")
    return local


@model("ansible.windows.win_stat")
def win_stat(machine: Machine, call: Call) -> Result:
    """Return `stat`."""
    args = call.args
    asked = readable_path("win_stat", machine, call, args["path"])
    entry = machine.files.stat(asked)
    if entry is None:
        return {"stat": {"exists": False}}
    attributes = _attributes(entry)
    stat: dict[str, Any] = {
        "exists": True,
        "attributes": ", ".join(attributes) or "Normal",
        "isarchive": "Archive" in attributes,
        "isdir": entry.is_dir,
        "ishidden": "Hidden" in attributes,
        "isjunction": False,
        "islnk": False,
        "isreadonly": "ReadOnly" in attributes,
        "isreg": not entry.is_dir,
        "isshared": False,
        "nlink": 1,
        "hlnk_targets": [],
        "creationtime": entry.times.created,
        "lastaccesstime": entry.times.accessed,
        "lastwritetime": entry.times.written,
        "path": _as_asked(asked),
        "filename": ntpath.basename(_as_asked(asked).rstrip("\\")) or entry.path,
        "owner": _owner(machine, entry.path),
    }
    if not entry.is_dir:
        stat["extension"] = ntpath.splitext(_as_asked(asked))[1]
        if args["get_checksum"]:
            stat["checksum"] = entry.checksum(args["checksum_algorithm"].lower())
    if args["get_size"]:
        stat["size"] = sum(each.size for each in machine.files.walk(entry.path)) if entry.is_dir else entry.size
    return {"stat": stat}


def _as_asked(path: str) -> str:
    """Return the path as .NET shows what was asked for: in the caller's case, with the last backslash if it has one."""
    whole = path.replace("/", "\\")
    short = ntpath.normpath(whole)
    return short + "\\" if whole.endswith("\\") and not short.endswith("\\") else short


def _attributes(entry: Entry) -> list[str]:
    present = {*entry.attributes, *(("Directory",) if entry.is_dir else ())}
    return [name for name in _ATTRIBUTES if name in present]


def _owner(machine: Machine, path: str) -> str:
    folded = path.lower()
    for sid, home in machine.profiles().items():
        if folded == home.lower() or folded.startswith(f"{home.lower()}\\"):
            return machine.name_of(sid) or sid
    if folded.startswith(("c:\\windows", "c:\\program files")):
        return "NT SERVICE\\TrustedInstaller"
    return "BUILTIN\\Administrators"


@model("ansible.windows.slurp")
def slurp(machine: Machine, call: Call) -> Result:
    """Return the content of a file, base64."""
    path = readable_path("slurp", machine, call, call.args["src"])
    if machine.files.is_dir(path):
        raise ModuleFailure(f"Path {path} is a directory")
    if not machine.files.is_file(path):
        raise ModuleFailure(f"Path {path} is not found")
    try:
        content = machine.files.read(path)
    except FileSystemError as error:
        raise NotModelled(f"the content of {path!r} ({error})") from error
    return {"content": base64.b64encode(content).decode(), "encoding": "base64"}
