"""How an endpoint is reached: the ports, what each way needs on this controller, settings that do not go together.

Looked at before any endpoint is reached. docs/transports.md has the settings of each.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

DEFAULT_PORTS = {"winrm": 5986, "psrp": 5986, "ssh": 22}
WINDOWS_SHELLS = ("powershell", "cmd")
READ_ON = "See docs/transports.md"
# The package of Python that a connection of Ansible's is made with.
_PACKAGES = {"winrm": ("winrm", "pywinrm"), "psrp": ("pypsrp", "pypsrp")}
_FILES = {
    "winrm": ("ansible_winrm_ca_trust_path",),
    "psrp": ("ansible_psrp_ca_cert",),
    "ssh": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
}
_BY_ANOTHER = re.compile(r"proxy(?:jump|command)|(?<!\S)-J", re.IGNORECASE)
# All that is looked at here; it is worked out, so passwords are not among them.
SETTINGS = ("ansible_connection", "ansible_shell_type", "ansible_port", *sum(_FILES.values(), ()))


def transport_of(settings: Mapping[str, Any]) -> str:
    """Return the connection's short name.

    >>> transport_of({"ansible_connection": "ansible.builtin.psrp"})
    'psrp'
    """
    return str(settings.get("ansible_connection") or "ssh").rpartition(".")[2]


def leads_to_windows(settings: Mapping[str, Any]) -> bool:
    """Say whether Ansible would take the endpoint for a Windows machine."""
    return transport_of(settings) in ("winrm", "psrp") or settings.get("ansible_shell_type") in WINDOWS_SHELLS


def goes_around(transport: str, option: Callable[[str], Any]) -> bool:
    """Say whether a connection with these options goes by another machine, so that its port says nothing from here."""
    if transport == "ssh":
        given = " ".join(str(option(name) or "") for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"))
        return _BY_ANOTHER.search(given) is not None
    return transport == "psrp" and bool(option("proxy"))


def listener(platform: str, transport: str) -> str:
    """Return what to do where nothing listens."""
    if platform == "Darwin":
        return "Enable Remote Login"
    if transport == "ssh":
        return "Start the OpenSSH server (Get-Service sshd there tells why it does not run)"
    return "Run enroll/windows.cmd on it"


def refused_connection(settings: Mapping[str, Any], groups: set[str]) -> Iterator[str]:
    """Yield what cannot work: `settings` are an endpoint's values of SETTINGS, `groups` those that it is in."""
    transport = transport_of(settings)
    if transport not in DEFAULT_PORTS:
        return
    # Where nothing is set, ansible.cfg may say it, and a playbook that reaches nobody may run all the same.
    if "windows" in groups and settings.get("ansible_connection") and not leads_to_windows(settings):
        yield (
            "ansible_connection is ssh, and ansible_shell_type does not say powershell, so this Windows machine would "
            f"be taken for a Mac. Set ansible_shell_type: powershell, or another connection (winrm, psrp). {READ_ON}"
        )
    if "macs" in groups and leads_to_windows(settings):
        yield (
            f"a Mac is reached by SSH: set ansible_connection: ssh (it is {transport}), and no ansible_shell_type "
            f"of Windows. {READ_ON}"
        )
    yield from _refused_port(settings, transport)
    yield from _missing(settings, transport)


def _refused_port(settings: Mapping[str, Any], transport: str) -> Iterator[str]:
    others = {"ssh": ("5985", "5986")}.get(transport, ("22",))
    port = str(settings.get("ansible_port") or "")
    if port in others:
        yield (
            f"ansible_port is {port}, where ansible_connection {transport} is not spoken: leave it out for "
            f"{DEFAULT_PORTS[transport]}, or set the right one beside ansible_connection. {READ_ON}"
        )


def _missing(settings: Mapping[str, Any], transport: str) -> Iterator[str]:
    module, package = _PACKAGES.get(transport, ("", ""))
    if module and importlib.util.find_spec(module) is None:
        yield (
            f"ansible_connection is {transport}, and this controller's Python has no {package}: "
            f"{sys.executable} -m pip install {package}, or another connection. {READ_ON}"
        )
    for name in _FILES[transport]:
        path = settings.get(name)
        if path and not Path(str(path)).expanduser().is_file():
            yield f"{name}: there is no file {path} on this controller; correct the path. {READ_ON}"
