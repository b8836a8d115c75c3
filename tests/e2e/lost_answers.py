"""Takes one remote command of a run away from an endpoint, each in turn, and looks at what becomes of the endpoint.

One run tries many places: its endpoints are copies of one machine, and each loses another command. What an undisturbed
copy has become says what the others have to be after a second run.
"""

from __future__ import annotations

import json
import plistlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import fleet, server
from lab.__main__ import main as lab_command
from lab.macos.machine import MacMachine
from lab.windows.machine import Machine
from tests.e2e.conftest import LabFleet, Run

SEED = 1
GOOD = ("compliant", "fixed", "waived", "not_applicable")
BAD = ("drifted", "managed_elsewhere", "waiver_expired", "error", "unreachable")
NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
NOTE_FILE = "/Library/Application Support/OffsiteEndpoints/before.plist"
# Where two undisturbed copies differ: process numbers of programs that were started anew.
BY_CHANCE = re.compile(r"^/launchd/jobs/.*/pid ")
WAITS = "tests/e2e/short_waits.yml"

Control = tuple[str, str | None, str]


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
        """Return all that it is, without temporary files."""
        facts = self.facts()
        if not self.is_mac:
            facts["registry"]["files"] = {file["path"]: file["key"] for file in facts["registry"]["files"]}
            return facts
        rows = [line.rstrip("\n").split("\t") for line in MacMachine(self.name, self.folder).listing()]
        facts = {name: value for name, value in facts.items() if name not in ("files", "faults")}
        return {**facts, "files": {path: rest for path, *rest in rows}}

    def note(self) -> dict[str, Any]:
        """Return what the machine remembers of the time before, by role."""
        if self.is_mac:
            file = self.folder / f"{self.name}.root{NOTE_FILE}"
            return dict(plistlib.loads(file.read_bytes())) if file.exists() else {}
        registry = Machine.load(self.folder / f"{self.name}.json").registry
        return {name: registry.data(NOTE, name) for name in registry.values(NOTE)} if registry.exists(NOTE) else {}


@dataclass
class Baseline:
    """What one machine was before, and what undisturbed runs have made of it; how many commands each took."""

    before: Kept
    site: Kept
    retire: Kept
    commands: dict[str, int]
    fixed: dict[str, set[Control]]
    bad: dict[str, set[Control]]  # what no run can mend, as a switch that only the user can press

    def at_start(self, playbook: str) -> Kept:
        return self.before if playbook == "site" else self.site

    def at_end(self, playbook: str) -> Kept:
        return self.site if playbook == "site" else self.retire


@dataclass(frozen=True)
class Place:
    """One endpoint, and which of its commands (from 0) gets no answer."""

    endpoint: str
    source: str
    kind: str
    after: int


@dataclass
class Tried:
    """How many places were tried, and what went wrong where."""

    places: int
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.places} places tried, {len(self.wrong)} complaints", *self.wrong])


def lab_of(folder: Path, machines: Mapping[str, Kept]) -> LabFleet:
    """Start a lab of these machines, which are named as the lab names its own."""
    count = {system: sum(name.startswith(system) for name in machines) for system in ("win", "mac")}
    (folder / "lab").mkdir(parents=True)
    description = server.describe(count["win"], count["mac"], SEED)
    (folder / "lab" / server.LAB_FILE).write_text(json.dumps(description), encoding="utf-8")
    for name, kept in machines.items():
        kept.copy(folder / "lab" / fleet.MACHINES, name)
    lab = LabFleet(folder, count["win"], count["mac"])
    lab.more_inventory = ["-i", WAITS]
    return lab


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


def baselines(folder: Path, sources: Sequence[str]) -> dict[str, Baseline]:
    """Run site.yml and retire.yml undisturbed on these machines of the lab's seed."""
    before = built(folder / "before", sources)
    endpoints = dict(zip(sources, names(sources), strict=True))
    lab = lab_of(folder / "undisturbed", {endpoints[source]: before[source] for source in sources})
    kept: dict[str, dict[str, Kept]] = {}
    commands: dict[str, dict[str, int]] = {source: {} for source in sources}
    fixed: dict[str, dict[str, set[Control]]] = {source: {} for source in sources}
    bad: dict[str, dict[str, set[Control]]] = {source: {} for source in sources}
    try:
        for playbook in ("site", "retire"):
            run, calls = play(lab, playbook)
            assert {one["status"] for one in run.records} <= {*GOOD, "drifted"}, run.output
            kept[playbook] = keep(lab, folder / playbook)
            for source, endpoint in endpoints.items():
                commands[source][playbook] = sum(call["endpoint"] == endpoint for call in calls)
                fixed[source][playbook] = controls(run, endpoint, "fixed")
                bad[source][playbook] = controls(run, endpoint, *BAD)
    finally:
        lab.close()
    return {
        source: Baseline(
            before[source],
            kept["site"][endpoint],
            kept["retire"][endpoint],
            commands[source],
            fixed[source],
            bad[source],
        )
        for source, endpoint in endpoints.items()
    }


def every_place(found: Mapping[str, Baseline], playbook: str, kinds: Sequence[str]) -> list[Place]:
    """Return each command of each machine's run, with each kind of fault."""
    asked = [
        (source, kind, after)
        for source, baseline in found.items()
        for kind in kinds
        for after in range(baseline.commands[playbook])
    ]
    return _named(asked)


def some_places(found: Mapping[str, Baseline], playbook: str) -> list[Place]:
    """Return four commands of each machine's run: its second, one after a third of them, and its last two.

    The first one reads; what becomes of an endpoint that loses it is seen in test_endpoints_that_fail.py.
    """
    asked = []
    for source, baseline in found.items():
        last = baseline.commands[playbook] - 1
        tried = (("timeout", 1), ("drop", round(last / 3)), ("drop", last - 1), ("timeout", last))
        asked += [(source, kind, after) for kind, after in tried]
    return _named(asked)


def _named(asked: Sequence[tuple[str, str, int]]) -> list[Place]:
    endpoints = names([source for source, _, _ in asked])
    return [Place(endpoint, *one) for endpoint, one in zip(endpoints, asked, strict=True)]


def play(lab: LabFleet, playbook: str) -> tuple[Run, list[dict[str, Any]]]:
    """Run a playbook; return what it did, and the calls that the endpoints got."""
    log = lab.directory / "lab" / server.CALLS_FILE
    before = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
    run = lab.play(f"{playbook}.yml")
    return run, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[before:]]


def keep(lab: LabFleet, folder: Path) -> dict[str, Kept]:
    """Keep the state of each machine of a lab."""
    machines = lab.directory / "lab" / fleet.MACHINES
    return {path.stem: Kept(machines, path.stem).copy(folder, path.stem) for path in machines.glob("*.json")}


def controls(run: Run, endpoint: str, *statuses: str) -> set[Control]:
    return {
        (one["control"], one["instance"], one["scope"])
        for one in run.records
        if one["endpoint"] == endpoint and one["status"] in statuses
    }


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield where two states differ, with what is there afterwards."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name), after.get(name), f"{path}/{name}")
    elif before != after:
        line = f"{path} {json.dumps(after, ensure_ascii=False)}"
        if not BY_CHANCE.search(line):
            yield line


def other(wanted: Kept, is_so: Kept) -> list[str]:
    return list(differences(wanted.state(), is_so.state()))


def try_places(folder: Path, found: Mapping[str, Baseline], playbook: str, places: Sequence[Place]) -> Tried:
    """Run the playbook with a fault at each place, then undisturbed, and judge every endpoint."""
    lab = lab_of(folder, {place.endpoint: found[place.source].at_start(playbook) for place in places})
    try:
        for place in places:
            after = ("--after", str(place.after)) if place.after else ()
            where = ("--state-dir", str(folder / "lab"))
            assert lab_command(["fault", place.endpoint, place.kind, *after, *where]) == 0
        first, calls = play(lab, playbook)
        halfway = keep(lab, folder / "halfway")
        second, _ = play(lab, playbook)
        end = keep(lab, folder / "end")
    finally:
        lab.close()
    lost = {call["endpoint"] for call in calls if call["rc"] is None}
    tried = Tried(len(places))
    undone = []
    for place in places:
        trial = Trial(place, playbook, found[place.source], first, second, halfway[place.endpoint], end[place.endpoint])
        complaints = list(trial.complaints())
        if place.endpoint not in lost:
            complaints.insert(0, "no command of it was lost, so nothing was tried")
        tried.wrong += [f"{playbook} {place.source} {place.kind} at {place.after}: {text}" for text in complaints]
        undone += [place.endpoint] if trial.undone else []
    *before, last = first.output.strip().splitlines()
    if not first.records:
        tried.wrong.append(f"{playbook} ended with {first.code} and no records: {before[-8:]} {last!r}")
    if undone and (first.code == 0 or last.startswith("Good")):
        tried.wrong.append(f"{playbook} ended with {first.code} and {last!r}, and left {undone} undone")
    return tried


class Trial:
    """One place of one run: what the records said, and what the machine was."""

    def __init__(
        self, place: Place, playbook: str, baseline: Baseline, first: Run, second: Run, halfway: Kept, end: Kept
    ) -> None:
        self.endpoint = place.endpoint
        self.playbook = playbook
        self.baseline = baseline
        self.first, self.second = first, second
        self.halfway, self.end = halfway, end
        self.wanted = baseline.at_end(playbook)
        self.undone = other(self.wanted, halfway)

    def complaints(self) -> Iterator[str]:
        """Yield what is not as it has to be."""
        yield from self._said()
        yield from self._noted()
        left = other(self.wanted, self.end)
        if left:
            yield f"after the second run {len(left)} things are other than they have to be: {shown(left)}"
        bad = controls(self.second, self.endpoint, *BAD) - self.baseline.bad[self.playbook]
        if bad:
            yield f"the second run says that {names_of(bad)} are not right"

    def _said(self) -> Iterator[str]:
        """Compare what the first run said with what it left to the second."""
        statuses = {one["status"] for one in self.first.records if one["endpoint"] == self.endpoint}
        if not statuses:
            yield "the first run has no record of it"
        elif self.undone and not controls(self.first, self.endpoint, *BAD) - self.baseline.bad[self.playbook]:
            left = f"{len(self.undone)} things undone: {shown(self.undone)}"
            yield f"the first run said {sorted(statuses)} and left {left}"
        # What could not apply yet, as a connection of a client that is missing, was no lie.
        lies = controls(self.first, self.endpoint, "compliant", "fixed") & controls(self.second, self.endpoint, "fixed")
        if lies:
            yield f"the first run said of {names_of(lies)} that they were right, and the second had to fix them"
        if "unreachable" not in statuses:
            reported = {(one["control"], one["instance"], one["scope"]) for one in self.first.records}
            silent = self.baseline.fixed[self.playbook] - reported
            if silent:
                yield f"the first run has no record of {names_of(silent)}"

    def _noted(self) -> Iterator[str]:
        """Look at the note after the first run: it is there before a value is ours, and until none is."""
        note = self.halfway.note()
        if self.playbook == "retire":
            if not note and self.undone:
                yield f"the note is gone, and not everything is as before: {shown(self.undone)}"
            return
        ours = [line for line in other(self.baseline.before, self.halfway) if "OffsiteEndpoints" not in line]
        if ours and not note:
            yield f"there is no note, and something is ours already: {shown(ours)}"
        wrong = {role for role, text in note.items() if text != self.baseline.site.note().get(role)}
        if wrong:
            yield f"the note of {sorted(wrong)} is another than in an undisturbed run"


def shown(lines: Sequence[str]) -> str:
    """Return the first few."""
    return "; ".join(line[-160:] for line in lines[:3]) + ("; …" if len(lines) > 3 else "")


def names_of(found: set[Control]) -> list[str]:
    return sorted({control for control, _, _ in found})
