"""Runs a vector against the lab's model of the script."""

from __future__ import annotations

import json
from typing import Any

from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import (
    COMPUTER_NAME,
    CURRENT_VERSION,
    NLS_LANGUAGE,
    SERVICES,
    START_MODES,
    Machine,
    restore_points,
)
from lab.windows.machine.accounts import SYSTEM, Group, Members, User
from lab.windows.machine.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine.parts import Adapter, RestorePoint, Service
from lab.windows.machine.registry import RANGES, Value
from tests.contract.models import leave_enrollment, store_package
from tests.contract.vectors import SCRIPTS

PROFILES = ["Domain", "Private", "Public"]
LANGUAGES = {"en-US": "0409", "ja-JP": "0411"}


def run(vector: dict[str, Any]) -> dict[str, Any]:
    """Return what the model answers and leaves, under the names of `expect`."""
    machine = machine_of(vector["machine"])
    before = machine.fingerprint()
    source = SCRIPTS[vector["script"]].read_text(encoding="utf-8")
    internal = {"_ansible_check_mode": vector.get("check_mode", False), "_ansible_diff": True}
    if vector["script"] == "win_endpoint_state":
        name, args = "offsite.endpoints.win_endpoint_state", dict(vector["arguments"])
    else:
        name = "ansible.windows.win_powershell"
        args = {"script": source, "parameters": dict(vector["arguments"]), "depth": 3}
    call = Call("module", name, args, internal, source, user="SYSTEM")
    outcome = execute(machine, call)
    answer = json.loads(outcome.stdout)
    unchanged = machine.fingerprint() == before
    if vector["script"] == "win_endpoint_state":
        return {
            **{key: answer[key] for key in ("document", "changed", "msg") if key in answer},
            "warnings": answer.get("warnings", []),
            "mounts": sorted(machine.registry.mounts()),
            "unchanged": unchanged,
        }
    error = answer["error"][0]["exception"]["message"] if answer["failed"] else None
    rules = {name: _shown(parse(str(value.data))) for name, value in machine.registry.values(LOCAL_RULES).items()}
    frequency = machine.registry.data(restore_points.KEY, restore_points.FREQUENCY)
    return {
        "changed": answer["changed"],
        "output": answer["output"],
        "diff": answer.get("diff"),
        "error": error,
        "rules": rules,
        "connections": machine.vpn_connections.get(SYSTEM, {}),
        "store": store_package.provisioned(machine),
        "leaving": leave_enrollment.tasks(machine),
        "volatile_keys": sorted(key.removeprefix("HKLM\\") for key in machine.volatile_keys),
        "restore": {"newest": restore_points.newest(machine), "frequency": frequency},
        "unchanged": unchanged,
    }


def machine_of(state: dict[str, Any]) -> Machine:
    """Make a machine that holds what the vector says, and what every machine needs."""
    machine = Machine("vector")
    registry = machine.registry
    for part in ("ActiveComputerName", "ComputerName"):
        name = state.get("computer_name", "VECTOR")
        registry.set(f"{COMPUTER_NAME}\\{part}", "ComputerName", Value("REG_SZ", name))
    language = LANGUAGES[state.get("ui_culture", "en-US")]
    registry.set(NLS_LANGUAGE, "InstallLanguage", Value("REG_SZ", language))
    machine.domain = "example.org" if state.get("part_of_domain") else None
    _write(machine, "", state.get("registry", {}))
    machine.processes.update(state.get("processes", []))
    for hive in state.get("hives", []):
        _add_hive(machine, hive)
    machine.accounts.groups.clear()
    for sid, group in state.get("groups", {}).items():
        machine.accounts.groups[sid] = Group(
            sid, group["name"], members=Members(member["sid"] for member in group["members"])
        )
        for member in group["members"]:
            _add_account(machine, member["sid"], member["path"])
    for sid, account in state.get("accounts", {}).items():
        _add_account(machine, sid, "WinNT://" + account.replace("\\", "/"))
    for name, service in state.get("services", {}).items():
        machine.services[name] = Service(name, service["state"], service.get("error", ""))
        start = next(number for number, mode in START_MODES.items() if mode == service["start_mode"])
        registry.set(f"{SERVICES}\\{name}", "Start", Value("REG_DWORD", start))
    for adapter in state.get("adapters", []):
        kind = "ppp" if adapter["kind"] == "Ppp" else "ethernet"
        status = "Up" if adapter["status"] == "Up" else "Disconnected"
        machine.adapters.append(Adapter(adapter["description"], adapter["description"], status=status, kind=kind))
    for number, network in enumerate(state.get("networks", [])):
        profile = f"{{00000000-0000-0000-0000-{number:012}}}"
        known = {"ProfileName": Value("REG_SZ", network["name"]), "Category": Value("REG_DWORD", network["category"])}
        registry.update(f"{CURRENT_VERSION}\\NetworkList\\Profiles\\{profile}", known)
        gateway = "192.0.2.1" if network["ipv4"] == 4 else ""
        machine.adapters.append(Adapter(network["interface"], "Ethernet", gateway=gateway, profile=profile))
    for path, file in state.get("files", {}).items():
        if file is None:
            machine.files.mkdir(path)
        else:
            machine.files.add_stub(path, file["size"], {"FileVersion": file.get("version", "")})
    if state.get("connections"):
        machine.vpn_connections[SYSTEM] = {name: dict(item) for name, item in state["connections"].items()}
    for path in state.get("volatile_keys", []):
        registry.create(f"HKLM\\{path}")
        machine.volatile_keys.add(f"HKLM\\{path}")
    _add_restore_points(machine, state.get("restore", {}))
    _add_install_facts(machine, state.get("install", {}))
    _add_store_packages(machine, state.get("store", {}))
    registry.create(LOCAL_RULES)
    for name, wanted in state.get("rules", {}).items():
        rule = Rule("v2.33", [("Action", "Allow"), ("Dir", "In"), ("Protocol", "6"), ("LPort", "445"), ("Name", name)])
        rule.put("Active", "TRUE" if wanted["enabled"] else "FALSE")
        rule.put("Profile", () if wanted["profiles"] == PROFILES else wanted["profiles"])
        rule.put_addresses("R", wanted["remote_address"])
        registry.set(LOCAL_RULES, name, Value("REG_SZ", rule.render()))
    return machine


def _write(machine: Machine, root: str, keys: dict[str, dict[str, list[Any]]]) -> None:
    for path, values in keys.items():
        machine.registry.create(root + path)
        for name, (kind, data) in values.items():
            bare = kind in ("REG_BINARY", "REG_NONE") or (kind in RANGES and isinstance(data, str))
            plain = bytes.fromhex(data) if bare else data
            machine.registry.set(root + path, name, Value(kind, plain))


def _add_hive(machine: Machine, hive: dict[str, Any]) -> None:
    machine.files.add_stub(hive["file"], 786432)
    machine.registry.add_hive_file(hive["file"])
    mount = hive["mount"] or "HKU\\builder"
    machine.registry.load(mount, hive["file"])
    _write(machine, f"{mount}\\", hive["keys"])
    if hive["mount"] is None:
        machine.registry.unload(mount)
    if hive.get("taken"):
        machine.hives_taken.add(hive["file"])


def _add_restore_points(machine: Machine, restore: dict[str, Any]) -> None:
    for point in restore.get("points", []):
        machine.restore_points.append(RestorePoint(point["number"], "earlier", age_hours=point["age_hours"]))
    machine.registry.create(restore_points.KEY)
    if restore.get("frequency") is not None:
        value = Value("REG_DWORD", restore["frequency"])
        machine.registry.set(restore_points.KEY, restore_points.FREQUENCY, value)
    if restore.get("off"):
        machine.registry.set(restore_points.POLICY, "DisableSR", Value("REG_DWORD", 1))
    if restore.get("broken"):
        machine.services["VSS"] = Service("VSS")
        machine.registry.set(f"{SERVICES}\\VSS", "Start", Value("REG_DWORD", 4))


def _add_install_facts(machine: Machine, install: dict[str, Any]) -> None:
    for path, metadata in install.get("packages", {}).items():
        machine.files.add_stub(path, 1000, {"kind": "msi", **metadata})
    if install.get("battery_status"):
        (machine.hardware["battery_status"],) = install["battery_status"]
    for sid in install.get("logged_on", []):
        machine.sessions.add(sid)
        machine.registry.load(f"HKU\\{sid}", _hive_file(machine, sid))
    if "free_bytes" in install:
        machine.files.add_stub(r"C:\ballast", machine.files.free("C:") - install["free_bytes"])


def _add_store_packages(machine: Machine, store: dict[str, Any]) -> None:
    for name in store.get("provisioned", []):
        store_package.provision(machine, name)
    for path, metadata in store.get("files", {}).items():
        machine.files.add_stub(path, 1000, {"kind": "msix", **metadata})


def _hive_file(machine: Machine, sid: str) -> str:
    path = rf"C:\Users\{sid}\NTUSER.DAT"
    machine.files.add_stub(path, 786432)
    machine.registry.add_hive_file(path)
    return path


def _add_account(machine: Machine, sid: str, path: str) -> None:
    *authority, name = path.removeprefix("WinNT://").split("/")
    if authority and authority[-1] == machine.computer_name:
        machine.accounts.users[sid] = User(sid, name)
    elif authority and authority[-1] != "NT AUTHORITY":
        machine.accounts.outside[sid] = f"{authority[-1]}\\{name}"


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "enabled": rule.get("Active") == "TRUE",
        "remote_address": rule.addresses("R") or ["Any"],
        "profiles": rule.all("Profile") or PROFILES,
    }
