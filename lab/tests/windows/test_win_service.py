"""win_service and win_service_info."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import predicts, run, small_machine
from lab.windows.machine import SERVICES, Machine
from lab.windows.machine.parts import Service
from lab.windows.machine.registry import Value

MODULE = "ansible.windows.win_service"
INFO = "ansible.windows.win_service_info"


@pytest.fixture
def machine() -> Machine:
    machine = small_machine()
    put(machine, "RpcSs", "Running", Start=2, DisplayName="Remote Procedure Call (RPC)")
    put(machine, "Hub", "Running", Start=2, DisplayName="Measurement Hub")
    put(machine, "Meter", "Running", Start=2, DisplayName="Meter", DependOnService=["Hub"])
    put(machine, "Chart", "Running", Start=2, DisplayName="Chart", DependOnService=["Meter"])
    put(machine, "Later", "Stopped", Start=3, DisplayName="Later", DependOnService=["Hub"])
    put(machine, "Spooler", "Running", Start=2, DisplayName="Print Spooler", DependOnService=["RpcSs"])
    put(machine, "TermService", "Stopped", Start=3, DisplayName="Remote Desktop Services", DependOnService=["RpcSs"])
    put(machine, "LanmanServer", "Running", Start=2, DisplayName="Server", DelayedAutostart=1)
    put(machine, "tcpip", "Running", Start=0, DisplayName="TCP/IP", Type=1)
    return machine


def put(machine: Machine, name: str, state: str, **values: Any) -> None:
    machine.services[name] = Service(name, state)
    kinds = {int: "REG_DWORD", str: "REG_SZ", list: "REG_MULTI_SZ"}
    defaults = {"Type": 32, "ErrorControl": 1, "ImagePath": r"%SystemRoot%\system32\svchost.exe -k x"}
    for key, data in {**defaults, "ObjectName": "LocalSystem", **values}.items():
        machine.registry.set(f"{SERVICES}\\{name}", key, Value(kinds[type(data)], data))


def start_of(machine: Machine, name: str) -> tuple[int, int | None]:
    key = f"{SERVICES}\\{name}"
    return machine.registry.data(key, "Start"), machine.registry.data(key, "DelayedAutostart")


@pytest.mark.parametrize(
    ("mode", "values"), [("auto", (2, None)), ("delayed", (2, 1)), ("manual", (3, None)), ("disabled", (4, None))]
)
def test_a_start_mode_is_written_where_windows_keeps_it(
    machine: Machine, mode: str, values: tuple[int, int | None]
) -> None:
    result = predicts(machine, MODULE, {"name": "termservice", "start_mode": mode})
    assert (result["start_mode"], start_of(machine, "TermService")) == (mode, values)
    assert not predicts(machine, MODULE, {"name": "TermService", "start_mode": mode})["changed"]


def test_delayed_start_is_distinguished_from_auto(machine: Machine) -> None:
    assert predicts(machine, MODULE, {"name": "LanmanServer", "start_mode": "auto"})["changed"]
    assert start_of(machine, "LanmanServer") == (2, None)


def test_without_anything_to_set_it_reports(machine: Machine) -> None:
    result = predicts(machine, MODULE, {"name": "Print Spooler"})
    assert {key: result[key] for key in ("changed", "exists", "name", "state", "start_mode", "username", "path")} == {
        "changed": False,
        "exists": True,
        "name": "Spooler",
        "state": "running",
        "start_mode": "auto",
        "username": "LocalSystem",
        "path": r"C:\WINDOWS\system32\svchost.exe -k x",
    }
    result = predicts(machine, MODULE, {"name": "nothing"})
    assert (result["changed"], result["exists"]) == (False, False)


def test_starting_also_starts_what_the_service_needs(machine: Machine) -> None:
    machine.services["RpcSs"].state = "Stopped"
    result = predicts(machine, MODULE, {"name": "TermService", "state": "started"})
    assert (result["state"], machine.services["RpcSs"].state) == ("running", "Running")
    assert result["diff"]["before"]["state"] == "stopped"
    assert result["diff"]["after"]["state"] == "started"


def test_a_disabled_service_does_not_start(machine: Machine) -> None:
    predicts(machine, MODULE, {"name": "TermService", "start_mode": "disabled"})
    result = run(machine, MODULE, {"name": "TermService", "state": "started"})
    assert result["msg"] == (
        "Unhandled exception while executing module: Service 'Remote Desktop Services (TermService)' cannot be "
        "started due to the following error: Cannot start service TermService on computer '.'."
    )


def test_what_others_need_stops_only_by_force(machine: Machine) -> None:
    result = run(machine, MODULE, {"name": "Hub", "state": "stopped"})
    assert "because it has dependent services. It can only be stopped if the Force flag is set." in result["msg"]
    assert machine.services["Hub"].state == "Running"
    predicts(machine, MODULE, {"name": "Hub", "state": "stopped", "force_dependent_services": True})
    assert {name: machine.services[name].state for name in ("Hub", "Meter", "Chart")} == dict.fromkeys(
        ("Hub", "Meter", "Chart"), "Stopped"
    )


def test_a_forced_restart_brings_dependents_back(machine: Machine) -> None:
    result = predicts(machine, MODULE, {"name": "Hub", "state": "restarted", "force_dependent_services": True})
    assert (result["changed"], result["state"]) == (True, "running")
    assert {name: machine.services[name].state for name in ("Hub", "Meter", "Chart", "Later")} == {
        "Hub": "Running",
        "Meter": "Running",
        "Chart": "Running",
        "Later": "Stopped",
    }


def test_what_depends_on_a_service_indirectly_is_named_too(machine: Machine) -> None:
    (service,) = run(machine, INFO, {"name": "Hub"})["services"]
    assert service["dependency_of"] == ["Later", "Chart", "Meter"]


def test_only_some_services_can_be_paused(machine: Machine) -> None:
    result = run(machine, MODULE, {"name": "Spooler", "state": "paused"})
    assert result["msg"] == "failed to pause service Spooler: The service does not support pausing"
    predicts(machine, MODULE, {"name": "LanmanServer", "state": "paused"})
    assert machine.services["LanmanServer"].state == "Paused"
    assert predicts(machine, MODULE, {"name": "LanmanServer", "state": "started"})["state"] == "running"


@pytest.mark.parametrize(
    ("action", "given", "left"),
    [
        ("set", ["tcpip"], ["tcpip"]),
        ("add", ["tcpip", "RpcSs"], ["RpcSs", "tcpip"]),
        ("remove", ["RpcSs", "tcpip"], []),
        ("set", ["RpcSs"], ["RpcSs"]),
    ],
)
def test_dependencies(machine: Machine, action: str, given: list[str], left: list[str]) -> None:
    result = predicts(machine, MODULE, {"name": "Spooler", "dependencies": given, "dependency_action": action})
    assert result["dependencies"] == left
    assert machine.registry.data(f"{SERVICES}\\Spooler", "DependOnService") == left
    assert result["changed"] == (left != ["RpcSs"])


def test_failure_actions_are_kept_in_the_binary_form(machine: Machine) -> None:
    actions = [{"type": "restart", "delay_ms": 5000}, {"type": "none", "delay": 0}]
    args = {"name": "Spooler", "failure_actions": actions, "failure_reset_period_sec": 86400}
    predicts(machine, MODULE, args)
    assert machine.registry.data(f"{SERVICES}\\Spooler", "FailureActions").hex() == (
        "80510100" + "00000000" * 2 + "02000000" + "14000000" + "01000000" + "88130000" + "00000000" * 2
    )
    assert not predicts(machine, MODULE, args)["changed"]


def test_an_empty_text_clears_a_description_but_not_a_display_name(machine: Machine) -> None:
    predicts(machine, MODULE, {"name": "Spooler", "description": "Prints"})
    assert machine.registry.data(f"{SERVICES}\\Spooler", "Description") == "Prints"
    predicts(machine, MODULE, {"name": "Spooler", "description": "", "display_name": ""})
    assert machine.registry.get(f"{SERVICES}\\Spooler", "Description") is None
    assert machine.registry.data(f"{SERVICES}\\Spooler", "DisplayName") == "Print Spooler"


def test_creating_and_removing(machine: Machine) -> None:
    machine.files.add_stub(r"C:\Program Files\Agent\agent.exe", 1000)
    args = {"name": "Agent", "path": r"%ProgramFiles%\Agent\agent.exe", "start_mode": "manual", "state": "started"}
    result = predicts(machine, MODULE, args)
    assert (result["state"], result["path"]) == ("running", r"C:\Program Files\Agent\agent.exe")
    assert start_of(machine, "Agent") == (3, None)
    assert predicts(machine, MODULE, {"name": "Agent", "state": "absent"})["exists"] is False
    assert "Agent" not in machine.services
    assert not machine.registry.exists(f"{SERVICES}\\Agent")
    assert not predicts(machine, MODULE, {"name": "Agent", "state": "absent"})["changed"]


def test_a_missing_service_needs_a_path(machine: Machine) -> None:
    result = run(machine, MODULE, {"name": "Agent", "start_mode": "auto"})
    assert result["msg"] == "Service 'Agent' is not installed, need to set 'path' to create a new service"


def test_the_account(machine: Machine) -> None:
    result = predicts(machine, MODULE, {"name": "Spooler", "username": r".\taro", "password": "taro-secret"})
    assert result["username"] == r"PC1\taro"
    assert machine.registry.data(f"{SERVICES}\\Spooler", "ObjectName") == r"PC1\taro"
    result = run(machine, MODULE, {"name": "Spooler", "username": "taro", "desktop_interact": True})
    assert result["msg"] == "Can only set 'desktop_interact' to true when 'username' equals 'SYSTEM'"
    assert "could not be translated" in run(machine, MODULE, {"name": "Spooler", "username": "nobody"})["msg"]


def test_info_of_one_service(machine: Machine) -> None:
    result = predicts(machine, INFO, {"name": "rpcss"})
    (service,) = result["services"]
    assert result["exists"]
    assert {key: service[key] for key in ("name", "state", "start_mode", "dependency_of", "username")} == {
        "name": "RpcSs",
        "state": "started",
        "start_mode": "auto",
        "dependency_of": ["Spooler", "TermService"],
        "username": r"NT AUTHORITY\SYSTEM",
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, ["Chart", "Hub", "LanmanServer", "Later", "Meter", "RpcSs", "Spooler", "TermService"]),
        ("s*r", ["Spooler"]),
        ("tcpip", ["tcpip"]),
        ("print spooler", ["Spooler"]),
        ("Print*", []),
        ("nothing", []),
    ],
)
def test_info_leaves_drivers_out_unless_named(machine: Machine, name: str | None, found: list[str]) -> None:
    result = predicts(machine, INFO, {"name": name} if name else {})
    assert [service["name"] for service in result["services"]] == found
    assert result["exists"] == bool(found)
