"""What simulated endpoints of every system have in common: their faults, and that an answer that is lost is logged."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from lab.calls import CallLog
from lab.faults import UNANSWERED, Faults
from lab.silence import Silence


class Endpoint(ABC):
    """One endpoint on the network; its server asks it about each command that begins."""

    def __init__(self, name: str, calls: CallLog) -> None:
        """Nothing listens yet."""
        self.name = name
        self.port = 0
        self.faults = Faults()
        self._calls = calls
        self._silence = Silence()
        self._going: asyncio.Task[None] | None = None  # kept so that it is not collected before its end

    @abstractmethod
    async def _apply_state(self) -> None:
        """Listen, or not, as the faults say."""

    def next_command(self) -> bool:
        """Count a command that begins; whether the machine goes off with it, in the middle of the controller's run."""
        goes = self.faults.next_command()
        if goes:
            self._going = asyncio.get_running_loop().create_task(self._apply_state())
        return goes

    def strikes(self, kind: str, name: str = "") -> bool:
        """Whether a fault hits now, at a command of this name."""
        return self.faults.strikes(kind, name)

    def is_unanswered(self) -> bool:
        """Whether the command that begins is never answered; it is in the log of calls all the same."""
        hit = self.strikes("timeout")
        if hit:
            self._calls.record(self.name, "command", UNANSWERED, check_mode=False, seconds=0.0, rc=None)
        return hit
