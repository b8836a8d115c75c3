"""systemsetup and sntp (docs/sources/macos.md#network-time). The time server is in /etc/ntp.conf; the first one counts.

Guesses: the texts of sntp, and of systemsetup for a value that is neither on nor off.
"""

from __future__ import annotations

import sys

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_CONF = "/etc/ntp.conf"
_NOISE = "### Error:-99 File:/AppleInternal/Library/BuildRoots/x/Sources/Admin/InternetServices.m Line:379\n"
# docs/sources/macos.md#remote-login
_NEEDS_ACCESS = "setremotelogin: Turning Remote Login on or off requires Full Disk Access privileges."


def systemsetup(session: Session, arguments: list[str]) -> int:
    """Read and set: without root it refuses on standard output, with exit code 0."""
    if session.who.uid != 0:
        print("You need administrator access to run this tool... exiting!")
        return 0
    match arguments:
        case ["-getnetworktimeserver"]:
            print(f"Network Time Server: {_server()}")
        case ["-setnetworktimeserver", server]:
            sys.stderr.write(_NOISE)
            with open(_CONF, "w", encoding="utf-8") as file:
                file.write(f"server {server}\n")
            print(f"setNetworkTimeServer: {server}")
        case ["-getusingnetworktime"]:
            print(f"Network Time: {'On' if session.state.read()['clock']['network_time'] else 'Off'}")
        case ["-setusingnetworktime", "on" | "off" as word]:
            sys.stderr.write(_NOISE)
            with session.state.edit() as data:
                data["clock"]["network_time"] = word == "on"
            print(f"setUsingNetworkTime: {word.capitalize()}")
        case ["-getremotelogin"]:
            print("Remote Login: On")
        case ["-setremotelogin", _] | ["-f", "-setremotelogin", _]:
            print(_NEEDS_ACCESS)
        case _:
            raise not_modelled("systemsetup", arguments)
    return 0


def _server() -> str:
    try:
        with open(_CONF, encoding="utf-8") as file:
            words = [line.split() for line in file]
    except FileNotFoundError:
        return ""
    return next((line[1] for line in words if len(line) > 1 and line[0] == "server"), "")


def sntp(session: Session, arguments: list[str]) -> int:
    """`sntp [-sS] HOST`: every host answers but those below `.invalid`; `-s` sets the clock, as root."""
    match arguments:
        case [host] if not host.startswith("-"):
            sets = False
        case ["-sS" | "-S" | "-s", host]:
            sets = arguments[0] != "-S"
        case _:
            raise not_modelled("sntp", arguments)
    if host.endswith(".invalid"):
        raise ToolError(f"sntp: {host}: nodename nor servname provided, or not known")
    if sets and session.who.uid != 0:
        raise ToolError("sntp: settimeofday: Operation not permitted")
    print(f"{session.state.read()['clock']['offset_seconds']:+.6f} +/- 0.012345 {host} 192.0.2.123")
    if sets:
        with session.state.edit() as data:
            data["clock"]["offset_seconds"] = 0
    return 0


TOOLS = {"sntp": sntp, "systemsetup": systemsetup}
