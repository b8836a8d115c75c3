"""One simulated Mac on the network: its SSH server and its faults."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from lab.calls import CallLog
from lab.endpoint import Endpoint
from lab.faults import OF_MACS, OF_WINDOWS, REFUSAL, FaultError
from lab.macos import restart
from lab.macos.machine import MacMachine
from lab.macos.server import MacServer, serve

REBOOT_SECONDS = 2.0


class MacEndpoint(Endpoint):
    """Serves one Mac."""

    os = "macos"

    def __init__(self, name: str, machines: Path, client_key: Path, calls: CallLog, *, latency: float) -> None:
        """`client_key` is the private key's file; its public half lies beside it. `latency` is in seconds a call."""
        super().__init__(name, calls)
        self._machine = MacMachine(name, machines)
        self._client_key = client_key.with_suffix(".pub").read_text(encoding="ascii")
        self._latency = latency
        self._server: MacServer | None = None

    async def start(self, port: int = 0) -> int:
        """Listen and return the port."""
        self._server = await serve(
            self._machine,
            client_key=self._client_key,
            port=port,
            latency=self._latency,
            calls=self._calls,
            gate=self,
        )
        self.port = self._server.port
        return self.port

    async def stop(self) -> None:
        """Stop listening."""
        self._silence.end()
        if self._server is not None:
            server, self._server = self._server, None
            with contextlib.suppress(TimeoutError):  # a client may hold its connection open
                await asyncio.wait_for(server.close(), 5)

    @property
    def answers(self) -> bool:
        """Whether the machine is on and listens."""
        return self._server is not None

    @property
    def known_hosts_line(self) -> str:
        """The line of a known_hosts file that names this Mac's key."""
        return self._machine.known_hosts_line("127.0.0.1", self.port)

    async def set_fault(self, kind: str, count: int = 1, after: int = 0, only: str = "") -> None:
        """Set a fault or take all away; raises FaultError."""
        if kind in OF_WINDOWS:
            raise FaultError(f"the fault {kind!r} exists on Windows machines only")
        self.faults.set(kind, count, after, only)
        with self._machine.state.edit() as data:
            if kind == "none":
                data["faults"] = {}
            elif kind in OF_MACS:
                data["faults"][kind] = count
        await self._apply_state()

    def refusal(self, module: str) -> str | None:
        """What a module says in place of its own words."""
        return REFUSAL if self.strikes("fails", module) else None

    async def _apply_state(self) -> None:
        if self.faults.state is None:
            self._silence.end()
            if self._server is None:
                await self.start(self.port)
            return
        await self.stop()
        if self.faults.state == "power_off":
            self._silence.begin(self.port)

    async def set_tunnel(self, *, up: bool) -> None:
        """Connect or disconnect the VPN, as its user does. Raises restart.MacError."""
        await asyncio.to_thread(restart.set_tunnel, self._machine, up=up)

    async def reboot(self) -> None:
        """Take the machine off the network, start it anew and let it answer again. Raises restart.MacError."""
        if self.faults.state is not None:
            raise FaultError(f"{self.name} does not answer; `python -m lab fault {self.name} none` comes first")
        await self.stop()
        try:
            await asyncio.sleep(REBOOT_SECONDS)
            await asyncio.to_thread(restart.restart, self._machine)
        finally:
            await self.start(self.port)
