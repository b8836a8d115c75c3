r"""store_package.ps1: a package of the Microsoft Store for all users, or none of its family.

Windows notes packages that every user gets below `AppxAllUserStore\Applications`, those of a user below their SID, and
families that were removed for everybody below `Deprovisioned`, where they stay (Microsoft, "Keep removed apps from
returning during an update"). That a new provisioning takes that note away is a guess. A package file says of itself
what it is (filesystem.installer_bytes): kind msix, PackageFullName, SignatureStatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "81a8eaead7f6bf6b0cd1970ad12f33e5b9410a880da213a2bb3f766a1de4678b"
STORE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore"
APPLICATIONS = STORE + r"\Applications"
_FOLDER = r"C:\Program Files\WindowsApps"


@script_model("store_package", SHA256)
def store_package(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Provision the file's package unless there is one of the family; without a file remove the family's."""
    family, path = params["Family"], params.get("Package")
    before = after = of_family(machine, family)
    changed = bool(path) is not bool(before)
    if changed and not check_mode:
        error = _add(machine, path, family) if path else None
        if error:
            return ScriptResult(changed=True, error=error)
        for name in [] if path else before:
            _remove(machine, name)
        after = of_family(machine, family)
    diff = {"before": {"provisioned": before}, "after": {"provisioned": after}}
    return ScriptResult(changed=changed, diff=diff)


def provisioned(machine: Machine) -> list[str]:
    """Return the full names of the packages that every user gets."""
    return machine.registry.keys(APPLICATIONS) if machine.registry.exists(APPLICATIONS) else []


def of_family(machine: Machine, family: str) -> list[str]:
    """Return those of them that are of a family."""
    return [name for name in provisioned(machine) if family_of(name).lower() == family.lower()]


def family_of(full_name: str) -> str:
    """Return the family, name_publisher, of a package name_version_architecture_resource_publisher."""
    name, *_, publisher = full_name.split("_")
    return f"{name}_{publisher}"


def provision(machine: Machine, full_name: str) -> None:
    """Give a package to everybody."""
    machine.registry.delete_key(f"{STORE}\\Deprovisioned\\{family_of(full_name)}")
    machine.registry.create(f"{STORE}\\Deprovisioned")
    machine.registry.create(f"{APPLICATIONS}\\{full_name}")
    machine.files.add_stub(rf"{_FOLDER}\{full_name}\AppxManifest.xml", 4096)


def _add(machine: Machine, path: str, family: str) -> str | None:
    metadata = machine.files.metadata(path) if machine.files.is_file(path) else {}
    if metadata.get("kind") != "msix":
        return "The data is invalid."
    if metadata.get("SignatureStatus") != "Valid":
        return "No signature was present in the subject."
    full_name = str(metadata["PackageFullName"])
    provision(machine, full_name)
    if of_family(machine, family):
        return None
    _remove(machine, full_name)
    return f"The file is none of the family {family}, but {full_name}, which was removed again."


def _remove(machine: Machine, full_name: str) -> None:
    for owner in machine.registry.keys(STORE):
        machine.registry.delete_key(f"{STORE}\\{owner}\\{full_name}")
    machine.registry.create(f"{STORE}\\Deprovisioned\\{family_of(full_name)}")
    machine.files.delete(rf"{_FOLDER}\{full_name}", recursive=True)
