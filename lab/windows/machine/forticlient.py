"""What installing and removing the FortiClient VPN client does to a machine (docs/sources/forticlient.md)."""

from __future__ import annotations

import random

from lab.windows.machine import SERVICES, Machine
from lab.windows.machine.built_in_rules import RULES, VERSIONS
from lab.windows.machine.packages import forget_package, keep_package
from lab.windows.machine.parts import Adapter, Service, guid
from lab.windows.machine.registry import Value

KEY = r"HKLM\SOFTWARE\Fortinet\FortiClient"
TUNNELS = KEY + r"\Sslvpn\Tunnels"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
FOLDER = r"C:\Program Files\Fortinet\FortiClient"
# All free 7.4.3 builds share one code (3.3). The one of 7.0.7.0345 is not public; it is the lab's own.
PRODUCT_CODES = {
    "6.2.0.0780": "{A0B58B60-2749-4D61-BBE1-DB38826EAFBA}",
    "7.0.2.0090": "{C0BEAA5B-4422-4FF8-B616-9F269C360290}",
    "7.0.7.0345": "{3C9E1D52-8B6F-4A07-9D31-5E2F70C4A8B6}",
    "7.4.0.1658": "{0DC51760-4FB7-41F3-8967-D3DEC9D320EB}",
    "7.4.3.1790": "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}",
    "7.4.3.4726": "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}",
    "7.4.3.8758": "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}",
}
SSL_ADAPTER = "Fortinet SSL VPN Virtual Ethernet Adapter"
IPSEC_ADAPTER = "Fortinet Virtual Ethernet Adapter (NDIS 6.30)"
PROGRAMS = {
    "FortiClient.exe": 3_100_000,
    "FCConfig.exe": 900_000,
    "FortiTray.exe": 1_500_000,
    "scheduler.exe": 400_000,
    "FortiSSLVPNdaemon.exe": 2_700_000,
}
DRIVERS = {"FortiFilter": "FortiFilter.sys", "ftvnic": "ftvnic.sys", "ftsvnic": "ftsvnic.sys", "pppop": "pppop64.sys"}
RULE_GROUP = "FortiClient Network Services"
SIGNER = "CN=Fortinet Technologies (Canada) ULC, O=Fortinet Technologies (Canada) ULC, L=Ottawa, S=Ontario, C=CA"


def text(data: str) -> Value:
    """Return a REG_SZ value."""
    return Value("REG_SZ", data)


def number(data: int) -> Value:
    """Return a REG_DWORD value."""
    return Value("REG_DWORD", data)


def msi_metadata(version: str, product: str = "FortiClient VPN") -> dict[str, str]:
    """Return what the installer of a version says of itself (see `filesystem.installer_bytes`); KeyError if unknown."""
    return {
        "kind": "msi",
        "ProductName": product,
        "ProductVersion": version,
        "ProductCode": PRODUCT_CODES[version],
        "Manufacturer": "Fortinet Technologies Inc",
        "Signer": SIGNER,
        "SignatureStatus": "Valid",
    }


def is_forticlient(metadata: dict[str, str]) -> bool:
    """Tell whether an installer with this metadata is a FortiClient one, free or full."""
    return metadata.get("ProductName") in ("FortiClient VPN", "FortiClient")


def installed_version(machine: Machine) -> str | None:
    """Return the version that the Uninstall entry shows, or None."""
    return next((str(machine.registry.data(entry, "DisplayVersion")) for entry in _entries(machine)), None)


def _entries(machine: Machine) -> list[str]:
    """Return the Uninstall entries of the client, whichever edition."""
    keys = machine.registry.keys(UNINSTALL) if machine.registry.exists(UNINSTALL) else []
    entries = [f"{UNINSTALL}\\{key}" for key in keys]
    return [entry for entry in entries if is_forticlient({"ProductName": machine.registry.data(entry, "DisplayName")})]


def install(machine: Machine, version: str, product: str = "FortiClient VPN", code: str | None = None) -> None:
    """Install a version: Uninstall entry, kept package, programs, service, drivers, adapters, firewall rules.

    Tunnels that are there stay.
    """
    code = code or PRODUCT_CODES[version]
    _uninstall_entry(machine, code, version, product)
    keep_package(machine, code, msi_metadata(version, product))
    for name, size in PROGRAMS.items():
        machine.files.delete(f"{FOLDER}\\{name}")
        machine.files.add_stub(
            f"{FOLDER}\\{name}",
            size,
            {"ProductVersion": version, "FileVersion": version, "Signer": SIGNER, "SignatureStatus": "Valid"},
        )
    machine.registry.update(KEY, {"installed_version": text(version), "InstallPath": text(FOLDER + "\\")})
    machine.registry.create(TUNNELS)
    machine.registry.update(KEY + r"\Sslvpn", {"no_warn_invalid_cert": number(0), "PreferDtlsTunnel": number(0)})
    machine.registry.update(KEY + r"\FA_UPDATE", {"enabled": number(1)})
    _services(machine)
    _adapters(machine, version)
    rng = random.Random(f"{machine.name}/forticlient")  # noqa: S311 - repeatable on purpose
    build = VERSIONS.get(machine.build, "v2.33")
    for program in ("FortiClient.exe", "FortiSSLVPNdaemon.exe", "scheduler.exe"):
        rule = (
            f"{build}|Action=Allow|Active=TRUE|Dir=In|App={FOLDER}\\{program}|Name={RULE_GROUP}|EmbedCtxt={RULE_GROUP}|"
        )
        machine.registry.set(RULES, guid(rng), text(rule))


def remove(machine: Machine) -> None:
    """Remove the client, with the package that Windows kept of it.

    Drivers, adapters' services, firewall rules, and all Fortinet keys with the tunnels stay behind (3.4).
    """
    for entry in _entries(machine):
        forget_package(machine, entry)
        machine.registry.delete_key(entry)
    machine.registry.delete_key(f"{SERVICES}\\FA_Scheduler")
    machine.services.pop("FA_Scheduler", None)
    machine.files.delete(FOLDER, recursive=True)
    machine.adapters = [
        adapter
        for adapter in machine.adapters
        if adapter not in machine.tunnel_adapters() and adapter.description != IPSEC_ADAPTER
    ]


def _uninstall_entry(machine: Machine, code: str, version: str, product: str) -> None:
    for old in _entries(machine):  # an upgrade takes the version before along
        forget_package(machine, old)
        machine.registry.delete_key(old)
    values = {
        "DisplayName": text(product),
        "DisplayVersion": text(version),
        "Publisher": text("Fortinet Technologies Inc"),
        "InstallDate": text("20250410"),
        "InstallLocation": text(FOLDER + "\\"),
        "UninstallString": Value("REG_EXPAND_SZ", f"MsiExec.exe /X{code}"),
        "ModifyPath": Value("REG_EXPAND_SZ", f"MsiExec.exe /X{code}"),
        "WindowsInstaller": number(1),
        "EstimatedSize": number(241_664),
        "Language": number(1033),
        "VersionMajor": number(int(version.split(".", maxsplit=1)[0])),
        "VersionMinor": number(int(version.split(".")[1])),
    }
    machine.registry.update(f"{UNINSTALL}\\{code}", values)


def _services(machine: Machine) -> None:
    values = {
        "DisplayName": text("FortiClient VPN Service Scheduler"),
        "ImagePath": Value("REG_EXPAND_SZ", f'"{FOLDER}\\scheduler.exe"'),
        "ObjectName": text("LocalSystem"),
        "ErrorControl": number(1),
        "Start": number(2),
        "Type": number(0x10),
    }
    machine.registry.update(f"{SERVICES}\\FA_Scheduler", values)
    machine.services["FA_Scheduler"] = Service("FA_Scheduler", "Running")
    for name, file in DRIVERS.items():
        image = Value("REG_EXPAND_SZ", rf"\SystemRoot\system32\drivers\{file}")
        machine.registry.update(
            f"{SERVICES}\\{name}",
            {"ImagePath": image, "Start": number(3), "Type": number(1), "ErrorControl": number(1)},
        )


def _adapters(machine: Machine, version: str) -> None:
    """Make both virtual Ethernet adapters, which exist while disconnected too; for 7.0 the PPP one.

    Source: docs/sources/forticlient.md#adapters-on-windows and docs/sources/service.md#windows-adapter.
    """
    if machine.tunnel_adapters():
        return
    machine.adapters.append(Adapter("Ethernet 2", SSL_ADAPTER, "00-09-0F-AA-00-01", "Disconnected", "vpn"))
    machine.adapters.append(Adapter("Ethernet 3", IPSEC_ADAPTER, "00-09-0F-FE-00-01", "Disconnected", "vpn"))
    if version.startswith("7.0."):
        machine.adapters.append(Adapter("fortissl", "PPPoP WAN Adapter", "", "Disconnected", "ppp"))
