"""Runs a vector against the lab's model of the script."""

from __future__ import annotations

import json
from typing import Any

from lab.windows.accounts import Group, User
from lab.windows.execute import execute
from lab.windows.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine import COMPUTER_NAME, NLS_LANGUAGE, SERVICES, START_MODES, Machine
from lab.windows.parts import Adapter, Service
from lab.windows.payload import Call
from lab.windows.registry import Value
from tests.contract.vectors import SCRIPTS, arguments

LANGUAGES = {"en-US": "0409", "ja-JP": "0411"}


def run(vector: dict[str, Any]) -> dict[str, Any]:
    """Return what the model answers and leaves, under the names of `expect`."""
    machine = machine_of(vector["machine"])
    before = machine.fingerprint()
    source = SCRIPTS[vector["script"]].read_text(encoding="utf-8")
    internal = {"_ansible_check_mode": vector.get("check_mode", False), "_ansible_diff": True}
    if vector["script"] == "win_endpoint_state":
        name, args = "win_endpoint_state", arguments(vector)
    else:
        name, args = "ansible.windows.win_powershell", {"script": source, "parameters": arguments(vector)}
    call = Call("module", name, args, internal, source, user="SYSTEM")
    outcome = execute(machine, call)
    answer = json.loads(outcome.stdout)
    unchanged = machine.fingerprint() == before
    if vector["script"] == "win_endpoint_state":
        if "document" not in answer:
            raise AssertionError(answer)
        loaded = sorted(mount for mount in machine.registry.mounts() if mount.startswith("HKU\\"))
        return {
            "document": answer["document"],
            "warnings": answer.get("warnings", []),
            "mounts": loaded,
            "unchanged": unchanged,
        }
    error = answer["error"][0]["exception"]["message"] if answer["failed"] else None
    rules = {name: _shown(parse(str(value.data))) for name, value in machine.registry.values(LOCAL_RULES).items()}
    return {
        "changed": answer["changed"],
        "diff": answer.get("diff"),
        "error": error,
        "rules": rules,
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
    for hive in state.get("hives", []):
        _add_hive(machine, hive)
    machine.accounts.groups.clear()
    for sid, group in state.get("groups", {}).items():
        machine.accounts.groups[sid] = Group(sid, group["name"], members={member["sid"] for member in group["members"]})
        for member in group["members"]:
            _add_account(machine, member["sid"], member["path"])
    for name, service in state.get("services", {}).items():
        machine.services[name] = Service(name, service["state"])
        start = next(number for number, mode in START_MODES.items() if mode == service["start_mode"])
        registry.set(f"{SERVICES}\\{name}", "Start", Value("REG_DWORD", start))
    for adapter in state.get("adapters", []):
        kind = "ppp" if adapter["kind"] == "Ppp" else "ethernet"
        status = "Up" if adapter["status"] == "Up" else "Disconnected"
        machine.adapters.append(Adapter(adapter["description"], adapter["description"], status=status, kind=kind))
    registry.create(LOCAL_RULES)
    for name, wanted in state.get("rules", {}).items():
        rule = Rule("v2.33", [("Action", "Allow"), ("Dir", "In"), ("Protocol", "6"), ("LPort", "445"), ("Name", name)])
        rule.put("Active", "TRUE" if wanted["enabled"] else "FALSE")
        rule.put_addresses("R", wanted["remote_address"])
        registry.set(LOCAL_RULES, name, Value("REG_SZ", rule.render()))
    return machine


def _write(machine: Machine, root: str, keys: dict[str, dict[str, list[Any]]]) -> None:
    for path, values in keys.items():
        machine.registry.create(root + path)
        for name, (kind, data) in values.items():
            plain = bytes.fromhex(data) if kind in ("REG_BINARY", "REG_NONE") else data
            machine.registry.set(root + path, name, Value(kind, plain))


def _add_hive(machine: Machine, hive: dict[str, Any]) -> None:
    machine.files.add_stub(hive["file"], 786432)
    machine.registry.add_hive_file(hive["file"])
    mount = hive["mount"] or "HKU\\builder"
    machine.registry.load(mount, hive["file"])
    _write(machine, f"{mount}\\", hive["keys"])
    if hive["mount"] is None:
        machine.registry.unload(mount)


def _add_account(machine: Machine, sid: str, path: str) -> None:
    *authority, name = path.removeprefix("WinNT://").split("/")
    if authority and authority[-1] == machine.computer_name:
        machine.accounts.users[sid] = User(sid, name)
    elif authority and authority[-1] != "NT AUTHORITY":
        machine.accounts.outside[sid] = f"{authority[-1]}\\{name}"


def _shown(rule: Rule) -> dict[str, Any]:
    return {"enabled": rule.get("Active") == "TRUE", "remote_address": rule.addresses("R") or ["Any"]}
