"""ansible.windows.win_reboot_info (3.8.0 and later): the last boot, and why another one is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import model
from lab.windows.machine import COMPUTER_NAME, SERVICES, restart

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_SERVER_MANAGER = r"HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache"
_DESCRIPTIONS = {
    "component_based_servicing": "Component Based Servicing has a pending reboot.",
    "windows_update": "Windows Update has installed updates that require a reboot.",
    "pending_file_rename": "There are pending file rename operations that require a reboot.",
    "domain_join": "A domain join operation is pending and requires a reboot.",
    "server_manager": "Server Manager indicates a component change requires a reboot.",
}


@model("ansible.windows.win_reboot_info")
def win_reboot_info(machine: Machine, call: Call) -> dict[str, Any]:
    """Report. `details` is always null: the lab keeps no event log, and the module finds no event then either."""
    booted = datetime.fromtimestamp(machine.last_boot, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reasons = [{"source": source, "description": text} for source, text in _reasons(machine).items()]
    return {
        "changed": False,
        "last_reboot": {"time": booted, "time_epoch": machine.last_boot, "details": None},
        "reboot_required": bool(reasons),
        "reboot_required_reasons": reasons,
    }


def _reasons(machine: Machine) -> dict[str, str]:
    """Return source to description, in the module's order."""
    pending = restart.pending(machine)
    registry = machine.registry
    new_name = registry.data(COMPUTER_NAME + r"\ComputerName", "ComputerName")
    netlogon = SERVICES + r"\Netlogon"
    found = {
        "component_based_servicing": pending["component_based_servicing"],
        "windows_update": pending["windows_update"],
        "pending_file_rename": pending["file_rename"],
        "pending_computer_rename": bool(new_name) and str(new_name).lower() != machine.computer_name.lower(),
        "domain_join": any(registry.get(netlogon, name) is not None for name in ("JoinDomain", "AvoidSpnSet")),
        "server_manager": bool(registry.data(_SERVER_MANAGER, "RestartRequired")),
    }
    rename = f"Computer name change pending from '{machine.computer_name}' to '{new_name}'."
    texts = _DESCRIPTIONS | {"pending_computer_rename": rename}
    return {source: texts[source] for source, is_so in found.items() if is_so}
