"""What installing meets on the lab's machines: restore points, keys that a boot forgets, big files in small states."""

from __future__ import annotations

import pytest

from lab.tests.windows.machines import small_machine
from lab.windows.machine import Machine, restart, restore_points
from lab.windows.machine.filesystem import installer_bytes
from lab.windows.machine.parts import MachineError, RestorePoint
from lab.windows.machine.registry import Value


@pytest.mark.parametrize(
    ("age_hours", "frequency", "made"),
    [(3, None, False), (30, None, True), (3, 0, True), (3, 60, True), (0, 60, False)],
)
def test_a_second_restore_point_within_a_day_is_skipped_without_an_error(
    age_hours: int, frequency: int | None, made: bool
) -> None:
    machine = small_machine()
    machine.restore_points = [RestorePoint(7, "earlier", age_hours=age_hours)]
    if frequency is not None:
        machine.registry.set(restore_points.KEY, restore_points.FREQUENCY, Value("REG_DWORD", frequency))
    restore_points.make(machine, "now")
    assert restore_points.newest(machine) == (8 if made else 7)


def test_a_policy_keeps_protection_off() -> None:
    machine = small_machine()
    machine.registry.set(restore_points.POLICY, "DisableSR", Value("REG_DWORD", 1))
    with pytest.raises(MachineError, match="turned off by your system administrator"):
        restore_points.protect(machine)


def test_a_volatile_key_lasts_until_the_next_boot() -> None:
    machine = small_machine()
    machine.registry.create(r"HKLM\SOFTWARE\Note\Mine")
    machine.volatile_keys = {r"HKLM\SOFTWARE\Note", r"HKLM\SOFTWARE\Note\Mine"}
    machine = Machine.from_json(machine.to_json())
    assert machine.registry.exists(r"HKLM\SOFTWARE\Note\Mine")
    restart.restart(machine)
    assert not machine.registry.exists(r"HKLM\SOFTWARE\Note")
    assert machine.volatile_keys == set()


def test_a_volatile_key_that_is_deleted_is_no_matter_of_the_next_boot() -> None:
    machine = small_machine()
    before = machine.to_bytes()
    machine.registry.create(r"HKLM\SOFTWARE\Note")
    machine.volatile_keys = {r"HKLM\SOFTWARE\Note"}
    machine.registry.delete_key(r"HKLM\SOFTWARE\Note")
    assert machine.to_bytes() == before


def test_an_installer_of_many_bytes_is_kept_in_few_and_comes_back_whole() -> None:
    machine = small_machine()
    content = installer_bytes({"kind": "msi"}, 5_000_000)
    machine.files.mkdir(r"C:\temp")
    before = len(machine.to_bytes())
    machine.files.write(r"C:\temp\x.msi", content)
    machine.files.write(r"C:\temp\zeros", b"\0\0\0")
    assert len(machine.to_bytes()) < before + 1000
    again = Machine.from_json(machine.to_json())
    assert again.files.read(r"C:\temp\x.msi") == content
    assert again.files.read(r"C:\temp\zeros") == b"\0\0\0"
    assert again.to_bytes() == machine.to_bytes()
