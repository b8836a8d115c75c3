"""What is installed is named once, in pyproject.toml and lab/pyproject.toml; the lock files have it, with hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements"
LOCKED = re.compile(
    r"^([a-z0-9._-]+)==([^ ]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def locked(name: str) -> dict[tuple[str, str], int]:
    """Return how many hashes each package has, by its name and version."""
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    return {(match[1], match[2]): match[4].count("sha256:") for match in LOCKED.finditer(text)}


def pinned(*lines: str) -> set[tuple[str, str]]:
    """Return the name and version of those that a line pins."""
    found = [re.match(r"([\w.-]+)==([^; ]+)", line) for line in lines]
    return {(match[1].lower(), match[2]) for match in found if match}


def project(folder: str = ".") -> dict:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


CONTROLLER = {*project()["dependencies"], *project("lab")["dependencies"]}
EXTRAS = {line for lines in project()["optional-dependencies"].values() for line in lines}
BUILD = (LOCKS / "build.in").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("lock", "lines"), [("run", {*CONTROLLER, *BUILD}), ("test", {*CONTROLLER, *BUILD, *EXTRAS})])
def test_what_is_named_is_locked_at_its_version(lock, lines):
    assert len(pinned(*lines)) >= 9
    assert pinned(*lines) <= {*locked(lock)}


@pytest.mark.parametrize("name", ["uv", "supply"])
def test_what_installs_and_what_looks_at_it_are_locked_as_well(name):
    lines = (LOCKS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    assert pinned(*lines)
    assert pinned(*lines) <= {*locked(name)}


def test_what_runs_is_what_is_tested():
    assert len(locked("run")) > 30
    assert {*locked("run")} <= {*locked("test")}


def test_the_vectors_run_on_windows_with_the_ansible_that_runs_here():
    wanted = {(name, version) for name, version in locked("run") if name == "ansible-core"}
    assert len(wanted) == 2
    assert wanted <= {*locked("contract")} <= {*locked("run")}


@pytest.mark.parametrize("name", ["uv", "run", "test", "contract", "supply"])
def test_no_package_comes_without_a_hash(name):
    lines = (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(packages) == len(locked(name))
    assert all(locked(name).values())


def test_nothing_is_installed_past_the_locks():
    """An environment of make's takes packages from these files alone; what is known to it besides brings none along."""
    lines = [line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "pip install" in line]
    assert len(lines) >= 3
    assert all("--require-hashes" in line or line.startswith("UV = ") for line in lines)
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(part.lstrip().startswith(("--require-hashes", "--no-deps")) for part in text.split("$(UV)")[1:])
