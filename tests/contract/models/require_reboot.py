"""require_reboot.ps1: a registry key that is there until the next boot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "4709238d30167d14c00926c9ea170f764f749b21b47291419d808900de925c4f"
PARENT = r"HKLM\SOFTWARE\OffsiteEndpoints_RebootRequired"


@script_model("require_reboot", SHA256)
def require_reboot(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Make the key, and its parent, volatile as the parent is new too."""
    key = f"{PARENT}\\{params['Owner']}"
    before = machine.registry.exists(key)
    if not before and not check_mode:
        if not machine.registry.exists(PARENT):
            machine.volatile_keys.add(PARENT)
        machine.volatile_keys.add(key)
        machine.registry.create(key)
    diff = {"before": {"reboot_required": before}, "after": {"reboot_required": True}}
    return ScriptResult(changed=not before, diff=diff)
