"""Tries faults by the hundred on the lab, and says how many were survived: `python -m tests.faults --help`.

All of the lab's faults at every command of every journey are some thousands, so that a run takes a sample by its seed;
what strikes when something comes up, and what befalls the controller, is in each sample.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

from tests.faults.controller import INCIDENTS
from tests.faults.places import Asked, Place, every_fault, named, once_each
from tests.faults.trials import JOURNEYS, Baseline, Tried, baselines, try_places

# A drifted machine and one without a client, of each system.
SOURCES = ("win-03", "win-04", "mac-05", "mac-12")


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them; return 0 when all were survived."""
    asked = _parser().parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed}: python -m tests.faults --seed {seed} does the same again", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    print(f"machines, records and logs of each run are below {folder} until all was survived", flush=True)
    began = time.monotonic()
    tried = survived = 0
    journeys = [*dict.fromkeys(["retire", *asked.journeys])]
    with quiet(folder):
        found = baselines(folder / "baselines", asked.machines, journeys)
    print(f"undisturbed runs are done ({time.monotonic() - began:.0f} s)", flush=True)
    # Both wait for answers that never come, and at different times.
    with ProcessPoolExecutor(asked.jobs) as pool:
        names = {pool.submit(_once, folder, where, do): name for name, where, do in _all(found, asked, seed)}
        for trial in as_completed(names):
            one = trial.result()
            tried, survived = tried + one.places, survived + one.places - len(one.fell)
            print(f"{names[trial]}: {one} ({time.monotonic() - began:.0f} s)", flush=True)
    if tried == survived:
        shutil.rmtree(folder)
    print(f"faults: {tried} tried, {survived} survived")
    return 0 if tried and tried == survived else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Tries faults on the lab.")
    parser.add_argument("--seed", type=int, help="which sample of the faults at a command; without it any")
    parser.add_argument("--number", type=int, default=400, help="how many faults on endpoints (400)")
    parser.add_argument("--at-once", type=int, default=20, help="how many endpoints a run has, a fault each (20)")
    parser.add_argument("--jobs", type=int, default=2, help="how many runs go on side by side (2)")
    parser.add_argument("--journeys", nargs="+", choices=JOURNEYS, default=[*JOURNEYS], help="which playbooks")
    parser.add_argument("--machines", nargs="+", default=SOURCES, help="which machines of the lab are copied")
    parser.add_argument("--incidents", nargs="*", choices=INCIDENTS, default=[*INCIDENTS], help="of the controller")
    return parser


def _all(
    found: Mapping[str, Baseline], asked: argparse.Namespace, seed: int
) -> Iterator[tuple[str, str, Callable[[Path], Tried]]]:
    """Yield what each trial is called, its folder, and what it does."""
    for journey, faults in sample(found, asked.journeys, asked.number, random.Random(seed)).items():
        for at in range(0, len(faults), asked.at_once):
            places = named(faults[at : at + asked.at_once])
            yield journey, f"{journey}-{at}", partial(_places, found, journey, places)
    for name in asked.incidents:
        # Each by its own chance, whichever are asked for.
        yield name, name, partial(_incident, found, name, random.Random(f"{seed} {name}"))


def _places(found: Mapping[str, Baseline], journey: str, places: Sequence[Place], folder: Path) -> Tried:
    return try_places(folder, found, journey, places)


def _incident(found: Mapping[str, Baseline], name: str, chance: random.Random, folder: Path) -> Tried:
    return INCIDENTS[name](folder, found, chance)


def _once(folder: Path, name: str, trial: Callable[[Path], Tried]) -> Tried:
    with quiet(folder):
        try:
            one = trial(folder / name)
        except Exception:  # one that breaks off, as by a lab that does not start, must not end the others
            one = Tried(1)
            one.complain(name, traceback.format_exc())
    if not one.fell and (folder / name).exists():
        shutil.rmtree(folder / name)  # a machine is some megabytes
    return one


@contextmanager
def quiet(folder: Path) -> Iterator[None]:
    """Let what the labs say go into a file."""
    with (folder / "labs.log").open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        yield


def sample(
    found: Mapping[str, Baseline], journeys: Sequence[str], number: int, chance: random.Random
) -> dict[str, list[Asked]]:
    """Return what is tried on each journey: all that there is once, and of the rest so many that it is the number."""
    # An undo or a hand-over writes by the same tasks as site.yml, so the two are tried by chance alone.
    certain = [
        (journey, one) for journey in journeys if journey in ("site", "retire") for one in once_each(found, journey)
    ]
    others = [(journey, one) for journey in journeys for one in every_fault(found, journey)]
    chance.shuffle(others)
    taken = (certain + others)[:number] if number >= len(certain) else chance.sample(certain + others, number)
    return {journey: [one for its, one in taken if its == journey] for journey in journeys}


if __name__ == "__main__":
    sys.exit(main())
