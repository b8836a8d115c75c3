"""What pyproject.toml says of the distribution agrees with the folder."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

LAB = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((LAB / "pyproject.toml").read_text(encoding="utf-8"))
# The import name of what has another name on PyPI.
IMPORTED_AS = {"ansible-core": "ansible", "pyspnego": "spnego", "PyYAML": "yaml"}


def sources() -> list[Path]:
    return [path for path in LAB.rglob("*.py") if path.relative_to(LAB).parts[0] not in ("tests", "build")]


def test_every_folder_with_python_files_is_in_the_wheel_and_the_tests_are_not() -> None:
    folders = {".".join(("lab", *path.relative_to(LAB).parent.parts)) for path in sources()}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


def test_what_the_lab_imports_is_what_it_requires() -> None:
    required = {line.partition("=")[0].rstrip(">") for line in PROJECT["project"]["dependencies"]}
    imported = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert imported - sys.stdlib_module_names - {"lab"} == {IMPORTED_AS.get(name, name) for name in required}


def test_nothing_but_python_files_is_needed_at_run_time() -> None:
    known = {"README.md", "LICENSE", "pyproject.toml", "lies.md", "ruff.toml"}
    others = {
        path.name
        for path in LAB.rglob("*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and not any(part.startswith(".") or part.endswith(".egg-info") for part in path.relative_to(LAB).parts)
    }
    assert others <= known
