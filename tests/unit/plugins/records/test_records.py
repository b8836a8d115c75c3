from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records.records import (
    GOOD,
    NOT_GOOD,
    NOT_MEASURED,
    STATUSES,
    RecordError,
    check_record,
    merge,
    read_lines,
    record,
    stamp,
    unreachable,
    unusable_state,
    write_lines,
)
from plugins.plugin_utils.records.runs import read_runs

STAMP: dict[str, Any] = {"run": "r1", "at": "2026-11-23T14:30:00Z", "versions": {"ansible_core": "2.19.14"}}


def stamped(control: str = "a.b", status: str = "compliant", endpoint: str = "pc1", **fields: Any) -> dict[str, Any]:
    return stamp([record(control, status, role="vpn_profile", **fields)], endpoint=endpoint, **STAMP)[0]


def test_a_stamped_record_has_every_field():
    assert stamped(instance="IMR", expected="a", actual=None, reason="not set", title="T") == {
        "run": "r1",
        "endpoint": "pc1",
        "control": "a.b",
        "instance": "IMR",
        "scope": "machine",
        "status": "compliant",
        "expected": "a",
        "actual": None,
        "reason": "not set",
        "evidence": "",
        "severity": "high",
        "role": "vpn_profile",
        "title": "T",
        "why": "",
        "versions": {"ansible_core": "2.19.14"},
        "at": "2026-11-23T14:30:00Z",
    }
    assert check_record(stamped()) is None


def test_every_status_is_good_or_not_good_or_not_measured():
    assert sorted(STATUSES) == sorted({*GOOD, *NOT_GOOD, *NOT_MEASURED})
    assert len(STATUSES) == 11


def test_an_endpoint_that_does_not_answer_has_one_record_that_says_so():
    (found,) = stamp([unreachable("no answer in 5 s")], endpoint="pc1", **STAMP)
    assert (found["control"], found["status"], found["reason"]) == (
        "endpoint.reachable",
        "unreachable",
        "no answer in 5 s",
    )
    assert check_record(found) is None


def test_an_endpoint_that_answers_with_garbage_has_one_error_record():
    (found,) = stamp([unusable_state("no schema")], endpoint="pc1", **STAMP)
    assert (found["control"], found["status"], found["reason"]) == ("endpoint.state", "error", "no schema")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": "ok"}, "status is 'ok'"),
        ({"severity": "urgent"}, "severity is 'urgent'"),
        ({"endpoint": None}, "endpoint is None"),
        ({"instance": 7}, "instance is 7"),
        ({"versions": "1"}, "versions is '1'"),
        ({"extra": 1}, "extra not known"),
        ({"before": "x"}, "before"),
        ({"status": "fixed"}, "before"),
    ],
)
def test_a_record_of_a_wrong_shape_is_reported(change, named):
    assert named in str(check_record({**stamped(), **change}))


def test_a_record_that_lacks_a_field_is_reported():
    item = stamped()
    del item["reason"]
    assert check_record(item) == "reason missing"
    assert check_record("text") == "a record is an object"


def test_a_fixed_record_has_its_value_before_even_when_that_was_nothing():
    assert check_record({**stamped(status="fixed"), "before": None}) is None


def test_records_are_merged_in_one_order_and_the_later_of_two_counts():
    items = [
        stamped("b.c", endpoint="pc2"),
        stamped("b.c", "drifted"),
        stamped("a.b", instance="Z"),
        stamped("a.b", instance="A"),
        stamped("b.c", "compliant"),
    ]
    assert [(item["endpoint"], item["control"], item["instance"], item["status"]) for item in merge(items)] == [
        ("pc1", "a.b", "A", "compliant"),
        ("pc1", "a.b", "Z", "compliant"),
        ("pc1", "b.c", None, "compliant"),
        ("pc2", "b.c", None, "compliant"),
    ]


def test_what_is_no_record_is_never_merged():
    with pytest.raises(RecordError, match="run"):
        merge([record("a.b", "compliant", role="r")])


def test_records_come_back_from_the_file_one_a_line(tmp_path: Path):
    items = [stamped(instance="研究室", actual="a\nb\u2028c"), stamped("b.c")]
    path = tmp_path / "new" / "run.jsonl"
    write_lines(path, items)
    raw = path.read_bytes()
    assert raw.count(b"\n") == 2
    assert raw.startswith(b'{"actual": ')  # equal records are equal lines
    assert "研究室".encode() in raw
    assert read_lines(path) == items


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    write_lines(path, [stamped()])
    with pytest.raises(TypeError):
        write_lines(path, [{**stamped(), "actual": object()}])
    assert read_lines(path) == [stamped()]
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "run.jsonl"
    write_lines(path, [stamped()])

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_lines(path, [stamped("b.c")])
    monkeypatch.undo()
    assert read_lines(path) == [stamped()]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0o000, 0o640)])
def test_a_file_is_for_whom_the_umask_says_and_never_for_everybody(tmp_path: Path, mask: int, mode: int):
    before = os.umask(mask)
    try:
        write_lines(tmp_path / "run.jsonl", [stamped()])
    finally:
        os.umask(before)
    assert (tmp_path / "run.jsonl").stat().st_mode & 0o777 == mode


def test_a_second_administrator_of_a_shared_folder_reads_and_replaces_what_the_first_wrote(tmp_path: Path):
    others = {4711} if os.geteuid() == 0 else {*os.getgroups()} - {os.getegid()}
    group = next(iter(others), os.getegid())
    folder = tmp_path / "records"
    folder.mkdir()
    os.chown(folder, -1, group)
    folder.chmod(0o2770)
    write_lines(folder / "run.jsonl", [stamped()])
    there = (folder / "run.jsonl").stat()
    assert (there.st_gid, there.st_mode & 0o070) == (group, 0o040)


def test_half_a_character_does_not_cost_the_report(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    write_lines(path, [stamped(actual="\ud800")])
    assert len(read_lines(path)) == 1


def test_numbers_that_json_does_not_have_are_text(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    write_lines(path, [stamped(actual={"a": [float("nan"), float("-inf"), 1.5]}, expected=float("inf"))])
    assert "NaN" not in path.read_text(encoding="utf-8")
    assert "Infinity" not in path.read_text(encoding="utf-8")
    (one,) = read_lines(path)
    assert (one["actual"], one["expected"]) == ({"a": ["nan", "-inf", 1.5]}, "inf")
    path.write_text(path.read_text(encoding="utf-8").replace('"inf"', "NaN"), encoding="utf-8")
    assert read_lines(path)[0]["expected"] == "NaN"


def test_an_empty_run_is_an_empty_file(tmp_path: Path):
    write_lines(tmp_path / "run.jsonl", [])
    assert read_lines(tmp_path / "run.jsonl") == []


def test_byte_order_marks_of_windows_are_no_part_of_a_record(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    mark, line = b"\xef\xbb\xbf", json.dumps(stamped()).encode()
    # Also in the middle, as `copy /b` of two files leaves it, and alone, as an editor saves an empty file.
    path.write_bytes(mark + line + b"\r\n" + mark + json.dumps(stamped(endpoint="pc2")).encode() + b"\r\n" + mark)
    assert read_lines(path) == [stamped(), stamped(endpoint="pc2")]
    assert list(read_runs([path])) == [stamped(), stamped(endpoint="pc2")]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            "\ufeff[]\r\n".encode("utf-16-le"),
            "this is UTF-16, and records are UTF-8. Save it as UTF-8; in PowerShell: Get-",
        ),
        ("\ufeff[]\r\n".encode("utf-16-be"), "this is UTF-16, and records are UTF-8. Save it as UTF-8"),
        ("[]\r\n".encode("utf-16-le"), "this is UTF-16, and records are UTF-8. Save it as UTF-8"),
        ('["鈴木"]\n'.encode("shift_jis"), "byte 0x97 at 3 is not UTF-8; records are"),
    ],
)
def test_a_line_in_another_encoding_is_refused_by_file_and_line(tmp_path: Path, raw, words):
    path = tmp_path / "run.jsonl"
    path.write_bytes(json.dumps(stamped()).encode() + b"\n" + raw)
    with pytest.raises(RecordError) as caught:
        read_runs([path])
    assert str(caught.value).startswith(f"{path}, line 2: {words}")


@pytest.mark.parametrize(("line", "why"), [("{", "no JSON"), ("[]", "object"), ('{"run": "r1"}', "missing")])
def test_a_line_that_is_no_record_is_reported_with_its_number(tmp_path: Path, line, why):
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(stamped()) + "\n" + line + "\n")
    with pytest.raises(RecordError, match=f"line 2: .*{why}"):
        read_lines(path)


def test_a_line_that_is_nested_without_end_is_no_record(tmp_path):
    (tmp_path / "a.jsonl").write_text("[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(RecordError, match="line 1: no JSON"):
        read_lines(tmp_path / "a.jsonl")
