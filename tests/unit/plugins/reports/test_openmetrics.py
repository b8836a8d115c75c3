"""Gauges for node_exporter: one file that is OpenMetrics and Prometheus text, with a bounded number of series."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from plugins.plugin_utils.reports.openmetrics import MOST
from tests.samples.records import HOSTILE, RECORDS, every_status, exported, rec


def series(records, parse=parse_openmetrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Return name -> label values -> value, as a reader of the format sees them."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in parse(exported("openmetrics", records).decode()):
        assert family.type == "gauge"
        for sample in family.samples:
            key = tuple(sample.labels.values())
            assert key not in found.setdefault(sample.name, {}), "the same series twice"
            found[sample.name][key] = sample.value
    return found


def test_the_whole_file_of_two_endpoints():
    records = [
        rec("compliant", "a"),
        rec("drifted", "b", instance="IMR", severity="medium"),
        rec("unreachable", "endpoint.reachable", "pc2", role="endpoint"),
    ]
    assert exported("openmetrics", records).decode().splitlines() == [
        "# TYPE offsite_report_endpoints gauge",
        "# HELP offsite_report_endpoints Endpoints in the report.",
        "offsite_report_endpoints 2",
        "# TYPE offsite_report_endpoints_not_measured gauge",
        "# HELP offsite_report_endpoints_not_measured Endpoints that were not measured.",
        "offsite_report_endpoints_not_measured 1",
        "# TYPE offsite_report_controls gauge",
        "# HELP offsite_report_controls Controls of all endpoints by status.",
        'offsite_report_controls{status="compliant"} 1',
        'offsite_report_controls{status="fixed"} 0',
        'offsite_report_controls{status="waived"} 0',
        'offsite_report_controls{status="not_applicable"} 0',
        'offsite_report_controls{status="drifted"} 1',
        'offsite_report_controls{status="managed_elsewhere"} 0',
        'offsite_report_controls{status="waiver_expired"} 0',
        'offsite_report_controls{status="error"} 0',
        'offsite_report_controls{status="unreachable"} 1',
        'offsite_report_controls{status="offsite"} 0',
        'offsite_report_controls{status="stale"} 0',
        "# TYPE offsite_report_info gauge",
        "# HELP offsite_report_info The latest run in the report; always 1.",
        'offsite_report_info{run="20261123T143000.000000Z",offsite_endpoints="0.1.0",ansible_core="2.19.4"} 1',
        "# TYPE offsite_report_timestamp_seconds gauge",
        "# HELP offsite_report_timestamp_seconds The time of the latest run.",
        "offsite_report_timestamp_seconds 1795444200",
        "# TYPE offsite_endpoint_measured gauge",
        "# HELP offsite_endpoint_measured 1 when the endpoint was measured, otherwise 0.",
        'offsite_endpoint_measured{endpoint="nb-0101.example.org"} 1',
        'offsite_endpoint_measured{endpoint="pc2"} 0',
        "# TYPE offsite_endpoint_last_measured_timestamp_seconds gauge",
        "# HELP offsite_endpoint_last_measured_timestamp_seconds When the endpoint was measured; missing when it was "
        "not.",
        'offsite_endpoint_last_measured_timestamp_seconds{endpoint="nb-0101.example.org"} 1795444200',
        "# TYPE offsite_endpoint_controls gauge",
        "# HELP offsite_endpoint_controls Controls of the endpoint by status; a status without any is missing.",
        'offsite_endpoint_controls{endpoint="nb-0101.example.org",status="compliant"} 1',
        'offsite_endpoint_controls{endpoint="nb-0101.example.org",status="drifted"} 1',
        'offsite_endpoint_controls{endpoint="pc2",status="unreachable"} 1',
        "# TYPE offsite_endpoint_controls_not_good gauge",
        "# HELP offsite_endpoint_controls_not_good Controls of the endpoint that are not good.",
        'offsite_endpoint_controls_not_good{endpoint="nb-0101.example.org"} 1',
        'offsite_endpoint_controls_not_good{endpoint="pc2"} 0',
        "# TYPE offsite_control_not_good gauge",
        "# HELP offsite_control_not_good A control that is not good; always 1.",
        'offsite_control_not_good{endpoint="nb-0101.example.org",role="vpn_profile",control="b",instance="IMR",'
        'scope="machine",severity="medium",status="drifted"} 1',
        "# TYPE offsite_report_controls_not_listed gauge",
        "# HELP offsite_report_controls_not_listed Controls that are not good and beyond the 5000 listed ones.",
        "offsite_report_controls_not_listed 0",
        "# EOF",
    ]


def test_times_are_utc_wherever_the_controller_is(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert series([rec("compliant")])["offsite_report_timestamp_seconds"] == {(): 1795444200.0}
    finally:
        monkeypatch.undo()
        time.tzset()


def test_every_status_is_counted_and_only_what_is_not_good_has_a_series_of_its_own():
    found = series(every_status())
    assert set(found["offsite_report_controls"].values()) == {1.0}
    assert len(found["offsite_report_controls"]) == 11
    assert [key[2] for key in found["offsite_control_not_good"]] == ["e.drifted", "h.error", "f.managed", "g.expired"]
    assert found["offsite_endpoint_measured"] == {
        ("nb-0101.example.org",): 1.0,
        ("nb-0102.example.org",): 0.0,
        ("nb-0103.example.org",): 0.0,
        ("nb-0104.example.org",): 0.0,
    }
    assert found["offsite_report_endpoints_not_measured"] == {(): 3.0}
    assert found["offsite_endpoint_controls_not_good"][("nb-0101.example.org",)] == 4.0


def test_both_readers_see_the_same():
    assert series(every_status()) == series(every_status(), parse_prometheus)


def test_a_report_without_records_has_totals_of_nothing():
    found = series([])
    assert found["offsite_report_endpoints"] == {(): 0.0}
    assert "offsite_endpoint_measured" not in found


def test_the_latest_run_is_reported_and_the_latest_time_of_an_endpoint():
    found = series(
        [
            rec("compliant", "a", run="r1", at="2026-11-24T00:00:00Z"),
            rec("compliant", "b", run="r2", at="2026-11-23T00:00:00Z"),
            rec("compliant", "c", run="r3", at="0000-00-00T99:99:99Z"),
        ]
    )
    assert [key[0] for key in found["offsite_report_info"]] == ["r1"]
    assert found["offsite_report_timestamp_seconds"] == {(): 1795478400.0}
    assert found["offsite_endpoint_last_measured_timestamp_seconds"] == {("nb-0101.example.org",): 1795478400.0}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("script", "<script>alert(1)</script>"),
        ("quote", 'say "yes"; it\'s, ok'),
        ("japanese", "東京大学の情報基盤センター"),
        ("newline", "one\\ntwo\\r\\nthree\\rfour#f52422f1"),
        ("nul", "a\\x00b#59b271ae"),
        ("half a character", "a\\ud800b#45e334b6"),
        ("megabyte", "x" * 200 + "#1b977e9f"),
    ],
)
def test_a_label_is_the_text_or_shows_it_with_a_digest(name, expected):
    for parse in (parse_openmetrics, parse_prometheus):
        assert list(series([rec("compliant", endpoint=HOSTILE[name])], parse)["offsite_endpoint_measured"]) == [
            (expected,)
        ]


def test_texts_that_look_the_same_stay_two_series():
    for one, other in (("a\x00", "a\\x00"), ("x" * 201, "x" * 202), ("\\", "\\\\"), ('"', '\\"')):
        records = [rec("drifted", endpoint=one), rec("drifted", endpoint=other)]
        assert len(series(records)["offsite_control_not_good"]) == 2


def test_the_series_of_controls_are_bounded_the_worst_first_and_the_rest_counted():
    records = [rec("drifted", f"c{number}", severity="low") for number in range(MOST)]
    records += [rec("drifted", "worst", severity="high"), rec("drifted", "bad", severity="medium")]
    found = series(records)
    assert len(found["offsite_control_not_good"]) == 5000
    assert [key[2] for key in found["offsite_control_not_good"]][:2] == ["worst", "bad"]
    assert found["offsite_report_controls_not_listed"] == {(): 2.0}
    assert found["offsite_endpoint_controls_not_good"] == {("nb-0101.example.org",): 5002.0}


def test_equal_records_in_any_order_give_equal_bytes():
    assert exported("openmetrics", every_status()) == exported("openmetrics", every_status()[::-1])


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_any_records_give_a_file_that_both_readers_take(records):
    found = series(records)
    assert found == series(records, parse_prometheus)
    bad = [item for item in records if item["status"] in ("drifted", "managed_elsewhere", "waiver_expired", "error")]
    assert len(found.get("offsite_control_not_good", {})) == len(bad)
    assert len(found.get("offsite_endpoint_measured", {})) == len({item["endpoint"] for item in records})
    assert sum(found["offsite_report_controls"].values()) == len(records)
