"""The scripts that Ansible's winrm and psrp connections and action plugins run beside modules: files, directories.

Source: ansible-core `winrm_put_file.ps1`, `winrm_fetch_file.ps1`, `psrp_put_file.ps1`, `psrp_fetch_file.ps1`,
`powershell_mkdtemp.ps1`, `powershell_expand_user.ps1` and the shell plugin `powershell`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ntpath
import re
from collections.abc import Callable

from lab.windows.calls import identity
from lab.windows.calls.models import command, find_command
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call
from lab.windows.machine import Machine
from lab.windows.machine.filesystem import FileSystemError
from lab.windows.machine.parts import NotModelled

# What core 2.19 puts around a command: nothing that changes what it does.
_STRICT_MODE = re.compile(r"^Set-StrictMode -Version Latest\s+", re.IGNORECASE)
_KEEP_EXIT_CODE = re.compile(r"\s*If \(-not \$\?\) \{ If \(Get-Variable LASTEXITCODE .*$", re.IGNORECASE | re.DOTALL)
# What the psrp connection puts behind a command that is not encoded.
_EXIT_CODE = re.compile(r"\nexit \$LASTEXITCODE$")
# A path as the shell plugin writes it: bare, or in single quotes with every quote doubled.
_PATH = r"(?P<path>'(?:[^']|'')*'|[^\s';]+)"


def run(machine: Machine, call: Call) -> Outcome:
    """Run a script by its name or a raw command line; raises NotModelled for any other."""
    if call.kind == "script":
        script = _SCRIPTS.get(call.name)
        if script is None:
            raise NotModelled(f"the script {call.name}")
        return script(machine, call)
    text = _EXIT_CODE.sub("", call.name.strip())
    text = _KEEP_EXIT_CODE.sub("", _STRICT_MODE.sub("", text)).strip()
    found = find_command(text)
    if found is None:
        raise NotModelled(f"the command {text[:200]!r}")
    function, match = found
    return function(machine, call, match)


def _put_file(machine: Machine, call: Call) -> Outcome:
    content = b"".join(base64.b64decode(line) for line in call.stdin.split())
    try:
        machine.files.write(call.args["Path"], content)
    except FileSystemError as error:
        return _failed(f'Exception calling "Create" with "1" argument(s): "{error}"')
    return _said(json.dumps({"sha1": hashlib.sha1(content).hexdigest()}, separators=(",", ":")))  # noqa: S324


def _fetch_file(machine: Machine, call: Call) -> Outcome:
    path, offset, size = call.args["Path"], int(call.args["Offset"]), int(call.args["BufferSize"])
    if machine.files.is_dir(path):
        return _said("[DIR]")
    if not machine.files.is_file(path):
        return _failed(f"{path} does not exist")
    try:
        part = machine.files.read(path)[offset : offset + size]
    except FileSystemError as error:
        return _failed(str(error))
    return _said(base64.b64encode(part).decode()) if part else Outcome(rc=0, stdout="")


def _fetch_whole_file(machine: Machine, call: Call) -> Outcome:
    """Read a file as the psrp connection asks for it: what it is, then all of it, a line of base64 for each buffer."""
    path, size = call.args["Path"], int(call.args["BufferSize"])
    if machine.files.is_dir(path):
        return _said("[DIR]")
    if not machine.files.is_file(path):
        return _failed(f"{path} does not exist")
    try:
        content = machine.files.read(path)
    except FileSystemError as error:
        return _failed(str(error))
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return _said("\r\n".join(["[FILE]", *(base64.b64encode(piece).decode() for piece in pieces)]))


def _make_directory(machine: Machine, call: Call) -> Outcome:
    path = ntpath.join(identity.expand(machine, call, call.args["Directory"]), call.args["Name"])
    try:
        if not machine.files.mkdir(path):
            return _failed(f"An item with the specified name {path} already exists.")
    except FileSystemError as error:
        return _failed(str(error))
    return _said(machine.files.need(path).path)


def _expand_user(machine: Machine, call: Call) -> Outcome:
    path = str(call.args["Path"])
    if path != "~" and not path.startswith("~\\"):
        return _said(path)
    home = machine.environment(identity.account(call)).get(
        "USERPROFILE", "C:\\WINDOWS\\system32\\config\\systemprofile"
    )
    return _said(home if path == "~" else ntpath.join(home, path[2:]))


_SCRIPTS: dict[str, Callable[[Machine, Call], Outcome]] = {
    "winrm_put_file.ps1": _put_file,
    "winrm_fetch_file.ps1": _fetch_file,
    "psrp_put_file.ps1": _put_file,
    "psrp_fetch_file.ps1": _fetch_whole_file,
    "powershell_mkdtemp.ps1": _make_directory,
    "powershell_expand_user.ps1": _expand_user,
}


@command(rf"Remove-Item {_PATH} -Force(?P<recurse> -Recurse)?;?")
def _remove(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    path = _unquoted(match["path"])
    try:
        if not machine.files.delete(path, recursive=bool(match["recurse"])):
            return _failed(f"Cannot find path '{path}' because it does not exist.")
    except FileSystemError as error:
        return _failed(str(error))
    return Outcome(rc=0, stdout="")


@command(rf"exit -not \(Test-Path -LiteralPath {_PATH}\)")
def _exists(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    return Outcome(rc=0 if machine.files.exists(_unquoted(match["path"])) else 1, stdout="")


@command(r"If \(Test-Path (?P<path>'(?:[^']|'')*')\)\s*\{\s*\$res = 0;\s*\}\s*Else\s*\{\s*\$res = 1;\s*\}.*Exit \$res;")
def _exists_in_core_2_19(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    missing = 0 if machine.files.exists(_unquoted(match["path"])) else 1
    return Outcome(rc=missing, stdout="$res\r\n")


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _said(text: str) -> Outcome:
    return Outcome(rc=0, stdout=f"{text}\r\n")


def _failed(text: str) -> Outcome:
    return Outcome(rc=1, stdout="", stderr=f"{text}\r\n")
