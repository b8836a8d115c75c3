"""Reports over any number of endpoints: what is read how often, what stays in memory, and what a failure leaves."""

from __future__ import annotations

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records import records as records_module
from plugins.plugin_utils.records import runs as runs_module
from plugins.plugin_utils.records.records import RecordError, write_lines
from plugins.plugin_utils.records.runs import by_endpoint, read_runs
from plugins.plugin_utils.records.waivers import listing
from plugins.plugin_utils.reports import page_data
from plugins.plugin_utils.reports.files import FORMATS, write_all
from plugins.plugin_utils.reports.sarif import Sarif
from plugins.plugin_utils.reports.summary import news_line, outcome, summarise, table
from tests.rendered import render
from tests.samples.fleet import WAIVERS, sample_fleet
from tests.samples.records import rec
from tests.unit.plugins.reports.test_page import data_of

HOW = {"formats": FORMATS, "language": "en", "metrics_file": None}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the lines that are parsed from now on."""
    lines: list[bytes] = []
    original = records_module.parsed

    def counted(line: bytes) -> Any:
        lines.append(line)
        return original(line)

    for module in (records_module, runs_module):
        monkeypatch.setattr(module, "parsed", counted)
    return lines


def test_how_often_a_line_is_read(tmp_path, parsed):
    """All formats together read it twice: once for what stands at their beginning, once to write."""
    write_lines(tmp_path / "run.jsonl", sample_fleet())
    number = len(sample_fleet())
    records = read_runs([tmp_path / "run.jsonl"])
    counts = [len(parsed)]
    write_all(tmp_path / "report", records, {**HOW, "metrics_file": str(tmp_path / "node.prom")}, WAIVERS)
    counts.append(len(parsed))
    outcome(records, [])
    counts.append(len(parsed))
    listing(records, [], today=date(2026, 11, 23), soon_days=14)
    counts.append(len(parsed))
    assert counts == [number, 3 * number, 4 * number, 5 * number]


def test_the_index_needs_one_place_for_the_lines_of_an_endpoint(tmp_path):
    write_lines(tmp_path / "run.jsonl", sample_fleet())
    records = read_runs([tmp_path / "run.jsonl"])
    assert {len(places) for places in records._places.values()} == {3}
    assert [*records] == [*runs_module.Known(sample_fleet())]


def peak(folder: Path, size: int) -> int:
    """Return the most bytes that reports of so many endpoints take at a time."""
    write_lines(folder / f"{size}.jsonl", sample_fleet(size))
    tracemalloc.start()
    try:
        write_all(folder / "report", read_runs([folder / f"{size}.jsonl"]), HOW, [])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_endpoint_more_takes_less_memory_than_one_of_its_records(tmp_path):
    peak(tmp_path, 30)  # what is loaded with the first report counts for none
    few, many = peak(tmp_path, 100), peak(tmp_path, 400)
    # A record takes 3 kB, and an endpoint has 19 of them.
    assert (many - few) / 300 < 2_500


def test_a_page_that_forgets_its_tables_shows_the_same(monkeypatch):
    whole = data_of(render(sample_fleet(), waivers=WAIVERS))
    monkeypatch.setattr(page_data, "MOST_KEPT", 3)
    short = data_of(render(sample_fleet(), waivers=WAIVERS))
    assert len(short["strings"]) > len(whole["strings"])

    def shown(data):
        for row in data["rows"]:
            endpoint, body, since, marks, waiver = [*row, 0, 0, 0][:5]
            texts, values = data["bodies"][body][:-3], data["bodies"][body][-3:]
            yield [
                *(data["strings"][place] for place in (*texts, since)),
                *(data["values"][place] for place in values),
                *(endpoint, marks, data["rowWaivers"][waiver]),
            ]

    assert [*shown(short)] == [*shown(whole)]
    tables = {"rows", "strings", "values", "bodies", "rowWaivers"}
    assert {name: short[name] for name in {*short} - tables} == {name: whole[name] for name in {*whole} - tables}


def test_the_tables_of_a_page_know_no_more_than_they_may(monkeypatch, tmp_path):
    monkeypatch.setattr(page_data, "MOST_KEPT", 3)
    data = page_data.Data(tmp_path)
    for number in range(10):
        data.row(rec("drifted", reason=f"{number}"), 0)
    assert len(data._strings._places) == len(data._bodies._places) == 3
    assert data.tables["bodies"].length == 11


def test_a_failure_while_files_are_written_leaves_every_one_as_it_was(tmp_path, monkeypatch):
    write_all(tmp_path / "r", [rec("drifted")], HOW, [])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 5

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Sarif, "end", full)
    with pytest.raises(OSError, match="No space left"):
        write_all(tmp_path / "r", [rec("compliant")], HOW, [])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_all_files_are_whole_on_the_disk_before_the_first_one_takes_its_place(tmp_path, monkeypatch):
    sizes: list[list[int]] = []
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        sizes.append(sorted(path.stat().st_size for path in tmp_path.iterdir()))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    write_all(tmp_path / "r", [rec("drifted")], HOW, [])
    assert len(sizes) == len(sizes[0]) == 5
    assert sizes[0] == sorted(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.parametrize("names", [["pc1", "pc3"], ["a.longer.name.than.before"], []])
def test_a_file_that_changes_while_it_is_read_is_reported(tmp_path, names):
    path = tmp_path / "run.jsonl"
    write_lines(path, [rec("drifted", endpoint=name) for name in ("pc1", "pc2")])
    records = read_runs([path])
    write_lines(path, [rec("drifted", endpoint=name) for name in names])
    with pytest.raises(RecordError, match=r"run\.jsonl: it was changed while the reports were made; make them again"):
        list(records)


def test_one_reading_reports_what_three_would():
    records, names = sample_fleet(), ["nb-9999.example.org", "aa-0001.example.org", "nb-0101.example.org"]
    shown = outcome(records, names)
    assert (shown.summary, shown.table) == (summarise(records, names), table(records, names))
    assert shown.news == news_line(records) == "Since the last time: 6 new, 2 fixed, 1 flapping"
    found = [name for name, items in by_endpoint(records, names) if not items]
    assert found == ["aa-0001.example.org", "nb-9999.example.org"]
