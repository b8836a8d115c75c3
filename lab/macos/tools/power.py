"""pmset: when the Mac sleeps, by source of power (docs/sources/macos.md#energy-settings)."""

from __future__ import annotations

from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_BATTERY, _MAINS = "Battery Power", "AC Power"
_SOURCES = {"-b": (_BATTERY,), "-c": (_MAINS,), "-a": (_BATTERY, _MAINS)}


def pmset(session: Session, arguments: list[str]) -> int:
    """`pmset -g custom`, `pmset -a|-b|-c SETTING NUMBER`."""
    found: dict[str, Any] = session.state.read()["power"]
    match arguments:
        case ["-g", "custom"]:
            for source in (_BATTERY, _MAINS):
                print("\n".join([f"{source}:", *(f" {name:<20} {value}" for name, value in found[source].items())]))
        case ["-a" | "-b" | "-c" as which, setting, value] if setting in found[_MAINS] and value.isdigit():
            if session.who.uid != 0:
                raise ToolError("'pmset' must be run as root...")
            with session.state.edit() as data:
                for source in _SOURCES[which]:
                    data["power"][source][setting] = int(value)
        case _:
            raise not_modelled("pmset", arguments)
    return 0


TOOLS = {"pmset": pmset}
