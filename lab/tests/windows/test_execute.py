"""The dispatcher of the simulated Windows endpoint: envelope, unmodelled calls, become, facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.windows import modules
from lab.windows.calls import models
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import CURRENT_VERSION, PROFILE_LIST, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.machine.parts import Adapter
from lab.windows.machine.registry import Value

TARO = "S-1-5-21-1000000001-1000000002-1000000003-1001"
ADMIN = "S-1-5-21-1000000001-1000000002-1000000003-500"


@pytest.fixture
def machine() -> Machine:
    machine = Machine("pc1")
    for sid, name in ((ADMIN, "ansible"), (TARO, "taro")):
        machine.accounts.users[sid] = User(sid, name)
        machine.accounts.users[sid].set_password(f"{name}-secret")
    machine.groups[ADMINISTRATORS].members.add(ADMIN)
    machine.registry.set(PROFILE_LIST, "ProfilesDirectory", Value("REG_EXPAND_SZ", r"%SystemDrive%\Users"))
    machine.registry.set(CURRENT_VERSION, "CurrentBuild", Value("REG_SZ", "26100"))
    machine.registry.set(CURRENT_VERSION, "EditionID", Value("REG_SZ", "Core"))
    machine.create_profile(TARO)
    return machine


def module(called: str, internal: dict[str, Any] | None = None, become: str | None = None, **args: Any) -> Call:
    return Call("module", called, args, internal or {}, become_user=become, user="ansible")


def answer(outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(outcome.stdout)
    assert outcome.rc == (1 if result.get("failed") else 0)
    return result


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    modules.load()
    monkeypatch.setattr(models, "_models", dict(models._models))
    yield


def test_ping_answers_with_the_envelope_of_ansible_basic(machine: Machine) -> None:
    assert answer(execute(machine, module("ansible.windows.win_ping"))) == {
        "changed": False,
        "ping": "pong",
        "invocation": {"module_args": {"data": "pong"}},
    }


def test_core_2_21_leaves_the_invocation_out_unless_asked(machine: Machine) -> None:
    quiet = answer(execute(machine, module("win_ping", {"_ansible_inject_invocation": False})))
    assert quiet == {"changed": False, "ping": "pong"}
    asked = answer(execute(machine, module("win_ping", {"_ansible_inject_invocation": True})))
    assert asked["invocation"] == {"module_args": {"data": "pong"}}


def test_ping_crash_is_an_unhandled_exception(machine: Machine) -> None:
    result = answer(execute(machine, module("win_ping", data="crash")))
    assert result["msg"] == "Unhandled exception while executing module: boom"


def test_a_module_that_is_not_modelled_fails_and_names_itself_and_the_modelled_ones(machine: Machine) -> None:
    result = answer(execute(machine, module("ansible.windows.win_feature", name="Telnet")))
    assert result["failed"] is True
    assert result["msg"].startswith("The lab does not model the module ansible.windows.win_feature.")
    assert "ansible.windows.win_regedit" in result["modelled"]


def test_a_short_name_that_is_not_modelled_shows_what_it_resolved_to(machine: Machine) -> None:
    result = answer(execute(machine, module("win_feature")))
    assert "ansible.windows.win_feature (called as win_feature)" in result["msg"]


def test_the_message_for_a_wrong_option_has_the_name_that_the_task_used(machine: Machine) -> None:
    call = module("ansible.windows.win_ping", {"_ansible_module_name": "win_ping"}, daat="x")
    assert answer(execute(machine, call))["msg"] == (
        "Unsupported parameters for (win_ping) module: daat. Supported parameters include: data"
    )


def test_an_error_in_a_model_is_a_failure_that_says_lab_error(machine: Machine, registered: None) -> None:
    @models.model("test.lab.broken")
    def broken(machine: Machine, call: Call) -> dict[str, Any]:
        return {"changed": 1 / 0 > 1}

    result = answer(execute(machine, module("test.lab.broken")))
    assert result["failed"] is True
    assert result["msg"] == "lab error in test.lab.broken: ZeroDivisionError: division by zero"
    assert "Traceback" in result["exception"]


def test_an_option_that_is_not_modelled_fails_and_names_itself(machine: Machine) -> None:
    result = answer(execute(machine, module("setup", fact_path=r"C:\facts")))
    assert (result["failed"], result["msg"]) == (True, "The lab does not model setup option 'fact_path'.")


def test_a_module_of_no_collection_takes_the_options_of_its_rules_only(machine: Machine, registered: None) -> None:
    @models.model("my_reader", models.Rules(options={"deep": {"type": "int", "default": 2}}))
    def reader(machine: Machine, call: Call) -> dict[str, Any]:
        return {"deep": call.args["deep"]}

    assert answer(execute(machine, module("my_reader", deep="4")))["deep"] == 4
    assert "Unsupported parameters" in answer(execute(machine, module("my_reader", depe=4)))["msg"]


def test_diff_and_warnings_are_given_only_when_there_is_reason(machine: Machine, registered: None) -> None:
    @models.model("test.lab.diff")
    def diff(machine: Machine, call: Call) -> dict[str, Any]:
        return {"diff": {"before": "a", "after": "b"}, "warnings": []}

    plain = answer(execute(machine, module("test.lab.diff")))
    assert (plain.get("diff"), plain.get("warnings")) == (None, None)
    asked = answer(execute(machine, module("test.lab.diff", {"_ansible_diff": True})))
    assert asked["diff"] == {"before": "a", "after": "b"}


def test_japanese_text_arrives_as_it_is(machine: Machine) -> None:
    outcome = execute(machine, module("win_ping", data="応答"))
    assert '"ping": "応答"' in outcome.stdout


def test_a_module_without_check_mode_is_skipped_in_it(machine: Machine) -> None:
    # Run, it would say that it has no model of whoami.
    call = module("win_command", {"_ansible_check_mode": True}, cmd="whoami")
    result = answer(execute(machine, call))
    assert (result["skipped"], result["changed"]) == (True, False)
    assert result["msg"] == "remote module (win_command) does not support check mode"
    assert result["invocation"]["module_args"]["cmd"] == "whoami"


def test_two_models_of_one_name_are_refused(registered: None) -> None:
    with pytest.raises(ValueError, match=r"two models are registered for ansible\.windows\.win_ping"):
        models.model("ansible.windows.win_ping")(lambda machine, call: {})


# become


def test_become_an_unknown_user_fails_as_on_windows(machine: Machine) -> None:
    assert answer(execute(machine, module("win_ping", become="jiro")))["msg"] == (
        'failure during exec_wrapper: Exception calling "CreateProcessAsUser" with "9" argument(s): '
        '"Some or all identity references could not be translated."'
    )


def test_become_with_a_wrong_password_fails_as_on_windows(machine: Machine) -> None:
    assert answer(execute(machine, module("win_ping", {"BecomePassword": "no"}, become="taro")))["msg"] == (
        'failure during exec_wrapper: Exception calling "CreateProcessAsUser" with "9" argument(s): "Failed to logon '
        '.\\taro (The user name or password is incorrect, Win32ErrorCode 1326 - 0x0000052E)"'
    )


def test_become_a_disabled_user_fails_as_on_windows(machine: Machine) -> None:
    machine.users[TARO].enabled = False
    result = answer(execute(machine, module("win_ping", {"BecomePassword": "taro-secret"}, become="taro")))
    assert "Win32ErrorCode 1331 - 0x00000533" in result["msg"]


def test_become_system_needs_an_administrator(machine: Machine) -> None:
    call = Call("module", "win_ping", become_user="SYSTEM", user="taro")
    assert "Failed to get token for NT AUTHORITY\\SYSTEM" in answer(execute(machine, call))["msg"]
    assert answer(execute(machine, module("win_ping", become="SYSTEM")))["ping"] == "pong"


@pytest.mark.parametrize("internal", [{}, {"BecomePassword": "taro-secret"}])
def test_become_a_user_runs_as_that_user_and_leaves_no_trace(machine: Machine, internal: dict[str, Any]) -> None:
    before = machine.fingerprint()
    facts = answer(execute(machine, module("setup", internal, become="taro", gather_subset=["user"])))["ansible_facts"]
    assert (facts["ansible_user_id"], facts["ansible_user_dir"]) == ("taro", r"C:\Users\taro")
    assert facts["ansible_user_sid"] == TARO
    assert machine.fingerprint() == before


def test_system_has_its_own_profile_and_the_computer_s_name(machine: Machine) -> None:
    facts = answer(execute(machine, module("setup", become="SYSTEM", gather_subset=["user"])))["ansible_facts"]
    assert facts["ansible_user_dir"] == r"C:\WINDOWS\system32\config\systemprofile"
    assert (facts["ansible_user_id"], facts["ansible_user_sid"]) == ("PC1$", "S-1-5-18")


# facts


def gather(machine: Machine, subsets: list[str]) -> tuple[set[str], list[str]]:
    result = answer(execute(machine, module("setup", gather_subset=subsets)))
    return set(result["ansible_facts"]), result.get("warnings", [])


def test_facts_of_a_windows_11_home(machine: Machine) -> None:
    machine.adapters.append(
        Adapter("Wi-Fi", "Intel(R) Wi-Fi 6E AX211 160MHz", "0c-7a-15-00-00-01", addresses=["192.168.1.20/24"])
    )
    facts = answer(execute(machine, module("ansible.windows.setup")))["ansible_facts"]
    assert facts["ansible_os_family"] == "Windows"
    assert facts["ansible_distribution"] == "Microsoft Windows 11 Home"
    assert facts["ansible_distribution_version"] == "10.0.26100.0"
    assert facts["ansible_hostname"] == "PC1"
    assert facts["ansible_os_product_type"] == "workstation"
    assert facts["ansible_ip_addresses"] == ["192.168.1.20"]
    assert facts["ansible_interfaces"][0]["ipv4"] == {"address": "192.168.1.20", "prefix": "24"}
    assert facts["ansible_interfaces"][0]["macaddress"] == "0C:7A:15:00:00:01"
    assert facts["gather_subset"] == ["all"]
    assert facts["module_setup"] is True


def test_excluding_all_leaves_the_minimum(machine: Machine) -> None:
    names, warnings = gather(machine, ["!all"])
    assert {"ansible_os_family", "ansible_env", "ansible_date_time", "ansible_user_id"} <= names
    assert not names & {"ansible_interfaces", "ansible_memtotal_mb", "ansible_windows_domain"}
    assert warnings == []


def test_excluding_all_and_the_minimum_leaves_only_what_is_named(machine: Machine) -> None:
    names, _ = gather(machine, ["!all", "!min", "powershell_version"])
    assert names == {"gather_subset", "module_setup", "ansible_powershell_version"}


def test_naming_a_subset_alone_excludes_nothing(machine: Machine) -> None:
    names, _ = gather(machine, ["network"])
    assert {"ansible_interfaces", "ansible_memtotal_mb", "ansible_os_family"} <= names


def test_an_unknown_subset_is_a_warning(machine: Machine) -> None:
    assert gather(machine, ["!all", "bogus"])[1] == ["invalid value bogus specified in gather_subset"]


def test_facts_take_options_that_the_gather_facts_action_adds(machine: Machine) -> None:
    assert answer(execute(machine, module("setup", filter=["ansible_os*"])))["changed"] is False
