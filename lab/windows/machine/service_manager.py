r"""The service control manager: its own database, what it starts and stops, and what it refuses.

It reads the registry when Windows starts and keeps start modes, types, names and dependencies in memory: who writes
them into the registry past it changes nothing before the next start, and a key that is made or deleted there is a
service made or deleted then. The program's path and the account are read whenever they are needed. `machine.held` is
that memory, of the services of which it differs from the registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lab.windows.machine.accounts import SERVICE_ACCOUNTS
from lab.windows.machine.built_in_services import built_in_drivers
from lab.windows.machine.parts import MachineError, NotModelled, Service
from lab.windows.machine.registry import Value, split

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
START_MODES = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}
_HELD = ("DependOnGroup", "DependOnService", "DisplayName", "ErrorControl", "Group", "Start", "Type")
_ROOT = tuple(part.lower() for part in split(SERVICES))
_DRIVERS = 0x0F  # bits of Type

# Administrators may neither set up nor stop these.
NOT_GRANTED = frozenset(
    {
        *("appxsvc", "brokerinfrastructure", "clipsvc", "dcomlaunch", "dnscache", "gpsvc", "lsm", "mpssvc"),
        *("rpceptmapper", "rpcss", "schedule", "securityhealthservice", "sense", "systemeventsbroker", "wdnissvc"),
        *("windefend", "winhttpautoproxysvc", "wscsvc"),
    }
)
# These accept no stop control.
NEVER_STOPS = frozenset({"dcomlaunch", "lsm", "plugplay", "power", "rpceptmapper", "rpcss", "samss"})
# Which of the two holds is not known, or whether any does.
_UNKNOWN = frozenset({"bfe", "eventlog", "profsvc"})


class ServiceError(MachineError):
    """What the service manager refuses; `service` is the service that it is about, which may be a dependent one."""

    def __init__(self, code: int, service: str, message: str) -> None:
        super().__init__(code, message)
        self.service = service


# its database


def configured(machine: Machine, name: str, value: str, default: Any = None) -> Any:
    """Return a setting of a service as the service manager has it."""
    held = machine.held.get(name.lower())
    if held is None or value not in held:
        return machine.registry.data(f"{SERVICES}\\{name}", value, default)
    found = held[value]
    return default if found is None else found.data


def write(machine: Machine, name: str, value: str, data: Value | None) -> None:
    """Change a setting through the service manager; None deletes it."""
    key = f"{SERVICES}\\{name}"
    if data is None:
        machine.registry.delete_value(key, value)
    else:
        machine.registry.set(key, value, data)
    held = machine.held.get(name.lower())
    if held is not None and value in held:
        held[value] = data
        _settle(machine, name)


@contextmanager
def past_the_manager(machine: Machine, path: str, deletes: bool) -> Iterator[None]:
    """Have what is done to a registry key meanwhile take effect when Windows starts again.

    Raises NotModelled for the deletion of a key that holds all services.
    """
    parts = tuple(part.lower() for part in split(path))
    if deletes and parts == _ROOT[: len(parts)]:
        raise NotModelled(f"the deletion of {path}: it holds the settings of all services")
    name = parts[len(_ROOT)] if parts[: len(_ROOT)] == _ROOT and len(parts) == len(_ROOT) + 1 else ""
    service = machine.service(name) if name else None
    if service is not None and name not in machine.held:
        machine.held[name] = {value: machine.registry.get(path, value) for value in _HELD}
    try:
        yield
    finally:
        if service is not None:
            _settle(machine, service.name)


def _settle(machine: Machine, name: str) -> None:
    """Forget what is held of a service where the registry says the same again."""
    held, key = machine.held.get(name.lower()), f"{SERVICES}\\{name}"
    same = held is not None and all(machine.registry.get(key, value) == found for value, found in held.items())
    if same and machine.registry.exists(key):
        del machine.held[name.lower()]


def read_again(machine: Machine) -> None:
    """Do what the start of Windows does: services are what the registry has."""
    machine.held.clear()
    present = machine.registry.keys(SERVICES) if machine.registry.exists(SERVICES) else []
    for name in [name for name in machine.services if name.lower() not in {key.lower() for key in present}]:
        del machine.services[name]
    for name in present:
        kind = machine.registry.data(f"{SERVICES}\\{name}", "Type")
        if isinstance(kind, int) and not kind & _DRIVERS and machine.service(name) is None:
            machine.services[name] = Service(name)


def start_mode(machine: Machine, name: str) -> str:
    """Return Auto, Manual, Disabled, Boot or System."""
    return START_MODES.get(configured(machine, name, "Start", 3), "Manual")


# what depends on what


def dependencies(machine: Machine, name: str) -> list[str]:
    """Return the names that a service depends on directly, as they are written."""
    return list(configured(machine, name, "DependOnService", []))


def dependents(machine: Machine, name: str) -> list[str]:
    """Return the services that depend on one, directly or not, those first that have to stop first."""
    needed_by: dict[str, list[str]] = {}
    for other in sorted(machine.services):
        for each in dependencies(machine, other):
            needed_by.setdefault(each.lower(), []).append(other)
    found: list[str] = []
    seen = {name.lower()}

    def visit(service: str) -> None:
        for other in needed_by.get(service.lower(), ()):
            if other.lower() not in seen:
                seen.add(other.lower())
                visit(other)
                found.append(other)

    visit(name)
    return found


# start and stop


def start(machine: Machine, name: str) -> None:
    """Start a service and what it depends on.

    Raises ServiceError 1060 (none), 1058 (disabled), 2 (no such program), 1069 (may not log on), 1068 and 1075 (what it
    depends on cannot start, or is not there).
    """
    service = need(machine, name)
    if service.state == "Running":
        return
    if start_mode(machine, service.name) == "Disabled":
        raise ServiceError(1058, service.name, f"The service {service.name} cannot be started because it is disabled.")
    for dependency in dependencies(machine, service.name):
        _start_dependency(machine, service, dependency)
    kind = int(configured(machine, service.name, "Type", 16))
    if not kind & _DRIVERS:
        _need_program(machine, service)
        _need_logon(machine, service)
    service.state = "Running"


def _start_dependency(machine: Machine, service: Service, dependency: str) -> None:
    if machine.service(dependency) is None:
        driver = machine.registry.exists(f"{SERVICES}\\{dependency}")
        if not driver and not dependency.startswith("+") and dependency.lower() not in built_in_drivers():
            text = "The dependency service does not exist or has been marked for deletion."
            raise ServiceError(1075, service.name, f"{text} ({service.name} depends on {dependency})")
        return
    try:
        start(machine, dependency)
    except ServiceError as error:
        text = "The dependency service or group failed to start."
        raise ServiceError(1068, service.name, f"{text} ({dependency}: {error})") from error


def _need_program(machine: Machine, service: Service) -> None:
    line = machine.expand(str(machine.registry.data(f"{SERVICES}\\{service.name}", "ImagePath", "")))
    if program_of(machine, line) is None:
        text = "The system cannot find the file specified."
        raise ServiceError(2, service.name, f"{text} ({service.name}: {line or 'no ImagePath'})")


def _need_logon(machine: Machine, service: Service) -> None:
    r"""An account of a person may not log on as a service unless it was given that right, which the lab cannot give."""
    account = str(machine.registry.data(f"{SERVICES}\\{service.name}", "ObjectName", "LocalSystem"))
    of_windows = machine.sid_of(account) in SERVICE_ACCOUNTS or account.lower().startswith("nt service\\")
    if not of_windows:
        text = "The service did not start due to a logon failure."
        why = "its password is wrong, or it lacks the right to log on as a service, as every account at first"
        raise ServiceError(1069, service.name, f"{text} ({account}: {why})")


def stop(machine: Machine, name: str) -> None:
    """Stop a service after all that depends on it.

    Raises ServiceError 1060 (none), 1052 (accepts no stop) or 5; what was stopped before it stays so.
    """
    service = need(machine, name)
    all_of_them = [*(machine.services[other] for other in dependents(machine, service.name)), service]
    running = [each for each in all_of_them if each.state != "Stopped"]
    unknown = next((each.name for each in running if each.name.lower() in _UNKNOWN), None)
    if unknown:
        raise NotModelled(f"stopping {unknown}: whether Windows lets an administrator is not known")
    for each in running:
        _need_control(each)
        each.state = "Stopped"


def _need_control(service: Service) -> None:
    folded = service.name.lower()
    if folded in NEVER_STOPS:
        raise ServiceError(1052, service.name, f"The requested control is not valid for this service. ({service.name})")
    if folded in NOT_GRANTED:
        raise ServiceError(5, service.name, f"Access is denied. ({service.name})")


def may_set_up(name: str) -> bool:
    """Tell whether administrators may change the settings of a service."""
    return name.lower() not in NOT_GRANTED


def need_disable(name: str) -> None:
    """Raise NotModelled for a service of which it is not known whether it can be disabled."""
    if name.lower() in _UNKNOWN:
        raise NotModelled(f"disabling {name}: whether Windows lets an administrator is not known")


def need(machine: Machine, name: str) -> Service:
    """Return a service. Raises ServiceError 1060."""
    service = machine.service(name)
    if service is None:
        raise ServiceError(1060, name, f"The service {name} does not exist on {machine.computer_name}.")
    return service


# programs


def program_of(machine: Machine, line: str) -> str | None:
    """Return the program that a command line starts, or None: a path without quotes may end at any of its spaces."""
    quoted = re.match(r'\s*"([^"]*)"', line)
    words = line.strip().split(" ")
    tries = [quoted[1]] if quoted else [" ".join(words[: count + 1]) for count in range(len(words))]
    for path in tries:
        for each in (path, f"{path}.exe"):
            if each and machine.files.is_file(each):
                return each
    return None


def command_path(line: str) -> str:
    """Return the path of the program at the beginning of a command line, up to its `.exe`."""
    found = re.match(r'"([^"]*)"|(.*?\.exe)', line, re.IGNORECASE)
    return (found[1] or found[2]) if found else line


def programs_that_run(machine: Machine) -> frozenset[str]:
    """Return the programs of the services that run, in lower case."""
    lines = (
        machine.expand(str(machine.registry.data(f"{SERVICES}\\{service.name}", "ImagePath", "")))
        for service in machine.services.values()
        if service.state != "Stopped"
    )
    return frozenset(path.lower() for line in lines if (path := program_of(machine, line)))
