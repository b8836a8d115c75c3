"""Controls about what is found on the endpoint, what is put off, and what takes effect later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.plugin_utils.controls.controls import ControlError, expand
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.plan.read_back import read_back
from tests.samples.documents import BEFORE, TUNNELS, WINDOWS_READS, dword, key, sz, tunnel_control, windows
from tests.samples.planning import drifted, with_memory

NETWORKS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles"
READS = {**WINDOWS_READS, "registry": [*WINDOWS_READS["registry"], {"path": NETWORKS, "depth": 1}]}
UP = [{"where": {"tunnel": "active"}, "equals": True, "reason": "a tunnel is up"}]


def category_control(**changes: Any) -> dict[str, Any]:
    control: dict[str, Any] = {
        "id": "vpn_profile.network_category",
        "title": "The network is private",
        "why": "service.md#network-category",
        "severity": "high",
        "each_key": {
            "registry": NETWORKS,
            "having": {"ProfileName": ["fortissl", "IMR"], "NameType": [6, 23]},
            "none": "not known yet",
        },
        "where": {"registry": NETWORKS + r"\{name}", "value": "Category", "type": "REG_DWORD"},
        "expected": 1,
        "compare": "number",
    }
    return {**control, **changes}


def network(name: str, kind: int, category: int) -> dict[str, Any]:
    return key({"ProfileName": sz(name), "NameType": dword(kind), "Category": dword(category)})


def knowing(networks: dict[str, Any]) -> dict[str, Any]:
    document = windows()
    document["registry"][NETWORKS] = key(keys=networks)
    return document


def run(control: dict[str, Any], document: dict[str, Any], **options: Any) -> Plan:
    return plan([control], document, "vpn_profile", reads=READS, **options)


def reported(result: Plan) -> list[tuple[str | None, str, str]]:
    return [(item["instance"], item["status"], item["reason"]) for item in result.records]


def test_where_no_key_fits_one_record_says_so():
    (found,) = run(category_control(), knowing({})).records
    assert found == {
        "control": "vpn_profile.network_category",
        "instance": None,
        "scope": "machine",
        "status": "not_applicable",
        "expected": None,
        "actual": {"not_read": True},
        "reason": "not known yet",
        "evidence": NETWORKS,
        "severity": "high",
        "role": "vpn_profile",
        "title": "The network is private",
        "why": "service.md#network-category",
    }


def test_every_key_that_fits_is_one_check_and_the_others_are_left_alone():
    document = knowing(
        {
            "{A}": network("fortissl", 23, 0),
            "{B}": network("FortiSSL", 6, 1),
            "{C}": network("fortissl", 71, 0),
            "{D}": network("eduroam", 23, 0),
            "{E}": key({"ProfileName": sz("fortissl"), "Category": dword(0)}),
        }
    )
    result = run(category_control(), document)
    assert reported(result) == [("{A}", "drifted", "is 0x0 (0), should be 0x1 (1)"), ("{B}", "compliant", "")]
    (item,) = result.as_dict()["writes"]["registry"]
    assert (item["path"], item["name"], item["data"], item["type"]) == (
        "HKLM:" + NETWORKS[4:] + r"\{A}",
        "Category",
        1,
        "dword",
    )


def test_when_nothing_fits_the_control_is_not_applicable_and_says_why():
    for document in (knowing({"{D}": network("eduroam", 71, 0)}), knowing({})):
        result = run(category_control(), document)
        assert reported(result) == [(None, "not_applicable", "not known yet")]
        assert [item["why"] for item in result.records] == ["service.md#network-category"]
    nowhere = windows()
    nowhere["registry"][NETWORKS] = {"exists": False}
    assert reported(run(category_control(), nowhere)) == [(None, "not_applicable", "not known yet")]


def test_what_cannot_be_read_is_an_error_and_not_a_key_that_does_not_fit():
    broken = knowing({"{A}": {"error": "access denied"}})
    ((instance, status, reason),) = reported(run(category_control(), broken))
    assert (instance, status) == (None, "error")
    assert "access denied" in reason
    unasked = plan([category_control()], windows(), "vpn_profile", reads=WINDOWS_READS)
    assert [item["status"] for item in unasked.records] == ["error"]


def test_a_network_s_category_before_is_put_back_and_a_network_that_is_gone_is_no_work():
    before = {"value": 0, "type": "REG_DWORD"}
    entries = [
        {
            "control": "vpn_profile.network_category",
            "instance": name,
            "where": {"registry": f"{NETWORKS}\\{name}", "value": "Category"},
            "before": before,
        }
        for name in ("{A}", "{Z}")
    ]
    document = with_memory(knowing({"{A}": network("fortissl", 23, 1)}), entries)
    result = run(category_control(), document, state="absent")
    assert [(item["instance"], item["status"]) for item in result.records] == [("{A}", "drifted"), ("{Z}", "compliant")]
    assert [item["data"] for item in result.as_dict()["writes"]["registry"]] == [0]
    assert result.forget


@pytest.mark.parametrize(
    "each_key",
    [
        {},
        {"registry": NETWORKS, "having": {}, "none": "x"},
        {"registry": NETWORKS, "having": {"NameType": 6}, "none": "x"},
        {"registry": NETWORKS, "having": {"NameType": [6]}},
        {"registry": NETWORKS, "having": {"NameType": [6]}, "none": "x", "more": 1},
    ],
)
def test_an_each_key_of_another_form_is_refused(each_key):
    with pytest.raises(ControlError, match=r"vpn_profile\.network_category: each_key"):
        expand([category_control(each_key=each_key)])


def test_each_and_each_key_do_not_stand_together():
    with pytest.raises(ControlError, match="stands beside each"):
        expand([category_control(each=[])])


OTHER_RULES = {"other_rules": "file_sharing", "addresses": ["LocalSubnet"]}


@pytest.mark.parametrize(
    "each_found",
    [
        {},
        {"where": OTHER_RULES},
        {"where": OTHER_RULES, "none": 1},
        {"where": {"other_rules": "printing", "addresses": []}, "none": "x"},
        {"where": {"other_rules": "file_sharing", "addresses": ["x"]}, "none": "x"},
    ],
)
def test_an_each_found_of_another_form_is_refused(each_found):
    control = category_control(each_found=each_found)
    del control["each_key"]
    with pytest.raises(ControlError, match=r"vpn_profile\.network_category: each_found"):
        expand([control])


@pytest.mark.parametrize("beside", ["each", "each_key"])
def test_each_found_stands_alone(beside):
    control = category_control(each_found={"where": OTHER_RULES, "none": "x"})
    if beside == "each":
        control["each"] = control.pop("each_key") and []
    with pytest.raises(ControlError, match="stands beside each"):
        expand([control])


def up(document: dict[str, Any], active: Any = True) -> dict[str, Any]:
    document["tunnel"]["active"] = active
    return document


def test_what_is_put_off_is_reported_as_drifted_with_the_reason_and_not_written():
    control = tunnel_control(postpone_if=UP)
    result = run(control, up(drifted()))
    ((_, status, reason),) = reported(result)
    assert status == "drifted"
    assert reason == 'is "evil.example.com:443", should be "fg.imr.tohoku.ac.jp:443"; a tunnel is up'
    assert not result.as_dict()["has_writes"]
    assert run(control, drifted()).as_dict()["has_writes"]


def test_what_is_right_is_compliant_whatever_would_put_it_off():
    assert reported(run(tunnel_control(postpone_if=UP), up(windows()))) == [("IMR", "compliant", "")]


def test_when_nobody_can_tell_whether_it_may_be_written_it_is_not():
    result = run(tunnel_control(postpone_if=UP), up(drifted(), None))
    ((_, status, reason),) = reported(result)
    assert status == "drifted"
    assert "whether it may be written now is not known" in reason
    assert not result.as_dict()["has_writes"]


def test_putting_back_is_put_off_too_and_the_memory_stays_for_a_later_run():
    entry = {
        "control": "vpn_profile.server",
        "instance": "IMR",
        "where": {"registry": TUNNELS + r"\IMR", "value": "Server"},
        "before": {"value": "old.example.com:443", "type": "REG_SZ"},
    }
    control = tunnel_control(postpone_if=UP)
    for controls in ([control], [{**control, "each": []}]):
        document = up(with_memory(windows(), [entry]))
        result = plan(controls, document, "vpn_profile", reads=READS, state="absent")
        ((_, status, reason),) = reported(result)
        assert status == "drifted"
        assert reason.endswith("; a tunnel is up")
        assert not result.as_dict()["has_writes"]
        assert not result.forget


def test_a_fixed_record_says_when_it_takes_effect_and_a_compliant_one_does_not():
    control = tunnel_control(takes_effect="takes effect at the next start")
    before = json.loads(json.dumps(run(control, drifted()).as_dict()))
    after = windows()
    after["registry"][BEFORE] = key({"vpn_profile": sz(before["memory"]["keep"])})
    (fixed,) = read_back(before, [control], after, reads=READS)
    assert (fixed["status"], fixed["reason"]) == ("fixed", "takes effect at the next start")
    assert reported(run(control, windows())) == [("IMR", "compliant", "")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"postpone_if": [{"where": {"tunnel": "active"}, "reason": "x"}]},
        {"postpone_if": [{"where": {"tunnel": "active"}, "equals": True}]},
        {"postpone_if": "tunnel"},
        {"takes_effect": 3},
    ],
)
def test_wrong_words_about_when_to_write_are_refused(wrong):
    with pytest.raises(ControlError, match=r"vpn_profile\.server"):
        expand([tunnel_control(**wrong)])
