"""What installing and uninstalling does to a machine: entries under Uninstall, files, services, registry values.

An installer file says of itself what it would do (filesystem.installer_bytes). Beside the keys listed there:

- `Log`: lines that a failing .msi leaves in its log, before those that Windows Installer writes itself.
- `ExitCode`, `UninstallExitCode`: what the process answers, 0 without it. 0, 3010 and 1641 mean that it did its work;
  3010 leaves a file to rename at the next boot, 1641 begins a reboot at once (with /norestart it is 3010 instead); any
  other leaves no trace.
- `Architecture`: `x86` puts the entry under WOW6432Node. `InstallLocation`: the folder that uninstalling removes.
- `UninstallKey`: name of an .exe's entry (an .msi's is its ProductCode).
- `UpgradeCode`: an .msi replaces others that have the same.
- `UninstallArguments`: command line arguments that make an .exe uninstall.
- `Uninstaller`: path of the program that an .exe leaves for that.
- `Installs`: {"registry": [[path, name, type, data]], "files": {path: {"size", "metadata"}},
  "services": [{"name", "display_name", "path", "start_mode", "state"}]}; binary registry data as hex.

FortiClient, whose drivers and adapters no such list can describe, is in forticlient.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lab.windows.machine import SESSION_MANAGER, START_MODES, forticlient
from lab.windows.machine.packages import forget_package, keep_package, properties_key
from lab.windows.machine.parts import NotModelled, Service
from lab.windows.machine.registry import Value
from lab.windows.machine.services import ServiceConfig

if TYPE_CHECKING:
    from lab.windows.machine import Machine

Metadata = Mapping[str, Any]

_HIDDEN_BY_X86 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
_UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
# While another installation runs. `OffsiteLabCalls` is the lab's own: how many calls it lasts; for good without it.
IN_PROGRESS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress"
_CALLS = "OffsiteLabCalls"
_DONE = (0, 3010, 1641)
_NEEDS_ADMIN = (
    "Error 1925. You do not have sufficient privileges to complete this installation for all users of the machine."
)
_FATAL = 1603  # ERROR_INSTALL_FAILURE
_BUSY = 1618  # ERROR_INSTALL_ALREADY_RUNNING
_NO_SERVICE = 1601  # ERROR_INSTALL_SERVICE_FAILURE
_OTHER_BUILD = 1638  # ERROR_PRODUCT_VERSION
# What may stand on msiexec's command line: switches, those that a word follows, and properties with their values.
_SWITCHES = ("/qn", "/quiet", "/q", "/passive", "/qb", "/norestart")
_WITH_A_WORD = re.compile(r"/(?:i|x|package|uninstall|l\S*)")
_PROPERTIES = {
    "ALLUSERS": re.compile(r"[12]"),
    "REBOOT": re.compile(r"r|reallysuppress"),
    "REINSTALL": re.compile(r"all"),
    "REINSTALLMODE": re.compile(r"[pocdeamuvs]+"),
}


def entry_of(machine: Machine, key_name: str, hkcu: str | None = None) -> str | None:
    """Return the path of an entry under Uninstall, or None: of the machine, then of the user with the hive `hkcu`."""
    roots: tuple[str, ...] = (_UNINSTALL, _HIDDEN_BY_X86)
    if hkcu:
        roots += tuple(root.replace("HKLM", hkcu, 1) for root in roots)
    paths = (f"{root}\\{key_name}" for root in roots)
    return next((path for path in paths if machine.registry.exists(path)), None)


def msi_entry_of(machine: Machine, product_code: str) -> str | None:
    """Return the entry of a product that Windows Installer manages, or None."""
    entry = entry_of(machine, product_code)
    return entry if entry and machine.registry.data(entry, "WindowsInstaller", 0) else None


def file_version(metadata: Metadata) -> str:
    """Return the version in a file's numbers: always four of them, 0.0.0.0 for a file that has none."""
    numbers = re.findall(r"\d+", str(metadata.get("FileVersion") or metadata.get("ProductVersion") or ""))
    return ".".join([str(int(number)) for number in numbers[:4]] + ["0"] * (4 - len(numbers)))


def check_msiexec(line: str) -> None:
    """Raise NotModelled for what stands on a command line of msiexec and is not carried out here."""
    words = iter(re.findall(r'(?:[^\s"]|"[^"]*")+', line)[1:])
    for word in words:
        folded = word.lower()
        name, equals, value = word.partition("=")
        known = _PROPERTIES.get(name.upper())
        if _WITH_A_WORD.fullmatch(folded):
            next(words, None)
        elif folded in _SWITCHES or re.fullmatch(r"/[ix]\{[-0-9a-f]+\}", folded):
            continue
        elif not (equals and known and known.fullmatch(value.strip('"').lower())):
            raise NotModelled(f"{word} on msiexec's command line")


def run_msi(machine: Machine, metadata: Metadata, line: str, admin: bool = True) -> tuple[int, list[str]]:
    """Let Windows Installer install a package; return the exit code and what a verbose log of it would say.

    A product that is there with the same code is changed only by REINSTALL: without it nothing happens to the same
    build, and another build is refused (docs/sources/forticlient.md#uninstall-entry).
    """
    check_msiexec(line)
    code = _take_turn(machine)
    denied = () if admin else (_NEEDS_ADMIN,)
    if not code:
        code = _install_package(machine, metadata, line) if admin else _FATAL
    return code, log_lines(code, [*denied, *metadata.get("Log", ())], metadata)


def remove_product(machine: Machine, entry: str | None, line: str, admin: bool = True) -> tuple[int, list[str]]:
    """Let Windows Installer remove the product of an entry; return the exit code and what a verbose log would say.

    1605 (ERROR_UNKNOWN_PRODUCT) without an entry.
    """
    check_msiexec(line)
    if entry is None:
        return 1605, log_lines(1605, (), {})
    properties = {
        name: machine.registry.data(entry, value)
        for name, value in (("ProductName", "DisplayName"), ("ProductVersion", "DisplayVersion"))
    }
    properties = {"ProductCode": entry.rpartition("\\")[2], **properties}
    code = uninstall(machine, entry, line) if admin else _FATAL
    return code, log_lines(code, () if admin else (_NEEDS_ADMIN,), properties)


def log_lines(code: int, said: Iterable[str], properties: Metadata) -> list[str]:
    """Return the end of a verbose log: what a failure said, the exit code, the properties of the product."""
    lines = [*(said if code not in _DONE else ()), f"MSI (s) (A4:10): MainEngineThread is returning {code}"]
    names = ("ProductCode", "ProductName", "ProductVersion")
    lines += [f"Property(S): {name} = {properties[name]}" for name in names if name in properties]
    return [*lines, "=== Verbose logging stopped ==="]


def _take_turn(machine: Machine) -> int:
    """Return 1618 while another installation runs, 1601 without the service, else 0.

    A call brings that other one nearer to its end. The service starts when it is needed, unless it is disabled.
    """
    if machine.service("msiserver") is not None and machine.start_mode("msiserver") == "Disabled":
        return _NO_SERVICE
    if not machine.registry.exists(IN_PROGRESS):
        return 0
    left = machine.registry.data(IN_PROGRESS, _CALLS)
    if left is not None and left > 1:
        machine.registry.set(IN_PROGRESS, _CALLS, Value("REG_DWORD", left - 1))
    elif left is not None:
        machine.registry.delete_key(IN_PROGRESS)
    return _BUSY


def _install_package(machine: Machine, metadata: Metadata, arguments: str) -> int:
    entry = msi_entry_of(machine, str(metadata["ProductCode"]))
    again = "reinstall=all" in arguments.lower().split()
    if again and not entry:
        raise NotModelled("msiexec /i with REINSTALL=ALL of a product that is not installed")
    if entry and not again:
        there = machine.registry.data(entry, "DisplayVersion")
        return 0 if there == metadata.get("ProductVersion") else _OTHER_BUILD
    return run_installer(machine, metadata, arguments)


def run_installer(machine: Machine, metadata: Metadata, arguments: str) -> int:
    """Run an installer file with its command line arguments; return the exit code."""
    words = {word.lower() for word in arguments.split()}
    if words & {word.lower() for word in metadata.get("UninstallArguments", ())}:
        entry = entry_of(machine, _key_name(metadata))
        return uninstall(machine, entry) if entry else _FATAL
    code = int(metadata.get("ExitCode", 0))
    if code not in _DONE:
        return code
    if sum(node.get("size", 0) for node in _installs(metadata).get("files", {}).values()) > machine.files.free("C:"):
        return _FATAL
    for old in _replaced(machine, metadata):
        uninstall(machine, old)
    _install(machine, metadata)
    return _finish(machine, code, "/norestart" in words)


def uninstall(machine: Machine, entry: str, arguments: str = "") -> int:
    """Remove the product of an entry and everything that its package put on the machine; return the exit code."""
    metadata = _package_of(machine, entry)
    if machine.registry.data(entry, "WindowsInstaller", 0) and (busy := _take_turn(machine)):
        return busy
    code = int(metadata.get("UninstallExitCode", 0))
    if code not in _DONE:
        return code
    if forticlient.is_forticlient({"ProductName": machine.registry.data(entry, "DisplayName", "")}):
        forticlient.remove(machine)
    installs = _installs(metadata)
    location = machine.registry.data(entry, "InstallLocation", "")
    for name in [*_services_below(machine, location), *(node["name"] for node in installs.get("services", ()))]:
        if name in machine.services:
            machine.registry.delete_key(ServiceConfig(machine, name).key)
            del machine.services[name]
    for path, name, *_ in installs.get("registry", ()):
        machine.registry.delete_value(path, name)
    for path in installs.get("files", ()):
        machine.files.delete(path)
    if location:
        machine.files.delete(location, recursive=True)
    forget_package(machine, entry)
    machine.registry.delete_key(entry)
    return _finish(machine, code, "/norestart" in arguments.lower())


def run_uninstall_command(machine: Machine, command: str) -> int | None:
    """Run what an entry's UninstallString says; None for a program that the lab knows nothing of."""
    product = re.search(r"msiexec(?:\.exe)?\"?\s.*?/[xi]\s*(\{[0-9a-f-]+\})", command, re.IGNORECASE)
    if product:
        return remove_product(machine, msi_entry_of(machine, product[1]), command)[0]
    program = re.match(r"\"([^\"]+)\"|(.+?\.exe)\b", command, re.IGNORECASE)
    path = (program[1] or program[2]) if program else ""
    if not machine.files.is_file(path):
        return None
    metadata = machine.files.metadata(path)
    entry = entry_of(machine, _key_name(metadata)) if metadata.get("kind") == "uninstaller" else None
    return uninstall(machine, entry, command) if entry else None


def _key_name(metadata: Metadata) -> str:
    return str(metadata.get("UninstallKey") or metadata.get("ProductCode") or metadata.get("ProductName"))


def _installs(metadata: Metadata) -> dict[str, Any]:
    return dict(metadata.get("Installs") or {})


def _install(machine: Machine, metadata: Metadata) -> None:
    if forticlient.is_forticlient(dict(metadata)):
        forticlient.install(machine, metadata["ProductVersion"], metadata["ProductName"])
        keep_package(machine, str(metadata["ProductCode"]), metadata)  # what this very file says, its exit codes too
    else:
        _install_as_described(machine, metadata)


def _install_as_described(machine: Machine, metadata: Metadata) -> None:
    installs = _installs(metadata)
    for path, node in installs.get("files", {}).items():
        machine.files.add_stub(path, node.get("size", 0), node.get("metadata"))
    for path, name, kind, data in installs.get("registry", ()):
        is_hex = kind in ("REG_BINARY", "REG_NONE")
        machine.registry.set(path, name, Value(kind, bytes.fromhex(data) if is_hex else data))
    for node in installs.get("services", ()):
        _add_service(machine, node)
    is_msi = metadata.get("kind") == "msi"
    root = _HIDDEN_BY_X86 if metadata.get("Architecture") == "x86" else _UNINSTALL
    entry = f"{root}\\{_key_name(metadata)}"
    texts = {
        "DisplayName": metadata.get("ProductName"),
        "DisplayVersion": metadata.get("ProductVersion"),
        "Publisher": metadata.get("Manufacturer"),
        "InstallLocation": metadata.get("InstallLocation"),
        "UninstallString": f"MsiExec.exe /X{metadata.get('ProductCode')}"
        if is_msi
        else _leave_uninstaller(machine, metadata),
    }
    machine.registry.update(entry, {name: Value("REG_SZ", str(text)) for name, text in texts.items() if text})
    if is_msi:
        machine.registry.set(entry, "WindowsInstaller", Value("REG_DWORD", 1))
        keep_package(machine, entry, metadata)


def _leave_uninstaller(machine: Machine, metadata: Metadata) -> str | None:
    path = metadata.get("Uninstaller")
    if not path:
        return None
    machine.files.add_stub(path, 65536, {**metadata, "kind": "uninstaller"})
    return f'"{path}"'


def _package_of(machine: Machine, entry: str) -> Metadata:
    """Return what the package said that an entry came from; {} for a product that was there from the beginning."""
    path = machine.registry.data(properties_key(entry), "LocalPackage")
    if path is None:
        command = machine.registry.data(entry, "UninstallString", "")
        path = command.strip('"')
    return machine.files.metadata(path) if machine.files.is_file(path) else {}


def _replaced(machine: Machine, metadata: Metadata) -> Iterator[str]:
    """Yield the entries of other products with the same upgrade code."""
    wanted = metadata.get("UpgradeCode")
    for root in (_UNINSTALL, _HIDDEN_BY_X86) if wanted else ():
        for name in machine.registry.keys(root) if machine.registry.exists(root) else ():
            entry = f"{root}\\{name}"
            if name != metadata.get("ProductCode") and _package_of(machine, entry).get("UpgradeCode") == wanted:
                yield entry


def _services_below(machine: Machine, location: str) -> list[str]:
    if not location:
        return []
    folder = location.lower().rstrip("\\") + "\\"
    return [name for name in machine.services if folder in str(ServiceConfig(machine, name)["path"]).lower()]


def _add_service(machine: Machine, node: Mapping[str, Any]) -> None:
    machine.services[node["name"]] = Service(node["name"], node.get("state", "Stopped"))
    config = ServiceConfig(machine, node["name"])
    start = next((number for number, text in START_MODES.items() if text == node.get("start_mode", "Manual")), 3)
    machine.registry.set(config.key, "Start", Value("REG_DWORD", start))
    config.type_number = 16
    config["error_control"] = "normal"
    config["path"] = node["path"]
    config["display_name"] = node.get("display_name", node["name"])
    config["username"] = "LocalSystem"


def _finish(machine: Machine, code: int, stays_up: bool) -> int:
    if code == 1641 and stays_up:
        code = 3010
    if code == 1641:
        machine.request_reboot()
    if code == 3010:
        pending = list(machine.registry.data(SESSION_MANAGER, "PendingFileRenameOperations", []))
        pending += [r"\??\C:\Config.Msi\offsite.rbf", ""]
        machine.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", pending))
    return code
