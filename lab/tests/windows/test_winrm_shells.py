"""Remote shells: limits, time-outs, streams and faults, without a network."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import xmltodict

from lab.windows.calls.outcome import Outcome
from lab.windows.net import shells, wsman
from lab.windows.net.shells import Shells
from lab.windows.net.wsman import Request, WsmanFault

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"


class Client:
    """Speaks to shells as pywinrm does."""

    def __init__(self, run: Callable[[str, bytes, str], Awaitable[Outcome]], user: str = "taro") -> None:
        self.now = 0.0
        self.shells = Shells(run, clock=lambda: self.now)
        self.user = user

    async def ask(self, action: str, body: dict[str, Any], shell: str = "", **more: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "resource": SHELL + "/cmd",
            "timeout": 0.05,
            "max_envelope": 153600,
            "options": {},
        } | more
        request = Request(action=action, message_id="uuid:1", shell_id=shell, body=body, **settings)
        answer = await self.shells.answer(request, self.user, "127.0.0.1")
        names = {uri: prefix for prefix, uri in wsman._ENVELOPE}
        return xmltodict.parse(answer, process_namespaces=True, namespaces=names)["s:Envelope"]["s:Body"]

    async def create(self, **body: Any) -> str:
        answer = await self.ask(TRANSFER + "/Create", {"rsp:Shell": body})
        return answer["rsp:Shell"]["rsp:ShellId"]

    async def command(self, shell: str, line: str, *, console: bool = True) -> str:
        node = {"rsp:CommandLine": {"rsp:Command": line, "rsp:Arguments": "-a  b"}}
        options = {"WINRS_CONSOLEMODE_STDIN": str(console).upper()}
        answer = await self.ask(SHELL + "/Command", node, shell, options=options)
        return answer["rsp:CommandResponse"]["rsp:CommandId"]

    async def send(self, shell: str, command: str, data: bytes, *, end: bool) -> None:
        text = base64.b64encode(data).decode()
        stream = {"@CommandId": command, "@Name": "stdin", "#text": text, "@End": str(end).lower()}
        await self.ask(SHELL + "/Send", {"rsp:Send": {"rsp:Stream": stream}}, shell)

    async def receive(self, shell: str, command: str, **more: Any) -> tuple[bytes, bytes, int | None]:
        wanted = {"rsp:Receive": {"rsp:DesiredStream": {"@CommandId": command, "#text": "stdout stderr"}}}
        answer = (await self.ask(SHELL + "/Receive", wanted, shell, **more))["rsp:ReceiveResponse"]
        streams = {"stdout": b"", "stderr": b""}
        nodes = answer.get("rsp:Stream", [])
        for node in nodes if isinstance(nodes, list) else [nodes]:
            streams[node["@Name"]] += base64.b64decode(node.get("#text") or "")
        code = answer["rsp:CommandState"].get("rsp:ExitCode")
        return streams["stdout"], streams["stderr"], None if code is None else int(code)

    async def signal(self, shell: str, command: str, code: str) -> None:
        node = {"rsp:Signal": {"@CommandId": command, "rsp:Code": f"{SHELL}/signal/{code}"}}
        await self.ask(SHELL + "/Signal", node, shell)


async def echo(line: str, stdin: bytes, user: str) -> Outcome:
    return Outcome(3, f"{user}>{line}<{stdin.decode()}", "warned")


async def never(line: str, stdin: bytes, user: str) -> Outcome:
    await asyncio.sleep(3600)
    return Outcome(0, "")


def refused(action: Awaitable[Any]) -> Any:
    """Run and return the fault."""

    async def run() -> WsmanFault:
        with pytest.raises(WsmanFault) as caught:
            await action
        return caught.value

    return run()


def test_a_command_with_a_console_runs_at_once_and_gives_both_streams_and_its_exit_code() -> None:
    async def scenario() -> Any:
        client = Client(echo)
        shell = await client.create()
        return await client.receive(shell, await client.command(shell, "whoami"))

    assert asyncio.run(scenario()) == (b"taro>whoami -a  b<", b"warned", 3)


def test_a_command_that_reads_a_pipe_runs_when_the_input_has_ended() -> None:
    async def scenario() -> Any:
        client = Client(echo)
        shell = await client.create()
        command = await client.command(shell, "sort", console=False)
        await client.send(shell, command, b"one ", end=False)
        fault = await refused(client.receive(shell, command))
        await client.send(shell, command, b"two", end=True)
        return fault, await client.receive(shell, command)

    fault, received = asyncio.run(scenario())
    assert (fault.code, fault.subcode, fault.receiver) == (2150858793, "w:TimedOut", True)
    assert received == (b"taro>sort -a  b<one two", b"warned", 3)


def test_a_long_output_comes_in_pieces_and_the_exit_code_with_the_last() -> None:
    async def scenario() -> Any:
        async def long(line: str, stdin: bytes, user: str) -> Outcome:
            return Outcome(0, "x" * 70000, "e" * 10)

        client = Client(long)
        shell = await client.create()
        command = await client.command(shell, "type")
        return [await client.receive(shell, command) for _ in range(3)]

    pieces = [(len(out), len(err), code) for out, err, code in asyncio.run(scenario())]
    assert pieces == [(32768, 0, None), (32768, 0, None), (4464, 10, 0)]


def test_a_small_envelope_makes_the_pieces_smaller() -> None:
    async def scenario() -> Any:
        async def long(line: str, stdin: bytes, user: str) -> Outcome:
            return Outcome(0, "x" * 70000)

        client = Client(long)
        shell = await client.create()
        return await client.receive(shell, await client.command(shell, "type"), max_envelope=8192)

    assert len(asyncio.run(scenario())[0]) == 3072


def test_an_error_of_the_lab_ends_the_command_and_says_so() -> None:
    async def scenario() -> Any:
        async def broken(line: str, stdin: bytes, user: str) -> Outcome:
            raise ValueError("broken")

        client = Client(broken)
        shell = await client.create()
        return await client.receive(shell, await client.command(shell, "x"))

    assert asyncio.run(scenario()) == (b"", b"lab error: ValueError: broken", 1)


def test_the_31st_shell_of_a_user_is_refused_and_a_closed_one_makes_room() -> None:
    async def scenario() -> Any:
        client = Client(echo)
        ids = [await client.create() for _ in range(30)]
        fault = await refused(client.create())
        await client.ask(TRANSFER + "/Delete", {}, ids[0])
        await client.create()
        client.user = "hanako"
        await client.create()
        return fault

    fault = asyncio.run(scenario())
    assert (fault.code, fault.subcode) == (2150859173, "w:QuotaLimit")


def test_operations_count_until_their_shell_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "MAX_OPERATIONS_PER_USER", 2)

    async def scenario() -> Any:
        client = Client(echo)
        shell = await client.create()
        for _ in range(2):
            await client.signal(shell, await client.command(shell, "x"), "terminate")
        fault = await refused(client.command(shell, "x"))
        await client.ask(TRANSFER + "/Delete", {}, shell)
        await client.command(await client.create(), "x")
        return fault

    assert asyncio.run(scenario()).code == 0x803381A6


def test_a_26th_process_in_a_shell_is_refused() -> None:
    async def scenario() -> Any:
        client = Client(never)
        shell = await client.create()
        commands = [await client.command(shell, "x") for _ in range(25)]
        fault = await refused(client.command(shell, "x"))
        await client.signal(shell, commands[0], "terminate")
        await client.command(shell, "x")
        client.shells.end_all()
        return fault

    assert asyncio.run(scenario()).subcode == "w:QuotaLimit"


def test_an_idle_shell_ends_after_its_time_and_a_busy_one_does_not() -> None:
    async def scenario() -> Any:
        client = Client(never)
        idle, busy = await client.create(**{"rsp:IdleTimeOut": "PT60S"}), await client.create()
        default = await client.create()
        await client.command(busy, "x")
        client.now = 7200.0
        fault = await refused(client.command(idle, "x"))
        await client.command(default, "x")
        client.now = 20000.0
        await client.command(busy, "x")
        client.shells.end_all()
        return fault

    fault = asyncio.run(scenario())
    assert (fault.code, fault.subcode) == (2150858843, "w:InvalidSelectors")


def test_ctrl_c_ends_a_running_command_with_its_own_code() -> None:
    async def scenario() -> Any:
        client = Client(never)
        shell = await client.create()
        command = await client.command(shell, "ping")
        await client.signal(shell, command, "ctrl_c")
        return await client.receive(shell, command)

    assert asyncio.run(scenario()) == (b"", b"", 0xC000013A)


def test_a_second_receive_at_the_same_time_is_refused() -> None:
    async def scenario() -> Any:
        client = Client(never)
        shell = await client.create()
        command = await client.command(shell, "ping")
        first = asyncio.create_task(client.receive(shell, command, timeout=5))
        await asyncio.sleep(0)
        fault = await refused(client.receive(shell, command))
        client.shells.end_all()
        await first
        return fault

    assert asyncio.run(scenario()).code == 2150859047


@pytest.mark.parametrize(
    ("change", "code", "subcode"),
    [
        ({"resource": "http://schemas.microsoft.com/powershell/JEA"}, 2150858752, "a:Destination"),
        ({"action": SHELL + "/Connect"}, 2150858771, "a:ActionNotSupported"),
        ({"shell": "0B"}, 2150858843, "w:InvalidSelectors"),
        ({"body": {"rsp:Receive": {"rsp:DesiredStream": {"@CommandId": "0C"}}}}, 2150858843, "w:InvalidSelectors"),
    ],
)
def test_what_is_not_there_is_a_fault(change: dict[str, Any], code: int, subcode: str) -> None:
    async def scenario() -> Any:
        client = Client(echo)
        asked = {"action": SHELL + "/Receive", "body": {}, "shell": await client.create()} | change
        return await refused(client.ask(**asked))

    fault = asyncio.run(scenario())
    assert fault.code == code
    assert fault.subcode.startswith(subcode)


def test_a_shell_belongs_to_its_user() -> None:
    async def scenario() -> Any:
        client = Client(echo)
        shell = await client.create()
        client.user = "hanako"
        return await refused(client.command(shell, "x"))

    assert asyncio.run(scenario()).code == 2150858843


def test_input_to_a_command_that_has_its_input_is_refused() -> None:
    async def scenario() -> Any:
        client = Client(never)
        shell = await client.create()
        command = await client.command(shell, "x", console=False)
        await client.send(shell, command, b"", end=True)
        fault = await refused(client.send(shell, command, b"more", end=False))
        client.shells.end_all()
        return fault

    assert asyncio.run(scenario()).code == 109


@pytest.mark.parametrize(
    ("duration", "seconds"), [("PT20S", 20), ("PT0.5S", 0.5), ("PT1M", 60), ("P1DT2H3M4.5S", 93784.5)]
)
def test_durations(duration: str, seconds: float) -> None:
    assert wsman.seconds(duration) == seconds


@pytest.mark.parametrize("duration", ["", "PT", "20", "P-1D"])
def test_what_is_no_duration_is_a_fault(duration: str) -> None:
    with pytest.raises(WsmanFault, match=re.escape(repr(duration))):
        wsman.seconds(duration)
