"""The history's file: what it remembers, and every file that it must not touch."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records import history as records_history
from plugins.plugin_utils.records.history import (
    APPLICATION_ID,
    MIGRATIONS,
    HistoryError,
    check_folder,
    check_history,
    keep_from,
    marks,
    opened,
)
from plugins.plugin_utils.records.records import Record, record, stamp
from plugins.plugin_utils.records.since import Flapping, Life, digest, retired
from tests.samples.records import HOSTILE, rec

RULES = Flapping()


def at(day: int, second: int = 0) -> str:
    return f"2026-11-{day:02}T14:30:{second:02}Z"


def run(day: int, status: str = "drifted", **fields: Any) -> list[Record]:
    return [rec(status, expected=443, actual=1, at=at(day), run=f"r{day}", **fields)]


def remember(file: Path, records: list[Record]) -> list[Record]:
    with opened(file) as history:
        return history.remember(records, RULES)


def since(file: Path, records: list[Record]) -> tuple[str, str]:
    """Return what the history would say of records, without storing them."""
    with opened(file) as history:
        (found,) = history.describe(records, RULES)
    return found["since"], found["news"]


def rows(file: Path, statement: str) -> list[Any]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sub" / "履歴 #1?.sqlite"


# --- What it remembers ---------------------------------------------------------------------------------------------


def test_what_was_remembered_is_known_the_next_time(file):
    check_history(file)
    assert not file.exists()
    (first,) = remember(file, run(1))
    (second,) = remember(file, run(2))
    assert (first["since"], first["news"]) == (at(1), "new")
    assert (second["since"], second["news"], second["changes"]) == (
        at(1), "still", [{"at": at(1), "status": "drifted"}],
    )  # fmt: skip
    check_history(file)
    assert [path.name for path in file.parent.iterdir()] == ["履歴 #1?.sqlite"]
    assert rows(file, "PRAGMA application_id") == [(APPLICATION_ID,)] == [(0x4F464651,)]
    assert rows(file, "SELECT run, at FROM runs") == [("r1", at(1)), ("r2", at(2))]


def test_a_clock_that_was_ahead_once_neither_hides_drift_nor_dates_it_in_the_future(file):
    remember(file, run(1, "compliant"))
    (early,) = remember(file, run(20))
    with opened(file) as history:
        history.note_life(early["endpoint"], "offsite", at(20))
    with opened(file) as history:
        history.nothing_after(at(2))
        (found,) = history.remember(run(2), RULES)
        assert history.lives()[early["endpoint"]] == Life("offsite", at(2), at(2))
    assert (found["since"], [one["at"] for one in found["changes"]]) == (at(2), [at(1), at(2)])
    # What is found from now on counts at once, and not on the twentieth.
    (good,) = remember(file, run(3, "compliant"))
    assert (good["since"], good["news"]) == (at(3), "fixed")
    assert since(file, run(4, "compliant")) == (at(3), "")


def test_two_controllers_whose_clocks_differ_by_seconds_change_no_times(file):
    remember(file, run(1))
    with opened(file) as history:
        history.nothing_after("2026-11-01T14:29:00Z")
    assert rows(file, "SELECT at FROM controls") == [(at(1),)]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0o007, 0o660)])
def test_the_file_is_for_whom_the_umask_says_and_never_for_everybody(file, mask, mode):
    before = os.umask(mask)
    try:
        remember(file, run(1))
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == mode


def test_what_is_only_described_is_not_remembered(file):
    remember(file, run(1))
    assert since(file, run(2, "compliant")) == (at(2), "fixed")
    assert since(file, run(3)) == (at(1), "still")
    assert rows(file, "SELECT run FROM runs") == [("r1",)]


def test_each_instance_scope_role_and_endpoint_is_remembered_by_itself(file):
    kinds: list[dict[str, Any]] = [
        {},
        {"instance": "IMR"},
        {"scope": "S-1-5-21-1"},
        {"role": "other"},
        {"endpoint": "nb-2"},
        {"control": "a.b"},
    ]
    remember(file, [item for fields in kinds for item in run(1, **fields)])
    remember(file, run(2, "compliant", instance="IMR"))
    assert [since(file, run(3, **fields))[0] for fields in kinds] == [at(1), at(3), at(1), at(1), at(1), at(1)]


def test_a_run_that_began_earlier_and_ended_later_does_not_write_over_the_newer(file):
    remember(file, run(5, "compliant"))
    (late,) = remember(file, run(4))
    assert late["status"] == "drifted"
    assert since(file, run(6, "compliant")) == (at(5), "")
    assert rows(file, "SELECT at, status FROM changes") == [(at(5), "compliant")]


def test_an_unreachable_run_breaks_nothing_of_the_controls(file):
    remember(file, [*run(1), *run(1, "compliant", control="endpoint.reachable")])
    remember(file, run(2, "unreachable", control="endpoint.reachable"))
    remember(file, run(3, "compliant", control="endpoint.reachable"))
    assert since(file, run(3)) == (at(1), "still")


def test_a_life_and_when_it_was_last_measured(file):
    with opened(file) as history:
        assert history.lives() == {}
        history.note_life("nb-1", "offsite", at(3))
        history.remember(run(4, endpoint="nb-1"), RULES)
        history.remember(run(2, endpoint="nb-1", control="a.b"), RULES)
        history.remember(run(5, "unreachable", endpoint="nb-1", control="endpoint.reachable"), RULES)
        history.remember(run(5, "unreachable", endpoint="nb-2", control="endpoint.reachable"), RULES)
        history.remember(run(6, "error", endpoint="nb-3", control="endpoint.state"), RULES)
        history.remember(run(7, "error", endpoint="nb-4"), RULES)
    with opened(file) as history:
        assert history.lives() == {
            "nb-1": Life("offsite", at(3), at(4)),
            "nb-4": Life("in_house", None, at(7)),
        }
        history.note_life("nb-1", "in_house", at(8))
        history.note_life("nb-5", "retired", at(9))
        assert history.lives()["nb-1"] == Life("in_house", at(8), at(4))
        assert history.lives()["nb-5"] == Life("retired", at(9), None)


def test_of_a_retired_endpoint_nothing_is_measured(file):
    stamped = stamp([retired(Life("retired", at(1)))], run="r", endpoint="nb-1", at=at(2), versions={})
    with opened(file) as history:
        history.note_life("nb-1", "retired", at(1))
        history.remember(stamped, RULES)
        assert history.lives() == {"nb-1": Life("retired", at(1), None)}


def test_what_is_forgotten_leaves_the_last_change_of_what_is_still_measured(file):
    for day, status in ((1, "compliant"), (2, "drifted"), (3, "compliant"), (9, "compliant")):
        remember(file, run(day, status))
    remember(file, run(3, endpoint="gone"))
    with opened(file) as history:
        history.forget_before(at(4))
    assert rows(file, "SELECT at, status FROM changes") == [(at(3), "compliant")]
    assert rows(file, "SELECT endpoint FROM controls") == [("nb-0101.example.org",)]
    assert rows(file, "SELECT run FROM runs") == [("r9",)]
    assert since(file, run(10, "compliant")) == (at(3), "")


def test_changes_after_the_day_are_kept_all(file):
    for day, status in ((1, "compliant"), (2, "drifted"), (5, "compliant"), (6, "drifted")):
        remember(file, run(day, status))
    with opened(file) as history:
        history.forget_before(at(5))
    assert [row[0] for row in rows(file, "SELECT at FROM changes")] == [at(2), at(5), at(6)]


def test_how_far_back_it_goes():
    assert keep_from("2026-11-23T14:30:00Z", 730) == "2024-11-23T14:30:00Z"


def test_a_body_that_raises_stores_nothing(file):
    remember(file, run(1))
    before = file.read_bytes()
    with pytest.raises(RuntimeError), opened(file) as history:
        history.remember(run(2, "compliant"), RULES)
        history.note_life("nb-1", "offsite", at(2))
        raise RuntimeError
    assert file.read_bytes() == before


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_remembered(file, text):
    fields = {"endpoint": text, "control": text, "instance": text, "role": text}
    items = [rec("drifted", at=at(1), expected=text, actual={text: [text]}, **fields)]
    (first,) = remember(file, items)
    assert (first["endpoint"], first["actual"]) == (text, {text: [text]})
    (second,) = remember(file, [{**items[0], "at": at(2)}])
    assert (second["since"], second["news"], second["moved"]) == (at(1), "still", "")
    with opened(file) as history:
        history.note_life(text, "offsite", at(3))
        assert len(history.lives()) == 1


ABOUT = ("nb-0101.example.org", "vpn_profile", "vpn_profile.port", "", "machine")
UNDO = "undo 20261124T090000.000000Z"


def put_back(file: Path, actual: Any, by: str = UNDO) -> None:
    with opened(file) as history:
        history.note_put_back([(ABOUT, digest(actual)), (("nb-9", *ABOUT[1:]), digest(actual))], by)


def test_what_a_run_of_ours_put_back_is_its_doing_and_no_going_wrong(file):
    found = []
    for day in range(1, 9, 2):
        remember(file, run(day, "fixed", before="old"))
        put_back(file, 1)
        found += remember(file, run(day + 1))
    assert [item["moved"] for item in found] == ["endpoint"] * 4
    assert [item["moved_by"] for item in found] == [UNDO] * 4
    assert [item["flapping"] for item in found] == [False] * 4
    # It is still so, and still that run's doing.
    (later,) = remember(file, run(9))
    assert (later["since"], later["news"], later["moved_by"]) == (at(8), "still", UNDO)
    (theirs,) = remember(file, [{**item, "actual": 2} for item in run(10)])
    assert (theirs["moved"], theirs.get("moved_by")) == ("endpoint", None)
    # What a run put back is looked for once: another time it is somebody else's doing.
    (back,) = remember(file, run(11))
    assert back.get("moved_by") is None


def test_what_is_another_value_than_was_put_back_is_somebody_elses_doing(file):
    remember(file, run(1, "compliant"))
    put_back(file, 2)
    (found,) = remember(file, [{**item, "actual": 3} for item in run(2)])
    assert (found["moved"], found.get("moved_by")) == ("endpoint", None)


def test_what_was_put_back_is_known_until_it_can_be_read_again(file):
    remember(file, run(1, "compliant"))
    put_back(file, 2, "retire 20261124T090000.000000Z")
    (unread,) = remember(file, [{**item, "actual": None} for item in run(2, "error")])
    assert unread.get("moved_by") is None
    (found,) = remember(file, [{**item, "actual": 2} for item in run(3)])
    assert (found["moved"], found["moved_by"]) == ("endpoint", "retire 20261124T090000.000000Z")


# --- Two at once ---------------------------------------------------------------------------------------------------


def writer(file: Path, name: str, rounds: int) -> None:
    for number in range(rounds):
        remember(file, [rec("drifted", f"{name}.{number}", at=at(1, number), run=f"{name}{number}")])


def test_two_runs_at_the_same_time_lose_nothing(file):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=writer, args=(file, name, 20)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert rows(file, "SELECT COUNT(*) FROM controls") == [(40,)]
    assert rows(file, "SELECT COUNT(*) FROM changes") == [(40,)]
    assert rows(file, "SELECT COUNT(*) FROM runs") == [(40,)]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_one_that_is_held_is_waited_for_and_then_reported(file, monkeypatch):
    monkeypatch.setattr(records_history, "BUSY_SECONDS", 0.2)
    remember(file, run(1))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for use in (lambda: remember(file, run(2)), lambda: check_history(file)):
        began = time.monotonic()
        with pytest.raises(HistoryError, match=r"another run has held it for 0 s\. Wait until it is through"):
            use()
        assert time.monotonic() - began >= 0.2
    other.execute("ROLLBACK")
    other.close()
    assert since(file, run(3)) == (at(1), "still")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let every write to a file fail, also root's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_history_that_can_be_read_but_not_written_is_found_before_a_run(file):
    remember(file, run(1))
    before = file.read_bytes()
    with full_disk(), pytest.raises(HistoryError, match="cannot be used"):
        check_history(file)
    check_history(file)
    assert file.read_bytes() == before


def test_a_folder_on_a_full_disk_is_found_before_a_run(tmp_path):
    with full_disk(), pytest.raises(OSError, match="File too large"):
        check_folder(tmp_path)
    assert [*tmp_path.iterdir()] == []


def killed(file: Path) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA cache_size = 2")
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO runs VALUES (?, ?)", ((f"x{n:05}" * 50, at(2)) for n in range(2000)))
    os._exit(9)


def test_a_run_that_was_killed_while_it_wrote_does_not_stop_the_next(file):
    remember(file, run(1))
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(file,))
    process.start()
    process.join()
    assert (file.parent / f"{file.name}-journal").stat().st_size > 0
    check_history(file)
    assert since(file, run(2)) == (at(1), "still")
    assert rows(file, "SELECT run FROM runs") == [("r1",)]


# --- Versions ------------------------------------------------------------------------------------------------------


def test_a_file_of_the_first_version_is_brought_up_to_date(file, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(records_history, "MIGRATIONS", MIGRATIONS[:1])
        with opened(file) as history:
            # As the first version did: it had no endpoints.
            history._db.execute(
                f"INSERT INTO controls VALUES (1, {marks(12)})",
                (*ABOUT, at(1), "drifted", at(1), "wish", digest(443), digest(1), "0.1.0"),
            )
            history._db.execute("INSERT INTO changes VALUES (1, ?, 'drifted')", (at(1),))
    assert rows(file, "PRAGMA user_version") == [(1,)]
    check_history(file)
    assert rows(file, "PRAGMA user_version") == [(1,)]
    (second,) = remember(file, run(2))
    assert (second["since"], second["news"], second["moved"]) == (at(1), "still", "desired")
    assert rows(file, "PRAGMA user_version") == [(4,)]
    assert rows(file, "SELECT * FROM endpoints") == [("nb-0101.example.org", "in_house", None, at(2))]


# --- What it refuses, and leaves as it is --------------------------------------------------------------------------


def text_file(file: Path) -> None:
    file.write_text("not a database, but long enough to be one " * 200, encoding="utf-8")


def empty_file(file: Path) -> None:
    file.touch()


def many(file: Path) -> None:
    remember(file, [rec("drifted", f"c.{number}", at=at(1)) for number in range(400)])


def cut(size: int | None) -> Any:
    def make(file: Path) -> None:
        many(file)
        content = file.read_bytes()
        file.write_bytes(content[: size or len(content) // 2])

    return make


def damaged(file: Path) -> None:
    many(file)
    content = bytearray(file.read_bytes())
    middle = len(content) // 4096 // 2 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    file.write_bytes(bytes(content))


def other_program(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE mine (x)")
    connection.close()


def half_done_by_another_program(file: Path) -> None:
    """A database whose newest changes are still in its write-ahead log: whoever opens it, tidies it up."""
    source = file.with_name("source.sqlite")
    connection = sqlite3.connect(source)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE mine (x)")
    for end in ("", "-wal", "-shm"):
        shutil.copy(f"{source}{end}", f"{file}{end}")
    connection.close()
    source.unlink()


def newer(file: Path) -> None:
    remember(file, run(1))
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


REFUSED = {
    "text": (text_file, "does not begin as an SQLite file does"),
    "empty": (empty_file, "does not begin as an SQLite file does"),
    "header alone": (cut(16), "damaged or cannot be used"),
    "half a header": (cut(60), "damaged or cannot be used"),
    "one page": (cut(4096), "damaged or cannot be used"),
    "half": (cut(None), "damaged or cannot be used"),
    "a damaged page": (damaged, "damaged or cannot be used"),
    "another program's": (other_program, "of another program (application_id 0)"),
    "another program's, half done": (half_done_by_another_program, "of another program (application_id 0)"),
    "newer": (newer, "made by a newer version of this project (history 99, this one knows up to 4)"),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_sound_history_is_refused_and_left_byte_for_byte(file, make, words):
    file.parent.mkdir()
    make(file)
    before = contents(file.parent)
    for use in (lambda: check_history(file), lambda: remember(file, run(2))):
        with pytest.raises(HistoryError) as caught:
            use()
        assert str(file) in str(caught.value)
        assert words in str(caught.value)
        assert "docs/history.md" in str(caught.value)
        assert contents(file.parent) == before


def test_a_directory_is_no_history(file):
    file.mkdir(parents=True)
    for use in (lambda: check_history(file), lambda: remember(file, run(2))):
        with pytest.raises(HistoryError, match=r"Is a directory.*docs/history\.md"):
            use()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(HistoryError, match=r"docs/history\.md"):
        remember(tmp_path / "taken" / "history.sqlite", run(1))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_file_that_may_not_be_read_is_refused(file):
    remember(file, run(1))
    file.chmod(0)
    for use in (lambda: check_history(file), lambda: remember(file, run(2))):
        with pytest.raises(HistoryError, match="Permission denied"):
            use()


def test_a_file_that_may_not_be_written_is_reported(file, monkeypatch):
    """As root in a test no mode of a file forbids anything; a read-only connection does."""
    remember(file, run(1))
    before = file.read_bytes()
    connect = sqlite3.connect
    monkeypatch.setattr(
        records_history.sqlite3, "connect", lambda name, **how: connect(name.replace("mode=rw", "mode=ro"), **how)
    )
    with pytest.raises(HistoryError, match="readonly"):
        remember(file, run(2))
    assert file.read_bytes() == before


def test_a_bare_record_is_enough(file):
    (item,) = stamp([record("a.b", "compliant", role="a")], run="r", endpoint="e", at=at(1), versions={})
    (found,) = remember(file, [item])
    assert {name: found[name] for name in ("since", "news", "moved", "flapping")} == {
        "since": at(1), "news": "", "moved": "", "flapping": False,
    }  # fmt: skip


def test_a_second_run_reads_nothing_before_the_first_is_through(file, monkeypatch):
    """It would read what the first is about to change."""
    monkeypatch.setattr(records_history, "BUSY_SECONDS", 0.1)
    remember(file, run(1))
    with opened(file), pytest.raises(HistoryError, match="another run has held it"), opened(file):
        pytest.fail("both are in it")
