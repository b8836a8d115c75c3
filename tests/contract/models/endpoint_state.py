"""win_endpoint_state: reads the machine and answers with a state document, as the PowerShell reader does."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lab.windows.calls.models import Rules, model
from lab.windows.calls.scripts import require
from lab.windows.machine import COMPUTER_NAME, CURRENT_VERSION, PROFILE_LIST, SESSION_MANAGER, restart
from lab.windows.machine.installers import file_version
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.registry import RANGES, RegistryError, Value
from lab.windows.machine.services import ServiceConfig

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

SHA256 = "455d28b998be670b7120addbf71b4569ee55ba528108bc0115578e31f0e29121"
PREFIX = "OffsiteEndpoints_"
OWN_PROCESS = 7
MODULE_HIVE = r"HKLM\ANSIBLE"
HIVE_LIST = r"HKLM\SYSTEM\CurrentControlSet\Control\hivelist"
IN_USE = "ERROR: The process cannot access the file because it is being used by another process."
APPX_STORE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore"
TUNNEL_ADAPTERS = ("Fortinet SSL VPN*", "Fortinet Virtual Ethernet*", "PPPoP*")
_NAME_KEYS = ("ActiveComputerName", "ComputerName")
_ASK: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "suboptions": {
        "path": {"type": "str", "required": True},
        "values": {"type": "list", "elements": "str", "default": ["*"]},
        "depth": {"type": "int", "default": 0},
        "without": {"type": "list", "elements": "str", "default": []},
    },
}
_NAMES: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
OPTIONS: dict[str, dict[str, Any]] = (
    {"registry": _ASK, "user_registry": _ASK}
    | dict.fromkeys(("services", "groups", "files", "appx"), _NAMES)
    | {"networks": _NAMES | {"choices": ["connected"]}}
)

Node = dict[str, Any]


@model("offsite.endpoints.win_endpoint_state", Rules(options=OPTIONS))
def win_endpoint_state(machine: Machine, call: Call) -> dict[str, Any]:
    """Answer with {"document": ..., "warnings": [...]}; the only change is that a left-over hive is unloaded."""
    require("win_endpoint_state", call.source, SHA256)
    warnings: list[str] = []
    return {"document": read(machine, call.args, warnings), "warnings": warnings}


def read(machine: Machine, request: Mapping[str, Any], warnings: list[str]) -> Node:
    """Return the state document for checked arguments."""
    return {
        "schema": 1,
        "platform": "Windows",
        "system": _system(machine),
        "registry": _answers(machine, request["registry"], ""),
        "users": _users(machine, request["user_registry"], warnings),
        "services": {name: _service(machine, name) for name in request["services"]},
        "groups": {sid: _group(machine, sid) for sid in request["groups"]},
        "files": {path: _file(machine, path) for path in request["files"]},
        "appx": {family: _appx(machine, family) for family in request["appx"]},
        "networks": {name: _connected(machine) for name in request["networks"]},
        "reboot_pending": _reboot_pending(machine),
        "tunnel": _tunnel(machine),
    }


def _system(machine: Machine) -> Node:
    build, ubr = _data(machine, CURRENT_VERSION, "CurrentBuild"), _data(machine, CURRENT_VERSION, "UBR")
    build, ubr = (value if isinstance(value, dict) else int(value or 0) for value in (build, ubr))
    return {
        "computer_name": _data(machine, COMPUTER_NAME + r"\ActiveComputerName", "ComputerName"),
        "edition_id": _data(machine, CURRENT_VERSION, "EditionID"),
        "installation_type": _data(machine, CURRENT_VERSION, "InstallationType"),
        "display_version": _data(machine, CURRENT_VERSION, "DisplayVersion"),
        "build": build,
        "ubr": ubr,
        "ui_culture": machine.ui_culture,
        "architecture": _data(machine, SESSION_MANAGER + r"\Environment", "PROCESSOR_ARCHITECTURE"),
        "powershell": f"5.1.{0 if isinstance(build, dict) else build}.{0 if isinstance(ubr, dict) else ubr}",
        "part_of_domain": machine.part_of_domain,
    }


def _data(machine: Machine, path: str, name: str) -> Any:
    """Return one value's data, None without it, or what is wrong with it."""
    value = machine.registry.get(path, name)
    if value is None:
        return None
    node = _value(value)
    return {"error": f"{path} {name}: {node['error']}"} if "error" in node else node["data"]


def _answers(machine: Machine, asks: Iterable[Mapping[str, Any]], root: str) -> Node:
    return {ask["path"]: _key(machine, root + ask["path"].rstrip("\\"), ask, ask["depth"]) for ask in asks}


def _key(machine: Machine, path: str, ask: Mapping[str, Any], depth: int) -> Node:
    if path.partition("\\")[0].upper() not in ("HKLM", "HKU"):
        return {"error": rf"registry path '{path}' has to begin with HKLM\ or HKU" + "\\"}
    registry = machine.registry
    if not registry.exists(path):
        return {"exists": False}
    subkeys = registry.keys(path) if depth > 0 else []
    return {
        "exists": True,
        "values": {name: _value(v) for name, v in registry.values(path).items() if _is_asked_for(name, v, ask)},
        "keys": {name: _key(machine, f"{path}\\{name}", ask, depth - 1) for name in subkeys},
    }


def _is_asked_for(name: str, value: Value, ask: Mapping[str, Any]) -> bool:
    """Tell whether a value is named, or among all values and not of those that are left out."""
    named = [pattern for pattern in ask["values"] if pattern != "*"]
    text = value.data.lower() if isinstance(value.data, str) else ""
    left_out = any(piece.lower() in text for piece in ask["without"])
    return _matches(name, named) or ("*" in ask["values"] and not left_out)


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(_units(name.lower()), _units(pattern.lower())) for pattern in patterns)


def _units(text: str) -> str:
    """Return the text with two letters for one that .NET takes for two, as for most of emoji: ? is one of them."""
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))


def _value(value: Value) -> Node:
    if value.type in RANGES and isinstance(value.data, bytes):
        # .NET gives up to eight bytes of it as a number.
        raw = value.data.ljust(8, b"\0").hex()
        return {"error": f"its type is {value.type}, but its data do not have that length: hexadecimal '{raw}'"}
    return {"type": value.type, "data": value.data.hex() if isinstance(value.data, bytes) else value.data}


def _users(machine: Machine, asks: list[Mapping[str, Any]], warnings: list[str]) -> Node:
    if not asks:
        return {}
    for mount in sorted(machine.registry.mounts(), key=lambda name: (name == MODULE_HIVE, name)):
        if mount == MODULE_HIVE or _is_left_over(machine, mount):
            machine.registry.unload(mount)
            warnings.append(f"unloaded the registry hive {mount}, which an earlier run had left loaded")
    sids = machine.registry.keys(PROFILE_LIST) if machine.registry.exists(PROFILE_LIST) else []
    real = [sid for sid in sids if sid.upper().startswith(("S-1-5-21-", "S-1-12-1-"))]
    places = {sid: (f"{PROFILE_LIST}\\{sid}", "ProfileImagePath") for sid in real if not sid.lower().endswith(".bak")}
    places["default"] = (PROFILE_LIST, "Default")
    users: Node = {}
    for sid, (key, name) in places.items():
        path = _data(machine, key, name)
        if isinstance(path, dict):
            users[sid] = path
        elif not isinstance(path, str):
            users[sid] = {"error": f"ProfileList names no folder for {sid}"}
        else:
            users[sid] = _user(machine, sid, machine.expand(path).rstrip("\\"), asks)
    return users


def _is_left_over(machine: Machine, mount: str) -> bool:
    """Whether it is a reader's, and that reader is gone: its process stands in the name."""
    own = re.match(re.escape(f"HKU\\{PREFIX}") + r"(?:(\d+)(?:_|$))?", mount, re.IGNORECASE)
    return own is not None and not (own[1] and int(own[1]) in machine.processes)


def _user(machine: Machine, sid: str, profile_path: str, asks: list[Mapping[str, Any]]) -> Node:
    name = None if sid == "default" else machine.name_of(sid)
    user: Node = {"name": name, "profile_path": profile_path, "hive": "loaded", "logged_on": False}
    if sid != "default" and machine.registry.exists(f"HKU\\{sid}"):
        logged_on = machine.registry.exists(f"HKU\\{sid}\\Volatile Environment")
        return user | {"logged_on": logged_on, "registry": _answers(machine, asks, f"HKU\\{sid}\\")}
    file = f"{profile_path}\\NTUSER.DAT"
    if not machine.files.is_file(file):
        return user | {"hive": "missing", "registry": {ask["path"]: {"exists": False} for ask in asks}}
    mount = f"HKU\\{PREFIX}{OWN_PROCESS}_{sid}"
    try:
        machine.registry.load(mount, file)
    except RegistryError:
        refusal = {"error": f"{file} cannot be loaded: reg.exe ended with 1 ({IN_USE}); {_where_loaded(machine, file)}"}
        return user | {"hive": "file", "registry": {ask["path"]: refusal for ask in asks}}
    if file in machine.hives_taken:
        machine.registry.unload(mount)
        return {"error": f"{file} was unloaded while it was read, by another run or a program; run again"}
    try:
        return user | {"hive": "file", "registry": _answers(machine, asks, f"{mount}\\")}
    finally:
        machine.registry.unload(mount)


def _where_loaded(machine: Machine, file: str) -> str:
    hives = machine.registry.values(HIVE_LIST) if machine.registry.exists(HIVE_LIST) else {}
    tail = file[file.index("\\") :].lower()
    for mount, value in hives.items():
        if str(value.data).lower().endswith(tail):
            shown = re.sub(r"^\\REGISTRY\\USER\\", r"HKU\\", mount, flags=re.IGNORECASE)
            return "it is loaded at " + re.sub(r"^\\REGISTRY\\MACHINE\\", r"HKLM\\", shown, flags=re.IGNORECASE)
    return "it is no registry hive that is loaded"


def _service(machine: Machine, name: str) -> Node:
    service = machine.service(name)
    if service is None or ServiceConfig(machine, service.name).is_driver:  # Win32_Service holds no drivers
        return {"exists": False}
    if service.error:
        return {"error": service.error}
    return {"exists": True, "start_mode": machine.start_mode(service.name), "state": service.state}


def _group(machine: Machine, sid: str) -> Node:
    group = machine.groups.get(sid)
    if group is None:
        if machine.name_of(sid) is not None:
            raise NotModelled(f"reading {sid} as a group: it is the SID of an account")
        return {"exists": False}
    members = [{"sid": member, "name": machine.name_of(member)} for member in group.members]
    return {"exists": True, "name": group.name, "members": members}


def _file(machine: Machine, path: str) -> Node:
    entry = machine.files.stat(path)
    if entry is None:
        return {"exists": False}
    if entry.is_dir:
        return {"exists": True, "type": "directory"}
    version = file_version(machine.files.metadata(path))
    return {"exists": True, "type": "file", "size": entry.size, "version": version}


def _appx(machine: Machine, family: str) -> Node:
    name, _, publisher = family.rpartition("_")
    owners = machine.registry.keys(APPX_STORE) if machine.registry.exists(APPX_STORE) else []
    packages = {package for owner in owners for package in machine.registry.keys(f"{APPX_STORE}\\{owner}")}
    found = sorted(package for package in packages if _matches(package, [f"{name}_*_{publisher}"]))
    return {"exists": bool(found), "packages": found}


def _connected(machine: Machine) -> Node:
    """Return the networks that adapters are on now; over one with a gateway the internet is reached, by IPv4."""
    networks = []
    for adapter in machine.adapters:
        profile = f"{CURRENT_VERSION}\\NetworkList\\Profiles\\{adapter.profile}"
        if adapter.status == "Up" and adapter.profile and machine.registry.exists(profile):
            networks.append(
                {
                    "name": machine.registry.data(profile, "ProfileName"),
                    "interface": adapter.name,
                    "category": machine.registry.data(profile, "Category"),
                    "ipv4": 4 if adapter.gateway else 1,
                    "ipv6": 1,
                }
            )
    return {"exists": bool(networks), "connected": networks}


def _reboot_pending(machine: Machine) -> Node:
    """Names of computers are compared without regard to case."""
    names = [_data(machine, f"{COMPUTER_NAME}\\{part}", "ComputerName") for part in _NAME_KEYS]
    renamed = next((name for name in names if isinstance(name, dict)), len({str(name).lower() for name in names}) > 1)
    renames = _data(machine, SESSION_MANAGER, "PendingFileRenameOperations")
    files = renames if isinstance(renames, dict) else bool(renames)
    return restart.pending(machine) | {"computer_rename": renamed, "file_rename": files}


def _tunnel(machine: Machine) -> Node:
    """Adapters as .NET lists them: no disabled ones, RAS links by connection name and only while up."""
    adapters = []
    for adapter in machine.adapters:
        ras = adapter.kind == "ppp"
        listed = adapter.status == "Up" if ras else adapter.status != "Disabled"
        if listed and (ras or any(fnmatch.fnmatchcase(adapter.description, pattern) for pattern in TUNNEL_ADAPTERS)):
            description = adapter.name if ras else adapter.description
            adapters.append({"description": description, "status": "Up" if adapter.status == "Up" else "Down"})
    return {"active": any(adapter["status"] == "Up" for adapter in adapters), "adapters": adapters}
