"""sharing and sysadminctl: share points and guests of file sharing (docs/sources/macos.md#file-sharing).

Guesses: that `-f json` fails on macOS 11; that guest access is AllowGuestAccess in com.apple.smb.server.plist; the
prefix of sysadminctl's line.
"""

from __future__ import annotations

import json
import plistlib
import sys
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_USAGE = "usage: sharing -a <path> | -e <name> | -r <name> | -l [-f json]"
_GUESTS = "/Library/Preferences/SystemConfiguration/com.apple.smb.server.plist"
_LOG = "2026-01-02 03:04:05.678 sysadminctl[321:6543] "


def sharing(session: Session, arguments: list[str]) -> int:
    """`sharing -l [-f json]`, `-a PATH [-S NAME] [-n RECORD] [-s FLAGS] [-g FLAGS] [-R 0|1]`, `-r RECORD`."""
    data = session.state.read()
    shares: dict[str, Any] = data["shares"]
    match arguments:
        case ["-l"]:
            _show(shares)
            return 0
        case ["-l", "-f", "json"]:
            if data["system"]["product_version"].startswith("11."):
                raise ToolError(f"sharing: illegal option -- f\n{_USAGE}", 64)
            print(_json(shares))
            return 0
    if session.who.uid != 0:
        raise ToolError("sharing: you must be root to change share points")
    match arguments:
        case ["-r", record]:
            with session.state.edit() as edited:
                if edited["shares"].pop(record, None) is None:
                    raise ToolError(f"sharing: {record}: no such share point")
        case ["-a", path, *options]:
            _add(session, path, options, arguments)
        case _:
            raise not_modelled("sharing", arguments)
    return 0


def _add(session: Session, path: str, options: list[str], arguments: list[str]) -> None:
    given = dict(zip(options[::2], options[1::2], strict=False))
    if len(options) % 2 or set(given) - {"-S", "-n", "-s", "-g", "-R"}:
        raise not_modelled("sharing", arguments)
    base = path.rstrip("/").rsplit("/", 1)[-1]
    record = given.get("-n", base)
    # Three digits: AFP, FTP, SMB.
    share = {
        "path": path,
        "smb_name": given.get("-S", record),
        "smb_shared": int(given.get("-s", "001")[-1]),
        "smb_guest_access": int(given.get("-g", "000")[-1]),
        "smb_read_only": int(given.get("-R", "0")),
        "smb_sealed": 0,
    }
    with session.state.edit() as data:
        if record in data["shares"]:
            raise ToolError(f"sharing: {record}: share point exists already")
        data["shares"][record] = share


def _json(shares: dict[str, Any]) -> str:
    return json.dumps(shares, indent=2, sort_keys=True, ensure_ascii=False, separators=(",", " : "))


def _show(shares: dict[str, Any]) -> None:
    print("List of Share Points")
    for record, share in sorted(shares.items()):
        print(f"name:\t\t{record}\npath:\t\t{share['path']}\n\tsmb:\t{{")
        print(f"\t\tname:\t\t{share['smb_name']}\n\t\tshared:\t{share['smb_shared']}")
        print(f"\t\tguest access:\t{share['smb_guest_access']}\n\t\tread-only:\t{share['smb_read_only']}\n\t}}\n")


def sysadminctl(session: Session, arguments: list[str]) -> int:
    """`sysadminctl -smbGuestAccess status|on|off`: answers on standard error."""
    match arguments:
        case ["-smbGuestAccess", "status"]:
            pass
        case ["-smbGuestAccess", "on" | "off" as word]:
            if session.who.uid != 0:
                raise ToolError(f"{_LOG}Operation is not permitted without secure token unlock.")
            content = {**_guest_file(), "AllowGuestAccess": word == "on"}
            with open(_GUESTS, "wb") as file:
                plistlib.dump(content, file)
        case _:
            raise not_modelled("sysadminctl", arguments)
    allowed = _guest_file().get("AllowGuestAccess", False)
    sys.stderr.write(f"{_LOG}SMB guest access {'enabled' if allowed else 'disabled'}.\n")
    return 0


def _guest_file() -> dict[str, Any]:
    try:
        with open(_GUESTS, "rb") as file:
            return plistlib.load(file)
    except FileNotFoundError:
        return {}


TOOLS = {"sharing": sharing, "sysadminctl": sysadminctl}
