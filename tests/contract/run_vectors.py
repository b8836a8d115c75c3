"""Runs the vectors against the scripts themselves in every PowerShell there is: python -m tests.contract.run_vectors.

Exits 0 when all passed, and when there is no PowerShell; then it says that nothing was run. A PowerShell that is named
(pwsh, powershell) has to be there. The scripts' access to Windows is replaced by stand-ins (run_vectors.ps1), so a
PowerShell 7 on Linux or macOS will do. The module runs as a whole, with Ansible's own argument check and answer
(Ansible.Basic).
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.contract import run_enrollment, self_check, vectors

PROGRAMS = ("pwsh", "powershell")
KINDS = {
    "REG_SZ": "String",
    "REG_EXPAND_SZ": "ExpandString",
    "REG_MULTI_SZ": "MultiString",
    "REG_DWORD": "DWord",
    "REG_QWORD": "QWord",
    "REG_BINARY": "Binary",
    "REG_NONE": "None",
}
SIGN_BIT = {"REG_DWORD": 31, "REG_QWORD": 63}
NAMES_OF_COMPUTER = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"


def main(named: Sequence[str] = ()) -> int:
    """Run what there is, or what is named, and print the outcome; return the exit code."""
    found = [program for program in named or PROGRAMS if shutil.which(program)]
    missing = {*named} - {*found}
    if missing:
        print(f"FAILED: {', '.join(sorted(missing))} is not on PATH")
        return 1
    if not found:
        print(
            f"NOT RUN: {len(vectors.load()) + len(run_enrollment.load())} vectors against the PowerShell scripts "
            "(make contract). Missing: "
            "PowerShell (pwsh on PATH; any system's PowerShell 7 will do, see https://aka.ms/powershell)"
        )
        return 0
    failed = 0
    for program in found:
        failed += run(program) + run_enrollment.run(program)
    return 1 if failed else 0


def run(program: str) -> int:
    """Run all vectors in one PowerShell, print what differs, and return how many failed."""
    wanted = vectors.load()
    # Without importing Ansible, which Windows cannot.
    ansible = importlib.util.find_spec("ansible")
    assert ansible is not None and ansible.origin is not None, "ansible-core is missing: pip install ansible-core"
    module_utils = Path(ansible.origin).parent / "module_utils"
    with tempfile.TemporaryDirectory() as folder:
        calls, answers = Path(folder, "calls.json"), Path(folder, "answers.jsonl")
        checks = [check(vector, Path(folder)) for vector in wanted if self_check.answers(vector)]
        every = [call(vector) for vector in wanted] + checks
        calls.write_text(json.dumps(every), encoding="utf-8")
        script = vectors.HERE / "run_vectors.ps1"
        start = [program, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", str(script)]
        files = ["-CallFile", str(calls), "-AnswerFile", str(answers), "-ModuleUtils", str(module_utils)]
        # What it says by itself is about -WhatIf alone, unless it fails.
        done = subprocess.run([*start, *files], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            print(f"FAILED: {program} ended with {done.returncode}\n{done.stdout}{done.stderr}")
            return len(wanted)
        lines = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    found = {line["name"]: line["found"] for line in lines}
    failed = 0
    for vector in wanted:
        wrong = differing(vector, found.get(vector["name"], {"crash": "no answer"}))
        failed += bool(wrong)
        if wrong:
            print(f"FAILED {vector['name']}", *wrong, sep="\n         ")
        if self_check.answers(vector):
            wrong = self_check.differences(vector, found.get(f"check {vector['name']}", {"crash": "no answer"}))
            failed += bool(wrong)
            if wrong:
                print(f"FAILED {vector['name']}, as a user's own check", *wrong, sep="\n         ")
    number = len(wanted) + len(checks)
    print(f"contract: {number - failed} vectors passed, {failed} failed in {program} {lines[0]['powershell']}")
    return failed


def differing(vector: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what differs, one line each."""
    if "crash" in found:
        return [found["crash"]]
    if "answer" in found:
        answer = json.loads(found.pop("answer"))
        found |= {"warnings": []} | {
            key: answer[key] for key in ("document", "warnings", "changed", "msg") if key in answer
        }
    if "rules" in found:
        found["rules"] = {rule.pop("name"): rule for rule in found["rules"]}
    if "connections" in found:
        found["connections"] = {connection.pop("name"): connection for connection in found["connections"]}
    if "store" in found:
        found["store"] = sorted(found["store"])
    if "mounts" in found:
        found["mounts"] = sorted(found["mounts"])
    return vectors.differences(vector, found)


def call(vector: dict[str, Any]) -> dict[str, Any]:
    """Return a vector in the form of run_vectors.ps1.

    Lists in place of objects, since Windows PowerShell 5.1 cannot read an empty name from JSON.
    """
    machine = vector["machine"]
    name = {"ComputerName": ["REG_SZ", machine.get("computer_name", "VECTOR")]}
    always = {f"{NAMES_OF_COMPUTER}\\{part}": name for part in ("ActiveComputerName", "ComputerName")}
    return {
        "name": vector["name"],
        "script": vector["script"],
        "path": str(vectors.SCRIPTS[vector["script"]]),
        "check_mode": vector.get("check_mode", False),
        "arguments": vector["arguments"],
        "machine": {
            "registry": keys(always | machine.get("registry", {})),
            "hives": [{"taken": False} | hive | {"keys": keys(hive["keys"])} for hive in machine.get("hives", [])],
            "processes": machine.get("processes", []),
            "ui_culture": machine.get("ui_culture", "en-US"),
            "powershell": machine.get("powershell", "5.1.0.0"),
            "part_of_domain": machine.get("part_of_domain", False),
            "groups": [group | {"sid": sid} for sid, group in machine.get("groups", {}).items()],
            "accounts": [{"sid": sid, "name": account} for sid, account in machine.get("accounts", {}).items()],
            "services": [
                {"Name": service_name, "StartMode": service["start_mode"], "State": service["state"]}
                | {"Error": service.get("error", "")}
                for service_name, service in machine.get("services", {}).items()
            ],
            "adapters": machine.get("adapters", []),
            "networks": machine.get("networks", []),
            "files": [
                {"path": path, "directory": file is None, "size": 0, "version": "0.0.0.0"} | (file or {})
                for path, file in machine.get("files", {}).items()
            ],
            "restore": {"points": [], "frequency": None, "off": False, "broken": False} | machine.get("restore", {}),
            "volatile_keys": machine.get("volatile_keys", []),
            "install": install(machine.get("install", {})),
            "leaving": [],
            "store": store(machine.get("store", {})),
            "connections": [item | {"name": its_name} for its_name, item in machine.get("connections", {}).items()],
            "rules": [rule | {"name": rule_name} for rule_name, rule in machine.get("rules", {}).items()],
        },
    }


def check(vector: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a reader's vector as what a user runs by himself: the package is written into the folder."""
    path = folder / f"{vector['name']}.cmd"
    path.write_bytes(self_check.package_of(vector))
    made = call(vector)
    made["machine"]["administrator"] = True
    return made | {"name": f"check {vector['name']}", "script": "self_check", "path": "", "package": str(path)}


def install(given: dict[str, Any]) -> dict[str, Any]:
    """Return what an installation meets, with lists in place of objects."""
    return {
        "free_bytes": given.get("free_bytes", 0),
        "battery_status": given.get("battery_status", []),
        "logged_on": given.get("logged_on", []),
        "packages": [metadata | {"path": path} for path, metadata in given.get("packages", {}).items()],
    }


def store(given: dict[str, Any]) -> dict[str, Any]:
    """Return the Store packages that every user gets, and the files of others as a list."""
    files = [metadata | {"path": path} for path, metadata in given.get("files", {}).items()]
    return {"provisioned": given.get("provisioned", []), "files": files}


def keys(given: dict[str, dict[str, list[Any]]]) -> list[dict[str, Any]]:
    """Return [{path, values, keys: names of subkeys}] of the given keys and of all keys above them."""
    paths = {""}
    for path in given:
        parts = path.split("\\")
        paths |= {"\\".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return [
        {
            "path": path,
            "values": [value(name, *typed) for name, typed in given.get(path, {}).items()],
            "keys": [
                other.rpartition("\\")[2] for other in sorted(paths) if other and other.rpartition("\\")[0] == path
            ],
        }
        for path in sorted(paths)
    ]


def value(name: str, kind: str, data: Any) -> dict[str, Any]:
    """Return one value as .NET gives it: numbers signed, bytes as a list.

    Of a number that is too long for its type: as bytes, or up to eight of them as a number of 64 bits.
    """
    too_long = ""
    if kind in SIGN_BIT and isinstance(data, str):
        raw = bytes.fromhex(data)
        too_long = "long" if len(raw) <= 8 else "bytes"
        data = int.from_bytes(raw, "little", signed=True) if too_long == "long" else list(raw)
    elif kind in SIGN_BIT and data >> SIGN_BIT[kind]:
        data -= 2 << SIGN_BIT[kind]
    elif kind in ("REG_BINARY", "REG_NONE"):
        data = list(bytes.fromhex(data))
    return {"name": name, "kind": KINDS[kind], "data": data, "too_long": too_long}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
