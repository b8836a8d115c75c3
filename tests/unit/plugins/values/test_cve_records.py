"""Public CVE records become entries of the role's table: versions, severity, what stays, what nobody understands."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.values.cve_records import _FIXED, CveError, entries_of, lowered_where_unused, renewed

SAMPLES = Path(__file__).resolve().parents[3] / "samples/cve"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def versions(*items: dict[str, str], words: str = "x", fixed: str = "") -> list[dict[str, str]]:
    """Return what a record of FortiClient for Windows with these versions says of them."""
    record = sample("CVE-2026-121529")
    cna = record["containers"]["cna"]
    cna["affected"] = [{"vendor": "Fortinet", "product": "FortiClientWindows", "versions": [*items]}]
    cna["descriptions"] = [{"lang": "en", "value": words}]
    cna["solutions"] = [{"lang": "en", "value": fixed}]
    found = entries_of(record)
    return found[0]["affected"] if found else []


def up_to(first: str, last: str) -> dict[str, str]:
    return {"version": first, "lessThanOrEqual": last, "status": "affected"}


@pytest.mark.parametrize(
    ("item", "words", "fixed", "expected"),
    [
        # A build of the last release (7.2.8.1140) is affected, too.
        (up_to("7.2.0", "7.2.8"), "", "", ("7.2.0", "7.2.9")),
        ({"version": "7.4.0", "status": "affected"}, "", "", ("7.4.0", "7.4.1")),
        ({"version": "7.4.0", "lessThan": "7.4.4", "status": "affected"}, "", "", ("7.4.0", "7.4.4")),
        (up_to("7.4.0", "7.4.2"), "", "Upgrade to FortiClientWindows version 7.4.4 or above", ("7.4.0", "7.4.4")),
        # Of another line, of another product, and older than what is affected.
        (up_to("7.4.0", "7.4.2"), "", "Upgrade to FortiClientWindows version 7.2.9 or above", ("7.4.0", "7.4.3")),
        (up_to("7.4.0", "7.4.2"), "", "Upgrade to FortiClientMac version 7.4.9 or above", ("7.4.0", "7.4.3")),
        (up_to("7.4.0", "7.4.2"), "", "Upgrade to FortiClientWindows version 7.4.1 or above", ("7.4.0", "7.4.3")),
        (
            up_to("7.4.0", "7.4.2"),
            "",
            "Upgrade to FortiClientWindows version 7.4.11 or above\nor FortiClientWindows version 7.4.9 or above",
            ("7.4.0", "7.4.9"),
        ),
        # What is named as fixed counts before the words.
        (
            up_to("7.4.0", "7.4.3"),
            "FortiClientWindows 7.4 all versions",
            "Upgrade to FortiClientWindows version 7.4.4 or above",
            ("7.4.0", "7.4.4"),
        ),
        (up_to("7.0.0", "7.0.14"), "FortiClientWindows 7.2.0, 7.0 all versions may", "", ("7.0", "7.1")),
        (up_to("7.2.0", "7.2.4"), "FortiClientWindows 7.2.0, 7.0 all versions may", "", ("7.2.0", "7.2.5")),
    ],
)
def test_a_range_ends_before_the_first_version_that_is_fixed(item, words, fixed, expected):
    assert versions(item, words=words, fixed=fixed) == [{"at_least": expected[0], "below": expected[1]}]


def test_a_record_may_say_in_several_texts_what_it_is_about_and_what_is_fixed():
    record = sample("CVE-2027-10001")
    cna = record["containers"]["cna"]
    cna["affected"][0]["versions"] = [up_to("7.4.0", "7.4.2")]
    cna["descriptions"] = [
        {"lang": "en", "value": "A sample."},
        {"lang": "de", "value": "Ein Muster."},
        {"lang": "en-US", "value": "Of two texts."},
    ]
    cna["solutions"] = [{"value": "Upgrade to FortiClientWindows version"}, {"value": "7.4.4 or above"}]
    (item,) = entries_of(record)
    assert item["what"] == "A sample. Of two texts."
    assert item["affected"] == [{"at_least": "7.4.0", "below": "7.4.4"}]


def test_what_is_not_affected_is_none_of_the_ranges():
    assert versions(up_to("7.4.0", "7.4.2") | {"status": "unaffected"}) == []


def test_a_record_has_an_entry_for_each_system_and_none_for_other_products():
    assert [item["system"] for item in entries_of(sample("CVE-2026-121529"))] == ["Windows", "Darwin"]
    assert [item["system"] for item in entries_of(sample("CVE-2027-10001"))] == ["Windows"]
    assert entries_of(sample("CVE-2027-10002")) == []


@pytest.mark.parametrize(
    ("product", "systems"),
    [
        ("FortiClientWindows", ["Windows"]),
        ("Fortinet FortiClient Windows", ["Windows"]),
        ("forticlientmac", ["Darwin"]),
        ("FortiClient MacOS", ["Darwin"]),
        ("FortiClientWindows Fortinet", []),
        ("FortiClient", []),
        (None, []),
    ],
)
def test_a_product_is_known_with_and_without_its_maker_and_blanks(product, systems):
    record = sample("CVE-2027-10001")
    affected = record["containers"]["cna"]["affected"]
    affected[:] = [affected[0] | {"product": product}]
    assert [item["system"] for item in entries_of(record)] == systems


@pytest.mark.parametrize("missing", ["product", "vendor"])
def test_what_is_affected_without_a_name_or_a_maker_is_none_of_ours(missing):
    record = sample("CVE-2027-10001")
    del record["containers"]["cna"]["affected"][0][missing]
    assert entries_of(record) == []


def test_a_record_that_was_withdrawn_has_no_entry():
    record = sample("CVE-2027-10001")
    record["cveMetadata"]["state"] = "REJECTED"
    assert entries_of(record) == []


def test_another_maker_s_product_of_the_name_is_none():
    record = sample("CVE-2026-121529")
    for product in record["containers"]["cna"]["affected"]:
        product["vendor"] = "Example"
    assert entries_of(record) == []


@pytest.mark.parametrize(
    ("score", "severity"), [(0.1, "low"), (3.9, "low"), (4, "medium"), (6.9, "medium"), (7, "high"), (None, "high")]
)
def test_the_severity_is_by_the_score_and_high_without_one(score, severity):
    record = sample("CVE-2027-10001")
    cna = record["containers"]["cna"]
    cna["metrics"] = [] if score is None else [{"other": {}}, {"cvssV3_1": {"baseScore": score}}]
    assert [item["severity"] for item in entries_of(record)] == [severity]


def test_the_severity_is_high_where_a_record_has_no_metrics_at_all():
    record = sample("CVE-2027-10001")
    del record["containers"]["cna"]["metrics"]
    assert [item["severity"] for item in entries_of(record)] == ["high"]


def test_no_template_comes_from_outside_into_a_table_that_ansible_reads():
    (item,) = entries_of(sample("CVE-2027-10001"))
    assert item["what"] == "A sample (( 1 + 1 )) for tests, 7.0 all versions."
    long = sample("CVE-2027-10001")
    long["containers"]["cna"]["descriptions"][0]["value"] = "x\n y {%" * 200
    assert len(entries_of(long)[0]["what"]) == 200
    assert "{" not in entries_of(long)[0]["what"]
    long["cveMetadata"]["cveId"] = "CVE-2027-{{ x }}"
    with pytest.raises(CveError, match="no CVE record"):
        entries_of(long)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda record: record.pop("cveMetadata"),
        lambda record: record["cveMetadata"].pop("cveId"),
        lambda record: record["containers"].pop("cna"),
        lambda record: record["containers"]["cna"].pop("affected"),
        lambda record: record["containers"]["cna"].pop("descriptions"),
        lambda record: record["containers"]["cna"]["affected"][0]["versions"][0].pop("status"),
        lambda record: record["containers"]["cna"]["affected"][0]["versions"][0].update(version="7.x"),
        lambda record: record["containers"]["cna"]["affected"][0]["versions"][0].update(lessThanOrEqual="*"),
    ],
)
def test_a_record_of_another_form_is_named_and_not_taken_for_harmless(break_it):
    record = sample("CVE-2026-121529")
    break_it(record)
    with pytest.raises(CveError):
        entries_of(record)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (["a"], "\"['a']\""),
        ("text", "'text'"),
        (None, "'None'"),
        ({"cveMetadata": ["CVE-2027-10001"]}, "\"{'cveMetadata': ['CVE-2027-10001']}\""),
        ({"cveMetadata": {"cveId": "CVE-27-1"}}, "\"{'cveMetadata': {'cveId': 'CVE-27-1'}}\""),
        ("abcdefghij" * 10, repr("abcdefghij" * 8)),
    ],
)
def test_what_is_no_record_is_quoted(record, words):
    with pytest.raises(CveError) as error:
        entries_of(record)
    assert str(error.value) == f"no CVE record in the form CVE JSON 5: {words}"


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda cna: cna.pop("affected"), "'affected' is missing"),
        (lambda cna: cna["affected"][0]["versions"][0].pop("status"), "'status' is missing"),
        (lambda cna: cna.update(descriptions=7), "'int' object is not iterable"),
    ],
)
def test_what_is_wrong_with_a_record_is_told_with_its_name(break_it, why):
    record = sample("CVE-2027-10001")
    break_it(record["containers"]["cna"])
    with pytest.raises(CveError) as error:
        entries_of(record)
    assert str(error.value) == f"CVE-2027-10001: its record cannot be understood: {why}"


TABLE = {
    "date": "2026-11-28",
    "entries": [
        {
            "name": name,
            "system": "Windows",
            "severity": "high",
            "what": "as somebody read it",
            "needs": ["ipsec"],
            "affected": [{"at_least": "7.4.0", "below": "7.4.8"}],
        }
        for name in ("CVE-2026-121529", "CVE-2025-24473", "CVE-2024-36507")
    ],
}


def renewed_by(*names: str, date: str = "", **more: str) -> dict[str, Any]:
    table = copy.deepcopy(TABLE)
    found = renewed(table, [*[(SAMPLES / f"{name}.json").read_text() for name in names], *more.values()], date)
    assert table == TABLE
    return found


def test_of_a_known_entry_versions_and_severity_are_the_record_s_and_the_reading_stays():
    entries = renewed_by("CVE-2026-121529")["table"]["entries"]
    found = next(item for item in entries if (item["name"], item["system"]) == ("CVE-2026-121529", "Windows"))
    assert found["affected"] == [{"at_least": "7.4.0", "below": "7.4.9"}]
    assert (found["what"], found["needs"]) == ("as somebody read it", ["ipsec"])


def test_what_is_new_needs_nothing_until_somebody_has_read_it():
    found = renewed_by("CVE-2027-10001", "CVE-2027-10002")
    assert found["new"] == ["CVE-2027-10001"]
    (item,) = [item for item in found["table"]["entries"] if item["name"] == "CVE-2027-10001"]
    assert item["needs"] == []
    assert item["affected"] == [
        {"at_least": "7.4.0", "below": "7.4.10"},
        {"at_least": "7.2.3", "below": "7.2.4"},
        {"at_least": "7.0", "below": "7.1"},
    ]


def test_what_has_no_record_or_a_strange_one_stays_and_what_was_withdrawn_goes():
    broken = json.dumps(sample("CVE-2026-121529")).replace('"7.4.7"', '"later"')
    found = renewed_by("CVE-2025-24473", "CVE-2027-10003", broken=broken, garbage="<html>")
    assert [item["name"] for item in found["table"]["entries"]] == ["CVE-2026-121529", "CVE-2024-36507"]
    assert found["gone"] == ["CVE-2025-24473"]
    assert [words.partition(":")[0] for words in found["unread"]] == [
        "CVE-2027-10003",
        "CVE-2026-121529",
        "no JSON (Expecting value",
    ]


def test_windows_comes_before_the_mac_and_the_newest_first():
    entries = renewed_by("CVE-2026-121529", "CVE-2027-10001")["table"]["entries"]
    assert [(item["name"], item["system"]) for item in entries] == [
        ("CVE-2027-10001", "Windows"),
        ("CVE-2026-121529", "Windows"),
        ("CVE-2025-24473", "Windows"),
        ("CVE-2024-36507", "Windows"),
        ("CVE-2026-121529", "Darwin"),
    ]


def test_a_table_is_of_the_day_that_is_given_or_of_its_newest_record():
    assert renewed_by("CVE-2026-121529", date="2027-01-05")["table"]["date"] == "2027-01-05"
    assert renewed_by("CVE-2026-121529", "CVE-2027-10001")["table"]["date"] == "2026-12-02"
    # Older records than the table make it no older.
    assert renewed_by("CVE-2027-10001")["table"]["date"] == "2026-11-28"
    undated = sample("CVE-2027-10001")
    del undated["cveMetadata"]["dateUpdated"]
    assert renewed(TABLE, [json.dumps(undated)])["table"]["date"] == "2026-11-28"


def test_a_text_that_is_no_json_is_quoted():
    assert renewed_by(page="<html>" + "abcdefghij" * 10)["unread"] == [
        f"no JSON (Expecting value: line 1 column 1 (char 0)): '<html>{'abcdefghij' * 7}abcd'"
    ]


def test_what_needs_something_that_is_not_in_use_is_told_lower():
    entries = [
        {"name": "a", "severity": "high", "what": "x", "needs": ["ipsec", "saml"]},
        {"name": "b", "severity": "high", "what": "y", "needs": ["ztna"]},
        {"name": "c", "severity": "high", "what": "z", "needs": []},
        {"name": "d", "severity": "high", "what": "nobody has read it"},
    ]
    assert lowered_where_unused(entries, ["saml", "ipsec"]) == [
        {**entries[0], "severity": "low", "what": "x (needs ipsec, saml: not in use)"},
        *entries[1:],
    ]
    assert lowered_where_unused(entries, []) == entries


@pytest.mark.parametrize("odd", ["FortiClient" + " " * 200_000, "FortiClient" * 20_000])
def test_a_solution_of_endless_blanks_or_names_says_nothing(odd):
    words = f"{odd}, FortiClientWindows 7.4.3 or above"
    assert [(product.strip(), version) for product, version in _FIXED.findall(words)] == [
        ("FortiClientWindows", "7.4.3")
    ]
