"""set_vpn_connection.ps1: one plug-in VPN connection of the user that the script runs as.

Source: docs/sources/windows.md#vpn-connections-with-a-plug-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from lab.windows.calls.scripts import ScriptResult, script_model

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "7810abdf101dd511856e5c876d0de6dca583e1f17906196e18f0d9e6eed5c038"
_COMPARED = ("exists", "plugin", "server_address", "proxy_script", "auto_detect")


@script_model("set_vpn_connection", SHA256, per_user=True)
def set_vpn_connection(
    machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool, sid: str
) -> ScriptResult:
    """Do what is desired to the connection unless it is so, and show it as it is then."""
    name, present = params["Name"], params.get("Present")
    before = _shown(machine, sid, name)
    desired = before
    if present is True:
        desired = {
            "exists": True,
            "plugin": params.get("Plugin") or "",
            "server_address": params.get("ServerAddress") or "",
            "custom_configuration": params.get("CustomConfiguration") or "",
            "proxy_script": params.get("ProxyScript") or "",
            "auto_detect": bool(params.get("AutoDetect")),
            "in_use": False,
        }
    elif present is False:
        desired = {"exists": False}
    after = before
    if _compared(before) != _compared(desired):
        error = _refusal(name, before, desired)
        if error:
            return ScriptResult(error=error)
        after = desired
        if not check_mode:
            _write(machine, sid, name, desired)
            after = _shown(machine, sid, name)
    changed = _compared(before) != _compared(after)
    return ScriptResult(output=[after], changed=changed, diff={"before": before, "after": after})


def _shown(machine: Machine, sid: str, name: str) -> dict[str, Any]:
    return dict(_named(machine.vpn_connections.get(sid, {}), name) or {"exists": False})


def _named(known: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the connection of a name without regard to case, or nothing."""
    return next((item for key, item in known.items() if key.lower() == name.lower()), {})


def _compared(shown: dict[str, Any]) -> list[Any]:
    return [shown.get(field) for field in _COMPARED]


def _refusal(name: str, before: dict[str, Any], desired: dict[str, Any]) -> str | None:
    if before["exists"] and not before["plugin"]:
        return f"'{name}' is a connection of Windows' own kind, which somebody else made. Rename one of the two."
    if before["exists"] and before["in_use"]:
        return f"'{name}' is in use. Disconnect it and run this again."
    if desired["exists"]:
        try:
            ElementTree.fromstring(desired["custom_configuration"])
        except ElementTree.ParseError as problem:
            return f'Cannot convert value to type "System.Xml.XmlDocument". Error: {problem}'
    return None


def _write(machine: Machine, sid: str, name: str, desired: dict[str, Any]) -> None:
    """A proxy script that is not desired is not given to the cmdlet, which then leaves the one that is there."""
    known = machine.vpn_connections.pop(sid, {})
    script = desired.get("proxy_script") or _named(known, name).get("proxy_script", "")
    left = {key: item for key, item in known.items() if key.lower() != name.lower()}
    if desired["exists"]:
        left[name] = desired | {"proxy_script": script}
    if left:
        machine.vpn_connections[sid] = left
