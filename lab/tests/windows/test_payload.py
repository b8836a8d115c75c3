"""What Ansible sends over WinRM, decoded. Built by the installed ansible-core, so that a new version's format shows."""

from __future__ import annotations

import base64
import json

import pytest
from ansible.executor.powershell import module_manifest
from ansible.plugins.loader import become_loader

from lab.windows.calls.payload import Call, PayloadError, decode, is_bootstrap, module_name

PING = "ansible_collections.ansible.windows.plugins.modules.win_ping"


def encoded(text: str, program: str = "PowerShell") -> str:
    script = base64.b64encode(text.encode("utf-16-le")).decode()
    return f"{program} -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {script}"


def bootstrap() -> str:
    return encoded(module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode())


def module_input(source: bytes = b"#!powershell\n", *, become: bool = False, timeout: int = 0, **more: object) -> bytes:
    plugin = None
    if become:
        plugin = become_loader.get("runas")
        plugin.set_options(direct={"become_user": "SYSTEM", "become_pass": "secret"})
    return module_manifest._create_powershell_wrapper(
        name=PING,
        module_data=source,
        module_path="/x/win_ping.ps1",
        module_args={"data": "日本", "_ansible_check_mode": True, "_ansible_diff": False, "_ansible_tmpdir": None},
        environment={"LANG": "ja", "ANSIBLE_ASYNC_DIR": "%TEMP%"},
        async_timeout=timeout,
        become_plugin=plugin,
        substyle="powershell",
        task_vars={},
        profile="legacy",
        **more,
    )


def test_a_module_call_gives_its_name_arguments_environment_and_source() -> None:
    source = "#!powershell\n# テスト\n#AnsibleRequires -CSharpUtil Ansible.Basic\n"
    call = decode(bootstrap(), module_input(source.encode()))
    assert (call.kind, call.name) == ("module", "ansible.windows.win_ping")
    assert call.args == {"data": "日本"}
    assert call.internal["_ansible_check_mode"] is True
    assert (call.check_mode, call.diff_mode) == (True, False)
    assert call.environment["LANG"] == "ja"
    assert call.source == source
    assert call.become_user is None
    assert call.stdin == b""


def test_the_minimum_versions_of_a_module_are_passed_on() -> None:
    source = b"#!powershell\n#Requires -Version 5\n#AnsibleRequires -OSVersion 10.0.17763\n"
    internal = decode(bootstrap(), module_input(source)).internal
    assert internal["MinPSVersion"] == "5.0"
    assert internal["MinOSVersion"] == "10.0.17763"


def test_become_names_its_user_and_keeps_the_password() -> None:
    call = decode(bootstrap(), module_input(become=True))
    assert call.become_user == "SYSTEM"
    assert call.internal["BecomePassword"] == "secret"
    assert call.name == "ansible.windows.win_ping"


def test_a_module_that_requires_become_runs_as_system() -> None:
    assert decode(bootstrap(), module_input(b"#!powershell\n#AnsibleRequires -Become\n")).become_user == "SYSTEM"


def test_async_is_refused_by_name() -> None:
    with pytest.raises(PayloadError, match=r"async_wrapper\.ps1"):
        decode(bootstrap(), module_input(timeout=30))


def test_put_file_carries_its_path_and_the_content_as_sent() -> None:
    script, stdin = module_manifest._bootstrap_powershell_script(
        "winrm_put_file.ps1", {"Path": r"C:\Temp\x.txt"}, has_input=True
    )
    content = base64.b64encode(b"one") + b"\r\n" + base64.b64encode(b"two") + b"\r\n"
    call = decode(encoded(script), stdin + content)
    assert (call.kind, call.name) == ("script", "winrm_put_file.ps1")
    assert call.args == {"Path": r"C:\Temp\x.txt"}
    assert call.stdin == b"b25l\r\ndHdv\r\n"
    assert "InputObject" in call.source


def test_a_script_without_input_has_none() -> None:
    script, stdin = module_manifest._bootstrap_powershell_script("powershell_mkdtemp.ps1", {"Directory": "%TEMP%"})
    assert decode(encoded(script), stdin) == Call(
        kind="script",
        name="powershell_mkdtemp.ps1",
        args={"Directory": "%TEMP%"},
        source=module_manifest._get_powershell_script("powershell_mkdtemp.ps1").decode(),
    )


def test_an_encoded_command_that_is_no_bootstrap_is_the_text_a_person_typed() -> None:
    call = decode(encoded("Get-Service 'WinRM'"))
    assert (call.kind, call.name, call.args) == ("command", "Get-Service 'WinRM'", {})


@pytest.mark.parametrize("program", ["powershell", "PowerShell.exe", "pwsh", r'"C:\Program Files\pwsh.exe"'])
def test_powershell_is_known_by_any_of_its_names(program: str) -> None:
    assert decode(encoded("hostname", program)).name == "hostname"


def test_a_command_line_of_another_program_stays_as_it_is() -> None:
    assert decode("cmd.exe /c echo -EncodedCommand QQBB").name == "cmd.exe /c echo -EncodedCommand QQBB"


def test_only_ansibles_bootstrap_counts_as_one() -> None:
    assert is_bootstrap(module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode())
    assert not is_bootstrap("$code | ConvertFrom-Json")


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "no line of four NUL"),
        (b"{}\n\0\0\0\0\n{half", "the exec manifest is not JSON"),
        (b"[1]\n\0\0\0\0\n{}", "the bootstrap manifest is a JSON list"),
        (b"{}\n\0\0\0\0\n{}", "no `scripts` or no `actions`"),
        (b'{}\n\0\0\0\0\n{"scripts": {}, "actions": [{"name": "x.ps1"}]}', "does not contain the script 'x.ps1'"),
        (
            b'{}\n\0\0\0\0\n{"scripts": {"x.ps1": {"script": "%"}}, "actions": [{"name": "x.ps1"}]}',
            "'x.ps1' in the exec manifest is not base64",
        ),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_the_reason(stdin: bytes, says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        decode(bootstrap(), stdin)


def test_a_module_without_arguments_is_refused() -> None:
    manifest = {
        "scripts": {"m.ps1": {"script": base64.b64encode(b"1").decode()}},
        "actions": [{"name": "module_wrapper.ps1", "params": {"Script": "m.ps1", "ForModule": True}}],
    }
    with pytest.raises(PayloadError, match="complex_args"):
        decode(bootstrap(), b"{}\n\0\0\0\0\n" + json.dumps(manifest).encode())


def test_an_encoded_command_that_is_not_utf16_is_refused() -> None:
    with pytest.raises(PayloadError, match="-EncodedCommand"):
        decode("powershell -EncodedCommand QUJD")


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("ansible_collections.ansible.windows.plugins.modules.setup.ps1", "ansible.windows.setup"),
        ("ansible.legacy.win_endpoint_state.ps1", "win_endpoint_state"),
        ("ansible_collections.a.b.plugins.modules.deep.er.ps1", "a.b.deep.er"),
    ],
)
def test_a_module_is_named_as_a_playbook_names_it(file_name: str, name: str) -> None:
    assert module_name(file_name) == name


def test_a_call_can_be_given_to_a_user() -> None:
    assert decode("hostname").by("labadmin").user == "labadmin"
