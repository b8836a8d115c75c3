"""System Restore: what turns it off, the rule of 24 hours, new points (docs/sources/windows.md#restore-points)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.machine import CURRENT_VERSION
from lab.windows.machine.parts import MachineError, RestorePoint
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

KEY = CURRENT_VERSION + r"\SystemRestore"
# Drives with system protection on (docs/sources/windows.md#restore-points: often off on new machines).
PROTECTED_DRIVES = CURRENT_VERSION + r"\SPP\Clients"
PROTECTED_DRIVES_ID = "{09F7EDC5-294E-4180-AF6A-FB0E6A0E9513}"
FREQUENCY = "SystemRestorePointCreationFrequency"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\SystemRestore"
SYSTEM_DRIVE = r"\\?\Volume{6a1f2c3e-0000-0000-0000-300300000000}\:(C%3A)"
APPLICATION_INSTALL = 0
_DAY_MINUTES = 1440


def newest(machine: Machine) -> int:
    """Return the newest point's number, 0 without any."""
    return max((point.sequence for point in machine.restore_points), default=0)


def protect(machine: Machine) -> None:
    """Turn protection on for the system drive. Raises MachineError where a policy forbids it."""
    if machine.registry.data(POLICY, "DisableSR", 0) == 1:
        raise MachineError(1058, "System Restore is turned off by your system administrator.")
    machine.registry.set(KEY, "RPSessionInterval", Value("REG_DWORD", 1))
    machine.registry.set(PROTECTED_DRIVES, PROTECTED_DRIVES_ID, Value("REG_MULTI_SZ", [SYSTEM_DRIVE]))


def make(machine: Machine, description: str) -> None:
    """Make a point, or none and no error when the last one is younger than the frequency allows.

    Raises MachineError without volume shadow copies.
    """
    if machine.service("VSS") is not None and machine.start_mode("VSS") == "Disabled":
        raise MachineError(1058, "The service cannot be started because it is disabled (VSS).")
    frequency = int(machine.registry.data(KEY, FREQUENCY, _DAY_MINUTES))
    if any(point.age_hours * 60 < frequency for point in machine.restore_points):
        return
    number = newest(machine) + 1
    machine.restore_points.append(RestorePoint(number, description, APPLICATION_INSTALL))
