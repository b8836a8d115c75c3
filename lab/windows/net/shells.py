"""Remote shells of one WinRM listener: Create, Command, Send, Receive, Signal and Delete (MS-WSMV 3.1.4).

A shell holds commands, a command has stdin, two output streams and an exit code. What a command does is not known here:
it is the `run` function that the listener is made with.

Limits are Windows' defaults (learn.microsoft.com, "Quotas for Remote Shells"): 30 shells a user, 25 processes a shell,
1500 operations a user, two hours idle. A started command counts as an operation until its shell is deleted, also after
its end (MS-WSMV, note 118), which is why Ansible opens a new shell when it meets that quota.
Not certain: the fault for a 26th process, for input to a command that ended, and for an unknown command.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lab.windows.calls.outcome import Outcome
from lab.windows.net import wsman
from lab.windows.net.wsman import Request, WsmanFault

MAX_SHELLS_PER_USER = 30
MAX_PROCESSES_PER_SHELL = 25
MAX_OPERATIONS_PER_USER = 1500
IDLE_SECONDS = 7200.0
PIECE = 32 * 1024  # octets of output in one Receive response, before base64
ENVELOPE_ROOM = 4096  # octets of a Receive response that are not output
CTRL_C_EXIT = 0xC000013A  # STATUS_CONTROL_C_EXIT

log = logging.getLogger(__name__)
# (command line, stdin, user) -> the outcome, or None when its answer is to be lost with the connection
Run = Callable[[str, bytes, str], Awaitable[Outcome | None]]


class AnswerLost(Exception):  # noqa: N818 - not an error: what happens to the connection
    """The connection has to be dropped in place of an answer."""


@dataclass
class Command:
    """One process. `stdin` is None when the command does not wait for its input's end before it runs."""

    id: str
    line: str
    user: str
    stdin: bytearray | None
    output: dict[str, bytes] = field(default_factory=lambda: {"stdout": b"", "stderr": b""})
    exit_code: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    receiving: bool = False
    lost: bool = False

    def finish(self, outcome: Outcome | None) -> None:
        """Take the outcome as the streams' content and wake the client that waits for it."""
        if outcome is None:
            self.lost = True
            outcome = Outcome(-1, "")
        self.output = {"stdout": outcome.stdout.encode(), "stderr": outcome.stderr.encode()}
        self.exit_code = outcome.rc
        self.changed.set()

    def take(self, limit: int) -> list[tuple[str, bytes]]:
        """Take at most `limit` octets of output, stdout first."""
        pieces = []
        for name, data in self.output.items():
            piece, self.output[name] = data[:limit], data[limit:]
            limit -= len(piece)
            if piece:
                pieces.append((name, piece))
        return pieces


@dataclass
class Shell:
    """One remote shell of one user."""

    id: str
    user: str
    idle_seconds: float
    last_used: float
    operations: int = 0
    commands: dict[str, Command] = field(default_factory=dict)


class Shells:
    """All shells of one listener."""

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        """`run(command line, stdin, user)` does what the command does."""
        self._run = run
        self._clock = clock
        self._shells: dict[str, Shell] = {}

    async def answer(self, request: Request, user: str, client: str) -> bytes:
        """Carry a request out and return the response's envelope; raises WsmanFault and AnswerLost."""
        if request.resource != wsman.CMD_RESOURCE:
            reason = f"The service has no resource {request.resource!r} with these selectors."
            raise WsmanFault(wsman.RESOURCE_NOT_FOUND, "a:DestinationUnreachable", reason)
        self._end_idle_shells()
        if request.action == wsman.TRANSFER + "/Create":
            return self._create(request, user, client)
        operations = {
            wsman.TRANSFER + "/Delete": self._delete,
            wsman.SHELL + "/Command": self._command,
            wsman.SHELL + "/Send": self._send,
            wsman.SHELL + "/Receive": self._receive,
            wsman.SHELL + "/Signal": self._signal,
        }
        operation = operations.get(request.action)
        if operation is None:
            reason = f"The service does not support the action {request.action!r}."
            raise WsmanFault(wsman.ACTION_NOT_SUPPORTED, "a:ActionNotSupported", reason)
        shell = self._shells.get(request.shell_id)
        if shell is None or shell.user.lower() != user.lower():
            reason = f"No shell with the ShellId {request.shell_id} is on this server; it may have ended."
            raise WsmanFault(wsman.UNEXPECTED_SELECTORS, "w:InvalidSelectors", reason)
        shell.last_used = self._clock()
        return await operation(request, shell)

    def end_all(self) -> None:
        """End every shell and command, as a stop of the service does."""
        for shell in list(self._shells.values()):
            self._end(shell)

    def _create(self, request: Request, user: str, client: str) -> bytes:
        mine = [shell for shell in self._shells.values() if shell.user.lower() == user.lower()]
        if len(mine) >= MAX_SHELLS_PER_USER:
            reason = (
                f"This user is allowed {MAX_SHELLS_PER_USER} shells at a time. Close shells or raise the user's quota."
            )
            raise WsmanFault(wsman.QUOTA_MAX_SHELLS, "w:QuotaLimit", reason)
        node = request.body.get("rsp:Shell") or {}
        wanted = wsman.text(node.get("rsp:IdleTimeOut"))
        idle = wsman.seconds(wanted) if wanted else IDLE_SECONDS
        shell = Shell(str(uuid.uuid4()).upper(), user, idle, self._clock())
        self._shells[shell.id] = shell
        streams = (wsman.text(node.get("rsp:InputStreams")), wsman.text(node.get("rsp:OutputStreams")))
        body = wsman.created_body(shell.id, user, client, idle, streams)
        return wsman.response(request, wsman.TRANSFER + "/CreateResponse", body)

    async def _delete(self, request: Request, shell: Shell) -> bytes:
        self._end(shell)
        return wsman.response(request, wsman.TRANSFER + "/DeleteResponse", "")

    async def _command(self, request: Request, shell: Shell) -> bytes:
        used = sum(other.operations for other in self._shells.values() if other.user.lower() == shell.user.lower())
        if used >= MAX_OPERATIONS_PER_USER:
            reason = (
                f"This user is allowed {MAX_OPERATIONS_PER_USER} operations at a time. Close some or raise the quota."
            )
            raise WsmanFault(wsman.QUOTA_MAX_OPERATIONS, "w:QuotaLimit", reason)
        if sum(command.exit_code is None for command in shell.commands.values()) >= MAX_PROCESSES_PER_SHELL:
            reason = f"A shell is allowed {MAX_PROCESSES_PER_SHELL} processes at a time."
            raise WsmanFault(wsman.QUOTA_LIMIT, "w:QuotaLimit", reason)
        node = request.body.get("rsp:CommandLine") or {}
        arguments = node.get("rsp:Arguments")
        parts = [node.get("rsp:Command"), *(arguments if isinstance(arguments, list) else [arguments])]
        line = " ".join(part for part in map(wsman.text, parts) if part)
        # Without console mode the process reads a pipe, so PowerShell goes on when the pipe ends. A console has no end.
        waits = request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "FALSE"
        command = Command(str(uuid.uuid4()).upper(), line, shell.user, bytearray() if waits else None)
        shell.commands[command.id] = command
        shell.operations += 1
        if not waits:
            self._start(command, b"")
        body = f"<rsp:CommandResponse><rsp:CommandId>{command.id}</rsp:CommandId></rsp:CommandResponse>"
        return wsman.response(request, wsman.SHELL + "/CommandResponse", body)

    async def _send(self, request: Request, shell: Shell) -> bytes:
        node = (request.body.get("rsp:Send") or {}).get("rsp:Stream")
        for stream in node if isinstance(node, list) else [node]:
            command = self._find(shell, wsman.attribute(stream, "CommandId"))
            if command.stdin is None or command.task is not None:
                raise WsmanFault(
                    wsman.BROKEN_PIPE, "w:InternalError", "The command takes no more input.", receiver=True
                )
            try:
                command.stdin += base64.b64decode(wsman.text(stream), validate=True)
            except binascii.Error as error:
                reason = f"The input is not base64: {error}."
                raise WsmanFault(wsman.INVALID_XML, "w:SchemaValidationError", reason) from error
            if wsman.attribute(stream, "End").lower() in ("true", "1"):
                self._start(command, bytes(command.stdin))
        return wsman.response(request, wsman.SHELL + "/SendResponse", "<rsp:SendResponse/>")

    async def _receive(self, request: Request, shell: Shell) -> bytes:
        wanted = (request.body.get("rsp:Receive") or {}).get("rsp:DesiredStream")
        command = self._find(shell, wsman.attribute(wanted, "CommandId"))
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
            shell.last_used = self._clock()
        if command.lost:
            raise AnswerLost
        pieces = command.take(min(PIECE, (request.max_envelope - ENVELOPE_ROOM) * 3 // 4))
        done = command.exit_code if not any(command.output.values()) else None
        body = wsman.receive_body(command.id, pieces, done)
        return wsman.response(request, wsman.SHELL + "/ReceiveResponse", body)

    async def _signal(self, request: Request, shell: Shell) -> bytes:
        node: Any = request.body.get("rsp:Signal") or {}
        command = self._find(shell, wsman.attribute(node, "CommandId"))
        signal = wsman.text(node.get("rsp:Code")).rpartition("/")[2]
        if command.task is not None:
            command.task.cancel()
        if signal == "terminate":
            del shell.commands[command.id]
        if command.exit_code is None:
            command.finish(Outcome(CTRL_C_EXIT, ""))
        return wsman.response(request, wsman.SHELL + "/SignalResponse", "<rsp:SignalResponse/>")

    def _start(self, command: Command, stdin: bytes) -> None:
        async def work() -> None:
            try:
                command.finish(await self._run(command.line, stdin, command.user))
            except Exception as error:
                log.exception("a command ended in an error of the lab")
                text = f"lab error: {type(error).__name__}: {error}"
                command.finish(Outcome(1, "", text))

        command.task = asyncio.get_running_loop().create_task(work())

    def _find(self, shell: Shell, command_id: str) -> Command:
        command = shell.commands.get(command_id.upper())
        if command is None:
            reason = f"The shell has no command with the CommandId {command_id!r}."
            raise WsmanFault(wsman.UNEXPECTED_SELECTORS, "w:InvalidSelectors", reason)
        return command

    def _end_idle_shells(self) -> None:
        now = self._clock()
        for shell in list(self._shells.values()):
            running = any(command.exit_code is None for command in shell.commands.values())
            if not running and now - shell.last_used > shell.idle_seconds:
                self._end(shell)

    def _end(self, shell: Shell) -> None:
        for command in shell.commands.values():
            if command.task is not None:
                command.task.cancel()
            if command.exit_code is None:
                command.finish(Outcome(CTRL_C_EXIT, ""))
        self._shells.pop(shell.id, None)
