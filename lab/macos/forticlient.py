"""What FortiClient's package puts on a Mac, and the files that it comes in.

Facts: docs/sources/forticlient.md#on-a-mac. Names of the launchd jobs and the content of fctinfo
beyond `version=` are invented.
"""

from __future__ import annotations

import hashlib
import plistlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lab.macos.media import Image, Package

TEAM, BUNDLE = "AH4XFXJ7DK", "com.fortinet.forticlient.macos.vpn"
APP, UNINSTALLER = "/Applications/FortiClient.app", "/Applications/FortiClientUninstaller.app"
HELPER = f"{UNINSTALLER}/Contents/Library/LaunchServices/com.fortinet.forticlient.uninstall_helper"
SUPPORT = "/Library/Application Support/Fortinet/FortiClient"
VPN_PLIST = f"{SUPPORT}/conf/vpn.plist"
AGENT = "/Library/LaunchAgents/com.fortinet.forticlient.agent.plist"
DAEMONS = ("servctl", "config")
# The service's names, disconnected and connected (docs/sources/macos.md#forticlient-as-a-network-service).
IDLE_NAME, CONNECTED_NAME = "FortiClient VPN Tunnel", "VPN"
# macOS 11 and later needs this one; older ones install, but bring a kernel extension that is not loaded.
FIRST_WITH_EXTENSION = (6, 4, 3)
_RECEIPTS = ("FortiClient", "commservice", "postinstall", "preinstall", "vpnservice")
_NOT_MODELLED = b"#!/bin/sh\necho 'lab: a program of FortiClient is not modelled' >&2\nexit 127\n"
HELPER_PROGRAM = "lab-forticlient-helper"


def package(version: str, edition: str = "vpn", **changes: Any) -> Package:
    """Return FortiClient's package; `edition`: vpn (free, VPN only) or full; `changes`: other fields of Package."""
    title = "FortiClientVPN" if edition == "vpn" else "FortiClient"
    return replace(Package(title, version, "forticlient", edition, "Fortinet, Inc", TEAM), **changes)


def image(
    version: str, edition: str = "vpn", *, name: str = "Install.mpkg", licence: str = "", **changes: Any
) -> Image:
    """Return the offline disk image with the package under `name` (Install.mpkg or Install.pkg)."""
    return Image("FortiClientVPN", {name: package(version, edition, **changes)}, licence)


def online_installer(version: str) -> Image:
    """Return the disk image that is offered to the public: an application that fetches the package by itself."""
    info = {"CFBundleIdentifier": "com.fortinet.FortiClientInstaller", "CFBundleShortVersionString": version}
    return Image(
        "FortiClientVPN", {"FortiClientInstaller.app/Contents/Info.plist": plistlib.dumps(info).decode("utf-8")}
    )


def daemon(job: str) -> str:
    """Return the file of one of FortiClient's launchd daemons."""
    return f"/Library/LaunchDaemons/com.fortinet.forticlient.{job}.plist"


def files(version: str, edition: str) -> Iterator[tuple[str, bytes, int]]:
    """Yield (path, content, mode) of what is installed, without vpn.plist."""
    info = {
        "CFBundleIdentifier": "com.fortinet.FortiClient",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
    }
    yield f"{APP}/Contents/Info.plist", plistlib.dumps(info), 0o644
    other = {**info, "CFBundleIdentifier": "com.fortinet.FortiClientUninstaller"}
    yield f"{UNINSTALLER}/Contents/Info.plist", plistlib.dumps(other), 0o644
    # The place in the machine's tree comes from the script's own path, so that it is the same on all machines.
    yield HELPER, f'#!/bin/sh\nexec "${{0%/Applications/*}}/usr/libexec/{HELPER_PROGRAM}" "$@"\n'.encode(), 0o755
    yield f"{SUPPORT}/conf/fctinfo", f"version={version}\n".encode(), 0o644
    for name in ("fctservctl2", "fcconfig", *(["epctrl"] if edition == "full" else [])):
        yield f"{SUPPORT}/bin/{name}", _NOT_MODELLED, 0o755
    for job in DAEMONS:
        label = {"Label": f"com.fortinet.forticlient.{job}", "KeepAlive": True, "RunAtLoad": True}
        yield daemon(job), plistlib.dumps(label), 0o644
    yield AGENT, plistlib.dumps({"Label": "com.fortinet.forticlient.agent", "RunAtLoad": True}), 0o644


def settings() -> dict[str, Any]:
    """Return what a new vpn.plist holds beside the profiles."""
    return {
        "AutoStartVPN": 0,
        "DisableConnectDisconnect": 0,
        "DisallowPersonalVPN": 0,
        "EnableIPSec": 1,
        "EnableSSL": 1,
        "InheritLocalDNS": 0,
        "PreferDtlsTunnel": 0,
        "SslDisallowInvalidServCert": 0,
        "WarnInvalidServerCertificate": 1,
    }


def receipts(version: str) -> dict[str, Any]:
    """Return the receipts of pkgutil by identifier."""
    receipt = {"version": version, "location": "/", "install_time": 1_672_000_000}
    return {f"com.fortinet.forticlient.{name}": dict(receipt) for name in _RECEIPTS}


def has_extension(version: str) -> bool:
    """Whether this version brings a system extension."""
    return tuple(int(part) for part in version.split(".")[:3]) >= FIRST_WITH_EXTENSION


def extension(version: str, state: str) -> dict[str, str]:
    """Return the line of `systemextensionsctl list` as a record."""
    short, _, build = version.rpartition(".")
    return {
        "team": TEAM,
        "id": f"{BUNDLE}.nwextension",
        "version": f"{short}/{build}",
        "name": "vpnprovider",
        "state": state,
    }


def network_service(name: str, *, active: bool) -> dict[str, Any]:
    """Return FortiClient's service as the network settings know it."""
    return {"name": name, "port": BUNDLE, "device": "", "enabled": True, "active": active, **fresh_settings()}


def fresh_settings() -> dict[str, Any]:
    """Return the proxy and DNS settings of a new network service."""
    empty = {"enabled": False, "server": "", "port": 0}
    return {
        "auto_proxy": {"url": None, "enabled": False},
        "auto_discovery": False,
        "web_proxy": dict(empty),
        "secure_web_proxy": dict(empty),
        "bypass": ["*.local", "169.254/16"],
        "dns": [],
    }


def service_id(seed: int, machine: str) -> str:
    """Return the UUID of the service on a machine."""
    digits = hashlib.sha256(f"vpn/{seed}/{machine}".encode()).hexdigest().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def set_tunnel(data: dict[str, Any], *, up: bool) -> None:
    """Connect or disconnect in the machine's facts: the service's name follows.

    Source: docs/sources/macos.md#forticlient-as-a-network-service.
    """
    name = CONNECTED_NAME if up else IDLE_NAME
    for connection in data["vpn"]:
        connection.update(name=name, status="Connected" if up else "Disconnected")
    for service in data["network"]["services"]:
        if service["port"] == BUNDLE:
            service.update(name=name, active=up)
