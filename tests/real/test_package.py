"""An .msi by the real win_package and Wine's Windows Installer, and by the lab: the same answers, the same left."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.filesystem import installer_bytes
from tests.real import modules
from tests.real.endpoint import HERE, Endpoint
from tests.real.module_calls import Call, differing
from tests.real.test_reader import READER

CODE = "{6B1F8B40-7F2A-4C53-9E0D-2D0A7C9E1F13}"
OTHER = "{6B1F8B40-7F2A-4C53-9E0D-2D0A7C9E1F14}"
PACKAGE = r"C:\agent.msi"
PROGRAM = r"C:\Program Files\Example\Agent\agent.exe"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
IN_THE_LAB = {
    "kind": "msi",
    "ProductName": "Agent",
    "ProductVersion": "7.4.3.8758",
    "ProductCode": CODE,
    "Manufacturer": "Example",
    "InstallLocation": r"C:\Program Files\Example\Agent",
    "Installs": {"files": {PROGRAM: {"size": 1000, "metadata": {}}}},
}
INSTALLED = {"DisplayName": "Agent", "DisplayVersion": "7.4.3.8758", "Publisher": "Example"}
# Arguments, in check mode, whether it changes anything, and whether the product is there afterwards.
CALLS: tuple[tuple[dict[str, Any], bool, bool, bool], ...] = (
    ({"product_id": CODE, "state": "absent", "provider": "msi"}, False, False, False),
    ({"path": PACKAGE}, True, True, False),
    ({"path": PACKAGE, "arguments": "ALLUSERS=1"}, False, True, True),
    ({"path": PACKAGE}, True, False, True),
    ({"path": PACKAGE}, False, False, True),
    ({"path": PACKAGE, "product_id": OTHER}, False, False, True),
    ({"product_id": CODE, "provider": "msi", "state": "absent"}, True, True, True),
    ({"path": PACKAGE, "state": "absent"}, False, True, False),
    ({"path": PACKAGE, "state": "absent"}, False, False, False),
    ({"path": PACKAGE}, False, True, True),
    ({"product_id": CODE, "provider": "msi", "state": "absent"}, False, True, False),
)


@pytest.fixture(scope="module")
def machine(endpoint: Endpoint) -> Machine:
    """Return a simulated machine with the package on it, and put one on the endpoint."""
    (endpoint.folder / "agent.exe").write_bytes(b"x" * 1000)
    shutil.copy(HERE / "agent.wxs", endpoint.folder)
    made = endpoint.disk / "agent.msi"
    subprocess.run(["wixl", "-a", "x64", "-o", made, "agent.wxs"], cwd=endpoint.folder, check=True, capture_output=True)
    machine = modules.machine()
    machine.files.write(PACKAGE, installer_bytes(IN_THE_LAB))
    return machine


def entry(answer: dict[str, Any]) -> dict[str, str]:
    """Return what the reader sees of the product's entry."""
    key = answer["document"]["registry"][UNINSTALL]["keys"].get(CODE, {"values": {}})
    return {name: value["data"] for name, value in key["values"].items()}


def test_a_package_is_installed_and_removed_as_in_the_lab(endpoint: Endpoint, machine: Machine) -> None:
    ask = {"registry": [{"path": UNINSTALL, "values": list(INSTALLED), "depth": 1}], "files": [PROGRAM]}
    for number, (args, check, changes, there) in enumerate(CALLS):
        real = modules.real(endpoint, "ansible.windows.win_package", args, check=check)
        simulated = modules.lab(machine, "ansible.windows.win_package", args, check=check)
        assert real["changed"] is changes, (number, real)
        # They are two files.
        for answer in (real, simulated):
            answer.pop("checksum", None)
        assert differing(Call("ansible.windows.win_package", args), real, simulated) == [], number
        read = modules.real(endpoint, READER, ask)
        assert entry(read) == (INSTALLED if there else {}), number
        assert read["document"]["files"][PROGRAM]["exists"] is there, number
        assert machine.files.is_file(PROGRAM) is there, number
