"""PowerShell Remoting as the real pypsrp meets it: output, errors, exit codes, input, files, faults, refusals."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from ansible.executor.powershell.module_manifest import _bootstrap_powershell_script
from pypsrp.complex_objects import PSInvocationState, RunspacePoolState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from lab import windows_endpoint as endpoint_module
from lab.tests.windows.served import PASSWORD, Served
from lab.windows.execute import execute


@contextmanager
def pool(served: Served, user: str = "admin", password: str = PASSWORD) -> Iterator[RunspacePool]:
    # Its annotations know less than its documentation.
    connection: dict[str, Any] = {"port": served.endpoint.port, "auth": "ntlm", "cert_validation": str(served.ca_file)}
    client = WSMan("127.0.0.1", username=user, password=password, operation_timeout=1, read_timeout=2, **connection)
    host = PSHost(None, None, False, "test", None, PSHostUserInterface(), "")
    with RunspacePool(client, host=host) as opened:
        yield opened


def run(opened: RunspacePool, script: str, lines: Any = None) -> tuple[list[str], list[str], int]:
    """Return the output, what came on standard error or as an error record, and the exit code."""
    pipeline = PowerShell(opened)
    pipeline.add_script(script)
    output = pipeline.invoke(input=lines)
    host = opened.host
    assert host is not None and host.ui is not None
    errors = [*map(str, pipeline.streams.error), *host.ui.stderr]
    code, host.rc, host.ui.stderr = host.rc or 0, 0, []
    return output, errors, code


def bootstrap(name: str, parameters: dict[str, Any], lines: list[str]) -> tuple[str, list[str]]:
    script, start = _bootstrap_powershell_script(name, parameters, has_input=bool(lines))
    return script, [*start.decode().splitlines(), *lines]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lab's own models carry the calls out."""
    monkeypatch.setattr(endpoint_module, "execute", execute)


def test_a_script_runs_as_the_account_that_logged_on(served: Served) -> None:
    with pool(served) as opened:
        assert opened.state == RunspacePoolState.OPENED
        assert run(opened, "hostname") == (["admin:hostname"], [], 0)
        assert run(opened, "hostname") == (["admin:hostname"], [], 0)


def test_the_lines_of_the_input_are_those_of_stdin(served: Served, models: None) -> None:
    content = bytes(range(256)) * 400
    lines = [base64.b64encode(content[:51200]).decode(), base64.b64encode(content[51200:]).decode()]
    with pool(served) as opened:
        output, errors, code = run(opened, *bootstrap("psrp_put_file.ps1", {"Path": "C:\\a.bin"}, lines))
        assert (json.loads(output[0]), errors, code) == ({"sha1": hashlib.sha1(content).hexdigest()}, [], 0)
        output, errors, code = run(
            opened, *bootstrap("psrp_fetch_file.ps1", {"Path": "C:\\a.bin", "BufferSize": 99999}, [])
        )
    assert output[0] == "[FILE]"
    assert [len(base64.b64decode(line)) for line in output[1:]] == [99999, 2401]
    assert b"".join(map(base64.b64decode, output[1:])) == content


def test_what_a_wrapper_says_on_standard_error_and_its_exit_code_are_calls_of_the_host(
    served: Served, models: None
) -> None:
    with pool(served) as opened:
        script, lines = bootstrap("psrp_fetch_file.ps1", {"Path": "C:\\none", "BufferSize": 1024}, [])
        assert run(opened, script, lines) == ([], ["C:\\none does not exist\r\n"], 1)
        assert run(opened, "exit -not (Test-Path -LiteralPath C:\\none)") == ([], [], 1)


def test_an_error_of_another_script_is_an_error_record(served: Served, models: None) -> None:
    with pool(served) as opened:
        pipeline = PowerShell(opened)
        pipeline.add_script("Remove-Item C:\\none -Force\nexit $LASTEXITCODE")
        assert pipeline.invoke() == []
        (record,) = pipeline.streams.error
    assert str(record) == "Cannot find path 'C:\\none' because it does not exist."
    assert record.fq_error == "Microsoft.PowerShell.Commands.WriteErrorException"
    assert opened.host is not None
    assert (pipeline.state, opened.host.rc) == (PSInvocationState.COMPLETED, 1)


def test_a_large_output_and_a_large_script_arrive_whole(served: Served) -> None:
    with pool(served) as opened:
        assert len(run(opened, "big")[0][0]) == 200_000
        assert run(opened, "#" * 900_000)[0] == ["admin:" + "#" * 900_000]


def test_both_kinds_of_shells_live_side_by_side(served: Served) -> None:
    protocol = served.client()
    shell = protocol.open_shell()
    with pool(served) as opened:
        assert run(opened, "hostname")[0] == ["admin:hostname"]
        assert protocol.get_command_output(shell, protocol.run_command(shell, "hostname")) == (
            b"admin:hostname",
            b"",
            0,
        )
        # Neither is taken for the other.
        with pytest.raises(Exception, match="No shell with the ShellId"):
            protocol.run_command(opened.id, "hostname")


def test_every_pipeline_is_one_call_of_the_log(served: Served) -> None:
    with pool(served) as opened:
        run(opened, "hostname", ["one", "two"])
        run(opened, "write")
    lines = [json.loads(line) for line in served.calls.read_text().splitlines()]
    assert [(line["kind"], line["name"], line["rc"], line["sent"], line["answered"]) for line in lines] == [
        ("command", "hostname", 0, 15, 14),
        ("command", "write", 0, 5, 11),
    ]


def test_a_stopped_pipeline_is_forgotten_and_the_pool_goes_on(served: Served) -> None:
    with pool(served) as opened:
        pipeline = PowerShell(opened)
        pipeline.add_script("slow")
        pipeline.begin_invoke()
        pipeline.stop()
        assert run(opened, "hostname") == (["admin:hostname"], [], 0)
        with pytest.raises(WSManFaultError, match="no command with the CommandId"):
            opened.shell.receive("stdout", command_id=pipeline.id)


def test_pools_count_as_shells_and_pipelines_as_operations(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.windows.net.shells.MAX_OPERATIONS_PER_USER", 1)
    monkeypatch.setattr("lab.windows.net.shells.MAX_SHELLS_PER_USER", 1)
    with pool(served) as opened:
        run(opened, "hostname")
        with pytest.raises(WSManFaultError, match="allowed 1 operations"):
            run(opened, "hostname")
        with pytest.raises(WSManFaultError, match="allowed 1 shells"), pool(served):
            pass
    with pool(served) as opened:
        run(opened, "hostname")


def test_a_wrong_password_and_a_refused_logon(served: Served) -> None:
    with pytest.raises(AuthenticationError, match="Failed to authenticate the user admin"), pool(served, password="x"):
        pass
    served.fault("auth")
    with pytest.raises(AuthenticationError), pool(served):
        pass
    with pool(served) as opened:
        assert run(opened, "hostname")[2] == 0


def test_an_account_that_is_no_administrator_gets_access_denied(served: Served) -> None:
    with pytest.raises(WSManFaultError) as caught, pool(served, user="guest"):
        pass
    assert caught.value.code == 5


def test_a_dropped_pipeline_is_carried_out_but_its_answer_is_lost(served: Served) -> None:
    served.fault("drop")
    with pytest.raises(requests.exceptions.ConnectionError), pool(served) as opened:
        run(opened, "write")
    assert json.loads(served.file.read_bytes())["domain"] == "changed"
    assert json.loads(served.calls.read_text())["rc"] is None


def test_http_500_and_a_timeout_hit_the_next_pipeline(served: Served) -> None:
    served.fault("http500")
    with pool(served) as opened:
        with pytest.raises(WinRMTransportError, match="Code: 500"):
            run(opened, "write")
        assert run(opened, "hostname")[2] == 0
    served.fault("timeout")
    with pytest.raises(requests.exceptions.ReadTimeout), pool(served) as opened:
        run(opened, "write")
    assert json.loads(served.file.read_bytes())["domain"] is None


def test_a_refused_command_is_not_carried_out(served: Served) -> None:
    served.fault("fails")
    with pool(served) as opened:
        output, _, code = run(opened, "write")
        assert (json.loads(output[0])["msg"], code) == ("Access is denied.", 1)
    assert json.loads(served.file.read_bytes())["domain"] is None


def two_commands(pipeline: PowerShell) -> None:
    pipeline.add_script("a")
    pipeline.add_script("b")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (two_commands, "does not model a pipeline of 2 commands"),
        (lambda pipeline: pipeline.add_cmdlet("Get-Item"), "does not model the cmdlet Get-Item"),
        (lambda pipeline: pipeline.add_script("a").add_argument("b"), "does not model a script with arguments"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(served: Served, make: Any, says: str) -> None:
    with pool(served) as opened:
        pipeline = PowerShell(opened)
        make(pipeline)
        with pytest.raises(WSManFaultError, match=says):
            pipeline.invoke()
        assert run(opened, "hostname")[2] == 0


def test_other_messages_are_refused_by_name(served: Served) -> None:
    with pool(served) as opened, pytest.raises(WSManFaultError, match="the message GetAvailableRunspaces"):
        opened.get_available_runspaces()


@pytest.mark.parametrize("data", [b"no fragment", b"no fragment of any message that there is"])
def test_what_is_no_fragment_is_a_fault(served: Served, data: bytes) -> None:
    with pool(served) as opened, pytest.raises(WSManFaultError, match="no message of the PowerShell Remoting Protocol"):
        opened.shell.send("stdin", data)
