"""win_reboot, driven by the installed collection's own code, and win_reboot_info."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ansible.windows.plugins.plugin_utils._reboot import reboot_host

from lab.tests.windows.machines import TARO, predicts, small_machine
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import decode
from lab.windows.execute import execute
from lab.windows.machine import SESSION_MANAGER, Machine, restart
from lab.windows.machine.registry import Value
from lab.windows.machine.restart import LOGON_SCREEN

INFO = "ansible.windows.win_reboot_info"
BOOT_TIME = "(Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime).LastBootUpTime.ToFileTime()"


class Connection:
    """Stands in for the winrm connection; the machine comes up again before the first question after the request."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.outcomes: list[Outcome] = []
        self.logon_screen: list[bool] = []
        self.comes_up = True

    def exec_command(self, command: str, in_data: bytes | None, sudoable: bool) -> tuple[int, bytes, bytes]:
        call = decode(command).by("ansible")
        self.comes_up |= "shutdown.exe /a" in call.name
        if self.machine.reboot_requested and self.comes_up and "shutdown.exe" not in call.name:
            restart.restart(self.machine)
        outcome = execute(self.machine, call)
        self.outcomes.append(outcome)
        self.logon_screen.append(self.machine.registry.exists(LOGON_SCREEN))
        return outcome.rc, outcome.stdout.encode(), outcome.stderr.encode()

    def get_option(self, name: str) -> Any:
        raise KeyError(name)


def reboot(machine: Machine, **options: Any) -> tuple[dict[str, Any], Connection]:
    connection = Connection(machine)
    return reboot_host("win_reboot", connection, reboot_timeout=1, **options), connection


def test_a_reboot_moves_the_boot_time_and_brings_the_logon_screen_back() -> None:
    machine = small_machine()
    machine.log_on(TARO)
    machine.registry.create(LOGON_SCREEN)
    machine.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", ["x", ""]))
    before = machine.last_boot
    result, connection = reboot(machine, msg="Don't worry")
    assert (result["rebooted"], result["failed"], result["changed"]) == (True, False, True)
    assert machine.last_boot > before
    assert connection.outcomes[0].stdout.strip() == str((before + 11_644_473_600) * 10**7)
    assert machine.sessions == set()
    assert connection.logon_screen == [True, False, True, True]
    assert not any(restart.pending(machine).values())


def test_a_scheduled_reboot_is_taken_back_and_asked_for_again() -> None:
    machine = small_machine()
    machine.request_reboot()

    connection = Connection(machine)
    connection.comes_up = False
    result = reboot_host("win_reboot", connection, reboot_timeout=1)
    assert '"rc":1190' in connection.outcomes[1].stdout
    assert (connection.outcomes[2].rc, connection.outcomes[2].stdout) == (0, "")
    assert '"rc":0' in connection.outcomes[3].stdout
    assert result["rebooted"]


def test_a_test_command_of_ones_own_is_not_modelled() -> None:
    machine = small_machine()
    result, connection = reboot(machine, test_command="whoami")
    assert result["failed"]
    assert connection.outcomes[-1].rc == 1
    assert "The lab does not model the command 'whoami" in connection.outcomes[-1].stderr


def test_the_logon_screen_is_not_up_before_the_boot_is_over() -> None:
    machine = small_machine()
    call = decode(f"Get-Item -LiteralPath '{LOGON_SCREEN.replace('HKLM', 'HKLM:')}' -ErrorAction Stop; 'success-1a'")
    assert execute(machine, call).rc == 1
    restart.restart(machine)
    outcome = execute(machine, call)
    assert outcome.rc == 0
    assert outcome.stdout.splitlines()[-1] == "success-1a"


def test_an_abort_without_a_shutdown_fails() -> None:
    outcome = execute(small_machine(), decode(r"C:\Windows\System32\shutdown.exe /a"))
    assert (outcome.rc, "(1116)" in outcome.stderr) == (1116, True)


def test_the_boot_time_is_plain_text() -> None:
    machine = small_machine()
    machine.last_boot = 0
    assert execute(machine, decode(BOOT_TIME)).stdout == "116444736000000000\r\n"


def test_info_without_a_reason() -> None:
    machine = small_machine()
    machine.last_boot = 1_760_000_000
    assert predicts(machine, INFO, {}) == {
        "changed": False,
        "last_reboot": {"time": "2025-10-09T08:53:20Z", "time_epoch": 1_760_000_000, "details": None},
        "reboot_required": False,
        "reboot_required_reasons": [],
    }


@pytest.mark.parametrize(
    ("key", "name", "value", "source"),
    [
        (
            r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
            None,
            None,
            "component_based_servicing",
        ),
        (
            r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
            None,
            None,
            "windows_update",
        ),
        (SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", ["x"]), "pending_file_rename"),
        (
            r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName",
            "ComputerName",
            Value("REG_SZ", "NEW"),
            "pending_computer_rename",
        ),
        (r"HKLM\SYSTEM\CurrentControlSet\Services\Netlogon", "JoinDomain", Value("REG_SZ", "x"), "domain_join"),
        (
            r"HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache",
            "RestartRequired",
            Value("REG_DWORD", 1),
            "server_manager",
        ),
    ],
)
def test_info_names_the_reason(key: str, name: str | None, value: Value | None, source: str) -> None:
    machine = small_machine()
    if name and value:
        machine.registry.set(key, name, value)
    else:
        machine.registry.create(key)
    result = predicts(machine, INFO, {})
    assert result["reboot_required"]
    assert [reason["source"] for reason in result["reboot_required_reasons"]] == [source]
