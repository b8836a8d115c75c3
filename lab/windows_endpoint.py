"""One simulated Windows machine on the network: its state, its listener, its calls, its faults and its reboots."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.calls import CallLog
from lab.endpoint import Endpoint
from lab.faults import OF_MACS, REFUSAL, FaultError
from lab.windows import modules
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call, PayloadError, decode
from lab.windows.execute import acting_for, execute
from lab.windows.machine import Machine, restart
from lab.windows.machine.registry import Value
from lab.windows.net.ssh import Keys, SshListener, known_hosts_line
from lab.windows.net.winrm import Listener, Tls

T = TypeVar("T")
OPENSSH = r"HKLM\SOFTWARE\OpenSSH"
CMD = r"C:\Windows\System32\cmd.exe"
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"

SHUTDOWN_SECONDS = 1.0  # between the request for a reboot and the end of the listener, so that its answer gets out
REBOOT_SECONDS = 5.0
SLOW_REBOOT_SECONDS = 60.0

log = logging.getLogger(__name__)


class WindowsEndpoint(Endpoint):
    """Serves one machine file. The machine is read at its first call and kept from then on."""

    os = "windows"

    def __init__(
        self, name: str, file: Path, password: str, way_in: Tls | Keys, calls: CallLog, *, latency: float
    ) -> None:
        """Take what the endpoint is made of.

        `file` is the machine's state; `password` is the one that NTLM knows, for an account that still has it;
        `way_in` is what its WinRM listener shows, or with keys, its SSH server; `latency` is seconds added to each
        command, for the start of PowerShell.
        """
        super().__init__(name, calls)
        self._file = file
        self._password = password
        self._latency = latency
        self._machine: Machine | None = None
        self._saved = b""
        self._lock = asyncio.Lock()
        self._keys = way_in if isinstance(way_in, Keys) else None
        self._listener: Listener | SshListener
        if isinstance(way_in, Keys):
            report = partial(calls.record, name)
            self._listener = SshListener(self._run, self._apply, report, self, way_in, latency=latency)
        else:
            self._listener = Listener(self._run, self, way_in)
        self._rebooting: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> int:
        """Listen and return the port."""
        modules.load()  # now all models, so that a broken one stops the lab and not a task
        self.port = await self._listener.open(port)
        return self.port

    async def stop(self) -> None:
        """Stop listening."""
        if self._rebooting is not None:
            self._rebooting.cancel()
        self._silence.end()
        await self._listener.close()

    @property
    def answers(self) -> bool:
        """Whether the machine is on and listens."""
        return self._listener.is_open

    @property
    def known_hosts_line(self) -> str:
        """The line of a known_hosts file that names its key; empty when it is not reached by SSH."""
        return "" if self._keys is None else known_hosts_line(self._keys.host, "127.0.0.1", self.port)

    async def set_fault(self, kind: str, count: int = 1, after: int = 0, only: str = "") -> None:
        """Set a fault or take all away; a state takes effect at once, or with a later command. Raises FaultError."""
        if kind in OF_MACS:
            raise FaultError(f"the fault {kind!r} exists on Macs only")
        if kind == "http500" and isinstance(self._listener, SshListener):
            raise FaultError(f"{self.name} is reached by SSH, which knows no HTTP 500")
        self.faults.set(kind, count, after, only)
        await self._apply_state()

    async def set_tunnel(self, *, up: bool) -> None:
        """Connect or disconnect the VPN, as its user does. Raises MachineError without FortiClient."""
        async with self._lock:
            machine = self._load()
            machine.connect_tunnel() if up else machine.disconnect_tunnel()
            self._save(machine)

    async def _apply_state(self) -> None:
        state = self.faults.state
        if state is None and not self._is_rebooting():
            self._silence.end()
            if not self._listener.is_open:
                await self._listener.open(self.port)
        if state is not None:
            await self._listener.close()
            self._silence.end()
        if state == "power_off":
            self._silence.begin(self.port)

    # what the listener asks (winrm.Gate, ssh.Gate)

    def may_log_on(self, user: str) -> bool:
        """Whether the account still has the password that NTLM knows."""
        return self.accepts(user, self._password)

    def accepts(self, user: str, password: str | None) -> bool:
        """Whether the account exists, is enabled, not locked out, and has this password; None for a key."""
        machine = self._load()
        account = machine.users.get(machine.sid_of(user) or "")
        if account is None or not account.enabled or account.locked_out:
            return False
        return password is None or account.check_password(password)

    def may_administer(self, user: str) -> bool:
        """Whether the account is an administrator."""
        return self._load().is_admin(user)

    def default_shell(self) -> str:
        """What the SSH server gives commands to."""
        return str(self._load().registry.data(OPENSSH, "DefaultShell") or CMD)

    # calls

    async def _apply(self, work: Callable[[Machine], T], user: str) -> T:
        """Do what a file transfer asks for, with the user's rights."""

        def alone() -> T:
            machine = self._load()
            with acting_for(machine, Call(kind="script", name="sftp", user=user)):
                done = work(machine)
            self._save(machine)
            return done

        async with self._lock:
            return await asyncio.to_thread(alone)

    async def _run(self, line: str, stdin: bytes, user: str) -> Outcome | None:
        began = time.monotonic()
        await asyncio.sleep(self._latency)
        # A command that is ended by its client is carried out all the same: a thread can't be stopped in its middle.
        return await asyncio.shield(self._run_alone(began, line, stdin, user))

    async def _run_alone(self, began: float, line: str, stdin: bytes, user: str) -> Outcome | None:
        async with self._lock:
            call, outcome = await asyncio.to_thread(self._carry_out, line, stdin, user)
        dropped = self.strikes("drop")
        self._calls.record(
            self.name,
            call.kind,
            call.name,
            check_mode=call.check_mode,
            seconds=time.monotonic() - began,
            rc=None if dropped else outcome.rc,
            sent=len(line.encode()) + len(stdin),
            answered=len(outcome.stdout.encode()) + len(outcome.stderr.encode()),
        )
        if self._load().reboot_requested and not self._is_rebooting():
            self._rebooting = asyncio.get_running_loop().create_task(self._reboot())
        return None if dropped else outcome

    def _carry_out(self, line: str, stdin: bytes, user: str) -> tuple[Call, Outcome]:
        machine = self._load()
        try:
            call = decode(line, stdin).by(user)
        except PayloadError as error:
            answer = json.dumps({"failed": True, "msg": str(error)}) + "\r\n"
            return Call(kind="command", name=line[:80], user=user), Outcome(1, answer, f"{error}\r\n")
        if self.strikes("logs_on"):
            somebody_logs_on(machine)
        outcome = Outcome(1, REFUSAL + "\r\n") if self.strikes("fails", call.name) else execute(machine, call)
        self._save(machine)
        return call, outcome

    def _load(self) -> Machine:
        if self._machine is None:
            self._machine = Machine.load(self._file)
            self._saved = self._machine.to_bytes()
            if self._machine.reboot_requested:  # the lab went down in the middle of a reboot
                self._finish_reboot(self._machine)
        return self._machine

    def _save(self, machine: Machine) -> None:
        """Write the machine's file if its state is another than the file's, and only then."""
        state = machine.to_bytes()
        if state != self._saved:
            machine.save(self._file)
            self._saved = state

    def _is_rebooting(self) -> bool:
        return self._rebooting is not None and not self._rebooting.done()

    async def _reboot(self) -> None:
        await asyncio.sleep(SHUTDOWN_SECONDS)
        machine = self._load()
        if not machine.reboot_requested:  # taken back in the meantime (shutdown /a)
            return
        log.info("%s reboots", self.name)
        await self._listener.close()
        slow = SLOW_REBOOT_SECONDS if self.strikes("slow_reboot") else 0.0
        await asyncio.sleep(REBOOT_SECONDS + slow)
        async with self._lock:
            await asyncio.to_thread(self._finish_reboot, machine)
        if self.strikes("no_return"):
            self.faults.set("power_off")
        self._rebooting = None
        await self._apply_state()

    def _finish_reboot(self, machine: Machine) -> None:
        restart.restart(machine)
        self._save(machine)


def set_up_ssh(machine: Machine) -> None:
    """Have SSH's commands given to PowerShell, which is what Ansible's documentation asks for."""
    machine.registry.set(OPENSSH, "DefaultShell", Value("REG_SZ", POWERSHELL))


def somebody_logs_on(machine: Machine) -> None:
    """Log the first person on who has a profile and is not: the hive is loaded from now on."""
    away = [sid for sid in machine.profiles() if sid in machine.users and not machine.hive_loaded(sid)]
    for sid in sorted(away)[:1]:
        machine.log_on(sid)
