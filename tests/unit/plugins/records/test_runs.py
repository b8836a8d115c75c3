"""The records of files, endpoint by endpoint: of each the run that measured it last, in one order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records.records import RecordError, record, stamp, write_lines
from plugins.plugin_utils.records.runs import Known, Runs, by_endpoint, known, read_runs

MONDAY, TUESDAY = "2026-11-23T14:30:00Z", "2026-11-24T14:30:00Z"


def of(endpoint: str, control: str = "a.b", at: str = MONDAY, run: str = "r1") -> dict[str, Any]:
    return stamp([record(control, "compliant", role="a")], run=run, endpoint=endpoint, at=at, versions={})[0]


def written(path: Path, *records: dict[str, Any]) -> Path:
    """Write them in this order, whatever order is the usual one."""
    parts = []
    for number, item in enumerate(records):
        write_lines(path.with_suffix(f".{number}"), [item])
        parts.append(path.with_suffix(f".{number}").read_bytes())
        path.with_suffix(f".{number}").unlink()
    path.write_bytes(b"".join(parts))
    return path


def test_of_each_endpoint_the_run_that_measured_it_last_counts(tmp_path: Path) -> None:
    old = written(tmp_path / "1.jsonl", of("nb-1"), of("nb-2"), of("nb-1", "a.c"))
    new = written(tmp_path / "2.jsonl", of("nb-1", at=TUESDAY, run="r2"))
    expected = [of("nb-1", at=TUESDAY, run="r2"), of("nb-2")]
    for files in ([old, new], [new, old]):
        runs = Runs(files)
        assert list(runs) == expected
        assert list(runs) == expected, "read again"
        assert (runs.endpoints, runs.latest) == ({"nb-1", "nb-2"}, TUESDAY)


def test_of_two_runs_at_one_time_the_one_with_the_later_name_counts_alone(tmp_path: Path) -> None:
    file = written(tmp_path / "1.jsonl", of("nb-1", run="r2"), of("nb-1", "a.c", run="r1"))
    assert list(Runs([file])) == [of("nb-1", run="r2")]


def test_lines_that_do_not_stand_together_and_files_of_one_run_are_all_found(tmp_path: Path) -> None:
    one = written(tmp_path / "1.jsonl", of("nb-1", "a.e"), of("nb-2"), of("nb-1", "a.b"), of("nb-1", "a.d"))
    two = written(tmp_path / "2.jsonl", of("nb-1", "a.c"))
    found = list(Runs([one, two]))
    assert [(item["endpoint"], item["control"]) for item in found] == [
        *[("nb-1", f"a.{letter}") for letter in "bcde"],
        ("nb-2", "a.b"),
    ]


def test_without_records_there_is_no_latest_time(tmp_path: Path) -> None:
    file = tmp_path / "1.jsonl"
    file.touch()
    assert (Runs([file]).latest, list(Runs([file]))) == ("", [])


def test_a_file_that_changes_while_it_is_read_is_said_and_not_mixed_up(tmp_path: Path) -> None:
    file = written(tmp_path / "1.jsonl", of("nb-1"))
    runs = Runs([file])
    written(file, of("nb-2"))
    with pytest.raises(RecordError) as refused:
        list(runs)
    assert str(refused.value) == f"{file}: it was changed while the reports were made; make them again"


def test_the_files_of_a_folder_and_those_that_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    with pytest.raises(RecordError) as refused:
        read_runs([folder])
    assert str(refused.value) == f"{folder}: there is no .jsonl file in this folder"
    written(folder / "1.jsonl", of("nb-1"))
    written(folder / "2.jsonl", of("nb-2"))
    (folder / "notes.txt").write_text("no record")
    other = written(tmp_path / "3.txt", of("nb-3"))
    assert read_runs([folder, str(other)]).endpoints == {"nb-1", "nb-2", "nb-3"}
    assert read_runs([other, folder]).endpoints == {"nb-1", "nb-2", "nb-3"}


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: there is no such file"),
        ([], "no file was named: endpoint_report_files is a list of .jsonl files or folders of them"),
    ],
)
def test_what_is_not_there_is_refused(paths: list[str], words: str) -> None:
    with pytest.raises(RecordError) as refused:
        read_runs(paths)
    assert str(refused.value) == words


def test_records_in_memory_are_checked_and_put_in_order_once() -> None:
    records = known([of("nb-2"), of("nb-1")])
    assert isinstance(records, Known)
    assert known(records) is records
    assert list(records) == list(records) == [of("nb-1"), of("nb-2")]


def test_endpoints_come_by_name_and_those_without_a_record_with_none() -> None:
    records = [of("nb-2"), of("nb-4"), of("nb-2", "a.c")]
    found = list(by_endpoint(records, ["nb-5", "nb-2", "nb-1", "nb-3", "nb-5"]))
    assert found == [
        ("nb-1", []),
        ("nb-2", [of("nb-2"), of("nb-2", "a.c")]),
        ("nb-3", []),
        ("nb-4", [of("nb-4")]),
        ("nb-5", []),
    ]
    assert [name for name, _items in by_endpoint(records)] == ["nb-2", "nb-4"]
