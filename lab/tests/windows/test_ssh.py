"""SSH to a simulated Windows machine: logons, commands, files, faults, as asyncssh's client meets them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from ansible.executor.powershell.module_manifest import _bootstrap_powershell_script

from lab import ssh_keys
from lab import windows_endpoint as endpoint_module
from lab.faults import FaultError
from lab.tests.windows.served import PASSWORD, Served, carry_out
from lab.windows.execute import execute
from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.net.ssh import LONGEST_LINE_OF_CMD
from lab.windows_endpoint import OPENSSH, POWERSHELL, set_up_ssh


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(endpoint_module, "SHUTDOWN_SECONDS", 0.05)
    monkeypatch.setattr(endpoint_module, "REBOOT_SECONDS", 0.3)
    monkeypatch.setattr(endpoint_module, "execute", carry_out)
    it = Served(tmp_path, ssh_keys.of_windows(tmp_path / "ssh", "win-01"))
    yield it
    it.close()


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lab's own models carry the calls out."""
    monkeypatch.setattr(endpoint_module, "execute", execute)


def client(
    served: Served, work: Callable[[asyncssh.SSHClientConnection], Awaitable[Any]], user: str = "admin", **how: Any
) -> Any:
    """Log on, by key unless a password is given, and return what the work returns."""
    folder = served.file.parent / "ssh"

    async def connected() -> Any:
        known = asyncssh.import_known_hosts(served.endpoint.known_hosts_line)
        how.setdefault("client_keys", [folder / ssh_keys.CLIENT_KEY])
        port = served.endpoint.port
        async with asyncssh.connect("127.0.0.1", port, username=user, known_hosts=known, config=None, **how) as opened:
            return await asyncio.wait_for(work(opened), 5)

    return asyncio.run(connected())


def run(served: Served, line: str, stdin: bytes = b"", **how: Any) -> tuple[str, str, int]:
    async def work(connection: asyncssh.SSHClientConnection) -> tuple[str, str, int]:
        process = await connection.create_process(line, encoding=None)
        # A command may end before it is told anything.
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.write_eof()
        done = await process.wait()
        assert isinstance(done.stdout, bytes) and isinstance(done.stderr, bytes)
        if done.exit_status is None:
            raise ConnectionResetError("the connection ended before the command did")
        return done.stdout.decode(), done.stderr.decode(), done.exit_status

    return client(served, work, **how)


def by_password(password: str) -> dict[str, Any]:
    return {"client_keys": None, "password": password, "agent_path": None}


def change(served: Served, work: Callable[[Machine], Any]) -> None:
    """Change the machine before it is read for the first time."""
    machine = Machine.load(served.file)
    work(machine)
    machine.save(served.file)


def encoded(script: str) -> str:
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {text}"


def test_a_command_runs_as_the_account_that_logged_on_with_its_key(served: Served) -> None:
    assert run(served, "hostname") == ("admin:hostname", "", 0)
    (line,) = map(json.loads, served.calls.read_text().splitlines())
    assert (line["kind"], line["name"], line["rc"], line["sent"], line["answered"]) == ("command", "hostname", 0, 8, 14)


def test_a_password_is_taken_as_well_also_from_who_is_no_administrator(served: Served) -> None:
    assert run(served, "hostname", **by_password(PASSWORD))[0] == "admin:hostname"
    assert run(served, "hostname", user="guest", **by_password(PASSWORD))[0] == "guest:hostname"


@pytest.mark.parametrize(
    ("user", "how"),
    [
        ("admin", by_password("wrong")),
        ("ghost", by_password(PASSWORD)),
        ("guest", {}),  # administrators_authorized_keys is for administrators
        ("admin", {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]}),
    ],
)
def test_who_is_not_let_in(served: Served, user: str, how: dict[str, Any]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        run(served, "hostname", user=user, **how)


def test_a_disabled_account_has_no_use_for_its_key(served: Served) -> None:
    assert run(served, "disable admin")[2] == 0
    with pytest.raises(asyncssh.PermissionDenied):
        run(served, "hostname")


def test_what_ansible_sends_is_decoded_as_over_winrm(served: Served, models: None) -> None:
    script, stdin = _bootstrap_powershell_script("powershell_expand_user.ps1", {"Path": "C:\\x"})
    assert run(served, encoded(script), stdin) == ("C:\\x\r\n", "", 0)
    assert run(served, encoded("exit -not (Test-Path -LiteralPath C:\\none)")) == ("", "", 1)
    out, err, code = run(served, "dir")
    assert (out, code) == ("", 1)
    assert err == "The lab does not model the command 'dir'.\r\n"


def test_a_shell_of_cmd_takes_ansible_s_longest_line_and_no_longer_one(served: Served, models: None) -> None:
    script, stdin = _bootstrap_powershell_script("powershell_expand_user.ps1", {"Path": "C:\\x"})
    assert len(encoded(script)) < LONGEST_LINE_OF_CMD == 8191
    assert run(served, encoded(script), stdin)[0] == "C:\\x\r\n"
    assert run(served, "x" * 8192) == ("", "The command line is too long.\r\n", 1)
    assert "does not model the command" in run(served, "x" * 8191)[1]


def test_single_quotes_are_for_powershell_and_not_for_cmd(served: Served, models: None) -> None:
    script, stdin = _bootstrap_powershell_script("powershell_expand_user.ps1", {"Path": "C:\\x"})
    line, _, text = encoded(script).rpartition(" ")
    out, err, code = run(served, f"{line} '{text}'", stdin)
    assert (out, code) == ("", 64)
    assert "the value specified with -EncodedCommand is not properly encoded" in err


def test_powershell_takes_the_quotes_off_its_script_alone(served: Served, models: None) -> None:
    change(served, set_up_ssh)
    script, stdin = _bootstrap_powershell_script("powershell_expand_user.ps1", {"Path": "C:\\x"})
    line, _, text = encoded(script).rpartition(" ")
    assert run(served, f"{line} '{text}'", stdin) == ("C:\\x\r\n", "", 0)
    assert "does not model the command \"echo 'a'\"" in run(served, "echo 'a'")[1]


def test_a_shell_of_powershell_takes_longer_lines(served: Served, models: None) -> None:
    change(served, set_up_ssh)
    assert served.endpoint.default_shell() == POWERSHELL
    assert "does not model the command" in run(served, "x" * 8192)[1]


@pytest.mark.parametrize("program", [None, "C:\\pwsh.exe"])
def test_the_default_shell_is_what_the_registry_says(served: Served, program: str | None) -> None:
    if program:
        change(served, lambda machine: machine.registry.set(OPENSSH, "DefaultShell", Value("REG_SZ", program)))
    assert served.endpoint.default_shell() == (program or "C:\\Windows\\System32\\cmd.exe")


def test_an_interactive_shell_is_refused_by_name(served: Served) -> None:
    async def work(connection: asyncssh.SSHClientConnection) -> Any:
        return await connection.run(None)

    assert "does not model an interactive shell" in str(client(served, work).stderr)


def test_files_come_and_go_by_sftp(served: Served, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "here").write_bytes(content)
    (tmp_path / "empty").write_bytes(b"")

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            assert await sftp.realpath("/C:/WINDOWS/../Users") == "/C:/Users"
            await sftp.put(str(tmp_path / "here"), "/C:/WINDOWS/TEMP/there")
            await sftp.put(str(tmp_path / "empty"), "/C:/WINDOWS/TEMP/none")
            await sftp.get("/C:/windows/temp/THERE", str(tmp_path / "back"), sparse=False)
            assert await sftp.isdir("/C:/WINDOWS/TEMP")
            assert (await sftp.stat("/C:/WINDOWS/TEMP/none")).size == 0
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.get("/C:/none", str(tmp_path / "back"))
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.put(str(tmp_path / "here"), "/C:/none/there")

    change(served, lambda machine: machine.files.mkdir("C:\\WINDOWS\\TEMP"))
    client(served, work)
    assert (tmp_path / "back").read_bytes() == content
    (line,) = map(json.loads, served.calls.read_text().splitlines())
    assert (line["kind"], line["rc"], line["sent"], line["answered"]) == ("transfer", 0, 256_000, 256_000)
    assert line["name"].startswith("C:\\WINDOWS\\TEMP\\there, C:\\WINDOWS\\TEMP\\none, C:\\windows\\temp\\THERE")


def test_a_transfer_has_no_more_rights_than_who_logged_on(served: Served, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"x")

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            with pytest.raises(asyncssh.SFTPPermissionDenied, match="denied"):
                await sftp.put(str(tmp_path / "here"), "/C:/WINDOWS/there")

    change(served, lambda machine: machine.files.mkdir("C:\\WINDOWS"))
    client(served, work, user="guest", **by_password(PASSWORD))


@pytest.mark.parametrize("operation", ["mkdir", "remove", "listdir", "readlink"])
def test_what_else_sftp_can_do_is_refused_by_name_and_reaches_no_file_of_this_computer(
    served: Served, tmp_path: Path, operation: str
) -> None:
    (tmp_path / "mine").mkdir()

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            with pytest.raises(asyncssh.SFTPError, match="does not model this operation"):
                await getattr(sftp, operation)("/C:/" if operation == "listdir" else str(tmp_path / "mine"))
            with pytest.raises(asyncssh.SFTPError):
                await sftp.get(str(served.file), str(tmp_path / "stolen"))

    client(served, work)
    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "stolen").exists()


def test_a_refused_logon_is_one_logon_whatever_the_client_tries(served: Served) -> None:
    served.fault("auth")
    with pytest.raises(asyncssh.PermissionDenied):
        run(served, "hostname", password=PASSWORD)
    assert run(served, "hostname")[2] == 0


def test_a_dropped_command_is_carried_out_but_its_answer_is_lost(served: Served) -> None:
    served.fault("drop")
    with pytest.raises(ConnectionResetError):
        run(served, "write")
    assert json.loads(served.file.read_bytes())["domain"] == "changed"
    assert json.loads(served.calls.read_text())["rc"] is None


def test_a_dropped_transfer_has_reached_the_machine(served: Served, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"x")

    async def work(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(tmp_path / "here"), "/C:/there")

    served.fault("drop")
    with pytest.raises((asyncssh.Error, OSError)):
        client(served, work)
    assert "c:\\there" in served.file.read_text().lower().replace("\\\\", "\\")


def test_a_command_that_gets_no_answer_is_not_carried_out(served: Served) -> None:
    served.fault("timeout")
    with pytest.raises(TimeoutError):
        run(served, "write")
    assert json.loads(served.file.read_bytes())["domain"] is None


def test_a_refusing_endpoint_drops_its_connections_and_comes_back_with_the_same_key(served: Served) -> None:
    served.fault("refuse", after=1)
    assert run(served, "hostname")[2] == 0
    with pytest.raises(ConnectionResetError):
        run(served, "write")
    with pytest.raises(ConnectionRefusedError):
        run(served, "hostname")
    served.fault("none")
    assert run(served, "hostname")[2] == 0
    assert json.loads(served.file.read_bytes())["domain"] is None


def test_a_fault_of_http_is_refused_by_name(served: Served) -> None:
    with pytest.raises(FaultError, match="win-01 is reached by SSH, which knows no HTTP 500"):
        served.fault("http500")
