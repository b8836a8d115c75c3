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


def shown(machine: Machine, sid: str) -> str:
    """Return the account's name, or the SID itself for an orphan."""
    return machine.name_of(sid) or sid


def add_member(machine: Machine, group: Group, sid: str) -> None:
    """Add an account. Raises MachineError 1387 for one that does not exist and 1388 for a local group."""
    if sid in machine.groups:
        raise MachineError(
            1388,
            _refused(
                "Add", "A new member could not be added to a local group because the member has the wrong account type."
            ),
        )
    if machine.name_of(sid) is None:
        raise MachineError(
            1387,
            _refused(
                "Add",
                "A member could not be added to or removed from the local group because the member does not exist.",
            ),
        )
    group.members.add(sid)


def _refused(method: str, reason: str) -> str:
    return f'Exception calling "{method}" with "1" argument(s): "{reason}\r\n"'
