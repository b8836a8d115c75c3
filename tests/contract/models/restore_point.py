"""restore_point.ps1: one restore point of the system drive, with Windows' own rule about points within 24 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model
from lab.windows.machine import restore_points
from lab.windows.machine.parts import MachineError
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "3fad6a4cdc009f04a621c1d68313e5fe53cc3757858425b3e4b4b17419f69c8b"


@script_model("restore_point", SHA256)
def restore_point(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Turn protection on, set the frequency to 0 for the time of the call, make a point and look at its number."""
    before = after = restore_points.newest(machine)
    if not check_mode:
        key, name = restore_points.KEY, restore_points.FREQUENCY
        found = machine.registry.get(key, name)
        try:
            restore_points.protect(machine)
            machine.registry.set(key, name, Value("REG_DWORD", 0))
            restore_points.make(machine, params["Description"])
        except MachineError as error:
            return ScriptResult(error=str(error))
        finally:
            _put_back(machine, found)
        after = restore_points.newest(machine)
        if after <= before:
            reason = f"the newest is number {after} as before."
            return ScriptResult(error=f"Windows gave no error, but made no restore point: {reason}")
    diff = {"before": {"newest_restore_point": before}, "after": {"newest_restore_point": after}}
    return ScriptResult(changed=True, diff=diff)


def _put_back(machine: Machine, found: Value | None) -> None:
    if found is None:
        machine.registry.delete_value(restore_points.KEY, restore_points.FREQUENCY)
    else:
        machine.registry.set(restore_points.KEY, restore_points.FREQUENCY, found)
