"""The application firewall of a simulated Mac: off as delivered, its answers, and what changes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.tests.macos.machines import mac, run, sudo

TOOL = "/usr/libexec/ApplicationFirewall/socketfilterfw"


@pytest.mark.parametrize(
    ("macos", "nothing", "everything"),
    [
        ("12", "Block all DISABLED!", "Firewall is set to block all non-essential incoming connections"),
        ("15", "Firewall has block all state set to disabled.", "Firewall has block all state set to enabled."),
    ],
)
def test_it_is_off_until_somebody_turns_it_on(tmp_path: Path, macos: str, nothing: str, everything: str) -> None:
    machine = mac(tmp_path, macos=macos)
    assert run(machine, f"{TOOL} --getglobalstate").stdout == "Firewall is disabled. (State = 0)\n"
    assert run(machine, f"{TOOL} --getblockall").stdout == f"{nothing}\n"
    assert run(machine, f"{TOOL} --setglobalstate on").returncode == 1
    for change in ("--setglobalstate on", "--setblockall on", "--blockapp /usr/sbin/smbd"):
        assert sudo(machine, f"{TOOL} {change}").returncode == 0
    assert run(machine, f"{TOOL} --getglobalstate").stdout == "Firewall is enabled. (State = 2)\n"
    assert run(machine, f"{TOOL} --getblockall").stdout == f"{everything}\n"
    for program, word in (("/usr/sbin/smbd", "blocked"), ("/usr/sbin/cupsd", "permitted")):
        answer = run(machine, f"{TOOL} --getappblocked {program}")
        assert answer.stdout == f"Incoming connection to the application is {word}\n"


def test_what_is_not_modelled_says_so(tmp_path: Path) -> None:
    assert run(mac(tmp_path), f"{TOOL} --listapps").returncode == 127
