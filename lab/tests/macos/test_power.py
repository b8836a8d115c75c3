"""pmset of a simulated Mac: what it prints, and who may set what."""

from __future__ import annotations

from pathlib import Path

from lab.tests.macos.machines import mac, run, sudo


def test_what_is_set_for_mains_power_leaves_the_battery_alone(tmp_path: Path) -> None:
    machine = mac(tmp_path)
    fresh = run(machine, "/usr/bin/pmset -g custom").stdout
    assert "Battery Power:\n" in fresh and " womp                 1\n" in fresh
    assert run(machine, "/usr/bin/pmset -c sleep 0").returncode == 1
    assert run(machine, "/usr/bin/pmset -g custom").stdout == fresh
    assert sudo(machine, "/usr/bin/pmset -c sleep 0").returncode == 0
    battery, mains = run(machine, "/usr/bin/pmset -g custom").stdout.split("AC Power:")
    assert " sleep                1\n" in battery
    assert " sleep                0\n" in mains


def test_what_is_not_modelled_says_so(tmp_path: Path) -> None:
    assert run(mac(tmp_path), "/usr/bin/pmset -g assertions").returncode == 127
