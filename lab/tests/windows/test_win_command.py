"""win_command: powercfg sets what the power plan that is active says; what has no model is not done."""

from __future__ import annotations

from lab.tests.windows.machines import run, small_machine
from lab.windows.machine.power import BALANCED, SCHEMES, SLEEP, STANDBY, put_power

MODULE = "ansible.windows.win_command"
KEY = rf"{SCHEMES}\{BALANCED}\{SLEEP}\{STANDBY}"


def powercfg(*arguments: str) -> list[str]:
    return ["powercfg.exe", *arguments]


def test_a_value_of_the_active_plan_is_set() -> None:
    machine = small_machine()
    put_power(machine)
    assert machine.registry.data(KEY, "ACSettingIndex") is None
    argv = powercfg("/setacvalueindex", "SCHEME_CURRENT", "SUB_SLEEP", "STANDBYIDLE", "0")
    result = run(machine, MODULE, {"argv": argv})
    assert (result["rc"], result["changed"]) == (0, True)
    assert machine.registry.data(KEY, "ACSettingIndex") == 0
    assert run(machine, MODULE, {"argv": powercfg("/setactive", "SCHEME_CURRENT")})["rc"] == 0


def test_a_setting_that_powercfg_does_not_know_fails_as_it_does() -> None:
    machine = small_machine()
    put_power(machine)
    before = machine.to_bytes()
    argv = powercfg("/setacvalueindex", "SCHEME_CURRENT", "SUB_SLEEP", "NAPTIME", "0")
    result = run(machine, MODULE, {"argv": argv})
    assert (result["failed"], result["rc"], result["msg"]) == (True, 1, "non-zero return code")
    assert machine.to_bytes() == before


def test_what_has_no_model_is_not_done() -> None:
    machine = small_machine()
    put_power(machine)
    for arguments in ({"argv": ["whoami.exe"]}, {"argv": powercfg("/hibernate", "off")}, {"cmd": "powercfg /a"}):
        result = run(machine, MODULE, arguments)
        assert result["failed"]
        assert "not model" in result["msg"]


def test_a_dry_run_runs_nothing() -> None:
    machine = small_machine()
    put_power(machine)
    before = machine.to_bytes()
    argv = powercfg("/setacvalueindex", "SCHEME_CURRENT", "SUB_SLEEP", "STANDBYIDLE", "0")
    assert run(machine, MODULE, {"argv": argv}, check=True)["skipped"]
    assert machine.to_bytes() == before
