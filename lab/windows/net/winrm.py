"""The WinRM listener of one simulated machine: HTTPS, a logon for each connection, and WS-Management behind it.

What is served is what a client meets on Windows with its defaults: POST on /wsman alone, 401 with `Negotiate` until the
connection has logged on, 413 for a request above MaxEnvelopeSizekb (500 KiB), SOAP faults with HTTP 500.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from lab.windows.net import wsman
from lab.windows.net.ntlm import OFFER, Logon
from lab.windows.net.shell import AnswerLost, Run
from lab.windows.net.shells import Shells
from lab.windows.net.wsman import WsmanFault

MAX_ENVELOPE = 500 * 1024  # MaxEnvelopeSizekb's default, in octets
_SOAP = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True)
class Tls:
    """What the listeners of a lab share: a server context and its certificate (DER)."""

    context: ssl.SSLContext
    certificate: bytes


class Gate(Protocol):
    """What the listener asks about its machine."""

    def may_log_on(self, user: str) -> bool:
        """Whether this account, whose password was right, can log on at all."""

    def may_administer(self, user: str) -> bool:
        """Whether this account may use WinRM."""

    def next_command(self) -> bool:
        """Count a command that begins; whether the machine goes off the network with it."""

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind was asked for and hits now."""

    def is_unanswered(self) -> bool:
        """Whether the command that begins is never answered."""


class Listener:
    """One listener. `open` and `close` may alternate; open shells do not survive a `close`."""

    def __init__(self, run: Run, gate: Gate, tls: Tls) -> None:
        """`run` carries a command out."""
        self._gate = gate
        self._tls = tls
        self._shells = Shells(run)
        self._http: web.Server | None = None
        self._server: asyncio.Server | None = None
        self._logons: dict[RequestHandler, Logon] = {}

    async def open(self, port: int) -> int:
        """Listen on 127.0.0.1 and return the port; 0 asks for any free one. Raises OSError when it is taken."""
        self._http = web.Server(self._handle, handler_cancellation=True, access_log=None)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._http, "127.0.0.1", port, ssl=self._tls.context, backlog=128)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, drop every connection without a word and end all shells."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop_connections()
        self._shells.end_all()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def _drop_connections(self) -> None:
        """Drop every connection in mid-air; shells stay."""
        for connection in self._http.connections if self._http else []:
            if connection.transport is not None:
                connection.transport.abort()
        self._logons.clear()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await self._respond(request)
        answer.headers["Server"] = "Microsoft-HTTPAPI/2.0"
        return answer

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.rstrip("/").lower() != "/wsman":
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        if (request.content_length or 0) > MAX_ENVELOPE:
            return await self._too_large(request)
        body = await request.read()
        user, refusal = self._log_on(request)
        if user is None:
            return web.Response(status=401, headers={"WWW-Authenticate": refusal})
        if not body:  # a client may log on with an empty request first
            return web.Response(status=200)
        return await self._answer(request, body, user)

    async def _too_large(self, request: web.BaseRequest) -> web.StreamResponse:
        while await request.content.readany():
            pass
        user, refusal = self._log_on(request)
        if user is None:
            return web.Response(status=401, headers={"WWW-Authenticate": refusal})
        return web.Response(status=413)

    def _log_on(self, request: web.BaseRequest) -> tuple[str | None, str]:
        """Return the account that this connection belongs to, or what to answer 401 with."""
        self._logons = {known: logon for known, logon in self._logons.items() if known.transport is not None}
        logon = self._logons.setdefault(request.protocol, Logon(self._tls.certificate))
        header = request.headers.get("Authorization")
        if header is None:
            return logon.user, OFFER
        answer = logon.step(header)
        if answer.user is not None and (self._gate.strikes("auth") or not self._gate.may_log_on(answer.user)):
            logon.user = None
            return None, OFFER
        return answer.user, answer.challenge

    async def _answer(self, request: web.BaseRequest, body: bytes, user: str) -> web.StreamResponse:
        client = request.remote or ""
        message_id = ""
        try:
            message = wsman.parse(body)
            message_id = message.message_id
            if not self._gate.may_administer(user):
                raise WsmanFault(wsman.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
            if message.action == wsman.SHELL + "/Command":
                if self._gate.next_command():
                    raise AnswerLost
                if self._gate.strikes("http500"):
                    return web.Response(status=500)
                if self._gate.is_unanswered():
                    await asyncio.Event().wait()
            answer = await self._shells.answer(message, user, client)
        except WsmanFault as error:
            answer = wsman.fault(error, message_id, request.host.rpartition(":")[0])
            return web.Response(status=500, body=answer, headers={"Content-Type": _SOAP})
        except AnswerLost:
            self._drop_connections()
            return web.Response(status=500)  # reaches nobody
        return web.Response(body=answer, headers={"Content-Type": _SOAP})
