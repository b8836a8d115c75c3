"""A machine from a state document (schemas/state.schema.json) and what was asked for it: read again, it is the same.

`reads` says which keys and values an answer is about; of those the machine gets just what the document has, and all
else it has by itself, as a fresh Windows. What could not be read there cannot be made here, and is refused by name.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from lab.windows.machine import (
    COMPUTER_NAME,
    CURRENT_VERSION,
    PROFILE_LIST,
    SERVICES,
    SESSION_MANAGER,
    Machine,
    restart,
)
from lab.windows.machine.accounts import Group, Members, User
from lab.windows.machine.parts import Adapter, NotModelled, Service
from lab.windows.machine.registry import Value
from lab.windows.seed import base_machine
from lab.windows.seed.network import NETWORKS
from lab.windows.seed.users import put_accounts
from lab.windows.seed.windows import RELEASES, number, text

Node = Mapping[str, Any]
APPX_STORE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore"
START = {"Boot": 0, "System": 1, "Auto": 2, "Manual": 3, "Disabled": 4}
BYTES = ("REG_BINARY", "REG_NONE")
ON_THE_INTERNET, NO_TRAFFIC = 4, 1


def build_from(name: str, content: Node, *, admin: str = "ansible", password: str = "") -> Machine:
    """Return a machine that is as the document says. Raises NotModelled, KeyError or TypeError for what is none."""
    document, reads = content["document"], content["reads"]
    unread = list(_errors(document, ""))
    if unread:
        raise NotModelled(f"what could not be read: {', '.join(unread[:3])} ({len(unread)} in all)")
    if document["platform"] != "Windows":
        raise NotModelled(f"a {document['platform']} from a document; only Windows")
    machine = _system(name, document["system"])
    _accounts(machine, document)
    administrator = put_accounts(machine, admin, password)
    _forget_profile(machine, administrator)
    _profiles(machine, document, reads)
    for ask in reads["registry"]:
        _key(machine, ask["path"].rstrip("\\"), document["registry"][ask["path"]], ask, ask["depth"])
    _services(machine, document["services"])
    _groups(machine, document["groups"], administrator)
    _files(machine, document["files"])
    _appx(machine, document["appx"])
    _adapters(machine, document)
    _reboot_pending(machine, document["reboot_pending"])
    return machine


def _errors(node: Any, where: str) -> Iterator[str]:
    """Yield where a document says that something could not be read."""
    if isinstance(node, Mapping):
        if set(node) == {"error"} and isinstance(node["error"], str):
            yield where.lstrip(".")
        for name, part in node.items():
            yield from _errors(part, f"{where}.{name}")


def _system(name: str, system: Node) -> Machine:
    known = [release for release, found in RELEASES.items() if found.build <= system["build"]]
    if not known or system["ui_culture"] not in ("en-US", "ja-JP"):
        raise NotModelled(f"a Windows of build {system['build']} in {system['ui_culture']}")
    edition = "Home" if str(system["edition_id"]).startswith("Core") else "Pro"
    machine = base_machine(known[-1], edition, system["ui_culture"])
    machine.rename(name)
    for part in ("ActiveComputerName", "ComputerName"):
        machine.registry.set(f"{COMPUTER_NAME}\\{part}", "ComputerName", text(system["computer_name"]))
    values = {"EditionID": "edition_id", "InstallationType": "installation_type", "DisplayVersion": "display_version"}
    for value, key in values.items():
        _set_text(machine, CURRENT_VERSION, value, system[key])
    machine.registry.set(CURRENT_VERSION, "CurrentBuild", text(str(system["build"])))
    machine.registry.set(CURRENT_VERSION, "UBR", number(system["ubr"]))
    _set_text(machine, SESSION_MANAGER + r"\Environment", "PROCESSOR_ARCHITECTURE", system["architecture"])
    machine.domain = "example.org" if system["part_of_domain"] else None
    return machine


def _set_text(machine: Machine, path: str, name: str, data: str | None) -> None:
    if data is None:
        machine.registry.delete_value(path, name)
    else:
        machine.registry.set(path, name, text(data))


def _accounts(machine: Machine, document: Node) -> None:
    """Make all accounts that the document names: local ones of this machine, others known by name."""
    named = {sid: user["name"] for sid, user in document["users"].items() if sid != "default"}
    for group in document["groups"].values():
        named |= {member["sid"]: member["name"] for member in group.get("members", [])}
    here = f"{machine.computer_name}\\".lower()
    local = {sid: name for sid, name in named.items() if (name or "").lower().startswith(here) and sid.count("-") == 7}
    if local:
        machine.accounts.machine_sid = min(local).rpartition("-")[0]
    for sid, name in sorted(named.items()):
        if sid in local:
            machine.users[sid] = User(sid, name.rpartition("\\")[2])
        elif name is not None and machine.name_of(sid) is None:
            machine.accounts.outside[sid] = name


def _profiles(machine: Machine, document: Node, reads: Node) -> None:
    for sid, user in document["users"].items():
        home = user["profile_path"]
        if sid == "default":
            machine.registry.set(PROFILE_LIST, "Default", Value("REG_EXPAND_SZ", home))
        else:
            machine.registry.set(f"{PROFILE_LIST}\\{sid}", "ProfileImagePath", Value("REG_EXPAND_SZ", home))
        file = f"{home}\\NTUSER.DAT"
        if user["hive"] != "missing" and not machine.files.is_file(file):
            machine.files.add_stub(file, 786432, attributes=("Archive", "Hidden"))
            machine.registry.add_hive_file(file)
        if user["hive"] == "missing":
            continue
        mount = f"HKU\\{sid}" if user["hive"] == "loaded" else r"HKU\Seed"
        machine.registry.load(mount, file)
        for ask in reads["user_registry"]:
            path = f"{mount}\\{ask['path']}".rstrip("\\")
            _key(machine, path, user["registry"][ask["path"]], ask, ask["depth"])
        if user["logged_on"]:
            machine.registry.create(f"{mount}\\Volatile Environment")
            machine.sessions.add(sid)
        if user["hive"] == "file":
            machine.registry.unload(mount)


def _forget_profile(machine: Machine, sid: str) -> None:
    """Take away the profile of the controller's account, which the document knows nothing of."""
    home = machine.profiles()[sid]
    machine.registry.delete_key(f"{PROFILE_LIST}\\{sid}")
    for file in machine.registry.hive_files():
        if file.lower().startswith(f"{home.lower()}\\"):
            machine.registry.remove_hive_file(file)
    machine.files.delete(home, recursive=True)


def _key(machine: Machine, path: str, node: Node, ask: Node, depth: int) -> None:
    """Give a key what the document says of it: of the values that were asked for, and of subkeys, no more than that."""
    registry = machine.registry
    if not node["exists"]:
        registry.delete_key(path)
        return
    registry.create(path)
    for name, value in registry.values(path).items():
        if name not in node["values"] and _is_asked_for(name, value, ask):
            registry.delete_value(path, name)
    for name, value in node["values"].items():
        data = bytes.fromhex(value["data"]) if value["type"] in BYTES else value["data"]
        # A value keeps the spelling of its name when it is only written.
        registry.delete_value(path, name)
        registry.set(path, name, Value(value["type"], data))
    if depth == 0:
        return
    for name in registry.keys(path):
        if name not in node["keys"]:
            registry.delete_key(f"{path}\\{name}")
    for name, below in node["keys"].items():
        _key(machine, f"{path}\\{name}", below, ask, depth - 1)


def _is_asked_for(name: str, value: Value, ask: Node) -> bool:
    """Tell whether an answer would have this value: named, or one of all and not left out by its text."""
    named = [pattern.lower() for pattern in ask["values"] if pattern != "*"]
    if any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in named):
        return True
    words = value.data.lower() if isinstance(value.data, str) else ""
    return "*" in ask["values"] and not any(piece.lower() in words for piece in ask["without"])


def _services(machine: Machine, services: Node) -> None:
    for name, node in services.items():
        known = machine.service(name)
        key = f"{SERVICES}\\{known.name if known else name}"
        if not node["exists"]:
            machine.registry.delete_key(key)
            machine.services.pop(known.name if known else name, None)
            continue
        if known is None:
            known = machine.services[name] = Service(name)
            values = {
                "Type": number(0x10),
                "ImagePath": text(rf"C:\Program Files\{name}.exe"),
                "ErrorControl": number(1),
            }
            machine.registry.update(key, values)
        machine.registry.set(key, "Start", number(START[node["start_mode"]]))
        machine.held.pop(known.name.lower(), None)
        known.state = node["state"]


def _groups(machine: Machine, groups: Node, administrator: str) -> None:
    for sid, node in groups.items():
        if not node["exists"]:
            machine.groups.pop(sid, None)
            continue
        members = [member["sid"] for member in node["members"]]
        # Whoever reads the machine has to get in.
        members += [administrator] if sid == "S-1-5-32-544" else []
        machine.groups[sid] = Group(sid, node["name"], members=Members(members))


def _files(machine: Machine, files: Node) -> None:
    for path, node in files.items():
        if machine.files.exists(path):
            machine.files.delete(path, recursive=True)
        if node["exists"] and node["type"] == "directory":
            machine.files.mkdir(path)
        elif node["exists"]:
            metadata = {"FileVersion": node["version"]} if node["version"].strip("0.") else {}
            machine.files.add_stub(path, node["size"], metadata)


def _appx(machine: Machine, families: Node) -> None:
    for family, node in families.items():
        name, _, publisher = family.rpartition("_")
        for owner in machine.registry.keys(APPX_STORE) if machine.registry.exists(APPX_STORE) else []:
            for package in machine.registry.keys(f"{APPX_STORE}\\{owner}"):
                if fnmatch.fnmatchcase(package.lower(), f"{name}_*_{publisher}".lower()):
                    machine.registry.delete_key(f"{APPX_STORE}\\{owner}\\{package}")
        for package in node["packages"]:
            machine.registry.create(f"{APPX_STORE}\\Applications\\{package}")


def _adapters(machine: Machine, document: Node) -> None:
    """Give the machine the networks that it was on, and the adapters of a VPN."""
    machine.adapters = []
    for connected in document["networks"].get("connected", {}).get("connected", []):
        if connected["ipv4"] not in (ON_THE_INTERNET, NO_TRAFFIC) or connected["ipv6"] != NO_TRAFFIC:
            raise NotModelled(f"a network with the connectivity {connected['ipv4']} and {connected['ipv6']}")
        profile = _profile_of(machine, connected)
        gateway = "10.20.0.1" if connected["ipv4"] == ON_THE_INTERNET else ""
        machine.adapters.append(Adapter(connected["interface"], "Ethernet", gateway=gateway, profile=profile))
    for position, adapter in enumerate(document["tunnel"]["adapters"], start=2):
        words, status = adapter["description"], "Up" if adapter["status"] == "Up" else "Disconnected"
        own = words.startswith(("Fortinet SSL VPN", "Fortinet Virtual Ethernet"))
        kind = "vpn" if own else "ppp"
        name, about = (f"Ethernet {position}", words) if own else (words, "PPPoP WAN Adapter")
        machine.adapters.append(Adapter(name, about, status=status, kind=kind))


def _profile_of(machine: Machine, connected: Node) -> str:
    """Return the known network of that name and kind; one is made where the document has none."""
    registry = machine.registry
    wanted = [connected["name"], connected["category"]]
    for found in registry.keys(NETWORKS) if registry.exists(NETWORKS) else []:
        if [registry.data(f"{NETWORKS}\\{found}", part) for part in ("ProfileName", "Category")] == wanted:
            return found
    made = "{00000000-0000-4000-8000-000000000001}"
    values = {"ProfileName": text(connected["name"]), "Category": number(connected["category"])}
    registry.update(f"{NETWORKS}\\{made}", values)
    return made


def _reboot_pending(machine: Machine, pending: Node) -> None:
    registry = machine.registry
    for key, sign in zip(restart.PENDING_KEYS, ("component_based_servicing", "windows_update"), strict=True):
        if pending[sign]:
            registry.create(key)
        else:
            registry.delete_key(key)
    if pending["file_rename"]:
        renames = Value("REG_MULTI_SZ", ["\\??\\C:\\Windows\\Temp\\old.tmp", ""])
        registry.set(SESSION_MANAGER, "PendingFileRenameOperations", renames)
    else:
        registry.delete_value(SESSION_MANAGER, "PendingFileRenameOperations")
    if pending["computer_rename"]:
        registry.set(COMPUTER_NAME + r"\ComputerName", "ComputerName", text("RENAMED"))
