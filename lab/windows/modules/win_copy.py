"""ansible.windows.win_copy, the part that runs on the endpoint.

Its action plugin drives it in four modes: `query` (what has to be sent?), `single` (one file was sent), `explode` (a
zip was sent, names in base64) and `remote` (copy on the endpoint itself). Source: ansible.windows 3.3.0 and 3.8.0.
"""

from __future__ import annotations

import base64
import io
import ntpath
import zipfile
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import ModuleFailure, Result, Rules, model
from lab.windows.machine.filesystem import FileSystemError
from lab.windows.machine.parts import NotModelled
from lab.windows.modules.win_stat import readable_path

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_MODES = ["explode", "query", "remote", "single"]
_UNDOCUMENTED: dict[str, dict[str, Any]] = {
    "_copy_mode": {"type": "str", "default": "single", "choices": _MODES},
    "_original_basename": {"type": "str"},
    "files": {"type": "list"},
    "directories": {"type": "list"},
}


@model("ansible.windows.win_copy", Rules(options=_UNDOCUMENTED))
def win_copy(machine: Machine, call: Call) -> Result:
    """Do what the action plugin asks for."""
    args, mode = call.args, str(call.args["_copy_mode"]).lower()
    if args["src"] is None and mode in ("explode", "single"):
        raise ModuleFailure("Get-AnsibleParam: Missing required argument: src")
    for name in ("dest", "src"):
        if args[name] is not None:
            readable_path("win_copy", machine, call, args[name])
    if args["backup"] and mode != "query":
        raise NotModelled("win_copy option 'backup'")
    # Asked for one, the module returns a diff, if an empty one, whatever comes of it.
    try:
        return {"diff": {}, **_do(machine, args, mode, call.check_mode)}
    except ModuleFailure as failure:
        failure.extra = {"diff": {}, **failure.extra}
        raise
    except FileSystemError as error:
        raise ModuleFailure(f"Unhandled exception while executing module: {error}") from None


def _do(machine: Machine, args: dict[str, Any], mode: str, check_mode: bool) -> Result:
    if mode == "query":
        return _query(machine, args)
    if mode == "explode":
        return _explode(machine, args, check_mode)
    copy = _Copy(machine, check_mode, bool(args["force"]))
    return copy.single(args) if mode == "single" else copy.remote(args)


def _query(machine: Machine, args: dict[str, Any]) -> Result:
    dest = args["dest"]
    files = [file for file in args["files"] or [] if _is_wanted(machine, dest, file, bool(args["force"]))]
    directories = []
    for directory in args["directories"] or []:
        path = ntpath.join(dest, directory["dest"])
        if machine.files.is_file(ntpath.dirname(path)):
            raise ModuleFailure(
                f"cannot copy folder to dest '{path}': object at parent directory path is already a file", changed=False
            )
        if machine.files.is_file(path):
            raise ModuleFailure(f"cannot copy folder to dest '{path}': object at path is already a file", changed=False)
        if not machine.files.is_dir(path):
            directories.append(directory)
    return {"files": files, "directories": directories, "symlinks": []}


def _is_wanted(machine: Machine, dest: str, file: dict[str, Any], force: bool) -> bool:
    path = ntpath.join(dest, file["dest"])
    if machine.files.is_dir(path):
        path = ntpath.join(path, file["src"].replace("/", "\\").rpartition("\\")[2])
    entry = machine.files.stat(path)
    if entry is None:
        return True
    if entry.is_dir:
        raise ModuleFailure(f"cannot copy file to dest '{path}': object at path is already a directory", changed=False)
    return force and entry.checksum("sha1") != file["checksum"]


def _explode(machine: Machine, args: dict[str, Any], check_mode: bool) -> Result:
    if not machine.files.is_file(args["src"]):
        raise ModuleFailure(f"Cannot expand src zip file: '{args['src']}' as it does not exist", changed=False)
    with zipfile.ZipFile(io.BytesIO(machine.files.read(args["src"]))) as archive:
        for item in archive.infolist():
            name = base64.b64decode(item.filename.rstrip("/\\")).decode()
            path = ntpath.join(args["dest"], name.replace("/", "\\"))
            if check_mode:
                continue
            machine.files.mkdir(path if item.is_dir() else ntpath.dirname(path))
            if not item.is_dir():
                machine.files.write(path, archive.read(item))
    return {"changed": True}


class _Copy:
    """Copies on the endpoint; collects the prepared diff and whether anything changed."""

    def __init__(self, machine: Machine, check_mode: bool, force: bool) -> None:
        self.files = machine.files
        self.check_mode = check_mode
        self.force = force
        self.changed = False
        self.diff = ""

    def single(self, args: dict[str, Any]) -> Result:
        src = args["src"]
        if not self.files.is_file(src):
            raise ModuleFailure(f"Cannot copy src file: '{src}' as it does not exist", changed=False)
        target = self._target(args["dest"], str(args["_original_basename"] or ""))
        self._need_parent(args["dest"], target)
        self._copy(src, target)
        return {"changed": True}

    def remote(self, args: dict[str, Any]) -> Result:
        src, dest = args["src"], args["dest"]
        result: Result = {"changed": False, "src": src, "dest": dest}
        try:
            self._remote(src, dest, result)
        except ModuleFailure as failure:
            failure.extra = {**result, **failure.extra, "changed": self.changed}
            raise
        return result

    def _remote(self, src: str, dest: str, result: Result) -> None:
        source = self.files.stat(src)
        if source is None:
            raise ModuleFailure(f"Cannot copy src file: '{src}' as it does not exist")
        target = dest
        if source.is_dir:
            result["operation"] = "folder_copy"
            if src.endswith(("/", "\\")):
                for name in self.files.list(src):
                    self._any(ntpath.join(src, name), ntpath.join(dest, name))
            else:
                target = result["dest"] = ntpath.join(dest, ntpath.basename(source.path))
                self._any(src, target)
        else:
            result["operation"] = "file_copy"
            result["original_basename"] = ntpath.basename(source.path)
            target = result["dest"] = self._target(dest, ntpath.basename(source.path))
            self._need_parent(dest, target)
            self._file(src, target)
            result["checksum"] = source.checksum("sha1") if self.force else None
        result["changed"] = self.changed
        result["size"] = self._size(target)
        result["diff"] = {"prepared": self.diff}

    def _target(self, dest: str, name: str) -> str:
        return ntpath.join(dest, name) if dest.endswith(("/", "\\")) or self.files.is_dir(dest) else dest

    def _need_parent(self, dest: str, target: str) -> None:
        parent = ntpath.dirname(target).replace("/", "\\")
        if self.files.is_file(parent):
            raise ModuleFailure(f"object at destination parent dir '{parent}' is currently a file", changed=False)
        if self.files.is_dir(parent):
            return
        if dest == target:
            raise ModuleFailure(f"Destination directory '{parent}' does not exist", changed=False)
        # The real module creates it in check mode too; the lab does not follow it there.
        if not self.check_mode:
            self.files.mkdir(parent)

    def _copy(self, src: str, target: str) -> None:
        old = self.files.stat(target)
        if old is not None and "ReadOnly" in old.attributes:
            self.files.set_attributes(target, tuple(name for name in old.attributes if name != "ReadOnly"))
        self.files.copy_file(src, target)

    def _any(self, src: str, target: str) -> None:
        if not self.files.is_dir(src):
            self._file(src, target)
            return
        if not self.files.is_dir(target):
            if self.files.is_file(ntpath.dirname(target)):
                raise self._refuse("file", src, target, "object at dest parent dir is not a folder")
            if self.files.is_file(target):
                raise self._refuse("folder", src, target, "dest is already a file")
            if not self.check_mode:
                self.files.mkdir(target)
            self.diff += f"+{target}\\\n"
            self.changed = True
        for name in self.files.list(src):
            self._any(ntpath.join(src, name), ntpath.join(target, name))

    def _file(self, src: str, target: str) -> None:
        old = self.files.stat(target)
        if old is not None and old.is_dir:
            raise self._refuse("file", src, target, "dest is already a folder")
        if old is not None and (not self.force or old.checksum("sha1") == self.files.need(src).checksum("sha1")):
            return
        parent = ntpath.dirname(target)
        if self.files.is_file(parent):
            raise self._refuse("file", src, target, "object at dest parent dir is not a folder")
        if not self.files.is_dir(parent):
            self.diff += f"+{parent}\\\n"
            if not self.check_mode:
                self.files.mkdir(parent)
        if old is not None:
            self.diff += f"-{target}\n"
        if not self.check_mode:
            self._copy(src, target)
        self.diff += f"+{target}\n"
        self.changed = True

    @staticmethod
    def _refuse(what: str, src: str, target: str, why: str) -> ModuleFailure:
        return ModuleFailure(f"cannot copy {what} from '{src}' to '{target}': {why}", changed=False)

    def _size(self, path: str) -> int | None:
        entry = self.files.stat(path)
        if entry is None or (self.check_mode and entry.is_dir):
            return None
        return sum(each.size for each in self.files.walk(path)) if entry.is_dir else entry.size
