"""What win_powershell adds around a script, and what the lab reads in a script's text."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import run, small_machine
from lab.windows.calls import scripts
from lab.windows.calls.powershell_text import head_of
from lab.windows.calls.scripts import ScriptResult
from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.modules.win_powershell import converted

MODULE = "ansible.windows.win_powershell"
SCRIPT = """# offsite-script: probe
[CmdletBinding(SupportsShouldProcess)]
param(
    # the name, of course
    [Parameter(Mandatory = $true)] [ValidateSet('a,b', 'c')] [string] $Name,
    [Parameter(Mandatory = $false)]
    [string[]] $Items = @('x', 'y'),
    [switch] $Force
)
Set-StrictMode -Version Latest
"""
PLAIN = "# offsite-script: probe\n'hello'\n"


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Register a model that writes one value and answers what `probe` says; it collects how it was called."""
    seen: dict[str, Any] = {"answer": ScriptResult(output=["done"], changed=True, diff={"before": 1, "after": 2})}

    def function(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
        seen.update(params=params, check_mode=check_mode, diff_mode=diff_mode)
        if not check_mode:
            machine.registry.set(r"HKLM\SOFTWARE\Probe", "ran", Value("REG_DWORD", 1))
        answer: ScriptResult = seen["answer"]
        return answer

    monkeypatch.setattr(scripts, "_scripts", {"probe": scripts.Script("probe", scripts.digest(SCRIPT), function)})
    return seen


def ran(machine: Machine) -> bool:
    return machine.registry.exists(r"HKLM\SOFTWARE\Probe")


def test_a_known_script_runs_with_its_parameters(probe: dict[str, Any]) -> None:
    machine = small_machine()
    args = {
        "script": SCRIPT.replace("\n", "\r\n"),
        "parameters": {"Name": "c", "force": True},
        "sensitive_parameters": [{"name": "Items", "username": "u", "password": "p"}],
    }
    result = run(machine, MODULE, args)
    assert probe["params"] == {"Name": "c", "force": True, "Items": {"username": "u", "password": "p"}}
    assert (probe["check_mode"], probe["diff_mode"], ran(machine)) == (False, True, True)
    assert result == {
        "changed": True,
        "failed": False,
        "result": {},
        "host_out": "",
        "host_err": "",
        "output": ["done"],
        "error": [],
        "warning": [],
        "verbose": [],
        "debug": [],
        "information": [],
        "diff": {"before": 1, "after": 2},
    }


def test_check_mode_reaches_a_script_that_supports_it(probe: dict[str, Any]) -> None:
    machine = small_machine()
    result = run(machine, MODULE, {"script": SCRIPT, "parameters": {"Name": "c"}}, check=True)
    assert (probe["check_mode"], result["changed"], ran(machine)) == (True, True, False)
    assert "msg" not in result


def test_check_mode_skips_any_other_script_and_says_changed(probe: dict[str, Any]) -> None:
    result = run(small_machine(), MODULE, {"script": PLAIN}, check=True)
    assert (result["changed"], result["msg"]) == (True, "skipped, running in check mode")
    assert "params" not in probe


def test_an_error_fails_the_task_without_a_message(probe: dict[str, Any]) -> None:
    probe["answer"] = ScriptResult(output=["before"], changed=False, error="The rule is gone.")
    result = run(small_machine(), MODULE, {"script": SCRIPT, "parameters": {"Name": "c"}})
    assert (result["failed"], result["changed"], result["output"]) == (True, False, ["before"])
    assert "msg" not in result
    assert result["error"][0]["exception"]["message"] == "The rule is gone."


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Name": "c", "Nmae": 1}, "A parameter cannot be found that matches parameter name 'Nmae'."),
        ({}, "Cannot process command because of one or more missing mandatory parameters: Name."),
    ],
)
def test_parameters_are_bound_as_declared(probe: dict[str, Any], parameters: dict[str, Any], message: str) -> None:
    machine = small_machine()
    result = run(machine, MODULE, {"script": SCRIPT, "parameters": parameters})
    assert result["failed"]
    assert result["error"][0]["exception"]["message"] == message
    assert not ran(machine)


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"script": "Get-Process"}, "The lab does not model the PowerShell script that begins with 'Get-Process'"),
        ({"script": "# offsite-script: other\n"}, "The lab does not model the script other"),
        ({"script": SCRIPT + "exit 1\n"}, "The lab does not model this text of probe"),
        ({"script": SCRIPT, "executable": "pwsh.exe"}, "The lab does not model win_powershell option 'executable'"),
        ({"path": r"C:\no.ps1", "remote_src": True}, r"Could not find or access 'C:\no.ps1' on Windows host"),
        ({}, "one of the following is required: path, script"),
        ({"script": "x", "path": "y"}, "parameters are mutually exclusive: path, script"),
    ],
)
def test_what_is_not_modelled_or_wrong_fails(probe: dict[str, Any], args: dict[str, Any], msg: str) -> None:
    machine = small_machine()
    result = run(machine, MODULE, args)
    assert result["failed"]
    assert result["msg"].startswith(msg)
    assert not ran(machine)


def test_a_script_that_lies_on_the_machine(probe: dict[str, Any]) -> None:
    machine = small_machine()
    machine.files.write(r"C:\probe.ps1", SCRIPT.encode("utf-8-sig"))
    result = run(machine, MODULE, {"path": r"C:\probe.ps1", "remote_src": True, "parameters": {"Name": "c"}})
    assert (result["changed"], ran(machine)) == (True, True)


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"creates": r"C:\there"}, r"skipped, since C:\there exists"),
        ({"removes": r"C:\gone"}, r"skipped, since C:\gone does not exist"),
        ({"creates": r"HKLM:\SOFTWARE"}, r"skipped, since HKLM:\SOFTWARE exists"),
        ({"creates": r"Registry::HKEY_USERS\.DEFAULT"}, r"skipped, since Registry::HKEY_USERS\.DEFAULT exists"),
        ({"removes": r"HKLM:\SOFTWARE\Acme"}, r"skipped, since HKLM:\SOFTWARE\Acme does not exist"),
        ({"removes": r"HKCU:\Software\Acme"}, r"skipped, since HKCU:\Software\Acme does not exist"),
        ({"creates": "env:systemroot"}, "skipped, since env:systemroot exists"),
    ],
)
def test_creates_and_removes_skip(probe: dict[str, Any], args: dict[str, Any], msg: str) -> None:
    machine = small_machine()
    machine.files.mkdir(r"C:\there")
    result = run(machine, MODULE, {"script": SCRIPT, **args})
    assert (result["changed"], result["msg"], ran(machine)) == (False, msg, False)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (r"Cert:\LocalMachine\My\00", "of PowerShell's drives it has disks, HKLM:, HKCU: and Env:"),
        (r"HKU:\.DEFAULT", "of PowerShell's drives it has disks, HKLM:, HKCU: and Env:"),
        (r"C:\a*", "a path with wildcards"),
        (r"\\server\share", "it is no absolute local path"),
        (r"a\b", "it is no absolute local path"),
    ],
)
@pytest.mark.parametrize("option", ["creates", "removes"])
def test_paths_that_are_not_looked_at_are_refused(probe: dict[str, Any], option: str, path: str, why: str) -> None:
    machine = small_machine()
    message = run(machine, MODULE, {"script": SCRIPT, option: path})["msg"]
    assert (message.startswith("The lab does not model "), why in message, ran(machine)) == (True, True, False)


def test_a_secret_without_value_or_user_name_depends_on_the_version(probe: dict[str, Any]) -> None:
    args = {"script": SCRIPT, "parameters": {"Name": "c"}, "sensitive_parameters": [{"name": "Items"}]}
    old = "x = @{\n required_one_of = @(, @('username', 'value'))\n}"
    assert run(small_machine(), MODULE, args, source=old)["msg"] == (
        "one of the following is required: username, value found in sensitive_parameters"
    )
    assert run(small_machine(), MODULE, args)["changed"]
    assert probe["params"] == {"Name": "c"}


@pytest.mark.parametrize(
    ("value", "depth", "expected"),
    [
        ([{"a": {"b": {"c": 1}}}], 2, [{"a": {"b": "System.Collections.Hashtable"}}]),
        ([{"a": {"b": {"c": 1}}}], 3, [{"a": {"b": {"c": 1}}}]),
        ([{"a": {"b": [1, "x"]}}], 2, [{"a": {"b": "1 x"}}]),
        ([{"a": {"b": 1}}], 2, [{"a": {"b": 1}}]),
        (["x", None, True, 1.5], 0, ["x", None, True, 1.5]),
    ],
)
def test_output_is_cut_at_depth(value: Any, depth: int, expected: Any) -> None:
    assert converted(value, depth) == expected


def test_the_head_of_a_script_is_read() -> None:
    head = head_of(SCRIPT)
    assert head.parameters == {"Name": True, "Items": False, "Force": False}
    assert (head.advanced, head.supports_should_process) == (True, True)


@pytest.mark.parametrize(
    ("source", "advanced", "supports"),
    [
        ("'no parameters'", False, False),
        ("param($a, $b = 1)", False, False),
        ("[CmdletBinding()]\nparam([int] $a)", True, False),
        (
            "<# .SYNOPSIS #>\n[cmdletbinding(ConfirmImpact = 'Low', supportsshouldprocess = $true)]\nPARAM ()",
            True,
            True,
        ),
        ("[CmdletBinding(SupportsShouldProcess = $false)]\nparam()", True, False),
        ("[Diagnostics.CodeAnalysis.SuppressMessageAttribute('a', 'b')]\n[CmdletBinding()]\nparam()", True, False),
        ("# [CmdletBinding(SupportsShouldProcess)]\nparam()", False, False),
    ],
)
def test_support_for_check_mode_is_declared(source: str, advanced: bool, supports: bool) -> None:
    head = head_of(source)
    assert (head.advanced, head.supports_should_process) == (advanced, supports)
