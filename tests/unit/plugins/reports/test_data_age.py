"""The table of known vulnerabilities: its day in text, page and record, and a clear word when it was old."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records.records import check_record, merge, record, stamp
from plugins.plugin_utils.reports.files import write_all
from plugins.plugin_utils.reports.summary import data_lines, outcome

CONTROL = "forticlient_install.vulnerable_version"


def judged(day: str, at: str = "2026-11-28T14:30:00Z", endpoint: str = "pc1", status: str = "compliant") -> Any:
    found = {**record(CONTROL, status, role="forticlient_install", instance="CVE-1", why=""), "data_of": day}
    return stamp([found], run="r1", endpoint=endpoint, at=at, versions={})[0]


@pytest.mark.parametrize(("day", "is_old"), [("2026-11-28", False), ("2026-08-30", False), ("2026-08-29", True)])
def test_a_table_is_old_after_ninety_days_on_the_day_of_the_run(day, is_old):
    line = data_lines([judged(day)])
    assert line.startswith(f"Known vulnerabilities: by the table of {day}")
    assert ("91 days old" in line) is is_old
    assert ("Renew it: vulnerabilities.yml" in line) is is_old


def test_the_day_of_the_run_counts_and_not_that_of_the_report():
    assert "days old" not in data_lines([judged("2020-01-01", at="2020-01-31T00:00:00Z")])


def test_a_clock_that_is_behind_makes_no_table_old():
    line = data_lines([judged("2026-11-28", at="2026-11-20T00:00:00Z")])
    assert line == "Known vulnerabilities: by the table of 2026-11-28"


def test_of_several_tables_the_oldest_counts():
    records = [judged("2026-11-28"), judged("2026-05-01", endpoint="pc2"), judged("2026-11-01", endpoint="pc3")]
    assert "table of 2026-05-01, which was 211 days old" in data_lines(records)
    assert outcome(merge(records), []).data == data_lines(records)


def test_without_such_a_control_nothing_is_said():
    alone = [{key: value for key, value in judged("2026-11-28").items() if key != "data_of"}]
    assert data_lines(alone) == ""


@pytest.mark.parametrize("day", ["28.11.2026", "2026-02-30", "20261128", ""])
def test_a_record_with_another_day_is_none(day):
    assert "data_of" in str(check_record(judged(day)))
    assert check_record(judged("2026-11-28")) is None


ARGUMENTS = {"formats": ["html"], "metrics_file": None}


@pytest.mark.parametrize(
    ("language", "day", "words"),
    [
        ("en", "2026-11-28", "Known vulnerabilities: by the table of 2026-11-28"),
        ("en", "2026-08-29", "2026-08-29, which was 91 days old; .* vulnerabilities.yml"),
        ("ja", "2026-11-28", "既知の脆弱性: 2026-11-28 時点の表で判定"),
        ("ja", "2026-08-29", "91 日経過しており.*vulnerabilities.yml"),
    ],
)
def test_the_page_says_it_without_a_script_too(tmp_path: Path, language: str, day: str, words: str):
    write_all(tmp_path / "report", merge([judged(day)]), {**ARGUMENTS, "language": language}, [])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    (shown,) = re.findall(r'<p id="table" class="muted">(.*?)</p>', page)
    assert re.fullmatch(f".*{words}.*", shown)
    assert f'"table":["{day}",{91 if day == "2026-08-29" else 0},{"true" if day == "2026-08-29" else "false"}]' in page


def test_a_page_without_such_a_control_has_no_such_line(tmp_path: Path):
    alone = [{key: value for key, value in judged("2026-11-28").items() if key != "data_of"}]
    write_all(tmp_path / "report", merge(alone), {**ARGUMENTS, "language": "en"}, [])
    assert '<p id="table"' not in (tmp_path / "report.html").read_text(encoding="utf-8")
