"""win_updates as its action plugin asks for it: start, poll until the exit, cancel."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import run, small_machine
from lab.windows.machine import Machine, restart
from lab.windows.machine.registry import Value
from lab.windows.modules.win_updates import OFFERED, REBOOT_REQUIRED

MODULE = "ansible.windows.win_updates"


def machine_with(**updates: dict[str, Any]) -> Machine:
    machine = small_machine()
    machine.registry.create(OFFERED)
    for identity, values in updates.items():
        machine.registry.create(f"{OFFERED}\\{identity}")
        for name, data in values.items():
            machine.registry.set(f"{OFFERED}\\{identity}", name, Value("REG_DWORD", data))
    return machine


def reported(machine: Machine, *, check: bool = False, **args: Any) -> dict[str, Any]:
    """Return what the process reported, by the name of the step."""
    started = run(machine, MODULE, {"category_names": ["*"], **args, "_operation": "start"}, check=check)
    asked = {"_operation": "poll", "_operation_options": started["poll_options"]}
    output = run(machine, MODULE, asked)["output"]
    ended = {"_operation": "cancel", "_operation_options": started["cancel_options"]}
    assert not run(machine, MODULE, ended).get("failed")
    return {step["task"]: step["result"] for step in output}


def test_nothing_offered_changes_nothing() -> None:
    machine = small_machine()
    before = machine.to_bytes()
    steps = reported(machine)
    assert steps["search_result"] == {"updates": [], "filtered": []}
    assert (steps["exit"]["changed"], steps["exit"]["reboot_required"]) == (False, False)
    assert machine.to_bytes() == before


def test_what_is_offered_is_installed_once_and_may_need_a_restart() -> None:
    machine = machine_with(one={}, two={"RebootRequired": 1})
    steps = reported(machine)
    results = {item["id"]: (item["result_code"], item["reboot_required"]) for item in steps["install_result"]["info"]}
    assert results == {"one": (2, False), "two": (2, True)}
    assert steps["exit"] == {"changed": True, "failed": False, "reboot_required": True, "exception": None}
    assert machine.registry.keys(OFFERED) == []
    assert restart.pending(machine)["windows_update"]
    restart.restart(machine)
    assert not reported(machine)["exit"]["changed"]


def test_a_dry_run_only_searches() -> None:
    machine = machine_with(one={"RebootRequired": 1})
    before = machine.to_bytes()
    steps = reported(machine, check=True)
    assert set(steps) == {"search_result", "exit"}
    assert steps["exit"]["changed"]
    assert machine.to_bytes() == before


def test_a_category_that_was_not_asked_for_is_left_out() -> None:
    machine = machine_with(one={})
    steps = reported(machine, category_names=["CriticalUpdates"])
    assert steps["search_result"]["filtered"] == [{"id": "one", "reasons": ["category_names"]}]
    assert machine.registry.keys(OFFERED) == ["one"]


@pytest.mark.parametrize(
    ("pending", "failing", "message"),
    [(True, 0, "A reboot is required before"), (False, 0x80070643, "Failed to install all updates")],
)
def test_what_fails_leaves_the_update_to_be_installed(pending: bool, failing: int, message: str) -> None:
    machine = machine_with(one={"HResult": failing})
    if pending:
        machine.registry.create(REBOOT_REQUIRED)
    steps = reported(machine)
    assert steps["exit"]["failed"]
    assert steps["exit"]["exception"]["message"].startswith(message)
    assert machine.registry.keys(OFFERED) == ["one"]


@pytest.mark.parametrize(
    "args", [{"state": "searched"}, {"reject_list": ["x"]}, {"server_selection": "windows_update"}]
)
def test_other_ways_are_not_modelled_and_say_so(args: dict[str, Any]) -> None:
    result = run(small_machine(), MODULE, {**args, "_operation": "start"})
    assert result["failed"]
    assert "does not model win_updates" in result["msg"]
