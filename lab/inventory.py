"""The inventory that `lab up` writes: where the endpoints are and how to log on, nothing of what should be on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

HEADER = "# Written by `python -m lab up`; gone with the lab. How to reach the simulated endpoints.\n"


def windows_vars(user: str, password: str, ca_file: Path) -> dict[str, Any]:
    """Return the connection variables of the group `windows`."""
    return {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": str(ca_file),
        "ansible_user": user,
        "ansible_password": password,
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
