"""Breaks a room of plugins/plugin_utils by mutmut, which runs for each breakage the tests that come by it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.mutation.survivors import Score, Survivor

# Beside a room's own tests those that come by it from elsewhere.
ACTIONS = "tests/unit/plugins/action"
ROLES = "tests/unit/roles"
ROOMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("values", "ledger"), ()),
    **dict.fromkeys(("controls", "plan", "reports"), (ACTIONS,)),
    "state": (ACTIONS, ROLES),
    "records": (ACTIONS, "tests/unit/plugins/reports/test_notify.py", "tests/unit/plugins/reports/test_summary.py"),
    "handover": (
        "tests/unit/plugins/action/test_enrollment.py",
        "tests/unit/plugins/action/test_gateway_certificate.py",
        "tests/unit/plugins/action/test_pac_check.py",
    ),
}
# Written into the copy, since it differs by room.
CONFIG = """

[tool.mutmut]
source_paths = ["plugins/plugin_utils"]
only_mutate = ["plugins/plugin_utils/{room}/*.py"]
also_copy = ["docs", "galaxy.yml", "inventory", "lab", "playbooks", "plugins", "roles", "schemas"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.mutation.forget"]
use_git_change_detection = false
"""


def broken(folder: Path, room: str) -> Score:
    """Break the room in this copy of the project."""
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(CONFIG.format(room=room, tests=json.dumps([f"tests/unit/plugins/{room}", *ROOMS[room]])))
    # mutmut draws a wheel that turns, which is for a person's eyes alone.
    with (folder / "mutmut.log").open("wb") as log:
        done = subprocess.run([_program(), "run"], cwd=folder, env=_environment(), stdout=log, stderr=log, check=False)
    if done.returncode:
        lines = (folder / "mutmut.log").read_text(encoding="utf-8", errors="replace").splitlines()
        raise SystemExit("\n".join([f"mutmut ended with {done.returncode}:", *lines[-25:]]))
    found = _survivors(folder)
    lived = [Survivor(where, text) for (_name, where), text in zip(found, _shown(folder, found), strict=True)]
    return Score(room, int(_counted(folder)["total"]), lived)


def _survivors(folder: Path) -> list[tuple[str, str]]:
    """Return the name of each, and the function that it is in."""
    found = []
    for line in _said(folder, "results").splitlines():
        name, _, status = line.strip().partition(": ")
        if status in ("survived", "no tests"):
            module, _, rest = name.partition("plugin_utils.")[2].rpartition(".")
            function = re.sub(r"__mutmut_\d+$", "", rest).removeprefix("x_").replace("xǁ", "").replace("ǁ", ".")
            found.append((name, f"{module}.{function}"))
    return found


# What `mutmut show` does, for many in one process: they are hundreds, and each start takes a second.
_SHOW = """
import sys
from mutmut.__main__ import show
for name in sys.argv[1:]:
    print("@@@", flush=True)
    show.callback(name)
"""


def _shown(folder: Path, found: list[tuple[str, str]]) -> list[str]:
    """Return of each the line as the breakage made it."""
    command = [sys.executable, "-c", _SHOW, *(name for name, _where in found)]
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=True)
    return [_added(diff) for diff in done.stdout.split("@@@\n")[1:]]


def _added(diff: str) -> str:
    lines = [line for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    return " ".join(line[1:].strip() for line in lines)


def _counted(folder: Path) -> dict[str, int]:
    _said(folder, "export-cicd-stats")
    return dict(json.loads((folder / "mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8")))


def _said(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [_program(), *command], cwd=folder, env=_environment(), capture_output=True, text=True, check=True
    )
    return done.stdout


def _program() -> str:
    return str(Path(sys.executable).parent / "mutmut")


def _environment() -> dict[str, str]:
    # The same examples each time, so that what lives does not depend on luck.
    return {**os.environ, "CI": "true"}
