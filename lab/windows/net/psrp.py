"""A runspace pool: PowerShell Remoting (MS-PSRP) over the same listener, with psrpcore as the server's side.

A pipeline is one script with input: what Ansible's psrp connection sends is the text that its winrm connection encodes
into a command line, and the lines of its input are those of stdin. So both are decoded by the same `run`.
What the script wrote comes back as strings, one a line; its exit code and what Ansible's wrapper says on standard error
as calls of the client's host (SetShouldExit, WriteErrorLine), which nobody answers; an error of a script that is no
wrapper, as an error record.

Refused by name: several commands in a pipeline, cmdlets, arguments, other configurations than Microsoft.PowerShell, and
every other message (disconnecting, nested pipelines, metadata of commands, keys for secure strings).
Not certain: how PowerShell words an error record of a model's failure; the text in it is the model's.
"""

from __future__ import annotations

import struct
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import psrpcore
from psrpcore.types import ErrorCategoryInfo, HostMethodIdentifier, NETException

from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import is_bootstrap
from lab.windows.net import wsman
from lab.windows.net.shell import Command, Shell, decoded, streams
from lab.windows.net.wsman import Request, WsmanFault

_POOL = ""  # what is said to the pool itself is received without a CommandId


@dataclass
class Pipeline(Command):
    """One pipeline, or the pool itself: `waiting` is what it has to say."""

    server: psrpcore.ServerPipeline | None = None
    script: str = ""
    lines: list[str] = field(default_factory=list)
    waiting: deque[bytes] = field(default_factory=deque)


class RunspacePool(Shell[Pipeline]):
    """One pool with its pipelines."""

    resource = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"

    def open(self, request: Request) -> None:
        """Take the client's first messages. Raises WsmanFault."""
        self._pool = psrpcore.ServerRunspacePool()
        self.commands[_POOL] = Pipeline(_POOL, ended=True)
        self.commands[_POOL].changed.set()
        node = request.body.get("rsp:Shell") or {}
        self._feed(decoded(wsman.text(node.get("ps:creationXml"))), self.commands[_POOL])
        if self._pool.state != psrpcore.types.RunspacePoolState.Opened:
            raise _not_modelled("a runspace pool that is opened by more than one message")

    def command(self, request: Request) -> str:
        """Make a pipeline from the first piece of its description."""
        node = request.body.get("rsp:CommandLine") or {}
        command_id = wsman.attribute(node, "CommandId").upper()
        try:
            server = psrpcore.ServerPipeline(self._pool, uuid.UUID(command_id))
        except ValueError as error:
            reason = f"{command_id!r} is no id of a pipeline."
            raise WsmanFault(wsman.INVALID_XML, "w:SchemaValidationError", reason) from error
        pipeline = self.commands[command_id] = Pipeline(command_id, server=server)
        self._feed(decoded(wsman.text(node.get("rsp:Arguments"))), pipeline)
        return wsman.command_body(command_id)

    def send(self, request: Request) -> str:
        """Take more of a pipeline's description, or its input."""
        for command_id, data, _ in streams(request):
            self._feed(data, self._find(command_id))
        return "<rsp:SendResponse/>"

    def signal(self, request: Request) -> str:
        """Stop a pipeline and forget it; one that has ended is forgotten alone."""
        node: Any = request.body.get("rsp:Signal") or {}
        pipeline = self._find(wsman.attribute(node, "CommandId"))
        if pipeline.task is not None:
            pipeline.task.cancel()
        del self.commands[pipeline.id]
        if not pipeline.ended:
            self._end(pipeline, Outcome(1, ""))
        return "<rsp:SignalResponse/>"

    def _feed(self, data: bytes, pipeline: Pipeline) -> None:
        """Take the client's fragments, and do what the messages in them say."""
        pipeline_id = None if pipeline.server is None else pipeline.server.pipeline_id
        try:
            self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline_id))
            while (event := self._pool.next_event()) is not None:
                self._obey(event, pipeline)
        except (psrpcore.PSRPCoreError, SyntaxError, ValueError, struct.error) as error:
            reason = f"What was sent is no message of the PowerShell Remoting Protocol: {error}."
            raise WsmanFault(wsman.INVALID_XML, "w:SchemaValidationError", reason) from error

    def _obey(self, event: psrpcore.PSRPEvent, pipeline: Pipeline) -> None:
        match event:
            case psrpcore.SessionCapabilityEvent() | psrpcore.InitRunspacePoolEvent():
                return
            case psrpcore.CreatePipelineEvent():
                pipeline.script = _script_of(event.pipeline)
                if event.pipeline.no_input:
                    self._start(pipeline, pipeline.script, b"")
            case psrpcore.PipelineInputEvent():
                pipeline.lines.append(str(event.data))
            case psrpcore.EndOfPipelineInputEvent():
                self._start(pipeline, pipeline.script, "\n".join(pipeline.lines).encode())
            case _:
                raise _not_modelled(f"the message {event.message_type.name}")

    def _finish(self, command: Pipeline, outcome: Outcome) -> None:
        server = command.server
        assert server is not None
        server.start()
        for line in _lines(outcome.stdout):
            server.write_output(line)
        for line in _lines(outcome.stderr):
            if is_bootstrap(command.script):
                server.host_call(HostMethodIdentifier.WriteErrorLine, [line])
            else:
                server.write_error(
                    NETException(Message=line),
                    ErrorCategoryInfo(Reason="Exception"),
                    fully_qualified_error_id="Microsoft.PowerShell.Commands.WriteErrorException",
                )
        if outcome.rc:
            server.host_call(HostMethodIdentifier.SetShouldExit, [outcome.rc])
        server.complete()
        server.close()

    def _take(self, command: Pipeline, limit: int) -> str:
        while (payload := self._pool.data_to_send(limit)) is not None:
            owner = self.commands.get(_POOL if payload.pipeline_id is None else str(payload.pipeline_id).upper())
            if owner is not None:
                owner.waiting.append(payload.data)
        data = command.waiting.popleft() if command.waiting else b""
        if command.id == _POOL and not command.waiting:
            command.changed.clear()
        return wsman.pipeline_body(command.id, data, done=command.ended and not command.waiting)


def _script_of(pipeline: psrpcore.PowerShell) -> str:
    """Return the one script that a pipeline consists of. Raises WsmanFault."""
    if len(pipeline.commands) != 1:
        raise _not_modelled(f"a pipeline of {len(pipeline.commands)} commands")
    (command,) = pipeline.commands
    if not command.is_script:
        raise _not_modelled(f"the cmdlet {command.command_text} as a command of a pipeline")
    if command.parameters:
        raise _not_modelled("a script with arguments")
    return str(command.command_text)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\r\n").split("\r\n") if text else []


def _not_modelled(what: str) -> WsmanFault:
    reason = f"The lab does not model {what}. Nothing was done."
    return WsmanFault(wsman.ACTION_NOT_SUPPORTED, "a:ActionNotSupported", reason)
