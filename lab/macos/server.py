"""The SSH side of a simulated Mac: a real server (asyncssh) that the OpenSSH client of Ansible talks to.

Every exec request is one remote call: the command line is translated (paths.py), run by a real shell in the machine's
tree, and its output is translated back. An SFTP or scp session is one call too (transfer.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import asyncssh

from lab.macos.callname import CallName
from lab.macos.machine import MacMachine
from lab.macos.paths import OutputFilter
from lab.macos.state import USER_VARIABLE
from lab.macos.toolset import SEARCH_PATH, install_pythons, install_tools
from lab.macos.transfer import Report, Transfer

if TYPE_CHECKING:
    from lab.calls import CallLog

_CHUNK = 65536
_NO_SHELL = b"lab: an interactive shell is not modelled; give a command\r\n"


class Gate(Protocol):
    """What the server asks about its machine as a command or a transfer begins."""

    def next_command(self) -> bool:
        """Count it; whether the machine goes off the network with it."""

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind was asked for and hits now."""

    def is_unanswered(self) -> bool:
        """Whether it is never answered."""

    def refusal(self, module: str) -> str | None:
        """What a module says in place of being carried out, before it ends with 1; None as a rule."""


class MacServer:
    """One listening simulated Mac. `port`: where it listens."""

    def __init__(self, machine: MacMachine, latency: float, calls: CallLog, gate: Gate | None) -> None:
        self.machine = machine
        self.latency = latency
        self.gate = gate
        self.port = 0
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._report: Report = partial(calls.record, machine.name)

    async def start(self, host: str, port: int, client_key: str) -> None:
        """Listen for the owner of `client_key` (a line of authorized_keys). Raises OSError when the port is taken."""
        facts = self.machine.state.read()
        install_tools(self.machine.root, self.machine.file, python_org=facts["variant"]["python"] == "python.org")
        install_pythons(str(self.machine.root), str(self.machine.file), facts["pythons"], sys.executable)
        key = asyncssh.import_public_key(client_key)
        self._acceptor = await asyncssh.listen(
            host,
            port,
            server_host_keys=[self.machine.host_key],
            server_factory=lambda: _Logon(self.machine.ssh_user, key, self._connections),
            process_factory=self._exec,
            sftp_factory=self._transfer,
            allow_scp=True,
            encoding=None,
            line_editor=False,
            agent_forwarding=False,
        )
        self.port = self._acceptor.get_port()

    async def close(self) -> None:
        """Stop listening and cut the connections, as when the power goes; running commands are killed."""
        if self._acceptor:
            self._acceptor.close()
            for connection in list(self._connections):
                connection.abort()
            await self._acceptor.wait_closed()

    def _may_begin(self, channel: Any) -> bool:
        """Count a command that begins; no when its client will get no answer, since the machine is gone for it."""
        if self.gate is None:
            return True
        if self.gate.next_command():
            channel.get_connection().abort()
            return False
        if self.gate.is_unanswered():
            # Nothing that arrives is read any more, not even whether the machine is still alive (ServerAliveInterval),
            # as when a laptop falls asleep. asyncssh has no word for that, so it is said to its transport.
            channel.get_connection()._transport.pause_reading()
            return False
        return True

    def _drops(self) -> bool:
        return self.gate is not None and self.gate.strikes("drop")

    async def _transfer(self, channel: Any) -> Transfer:
        goes_on = self._may_begin(channel)
        await asyncio.sleep(self.latency)
        return Transfer(channel, self.machine, self._report, drops=goes_on and self._drops())

    async def _exec(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.command is None:
            process.stderr.write(_NO_SHELL)
            process.exit(127)
            return
        if not self._may_begin(process.channel):
            await process.channel.wait_closed()
            return
        began = time.monotonic()
        name = CallName(process.command, str(self.machine.root))
        # What helps modules, `echo ~user` say, is not refused: nobody asks for its exit code.
        refusal = self.gate.refusal(name.name) if self.gate and name.is_module else None
        if refusal is not None:
            self._report(name.kind, name.name, check_mode=False, seconds=0.0, rc=1, sent=0, answered=len(refusal))
            process.stdout.write(f"{refusal}\n".encode())
            process.exit(1)
            return
        await asyncio.sleep(self.latency)
        code: int | None = None
        command = _Command(self.machine, process, name)
        try:
            code = await command.run()
        finally:
            dropped = self._drops()
            code = None if dropped else code
            seconds, size = time.monotonic() - began, {"sent": command.sent, "answered": command.answered}
            self._report(name.kind, name.name, check_mode=name.check_mode, seconds=seconds, rc=code, **size)
            if dropped:
                process.channel.get_connection().abort()
            else:
                process.exit(255 if code is None else code)


class _Logon(asyncssh.SSHServer):
    """Lets one user in with one key."""

    def __init__(self, user: str, key: asyncssh.SSHKey, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._user = user
        self._key = key
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and key.public_data == self._key.public_data


def environment_of(machine: MacMachine) -> dict[str, str]:
    """Return the environment of a command over SSH, with real paths (docs/sources/macos.md#commands-over-ssh)."""
    user, root = machine.ssh_user, str(machine.root)
    account = machine.state.read()["users"][user]
    return {
        "HOME": root + account["home"],
        "LOGNAME": user,
        "PATH": ":".join(root + folder for folder in SEARCH_PATH),
        "SHELL": account["shell"],
        "TMPDIR": f"{root}/private/var/folders/T",
        "USER": user,
        USER_VARIABLE: user,
    }


class _Command:
    """One command: a child process and the streams between it and the client, whose bytes it counts."""

    def __init__(self, machine: MacMachine, process: asyncssh.SSHServerProcess[bytes], name: CallName) -> None:
        self.sent = len((process.command or "").encode())
        self.answered = 0
        self._machine = machine
        self._process = process
        self._name = name
        self._root = str(machine.root)

    async def run(self) -> int | None:
        """Return the exit code; None when the client went away."""
        assert self._process.command is not None
        text = self._machine.paths.text_to_real(self._process.command)
        command = ["/bin/sh", "-c", text]
        return await (self._with_terminal(command) if self._process.term_type else self._with_pipes(command))

    def _options(self) -> dict[str, Any]:
        accepted = {
            name: value for name, value in self._process.env.items() if name == "LANG" or name.startswith("LC_")
        }
        environment = {**{str(name): str(value) for name, value in accepted.items()}, **environment_of(self._machine)}
        if self._process.term_type:
            environment["TERM"] = self._process.term_type
        # A session of its own, so that everything a command started can be ended with it.
        return {"env": environment, "cwd": environment["HOME"], "start_new_session": True, "umask": 0o022}

    async def _with_pipes(self, command: list[str]) -> int | None:
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, **self._options())
        assert child.stdin
        assert child.stdout
        assert child.stderr
        feeder = asyncio.create_task(self._feed(child.stdin))
        outputs = asyncio.gather(
            self._pass_on(child.stdout, self._process.stdout), self._pass_on(child.stderr, self._process.stderr)
        )
        try:
            return await self._finish(child, outputs)
        finally:
            feeder.cancel()

    async def _feed(self, child_input: asyncio.StreamWriter) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, asyncssh.Error):
            while data := await self._process.stdin.read(_CHUNK):
                self.sent += len(data)
                self._name.feed(data)
                child_input.write(data)
                await child_input.drain()
            child_input.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
        clean = OutputFilter(self._root)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, asyncssh.Error):
            while data := await source.read(_CHUNK):
                self.answered += len(data)
                target.write(clean.feed(data))
                await target.drain()
            target.write(clean.finish())

    async def _finish(self, child: asyncio.subprocess.Process, outputs: asyncio.Future[Any]) -> int | None:
        gone = asyncio.create_task(self._process.channel.wait_closed())
        done = asyncio.ensure_future(outputs)
        try:
            await asyncio.wait({gone, done}, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                code = await child.wait()
                return code if code >= 0 else 128 - code
            return None
        finally:
            gone.cancel()
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()

    async def _with_terminal(self, command: list[str]) -> int | None:
        """Run with a terminal, as Ansible asks for without pipelining (`ssh -tt`)."""
        ours, theirs = os.openpty()
        child = await asyncio.create_subprocess_exec(
            *command, stdin=theirs, stdout=theirs, stderr=theirs, **self._options()
        )
        os.close(theirs)
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        def read() -> None:
            try:
                data = os.read(ours, _CHUNK)
            except OSError:  # Linux reports the other side's end as an error
                data = b""
            if not data:
                loop.remove_reader(ours)
            arrived.put_nowait(data)

        loop.add_reader(ours, read)
        feeder = asyncio.create_task(self._type_in(ours))
        try:
            return await self._finish(child, asyncio.ensure_future(self._show(arrived)))
        finally:
            feeder.cancel()
            loop.remove_reader(ours)
            os.close(ours)

    async def _type_in(self, terminal: int) -> None:
        while True:
            try:
                data = await self._process.stdin.read(_CHUNK)
            except asyncssh.TerminalSizeChanged:
                continue
            except asyncssh.Error:
                return
            if not data:
                os.write(terminal, b"\x04")
                return
            self.sent += len(data)
            os.write(terminal, data)

    async def _show(self, arrived: asyncio.Queue[bytes]) -> None:
        clean = OutputFilter(self._root)
        while data := await arrived.get():
            self.answered += len(data)
            self._process.stdout.write(clean.feed(data))
        self._process.stdout.write(clean.finish())


async def serve(
    machine: MacMachine,
    *,
    client_key: str,
    host: str = "127.0.0.1",
    port: int = 0,
    latency: float = 0.0,
    calls: CallLog,
    gate: Gate | None = None,
) -> MacServer:
    """Start one Mac (see MacServer.start); `latency`: seconds before each remote call. `port` 0 takes a free one."""
    server = MacServer(machine, latency, calls, gate)
    await server.start(host, port, client_key)
    return server
