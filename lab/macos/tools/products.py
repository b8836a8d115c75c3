"""What installing a package does to the machine (docs/sources/forticlient.md#packages-on-a-mac).

Guesses: that FortiClient's launchd jobs run right after the install, that an upgrade keeps the extension's approval,
and that the network service comes with the first tunnel only.
"""

from __future__ import annotations

import os
import plistlib
import posix
import sys
from typing import Any

from lab.macos import forticlient, toolset
from lab.macos.media import Package
from lab.macos.session import Session

_FRAMEWORK = "/Library/Frameworks/Python.framework/Versions"
_PYTHON_PARTS = ("PythonFramework", "PythonApplications", "PythonUnixTools", "PythonDocumentation")
_WAITING, _LEAVING = "activated waiting for user", "terminated waiting to uninstall on reboot"


def is_upgrade(session: Session, package: Package) -> bool:
    """Whether one of the package's receipts is there already."""
    return bool(set(_receipts(package)) & set(session.state.read()["receipts"]))


def _receipts(package: Package) -> dict[str, Any]:
    if package.product == "forticlient":
        return forticlient.receipts(package.version)
    names = package.receipts
    if package.product == "python":
        short = ".".join(package.version.split(".")[:2])
        names = tuple(f"org.python.Python.{part}-{short}" for part in _PYTHON_PARTS)
    return {name: {"version": package.version, "location": "/", "install_time": 1_760_000_000} for name in names}


def install(session: Session, package: Package) -> None:
    """Do it; the session is root's."""
    if package.product == "forticlient":
        _forticlient(session, package)
    elif package.product == "python":
        _python(session, package.version)
    for path, text in package.files.items():
        write(path, text.encode(), 0o644)
    with session.state.edit() as data:
        data["receipts"].update(_receipts(package))


def write(path: str, content: bytes, mode: int) -> None:
    """Write a file as the running user, with the folders above it."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def _forticlient(session: Session, package: Package) -> None:
    """Put a version in the place of any other; vpn.plist is written anew, with all profiles gone."""
    for path, content, mode in forticlient.files(package.version, package.edition):
        write(path, content, mode)
    make_runnable(session, forticlient.HELPER)
    epctrl = f"{forticlient.SUPPORT}/bin/epctrl"
    if package.edition != "full" and os.path.exists(epctrl):
        os.unlink(epctrl)
    write(forticlient.VPN_PLIST, plistlib.dumps({**forticlient.settings(), "Profiles": {}}), 0o644)
    os.chown(forticlient.VPN_PLIST, 0, 0)
    with session.state.edit() as data:
        forticlient.set_tunnel(data, up=False)
        _start_jobs(data)
        _extension(data, package.version)


def _start_jobs(data: dict[str, Any]) -> None:
    jobs = data["launchd"]["jobs"]
    for pid, job in enumerate(forticlient.DAEMONS, start=410):
        jobs["system"][f"com.fortinet.forticlient.{job}"] = {"path": forticlient.daemon(job), "pid": pid}
    for domain in jobs:
        if domain.startswith("gui/"):
            jobs[domain]["com.fortinet.forticlient.agent"] = {"path": forticlient.AGENT, "pid": 490}


def _extension(data: dict[str, Any], version: str) -> None:
    """Register this version's extension; the one before it stays until the next restart."""
    ours = [item for item in data["system_extensions"] if item["id"] == f"{forticlient.BUNDLE}.nwextension"]
    if not forticlient.has_extension(version):
        return
    approved = forticlient.TEAM in data["mdm"]["allowed_teams"]
    state = "activated enabled" if approved else _WAITING
    for item in ours:
        if item["state"] != _LEAVING:
            state = "activated enabled" if approved else item["state"]
            item["state"] = _LEAVING
    fresh = forticlient.extension(version, state)
    data["system_extensions"] = [
        item for item in data["system_extensions"] if (item["id"], item["version"]) != (fresh["id"], fresh["version"])
    ]
    data["system_extensions"].append(fresh)


def remove_forticlient(session: Session, *, keep_settings: bool) -> None:
    """Do what the uninstall helper does: receipts and network service stay behind, the extension until a restart."""
    for path in (
        forticlient.APP,
        forticlient.UNINSTALLER,
        forticlient.AGENT,
        *map(forticlient.daemon, forticlient.DAEMONS),
    ):
        _delete(path)
    _delete(f"{forticlient.SUPPORT}/bin" if keep_settings else os.path.dirname(forticlient.SUPPORT))
    with session.state.edit() as data:
        forticlient.set_tunnel(data, up=False)
        for jobs in data["launchd"]["jobs"].values():
            for label in [label for label in jobs if label.startswith("com.fortinet.")]:
                del jobs[label]
        for item in data["system_extensions"]:
            if item["team"] == forticlient.TEAM:
                item["state"] = _LEAVING


def _delete(path: str) -> None:
    if not os.path.isdir(path):
        if os.path.lexists(path):
            os.unlink(path)
        return
    for name in os.listdir(path):
        _delete(f"{path}/{name}")
    os.rmdir(path)


def _python(session: Session, version: str) -> None:
    """Install Python: an interpreter that runs the modules sent to it, with the lab's own Python below."""
    short = ".".join(version.split(".")[:2])
    write(f"{_FRAMEWORK}/{short}/Resources/Info.plist", plistlib.dumps({"CFBundleVersion": version}), 0o644)
    os.makedirs("/usr/local/bin", exist_ok=True)
    with session.state.edit() as data:
        data["pythons"] = sorted({*data["pythons"], version})
    toolset.install_pythons(session.paths.root, session.state.file, [version], sys.executable)


def make_runnable(session: Session, path: str) -> None:
    """Let the shell start one of the lab's own programs in the tree; others keep no execute bit on disk."""
    posix.chmod(session.real(path), 0o755)
