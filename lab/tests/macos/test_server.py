"""The SSH server of a simulated Mac: keys, commands, terminals, transfers, counting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from lab.calls import CallLog
from lab.macos.machine import MacMachine
from lab.macos.server import MacServer, serve
from lab.tests.macos.machines import mac

KEY = asyncssh.generate_private_key("ssh-ed25519")


class Calls(CallLog):
    """The lab's own log, read."""

    def _of_each(self, *keys: str) -> list[tuple[Any, ...]]:
        lines = map(json.loads, self.path.read_text(encoding="utf-8").splitlines())
        return [tuple(line[key] for key in keys) for line in lines]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self._of_each("endpoint", "kind", "name", "check_mode", "rc")

    @property
    def sizes(self) -> list[tuple[Any, ...]]:
        return self._of_each("sent", "answered")


class Gate:
    """The machine goes off, is dropped or is silent at the command with this number."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind = kind
        self.left = number

    def next_command(self) -> bool:
        self.left -= 1
        return self.kind == "off" and self.left == 0

    def strikes(self, kind: str) -> bool:
        return kind == self.kind and self.left == 0

    def is_unanswered(self) -> bool:
        return self.strikes("timeout")

    def refusal(self, module) -> str | None:
        return "no" if self.strikes("fails") else None


def session(
    machine: MacMachine,
    work: Callable[[asyncssh.SSHClientConnection], Awaitable[Any]],
    gate: Gate | None = None,
    **options: Any,
) -> tuple[Any, Calls]:
    """Serve the machine, log on and do the work."""

    async def main() -> tuple[Any, Calls]:
        calls = Calls(machine.file.with_name("calls.jsonl"))
        calls.path.unlink(missing_ok=True)
        server: MacServer = await serve(machine, client_key=KEY.export_public_key().decode(), calls=calls, gate=gate)
        known = asyncssh.import_known_hosts(machine.known_hosts_line("127.0.0.1", server.port))
        logon = {"username": "labadmin", "client_keys": [KEY], "known_hosts": known, "config": None} | options
        try:
            async with asyncssh.connect("127.0.0.1", server.port, **logon) as connection:
                return await work(connection), calls
        finally:
            await server.close()

    return asyncio.run(main())


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path)


def test_a_command_runs_in_the_machine_and_counts_once(machine: MacMachine) -> None:
    done, calls = session(machine, lambda c: c.run("pwd; ls /Users/Shared/none; exit 3"))
    assert done.stdout == "/Users/labadmin\n"
    assert done.stderr == "ls: /Users/Shared/none: No such file or directory\n"
    assert done.exit_status == 3
    assert calls.rows == [("mac-01", "command", "pwd; ls /Users/Shared/none; exit 3", False, 3)]


def test_a_module_in_the_input_is_named(machine: MacMachine) -> None:
    source = "raise SystemExit\nx(ansible_module='ansible.builtin.stat', params='{\"_ansible_check_mode\": true}')\n"
    _, calls = session(machine, lambda c: c.run("/bin/sh -c '/usr/local/bin/python3 && sleep 0'", input=source))
    assert [row[1:4] for row in calls.rows] == [("module", "ansible.builtin.stat", True)]


def test_the_bytes_of_a_call_are_counted(machine: MacMachine, tmp_path: Path) -> None:
    _, calls = session(machine, lambda c: c.run("cat; echo no >&2", input="hello"))
    # The command and its input; what it wrote to both streams.
    assert calls.sizes == [(16 + 5, 5 + 3)]
    local = tmp_path / "local"
    local.write_text("hello")

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(local), "/tmp/copy")
            await sftp.get("/tmp/copy", str(tmp_path / "back"))
            await sftp.put(str(local), "/tmp/copy")

    _, calls = session(machine, work)
    assert calls.sizes == [(10, 5)]


def test_a_terminal_is_a_real_one(machine: MacMachine) -> None:
    done, _ = session(
        machine,
        lambda c: c.run("test -t 0 && sudo -p 'pw: ' whoami", term_type="xterm", input="Lab-2026-Only\n"),
    )
    assert done.stdout.endswith("root\r\n")
    assert "Lab-2026-Only" not in done.stdout.split("pw: ", 1)[1]


@pytest.mark.parametrize(
    "options", [{"username": "root"}, {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]}]
)
def test_another_user_or_key_is_refused(machine: MacMachine, options: dict[str, Any]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        session(machine, lambda c: c.run("true"), **options)


def test_another_host_key_is_refused_by_the_client(machine: MacMachine) -> None:
    wrong = asyncssh.import_known_hosts(f"* {KEY.export_public_key().decode()}")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        session(machine, lambda c: c.run("true"), known_hosts=wrong)


def test_a_file_comes_over_sftp_with_owner_and_mode(machine: MacMachine, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_text("hello")

    async def work(connection: asyncssh.SSHClientConnection) -> list[str]:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(local), "/tmp/copy")
            await sftp.chmod("/tmp/copy", 0o750)
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await sftp.put(str(local), "/Library/copy")
            assert await sftp.realpath(".") == "/Users/labadmin"
        done = await connection.run("cat /tmp/copy; stat -f ' %Su %Lp' /tmp/copy")
        return [str(done.stdout)]

    (text,), calls = session(machine, work)
    assert text == "hello labadmin 750\n"
    assert calls.rows[0][1:3] == ("transfer", "/private/tmp/copy")
    assert len(calls.rows) == 2


def test_a_client_that_goes_away_ends_its_command(machine: MacMachine) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> None:
        process = await connection.create_process("echo started; sleep 600")
        assert await process.stdout.readline() == "started\n"
        connection.abort()
        await asyncio.sleep(0.3)

    _, calls = session(machine, work)
    assert [row[4] for row in calls.rows] == [None]


async def two_commands(connection: asyncssh.SSHClientConnection) -> list[int | None]:
    """Return the exit codes of two commands that write a file each; None where no answer came."""
    codes = []
    for name in ("one", "two"):
        try:
            done = await asyncio.wait_for(connection.run(f"echo hello > /tmp/{name}"), 2)
            codes.append(done.exit_status)
        except TimeoutError:
            codes.append(None)
    return codes


@pytest.mark.parametrize(
    ("kind", "written", "logged"), [("drop", True, [0, None]), ("timeout", False, [0]), ("off", False, [0])]
)
def test_a_command_without_an_answer(machine: MacMachine, kind: str, written: bool, logged: list[int | None]) -> None:
    codes, calls = session(machine, two_commands, Gate(kind, 2))
    assert codes == [0, None]
    assert Path(f"{machine.root}/private/tmp/one").exists()
    assert Path(f"{machine.root}/private/tmp/two").exists() is written
    assert [row[4] for row in calls.rows] == logged


@pytest.mark.parametrize(
    ("command", "answer", "code"),
    [("/usr/local/bin/python3 -c 'print(1)'; touch /tmp/one", "no\n", 1), ("echo hello; touch /tmp/one", "hello\n", 0)],
)
def test_a_module_that_is_refused_is_not_carried_out(machine: MacMachine, command: str, answer: str, code: int) -> None:
    done, calls = session(machine, lambda c: c.run(command), Gate("fails", 1))
    assert (done.stdout, done.exit_status) == (answer, code)
    assert Path(f"{machine.root}/private/tmp/one").exists() is (code == 0)
    assert [row[4] for row in calls.rows] == [code]


@pytest.mark.parametrize(("kind", "error", "there"), [("drop", asyncssh.Error, True), ("timeout", TimeoutError, False)])
def test_a_transfer_without_an_answer(
    machine: MacMachine, tmp_path: Path, kind: str, error: type[Exception], there: bool
) -> None:
    local = tmp_path / "local"
    local.write_text("hello")

    async def put(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(local), "/tmp/copy")

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        with pytest.raises(error):
            await asyncio.wait_for(put(connection), 2)

    session(machine, work, Gate(kind, 1))
    assert Path(f"{machine.root}/private/tmp/copy").exists() is there
