"""What was run against what: each role, playbook, module and script has a line, and no line is about something else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.contract.vectors import SCRIPTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
COLUMNS = ["part", "lab", "PowerShell 7", "Wine", "Windows PowerShell 5.1", "real Windows", "real Mac"]
ROLES = {path.name: path for path in (ROOT / "roles").iterdir() if (path / "meta/main.yml").is_file()}
PLAYBOOKS = {path.name for path in (ROOT / "playbooks").glob("*.yml")}
MODULES = {path.name for path in (ROOT / "plugins/modules").iterdir() if path.suffix in (".py", ".ps1")}
# Those of the tests and of the lab go to no machine of anybody's.
NOT_OURS = {"tests", "lab", "benchmarks"}
SHELL = {
    path.name
    for path in ROOT.rglob("*.ps1")
    if path.relative_to(ROOT).parts[0] not in NOT_OURS and not path.relative_to(ROOT).parts[0].startswith(".")
}


def rows() -> list[dict[str, str]]:
    lines = PAGE[PAGE.index("| part |") :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert cells[0] == COLUMNS
    assert [len(line) for line in cells] == [len(COLUMNS)] * len(cells)
    return [dict(zip(COLUMNS, line, strict=True)) for line in cells[2:]]


def named(row: dict[str, str]) -> list[str]:
    """Return the files and roles that a line is about; one that begins with other words only mentions them."""
    if not row["part"].startswith("`") or row["part"].startswith("`execution-environment.yml`"):
        return []
    names = re.findall(r"`([^`]+)`", row["part"].partition(":")[0])
    return [name for name in names if re.fullmatch(r"[a-z_0-9]+(\.(yml|ps1|py))?", name)]


BY_NAME = {name: row for row in rows() for name in named(row)}


def test_each_role_playbook_module_and_script_has_one_line():
    wanted = {*ROLES, *PLAYBOOKS, *MODULES, *SHELL}
    assert len(wanted) > 45
    found = Counter(name for row in rows() for name in named(row))
    assert sorted(wanted - {*found}) == []
    assert sorted({*found} - wanted) == [], "there is nothing of that name any more"
    assert [name for name, number in found.items() if number > 1] == []


def test_what_never_ran_says_so():
    """An empty cell says that there is nothing to run, so it stands where the role has nothing for that system."""
    for name, folder in ROLES.items():
        row = BY_NAME[name]
        assert row["lab"], name
        for system, column in (("Windows", "real Windows"), ("Darwin", "real Mac")):
            if (folder / f"vars/{system}.yml").is_file():
                assert row[column], f"{name}: {column} is empty"
    for name in SHELL:
        assert all(BY_NAME[name][column] for column in COLUMNS[:-1]), name
        assert BY_NAME[name]["real Mac"] == "", name


def test_a_script_with_vectors_is_said_to_have_them():
    # Those of the enrolment and of a user's own check have runners of their own in tests/contract.
    enrolment = {path.name for path in (ROOT / "enroll").glob("*.ps1")} - {"machine.ps1"}
    with_vectors = {path.name for path in SCRIPTS.values()} | enrolment | {"check.ps1"}
    assert {name for name in SHELL if "vectors" in BY_NAME[name]["PowerShell 7"]} == with_vectors


def test_what_the_workflows_run_is_marked_as_not_seen():
    (row,) = [row for row in rows() if row["part"].startswith("`.github/workflows/`")]
    unseen = ["PowerShell 7", "Windows PowerShell 5.1", "real Windows", "real Mac"]
    assert [row[column] for column in unseen] == ["not yet seen running"] * 4
