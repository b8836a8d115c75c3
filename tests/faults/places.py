"""Which faults there are, and where in a run each can strike.

A fault of the lab strikes one command, or one module's. A condition is how a machine is before a run, until it is
mended after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.windows.machine import PROFILE_LIST, Machine
from lab.windows.machine.installers import IN_PROGRESS
from tests.faults.machines import names

if TYPE_CHECKING:
    from tests.faults.trials import Baseline

# What strikes a command, whichever it is.
AT_A_COMMAND = ("drop", "timeout", "fails", "power_off")
OF_WINDOWS = (*AT_A_COMMAND, "http500", "logs_on")
# What a run's answer is lost by; others are answered, if only by a refusal.
UNANSWERED = ("drop", "timeout")
# Modules that refuse, one a time: a registry key, a service, a group, the firewall, files, the installer.
MODULES = {
    "win": (
        "win_regedit",
        "win_service",
        "win_group_membership",
        "win_powershell",
        "win_copy",
        "win_package",
        "win_file",
    ),
    "mac": ("mac_plist", "command", "copy", "file", "lineinfile", "tempfile"),
}
# What else goes wrong on a Mac, once.
OF_MACS = ("network_busy", "image_busy", "install_fails")
BALLAST = r"C:\ballast"
BACKUP = r"HKU\Backup"


@dataclass(frozen=True)
class Place:
    """One endpoint of a run, and what strikes it: a fault at one of its commands (from 0), or a condition."""

    endpoint: str
    source: str
    kind: str
    after: int = 0
    only: str = ""

    def __str__(self) -> str:
        where = f" of {self.only}" if self.only else "" if self.kind in CONDITIONS else f" at {self.after}"
        return f"{self.source} {self.kind}{where}"

    @property
    def counted(self) -> bool:
        """Whether it strikes the command of that number, and not when something comes up."""
        return not self.only and self.kind in OF_WINDOWS


def fill_disk(machine: Machine) -> None:
    """Leave next to nothing of the system drive."""
    machine.files.add_stub(BALLAST, machine.files.free("C:") - 4096)


def empty_disk(machine: Machine) -> None:
    machine.files.delete(BALLAST)


def lock_hives(machine: Machine) -> None:
    """Let another program, a backup say, have the hives open of all who are not logged on."""
    sids = [sid for sid in machine.registry.keys(PROFILE_LIST) if sid in machine.users]
    for sid in sids:
        path = machine.hive_path(sid)
        if path and not machine.hive_loaded(sid) and machine.files.is_file(path):
            machine.registry.load(f"{BACKUP}-{sid}", path)


def free_hives(machine: Machine) -> None:
    for mount in machine.registry.mounts():
        if mount.startswith(BACKUP):
            machine.registry.unload(mount)


def begin_installation(machine: Machine) -> None:
    """Let Windows Installer be busy with something else, for as long as it takes."""
    machine.registry.create(IN_PROGRESS)


def end_installation(machine: Machine) -> None:
    machine.registry.delete_key(IN_PROGRESS)


CONDITIONS: dict[str, tuple[Callable[[Machine], None], Callable[[Machine], None]]] = {
    "disk_full": (fill_disk, empty_disk),
    "hives_locked": (lock_hives, free_hives),
    "installer_busy": (begin_installation, end_installation),
}
Asked = tuple[str, str, int, str]


def every_place(found: Mapping[str, Baseline], journey: str, kinds: Sequence[str]) -> list[Place]:
    """Return each command of each machine's run, with each kind of fault."""
    return named([one for one in every_fault(found, journey) if one[1] in kinds and not one[3]])


def every_fault(found: Mapping[str, Baseline], journey: str) -> Iterator[Asked]:
    """Yield all that can strike the machines in such a run."""
    for source, baseline in found.items():
        for kind in OF_WINDOWS if source.startswith("win") else AT_A_COMMAND:
            yield from ((source, kind, after, "") for after in range(baseline.commands[journey]))


def once_each(found: Mapping[str, Baseline], journey: str) -> Iterator[Asked]:
    """Yield what strikes a machine's run wherever it comes up: refusals of each module, and conditions."""
    for source in found:
        yield from ((source, "fails", 0, module) for module in MODULES[source[:3]])
        others = CONDITIONS if source.startswith("win") else OF_MACS
        yield from ((source, kind, 0, "") for kind in others)


def some_places(found: Mapping[str, Baseline], journey: str) -> list[Place]:
    """Return four commands of each machine's run: its second, one after a third of them, and its last two.

    The first one reads; what becomes of an endpoint that loses it is seen in test_endpoints_that_fail.py.
    """
    asked: list[Asked] = []
    for source, baseline in found.items():
        last = baseline.commands[journey] - 1
        tried = (("timeout", 1), ("drop", round(last / 3)), ("drop", last - 1), ("timeout", last))
        asked += [(source, kind, after, "") for kind, after in tried]
    return named(asked)


def named(asked: Sequence[Asked]) -> list[Place]:
    """Give each an endpoint of a lab."""
    endpoints = names([source for source, *_ in asked])
    return [Place(endpoint, *one) for endpoint, one in zip(endpoints, asked, strict=True)]
