"""ansible.windows.win_reboot: the raw commands that its action plugin sends.

In order: ask for the boot time; remove the registry key that tells that the logon screen is up and call shutdown.exe;
ask for the boot time until it is another one; ask for the key until the logon screen has made it again. The same for
3.3.0 and 3.8.0 of the collection, apart from how the exit code is read. (ansible.windows plugin_utils/_reboot.py)
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lab.windows.calls import identity
from lab.windows.calls.models import command
from lab.windows.calls.outcome import Outcome
from lab.windows.machine.restart import LOGON_SCREEN

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_EPOCH_AS_FILETIME = 11_644_473_600  # seconds from 1601, where FILETIME begins, to 1970
_SHUTDOWN = r"C:\\Windows\\System32\\shutdown\.exe"
_QUOTED = r"'(?:[^']|'')*'"


@command(
    r"\(Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime\)\.LastBootUpTime\.ToFileTime\(\);?"
)
def boot_time(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    """Answer the boot time in units of 100 ns since 1601."""
    return Outcome(rc=0, stdout=f"{(machine.last_boot + _EPOCH_AS_FILETIME) * 10_000_000}\r\n")


@command(
    rf"\$ErrorActionPreference = 'Continue'\s+if \(\$(?P<watch>True|False)\) "
    rf"\{{\s+Remove-Item -LiteralPath {_QUOTED} [^}}]*\}}.*"
    rf"{_SHUTDOWN} /r /t \d+ /c {_QUOTED} \| Set-Variable stdout \}}.*ConvertTo-Json -Compress .*"
)
def shut_down(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    """Remove the logon screen's key when asked to, and request a reboot unless one is under way."""
    if not identity.is_admin(machine, call):
        return _result(5, "Access is denied.(5)")
    if match["watch"] == "True":
        machine.registry.delete_key(LOGON_SCREEN)
    if machine.reboot_requested:
        return _result(1190, "A system shutdown has already been scheduled.(1190)")
    machine.request_reboot()
    return _result(0, "")


@command(rf"{_SHUTDOWN} /a;?")
def abort(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    """Take a requested reboot back."""
    if not machine.reboot_requested:
        reason = "Unable to abort the system shutdown because no shutdown was in progress.(1116)"
        return Outcome(rc=1116, stdout="", stderr=f"{reason}\r\n")
    machine.reboot_requested = False
    return Outcome(rc=0, stdout="")


@command(
    r"Get-Item -LiteralPath '(?P<key>[^']+\\AutoLogonChecked)' -ErrorAction Stop; '(?P<mark>success-[0-9a-f-]+)';?"
)
def logon_screen_is_up(machine: Machine, call: Call, match: re.Match[str]) -> Outcome:
    """Answer the mark once the logon screen has made its key."""
    if not machine.registry.exists(match["key"]):
        return Outcome(
            rc=1, stdout="", stderr=f"Get-Item : Cannot find path '{match['key']}' because it does not exist.\r\n"
        )
    return Outcome(rc=0, stdout=f"\r\n    Hive: {match['key'].rpartition(chr(92))[0]}\r\n\r\n{match['mark']}\r\n")


def _result(rc: int, stderr: str) -> Outcome:
    answer = {"rc": rc, "stderr": stderr, "stdout": ""}
    return Outcome(rc=0, stdout=json.dumps(answer, separators=(",", ":")) + "\r\n")
