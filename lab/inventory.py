"""The inventory that `lab up` writes: where the endpoints are and how to log on, nothing of what should be on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab.macos.toolset import PYTHON_LINK

HEADER = "# Written by `python -m lab up`; gone with the lab. How to reach the simulated endpoints.\n"


def winrm_vars(ca_file: Path) -> dict[str, Any]:
    """Return how Windows machines are reached by WinRM, without the account."""
    return {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": str(ca_file),
    }


def psrp_vars(ca_file: Path) -> dict[str, Any]:
    """Return how Windows machines are reached by PowerShell Remoting, without the account."""
    return {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "https",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_cert_validation": "validate",
        "ansible_psrp_ca_cert": str(ca_file),
    }


def windows_ssh_vars(private_key_file: Path, known_hosts_file: Path) -> dict[str, Any]:
    """Return how Windows machines are reached by SSH, without the account."""
    return {
        "ansible_connection": "ssh",
        "ansible_shell_type": "powershell",
        **_ssh_vars(private_key_file, known_hosts_file),
    }


def mac_vars(password: str, private_key_file: Path, known_hosts_file: Path) -> dict[str, Any]:
    """Return how Macs are reached, without the account; `password` is the one for sudo."""
    return {
        "ansible_connection": "ssh",
        **_ssh_vars(private_key_file, known_hosts_file),
        # Every python.org Python brings this name, whichever version it is.
        "ansible_python_interpreter": PYTHON_LINK,
        "ansible_become_method": "ansible.builtin.sudo",
        "ansible_become_password": password,
    }


def _ssh_vars(private_key_file: Path, known_hosts_file: Path) -> dict[str, Any]:
    """Return how OpenSSH finds its keys, those of the lab alone."""
    return {
        "ansible_ssh_private_key_file": str(private_key_file),
        "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={known_hosts_file} "
        "-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
        # One connection a call: a shared one would outlive the lab, and its socket's name is the next lab's too.
        "ansible_ssh_args": "-o ControlMaster=no -o ControlPath=none",
    }


def write(folder: Path, groups: Mapping[str, tuple[Mapping[str, Any], Sequence[tuple[str, int]]]]) -> Path:
    """Write hosts.yml for groups of (variables, [(host, port)]); return the folder, which `ansible -i` takes.

    Empty groups are left out. The file holds passwords, so that only its owner may read it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    children = {
        group: {
            "hosts": {name: {"ansible_host": "127.0.0.1", "ansible_port": port} for name, port in hosts},
            "vars": dict(variables),
        }
        for group, (variables, hosts) in groups.items()
        if hosts
    }
    file = folder / "hosts.yml"
    file.touch(mode=0o600)
    document = yaml.safe_dump({"all": {"children": children}}, sort_keys=False, allow_unicode=True)
    file.write_text(HEADER + document, encoding="utf-8")
    return folder
