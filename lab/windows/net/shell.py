"""What the remote shells of both kinds have in common: commands that run, and clients that wait for what they say.

A shell of `cmd` holds processes (winrs.py), a runspace pool holds pipelines (psrp.py); both are commands of a shell in
WS-Management's words. What a command does is not known here: it is the `run` function that the listener is made with.
Not certain: the fault for an unknown command.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lab.windows.calls.outcome import Outcome
from lab.windows.net import wsman
from lab.windows.net.wsman import Request, WsmanFault

PIECE = 32 * 1024  # octets of output in one Receive response, before base64
ENVELOPE_ROOM = 4096  # octets of a Receive response that are not output
CTRL_C_EXIT = 0xC000013A  # STATUS_CONTROL_C_EXIT

log = logging.getLogger(__name__)
# (command line or script, stdin, user) -> the outcome, or None when its answer is to be lost with the connection
Run = Callable[[str, bytes, str], Awaitable[Outcome | None]]


class AnswerLost(Exception):  # noqa: N818 - not an error: what happens to the connection
    """The connection has to be dropped in place of an answer."""


@dataclass
class Command:
    """One command. `changed` is set while there is something to receive."""

    id: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    receiving: bool = False
    lost: bool = False
    ended: bool = False


C = TypeVar("C", bound=Command)


class Shell(ABC, Generic[C]):
    """One remote shell of one user."""

    resource: str

    def __init__(self, shell_id: str, user: str, idle_seconds: float, run: Run) -> None:
        """`idle_seconds` without a request, and it ends."""
        self.id = shell_id
        self.user = user
        self.idle_seconds = idle_seconds
        self.last_used = 0.0
        self.operations = 0
        self.commands: dict[str, C] = {}
        self._run = run

    @property
    def is_running(self) -> bool:
        """Whether one of its commands has not ended."""
        return any(not command.ended for command in self.commands.values())

    @abstractmethod
    def command(self, request: Request) -> str:
        """Make a command and return the response's body. Raises WsmanFault."""

    @abstractmethod
    def send(self, request: Request) -> str:
        """Take input for a command and return the response's body. Raises WsmanFault."""

    @abstractmethod
    def signal(self, request: Request) -> str:
        """End a command and return the response's body. Raises WsmanFault."""

    @abstractmethod
    def _take(self, command: C, limit: int) -> str:
        """Return the body with at most `limit` octets of what a command has to say."""

    @abstractmethod
    def _finish(self, command: C, outcome: Outcome) -> None:
        """Take the outcome as what the command has to say."""

    async def receive(self, request: Request) -> str:
        """Wait until a command has something to say, and return the response's body. Raises WsmanFault, AnswerLost."""
        wanted = (request.body.get("rsp:Receive") or {}).get("rsp:DesiredStream")
        command = self._find(wsman.attribute(wanted, "CommandId"))
        if command.receiving:
            raise WsmanFault(wsman.RECEIVE_IN_PROGRESS, "w:Concurrency", "A Receive for this command is in progress.")
        command.receiving = True
        try:
            await asyncio.wait_for(command.changed.wait(), request.timeout)
        except TimeoutError as error:
            reason = "The operation did not end within the time in OperationTimeout."
            raise WsmanFault(wsman.OPERATION_TIMED_OUT, "w:TimedOut", reason, receiver=True) from error
        finally:
            command.receiving = False
        if command.lost:
            raise AnswerLost
        return self._take(command, min(PIECE, (request.max_envelope - ENVELOPE_ROOM) * 3 // 4))

    def end(self) -> None:
        """End every command; whoever waits for one is answered."""
        for command in self.commands.values():
            if command.task is not None:
                command.task.cancel()
            if not command.ended:
                self._end(command, Outcome(CTRL_C_EXIT, ""))

    def _find(self, command_id: str) -> C:
        command = self.commands.get(command_id.upper())
        if command is None:
            reason = f"The shell has no command with the CommandId {command_id!r}."
            raise WsmanFault(wsman.UNEXPECTED_SELECTORS, "w:InvalidSelectors", reason)
        return command

    def _start(self, command: C, line: str, stdin: bytes) -> None:
        async def work() -> None:
            try:
                outcome = await self._run(line, stdin, self.user)
            except Exception as error:
                log.exception("a command ended in an error of the lab")
                outcome = Outcome(1, "", f"lab error: {type(error).__name__}: {error}")
            command.lost = outcome is None
            self._end(command, outcome or Outcome(-1, ""))

        command.task = asyncio.get_running_loop().create_task(work())

    def _end(self, command: C, outcome: Outcome) -> None:
        command.ended = True
        self._finish(command, outcome)
        command.changed.set()


def streams(request: Request) -> list[tuple[str, bytes, bool]]:
    """Return what a Send request brings: the id of a command, input, and whether it is the last. Raises WsmanFault."""
    node: Any = (request.body.get("rsp:Send") or {}).get("rsp:Stream")
    return [
        (
            wsman.attribute(one, "CommandId"),
            decoded(wsman.text(one)),
            wsman.attribute(one, "End").lower() in ("true", "1"),
        )
        for one in (node if isinstance(node, list) else [node])
    ]


def decoded(text: str) -> bytes:
    """Return what base64 stands for. Raises WsmanFault."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        reason = f"The input is not base64: {error}."
        raise WsmanFault(wsman.INVALID_XML, "w:SchemaValidationError", reason) from error
