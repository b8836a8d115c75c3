"""ansible.windows.win_service_info: configuration and state of services."""

from __future__ import annotations

import fnmatch
import zlib
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import model
from lab.windows.machine.services import ServiceConfig, find_service

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_SETTINGS = (
    *("dependencies", "description", "desktop_interact", "display_name", "error_control", "failure_actions"),
    *("failure_actions_on_non_crash_failure", "failure_command", "failure_reboot_msg", "failure_reset_period_sec"),
    *("load_order_group", "path", "pre_shutdown_timeout_ms", "required_privileges", "service_type", "sid_info"),
    *("start_mode", "state", "username"),
)


@model("ansible.windows.win_service_info")
def win_service_info(machine: Machine, call: Call) -> dict[str, Any]:
    """Answer for one name or display name, a name with wildcards, or without a name for all but drivers."""
    found = _matching(machine, call.args.get("name"))
    return {"changed": False, "exists": bool(found), "services": [_describe(config) for config in found]}


def _matching(machine: Machine, name: str | None) -> list[ServiceConfig]:
    configs = [ServiceConfig(machine, each) for each in sorted(machine.services, key=str.lower)]
    plain = [config for config in configs if not config.is_driver]
    if not name:
        return plain
    exact = [config for config in plain if config.name.lower() == name.lower()]
    if exact:
        return exact
    if set(name) & set("*?["):
        return [config for config in configs if fnmatch.fnmatchcase(config.name.lower(), name.lower())]
    # Get-Service resolves one name without wildcards as the service manager does: display names too, and drivers.
    found = find_service(machine, name)
    return [found] if found else []


def _describe(config: ServiceConfig) -> dict[str, Any]:
    running = config["state"] == "started"
    controls = (["stop"] if config["state"] != "stopped" else []) + (["pause_continue"] if config.can_pause else [])
    return {option: config[option] for option in _SETTINGS} | {
        "name": config.name,
        "checkpoint": 0,
        "controls_accepted": controls,
        "dependency_of": config.machine.dependents(config.name),
        "launch_protection": "none",
        "preferred_node": None,
        # A number that only has to be stable and look like one.
        "process_id": zlib.crc32(config.name.encode()) % 5000 * 4 + 4 if running else 0,
        "service_exit_code": 0,
        "service_flags": [],
        "triggers": [],
        "wait_hint_ms": 0,
        # ERROR_SERVICE_NEVER_STARTED is what a service shows that is stopped since the boot.
        "win32_exit_code": 0 if running else 1077,
    }
