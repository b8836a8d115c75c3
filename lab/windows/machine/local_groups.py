"""What the WinNT provider (ADSI) and account translation do with members of local groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.machine.parts import MachineError

if TYPE_CHECKING:
    from lab.windows.machine import Machine
    from lab.windows.machine.accounts import Group

NOT_TRANSLATED = (
    'Exception calling "Translate" with "1" argument(s): "Some or all identity references could not be translated."'
)


_NOT_IN_NAMES = {*'"/\\[]:;|=,+*?<>@', *map(chr, range(32))}
ACCESS_DENIED = "Access is denied."


def shown(machine: Machine, sid: str) -> str:
    """Return the account's name, or the SID itself for an orphan."""
    return machine.name_of(sid) or sid


def refused(method: str, arguments: int, reason: str = ACCESS_DENIED) -> str:
    """Return how PowerShell says that a method of ADSI failed."""
    return f'Exception calling "{method}" with "{arguments}" argument(s): "{reason}\r\n"'


def wrong_name(name: str) -> bool:
    """Tell whether Windows refuses this as the name of a local account: characters that it keeps, or dots alone."""
    return not name.strip(". ") or bool(set(name) & _NOT_IN_NAMES)


def add_member(machine: Machine, group: Group, sid: str) -> None:
    """Add an account. Raises MachineError 1387 for one that does not exist and 1388 for a local group."""
    if sid in machine.groups:
        raise MachineError(
            1388,
            refused(
                "Add",
                1,
                "A new member could not be added to a local group because the member has the wrong account type.",
            ),
        )
    if machine.name_of(sid) is None:
        raise MachineError(
            1387,
            refused(
                "Add",
                1,
                "A member could not be added to or removed from the local group because the member does not exist.",
            ),
        )
    group.members.add(sid)
