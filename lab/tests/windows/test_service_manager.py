"""What the service manager refuses, what it remembers, and when the registry counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.tests.windows.machines import predicts, run
from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import SERVICES, Machine
from lab.windows.machine.parts import MachineError
from lab.windows.machine.registry import Value
from lab.windows.machine.restart import restart
from lab.windows.seed import Variant, build_windows

SERVICE, INFO, REGEDIT = (
    "ansible.windows.win_service",
    "ansible.windows.win_service_info",
    "ansible.windows.win_regedit",
)
KEY = r"HKLM:\SYSTEM\CurrentControlSet\Services"
DENIED = "(Access is denied, Win32ErrorCode 5 - 0x00000005)"


@pytest.fixture
def machine() -> Machine:
    return build_windows("win-01", Variant("11-24H2", "Pro", "en-US", "clean"), 7, password="x")


def agent(machine: Machine, **args: Any) -> None:
    machine.files.add_stub(r"C:\Program Files\Agent\agent.exe", 1000)
    path = r'"C:\Program Files\Agent\agent.exe" -run'
    assert run(machine, SERVICE, {"name": "Agent", "path": path, **args})["changed"] is True


def test_every_automatic_service_of_a_machine_can_be_started(machine: Machine) -> None:
    for service in machine.services.values():
        service.state = "Stopped"
    for name in machine.services:
        if machine.start_mode(name) != "Disabled":
            machine.start_service(name)


@pytest.mark.parametrize(
    ("args", "number"),
    [
        ({"path": r"C:\Nowhere\agent.exe"}, 2),
        ({"dependencies": ["NoSuchThing"]}, 1075),
        ({"dependencies": ["RemoteRegistry"]}, 1068),
        ({"username": "ansible", "password": "wrong"}, 1069),
        ({"start_mode": "disabled"}, 1058),
    ],
)
def test_a_service_that_cannot_start_does_not(machine: Machine, args: dict[str, Any], number: int) -> None:
    agent(machine)
    run(machine, SERVICE, {"name": "Agent", **args})
    with pytest.raises(MachineError) as caught:
        machine.start_service("Agent")
    assert caught.value.code == number
    result = run(machine, SERVICE, {"name": "Agent", "state": "started"})
    assert result["msg"].endswith("Cannot start service Agent on computer '.'.")
    assert machine.services["Agent"].state == "Stopped"


def test_a_path_without_quotes_may_end_at_any_of_its_spaces(machine: Machine) -> None:
    agent(machine)
    run(machine, SERVICE, {"name": "Agent", "path": r"C:\Program Files\Agent\agent -run"})
    machine.start_service("Agent")
    assert machine.services["Agent"].state == "Running"


@pytest.mark.parametrize("name", ["WinDefend", "gpsvc", "DcomLaunch", "RpcSs", "mpssvc", "Dnscache"])
@pytest.mark.parametrize(
    "args",
    [{"state": "stopped", "force_dependent_services": True}, {"start_mode": "disabled"}, {"state": "absent"}, {}],
)
def test_a_protected_service_is_not_even_opened(machine: Machine, name: str, args: dict[str, Any]) -> None:
    before = machine.to_bytes()
    result = run(machine, SERVICE, {"name": name, **args})
    assert result["msg"].endswith(f"\"Failed to open service '{name}' {DENIED}\"")
    assert machine.to_bytes() == before
    assert run(machine, INFO, {"name": name})["services"][0]["state"] == "started"


@pytest.mark.parametrize(("name", "number"), [("SamSs", 1052), ("PlugPlay", 1052), ("WinDefend", 5)])
def test_a_service_that_takes_no_stop_goes_on(machine: Machine, name: str, number: int) -> None:
    for other in machine.dependents(name):
        machine.services[other].state = "Stopped"
    with pytest.raises(MachineError) as caught:
        machine.stop_service(name)
    assert (caught.value.code, machine.services[name].state) == (number, "Running")


def test_a_service_that_takes_no_stop_is_named_by_the_module(machine: Machine) -> None:
    result = run(machine, SERVICE, {"name": "Power", "state": "stopped", "force_dependent_services": True})
    assert result["msg"].endswith(
        "Service 'Power (Power)' cannot be stopped due to the following error: "
        "Cannot stop Power service on computer '.'."
    )


@pytest.mark.parametrize(
    ("args", "what"),
    [({"state": "stopped", "force_dependent_services": True}, "stopping"), ({"start_mode": "disabled"}, "disabling")],
)
def test_where_it_is_not_known_the_lab_says_so(machine: Machine, args: dict[str, Any], what: str) -> None:
    before = machine.to_bytes()
    result = run(machine, SERVICE, {"name": "EventLog", **args})
    assert result["msg"] == (
        f"The lab does not model {what} EventLog: whether Windows lets an administrator is not known."
    )
    assert machine.to_bytes() == before


def test_a_start_mode_in_the_registry_counts_after_a_restart(machine: Machine) -> None:
    args = {"path": rf"{KEY}\Spooler", "name": "Start", "data": 4, "type": "dword"}
    assert predicts(machine, REGEDIT, args)["changed"] is True
    assert machine.registry.data(rf"{SERVICES}\Spooler", "Start") == 4
    assert machine.start_mode("Spooler") == "Auto"
    assert run(machine, INFO, {"name": "Spooler"})["services"][0]["start_mode"] == "auto"
    assert Machine.from_json(machine.to_json()).start_mode("Spooler") == "Auto"
    assert machine.copy().start_mode("Spooler") == "Auto"
    restart(machine)
    assert (machine.start_mode("Spooler"), machine.services["Spooler"].state) == ("Disabled", "Stopped")


def test_what_is_written_back_leaves_nothing_behind(machine: Machine) -> None:
    before = machine.to_bytes()
    for data in (4, 2):
        run(machine, REGEDIT, {"path": rf"{KEY}\Spooler", "name": "Start", "data": data, "type": "dword"})
    assert machine.to_bytes() == before


def test_the_service_manager_writes_over_what_went_past_it(machine: Machine) -> None:
    run(machine, REGEDIT, {"path": rf"{KEY}\Spooler", "name": "Start", "data": 4, "type": "dword"})
    assert predicts(machine, SERVICE, {"name": "Spooler", "start_mode": "manual"})["changed"] is True
    assert machine.start_mode("Spooler") == "Manual"
    restart(machine)
    assert machine.start_mode("Spooler") == "Manual"


def test_the_program_in_the_registry_counts_at_the_next_start(machine: Machine) -> None:
    run(machine, SERVICE, {"name": "Spooler", "state": "stopped"})
    args = {"path": rf"{KEY}\Spooler", "name": "ImagePath", "data": r"C:\Nowhere\x.exe", "type": "expandstring"}
    run(machine, REGEDIT, args)
    with pytest.raises(MachineError) as caught:
        machine.start_service("Spooler")
    assert caught.value.code == 2


def test_a_key_that_is_made_or_deleted_is_a_service_made_or_deleted_at_the_next_start(machine: Machine) -> None:
    for name, data, kind in (("Type", 16, "dword"), ("Start", 3, "dword"), ("ImagePath", r"C:\a.exe", "string")):
        run(machine, REGEDIT, {"path": rf"{KEY}\Own", "name": name, "data": data, "type": kind})
    run(machine, REGEDIT, {"path": rf"{KEY}\Spooler", "state": "absent", "delete_key": True})
    found = {name: run(machine, INFO, {"name": name})["exists"] for name in ("Own", "Spooler")}
    assert found == {"Own": False, "Spooler": True}
    assert machine.start_mode("Spooler") == "Auto"
    restart(machine)
    found = {name: run(machine, INFO, {"name": name})["exists"] for name in ("Own", "Spooler")}
    assert found == {"Own": True, "Spooler": False}


def test_all_services_at_once_are_left_alone(machine: Machine) -> None:
    args = {"path": r"HKLM:\SYSTEM\CurrentControlSet", "state": "absent", "delete_key": True}
    assert "it holds the settings of all services" in run(machine, REGEDIT, args)["msg"]


def test_the_second_control_set_is_the_first(machine: Machine) -> None:
    path = r"HKLM:\SYSTEM\ControlSet001\Services\Spooler"
    assert run(machine, "ansible.windows.win_reg_stat", {"path": path, "name": "Start"})["value"] == 2
    keys = run(machine, "ansible.windows.win_reg_stat", {"path": r"HKLM:\SYSTEM"})["sub_keys"]
    assert {"ControlSet001", "CurrentControlSet"} <= set(keys)
    run(machine, REGEDIT, {"path": path, "name": "Start", "data": 4, "type": "dword"})
    assert machine.registry.data(rf"{SERVICES}\Spooler", "Start") == 4


def test_a_name_with_a_slash_is_no_name_of_a_service(machine: Machine) -> None:
    result = run(machine, SERVICE, {"name": "a/b", "path": r"C:\a.exe"})
    assert result["msg"].endswith(
        "Service 'a/b (a/b)' cannot be created due to the following error: "
        "The filename, directory name, or volume label syntax is incorrect"
    )
    assert machine.service("a/b") is None


def test_a_path_is_expanded_with_the_environment_of_the_task(machine: Machine) -> None:
    call = Call(
        "module", SERVICE, {"name": "Own", "path": r"%OWN%\a.exe"}, user="ansible", environment={"OWN": r"D:\x"}
    )
    assert json.loads(execute(machine, call).stdout)["path"] == r"D:\x\a.exe"


def test_a_reset_period_needs_actions(machine: Machine) -> None:
    result = run(machine, SERVICE, {"name": "Spooler", "failure_reset_period_sec": 60})
    assert result["msg"].endswith(
        'Cannot set FailureAction ResetPeriod without explicit Actions and no existing Actions"'
    )
    assert machine.registry.get(rf"{SERVICES}\Spooler", "FailureActions") is None


def test_a_reset_period_stays_with_new_actions_and_goes_with_the_last(machine: Machine) -> None:
    actions = [{"type": "restart", "delay_ms": 5}]
    run(machine, SERVICE, {"name": "Spooler", "failure_actions": actions, "failure_reset_period_sec": 60})
    run(machine, SERVICE, {"name": "Spooler", "failure_actions": [*actions, {"type": "none"}]})
    (service,) = run(machine, INFO, {"name": "Spooler"})["services"]
    assert (service["failure_reset_period_sec"], len(service["failure_actions"])) == (60, 2)
    run(machine, SERVICE, {"name": "Spooler", "failure_actions": []})
    (service,) = run(machine, INFO, {"name": "Spooler"})["services"]
    assert (service["failure_reset_period_sec"], service["failure_actions"]) == (0, [])


def test_services_that_people_look_for_exist(machine: Machine) -> None:
    for name in ("WerSvc", "bthserv", "Eaphost", "StorSvc", "sppsvc", "Wecsvc", "wlidsvc"):
        assert run(machine, INFO, {"name": name})["exists"] is True


def test_a_driver_that_the_registry_knows_may_be_depended_on(machine: Machine) -> None:
    machine.registry.set(rf"{SERVICES}\OwnDriver", "Type", Value("REG_DWORD", 1))
    agent(machine, dependencies=["OwnDriver", "Tcpip", "+NetworkGroup"])
    machine.start_service("Agent")
    assert machine.services["Agent"].state == "Running"
