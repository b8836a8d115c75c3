"""install_facts.ps1: room, batteries and sessions of a machine; an installer file's word and signer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "92722eb3bac2ecd400f3d7746bbab7089282a35093e9024028eafb7418f7d50b"
_PROPERTIES = ("ProductName", "ProductVersion", "ProductCode")


@script_model("install_facts", SHA256)
def install_facts(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Answer with one object. `hardware["battery_status"]` is what Win32_Battery tells, missing on a desktop."""
    status = machine.hardware.get("battery_status")
    facts: dict[str, Any] = {
        "free_bytes": machine.files.free("C:"),
        "battery_status": [] if status is None else [status],
        "logged_on": sorted(sid for sid in machine.sessions if machine.hive_loaded(sid)),
        "package": None,
    }
    if params.get("Package"):
        path = params["Package"]
        if not machine.files.is_file(path) or machine.files.metadata(path).get("kind") != "msi":
            return ScriptResult(error="OpenDatabase,DatabasePath,OpenMode")
        facts["package"] = _package(machine.files.metadata(path))
    return ScriptResult(output=[facts])


def _package(metadata: dict[str, Any]) -> dict[str, Any]:
    name, version, code = (metadata.get(each) for each in _PROPERTIES)
    return {
        "product_name": name,
        "product_version": version,
        "product_code": code,
        "signature_status": metadata.get("SignatureStatus", "NotSigned"),
        "signer": metadata.get("Signer"),
    }
