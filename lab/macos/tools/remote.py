"""What tells of Screen Sharing and of management: kickstart, nc, lsof, profiles, mdmclient.

Source: docs/sources/macos.md#screen-sharing.

A port is open while launchd holds the job that listens on it. Guess: the texts of `profiles list` without profiles.
"""

from __future__ import annotations

import sys

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

# Port -> the job in the domain `system` that launchd listens for.
_LISTENERS = {22: "com.openssh.sshd", 445: "com.apple.smbd", 5900: "com.apple.screensharing"}
_NAMES = {22: "ssh", 445: "microsoft-ds", 5900: "rfb"}
_NO_INSTALL = "profiles tool no longer supports installs.  Use System {app} Profiles to add configuration profiles."


def _listens(session: Session, port: int) -> bool:
    return _LISTENERS.get(port) in session.state.read()["launchd"]["jobs"]["system"]


def nc(session: Session, arguments: list[str]) -> int:
    """`nc -z [-G N] [-w N] HOST PORT`: this machine's own ports only."""
    match arguments:
        case ["-z", host, port] | ["-z", "-G" | "-w", _, host, port]:
            pass
        case _:
            raise not_modelled("nc", arguments)
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise not_modelled("nc", arguments)
    if not _listens(session, int(port)):
        return 1
    sys.stderr.write(f"Connection to {host} port {port} [tcp/{_NAMES[int(port)]}] succeeded!\n")
    return 0


def lsof(session: Session, arguments: list[str]) -> int:
    """`lsof -nP -iTCP:PORT -sTCP:LISTEN`: without root it does not see launchd's ports, exit code 1 for nothing."""
    match arguments:
        case ["-nP", place, "-sTCP:LISTEN"] if place.startswith("-iTCP:") and place[6:].isdigit():
            port = int(place[6:])
        case _:
            raise not_modelled("lsof", arguments)
    if session.who.uid != 0 or not _listens(session, port):
        return 1
    print("COMMAND PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME")
    for kind in ("IPv6", "IPv4"):
        print(f"launchd   1 root   {port % 90 + 8}u  {kind} 0x1a2b3c4d5e6f7081      0t0  TCP *:{port} (LISTEN)")
    return 0


def kickstart(session: Session, arguments: list[str]) -> int:
    """ARD's kickstart: since macOS 12.1 it can't turn Screen Sharing on, and ends as if it had."""
    if session.who.uid != 0:
        raise ToolError("kickstart: must be run as root")
    version = tuple(int(part) for part in session.state.read()["system"]["product_version"].split("."))
    switches = [word for word in arguments if word in ("-activate", "-deactivate")]
    if len(switches) != 1:
        raise not_modelled("kickstart", arguments)
    on = switches == ["-activate"]
    print("Starting...")
    if on and version >= (12, 1):
        app = "System Settings" if version >= (13,) else "System Preferences"
        for what in ("Screen recording", "Screen control"):
            print(
                f"{what} might be disabled. Screen Sharing or Remote Management must be enabled from {app} or via MDM."
            )
    else:
        with session.state.edit() as data:
            data["launchd"]["disabled"]["system"]["com.apple.screensharing"] = not on
            jobs = data["launchd"]["jobs"]["system"]
            jobs.pop("com.apple.screensharing", None)
            if on:
                path = "/System/Library/LaunchDaemons/com.apple.screensharing.plist"
                jobs["com.apple.screensharing"] = {"path": path, "pid": None}
    print("Activated Remote Management." if on else "Removed preference to start ARD after reboot.")
    print("Done.")
    return 0


def profiles(session: Session, arguments: list[str]) -> int:
    """`profiles install ...` (refused), `profiles status -type enrollment`, `profiles list|show` with none there."""
    data = session.state.read()
    enrolled = data["mdm"]["enrolled"]
    match arguments:
        case ["install" | "-I", *_]:
            app = "Settings" if int(data["system"]["product_version"].split(".")[0]) >= 13 else "Preferences"
            raise ToolError(_NO_INSTALL.format(app=app))
        case ["status", "-type", "enrollment"]:
            print(f"Enrolled via DEP: No\nMDM enrollment: {'Yes (User Approved)' if enrolled else 'No'}")
            return 0
        case ["list" | "show" | "-P" | "-C"] if not enrolled:
            where = "in the system domain" if session.who.uid == 0 else f"for user '{session.who.name}'"
            print(f"There are no configuration profiles installed {where}")
            return 0
    raise not_modelled("profiles", arguments)


def mdmclient(session: Session, arguments: list[str]) -> int:
    """`mdmclient QuerySecurityInfo`, the one line about remote desktop."""
    if arguments != ["QuerySecurityInfo"] or session.who.uid != 0:
        raise not_modelled("mdmclient", arguments)
    print(f"    RemoteDesktopEnabled = {int(session.state.read()['mdm']['remote_desktop'])};")
    return 0


TOOLS = {"lab-kickstart": kickstart, "lsof": lsof, "mdmclient": mdmclient, "nc": nc, "profiles": profiles}
