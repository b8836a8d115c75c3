"""Registry keys that a role's first value in them made: taken away with it, unless somebody else uses them by now."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.plugin_utils.plan.memory import parse_memory, render
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.plan.undo import undo_plan
from tests.samples.documents import MISSING, WINDOWS_READS, dword, key, sz, windows
from tests.samples.planning import with_memory
from tests.samples.records import rec

POLICIES = r"HKLM\SOFTWARE\Policies"
MOZILLA = POLICIES + r"\Mozilla"
READS = {**WINDOWS_READS, "registry": [*WINDOWS_READS["registry"], {"path": MOZILLA, "depth": 3}]}


def control(path: str, value: str) -> dict[str, Any]:
    return {
        "id": f"fortissl_proxy.{value.lower()}",
        "title": "Firefox has the PAC",
        "why": "service.md#proxy-on-a-mac",
        "severity": "medium",
        "where": {"registry": path, "value": value, "type": "REG_SZ"},
        "expected": "x",
        "compare": "exact",
    }


CONTROLS = [control(MOZILLA + r"\Firefox\Proxy", "Mode"), control(MOZILLA + r"\Firefox\Proxy", "AutoConfigURL")]
APPLIED = key(keys={"Firefox": key(keys={"Proxy": key({"Mode": sz("x"), "AutoConfigURL": sz("x")})})})


def machine(mozilla: dict[str, Any] = MISSING) -> dict[str, Any]:
    document = windows()
    document["registry"][MOZILLA] = mozilla
    return document


def run(document: dict[str, Any], controls: Any = None, reads: Any = READS, **options: Any) -> Plan:
    return plan(CONTROLS if controls is None else controls, document, "vpn_profile", reads=reads, **options)


def shared(text: str | None) -> list[str]:
    return [entry.where["registry"] for entry in parse_memory(text) if entry.shared]


def gone(document: dict[str, Any], memory: str | None, **options: Any) -> list[tuple[str, str | None]]:
    """Return the keys and values that taking the role off deletes, in order."""
    back = run(with_memory(document, memory or ""), state="absent", **options)
    assert back.forget
    return [
        (item["path"].removeprefix("HKLM:\\SOFTWARE\\Policies\\"), item.get("name"))
        for item in back.writes.as_dict()["registry"]
    ]


def test_keys_that_the_first_value_makes_are_remembered_from_the_outside_in():
    first = run(machine())
    # Above Mozilla nobody looked, so nothing is known of it.
    assert shared(first.keep) == [MOZILLA, MOZILLA + r"\Firefox", MOZILLA + r"\Firefox\Proxy"]
    assert json.loads(first.keep or "")["entries"][0]["before"] == {"absent": True, "shared": True}


def test_keys_that_were_there_are_not_the_role_s():
    assert shared(run(machine(key())).keep) == [MOZILLA + r"\Firefox", MOZILLA + r"\Firefox\Proxy"]
    there = key(keys={"Firefox": key(keys={"Proxy": key()})})
    assert shared(run(machine(there)).keep) == []


def test_made_keys_go_after_the_values_from_the_inside_out():
    assert gone(machine(APPLIED), run(machine()).keep) == [
        (r"Mozilla\Firefox\Proxy", "Mode"),
        (r"Mozilla\Firefox\Proxy", "AutoConfigURL"),
        (r"Mozilla\Firefox\Proxy", None),
        (r"Mozilla\Firefox", None),
        ("Mozilla", None),
    ]


@pytest.mark.parametrize(
    ("theirs", "stays"),
    [
        (
            key(keys={"Firefox": key({"Theirs": dword(1)}, {"Proxy": APPLIED["keys"]["Firefox"]["keys"]["Proxy"]})}),
            "Firefox",
        ),
        (key(keys={**APPLIED["keys"], "Thunderbird": key()}), "Mozilla"),
        (key({"": sz("theirs")}, APPLIED["keys"]), "Mozilla"),
    ],
)
def test_a_made_key_that_others_use_by_now_stays(theirs, stays):
    deleted = gone(machine(theirs), run(machine()).keep)
    keys = [path.rpartition("\\")[2] for path, name in deleted if name is None]
    assert stays not in keys
    assert "Proxy" in keys


def test_a_made_key_whose_contents_nobody_read_stays():
    flat = {**WINDOWS_READS, "registry": [*WINDOWS_READS["registry"], {"path": MOZILLA, "depth": 2}]}
    named = {"path": MOZILLA, "depth": 3, "values": ["Mode", "AutoConfigURL"]}
    for reads in (flat, {**flat, "registry": [*WINDOWS_READS["registry"], named]}):
        deleted = gone(machine(APPLIED), run(machine(), reads=reads).keep, reads=reads)
        assert [name for _path, name in deleted if name is None] == []


def test_a_value_of_ours_that_was_there_before_keeps_its_key():
    made = run(machine(), CONTROLS[:1])
    document = machine(
        key(keys={"Firefox": key(keys={"Proxy": key({"Mode": sz("x"), "AutoConfigURL": sz("theirs")})})})
    )
    second = run(with_memory(document, made.keep or ""))
    assert gone(machine(APPLIED), second.keep) == [
        (r"Mozilla\Firefox\Proxy", "Mode"),
        (r"Mozilla\Firefox\Proxy", "AutoConfigURL"),
    ]


def test_made_keys_do_not_have_records_of_their_own():
    back = run(with_memory(machine(APPLIED), run(machine()).keep or ""), state="absent")
    assert [(item["control"], item["status"]) for item in back.records] == [
        ("fortissl_proxy.mode", "drifted"),
        ("fortissl_proxy.autoconfigurl", "drifted"),
    ]


def test_nothing_is_left_to_do_when_the_keys_are_gone_already():
    back = run(with_memory(machine(), run(machine()).keep or ""), state="absent")
    assert {item["status"] for item in back.records} == {"compliant"}
    assert back.writes.as_dict()["registry"] == []
    assert back.forget


def test_a_made_key_waits_for_a_value_that_must_wait():
    waits = {"where": {"tunnel": "active"}, "equals": False, "reason": "no tunnel is up"}
    document = with_memory(machine(APPLIED), run(machine()).keep or "")
    back = run(document, [CONTROLS[0], {**CONTROLS[1], "postpone_if": [waits]}], state="absent")
    assert [item.get("name") for item in back.writes.as_dict()["registry"]] == ["Mode"]
    assert back.forget is False


EMPTY = key(keys={"Firefox": key(keys={"Proxy": key()})})


@pytest.mark.parametrize(
    ("found", "deleted", "records"),
    [
        (
            APPLIED,
            ["Mode", "AutoConfigURL", "Proxy", "Firefox", "Mozilla"],
            [("mode", "drifted"), ("autoconfigurl", "drifted")],
        ),
        (
            key(keys={"Firefox": key(keys={"Proxy": key({"AutoConfigURL": sz("x")})})}),
            ["AutoConfigURL", "Proxy", "Firefox", "Mozilla"],
            [("autoconfigurl", "drifted"), ("mode", "drifted")],
        ),
        (EMPTY, ["Proxy", "Firefox", "Mozilla"], [("mode", "drifted"), ("autoconfigurl", "compliant")]),
        (key(keys={"Firefox": key()}), ["Firefox", "Mozilla"], [("mode", "drifted"), ("autoconfigurl", "compliant")]),
        (MISSING, [], [("mode", "compliant"), ("autoconfigurl", "compliant")]),
        (key({"Theirs": dword(1)}), [], [("mode", "compliant"), ("autoconfigurl", "compliant")]),
    ],
)
def test_an_undo_that_was_cut_off_is_gone_on_with_to_the_outermost_key(found, deleted, records):
    noted = parse_memory(run(machine()).keep)
    fixed = [
        {
            **rec("fixed", entry, expected="x", actual="x"),
            "before": None,
            "put_back": render([one for one in noted if one.control == entry]),
        }
        for entry in ("fortissl_proxy.mode", "fortissl_proxy.autoconfigurl")
    ]
    document = with_memory(machine(found), render(noted))
    back = undo_plan(CONTROLS, document, "vpn_profile", reads=READS, fixed=fixed)
    asked = back.writes.as_dict()["registry"]
    assert [item.get("name") or item["path"].rpartition("\\")[2] for item in asked] == deleted
    assert [(item["control"].partition(".")[2], item["status"]) for item in back.records] == records
    assert not back.forget
