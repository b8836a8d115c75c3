"""Small records that a virtual Windows machine is made of."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple


class MachineError(Exception):
    """What Windows would refuse; `code` is the Win32 error number."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the Win32 number beside the text."""
        super().__init__(message)
        self.code = code


class NotModelled(Exception):  # noqa: N818 - it is an answer of the lab, not an error of it
    """The lab cannot answer truthfully; `what` names the module, option or state, e.g. "win_file option 'x'".

    To be raised before anything is written.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"The lab does not model {what}.")


@dataclass
class Service:
    """The running side of a service; its start mode, path and names are in the registry.

    State as in CIM: Running, Stopped, Paused. `error` is what WMI says when it is asked for it, of a broken one.
    """

    name: str
    state: str = "Stopped"
    error: str = ""


@dataclass
class Adapter:
    """A network adapter.

    `status` as Get-NetAdapter gives it (Up, Disconnected, Disabled); `kind`: ethernet, wifi, vpn, ppp; `profile`:
    GUID of the NetworkList profile while connected.
    """

    name: str
    description: str
    mac: str = ""
    status: str = "Up"
    kind: str = "ethernet"
    addresses: list[str] = field(default_factory=list)
    gateway: str = ""
    dns: list[str] = field(default_factory=list)
    profile: str | None = None


@dataclass
class RestorePoint:
    """A restore point; `age_hours` is relative to the machine's present, which does not move."""

    sequence: int
    description: str
    type: int = 12
    age_hours: int = 0


class Text(NamedTuple):
    """A resource text in both languages."""

    english: str
    japanese: str


def guid(rng: random.Random) -> str:
    """Return a GUID in braces and upper case that follows from the generator's state."""
    return f"{{{uuid.UUID(int=rng.getrandbits(128), version=4)}}}".upper()
