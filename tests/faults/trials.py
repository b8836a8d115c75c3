"""Tries faults on a run, many at once: its endpoints are copies of few machines, and each is struck by another fault.

What undisturbed copies have become says what the others have to be after the next run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import fleet, server
from lab.__main__ import main as lab_command
from lab.windows_endpoint import somebody_logs_on
from tests.e2e.conftest import LabFleet, Run
from tests.faults.machines import SHORT_WAITS, Kept, built, change, changed, entries, keep, lab_of, names, other
from tests.faults.places import CONDITIONS, UNANSWERED, Place

GOOD = ("compliant", "fixed", "waived", "not_applicable")
BAD = ("drifted", "managed_elsewhere", "waiver_expired", "error", "unreachable")
Control = tuple[str, str | None, str]


@dataclass(frozen=True)
class Journey:
    """A playbook, and what was done to its machines before: nothing, or all of site.yml."""

    playbook: str
    begins: str = "before"
    # Whether the site.yml before it was this lab's own, since its records are needed.
    after_site: bool = False


JOURNEYS = {
    "site": Journey("site.yml"),
    "retire": Journey("retire.yml", begins="site"),
    "audit": Journey("audit.yml"),
    "handover": Journey("handover.yml"),
    "undo": Journey("undo.yml", after_site=True),
}


@dataclass
class Baseline:
    """What one machine was before, and what each undisturbed journey has made of it; how many commands that took."""

    before: Kept
    ends: dict[str, Kept] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, set[Control]] = field(default_factory=dict)
    bad: dict[str, set[Control]] = field(default_factory=dict)  # what no run can mend, as a switch only the user has

    def at_start(self, journey: str) -> Kept:
        return self.before if JOURNEYS[journey].begins == "before" else self.ends["site"]


@dataclass
class Tried:
    """How many faults were tried, which of them were not survived, and all that went wrong."""

    places: int
    fell: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.places} tried, {self.places - len(self.fell)} survived", *self.wrong])

    def complain(self, what: str, text: str) -> None:
        """Note what went wrong where."""
        self.fell.add(what)
        self.wrong.append(f"{what}: {text}")


def baselines(
    folder: Path, sources: Sequence[str], journeys: Sequence[str] = ("site", "retire")
) -> dict[str, Baseline]:
    """Run playbooks undisturbed on these machines of the lab's seed."""
    found = {source: Baseline(kept) for source, kept in built(folder / "before", sources).items()}
    together = {"retire": ["site", "retire"], "undo": ["site", "undo"], "audit": ["audit"], "handover": ["handover"]}
    for last, each in together.items():
        if last in journeys:
            _undisturbed(folder / f"undisturbed-{last}", found, each)
    return found


def _undisturbed(folder: Path, found: Mapping[str, Baseline], journeys: Sequence[str]) -> None:
    endpoints = dict(zip(found, names([*found]), strict=True))
    lab = lab_of(folder, {endpoints[source]: baseline.before for source, baseline in found.items()})
    run: Run | None = None
    try:
        for number, journey in enumerate(journeys):
            run, calls = play(lab, journey, run)
            assert {one["status"] for one in run.records} <= {*GOOD, *BAD[:4]}, run.output
            kept = keep(lab, folder / f"{number}-{journey}")
            for source, endpoint in endpoints.items():
                one = found[source]
                if journey in one.ends:
                    assert not (left := other(one.ends[journey], kept[endpoint])), shown(left)
                    continue
                one.ends[journey] = kept[endpoint]
                one.commands[journey] = sum(call["endpoint"] == endpoint for call in calls)
                one.fixed[journey] = controls(run, endpoint, "fixed")
                one.bad[journey] = controls(run, endpoint, *BAD)
    finally:
        lab.close()


def play(lab: LabFleet, journey: str, earlier: Run | None = None) -> tuple[Run, list[dict[str, Any]]]:
    """Run a playbook; return what it did, and the calls that the endpoints got. `earlier` is the run to be undone."""
    log = lab.directory / "lab" / server.CALLS_FILE
    before = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
    run = lab.play(JOURNEYS[journey].playbook, *options(journey, earlier))
    return run, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[before:]]


def options(journey: str, earlier: Run | None) -> list[str]:
    if journey == "undo":
        assert earlier is not None
        which = {"run": earlier.records[0]["run"], "endpoint_undo_ask": False}
        return ["-e", json.dumps(which)]
    # Nobody is behind the institute's gateway here, and no name is asked for.
    return ["-e", "handover_gateway_address=127.0.0.1"] if journey == "handover" else []


def controls(run: Run, endpoint: str, *statuses: str) -> set[Control]:
    return {
        (one["control"], one["instance"], one["scope"])
        for one in run.records
        if one["endpoint"] == endpoint and one["status"] in statuses
    }


def try_places(folder: Path, found: Mapping[str, Baseline], journey: str, places: Sequence[Place]) -> Tried:
    """Go on the journey with a fault at each place, then undisturbed, and judge every endpoint."""
    lab = started(folder, found, journey, places)
    earlier: Run | None = None
    try:
        if JOURNEYS[journey].after_site:
            earlier, _ = play(lab, "site")
        set_faults(lab, places)
        first, calls = play(lab, journey, earlier)
        mend(lab, places)
        halfway = keep(lab, folder / "halfway")
        second, _ = play(lab, journey, earlier)
        end = keep(lab, folder / "end")
    finally:
        lab.close()
    tried = Tried(len(places))
    undone = []
    for place in places:
        trial = Trial(place, journey, found[place.source], first, second, halfway[place.endpoint], end[place.endpoint])
        if not struck(place, calls):
            tried.complain(f"{journey} {place}", "no command of it was struck, so nothing was tried")
        for text in trial.complaints():
            tried.complain(f"{journey} {place}", text)
        undone += [place.endpoint] if trial.undone else []
    *before, last = first.output.strip().splitlines()
    if not first.records:
        tried.complain(journey, f"ended with {first.code} and no records: {before[-8:]} {last!r}")
    if undone and (first.code == 0 or last.startswith("Good")):
        tried.complain(journey, f"ended with {first.code} and {last!r}, and left {undone} undone")
    return tried


def started(folder: Path, found: Mapping[str, Baseline], journey: str, places: Sequence[Place]) -> LabFleet:
    """Start a lab of the machines as they are before, in their conditions."""
    machines = {}
    for place in places:
        kept = found[place.source].at_start(journey)
        if place.kind in CONDITIONS:
            kept = changed(kept, folder / "conditions" / place.endpoint, CONDITIONS[place.kind][0])
        machines[place.endpoint] = kept
    return lab_of(folder, machines)


def set_faults(lab: LabFleet, places: Sequence[Place]) -> None:
    lab.more_inventory = [*SHORT_WAITS]
    for place in places:
        if place.kind not in CONDITIONS:
            after = ("--after", str(place.after)) if place.after else ()
            only = ("--only", place.only) if place.only else ()
            _fault(lab, place.endpoint, place.kind, *after, *only)


def mend(lab: LabFleet, places: Sequence[Place]) -> None:
    """Take all faults away, those that have not struck as well; what is a condition is undone while the lab stands."""
    lab.more_inventory = []
    for place in places:
        _fault(lab, place.endpoint, "none")
    conditions = [place for place in places if place.kind in CONDITIONS]
    if conditions:
        lab.lab("down")
        for place in conditions:
            change(lab.directory / "lab" / fleet.MACHINES / f"{place.endpoint}.json", CONDITIONS[place.kind][1])
        lab.lab("up")


def _fault(lab: LabFleet, *arguments: str) -> None:
    assert lab_command(["fault", *arguments, "--state-dir", str(lab.directory / "lab")]) == 0


def struck(place: Place, calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the command came that the place is about; what strikes when something comes up may wait for ever."""
    own = [call for call in calls if call["endpoint"] == place.endpoint]
    if place.kind in UNANSWERED:
        return any(call["rc"] is None for call in own)
    # One that HTTP 500 answers, or with which the machine goes off, is in no log; those before it are.
    return len(own) >= place.after


class Trial:
    """One place of one run: what the records said, and what the machine was."""

    def __init__(
        self, place: Place, journey: str, baseline: Baseline, first: Run, second: Run, halfway: Kept, end: Kept
    ) -> None:
        self.place, self.endpoint = place, place.endpoint
        self.journey = journey
        self.baseline = baseline
        self.first, self.second = first, second
        self.halfway, self.end = halfway, end
        self.wanted = baseline.ends[journey]
        if place.kind == "logs_on":
            self.wanted = changed(self.wanted, halfway.folder / "wanted" / place.endpoint, somebody_logs_on)
        self.undone = other(self.wanted, halfway)

    def complaints(self) -> Iterator[str]:
        """Yield what is not as it has to be."""
        yield from self._said()
        yield from self.noted()
        left = other(self.wanted, self.end)
        if left:
            yield f"after the second run {len(left)} things are other than they have to be: {shown(left)}"
        bad = controls(self.second, self.endpoint, *BAD) - self.baseline.bad[self.journey]
        if bad:
            yield f"the second run says that {names_of(bad)} are not right"

    def _said(self) -> Iterator[str]:
        """Compare what the first run said with what it left to the second."""
        statuses = {one["status"] for one in self.first.records if one["endpoint"] == self.endpoint}
        bad = controls(self.first, self.endpoint, *BAD) - self.baseline.bad[self.journey]
        if not statuses:
            yield "the first run has no record of it"
        elif self.undone and not bad:
            left = f"{len(self.undone)} things undone: {shown(self.undone)}"
            yield f"the first run said {sorted(statuses)} and left {left}"
        if self.journey == "audit" and self.place.counted and self.place.kind != "logs_on" and not bad:
            yield "its one reading was struck, and no record says so"
        # What could not apply yet, as a connection of a client that is missing, was no lie.
        lies = controls(self.first, self.endpoint, "compliant", "fixed") & controls(self.second, self.endpoint, "fixed")
        if lies:
            yield f"the first run said of {names_of(lies)} that they were right, and the second had to fix them"
        # One that was never read has one record that says so.
        if not any(control.startswith("endpoint.") for control, _, _ in bad):
            reported = {(one["control"], one["instance"], one["scope"]) for one in self.first.records}
            silent = self.baseline.fixed[self.journey] - reported
            if silent:
                yield f"the first run has no record of {names_of(silent)}"

    def noted(self) -> Iterator[str]:
        """Look at the note after the first run: it is there before a value is ours, and until none is."""
        note = self.halfway.note()
        if self.journey == "retire":
            if not note and self.undone:
                yield f"the note is gone, and not everything is as before: {shown(self.undone)}"
            return
        ours = [line for line in other(self.baseline.before, self.halfway) if "OffsiteEndpoints" not in line]
        if ours and not note and self.place.kind != "logs_on":
            yield f"there is no note, and something is ours already: {shown(ours)}"
        # What was not done is taken out again where the run goes on; what was done and is not noted shows in the end.
        usual = self.wanted.note()
        wrong = {role for role, text in note.items() if entries(text) - entries(usual.get(role))}
        if wrong and self.journey != "undo":
            yield f"the note of {sorted(wrong)} says what it does not in an undisturbed run"


def shown(lines: Sequence[str]) -> str:
    """Return the first few."""
    return "; ".join(line[-160:] for line in lines[:3]) + ("; …" if len(lines) > 3 else "")


def names_of(found: set[Control]) -> list[str]:
    return sorted({control for control, _, _ in found})
