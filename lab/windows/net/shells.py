"""All remote shells of one WinRM listener: Create, Command, Send, Receive, Signal and Delete (MS-WSMV 3.1.4).

Limits are Windows' defaults (learn.microsoft.com, "Quotas for Remote Shells"): 30 shells a user, 25 processes a shell,
1500 operations a user, two hours idle. A started command counts as an operation until its shell is deleted, also after
its end (MS-WSMV, note 118), which is why Ansible opens a new shell when it meets that quota.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from lab.windows.net import wsman
from lab.windows.net.psrp import RunspacePool
from lab.windows.net.shell import Run, Shell
from lab.windows.net.winrs import CmdShell
from lab.windows.net.wsman import Request, WsmanFault

MAX_SHELLS_PER_USER = 30
MAX_OPERATIONS_PER_USER = 1500
IDLE_SECONDS = 7200.0


class Shells:
    """All shells of one listener."""

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        """`run(command line or script, stdin, user)` does what the command does."""
        self._run = run
        self._clock = clock
        self._shells: dict[str, Shell[Any]] = {}

    async def answer(self, request: Request, user: str, client: str) -> bytes:
        """Carry a request out and return the response's envelope; raises WsmanFault and AnswerLost."""
        if request.resource not in (CmdShell.resource, RunspacePool.resource):
            reason = f"The service has no resource {request.resource!r} with these selectors."
            raise WsmanFault(wsman.RESOURCE_NOT_FOUND, "a:DestinationUnreachable", reason)
        self._end_idle_shells()
        if request.action == wsman.TRANSFER + "/Create":
            return wsman.response(request, request.action + "Response", self._create(request, user, client))
        operation = request.action.removeprefix(wsman.SHELL + "/")
        if operation not in ("Command", "Send", "Receive", "Signal") and request.action != wsman.TRANSFER + "/Delete":
            reason = f"The service does not support the action {request.action!r}."
            raise WsmanFault(wsman.ACTION_NOT_SUPPORTED, "a:ActionNotSupported", reason)
        shell = self._shells.get(request.shell_id)
        if shell is None or shell.user.lower() != user.lower() or shell.resource != request.resource:
            reason = f"No shell with the ShellId {request.shell_id} is on this server; it may have ended."
            raise WsmanFault(wsman.UNEXPECTED_SELECTORS, "w:InvalidSelectors", reason)
        shell.last_used = self._clock()
        try:
            body = await self._carry_out(operation, request, shell)
        finally:
            shell.last_used = self._clock()
        return wsman.response(request, request.action + "Response", body)

    def end_all(self) -> None:
        """End every shell and command, as a stop of the service does."""
        for shell in list(self._shells.values()):
            self._end(shell)

    async def _carry_out(self, operation: str, request: Request, shell: Shell[Any]) -> str:
        match operation:
            case "Command":
                return self._command(request, shell)
            case "Send":
                return shell.send(request)
            case "Receive":
                return await shell.receive(request)
            case "Signal":
                return shell.signal(request)
        self._end(shell)
        return ""

    def _create(self, request: Request, user: str, client: str) -> str:
        mine = [shell for shell in self._shells.values() if shell.user.lower() == user.lower()]
        if len(mine) >= MAX_SHELLS_PER_USER:
            reason = (
                f"This user is allowed {MAX_SHELLS_PER_USER} shells at a time. Close shells or raise the user's quota."
            )
            raise WsmanFault(wsman.QUOTA_MAX_SHELLS, "w:QuotaLimit", reason)
        node = request.body.get("rsp:Shell") or {}
        wanted = wsman.text(node.get("rsp:IdleTimeOut"))
        idle = wsman.seconds(wanted) if wanted else IDLE_SECONDS
        shell: Shell[Any]
        if request.resource == RunspacePool.resource:
            # The client gives a pool its id.
            shell = RunspacePool(wsman.attribute(node, "ShellId").upper(), user, idle, self._run)
            shell.open(request)
        else:
            shell = CmdShell(str(uuid.uuid4()).upper(), user, idle, self._run)
        shell.last_used = self._clock()
        self._shells[shell.id] = shell
        streams = (wsman.text(node.get("rsp:InputStreams")), wsman.text(node.get("rsp:OutputStreams")))
        return wsman.created_body(
            shell.resource, shell.id, user=user, client=client, idle_seconds=idle, streams=streams
        )

    def _command(self, request: Request, shell: Shell[Any]) -> str:
        used = sum(other.operations for other in self._shells.values() if other.user.lower() == shell.user.lower())
        if used >= MAX_OPERATIONS_PER_USER:
            reason = (
                f"This user is allowed {MAX_OPERATIONS_PER_USER} operations at a time. Close some or raise the quota."
            )
            raise WsmanFault(wsman.QUOTA_MAX_OPERATIONS, "w:QuotaLimit", reason)
        body = shell.command(request)
        shell.operations += 1
        return body

    def _end_idle_shells(self) -> None:
        now = self._clock()
        for shell in list(self._shells.values()):
            if not shell.is_running and now - shell.last_used > shell.idle_seconds:
                self._end(shell)

    def _end(self, shell: Shell[Any]) -> None:
        shell.end()
        self._shells.pop(shell.id, None)
