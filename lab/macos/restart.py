"""Restarting a simulated Mac, and connecting its VPN as its user does by hand."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from lab.macos import forticlient
from lab.macos.machine import MacMachine
from lab.macos.state import USER_VARIABLE
from lab.macos.toolset import PACKAGE_ROOT

_SECONDS = 120


class MacError(Exception):
    """What was asked of the machine can't be; the message says why and what to do."""


def restart(machine: MacMachine) -> None:
    """Let the machine start anew: pf, attached images, the tunnel and launchd's jobs as after a restart.

    Raises MacError when a job uses something that the lab does not model.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PACKAGE_ROOT / "lab/macos/tools/run.py"), "boot", "boot"],
        env={"LAB_MAC_STATE": str(machine.file), USER_VARIABLE: "root"},
        cwd=machine.root,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise MacError(f"{machine.name} did not start: {machine.paths.text_to_virtual(done.stderr).strip()}")


def set_tunnel(machine: MacMachine, *, up: bool) -> None:
    """Connect or disconnect; the first connection registers FortiClient's network service. Raises MacError."""
    with machine.state.edit() as data:
        if up and not _can_connect(data):
            raise MacError(
                f"{machine.name}: the VPN needs FortiClient with its system extension `activated enabled`; "
                "install it and let `system_extensions` in the machine's JSON say so"
            )
        if up and not data["vpn"]:
            _register(data)
        forticlient.set_tunnel(data, up=up)


def _can_connect(data: dict[str, Any]) -> bool:
    return any(
        item["team"] == forticlient.TEAM and item["state"] == "activated enabled" for item in data["system_extensions"]
    )


def _register(data: dict[str, Any]) -> None:
    name = forticlient.IDLE_NAME
    identifier = forticlient.service_id(data["seed"], data["name"])
    service = {"id": identifier, "name": name, "status": "Disconnected"}
    data["vpn"].append({**service, "bundle": forticlient.BUNDLE, "enabled": True})
    data["network"]["services"].append(forticlient.network_service(name, active=False))
