"""The order of the rooms: a file imports from its own room and from those before it, never from one behind it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[1]
# What knows nothing of the others comes first. "lab.windows" and "lab.macos" are their own files, without the rooms.
WINDOWS = ["machine", "seed", "calls", "net", "modules"]
ORDER = [*(f"lab.windows.{room}" for room in WINDOWS), "lab.windows", "lab"]
SYSTEMS = ["lab.windows", "lab.macos"]
MAC_ORDER = ["lab.macos", "lab.macos.tools", "lab.macos.guest", "lab"]


def files() -> dict[str, Path]:
    """Return the lab's modules by name, its tests left out."""
    paths = [path for path in LAB.rglob("*.py") if path.relative_to(LAB).parts[0] not in ("tests", "build")]
    names = (".".join(("lab", *path.relative_to(LAB).with_suffix("").parts)) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


MODULES = files()


def imports(path: Path) -> set[str]:
    """Return the lab's modules that a file imports, those for annotations alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ignored = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: the lab's imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
    return found & set(MODULES)


def room(module: str, order: list[str]) -> str | None:
    """Return the room that a module is in: the longest name that it begins with."""
    return max((name for name in order if f"{module}.".startswith(f"{name}.")), key=len, default=None)


@pytest.mark.parametrize("order", [ORDER, MAC_ORDER], ids=["windows", "macos"])
def test_no_arrow_runs_from_a_room_to_one_behind_it(order: list[str]) -> None:
    wrong = []
    for module, path in MODULES.items():
        own = room(module, order)
        for other in imports(path):
            target = room(other, order)
            assert own is not None, module
            assert target is not None, other
            if order.index(target) > order.index(own):
                wrong.append(f"{module} imports {other}")
    assert wrong == []


def test_windows_and_macs_know_nothing_of_each_other() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        for other in imports(path)
        if {room(module, SYSTEMS), room(other, SYSTEMS)} == set(SYSTEMS)
    ]
    assert wrong == []


def test_every_file_of_windows_but_one_is_in_a_room() -> None:
    assert {path.name for path in (LAB / "windows").iterdir() if path.name != "__pycache__"} == {
        *WINDOWS,
        "__init__.py",
        "execute.py",
    }


def test_the_lab_imports_nothing_of_the_roles_it_is_used_with() -> None:
    ours = {"plugins", "tests", "roles", "offsite", "ansible_collections"}
    wrong = [
        f"{module} imports {node.module}"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ours
    ]
    assert wrong == []


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count >= 400} == {}
