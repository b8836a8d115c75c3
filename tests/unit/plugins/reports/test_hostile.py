"""Whatever an endpoint, an inventory or a file of records says: all reports are made, nothing is lost or executed."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from plugins.plugin_utils.records.records import read_lines, write_lines
from plugins.plugin_utils.reports.files import FORMATS, write_reports
from plugins.plugin_utils.reports.summary import news_line, summarise, table, waiver_lines
from tests.samples.records import HOSTILE, WAIVER, every_status, rec

TEXTS = {
    **HOSTILE,
    "end of script": "</script><script>alert(1)</script>",
    "end of attribute": '" onmouseover="alert(1)',
    "template": "{{ 7 * 7 }}{% raw %}",
    "minus formula": "-2+3+cmd|' /C calc'!A0",
    "tab formula": "\t=1+1",
    "only blanks": "   ",
    "line separator": "a\u2028b\u2029c",
    "json": '{"a": [1]}',
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
FORMULA = re.compile(r"\s*[=+@＝＋－＠]|\s*-(?![0-9.]+$)|[\t\r\n]")


def hostile(text: str) -> list[dict[str, Any]]:
    """Return four records with the text wherever a record may have text, one of them as every kind of value."""
    fields: dict[str, Any] = {
        **dict.fromkeys(("control", "endpoint", "role", "instance", "reason", "evidence", "title", "owner"), text),
        **{"next": text, "put_back": text},
        "waiver": {**WAIVER, **dict.fromkeys(("control", "owner", "reason", "ticket"), text), "hosts": [text]},
        "versions": {"offsite_endpoints": text, text: text},
    }
    return [
        rec("drifted", expected=text, actual=[text, text], **{**fields, "role": "a"}),
        rec("waived", expected={text: text}, actual=[{text: [text]}], **{**fields, "role": "b"}),
        rec("error", expected=[1.5, None, True], actual=-1, **{**fields, "role": "c"}),
        rec("unreachable", **{**fields, "role": "d"}),
    ]


@pytest.fixture(scope="module", params=[*TEXTS.values()], ids=[*TEXTS])
def files(request, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    tmp_path = tmp_path_factory.mktemp("hostile")
    records = hostile(request.param)
    write_lines(tmp_path / "r.jsonl", records)
    assert read_lines(tmp_path / "r.jsonl") == records, "the JSON Lines file has every text as it was"
    waivers = [{**item["waiver"], "state": "soon", "line": 1} for item in records]
    made = write_reports(tmp_path / "r", records, formats=FORMATS, language="ja", waivers=waivers)
    assert sorted(made) == ["csv", "html", "junit", "openmetrics", "sarif"]
    return {name: Path(path).read_bytes() for name, path in made.items()}


def test_csv_has_a_line_a_record_and_no_formula(files):
    lines = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"), newline="")))
    assert sorted(line["status"] for line in lines) == ["drifted", "error", "unreachable", "waived"]
    cells = [cell for line in lines for cell in line.values()]
    assert not [cell for cell in cells if FORMULA.match(cell)]
    assert max(map(len, cells)) <= 32_767


def test_junit_has_a_case_a_record(files):
    root = etree.fromstring(files["junit"], etree.XMLParser(huge_tree=True, resolve_entities=False))
    assert len(root.findall(".//testcase")) == 4
    assert [len(root.findall(f".//{kind}")) for kind in ("failure", "error", "skipped")] == [1, 2, 1]
    assert not CONTROL.search("".join(root.itertext()))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped",
    }  # fmt: skip


def test_sarif_has_a_result_for_all_that_is_not_good(files):
    (run,) = json.loads(files["sarif"])["runs"]
    assert len(run["results"]) == 4
    assert sum("suppressions" in result for result in run["results"]) == 1
    assert run["invocations"][0]["executionSuccessful"] is False


def test_metrics_are_read_back_and_count_all(files):
    families = {one.name: one for one in text_string_to_metric_families(files["openmetrics"].decode())}
    counts = {one.labels["status"]: one.value for one in families["offsite_report_controls"].samples}
    assert {status: number for status, number in counts.items() if number} == {
        "drifted": 1, "waived": 1, "error": 1, "unreachable": 1,
    }  # fmt: skip
    assert [one.value for one in families["offsite_report_endpoints_not_measured"].samples] == [1]


def test_the_page_has_a_row_a_record_and_only_its_own_scripts(files):
    page = files["html"].decode()
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert re.findall(r"<script\b", page) == ["<script"] * len(scripts)
    data = [json.loads(body) for attributes, body in scripts if "application/json" in attributes]
    assert len(scripts) - len(data) == 1, "one script of the page's own"
    (rows,) = [len(one["rows"]) for one in data if "rows" in one]
    assert rows == 4
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert not [tag for tag in re.findall(r"<[a-zA-Z][^>]*>", markup) if re.search(r"\son\w+\s*=", tag)]
    assert not CONTROL.search(markup)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_terminal_gets_no_control_character_and_no_reordering(text):
    records = [{**item, "since": text} for item in hostile(text)]
    waivers = [{**item["waiver"], "state": "expired", "line": 1, "expires": text} for item in records]
    shown = table(records[:3], []) + waiver_lines(waivers) + news_line(records) + summarise(records, []).sentence()
    assert not CONTROL.search(shown)
    assert all(word in shown for word in ("drifted", "error", "1 endpoint not measured (1 unreachable)"))


def test_a_time_that_is_none_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="time is"):
        write_reports(
            tmp_path / "r", [rec("drifted", at="tomorrow")], formats=["csv", "html"], language="en", waivers=[]
        )
    assert list(tmp_path.iterdir()) == []


def test_every_status_is_in_every_format(tmp_path):
    made = write_reports(tmp_path / "r", every_status(), formats=FORMATS, language="en", waivers=[])
    for name in ("html", "csv", "openmetrics"):
        content = Path(made[name]).read_text(encoding="utf-8")
        assert [item["status"] for item in every_status() if item["status"] not in content] == []
