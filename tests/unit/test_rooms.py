"""The rooms of plugins/plugin_utils: an arrow from one to another goes down, never up and never in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from plugins.plugin_utils import VERSION

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins/plugin_utils"
# From the top floor down: a room may use the rooms after it.
ROOMS = ["handover", "reports", "plan", "controls", "records", "state", "ledger", "values"]


def rooms_used(file: Path) -> set[str]:
    """Return the other rooms that a file imports from; relative imports only."""
    used = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            used.add((node.module or "").partition(".")[0])
        if isinstance(node, ast.ImportFrom):
            assert node.level in (0, 1, 2), f"{file.name}: from {'.' * node.level}{node.module}"
            assert not (node.module or "").startswith(("plugins", "ansible_collections")), file
    return used


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_runs_up(room: str) -> None:
    files = sorted((UTILS / room).glob("*.py"))
    assert len(files) > 2
    below = {*ROOMS[ROOMS.index(room) + 1 :]}
    assert {file.name: up for file in files if (up := rooms_used(file) - below)} == {}


def test_every_room_is_on_a_floor() -> None:
    assert sorted(path.name for path in UTILS.iterdir() if path.is_dir() and path.name != "__pycache__") == sorted(
        ROOMS
    )


def test_nothing_is_put_on_the_path_of_the_process() -> None:
    found = [path for path in (ROOT / "plugins").rglob("*.py") if "sys.path" in path.read_text(encoding="utf-8")]
    assert found == []


def test_the_version_is_that_of_the_collection() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"] == VERSION
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_everything_of_ours_is_called_by_its_full_name() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    actions = {path.stem for kind in ("action", "modules") for path in (ROOT / "plugins" / kind).glob("*.*")} - {
        "__init__"
    }
    files = [path for folder in ("roles", "playbooks", "molecule") for path in (ROOT / folder).rglob("*.yml")]
    assert len(files) > 50
    found = {}
    for file in files:
        for task in tasks_of(yaml.safe_load(file.read_text(encoding="utf-8"))):
            short = {*task} & actions
            called = [task.get(word, {}) for word in ("ansible.builtin.include_role", "ansible.builtin.import_role")]
            short |= {one.get("name") for one in called if one} & roles
            short |= {one if isinstance(one, str) else one["role"] for one in task.get("roles", [])} & roles
            if short:
                found[str(file.relative_to(ROOT))] = short
    assert found == {}


def tasks_of(data: object) -> list[dict]:
    """Return every mapping of a playbook or task file that can be a play or a task."""
    if isinstance(data, list):
        return [task for item in data for task in tasks_of(item)]
    if isinstance(data, dict):
        inner = [
            data[word]
            for word in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
            if word in data
        ]
        return [data, *tasks_of(inner)]
    return []


def test_tests_stand_in_the_rooms_of_what_they_test():
    tested = {path.parent.name for path in (ROOT / "tests/unit/plugins").rglob("test_*.py")}
    folders = [*(ROOT / "plugins").iterdir(), *(ROOT / "plugins/plugin_utils").iterdir()]
    rooms = {folder.name for folder in folders if folder.is_dir()}
    assert tested <= rooms
    assert set(ROOMS) <= tested
