r"""OpenSSH Server of one simulated machine, as Windows brings it: logon by key or password, commands, SFTP.

A command line is what the WinRM listener gets, too, and is decoded by the same `run`. It goes through the machine's
DefaultShell (HKLM\SOFTWARE\OpenSSH, cmd.exe where nothing is written there). cmd takes no more than 8191 characters,
and hands on single quotes, which PowerShell takes off: core 2.21 puts them around its script unless it is told that the
shell is cmd. What PowerShell says to a script in quotes, and its exit code 64, is what PowerShell 7.6 does on Linux.
Only the commands that wait for their input get it, as PowerShell reads it then alone.

The key that is let in stands for a line of ProgramData\ssh\administrators_authorized_keys, so it is for
administrators.
Refused by name: an interactive shell, and scp's old protocol (a client from OpenSSH 9 on speaks SFTP).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Protocol

import asyncssh

from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import PayloadError, command_text, is_bootstrap
from lab.windows.net.sftp import Apply, Report, Transfer
from lab.windows.net.shell import Run

LONGEST_LINE_OF_CMD = 8191
_NO_SHELL = "The lab does not model an interactive shell; give a command.\r\n"
_TOO_LONG = "The command line is too long.\r\n"
_NOT_ENCODED = (
    "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The value "
    "must be Base64 encoded.\r\n"
)
_IN_QUOTES = re.compile(r"(?<=-EncodedCommand )'([A-Za-z0-9+/=]+)'")


@dataclass(frozen=True)
class Keys:
    """The machine's own key, and the one that is let in (a line of authorized_keys)."""

    host: asyncssh.SSHKey
    client: str


class Gate(Protocol):
    """What the server asks about its machine."""

    def accepts(self, user: str, password: str | None) -> bool:
        """Whether this account can log on, with this password, or with a key."""

    def may_administer(self, user: str) -> bool:
        """Whether this account is an administrator."""

    def default_shell(self) -> str:
        """The program that commands are given to."""

    def next_command(self) -> bool:
        """Count a command that begins; whether the machine goes off the network with it."""

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind was asked for and hits now."""

    def is_unanswered(self) -> bool:
        """Whether the command that begins is never answered."""


class SshListener:
    """One server. `open` and `close` may alternate."""

    def __init__(self, run: Run, apply: Apply, report: Report, gate: Gate, keys: Keys, *, latency: float) -> None:
        """`run` carries a command out, `apply` what a file transfer does, which `report` is told of.

        `latency` is seconds before each transfer; commands have theirs in `run`.
        """
        self._latency = latency
        self._run = run
        self._apply = apply
        self._report = report
        self._gate = gate
        self._keys = keys
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._acceptor is not None

    async def open(self, port: int) -> int:
        """Listen on 127.0.0.1 and return the port; 0 asks for any free one. Raises OSError when it is taken."""
        key = asyncssh.import_public_key(self._keys.client)
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_host_keys=[self._keys.host],
            server_factory=lambda: _Logon(self._gate, key, self._connections),
            process_factory=self._exec,
            sftp_factory=self._transfer,
            encoding=None,
            line_editor=False,
            agent_forwarding=False,
        )
        return self._acceptor.get_port()

    async def close(self) -> None:
        """Stop listening and drop every connection without a word."""
        if self._acceptor is not None:
            acceptor, self._acceptor = self._acceptor, None
            acceptor.close()
            for connection in list(self._connections):
                connection.abort()

    def _may_begin(self, channel: Any) -> bool:
        """Count a command that begins; no when its client will get no answer, since the machine is gone for it."""
        if self._gate.next_command():
            channel.get_connection().abort()
            return False
        if self._gate.is_unanswered():
            # Nothing that arrives is read any more, not even whether the machine is still alive (ServerAliveInterval),
            # as when a laptop falls asleep. asyncssh has no word for that, so it is said to its transport.
            channel.get_connection()._transport.pause_reading()
            return False
        return True

    async def _transfer(self, channel: Any) -> Transfer:
        drops = self._may_begin(channel) and self._gate.strikes("drop")
        await asyncio.sleep(self._latency)
        return Transfer(channel, self._apply, self._report, user=_user(channel), drops=drops)

    async def _exec(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        line = process.command
        if line is None:
            _answer(process, Outcome(1, "", _NO_SHELL))
            return
        if not self._may_begin(process.channel):
            await process.channel.wait_closed()
            return
        if self._gate.default_shell().lower().endswith("cmd.exe"):
            refusal = _refused_by_cmd(line)
            if refusal is not None:
                _answer(process, refusal)
                return
        else:
            line = _IN_QUOTES.sub(r"\1", line)
        stdin = await process.stdin.read() if _reads_input(line) else b""
        outcome = await self._run(line, stdin, _user(process.channel))
        if outcome is None:
            process.channel.get_connection().abort()
        else:
            _answer(process, outcome)


class _Logon(asyncssh.SSHServer):
    """The logon of one connection."""

    def __init__(self, gate: Gate, key: asyncssh.SSHKey, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._gate = gate
        self._key = key
        self._connections = connections
        self._refused = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        self._refused = self._gate.strikes("auth")
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = key.public_data == self._key.public_data and self._gate.may_administer(username)
        return known and not self._refused and self._gate.accepts(username, None)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return not self._refused and self._gate.accepts(username, password)


def _refused_by_cmd(line: str) -> Outcome | None:
    if len(line) > LONGEST_LINE_OF_CMD:
        return Outcome(1, "", _TOO_LONG)
    return Outcome(64, "", _NOT_ENCODED) if _IN_QUOTES.search(line) else None


def known_hosts_line(key: asyncssh.SSHKey, host: str, port: int) -> str:
    """Return the line of a known_hosts file that names a machine's key."""
    return f"[{host}]:{port} {key.export_public_key().decode().strip()}\n"


def _user(channel: Any) -> str:
    return str(channel.get_connection().get_extra_info("username"))


def _reads_input(line: str) -> bool:
    try:
        return is_bootstrap(command_text(line))
    except PayloadError:  # what it is then, whoever carries it out says
        return False


def _answer(process: asyncssh.SSHServerProcess[bytes], outcome: Outcome) -> None:
    process.stdout.write(outcome.stdout.encode())
    process.stderr.write(outcome.stderr.encode())
    process.exit(outcome.rc)
