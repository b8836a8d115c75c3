"""When Windows falls asleep: the policy before the plan that is active before what Windows delivers it with."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.places import locator_problem
from plugins.plugin_utils.state.state import State
from tests.samples.documents import MISSING, dword, key, sz, windows

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings"
SCHEMES = r"HKLM\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes"
DELIVERED = r"HKLM\SYSTEM\CurrentControlSet\Control\Power\PowerSettings"
BALANCED, HIGH = "381b4222-f694-41f0-9685-ff5bb260df2e", "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c"
SLEEP = "238c9fa8-0aad-41ed-83f4-97be242c8f20"
STANDBY, HIBERNATE = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da", "9d7815a6-7ee4-497e-8888-515a05f02364"
OF_STANDBY, OF_HIBERNATE = (
    rf"{DELIVERED}\{SLEEP}\{setting}\DefaultPowerSchemeValues" for setting in (STANDBY, HIBERNATE)
)
READS = {
    "registry": [
        {"path": POLICY, "values": ["ActivePowerScheme", "ACSettingIndex"], "depth": 1},
        {"path": SCHEMES, "values": ["ActivePowerScheme"]},
        {"path": rf"{SCHEMES}\{BALANCED}", "values": ["ACSettingIndex"], "depth": 2},
        {"path": rf"{SCHEMES}\{HIGH}", "values": ["ACSettingIndex"], "depth": 2},
        {"path": OF_STANDBY, "values": ["ACSettingIndex"], "depth": 1},
        {"path": OF_HIBERNATE, "values": ["ACSettingIndex"], "depth": 1},
    ]
}


def setting(seconds: int) -> dict[str, Any]:
    return key({"ACSettingIndex": dword(seconds)})


def of_plan(standby: int) -> dict[str, Any]:
    return key(keys={SLEEP: key(keys={STANDBY: setting(standby)})})


def asleep(what: str = "sleep", **changes: Any) -> Located:
    registry = {
        POLICY: MISSING,
        SCHEMES: key({"ActivePowerScheme": sz(BALANCED)}),
        rf"{SCHEMES}\{BALANCED}": MISSING,
        rf"{SCHEMES}\{HIGH}": MISSING,
        OF_STANDBY: key(keys={BALANCED: setting(1800)}),
        OF_HIBERNATE: key(keys={BALANCED: setting(10800)}),
    }
    paths = {"policy": POLICY, "schemes": SCHEMES, "balanced": rf"{SCHEMES}\{BALANCED}", "high": rf"{SCHEMES}\{HIGH}"}
    registry |= {paths[name]: node for name, node in changes.items()}
    return State({**windows(), "registry": registry}, READS).locate({"power": what})


@pytest.mark.parametrize(("what", "seconds", "key"), [("sleep", 1800, OF_STANDBY), ("hibernate", 10800, OF_HIBERNATE)])
def test_what_nobody_has_set_is_what_windows_delivers(what, seconds, key):
    assert asleep(what) == Located(True, seconds, evidence=rf"{key}\{BALANCED} ACSettingIndex (REG_DWORD)")


def test_what_was_set_in_the_active_plan_counts_before_that():
    where = rf"{SCHEMES}\{BALANCED}\{SLEEP}\{STANDBY}"
    assert asleep(balanced=of_plan(600), high=of_plan(7)) == Located(
        True, 600, evidence=f"{where} ACSettingIndex (REG_DWORD)"
    )
    assert asleep(balanced=of_plan(0)).value == 0
    assert asleep("hibernate", balanced=of_plan(600)).value == 10800


def test_a_policy_counts_before_the_plan():
    policy = key(keys={STANDBY: setting(300)})
    assert asleep(policy=policy, balanced=of_plan(600)) == Located(
        True, 300, evidence=rf"{POLICY}\{STANDBY} ACSettingIndex (REG_DWORD)"
    )


def test_a_policy_may_choose_the_plan():
    policy = key({"ActivePowerScheme": sz(HIGH)})
    assert asleep(policy=policy, balanced=of_plan(600), high=of_plan(7)).value == 7


@pytest.mark.parametrize(
    ("schemes", "place"),
    [
        (key(), "ActivePowerScheme"),
        (MISSING, "ActivePowerScheme"),
        (key({"ActivePowerScheme": sz("")}), "ActivePowerScheme (REG_SZ)"),
        (key({"ActivePowerScheme": dword(1)}), "ActivePowerScheme (REG_DWORD)"),
    ],
)
def test_without_an_active_plan_nothing_is_known(schemes, place):
    with pytest.raises(Unreadable) as error:
        asleep(schemes=schemes)
    assert str(error.value) == f"{SCHEMES} {place}: which power plan is active is not there"


def test_a_policy_that_names_no_plan_is_told_and_not_passed_over():
    with pytest.raises(Unreadable) as error:
        asleep(policy=key({"ActivePowerScheme": dword(1)}))
    assert str(error.value) == f"{POLICY} ActivePowerScheme (REG_DWORD): which power plan is active is not there"


def test_a_plan_of_which_neither_a_person_nor_windows_says_anything_is_unknown():
    with pytest.raises(Unreadable) as error:
        asleep(schemes=key({"ActivePowerScheme": sz(HIGH)}))
    assert str(error.value) == (rf"the power plan {HIGH} says nothing of it, nor does Windows: {OF_STANDBY}\{HIGH}")


def test_seconds_that_are_no_number_are_not_guessed_at():
    odd = key(keys={SLEEP: key(keys={STANDBY: key({"ACSettingIndex": sz("0")})})})
    with pytest.raises(Unreadable) as error:
        asleep(balanced=odd)
    assert str(error.value) == (
        rf"{SCHEMES}\{BALANCED}\{SLEEP}\{STANDBY} ACSettingIndex (REG_SZ) is no REG_DWORD, "
        "so what Windows makes of it is not known"
    )


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("sleep", None),
        ("hibernate", None),
        ("display", "power is 'display'; allowed: sleep, hibernate"),
        ("", "power is ''; allowed: sleep, hibernate"),
    ],
)
def test_only_sleep_and_hibernation_are_known(what, problem):
    assert locator_problem({"power": what}) == problem
