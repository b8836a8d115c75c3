"""Machines of the lab kept in folders: copied, changed, started as a lab, and compared."""

from __future__ import annotations

import json
import plistlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import fleet, server
from lab.macos.machine import MacMachine
from lab.windows.machine import Machine
from tests.e2e.conftest import LabFleet
from tests.samples.states import differences

SEED = 1
NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
NOTE_FILE = "/Library/Application Support/OffsiteEndpoints/before.plist"
# Where two copies may differ: process numbers of programs that were started anew, how many restore points there are,
# since each try at an installation has its own, when an installer wrote what is its, and a folder for temporary files
# whose name Ansible never heard, since just that answer was dropped. What lay in it would be a line by itself.
INSTALLED = r"/files/entries/C:\\(Program Files\\Fortinet|WINDOWS\\Installer)(\\.*)?/dated"
TEMPORARY = r'/files/entries/C:\\(.*\\)?ansible-tmp-[0-9.-]+ \{"is_dir": true\}$'
BY_CHANCE = re.compile(rf"^((/launchd/jobs/.*/pid|/restore_points|{INSTALLED}) |{TEMPORARY})")
# Of a run in which answers are lost. Any other waits as for a real machine: two busy cores may need seconds to answer.
SHORT_WAITS = ("-i", "tests/e2e/short_waits.yml")


@dataclass(frozen=True)
class Kept:
    """The state of a machine, kept in a folder under a name."""

    folder: Path
    name: str

    @property
    def is_mac(self) -> bool:
        return (self.folder / f"{self.name}.root").exists()

    def copy(self, folder: Path, name: str) -> Kept:
        """Copy it; the machine keeps its own idea of its name."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.folder / f"{self.name}.json", folder / f"{name}.json")
        if self.is_mac:
            shutil.copytree(self.folder / f"{self.name}.root", folder / f"{name}.root", symlinks=True)
        return Kept(folder, name)

    def facts(self) -> dict[str, Any]:
        """Return what the lab keeps of it; of a Mac's files only what is not in them."""
        facts: dict[str, Any] = json.loads((self.folder / f"{self.name}.json").read_text(encoding="utf-8"))
        return facts

    def state(self) -> dict[str, Any]:
        """Return all that it is, without temporary files; of a note what it says, in whichever order."""
        facts = self.facts()
        if not self.is_mac:
            facts["registry"]["files"] = {file["path"]: file["key"] for file in facts["registry"]["files"]}
            software = facts["registry"]["hives"]["keys"]["HKLM"]["keys"]["SOFTWARE"]["keys"]
            for key in software.get("OffsiteEndpoints", {}).get("keys", {}).values():
                key["values"] = {role: sorted(entries(text)) for role, (_type, text) in key["values"].items()}
            return facts
        rows = [line.rstrip("\n").split("\t") for line in MacMachine(self.name, self.folder).listing()]
        facts = {name: value for name, value in facts.items() if name not in ("files", "faults")}
        files = {path: rest[:2] if path == NOTE_FILE else rest for path, *rest in rows}
        return {**facts, "files": files, "note": {role: sorted(entries(text)) for role, text in self.note().items()}}

    def note(self) -> dict[str, Any]:
        """Return what the machine remembers of the time before, by role."""
        if self.is_mac:
            file = self.folder / f"{self.name}.root{NOTE_FILE}"
            return dict(plistlib.loads(file.read_bytes())) if file.exists() else {}
        registry = Machine.load(self.folder / f"{self.name}.json").registry
        return {name: registry.data(NOTE, name) for name in registry.values(NOTE)} if registry.exists(NOTE) else {}


def lab_of(folder: Path, machines: Mapping[str, Kept]) -> LabFleet:
    """Start a lab of these machines, which are named as the lab names its own."""
    count = {system: sum(name.startswith(system) for name in machines) for system in ("win", "mac")}
    (folder / "lab").mkdir(parents=True)
    description = server.describe(count["win"], count["mac"], SEED)
    (folder / "lab" / server.LAB_FILE).write_text(json.dumps(description), encoding="utf-8")
    for name, kept in machines.items():
        kept.copy(folder / "lab" / fleet.MACHINES, name)
    return LabFleet(folder, count["win"], count["mac"])


def names(sources: Sequence[str]) -> Iterator[str]:
    """Yield a name for each, as the lab numbers its machines."""
    numbers = {"win": 0, "mac": 0}
    for source in sources:
        system = source[:3]
        numbers[system] += 1
        yield f"{system}-{numbers[system]:02}"


def built(folder: Path, sources: Iterable[str]) -> dict[str, Kept]:
    """Make machines of the lab's seed."""
    plans = {plan.name: plan for plan in fleet.plan(30, 30, SEED)}
    folder.mkdir(parents=True)
    for source in sources:
        fleet.build(plans[source], SEED, folder)
    return {source: Kept(folder, source) for source in sources}


def keep(lab: LabFleet, folder: Path) -> dict[str, Kept]:
    """Keep the state of each machine of a lab."""
    machines = lab.directory / "lab" / fleet.MACHINES
    return {path.stem: Kept(machines, path.stem).copy(folder, path.stem) for path in machines.glob("*.json")}


def entries(note: str | None) -> set[str]:
    """Return what a role's note says, an entry each."""
    return {json.dumps(one, sort_keys=True) for one in json.loads(note)["entries"]} if note else set()


def other(wanted: Kept, is_so: Kept) -> list[str]:
    """Return where a machine is other than it has to be."""
    found = differences(wanted.state(), is_so.state())
    return [line for line in found if not BY_CHANCE.search(line)]


def changed(kept: Kept, folder: Path, do: Callable[[Machine], None]) -> Kept:
    """Return a copy of a Windows machine with something done to it."""
    copy = kept.copy(folder, kept.name)
    change(folder / f"{kept.name}.json", do)
    return copy


def change(file: Path, do: Callable[[Machine], None]) -> None:
    """Do something to a Windows machine that is in no running lab."""
    machine = Machine.load(file)
    do(machine)
    machine.save(file)
