"""The contract vectors: what a machine holds, what one script is asked, what has to come of it (vector.schema.json).

The same files are run against the lab's models (test_vectors_lab.py) and, where a PowerShell exists, against the
scripts themselves (run_vectors.py). A difference between the two shows as a red run of one of them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = {
    "win_endpoint_state": ROOT / "plugins/modules/win_endpoint_state.ps1",
    "set_firewall_rule": ROOT / "roles/endpoint_controls/files/set_firewall_rule.ps1",
    "install_facts": ROOT / "roles/forticlient_install/files/install_facts.ps1",
    "restore_point": ROOT / "roles/forticlient_install/files/restore_point.ps1",
    "require_reboot": ROOT / "roles/forticlient_install/files/require_reboot.ps1",
    "store_package": ROOT / "roles/forticlient_install/files/store_package.ps1",
    "leave_enrollment": ROOT / "enroll/leave.ps1",
    "set_vpn_connection": ROOT / "roles/vpn_profile/files/set_vpn_connection.ps1",
}


def load() -> list[dict[str, Any]]:
    """Return all vectors, by name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "vectors").glob("*.json"))]


def differences(vector: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what of `found` is not what the vector expects, one line each.

    `found` has the keys of `expect`; the reader's has document or msg, changed, warnings and mounts, another script's
    changed, output, diff, error, rules, restore and store. What the vector does not name is not compared, except that a
    machine which is not said to change must not.
    """
    expect = vector["expect"]
    wanted: dict[str, Any] = {name: value for name, value in expect.items() if name != "document"}
    if vector["script"] == "win_endpoint_state":
        wanted = {"changed": False, "msg": None, "warnings": [], "mounts": mounts(vector)} | wanted
        wanted |= {f"document.{node}": value for node, value in expect.get("document", {}).items()}
        found = found | {f"document.{node}": value for node, value in found.get("document", {}).items()}
    else:
        kept = {name: vector["machine"].get(name, {}) for name in ("rules", "connections") if name in found}
        wanted = {"error": None} | kept | wanted
    if wanted.get("msg") and re.fullmatch(wanted["msg"], found.get("msg", "")):
        # Each .NET has its own words for what is no number, and its own order of names.
        wanted["msg"] = found["msg"]
    return [
        f"{name}: expected {_text(value)}, found {_text(found.get(name))}"
        for name, value in wanted.items()
        if _text(found.get(name)) != _text(value)
    ]


def mounts(vector: dict[str, Any]) -> list[str]:
    """Return where users' hives are loaded before the call."""
    return sorted(hive["mount"] for hive in vector["machine"].get("hives", []) if hive["mount"])


def _text(value: Any) -> str:
    """Compared as JSON, so that true and 1 are different things."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
