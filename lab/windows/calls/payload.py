"""Decodes what Ansible sends, by WinRM, PowerShell Remoting or SSH: a command line and stdin, into one `Call`.

Ansible never runs a module as a plain command. It starts PowerShell with a small bootstrap script as `-EncodedCommand`
(base64 of UTF-16LE) and sends everything else through stdin, in parts that a line of four NUL characters separates:

1. the bootstrap manifest, JSON: `{"name": "exec_wrapper", "script": ..., "params": {"MinOSVersion", "MinPSVersion",
   "TempPath", "PwshPath"}}` (`PwshPath` from core 2.21 on);
2. the exec manifest, JSON: `{"scripts": {NAME: {"path", "script": base64}}, "actions": [{"name", "params",
   "secure_params"}], "signed_hashlist"}`. The actions are wrappers around each other; the last is what is run;
3. for `put_file` only: the file's content, base64, in lines.

WinRM and SSH start PowerShell with such a line. PowerShell Remoting has no command line: there the bootstrap itself
comes as the script of a pipeline, and the lines of stdin as its input.

Source: ansible-core 2.19 and 2.21, `executor/powershell/module_manifest.py` and the wrappers beside it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

MODULE_WRAPPER = "module_wrapper.ps1"
BECOME_WRAPPER = "become_wrapper.ps1"

# What the bootstrap script of both versions holds, and what no command that a person types does: the separator, spelt
# as PowerShell spells it, and the start of the script that came in through stdin.
_BOOTSTRAP_MARKS = ("`0`0`0`0", "$code.script", "ConvertFrom-Json")
_SEPARATOR = re.compile(rb"\r?\n\0\0\0\0(?:\r?\n|$)")
_POWERSHELL = re.compile(r"(?:\"[^\"]*[\\/]|\"|[^\"\s]*[\\/])?(?:powershell|pwsh)(?:\.exe)?\"?\s", re.IGNORECASE)
_ENCODED_COMMAND = re.compile(r"\s[-/]e(?:nc|ncodedcommand|c)?\s+\"?([A-Za-z0-9+/=]+)\"?", re.IGNORECASE)


class PayloadError(Exception):
    """What was sent can't be decoded, or asks for what the lab does not model. The message says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The lab can't carry out what was sent: {reason}. Nothing was done.")


@dataclass(frozen=True)
class Call:
    """One remote call, decoded.

    - `kind` is `module` (a PowerShell module), `script` (a script without module arguments: `winrm_put_file.ps1`,
      `powershell_mkdtemp.ps1`, or a `.ps1` of the `script` action) or `command` (a command line as typed).
    - `name` is the full module name (`ansible.windows.win_regedit`), the script's name, or the command's text.
    - `args` are the module's arguments without Ansible's own, or the script's parameters.
    - `internal` are Ansible's own arguments (`_ansible_check_mode`, ...), and from the bootstrap, where it sets them:
      `MinOSVersion`, `MinPSVersion`, `TempPath`, `PwshPath`; with a become password also `BecomePassword`.
    - `source` is the text of the module or script that was sent.
    - `stdin` is what followed the manifests, still as lines of base64.
    - `user` is the account that logged on; the server fills it in.
    """

    kind: Literal["module", "script", "command"]
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    internal: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    become_user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    user: str = ""

    @property
    def check_mode(self) -> bool:
        """Whether the task only asks what would change."""
        return bool(self.internal.get("_ansible_check_mode", False))

    @property
    def diff_mode(self) -> bool:
        """Whether the task wants the values before and after."""
        return bool(self.internal.get("_ansible_diff", False))

    def by(self, user: str) -> Call:
        """Return the same call, made by this account."""
        return replace(self, user=user)


def decode(command_line: str, stdin: bytes = b"") -> Call:
    """Decode a command line and the whole of its stdin; raises PayloadError."""
    text = command_text(command_line)
    if not is_bootstrap(text):
        return Call(kind="command", name=text, source=text, stdin=stdin)
    parts = _SEPARATOR.split(stdin, maxsplit=2)
    if len(parts) < 2:
        msg = "no line of four NUL characters after the bootstrap manifest"
        raise PayloadError(msg)
    bootstrap = _json_object(parts[0], "the bootstrap manifest")
    manifest = _json_object(parts[1], "the exec manifest")
    return _from_manifest(bootstrap, manifest, parts[2] if len(parts) > 2 else b"")


def command_text(command_line: str) -> str:
    """Return the PowerShell text of a line with `-EncodedCommand`, else the line itself; raises PayloadError."""
    found = _ENCODED_COMMAND.search(command_line)
    if found is None or not _POWERSHELL.match(command_line):
        return command_line
    try:
        return base64.b64decode(found[1], validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError) as error:
        msg = f"-EncodedCommand is not base64 of UTF-16LE text ({error})"
        raise PayloadError(msg) from error


def is_bootstrap(text: str) -> bool:
    """Whether this PowerShell text is Ansible's bootstrap script, which waits for its manifests on stdin."""
    return all(mark in text for mark in _BOOTSTRAP_MARKS)


def _json_object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        msg = f"{what} is not JSON ({error})"
        raise PayloadError(msg) from error
    if not isinstance(value, dict):
        msg = f"{what} is a JSON {type(value).__name__}, not an object"
        raise PayloadError(msg)
    return value


def _from_manifest(bootstrap: dict[str, Any], manifest: dict[str, Any], stdin: bytes) -> Call:
    scripts, actions = manifest.get("scripts"), manifest.get("actions")
    if not isinstance(scripts, dict) or not isinstance(actions, list) or not actions:
        msg = "the exec manifest has no `scripts` or no `actions`"
        raise PayloadError(msg)
    internal = {key: value for key, value in (bootstrap.get("params") or {}).items() if value is not None}
    become_user = None
    for wrapper in actions[:-1]:
        if wrapper.get("name") != BECOME_WRAPPER:
            msg = f"the wrapper {wrapper.get('name')!r} is not modelled (neither async nor coverage is)"
            raise PayloadError(msg)
        become_user = str((wrapper.get("params") or {}).get("BecomeUser", ""))
        internal |= wrapper.get("secure_params") or {}
    action = actions[-1]
    name, params = str(action.get("name")), dict(action.get("params") or {})
    if name != MODULE_WRAPPER:
        return Call(
            kind="script",
            name=name,
            args=params,
            internal=internal,
            source=_script(scripts, name),
            become_user=become_user,
            stdin=stdin,
        )
    file_name = str(params.get("Script", ""))
    common: dict[str, Any] = {
        "source": _script(scripts, file_name),
        "become_user": become_user,
        "environment": {key: str(value) for key, value in (params.get("Environment") or {}).items()},
        "stdin": stdin,
    }
    if not params.get("ForModule"):
        return Call(kind="script", name=file_name, internal=internal, **common)
    arguments = _complex_args(params)
    internal |= {key: value for key, value in arguments.items() if key.startswith("_ansible_")}
    args = {key: value for key, value in arguments.items() if not key.startswith("_ansible_")}
    return Call(kind="module", name=module_name(file_name), args=args, internal=internal, **common)


def module_name(file_name: str) -> str:
    """Return the module's name as a playbook says it, from the name that the manifest gives its file.

    >>> module_name("ansible_collections.ansible.windows.plugins.modules.win_ping.ps1")
    'ansible.windows.win_ping'
    """
    name = file_name.removesuffix(".ps1")
    found = re.fullmatch(r"ansible_collections\.(\w+)\.(\w+)\.plugins\.modules\.([\w.]+)", name)
    if found:
        return ".".join(found.groups())
    return re.sub(r"^ansible\.(?:legacy|builtin|modules)\.", "", name)


def _script(scripts: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(scripts[name]["script"], validate=True).decode("utf-8-sig")
    except KeyError as error:
        msg = f"the exec manifest does not contain the script {name!r} that it says to run"
        raise PayloadError(msg) from error
    except (binascii.Error, UnicodeDecodeError, TypeError) as error:
        msg = f"the script {name!r} in the exec manifest is not base64 of UTF-8 text ({error})"
        raise PayloadError(msg) from error


def _complex_args(params: dict[str, Any]) -> dict[str, Any]:
    for variable in params.get("Variables") or []:
        if variable.get("Name") == "complex_args" and isinstance(variable.get("Value"), dict):
            return variable["Value"]
    msg = "the module wrapper's parameters hold no `complex_args`"
    raise PayloadError(msg)
