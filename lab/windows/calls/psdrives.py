"""Whether something lies at a path of PowerShell, which may be one of a drive that is no disk (HKLM:, Env:).

Source: ansible.windows, Test-AnsiblePath; PowerShell's registry provider says that a closed key exists.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.windows.calls import identity
from lab.windows.machine.filesystem import FileSystemError, normal
from lab.windows.machine.parts import NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_PROVIDER = re.compile(r"(?:Microsoft\.PowerShell\.Core\\)?Registry::(.*)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"(\w{2,}):[\\/]?(.*)", re.DOTALL)
_HIVES = {"HKEY_LOCAL_MACHINE", "HKEY_USERS", "HKEY_CURRENT_USER", "HKEY_CLASSES_ROOT", "HKEY_CURRENT_CONFIG"}


def exists(machine: Machine, call: Call, path: str) -> bool:
    """Answer as Test-Path does. Raises NotModelled for certificates, wildcards, network and relative paths."""
    provider, drive = _PROVIDER.fullmatch(path), _DRIVE.fullmatch(path)
    if set(path) & set("*?["):
        raise NotModelled(f"a path with wildcards: {path}")
    if provider:
        return _key_exists(machine, call, provider[1])
    if drive is None:
        try:
            normal(path)
        except FileSystemError:
            raise NotModelled(f"whether {path} exists: it is no absolute local path such as C:\\Temp") from None
        return machine.files.exists(path)
    name, rest = drive[1].upper(), drive[2]
    if name in ("HKLM", "HKCU"):
        long_name = "HKEY_LOCAL_MACHINE" if name == "HKLM" else "HKEY_CURRENT_USER"
        return _key_exists(machine, call, f"{long_name}\\{rest}")
    if name == "ENV":
        return rest.lower() in {each.lower() for each in identity.environment(machine, call)}
    raise NotModelled(f"whether {path} exists: of PowerShell's drives it has disks, HKLM:, HKCU: and Env:")


def _key_exists(machine: Machine, call: Call, path: str) -> bool:
    hive, *keys = [part for part in re.split(r"[\\/]", path) if part]
    if hive.upper() not in _HIVES:
        return False
    root = identity.hkcu(machine, call) if hive.upper() == "HKEY_CURRENT_USER" else hive
    return machine.registry.exists("\\".join([root, *keys]))
