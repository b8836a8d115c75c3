"""What befalls the controller, or the whole run, and not one endpoint."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import server
from tests.e2e.conftest import ROOT, LabFleet, Run, program
from tests.faults.machines import keep, lab_of, other
from tests.faults.places import Place, named
from tests.faults.restart import no_return
from tests.faults.trials import BAD, JOURNEYS, Baseline, Trial, Tried, controls, names_of, play, shown

# As one that goes off: whatever was done is noted, and nothing is known of it.
CUT_OFF = "power_off"
NOTHING = Run(1, "", [])
QUIET_SECONDS = 3.0
Found = Mapping[str, Baseline]


@contextmanager
def fleet_of(folder: Path, found: Found, journey: str = "site") -> Iterator[tuple[LabFleet, list[Place]]]:
    """Start a lab with two of each machine."""
    places = named([(source, CUT_OFF, 0, "") for source in found for _ in range(2)])
    lab = lab_of(folder, {place.endpoint: found[place.source].at_start(journey) for place in places})
    try:
        yield lab, places
    finally:
        lab.close()


def command(lab: LabFleet, journey: str, *more: str, by: Sequence[str] = ()) -> list[str]:
    """Return what `LabFleet.play` starts; `by` stands for the program."""
    where = f"endpoint_report_directory={lab.directory / 'records'}"
    starts = by or [program("ansible-playbook")]
    return [*starts, *lab.inventory, f"playbooks/{JOURNEYS[journey].playbook}", "-e", where, *more]


def begun(lab: LabFleet, journey: str, **how: Any) -> subprocess.Popen[str]:
    """Start a run that this does not wait for."""
    with (lab.directory / "run.log").open("ab") as log:
        return subprocess.Popen(
            command(lab, journey), cwd=ROOT, text=True, stdout=log, stderr=log, start_new_session=True, **how
        )


def done(lab: LabFleet, journey: str, *more: str, by: Sequence[str] = (), **how: Any) -> tuple[int, str]:
    """Run it to its end; return the exit code and the last line."""
    run = subprocess.run(
        command(lab, journey, *more, by=by),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **how,
    )
    return run.returncode, (run.stdout.strip().splitlines() or [""])[-1]


def calls(lab: LabFleet) -> int:
    log = lab.directory / "lab" / server.CALLS_FILE
    return len(log.read_bytes().splitlines()) if log.exists() else 0


def ends_well(tried: Tried, what: str, journey: str, lab: LabFleet, places: Sequence[Place], found: Found) -> None:
    """Go on the journey once more, undisturbed, and judge every endpoint."""
    halfway = keep(lab, lab.directory / f"halfway-{journey}")
    second, _ = play(lab, journey)
    end = keep(lab, lab.directory / f"end-{journey}")
    for place in places:
        name, one = f"{what} {journey} {place.endpoint} ({place.source})", found[place.source]
        trial = Trial(place, journey, one, NOTHING, second, halfway[place.endpoint], end[place.endpoint])
        for text in trial.noted():
            tried.complain(name, text)
        if left := other(one.ends[journey], end[place.endpoint]):
            tried.complain(name, f"after the next run {len(left)} things are other than they have to be: {shown(left)}")
        if bad := controls(second, place.endpoint, *BAD) - one.bad[journey]:
            tried.complain(name, f"the next run says that {names_of(bad)} are not right")


def killed(folder: Path, found: Found, chance: random.Random) -> Tried:
    """Kill the controller's processes after some number of calls, on each journey."""
    tried = Tried(0)
    for journey in ("site", "retire"):
        expected = sum(2 * one.commands[journey] for one in found.values())
        with fleet_of(folder / journey, found, journey) as (lab, places):
            at = calls(lab) + chance.randrange(1, expected)
            run = begun(lab, journey)
            while run.poll() is None and calls(lab) < at:
                time.sleep(0.01)
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            _until_quiet(lab)
            tried.places += len(places)
            ends_well(tried, f"killed at {at} of {expected}", journey, lab, places, found)
    return tried


def _until_quiet(lab: LabFleet) -> None:
    """Wait until what was on its way to the endpoints has been done."""
    seen = -1
    while seen != (now := calls(lab)):
        seen = now
        time.sleep(QUIET_SECONDS)


def two_at_once(folder: Path, found: Found, _chance: random.Random) -> Tried:
    """Start the same run twice."""
    with fleet_of(folder, found) as (lab, places):
        for run in [begun(lab, "site"), begun(lab, "site")]:
            run.wait()
        tried = Tried(len(places))
        files = [*(lab.directory / "records").glob("*.jsonl")]
        for line in (line for file in files for line in file.read_text(encoding="utf-8").splitlines()):
            json.loads(line)
        if len(files) != 2:
            tried.complain("two at once", f"two runs left {len(files)} files of records")
        ends_well(tried, "two at once", "site", lab, places, found)
    return tried


def no_records(folder: Path, found: Found, _chance: random.Random) -> Tried:
    """Let the folder of records be one that nothing can be written to."""
    tried = Tried(0)
    with fleet_of(folder, found) as (lab, _places):
        (lab.directory / "file").touch()
        for journey in ("audit", "site", "retire"):
            tried.places += 1
            code, last = done(lab, journey, "-e", f"endpoint_report_directory={lab.directory}/file/records")
            if code != 2 or calls(lab) or "cannot be written" not in last:
                tried.complain(f"no records {journey}", f"{code}, {calls(lab)} calls, {last!r}")
    return tried


def history_locked(folder: Path, found: Found, _chance: random.Random) -> Tried:
    """Let another program keep the history."""
    with fleet_of(folder, found) as (lab, places):
        play(lab, "audit")
        with sqlite3.connect(lab.directory / "records/history.sqlite") as history:
            history.execute("BEGIN EXCLUSIVE")
            code, last = done(lab, "site")
            history.rollback()
        history.close()
        tried = Tried(1)
        if code == 0 or last.startswith("Good"):
            tried.complain("history locked", f"ended with {code} and {last!r}")
        ends_well(tried, "history locked", "site", lab, places, found)
    return tried


def history_broken(folder: Path, found: Found, _chance: random.Random) -> Tried:
    """Let the history be no database."""
    with fleet_of(folder, found) as (lab, places):
        history = lab.directory / "records/history.sqlite"
        history.parent.mkdir()
        history.write_bytes(b"\0" * 5000)
        tried = Tried(1)
        code, last = done(lab, "site")
        if code == 0 or calls(lab) or "history" not in last:
            tried.complain("history broken", f"ended with {code}, {calls(lab)} calls, {last!r}")
        history.unlink()
        ends_well(tried, "history broken", "site", lab, places, found)
    return tried


def controller_full(folder: Path, found: Found, chance: random.Random) -> Tried:
    """Let no file of the controller get longer than some size, as on a disk that is full."""
    tried = Tried(0)
    for size in (chance.randrange(1, 2**15), chance.randrange(2**15, 2**19)):
        with fleet_of(folder / str(size), found) as (lab, places):
            limit = (size, size)
            code, last = done(
                lab, "site", preexec_fn=lambda most=limit: resource.setrlimit(resource.RLIMIT_FSIZE, most)
            )
            tried.places += 1
            if code == 0 or last.startswith("Good"):
                tried.complain(f"full at {size} bytes", f"ended with {code} and {last!r}")
            _until_quiet(lab)
            ends_well(tried, f"full at {size} bytes", "site", lab, places, found)
    return tried


def clock_wrong(folder: Path, found: Found, _chance: random.Random) -> Tried:
    """Let the controller's clock be a day ahead, then a day behind, then right."""
    with fleet_of(folder, found) as (lab, places):
        tried = Tried(2)
        for days in ("1", "-1"):
            code, last = done(lab, "site", by=[sys.executable, "-m", "tests.faults.clock", days])
            if "Traceback" in last or code not in (0, 2):
                tried.complain(f"clock wrong by {days}", f"ended with {code} and {last!r}")
        ends_well(tried, "clock wrong", "site", lab, places, found)
    return tried


INCIDENTS: dict[str, Callable[[Path, Found, random.Random], Tried]] = {
    "killed": killed,
    "two-at-once": two_at_once,
    "no-records": no_records,
    "history-locked": history_locked,
    "history-broken": history_broken,
    "controller-full": controller_full,
    "clock-wrong": clock_wrong,
    "no-return": no_return,
}
