"""pfctl: status, references, and rules of anchors, kept as text (facts/macos.md 5.3)."""

from __future__ import annotations

import sys
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_ALTQ = "No ALTQ support in kernel\nALTQ related functions disabled\n"
_FLUSH = (
    "pfctl: Use of -f option, could result in flushing of rules\n"
    "present in the main ruleset added by the system at startup.\n"
    "See /etc/pf.conf for further details.\n\n"
)
_MAIN = ['scrub-anchor "com.apple/*" all fragment reassemble', 'anchor "com.apple/*" all']


def pfctl(session: Session, arguments: list[str]) -> int:
    """Run one call."""
    if session.who.uid != 0:
        raise ToolError("pfctl: /dev/pf: Permission denied")
    sys.stderr.write(_ALTQ)
    match arguments:
        case ["-s", "info"] | ["-si"]:
            enabled = session.state.read()["pf"]["enabled"]
            print(f"Status: {'Enabled' if enabled else 'Disabled'} for 0 days 01:02:03           Debug: Urgent")
            return 0
        case ["-s", "rules"] | ["-sr"]:
            print("\n".join(_MAIN))
            return 0
        case ["-a", anchor, "-s", "rules"] | ["-a", anchor, "-sr"]:
            rules = session.state.read()["pf"]["anchors"].get(anchor, [])
            sys.stdout.write("".join(f"{rule}\n" for rule in rules))
            return 0
        case ["-a", anchor, "-f", file] | ["-a", anchor, "-F", "rules", "-f", file]:
            return _load(session, anchor, file)
        case ["-a", anchor, "-F", "rules" | "all"]:
            with session.state.edit() as data:
                data["pf"]["anchors"].pop(anchor, None)
            sys.stderr.write("rules cleared\n")
            return 0
        case ["-E"]:
            return _enable(session)
        case ["-X", token]:
            return _release(session, token)
    raise not_modelled("pfctl", arguments)


def _load(session: Session, anchor: str, file: str) -> int:
    sys.stderr.write(_FLUSH)
    try:
        with open(file, encoding="utf-8") as handle:
            lines = [line.strip() for line in handle]
    except OSError as error:
        raise ToolError(
            f"pfctl: {file}: {error.strerror}\npfctl: cannot open the main config file!: {error.strerror}"
        ) from error
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith(("#", "pass", "block", "table")):
            raise ToolError(f"{file}:{number}: syntax error\npfctl: Syntax error in config file: pf rules not loaded")
    with session.state.edit() as data:
        data["pf"]["anchors"][anchor] = [line for line in lines if line.startswith(("pass", "block"))]
    return 0


def _enable(session: Session) -> int:
    with session.state.edit() as data:
        pf: dict[str, Any] = data["pf"]
        pf["enabled"] = True
        token = str(1 + max([10**10, *map(int, pf["tokens"])]))
        pf["tokens"].append(token)
    sys.stderr.write(f"pf enabled\nToken : {token}\n")
    return 0


def _release(session: Session, token: str) -> int:
    with session.state.edit() as data:
        pf = data["pf"]
        if token not in pf["tokens"]:
            raise ToolError("pfctl: token not found")
        pf["tokens"].remove(token)
        pf["enabled"] = bool(pf["tokens"])
    sys.stderr.write(
        f"disable request successful. {len(data['pf']['tokens'])} more pf enable reference(s) remaining.\n"
    )
    return 0


TOOLS = {"pfctl": pfctl}
