"""The enrolment's vectors name each thing that it may say; its scripts are dull, and only one file touches Windows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract import run_enrollment
from tests.contract.test_powershell_text import commands

VECTORS = run_enrollment.load()
REQUIRED = {"name", "arguments", "code", "says", "changes"}
FILES = {
    name: (run_enrollment.SCRIPTS / f"{name}.ps1").read_text()
    for name in ("windows", "plan", "steps", "removal", "machine")
}
PLANS = FILES["plan"] + FILES["removal"]
PURE = {"Set-StrictMode", "Write-Information", "ConvertFrom-Json", "ConvertTo-Json"}


def functions(source: str) -> set[str]:
    return set(re.findall(r"^function ([\w-]+)", source, re.MULTILINE))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_names_what_it_expects_and_is_named_like_its_file(vector: dict[str, Any]) -> None:
    assert {*vector} >= REQUIRED
    assert {*vector} <= REQUIRED | {"machine", "files", "file", "stays", "error"}
    assert (run_enrollment.VECTORS / f"{vector['name']}.json").is_file()
    assert run_enrollment.machine_of(vector)


def test_each_thing_that_it_may_say_is_said_in_a_vector() -> None:
    may = {(name, kind) for kind, name in re.findall(r"-List '(\w+)' -Id '([\w-]+)'", PLANS)}
    kinds = {"Note": "told", "Refused": "refused", "Done": "steps", "Would": "steps"}
    said = {(words.split()[-1], kinds[words.split()[0]]) for vector in VECTORS for words in vector["says"]}
    # A step of a removal that follows by itself: its steps are not listed, what it leaves is compared.
    assert may - said == {("listener-back", "steps")}


def test_the_page_explains_all_that_it_may_refuse_or_tell() -> None:
    page = (run_enrollment.SCRIPTS.parent / "docs/enrollment.md").read_text(encoding="utf-8")
    may = set(re.findall(r"-List '(?:told|refused)' -Id '([\w-]+)'", PLANS))
    assert {name for name in may if f"`{name}`" not in page} == set()
    assert len(may) > 20


def test_what_decides_and_what_carries_out_touches_nothing_of_windows_but_by_the_one_file() -> None:
    own = set().union(*map(functions, FILES.values()))
    for name in ("windows", "plan", "steps", "removal"):
        called = {command for _line, command in commands(FILES[name])}
        assert called - own - PURE == set(), name
    assert {command for _line, command in commands(FILES["plan"])} & functions(FILES["machine"]) == set()


def test_the_stand_in_of_the_vectors_has_the_functions_of_the_file_that_it_stands_in_for() -> None:
    stand_in = (run_enrollment.HERE / "enrollment_machine.ps1").read_text(encoding="utf-8")
    within = {"Open-LocalKey", "Read-DerItem", "Get-XmlText", "ConvertFrom-AlternativeName"}
    assert functions(FILES["machine"]) - within == functions(stand_in) - {"Start-Sshd", "Assert-Running"}


def test_a_second_difference_is_seen() -> None:
    before = {"registry": {"A": {"x": 1}}, "networks": [1]}
    assert run_enrollment.changes(before, before) == {}
    assert run_enrollment.changes(before, before | {"networks": [0]}) == {"networks": [0]}
    assert run_enrollment.changes(before, {"registry": {}, "networks": [1]}) == {"registry/A": None}


def test_windows_finds_the_labels_of_the_file_for_a_double_click() -> None:
    text = (run_enrollment.SCRIPTS / "windows.cmd").read_bytes()
    assert text.isascii()
    assert text.count(b"\r\n") == text.count(b"\n")
    labels, wanted = (set(re.findall(pattern, text.decode(), re.MULTILINE)) for pattern in (r"^:(\w+)", r"goto :(\w+)"))
    assert labels == wanted


def test_retiring_brings_the_files_that_the_removal_needs() -> None:
    play = (run_enrollment.SCRIPTS.parent / "playbooks/retire.yml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"loop: \[(.*)\]", play)
    assert {*listed.split(", ")} == {f"{name}.ps1" for name in FILES}
