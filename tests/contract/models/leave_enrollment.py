"""leave.ps1: a scheduled task that is to remove the enrolment. The lab runs none; the key is Windows' own for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "476c2848c09db0b0547499c40e1808054e531527564fe1e8d9ca5c632ae2bf7b"
KEY = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\OffsiteEndpoints-Enrollment"


@script_model("leave_enrollment", SHA256)
def leave_enrollment(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Note the task; in check mode none."""
    if not check_mode:
        words = f"{params['Folder']}\\windows.ps1 -Remove in {params['Seconds']} s"
        machine.registry.create(KEY)
        machine.registry.set(KEY, "Id", Value("REG_SZ", words))
    return ScriptResult(changed=True)


def tasks(machine: Machine) -> list[str]:
    """Return what is to run."""
    found = machine.registry.data(KEY, "Id")
    return [str(found)] if found else []
