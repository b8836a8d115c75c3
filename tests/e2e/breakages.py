r"""What a user, an update or another tool does to a prepared Windows machine: three ways or more for every control.

Each breakage is one call of a stock module. The audit has to find exactly the control (and `also`: what rightly drifts
with it); site.yml has to repair it; afterwards the machine's state is what it was before the breakage.
"""

from __future__ import annotations

from typing import Any

TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
CONNECTION = ["server", "description", "prompt_user_name", "prompt_certificate", "server_certificate", "single_sign_on"]


def value(path: str, name: str, data: Any, type_: str) -> dict[str, Any]:
    """Return the call that sets a registry value."""
    return {"module": "ansible.windows.win_regedit", "args": {"path": path, "name": name, "data": data, "type": type_}}


def gone(path: str, name: str) -> dict[str, Any]:
    """Return the call that removes a registry value."""
    return {"module": "ansible.windows.win_regedit", "args": {"path": path, "name": name, "state": "absent"}}


BREAKAGES: list[dict[str, Any]] = [
    {
        "control": "vpn_profile.server",
        "breakages": [
            value(TUNNEL, "Server", "130.34.226.190:443", "string"),
            value(TUNNEL, "Server", "fg.imr.tohoku.ac.jp:10443", "string"),
            value(TUNNEL, "Server", 443, "dword"),
            gone(TUNNEL, "Server"),
        ],
    },
    {
        "control": "vpn_profile.description",
        "breakages": [
            value(TUNNEL, "Description", "", "string"),
            value(TUNNEL, "Description", "imr ssl-vpn", "string"),
            gone(TUNNEL, "Description"),
        ],
    },
    {
        "control": "vpn_profile.prompt_user_name",
        "breakages": [
            value(TUNNEL, "promptusername", 0, "dword"),
            value(TUNNEL, "promptusername", "1", "string"),
            gone(TUNNEL, "promptusername"),
        ],
    },
    {
        "control": "vpn_profile.prompt_certificate",
        "breakages": [
            value(TUNNEL, "promptcertificate", 1, "dword"),
            value(TUNNEL, "promptcertificate", 0, "qword"),
            gone(TUNNEL, "promptcertificate"),
        ],
    },
    {
        "control": "vpn_profile.server_certificate",
        "breakages": [
            value(TUNNEL, "ServerCert", "0", "string"),
            value(TUNNEL, "ServerCert", 1, "dword"),
            gone(TUNNEL, "ServerCert"),
        ],
    },
    {
        "control": "vpn_profile.single_sign_on",
        "breakages": [
            value(TUNNEL, "sso_enabled", 1, "dword"),
            value(TUNNEL, "sso_enabled", "0", "string"),
            gone(TUNNEL, "sso_enabled"),
        ],
    },
]
