"""rdp_enable: an office PC that is asleep answers nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.power import BALANCED, HIBERNATE, HIGH, POWER, SCHEMES, SLEEP, STANDBY, powercfg
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from tests.samples.documents import mac
from tests.samples.mac_roles import planned as planned_on_mac
from tests.samples.roles import found, planned, reason

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings"
AWAKE = {("sleep", None), ("hibernation", None)}


def machine() -> Machine:
    return build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)


def judge(pc: Machine, *, keep_awake: bool = True) -> Any:
    return planned("rdp_enable", pc, rdp_enable_keep_awake=keep_awake)


def put(pc: Machine, setting: str, seconds: int, plan: str = BALANCED) -> None:
    pc.registry.update(rf"{SCHEMES}\{plan}\{SLEEP}\{setting}", {"ACSettingIndex": Value("REG_DWORD", seconds)})


def test_the_power_plan_is_neither_read_nor_judged_unless_asked():
    assert not AWAKE & set(found(judge(machine(), keep_awake=False)))


def test_a_pc_as_delivered_falls_asleep_and_the_role_can_change_that():
    result = judge(machine())
    assert reason(result, "rdp_enable.sleep") == "is 1800, should be 0"
    assert reason(result, "rdp_enable.hibernation") == "is 10800, should be 0"
    assert [(item["control"], item["expected"]) for item in result.role_work] == [
        ("rdp_enable.sleep", 0),
        ("rdp_enable.hibernation", 0),
    ]


def test_what_the_role_does_makes_it_right():
    pc = machine()
    for name in ("STANDBYIDLE", "HIBERNATEIDLE"):
        assert powercfg(pc, ["/setacvalueindex", "SCHEME_CURRENT", "SUB_SLEEP", name, "0"])[0] == 0
    assert {found(judge(pc))[key] for key in AWAKE} == {"compliant"}


def test_the_plan_that_is_active_counts_and_no_other():
    pc = machine()
    put(pc, STANDBY, 0, plan=HIGH)
    assert found(judge(pc))["sleep", None] == "drifted"
    pc.registry.set(SCHEMES, "ActivePowerScheme", Value("REG_SZ", HIGH))
    assert {found(judge(pc))[key] for key in AWAKE} == {"compliant"}


@pytest.mark.parametrize(("seconds", "status"), [(900, "managed_elsewhere"), (0, "compliant")])
def test_a_policy_wins_over_the_plan(seconds, status):
    pc = machine()
    put(pc, STANDBY, 0)
    pc.registry.update(rf"{POLICY}\{STANDBY}", {"ACSettingIndex": Value("REG_DWORD", seconds)})
    result = judge(pc)
    assert found(result)["sleep", None] == status
    assert [item["control"] for item in result.role_work] == ["rdp_enable.hibernation"]


def test_a_policy_may_choose_the_plan():
    pc = machine()
    pc.registry.update(POLICY, {"ActivePowerScheme": Value("REG_SZ", HIGH)})
    assert found(judge(pc))["sleep", None] == "compliant"


def test_a_plan_of_which_nothing_is_known_is_an_error_and_not_awake():
    pc = machine()
    pc.registry.set(SCHEMES, "ActivePowerScheme", Value("REG_SZ", "64a64f24-65b9-4b56-befd-5ec1eaced9b3"))
    assert {found(judge(pc))[key] for key in AWAKE} == {"error"}
    pc.registry.delete_value(SCHEMES, "ActivePowerScheme")
    assert "which power plan is active" in reason(judge(pc), "rdp_enable.sleep")


def test_seconds_of_another_type_are_nothing_to_guess_at():
    pc = machine()
    pc.registry.update(rf"{SCHEMES}\{BALANCED}\{SLEEP}\{STANDBY}", {"ACSettingIndex": Value("REG_SZ", "0")})
    result = judge(pc)
    assert (found(result)["sleep", None], found(result)["hibernation", None]) == ("error", "drifted")
    assert HIBERNATE not in reason(result, "rdp_enable.sleep")


def test_absent_reads_the_plans_to_put_back_what_was_there():
    pc = machine()
    entry = {"control": "rdp_enable.sleep", "instance": None, "where": {"power": "sleep"}, "before": {"value": 1800}}
    note = json.dumps({"schema": 1, "entries": [entry]})
    put(pc, STANDBY, 0)
    pc.registry.update(r"HKLM\SOFTWARE\OffsiteEndpoints\Before", {"rdp_enable": Value("REG_SZ", note)})
    result = planned("rdp_enable", pc, rdp_enable_state="absent")
    assert [(item["control"], item["state"], item["expected"]) for item in result.role_work] == [
        ("rdp_enable.sleep", "absent", 1800)
    ]
    assert POWER in result.records[0]["evidence"]


def on_a_mac(minutes: int, **overrides: Any) -> Any:
    document = mac()
    document["tools"] = {"launchd com.apple.screensharing": {"loaded": True}, "power": {"mains": {"sleep": minutes}}}
    return planned_on_mac("rdp_enable", document, **overrides)


def test_a_mac_falls_asleep_and_the_role_can_change_that():
    assert found(on_a_mac(1)) == {("screen_sharing", None): "compliant"}
    result = on_a_mac(1, rdp_enable_keep_awake=True)
    assert reason(result, "rdp_enable.sleep") == "is 1, should be 0"
    assert [(item["control"], item["expected"]) for item in result.role_work] == [("rdp_enable.sleep", 0)]
    assert found(on_a_mac(0, rdp_enable_keep_awake=True))["sleep", None] == "compliant"
