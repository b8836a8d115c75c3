"""What is left for the next boot, and the boot itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.machine import COMPUTER_NAME, SESSION_MANAGER, TERMINAL_SERVER, service_manager
from lab.windows.machine.built_in_services import started_by_windows

if TYPE_CHECKING:
    from lab.windows.machine import Machine

# The logon screen makes this key when it comes up after a boot; win_reboot waits for it.
LOGON_SCREEN = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked"
PENDING_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)
BOOT_SECONDS = 3600  # how far a reboot moves the boot time on: constant, so that runs repeat exactly


def pending(machine: Machine) -> dict[str, bool]:
    """Return the signs of a pending reboot by kind (docs/sources/windows.md#pending-restart)."""
    registry = machine.registry
    renamed = registry.data(COMPUTER_NAME + r"\ComputerName", "ComputerName") != machine.computer_name
    return {
        "component_based_servicing": registry.exists(PENDING_KEYS[0]),
        "windows_update": registry.exists(PENDING_KEYS[1]),
        "file_rename": bool(registry.data(SESSION_MANAGER, "PendingFileRenameOperations")),
        "computer_rename": renamed,
    }


def restart(machine: Machine) -> None:
    """Come up again: boot time moved on, all logged off, tunnel down, pending work done, automatic services up."""
    registry = machine.registry
    machine.reboot_requested = False
    machine.boot_count += 1
    machine.last_boot += BOOT_SECONDS
    for sid in sorted(machine.sessions):
        machine.log_off(sid)
    for mount in registry.mounts():
        registry.unload(mount)
    machine.disconnect_tunnel()
    for key in (*PENDING_KEYS, *sorted(machine.volatile_keys)):
        registry.delete_key(key)
    machine.volatile_keys.clear()
    registry.delete_value(SESSION_MANAGER, "PendingFileRenameOperations")
    name = registry.get(COMPUTER_NAME + r"\ComputerName", "ComputerName")
    if name is not None:
        registry.set(COMPUTER_NAME + r"\ActiveComputerName", "ComputerName", name)
    registry.create(LOGON_SCREEN)
    service_manager.read_again(machine)
    for service in machine.services.values():
        service.state = "Running" if _runs_after_boot(machine, service.name) else "Stopped"


def _runs_after_boot(machine: Machine, name: str) -> bool:
    """Automatic services, manual ones that Windows starts by itself, and TermService while Remote Desktop is on."""
    if machine.start_mode(name) == "Manual":
        remote_desktop = machine.registry.data(TERMINAL_SERVER, "fDenyTSConnections", 1) == 0
        return name in started_by_windows() or (name == "TermService" and remote_desktop)
    return machine.start_mode(name) == "Auto"
