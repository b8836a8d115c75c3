"""Breaks the code on purpose, piece by piece, and says what no test notices: `python -m tests.mutation values roles`.

A room of plugins/plugin_utils is broken by mutmut, with the tests of the same room; `roles` are the controls and the
writers (tests.mutation.roles). All happens in a copy of the files that git knows, since both write where they work.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutation import roles, rooms
from tests.mutation.survivors import Score

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 90.0  # percent


def main(arguments: Sequence[str] | None = None) -> int:
    """Break what is named; return 0 when enough was noticed, and what was not is known with its reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Breaks the code on purpose.")
    parser.add_argument(
        "parts", nargs="*", help=f"rooms ({', '.join(rooms.ROOMS)}), roles, or a role; without any, all"
    )
    parts = parser.parse_args(arguments).parts or [*rooms.ROOMS, "roles"]
    known = {*rooms.ROOMS, "roles", *roles.ROLES}
    if unknown := [part for part in parts if part not in known]:
        parser.error(f"{', '.join(unknown)}: there are {', '.join(sorted(known))}")
    scores = []
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            copy_to(Path(folder))
            score = rooms.broken(Path(folder), part) if part in rooms.ROOMS else roles.broken(Path(folder), part)
        print(score, flush=True)
        scores.append(score)
    bad = [score.part for score in scores if score.percent < ENOUGH or score.unexplained]
    total = Score("mutation", sum((score.tried for score in scores), 0), [one for each in scores for one in each.lived])
    print(f"{total.line()}{'; look at ' + ', '.join(bad) if bad else ''}")
    return 1 if bad else 0


def copy_to(folder: Path) -> None:
    """Copy the files that git knows, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


if __name__ == "__main__":
    sys.exit(main())
