"""What is said of one endpoint: whether anything was read, of whom, and nothing that it says of itself in our place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugins.plugin_utils.records.records import (
    Merged,
    check_record,
    errors_in,
    has_values,
    merge,
    record,
    sound,
    stale,
    stamp,
    unreachable,
    unusable_state,
    whom,
)
from tests.samples.records import WAIVER

STAMP: dict[str, Any] = {
    "run": "r1",
    "endpoint": "nb-1",
    "at": "2026-11-23T14:30:00Z",
    "versions": {"ansible_core": "2.19.14"},
}
NOT_READ = {"not_read": True}
OF_THE_ENDPOINT = {"instance": None, "scope": "machine", "expected": None, "evidence": "", "severity": "high"}


@pytest.mark.parametrize(
    ("made", "control", "status", "title"),
    [
        (unreachable, "endpoint.reachable", "unreachable", "The endpoint answers"),
        (stale, "endpoint.reachable", "stale", "The endpoint answers"),
        (unusable_state, "endpoint.state", "error", "The endpoint's state can be read"),
    ],
)
def test_what_is_not_known_of_a_whole_endpoint_is_one_record(
    made: Callable[[str], dict[str, Any]], control: str, status: str, title: str
) -> None:
    said = {"control": control, "status": status, "title": title, "reason": "off", "role": "endpoint", "why": ""}
    actual = NOT_READ if status != "stale" else None
    assert made("off") == {**OF_THE_ENDPOINT, **said, "actual": actual}


@pytest.mark.parametrize("status", ["error", "not_applicable", "unreachable"])
def test_unless_something_was_read_nobody_knows_what_is_there(status: str) -> None:
    assert record("a.b", status, role="a")["actual"] == NOT_READ
    assert record("a.b", status, role="a", actual=None)["actual"] is None


def test_what_was_compared_and_is_not_set_is_null() -> None:
    assert record("a.b", "drifted", role="a")["actual"] is None


@pytest.mark.parametrize(
    ("fields", "about_a_value"),
    [
        ({"expected": 443, "actual": None}, True),
        ({"expected": 443, "actual": NOT_READ}, True),
        ({"expected": None, "actual": 443}, True),
        ({"expected": None, "actual": None}, False),
        ({"expected": None, "actual": NOT_READ, "status": "error", "why": "service.md"}, True),
        ({"expected": None, "actual": NOT_READ, "status": "error", "why": ""}, False),
        ({"expected": None, "actual": NOT_READ, "status": "error"}, False),
        ({"expected": None, "actual": NOT_READ, "status": "not_applicable", "why": "service.md"}, False),
    ],
)
def test_a_record_is_about_a_value_or_not(fields: dict[str, Any], about_a_value: bool) -> None:
    assert has_values({"status": "drifted", **fields}) is about_a_value


@pytest.mark.parametrize(
    ("item", "who"),
    [
        ({"scope": "machine"}, ""),
        ({"scope": "machine", "user": "taro"}, ""),
        ({"scope": "default"}, "new users"),
        ({"scope": "S-1-5-21-1"}, "S-1-5-21-1"),
        ({"scope": "S-1-5-21-1", "user": r"PC1\taro"}, r"PC1\taro (S-1-5-21-1)"),
    ],
)
def test_a_person_is_told_whom_it_is_about(item: dict[str, Any], who: str) -> None:
    assert whom(item) == who


def test_errors_are_named_with_item_and_user() -> None:
    found = [
        record("a.b", "error", role="a", reason="one"),
        record("a.c", "drifted", role="a", reason="no error"),
        record("a.d", "error", role="a", instance="IMR", scope="default", reason="two"),
        record("a.e", "error", role="a", scope="S-1-5-21-1", reason="three"),
    ]
    assert errors_in(found) == ["a.b: one", "a.d [IMR] for new users: two", "a.e for S-1-5-21-1: three"]


NOTE = '[{"where": "HKCU", "value": "http://proxy.example.org/p.pac"}]'
SECRET = '[{"where": "HKCU", "value": "http://bob:secret@proxy.example.org/p.pac"}]'


@pytest.mark.parametrize(("note", "kept"), [(NOTE, NOTE), (SECRET, ""), (NOTE + " " * 5000, NOTE + " " * 5000)])
def test_a_note_of_what_was_there_is_whole_or_not_there(note: str, kept: str) -> None:
    (made,) = stamp([{**record("a.b", "fixed", role="a"), "put_back": note}], **STAMP)
    assert made["put_back"] == kept


def test_what_a_record_says_of_run_endpoint_and_time_does_not_count() -> None:
    lies = {"run": "another", "endpoint": "nb-2", "at": "1999-01-01T00:00:00Z", "versions": {}}
    (made,) = stamp([{**record("a.b", "compliant", role="a"), **lies}], **STAMP)
    assert {key: made[key] for key in STAMP} == STAMP


def test_what_is_no_record_costs_nobody_else_s() -> None:
    good = record("a.b", "compliant", role="a")
    assert sound([good], **STAMP) == stamp([good], **STAMP)
    found = sound([{"control": "x"}, good, {**good, "status": "fine"}], **STAMP)
    assert found[0] == stamp([good], **STAMP)[0]
    assert [item["control"] for item in found] == ["a.b", "endpoint.state"]
    assert found[1]["reason"].startswith("what this endpoint answered cannot be recorded: actual, evidence, expected, ")
    assert {key: found[1][key] for key in STAMP} == STAMP


def test_what_cannot_even_be_gone_through_is_an_error_with_its_kind() -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield record("a.b", "compliant", role="a")
        raise KeyError("controls")

    found = sound(broken(), **STAMP)
    assert [(item["control"], item["status"]) for item in found] == [("a.b", "compliant"), ("endpoint.state", "error")]
    assert found[1]["reason"] == "what this endpoint answered cannot be recorded: KeyError: 'controls'"


CHANGES = [{"at": "2026-11-01T00:00:00Z", "status": "drifted"}]


@pytest.mark.parametrize(
    "more", [{"waiver": WAIVER}, {"changes": CHANGES}, {"data_of": "2026-11-28"}, {"flapping": True}]
)
def test_what_a_record_may_have_besides(more: dict[str, Any]) -> None:
    (made,) = stamp([record("a.b", "compliant", role="a")], **STAMP)
    assert check_record({**made, **more}) is None


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"flapping": "often"}, "flapping is 'often'; it must be true or false"),
        ({"changes": {}}, "changes is {}; it must be a list of {at, status}"),
        ({"changes": ["drifted"]}, "changes is ['drifted']; it must be a list of {at, status}"),
        ({"changes": [{"at": "x"}]}, "changes is [{'at': 'x'}]; it must be a list of {at, status}"),
        (
            {"changes": [{"at": 1, "status": "drifted"}]},
            "changes is [{'at': 1, 'status': 'drifted'}]; it must be a list of {at, status}",
        ),
        (
            {"changes": [{"at": "x", "status": "fine"}]},
            "changes is [{'at': 'x', 'status': 'fine'}]; it must be a list of {at, status}",
        ),
        (
            {"waiver": []},
            "waiver is []; it must be an object with control, hosts, instance, owner, reason, expires, ticket",
        ),
        ({"data_of": "28.11.2026"}, "data_of is '28.11.2026'; it must be a day such as 2026-11-28"),
    ],
)
def test_what_else_is_wrong_with_a_record_is_said_with_its_value(more: dict[str, Any], wrong: str) -> None:
    (made,) = stamp([record("a.b", "compliant", role="a")], **STAMP)
    assert check_record({**made, **more}) == wrong


@pytest.mark.parametrize(
    "change",
    [
        {"hosts": "nb-1"},
        {"hosts": [1]},
        {"owner": None},
        {"expires": 2027},
        {"ticket": None},
        {"instance": 1},
        {"more": ""},
    ],
)
def test_a_waiver_of_another_shape_is_none(change: dict[str, Any]) -> None:
    (made,) = stamp([record("a.b", "compliant", role="a")], **STAMP)
    assert (check_record({**made, "waiver": {**WAIVER, **change}}) or "").startswith("waiver is {")


def test_what_is_in_order_is_not_put_in_order_again() -> None:
    merged = merge(stamp([record("a.b", "compliant", role="a")], **STAMP))
    assert isinstance(merged, Merged)
    assert merge(merged) is merged
