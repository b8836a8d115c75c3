"""Breaks each control of a role, and each argument of the tasks that write, in the text of the YAML file itself.

The cheap tests of the role have to notice: its own, and whole runs in memory (plan/test_properties.py). It is a program
of its own, which works in the folder that it lies in; it splits off a process for the tests of each breakage, so that
nothing is loaded twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mutation.survivors import Score, Survivor

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/vars/Windows.yml"))
WRITERS = "endpoint_controls"
# What another kind of comparison is; of those that are not here anything counts.
OTHERWISE = {
    "text": "exact",
    "exact": "text",
    "number": "exact",
    "set": "contains",
    "contains": "set",
    "addresses": "set",
    "present": "absent",
    "absent": "present",
    "reachable_from": "reachable_only_from",
    "reachable_only_from": "reachable_from",
}
MILDER = {"high": "low", "medium": "high", "low": "medium"}
CONDITIONS = ("applies_if", "governed_by", "postpone_if")
# Of a task, what is no argument of a module but part of how it writes.
OF_TASKS = ("when", "failed_when")
SEVERITIES = "tests/unit/roles/test_severities.py"
PROPERTIES = "tests/unit/plugins/plan/test_properties.py"


@dataclass(frozen=True)
class Breakage:
    """A piece of a file's text, and what stands there instead."""

    file: str
    what: str
    start: int
    end: int
    text: str

    def of(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]


def broken(folder: Path, part: str) -> Score:
    """Break the controls of one role in this copy of the project, or those of all, and the writers."""
    command = [sys.executable, "-m", "tests.mutation.roles", part]
    environment = {**os.environ, "CI": "true"}  # the same examples each time
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    return Score(part, found["tried"], [Survivor(*one) for one in found["lived"]])


def main(part: str) -> None:
    """Do it where this lies, and print what came of it."""
    tried, lived = 0, []
    _load()
    for role in [*ROLES, WRITERS] if part == "roles" else [part]:
        tests = tests_of(role)
        if _noticed(tests):
            raise SystemExit(f"the tests of {role} fail on the code as it is: {tests}")
        for one in breakages(role):
            path = ROOT / one.file
            source = path.read_text(encoding="utf-8")
            path.write_text(one.of(source), encoding="utf-8")
            tried += 1
            if not _noticed(tests):
                lived.append([one.what, one.text])
            path.write_text(source, encoding="utf-8")
    print(json.dumps({"tried": tried, "lived": lived}))


def tests_of(role: str) -> list[str]:
    """Return what has to notice, as arguments of pytest."""
    own = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(f"tests/unit/roles/test_{role}*.py"))]
    if role == WRITERS:
        return [PROPERTIES]
    return [*own, SEVERITIES, PROPERTIES, "-k", f"{role} or not test_properties"]


def breakages(role: str) -> Iterator[Breakage]:
    """Yield all of a role."""
    if role == WRITERS:
        for path in sorted(ROOT.glob(f"roles/{WRITERS}/tasks/*_*.yml")):
            yield from _of_tasks(path)
        return
    for path in sorted(ROOT.glob(f"roles/{role}/vars/*.yml")):
        yield from _of_controls(path)


def _of_controls(path: Path) -> Iterator[Breakage]:
    name, source = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for control in _controls(yaml.compose(source)):
        parts = _parts(control)
        where = f"{path.stem} {parts['id'].value}"
        for key, node in parts.items():
            for what, at, text in _other(key, node, source):
                yield Breakage(name, f"{where} {what}", at.start_mark.index, _end(at, source), text)


def _controls(node: Any) -> Iterator[Any]:
    """Yield what has an id and a severity, wherever it lies."""
    if isinstance(node, yaml.MappingNode):
        if {"id", "severity"} <= _parts(node).keys():
            yield node
        for _key, value in node.value:
            yield from _controls(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _controls(value)


def _parts(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value}


def _other(key: str, node: Any, source: str) -> Iterator[tuple[str, Any, str]]:
    """Yield what stands in the place of one part of a control."""
    text = source[node.start_mark.index : node.end_mark.index]
    if "&" in source[node.start_mark.index - 40 : node.start_mark.index].rsplit("\n", maxsplit=1)[-1]:
        return  # an anchor's content is broken where it stands, for all that point to it
    if key == "expected" and isinstance(node, yaml.ScalarNode):
        yield key, node, "1234567" if node.value != "1234567" and text.strip('"').isdigit() else '"something else"'
    elif key == "where" and isinstance(node, yaml.MappingNode):
        for name, value in _parts(node).items():
            if name in ("value", "registry", "user_registry", "service", "firewall_rule", "group", "plist"):
                yield f"where.{name}", value, '"Elsewhere\\\\Than\\\\There"'
    elif key == "compare":
        yield key, node, OTHERWISE.get(node.value, "present")
    elif key == "severity" and node.value in MILDER:
        yield key, node, MILDER[node.value]
    elif key == "when":
        yield key, node, "false" if node.value.lower() != "false" else "true"
    elif key in CONDITIONS:
        yield key, node, "[]"


def _of_tasks(path: Path) -> Iterator[Breakage]:
    name, source = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    tasks: Any = yaml.compose(source)
    for task in tasks.value:
        parts = _parts(task)
        where = f"{path.stem} {parts['name'].value}:"
        for key, node in parts.items():
            if "." in key and isinstance(node, yaml.MappingNode):
                for argument, value in node.value:
                    what = f"{where} {argument.value}"
                    yield Breakage(name, what, value.start_mark.index, _end(value, source), '"{{ omit }}"')
            elif key in OF_TASKS:
                yield Breakage(name, f"{where} {key}", node.start_mark.index, _end(node, source), "false")


def _end(node: Any, source: str) -> int:
    """Return where a node's own text ends: a block's mark is at the beginning of what comes next."""
    text = source[: node.end_mark.index]
    return len(text.rstrip()) if text.rstrip() != text else node.end_mark.index


def _load() -> None:
    """Load what every test needs, once."""
    for name in ("tests.samples.mac_roles", "tests.samples.started"):
        import_module(name)


def _noticed(tests: list[str]) -> bool:
    """Run tests in a process split off from this one; whether one fails."""
    child = os.fork()
    if not child:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os._exit(1 if pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]) else 0)
    return os.waitpid(child, 0)[1] != 0


if __name__ == "__main__":
    main(sys.argv[1])
