r"""Registry paths and values as Ansible's registry modules write and show them: HKLM:\SOFTWARE\X, String, DWord."""

from __future__ import annotations

import re

from lab.windows.calls import identity
from lab.windows.calls.payload import Call
from lab.windows.machine import Machine
from lab.windows.machine.registry import Value

# RegistryValueKind of .NET by the name of the type in Windows.
KINDS = {
    "REG_SZ": "String",
    "REG_EXPAND_SZ": "ExpandString",
    "REG_MULTI_SZ": "MultiString",
    "REG_DWORD": "DWord",
    "REG_QWORD": "QWord",
    "REG_BINARY": "Binary",
    "REG_NONE": "None",
}
_FORM = re.compile(r"HK(?:CC|CR|CU|LM|U):\\", re.IGNORECASE)
_LONG_NAMES = {
    "HKCC": "HKEY_CURRENT_CONFIG",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKCU": "HKEY_CURRENT_USER",
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKU": "HKEY_USERS",
}


def is_path(path: str) -> bool:
    r"""Whether the modules take this for a registry path: HKLM:\..., and nothing but the five short hive names."""
    return bool(_FORM.match(path))


def locate(machine: Machine, call: Call, path: str) -> str:
    """Return the path as the lab's registry takes it; HKCU is the hive of the account that the call runs as."""
    hive, _, rest = path.partition(":")
    root = identity.hkcu(machine, call) if hive.upper() == "HKCU" else hive.upper()
    return "\\".join([root, *(part for part in rest.split("\\") if part)])


def long_name(path: str) -> str:
    r"""Return the path as .NET names it in messages: HKEY_LOCAL_MACHINE\..."""
    hive, _, rest = path.partition(":")
    return "\\".join([_LONG_NAMES[hive.upper()], *(part for part in rest.split("\\") if part)])


def may_write(machine: Machine, call: Call, path: str) -> bool:
    """Whether the account may write or delete here."""
    return identity.subject(machine, call).may_write_key(locate(machine, call, path))


def signed(value: Value) -> Value:
    """Return the value with its number signed, as .NET gives it; other values unchanged."""
    bits = {"REG_DWORD": 32, "REG_QWORD": 64}.get(value.type)
    if bits is None or not isinstance(value.data, int) or value.data < 2 ** (bits - 1):
        return value
    return Value(value.type, value.data - 2**bits)


def as_bytes_shown(data: bytes) -> list[str]:
    """Return bytes as the modules show them: ["0xbe", "0xef"]."""
    return [f"0x{byte:02x}" for byte in data]
