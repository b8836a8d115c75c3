"""What an ordinary account may not do, and what is closed to administrators too. The texts are Windows' own."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lab.windows.calls.payload import Call
from lab.windows.calls.scripts import ScriptResult
from lab.windows.execute import execute
from lab.windows.machine import Machine
from lab.windows.machine.accounts import ADMINISTRATORS, USERS, User
from lab.windows.machine.filesystem import installer_bytes
from lab.windows.machine.registry import Value
from lab.windows.modules import win_powershell
from lab.windows.seed import Variant, build_windows

HANAKO = "hanako"
AGENT = {
    "kind": "msi",
    "ProductCode": "{0C1F9A52-3B7D-4F16-9E0A-6D2B8C4E7F01}",
    "ProductName": "Agent",
    "ProductVersion": "1.0",
    "Installs": {"files": {r"C:\Program Files\Agent\agent.exe": {"size": 10}}},
}


@pytest.fixture
def machine() -> Machine:
    machine = build_windows("win-01", Variant("11-24H2", "Pro", "en-US", "clean"), 7, password="x")
    sid = machine.accounts.next_sid()
    machine.users[sid] = User(sid, HANAKO)
    machine.users[sid].set_password("hanako-secret")
    machine.groups[USERS].members.add(sid)
    machine.create_profile(sid)
    machine.files.mkdir(r"C:\Temp")
    machine.files.write(r"C:\Temp\there", b"x")
    return machine


def ran(machine: Machine, module: str, args: dict[str, Any], *, by: str | None = HANAKO, check: bool = False) -> Any:
    internal = {"_ansible_check_mode": check}
    outcome = execute(machine, Call("module", module, args, internal, become_user=by, user="ansible"))
    result = json.loads(outcome.stdout)
    assert "lab error" not in result.get("msg", "")
    return result


def refused(machine: Machine, module: str, args: dict[str, Any], *, by: str | None = HANAKO) -> str:
    """Return why; nothing was changed."""
    before = machine.to_bytes()
    result = ran(machine, module, args, by=by)
    assert result["failed"] is True, result
    assert machine.to_bytes() == before
    return str(result["msg"])


CLOSED = [
    r"C:\Program Files\x",
    r"C:\Program Files (x86)\x",
    r"C:\WINDOWS\x",
    r"C:\WINDOWS\System32\drivers\etc\x",
    r"C:\Users\ansible\x",
    r"C:\Users\x",
    r"C:\PerfLogs\x",
]


@pytest.mark.parametrize("path", [*CLOSED, r"C:\x"])
def test_an_ordinary_account_makes_no_file_where_others_keep_theirs(machine: Machine, path: str) -> None:
    machine.files.mkdir(r"C:\PerfLogs")
    assert f"Access to the path '{path}' is denied." in refused(
        machine, "ansible.windows.win_file", {"path": path, "state": "touch"}
    )


@pytest.mark.parametrize("path", CLOSED)
def test_nor_a_folder(machine: Machine, path: str) -> None:
    machine.files.mkdir(r"C:\PerfLogs")
    assert f"Access to the path '{path}' is denied." in refused(
        machine, "ansible.windows.win_file", {"path": path, "state": "directory"}
    )


@pytest.mark.parametrize(
    "path", [r"C:\Users\hanako\Desktop\x", r"C:\Users\Public\Documents\x", r"C:\Temp\x", r"C:\ProgramData\x"]
)
def test_an_ordinary_account_writes_where_it_may(machine: Machine, path: str) -> None:
    assert ran(machine, "ansible.windows.win_file", {"path": path, "state": "touch"})["changed"] is True
    assert machine.files.exists(path)
    assert ran(machine, "ansible.windows.win_file", {"path": rf"C:\New-{path[-1]}", "state": "directory"})["changed"]


def test_what_depends_on_who_made_it_is_refused_by_name(machine: Machine) -> None:
    machine.files.write(r"C:\ProgramData\a", b"x")
    assert r"what an ordinary account may do to 'C:\ProgramData\a': that depends on who made it" in refused(
        machine, "ansible.windows.win_file", {"path": r"C:\ProgramData\a", "state": "absent"}
    )
    machine.files.write(r"C:\Users\ansible\a", b"x")
    for module, option in (("win_stat", "path"), ("slurp", "src")):
        assert f"what {module} shows an ordinary account of another one's profile" in refused(
            machine, f"ansible.windows.{module}", {option: r"C:\Users\ansible\a"}
        )


def test_an_ordinary_account_copies_and_deletes_nothing_of_others(machine: Machine) -> None:
    args = {"_copy_mode": "remote", "src": r"C:\Temp\there", "dest": r"C:\Program Files\x"}
    assert "is denied." in refused(machine, "ansible.windows.win_copy", args)
    machine.files.write(r"C:\Program Files\own", b"x")
    message = refused(machine, "ansible.windows.win_file", {"path": r"C:\Program Files\own", "state": "absent"})
    assert message == r"Failed to delete C:\Program Files\own: Access to the path 'C:\Program Files\own' is denied."


def test_an_ordinary_account_sends_no_file_there(machine: Machine) -> None:
    args = {"Path": r"C:\WINDOWS\x"}
    call = Call("script", "winrm_put_file.ps1", args, stdin=base64.b64encode(b"x"), become_user=HANAKO, user="ansible")
    outcome = execute(machine, call)
    assert (outcome.rc, r"Access to the path 'C:\WINDOWS\x' is denied." in outcome.stderr) == (1, True)


@pytest.mark.parametrize(
    "path",
    [
        r"HKLM:\SOFTWARE\Acme",
        r"HKCR:\.acme",
        r"HKU:\.DEFAULT\Software\Acme",
        r"HKCU:\Software\Policies\Acme",
        r"HKCU:\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer",
    ],
)
def test_an_ordinary_account_writes_no_key_but_its_own(machine: Machine, path: str) -> None:
    message = refused(machine, "ansible.windows.win_regedit", {"path": path, "name": "a", "data": "b"})
    assert "is denied." in message or "Requested registry access is not allowed." in message
    assert ran(machine, "ansible.windows.win_regedit", {"path": r"HKCU:\Software\Acme", "name": "a", "data": "b"})[
        "changed"
    ]


@pytest.mark.parametrize("args", [{"state": "stopped"}, {"start_mode": "disabled"}, {"state": "absent"}, {}])
def test_an_ordinary_account_changes_no_service(machine: Machine, args: dict[str, Any]) -> None:
    message = refused(machine, "ansible.windows.win_service", {"name": "Spooler", **args})
    assert "Failed to open service 'Spooler' (Access is denied, Win32ErrorCode 5 - 0x00000005)" in message
    message = refused(machine, "ansible.windows.win_service", {"name": "Own", "path": r"C:\a.exe"})
    assert message.endswith("Service 'Own (Own)' cannot be created due to the following error: Access is denied")
    assert ran(machine, "ansible.windows.win_service_info", {"name": "Spooler"})["exists"] is True


@pytest.mark.parametrize(
    ("module", "args", "method"),
    [
        ("win_group_membership", {"name": "Administrators", "members": [HANAKO]}, "Add"),
        ("win_group_membership", {"name": "Users", "members": [HANAKO], "state": "absent"}, "Remove"),
        ("win_group", {"name": "Administrators", "members": {"add": [HANAKO]}}, "Add"),
        ("win_group", {"name": "New"}, "SetInfo"),
        ("win_group", {"name": "Users", "description": "all"}, "SetInfo"),
        ("win_group", {"name": "Guests", "state": "absent"}, "Delete"),
        ("win_user", {"name": "new", "password": "x"}, "SetInfo"),
        ("win_user", {"name": "ansible", "password": "x2"}, "SetPassword"),
        ("win_user", {"name": "ansible", "account_disabled": True}, "SetInfo"),
        ("win_user", {"name": HANAKO, "groups": ["Administrators"], "groups_action": "add"}, "Add"),
        ("win_user", {"name": "ansible", "state": "absent"}, "Delete"),
    ],
)
def test_an_ordinary_account_changes_no_account(
    machine: Machine, module: str, args: dict[str, Any], method: str
) -> None:
    message = refused(machine, f"ansible.windows.{module}", args)
    assert f'Exception calling "{method}" with' in message
    assert "Access is denied." in message
    assert machine.sid_of(HANAKO) not in machine.groups[ADMINISTRATORS].members


def test_what_is_so_already_is_no_change_for_an_ordinary_account(machine: Machine) -> None:
    assert not ran(machine, "ansible.windows.win_group_membership", {"name": "Users", "members": [HANAKO]})["changed"]
    assert not ran(machine, "ansible.windows.win_user", {"name": HANAKO, "fullname": ""})["changed"]
    assert not ran(machine, "ansible.windows.win_group", {"name": "Users"})["changed"]


@pytest.mark.parametrize(
    "args",
    [
        {"name": "New", "localport": "80", "protocol": "tcp"},
        {"name": "Remote Desktop - User Mode (TCP-In)", "enabled": True},
        {"name": "Remote Desktop - User Mode (TCP-In)", "state": "absent"},
    ],
)
def test_an_ordinary_account_changes_no_firewall_rule(machine: Machine, args: dict[str, Any]) -> None:
    assert "Access is denied." in refused(machine, "community.windows.win_firewall_rule", args)


def test_an_ordinary_account_installs_nothing_for_all(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a.msi", installer_bytes(AGENT))
    message = refused(machine, "ansible.windows.win_package", {"path": r"C:\Temp\a.msi"})
    assert message.startswith("unexpected rc from ")
    machine.files.write(r"C:\Temp\a.exe", installer_bytes({**AGENT, "kind": "exe", "UninstallKey": "Agent"}))
    message = refused(machine, "ansible.windows.win_package", {"path": r"C:\Temp\a.exe", "product_id": "Agent"})
    assert "an ordinary account" in message


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("ansible.windows.win_updates", {"_operation": "start"}),
        ("ansible.windows.win_command", {"argv": ["powercfg", "/setactive", "SCHEME_CURRENT"]}),
    ],
)
def test_other_work_of_an_administrator_is_refused_by_name(machine: Machine, module: str, args: dict[str, Any]) -> None:
    assert "when it is run by an ordinary account" in refused(machine, module, args)


def test_a_script_of_an_ordinary_account_writes_no_key_of_the_machine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(machine: Machine, params: Any, **_: Any) -> ScriptResult:
        machine.registry.set(r"HKLM\SOFTWARE\Acme", "a", Value("REG_SZ", "b"))
        return ScriptResult(changed=True)

    script = type("Script", (), {"function": staticmethod(write), "per_user": False})()
    monkeypatch.setattr(win_powershell, "find_script", lambda source: script)
    call = Call("module", "ansible.windows.win_powershell", {"script": "1"}, become_user=HANAKO, user="ansible")
    result = json.loads(execute(machine, call).stdout)
    assert "Requested registry access is not allowed." in result["msg"]
    assert not machine.registry.exists(r"HKLM\SOFTWARE\Acme")
    assert json.loads(execute(machine, Call("module", call.name, call.args, user="ansible")).stdout)["changed"] is True


# what is closed to administrators


@pytest.mark.parametrize("by", [None, HANAKO])
@pytest.mark.parametrize("path", [r"HKLM:\SAM\SAM", r"HKLM:\SECURITY", r"HKLM:\SECURITY\Policy\Secrets"])
def test_sam_and_security_are_closed(machine: Machine, path: str, by: str | None) -> None:
    for module in ("win_reg_stat", "win_regedit"):
        message = refused(machine, f"ansible.windows.{module}", {"path": path, "name": "a"}, by=by)
        assert "Requested registry access is not allowed." in message or "is denied." in message


@pytest.mark.parametrize(
    "path",
    [
        r"HKLM:\SOFTWARE\Microsoft\Windows Defender\Features",
        r"HKLM:\SYSTEM\CurrentControlSet\Services\WinDefend",
        r"HKLM:\SYSTEM\ControlSet001\Services\WinDefend",
        r"HKLM:\SYSTEM\CurrentControlSet\Services\RpcSs",
    ],
)
def test_keys_of_defender_are_closed_for_writing(machine: Machine, path: str) -> None:
    machine.registry.create(r"HKLM\SOFTWARE\Microsoft\Windows Defender\Features")
    message = refused(machine, "ansible.windows.win_regedit", {"path": path, "name": "Start", "data": "4"}, by=None)
    assert "Requested registry access is not allowed." in message
    assert ran(machine, "ansible.windows.win_reg_stat", {"path": path}, by=None)["exists"] is True
    assert ran(machine, "ansible.windows.win_regedit", {"path": path, "name": "a", "data": "b"}, by="SYSTEM")["changed"]


def test_an_ordinary_account_reads_no_hive_but_its_own(machine: Machine) -> None:
    owner = next(iter(machine.sessions))
    message = refused(machine, "ansible.windows.win_reg_stat", {"path": rf"HKU:\{owner}\Software"})
    assert "Requested registry access is not allowed." in message
    assert ran(machine, "ansible.windows.win_reg_stat", {"path": r"HKCU:\Software"})["exists"] is True


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (r"C:\WINDOWS\System32\cmd.exe", "is denied."),
        (r"C:\WINDOWS\System32\svchost.exe", "is denied."),
        (r"C:\WINDOWS\System32\config\SAM", "because it is being used by another process."),
        (r"C:\Program Files\Fortinet\FortiClient\scheduler.exe", "is denied."),
        (r"C:\Program Files\Fortinet\FortiClient", "is denied."),
        (r"C:\ProgramData\Microsoft\Windows Defender", "is denied."),
    ],
)
def test_what_windows_keeps_or_uses_is_not_deleted(machine: Machine, path: str, reason: str) -> None:
    result = ran(machine, "ansible.windows.win_file", {"path": path, "state": "absent"}, by=None)
    assert (result["failed"], result["msg"].endswith(reason)) == (True, True)
    assert machine.files.exists(path)


def test_what_windows_uses_is_not_written_over(machine: Machine) -> None:
    for name, reason in (("System32\\cmd.exe", "is denied."), ("System32\\config\\SAM", "used by another process.")):
        args = {"_copy_mode": "remote", "src": r"C:\Temp\there", "dest": rf"C:\WINDOWS\{name}"}
        assert refused(machine, "ansible.windows.win_copy", args, by=None).endswith(reason)
    args = {
        "_copy_mode": "remote",
        "src": r"C:\Temp\there",
        "dest": r"C:\Program Files\Fortinet\FortiClient\scheduler.exe",
    }
    assert refused(machine, "ansible.windows.win_copy", args, by=None).endswith("used by another process.")


def test_a_program_that_no_longer_runs_is_deleted(machine: Machine) -> None:
    ran(machine, "ansible.windows.win_service", {"name": "FA_Scheduler", "state": "stopped"}, by=None)
    path = r"C:\Program Files\Fortinet\FortiClient\scheduler.exe"
    assert ran(machine, "ansible.windows.win_file", {"path": path, "state": "absent"}, by=None)["changed"] is True


def test_an_administrator_adds_files_to_system32(machine: Machine) -> None:
    path = r"C:\WINDOWS\System32\own.txt"
    assert ran(machine, "ansible.windows.win_file", {"path": path, "state": "touch"}, by=None)["changed"] is True
    assert ran(machine, "ansible.windows.win_file", {"path": path, "state": "absent"}, by=None)["changed"] is True
