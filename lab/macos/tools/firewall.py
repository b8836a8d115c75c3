"""socketfilterfw: the application firewall, which is off as delivered (docs/sources/macos.md#application-firewall).

The newer wording from macOS 13 on is a guess; both are published.
"""

from __future__ import annotations

from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_FRESH: dict[str, Any] = {"enabled": False, "block_all": False, "blocked": []}
_SETTINGS = {"--setglobalstate": "enabled", "--setblockall": "block_all"}


def socketfilterfw(session: Session, arguments: list[str]) -> int:
    """Answer a question of the three, or change what it answers: --setglobalstate, --setblockall, --blockapp."""
    data = session.state.read()
    found = data.get("application_firewall", _FRESH)
    match arguments:
        case ["--getglobalstate"]:
            number = 2 if found["block_all"] else 1
            print(
                f"Firewall is enabled. (State = {number})" if found["enabled"] else "Firewall is disabled. (State = 0)"
            )
        case ["--getblockall"]:
            old = int(data["system"]["product_version"].split(".")[0]) < 13
            print(_blocks_all(old=old, on=found["block_all"]))
        case ["--getappblocked", program]:
            word = "blocked" if program in found["blocked"] else "permitted"
            print(f"Incoming connection to the application is {word}")
        case ["--setglobalstate" | "--setblockall" as option, "on" | "off" as word]:
            _change(session, _SETTINGS[option], word == "on")
        case ["--blockapp", program]:
            _change(session, "blocked", [*found["blocked"], program])
        case _:
            raise not_modelled("socketfilterfw", arguments)
    return 0


def _blocks_all(*, old: bool, on: bool) -> str:
    if old:
        return "Firewall is set to block all non-essential incoming connections" if on else "Block all DISABLED!"
    return f"Firewall has block all state set to {'enabled' if on else 'disabled'}."


def _change(session: Session, name: str, value: Any) -> None:
    if session.who.uid != 0:
        raise ToolError("Must be root to change settings.")
    with session.state.edit() as data:
        data["application_firewall"] = {**_FRESH, **data.get("application_firewall", {}), name: value}


TOOLS = {"socketfilterfw": socketfilterfw}
