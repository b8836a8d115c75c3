"""An endpoint that runs in a thread of its own, for the tests of what a client of the network meets."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from winrm.protocol import Protocol

from lab import certificates
from lab.calls import CallLog
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call
from lab.windows.machine import Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.net.ssh import Keys
from lab.windows_endpoint import WindowsEndpoint

PASSWORD = "right-1"


def carry_out(machine: Machine, call: Call) -> Outcome:
    """Stand in for the models: a few commands that a test needs."""
    match call.name.split():
        case ["write"]:
            machine.domain = "changed"
        case ["disable", name]:
            machine.users[machine.sid_of(name) or ""].enabled = False
        case ["passwd", name]:
            machine.users[machine.sid_of(name) or ""].set_password("another")
        case ["reboot"]:
            machine.request_reboot()
        case ["slow"]:
            machine.hardware["busy"] = True
            time.sleep(0.3)
            machine.hardware["busy"] = False
        case ["busy?"]:
            return Outcome(0, str(machine.hardware["busy"]))
        case ["big"]:
            return Outcome(0, "x" * 200_000)
    return Outcome(0, f"{call.user}:{call.name}")


class Served:
    """An endpoint that runs in a thread of its own, and a client for it."""

    def __init__(self, folder: Path, keys: Keys | None = None) -> None:
        """With keys it is reached by SSH, else by WinRM."""
        machine = Machine("win-01")
        for name in ("admin", "guest"):
            user = User(machine.accounts.next_sid(), name)
            user.set_password(PASSWORD)
            machine.users[user.sid] = user
        machine.groups[ADMINISTRATORS].members.add(machine.sid_of("admin") or "")
        self.file = folder / "win-01.json"
        machine.save(self.file)
        self.calls = folder / "calls.jsonl"
        self.ca_file = certificates.make(folder)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        tls = certificates.load(folder)

        async def make() -> WindowsEndpoint:
            made = WindowsEndpoint("win-01", self.file, PASSWORD, keys or tls, CallLog(self.calls), latency=0.0)
            await made.start()
            return made

        self.endpoint = self.wait(make())
        self.url = f"https://127.0.0.1:{self.endpoint.port}/wsman"

    def wait(self, coroutine: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(20)

    def client(self, user: str = "admin", password: str = PASSWORD, ca_file: Path | None = None) -> Protocol:
        trusted = str(ca_file or self.ca_file)
        return Protocol(
            self.url, "ntlm", user, password, ca_trust_path=trusted, operation_timeout_sec=1, read_timeout_sec=2
        )

    def run(self, line: str, protocol: Protocol | None = None) -> tuple[bytes, bytes, int]:
        protocol = protocol or self.client()
        shell = protocol.open_shell()
        output = protocol.get_command_output(shell, protocol.run_command(shell, line))
        protocol.close_shell(shell)
        return output

    def fault(self, kind: str, count: int = 1, after: int = 0) -> None:
        self.wait(self.endpoint.set_fault(kind, count, after))

    def close(self) -> None:
        self.wait(self.endpoint.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
