"""A machine that a run restarts, and that does not come back."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from lab.__main__ import main as lab_command
from lab.windows.machine.restart import restart
from tests.e2e.client import Client
from tests.faults.machines import SHORT_WAITS, built, changed, keep, lab_of, other
from tests.faults.trials import BAD, Baseline, Tried, controls, names_of, shown

# It has an old client, and after a restart nobody is logged on.
SOURCE = "win-02"
STRUCK, UNDISTURBED = "win-01", "win-02"
PATIENCE = 15  # seconds; a real machine has ten minutes


def no_return(folder: Path, _found: Mapping[str, Baseline], _chance: random.Random) -> Tried:
    """Let one of two machines be silent after the restart that the installation asks for, until the next run."""
    kept = changed(built(folder / "before", [SOURCE])[SOURCE], folder / "before" / "idle", restart)
    lab = lab_of(folder, {STRUCK: kept, UNDISTURBED: kept})
    client = Client(lab, folder)
    wanted = {
        **client.supply(ExitCode=3010),
        "forticlient_install_allow_reboot": True,
        "forticlient_install_reboot_timeout": PATIENCE,
    }
    try:
        assert lab_command(["fault", STRUCK, "no_return", "--state-dir", str(lab.directory / "lab")]) == 0
        lab.more_inventory = [*SHORT_WAITS]
        first = client.play("windows", **wanted)
        lab.more_inventory = []
        assert lab_command(["fault", STRUCK, "none", "--state-dir", str(lab.directory / "lab")]) == 0
        second = client.play("windows", **wanted)
        end = keep(lab, folder / "end")
    finally:
        lab.close()
    tried = Tried(1)
    what = "no return from a restart"
    said = [str(one["reason"]) for one in first.records if one["endpoint"] == STRUCK and one["status"] in BAD]
    if first.code == 0 or not any("has not come back" in reason for reason in said):
        tried.complain(what, f"ended with {first.code}, and said {said}")
    if bad := controls(first, UNDISTURBED, *BAD):
        tried.complain(what, f"the run says that {names_of(bad)} of the other machine are not right")
    if bad := controls(second, STRUCK, *BAD):
        tried.complain(what, f"the next run says that {names_of(bad)} are not right")
    if left := other(end[UNDISTURBED], end[STRUCK]):
        tried.complain(what, f"after the next run {len(left)} things are other than they have to be: {shown(left)}")
    return tried
