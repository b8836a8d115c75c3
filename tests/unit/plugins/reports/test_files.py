"""Runs read together, and the files that are made of them."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plugins.plugin_utils.records.records import RecordError, write_lines
from plugins.plugin_utils.records.runs import read_runs
from plugins.plugin_utils.reports.files import FORMATS, write_all, write_reports
from tests.samples.records import rec

OLD = {"run": "r1", "at": "2026-11-01T14:30:00Z"}
NEW = {"run": "r2", "at": "2026-11-02T14:30:00Z"}


def newest(records):
    with TemporaryDirectory() as folder:
        write_lines(Path(folder, "runs.jsonl"), records)
        return [*read_runs([folder])]


def about(records):
    return [(item["endpoint"], item["control"], item["run"]) for item in records]


def test_of_each_endpoint_the_newest_run_counts_whole():
    """A control that the newer run does not know any more is gone; an endpoint that it was not about is not."""
    records = [
        rec("drifted", "a.gone", "pc1", **OLD),
        rec("drifted", "a.a", "pc1", **OLD),
        rec("compliant", "a.a", "pc1", **NEW),
        rec("drifted", "a.a", "pc2", **OLD),
    ]
    expected = [("pc1", "a.a", "r2"), ("pc2", "a.a", "r1")]
    for _ in range(5):
        random.shuffle(records)
        assert about(newest(records)) == expected


def test_an_endpoint_that_fell_silent_does_not_keep_its_good_controls():
    silent = rec("unreachable", "endpoint.reachable", "pc1", role="endpoint", **NEW)
    assert about(newest([rec("compliant", "a.a", "pc1", **OLD), silent])) == [("pc1", "endpoint.reachable", "r2")]


def test_of_two_runs_in_one_second_the_one_with_the_later_name_counts():
    first, second = ({"run": run, "at": OLD["at"]} for run in ("20261101T143000.1Z", "20261101T143000.2Z"))
    records = [rec("drifted", "a.a", "pc1", **first), rec("compliant", "a.a", "pc1", **second)]
    assert about(newest(records)) == about(newest(records[::-1])) == [("pc1", "a.a", "20261101T143000.2Z")]


def test_files_and_folders_are_read_in_any_order(tmp_path):
    write_lines(tmp_path / "runs/b.jsonl", [rec("drifted", "a.a", "pc1", **OLD)])
    write_lines(tmp_path / "runs/a.jsonl", [rec("compliant", "a.a", "pc1", **NEW)])
    write_lines(tmp_path / "c.jsonl", [rec("drifted", "a.a", "pc2", **OLD)])
    (tmp_path / "runs/history.sqlite").write_bytes(b"\xff")
    (tmp_path / "runs/report.csv").write_text("no record", encoding="utf-8")
    paths = [tmp_path / "runs", tmp_path / "c.jsonl"]
    expected = [("pc1", "a.a", "r2"), ("pc2", "a.a", "r1")]
    assert about(read_runs(paths)) == about(read_runs(paths[::-1])) == expected
    assert about(read_runs([str(tmp_path / "runs"), *paths])) == expected, "a file that is named twice counts once"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no JSON at all\n", "bad.jsonl, line 1: no JSON"),
        ('{"run": "r1", "endpo', "bad.jsonl, line 1: no JSON"),
        ("[]\n", "bad.jsonl, line 1: a record is an object"),
        ("{}\n", "bad.jsonl, line 1: actual, at, control"),
    ],
)
def test_a_file_that_is_none_of_records_is_refused_with_its_line(tmp_path, content, words):
    write_lines(tmp_path / "good.jsonl", [rec("compliant")])
    (tmp_path / "bad.jsonl").write_text(content, encoding="utf-8")
    for paths in ([tmp_path], [tmp_path / "bad.jsonl"], [tmp_path / "good.jsonl", tmp_path / "bad.jsonl"]):
        with pytest.raises(RecordError, match=words):
            read_runs(paths)


def test_what_is_not_there_is_refused(tmp_path):
    for paths, words in (
        ([tmp_path / "none.jsonl"], "there is no such file"),
        ([tmp_path], "there is no .jsonl file in this folder"),
        ([], "no file was named: endpoint_report_files"),
    ):
        with pytest.raises(RecordError, match=words):
            read_runs(paths)
    with pytest.raises(RecordError, match=r"status is 'perfect'; allowed: compliant"):
        newest([rec("perfect")])


def test_only_the_formats_that_were_asked_for_are_made(tmp_path):
    made = write_reports(tmp_path / "sub/report", [rec("drifted")], formats=["sarif", "csv"], language="en", waivers=[])
    assert made == {"csv": f"{tmp_path}/sub/report.csv", "sarif": f"{tmp_path}/sub/report.sarif"}
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["report.csv", "report.sarif"]


def test_a_name_with_dots_keeps_them(tmp_path):
    how = {"formats": list(FORMATS), "language": "en", "metrics_file": str(tmp_path / "node/a.b.prom")}
    made = write_all(tmp_path / "20261123T143000.000000Z", [rec("drifted")], how, [])
    assert {Path(path).name for path in made.values()} == {
        "20261123T143000.000000Z.html", "20261123T143000.000000Z.csv", "20261123T143000.000000Z.junit.xml",
        "20261123T143000.000000Z.prom", "20261123T143000.000000Z.sarif",
    }  # fmt: skip
    metrics = tmp_path / "node/a.b.prom"
    assert [path.name for path in metrics.parent.iterdir()] == ["a.b.prom"]
    assert metrics.read_bytes() == (tmp_path / "20261123T143000.000000Z.prom").read_bytes()


def test_a_failing_write_leaves_what_was_there(tmp_path, monkeypatch):
    how = {"formats": ["csv"], "language": "en", "waivers": []}
    write_reports(tmp_path / "r", [rec("drifted")], **how)
    before = (tmp_path / "r.csv").read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_reports(tmp_path / "r", [rec("compliant")], **how)
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]
    assert (tmp_path / "r.csv").read_bytes() == before
