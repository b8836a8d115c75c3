"""The role forticlient_install alone on lab machines, with installers made for a test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.windows.machine import Machine
from lab.windows.machine.filesystem import installer_bytes
from lab.windows.machine.forticlient import msi_metadata

OLD, NEW = "7.4.3.1790", "7.4.3.8758"
CODE = "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}"  # of both
ENTRY = rf"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{CODE}"
PROGRAMS = r"C:\Program Files\Fortinet\FortiClient"
# What the record of no free build names as fixed, and 7.4.3 as affected.
ACCEPTED = [
    *("CVE-2025-46373", "CVE-2025-47761", "CVE-2025-54660", "CVE-2025-57716", "CVE-2025-62676", "CVE-2026-70465"),
    "CVE-2026-121529",
]
PLAYBOOK = "../tests/e2e/one_role.yml"


class Client:
    """Runs the role, and looks at what it did to a machine."""

    def __init__(self, fleet: Any, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def supply_store(self, **metadata: Any) -> dict[str, Any]:
        """Make a package of the Store client and return the variables that describe it."""
        name = "FortinetInc.FortiClient_1.0.1041.0_x64__sq9g7krz3c65j"
        said = {"kind": "msix", "PackageFullName": name, "SignatureStatus": "Valid", **metadata}
        return {"forticlient_install_client": "store", **self._file(installer_bytes(said), "msix")}

    def supply(self, version: str = NEW, **metadata: Any) -> dict[str, Any]:
        """Make an installer and return the variables that describe it."""
        content = installer_bytes({**msi_metadata(version), **metadata}, 12_000_000)
        limits = {"forticlient_install_version": version, "forticlient_install_minimum_version": version}
        return {**self._file(content, "msi"), **limits}

    def _file(self, content: bytes, ending: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{digest[:8]}.{ending}"
        path.write_bytes(content)
        return {"forticlient_install_source": str(path), "forticlient_install_sha256": digest}

    def play(self, hosts: str, *options: str, **variables: Any) -> Any:
        """Apply the role."""
        return self._play(PLAYBOOK, hosts, *options, role="forticlient_install", **variables)

    def audit(self, hosts: str, **variables: Any) -> Any:
        """Only compare."""
        return self._play("audit.yml", hosts, endpoint_roles=["forticlient_install"], **variables)

    def _play(self, playbook: str, hosts: str, *options: str, **variables: Any) -> Any:
        accepted = [{"cve": name, "reason": "a test"} for name in ACCEPTED]
        given = {"forticlient_install_accepted_vulnerabilities": accepted, **variables}
        return self.fleet.play(playbook, "--limit", hosts, "-e", json.dumps(given), *options)

    def do(self, host: str, module: str, **arguments: Any) -> None:
        done = self.fleet.adhoc(host, f"ansible.windows.{module}", arguments)
        assert done.returncode == 0, done.stdout

    def lose_programs(self, host: str) -> None:
        """Delete the client's folder; that of a service that runs cannot be deleted."""
        self.do(host, "win_service", name="FA_Scheduler", state="absent")
        self.do(host, "win_file", path=PROGRAMS, state="absent")

    def machine(self, host: str) -> Machine:
        return Machine.load(self.fleet.directory / f"lab/machines/{host}.json")

    def rebuild(self, host: str, change: Callable[[Machine], None]) -> None:
        """Change what is no software's business (a battery, say): the lab is down meanwhile."""
        self.fleet.lab("down")
        machine = self.machine(host)
        change(machine)
        machine.save(self.fleet.directory / f"lab/machines/{host}.json")
        self.fleet.lab("up")

    def version(self, host: str) -> str | None:
        return self.machine(host).registry.data(ENTRY.replace(":", "", 1), "DisplayVersion")

    def bring(self, host: str, version: str | None) -> None:
        """Begin with this version on a machine, or with no client of the role's."""
        if self.version(host) == version:
            return
        variables = {"forticlient_install_state": "absent"} if version is None else self.supply(version)
        run = self.play(host, **variables)
        assert run.code == 0, run.output


def found(run: Any, control: str) -> dict[str, Any]:
    """Return the one record of a control of the role."""
    (one,) = [r for r in run.records if r["control"] == f"forticlient_install.{control}"]
    return one
