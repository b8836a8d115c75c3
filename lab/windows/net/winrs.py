"""A remote shell of `cmd`: processes with stdin, two output streams and an exit code (MS-WSMV 3.1.4).

Not certain: the fault for a 26th process, and for input to a command that ended.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from lab.windows.calls.outcome import Outcome
from lab.windows.net import wsman
from lab.windows.net.shell import CTRL_C_EXIT, Command, Shell, streams
from lab.windows.net.wsman import Request, WsmanFault

MAX_PROCESSES_PER_SHELL = 25


@dataclass
class Process(Command):
    """One process. `stdin` is None when it does not wait for its input's end before it runs."""

    line: str = ""
    stdin: bytearray | None = None
    output: dict[str, bytes] = field(default_factory=lambda: {"stdout": b"", "stderr": b""})
    exit_code: int | None = None

    def take(self, limit: int) -> list[tuple[str, bytes]]:
        """Take at most `limit` octets of output, stdout first."""
        pieces = []
        for name, data in self.output.items():
            piece, self.output[name] = data[:limit], data[limit:]
            limit -= len(piece)
            if piece:
                pieces.append((name, piece))
        return pieces


class CmdShell(Shell[Process]):
    """One remote shell."""

    resource = wsman.CMD_RESOURCE

    def command(self, request: Request) -> str:
        """Make a process; one that reads no pipe runs at once."""
        if sum(not process.ended for process in self.commands.values()) >= MAX_PROCESSES_PER_SHELL:
            reason = f"A shell is allowed {MAX_PROCESSES_PER_SHELL} processes at a time."
            raise WsmanFault(wsman.QUOTA_LIMIT, "w:QuotaLimit", reason)
        node = request.body.get("rsp:CommandLine") or {}
        arguments = node.get("rsp:Arguments")
        parts = [node.get("rsp:Command"), *(arguments if isinstance(arguments, list) else [arguments])]
        line = " ".join(part for part in map(wsman.text, parts) if part)
        # Without console mode the process reads a pipe, so PowerShell goes on when the pipe ends. A console has no end.
        waits = request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "FALSE"
        process = Process(str(uuid.uuid4()).upper(), line=line, stdin=bytearray() if waits else None)
        self.commands[process.id] = process
        if not waits:
            self._start(process, line, b"")
        return wsman.command_body(process.id)

    def send(self, request: Request) -> str:
        """Take input; the process runs when it has ended."""
        for command_id, data, last in streams(request):
            process = self._find(command_id)
            if process.stdin is None or process.task is not None:
                reason = "The command takes no more input."
                raise WsmanFault(wsman.BROKEN_PIPE, "w:InternalError", reason, receiver=True)
            process.stdin += data
            if last:
                self._start(process, process.line, bytes(process.stdin))
        return "<rsp:SendResponse/>"

    def signal(self, request: Request) -> str:
        """End a process; `terminate` forgets it."""
        node: Any = request.body.get("rsp:Signal") or {}
        process = self._find(wsman.attribute(node, "CommandId"))
        if process.task is not None:
            process.task.cancel()
        if wsman.text(node.get("rsp:Code")).rpartition("/")[2] == "terminate":
            del self.commands[process.id]
        if not process.ended:
            self._end(process, Outcome(CTRL_C_EXIT, ""))
        return "<rsp:SignalResponse/>"

    def _take(self, command: Process, limit: int) -> str:
        pieces = command.take(limit)
        return wsman.receive_body(command.id, pieces, None if any(command.output.values()) else command.exit_code)

    def _finish(self, command: Process, outcome: Outcome) -> None:
        command.output = {"stdout": outcome.stdout.encode(), "stderr": outcome.stderr.encode()}
        command.exit_code = outcome.rc
