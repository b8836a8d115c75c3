"""When files were written, and names that Windows refuses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.tests.windows.machines import run, small_machine
from lab.windows.calls.documentation import documentation_of
from lab.windows.machine import Machine
from lab.windows.machine.filesystem import FileSystem, FileSystemError, normal
from lab.windows.machine.parts import NotModelled

FILE = "ansible.windows.win_file"
DOCUMENTED = documentation_of(FILE)
assert DOCUMENTED is not None
OLD_TOUCH = "access_time" not in DOCUMENTED.options


@pytest.fixture
def machine() -> Machine:
    machine = small_machine()
    machine.files.mkdir(r"C:\Temp\d")
    machine.files.write(r"C:\Temp\a", b"abc")
    machine.files.write(r"C:\Temp\b", b"abc")
    return machine


def times(machine: Machine, path: str) -> dict[str, Any]:
    stat = run(machine, "ansible.windows.win_stat", {"path": path})["stat"]
    return {name: stat[name] for name in ("creationtime", "lastaccesstime", "lastwritetime")}


def test_what_was_there_from_the_beginning_has_times_that_stay_and_differ(machine: Machine) -> None:
    first = times(machine, r"C:\Temp\a")
    assert first == times(small_copy(machine), r"C:\Temp\a")
    assert first != times(machine, r"C:\Temp\b")
    assert 1_735_689_600 <= first["lastwritetime"] < 1_755_689_600


def small_copy(machine: Machine) -> Machine:
    return Machine.from_json(machine.to_json())


def test_touch_dates_what_is_there_and_keeps_its_content(machine: Machine) -> None:
    before, began = times(machine, r"C:\Temp\a"), time.time()
    assert run(machine, FILE, {"path": r"C:\Temp\a", "state": "touch"}, check=True)["changed"] is True
    assert times(machine, r"C:\Temp\a") == before
    run(machine, FILE, {"path": r"C:\Temp\a", "state": "touch"})
    after = times(small_copy(machine), r"C:\Temp\a")
    assert began - 1 <= after["lastwritetime"] <= time.time()
    assert after["creationtime"] == before["creationtime"]
    assert (after["lastaccesstime"] == before["lastaccesstime"]) is OLD_TOUCH
    assert machine.files.read(r"C:\Temp\a") == b"abc"


def test_a_new_file_is_empty_and_dated(machine: Machine) -> None:
    began = time.time()
    run(machine, FILE, {"path": r"C:\Temp\new", "state": "touch"})
    stat = run(machine, "ansible.windows.win_stat", {"path": r"C:\Temp\new"})["stat"]
    assert (stat["size"], stat["creationtime"] >= began - 1) == (0, True)


@pytest.mark.skipif(not OLD_TOUCH, reason="this collection dates the folder itself")
def test_touch_of_a_folder_dates_the_one_thing_in_it_or_fails(machine: Machine) -> None:
    message = run(machine, FILE, {"path": r"C:\Temp\d", "state": "touch"})["msg"]
    assert "The property 'LastWriteTime' cannot be found on this object." in message
    machine.files.write(r"C:\Temp\d\one", b"")
    before = times(machine, r"C:\Temp\d\one"), times(machine, r"C:\Temp\d")
    run(machine, FILE, {"path": r"C:\Temp\d", "state": "touch"})
    assert times(machine, r"C:\Temp\d\one") != before[0]
    assert times(machine, r"C:\Temp\d") == before[1]


def test_touch_of_a_read_only_file_fails(machine: Machine) -> None:
    machine.files.set_attributes(r"C:\Temp\a", ("ReadOnly",))
    assert "is denied." in run(machine, FILE, {"path": r"C:\Temp\a", "state": "touch"})["msg"]


def test_a_copy_brings_the_time_of_writing_along(machine: Machine) -> None:
    args = {"_copy_mode": "remote", "src": r"C:\Temp\a", "dest": r"C:\Temp\c"}
    run(machine, "ansible.windows.win_copy", args)
    source, copy = times(machine, r"C:\Temp\a"), times(machine, r"C:\Temp\c")
    assert copy["lastwritetime"] == source["lastwritetime"]
    assert copy["creationtime"] > source["creationtime"]


def test_a_rewritten_file_keeps_when_it_was_made_and_a_moved_one_all() -> None:
    files = FileSystem()
    files.now = lambda: 2_000_000_000.0
    files.write(r"C:\a", b"1")
    files.now = lambda: 2_000_000_100.0
    files.write(r"C:\a", b"2")
    assert files.need(r"C:\a").times == (2_000_000_000.0, 2_000_000_100.0, 2_000_000_100.0)
    files.move(r"C:\a", r"C:\b")
    assert files.need(r"C:\b").times == (2_000_000_000.0, 2_000_000_100.0, 2_000_000_100.0)


NAMES = [r"C:\Temp\CON", r"C:\Temp\nul.txt", r"C:\Temp\com1\x", r"C:\Temp\a.", r"C:\Temp\a ", r"C:\Temp\a.\x"]


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize("state", ["touch", "directory", "absent"])
def test_names_of_devices_and_names_that_windows_shortens_are_refused(machine: Machine, path: str, state: str) -> None:
    before = machine.to_bytes()
    result = run(machine, FILE, {"path": path, "state": state})
    assert (result["failed"], result["msg"].startswith(f"The lab does not model '{path}': ")) == (True, True)
    assert run(machine, "ansible.windows.win_stat", {"path": path})["failed"] is True
    assert machine.to_bytes() == before


@pytest.mark.parametrize("name", ["a:b", "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "a\tb"])
def test_characters_that_windows_refuses_are_refused(name: str) -> None:
    with pytest.raises(FileSystemError) as caught:
        normal(f"C:\\Temp\\{name}")
    assert caught.value.code == 123


@pytest.mark.parametrize("path", [r"C:\Temp\.ssh", r"C:\Temp\console", r"C:\a.b\c d", r"C:\x\..\y", r"C:\com10"])
def test_other_names_are_taken(path: str) -> None:
    assert normal(path)


def test_a_name_that_is_shortened_says_why() -> None:
    with pytest.raises(NotModelled, match="Windows drops dots and spaces at the end of a name"):
        normal(r"C:\a.")
