"""The copies that Windows Installer keeps of its packages, to repair and uninstall from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

_PRODUCTS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products"


def keep_package(machine: Machine, entry: str, metadata: Mapping[str, Any]) -> None:
    """Windows keeps a copy of an .msi to uninstall from; the name is random there and follows from the product here."""
    path = rf"C:\WINDOWS\Installer\{_packed(entry)[:7].lower()}.msi"
    machine.files.add_stub(path, 1_048_576, metadata, attributes=("Archive", "Hidden"))
    machine.registry.set(properties_key(entry), "LocalPackage", Value("REG_SZ", path))


def forget_package(machine: Machine, entry: str) -> None:
    """Uninstalling takes the copy along, and what is noted of the product."""
    path = machine.registry.data(properties_key(entry), "LocalPackage")
    if path is not None:
        machine.files.delete(path)
    machine.registry.delete_key(properties_key(entry).rpartition("\\")[0])


def properties_key(entry: str) -> str:
    """Return the key where Windows Installer notes what it knows of the product of an uninstall entry."""
    return f"{_PRODUCTS}\\{_packed(entry)}\\InstallProperties"


def _packed(entry: str) -> str:
    """Return a product code as Windows Installer writes it in key names: each group of the GUID reversed."""
    name = entry.rpartition("\\")[2]
    groups = re.fullmatch(r"\{(\w{8})-(\w{4})-(\w{4})-(\w{4})-(\w{12})\}", name)
    if groups is None:
        return name
    first, second, third, fourth, fifth = groups.groups()
    tail = fourth + fifth
    pairs = "".join(tail[at + 1] + tail[at] for at in range(0, len(tail), 2))
    return (first[::-1] + second[::-1] + third[::-1] + pairs).upper()
