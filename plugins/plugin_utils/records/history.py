"""The history: one SQLite file on the controller that remembers what each control was the last time.

`remember` takes the records of a run, says what is new about them, and stores them, in one transaction: two runs at the
same time wait for each other. A file that is damaged, of somebody else, or made by a newer version is refused and never
written to. An older one is brought up to date first.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from .records import Record, allowed, identity, says_not_measured
from .since import LIFE, TIME, Flapping, Life, Past, described, moment, now_known

APPLICATION_ID = 0x4F464651
MIGRATIONS = (
    """
    CREATE TABLE runs (run TEXT PRIMARY KEY, at TEXT NOT NULL);
    CREATE TABLE controls (
        id INTEGER PRIMARY KEY,
        endpoint TEXT NOT NULL, role TEXT NOT NULL, control TEXT NOT NULL, instance TEXT NOT NULL, scope TEXT NOT NULL,
        at TEXT NOT NULL, status TEXT NOT NULL, since TEXT NOT NULL, moved TEXT NOT NULL,
        wish TEXT NOT NULL, actual TEXT NOT NULL, version TEXT NOT NULL,
        UNIQUE (endpoint, role, control, instance, scope)
    );
    CREATE TABLE changes (
        control INTEGER NOT NULL REFERENCES controls (id) ON DELETE CASCADE,
        at TEXT NOT NULL, status TEXT NOT NULL
    );
    CREATE INDEX changes_of_control ON changes (control);
    """,
    """
    CREATE TABLE endpoints (endpoint TEXT PRIMARY KEY, life TEXT NOT NULL, at TEXT, measured_at TEXT);
    """,
    """
    ALTER TABLE controls RENAME COLUMN wish TO desired;
    UPDATE controls SET moved = 'desired' WHERE moved = 'wish';
    """,
    """
    ALTER TABLE controls ADD COLUMN moved_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE controls ADD COLUMN put_back TEXT NOT NULL DEFAULT '';
    ALTER TABLE controls ADD COLUMN put_back_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE changes ADD COLUMN ours INTEGER NOT NULL DEFAULT 0;
    """,
)
_PLACE = "endpoint = ? AND role = ? AND control = ? AND instance = ? AND scope = ?"
_COLUMNS = ("at", "status", "since", "moved", "desired", "actual", "version", "moved_by", "put_back", "put_back_by")
_PAST = ", ".join(_COLUMNS)
BUSY_SECONDS = 60.0
CLOCKS_DIFFER = timedelta(minutes=10)
# Where the times are.
_TIMES = {"runs": ("at",), "controls": ("at", "since"), "changes": ("at",), "endpoints": ("at", "measured_at")}


class HistoryError(Exception):
    """The history cannot be used; the message names the file, what is wrong and what to do."""


class History:
    """An open history inside a transaction; made by `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def lives(self) -> dict[str, Life]:
        """Return what is known of each endpoint's life, by name."""
        rows = self._db.execute("SELECT endpoint, life, at, measured_at FROM endpoints")
        return {name: Life(life, at, measured) for name, life, at, measured in rows}

    def note_life(self, endpoint: str, life: str, at: str) -> None:
        """Note that an endpoint begins another part of its life."""
        self._db.execute(
            "INSERT INTO endpoints (endpoint, life, at) VALUES (?, ?, ?)"
            " ON CONFLICT (endpoint) DO UPDATE SET life = excluded.life, at = excluded.at",
            (*_texts([endpoint]), life, at),
        )

    def describe(self, records: Iterable[Record], rules: Flapping) -> list[Record]:
        """Return the records with what is new about them; stores nothing."""
        past = ((item, self._past(item)[1]) for item in records)
        return [described(item, known, now_known(item, known), rules) for item, known in past]

    def remember(self, records: Iterable[Record], rules: Flapping) -> list[Record]:
        """Return the records with what is new about them, and store them.

        A record that is older than what is known (its run began earlier and ended later) is described, not stored.
        """
        seen = []
        for item in records:
            number, past = self._past(item)
            known = now_known(item, past)
            seen.append(described(item, past, known, rules))
            if past is None or item["at"] >= past.at:
                self._store(item, number, past, known)
        self._note_measured(seen)
        self._db.executemany("INSERT OR IGNORE INTO runs VALUES (?, ?)", {(item["run"], item["at"]) for item in seen})
        return seen

    def nothing_after(self, now: str) -> None:
        """Date what lies in the future now: a clock was ahead once.

        Nothing found since would count otherwise, and what that run dated would stay in the future for good. Some
        minutes are the difference of two controllers' clocks.
        """
        latest = (moment(now) + CLOCKS_DIFFER).strftime(TIME)
        for table, columns in _TIMES.items():
            for column in columns:
                statement = f"UPDATE {table} SET {column} = ? WHERE {column} > ?"  # noqa: S608 - constants only
                self._db.execute(statement, (now, latest))

    def note_put_back(self, left: Iterable[tuple[tuple[str, str, str, str, str], str]], by: str) -> None:
        """Note what a run has put back on purpose: (what it is about, the digest of what it left there).

        `by` is as in a record's `moved_by`. The next run that finds just that there knows whose doing it was.
        """
        statement = f"UPDATE controls SET put_back = ?, put_back_by = ? WHERE {_PLACE}"  # noqa: S608 - constants only
        self._db.executemany(statement, [(actual, by, *_texts(about)) for about, actual in left])

    def forget_before(self, at: str) -> None:
        """Delete what ended before a time: runs, controls that nobody has measured since, changes but each last one."""
        self._db.execute("DELETE FROM runs WHERE at < ?", (at,))
        self._db.execute("DELETE FROM controls WHERE at < ?", (at,))
        self._db.execute(
            "DELETE FROM changes WHERE at < ?"
            " AND rowid NOT IN (SELECT MAX(rowid) FROM changes WHERE at < ? GROUP BY control)",
            (at, at),
        )

    def _past(self, item: Record) -> tuple[int | None, Past | None]:
        row = self._db.execute(f"SELECT id, {_PAST} FROM controls WHERE {_PLACE}", _texts(identity(item))).fetchone()  # noqa: S608 - constants only
        if row is None:
            return None, None
        number, *texts = row
        rows = self._db.execute("SELECT at, status, ours FROM changes WHERE control = ? ORDER BY rowid", (number,))
        changes = rows.fetchall()
        ours = frozenset(at for at, _status, mine in changes if mine)
        known = dict(zip(_COLUMNS, texts, strict=True))
        return number, Past(**known, changes=tuple((at, status) for at, status, _mine in changes), ours=ours)

    def _store(self, item: Record, number: int | None, past: Past | None, known: Past) -> None:
        values = [getattr(known, name) for name in _COLUMNS]
        if number is None:
            number = self._db.execute(
                f"INSERT INTO controls (endpoint, role, control, instance, scope, {_PAST})"  # noqa: S608 - constants only
                f" VALUES ({marks(5 + len(_COLUMNS))})",
                (*_texts(identity(item)), *values),
            ).lastrowid
        else:
            self._db.execute(
                f"UPDATE controls SET ({_PAST}) = ({marks(len(_COLUMNS))}) WHERE id = ?",  # noqa: S608 - constants only
                (*values, number),
            )
        new = known.changes[len(past.changes) if past else 0 :]
        rows = [(number, at, status, at in known.ours) for at, status in new]
        self._db.executemany("INSERT INTO changes (control, at, status, ours) VALUES (?, ?, ?, ?)", rows)

    def _note_measured(self, records: list[Record]) -> None:
        # Of a retired one nothing is compared, whether it answers or not.
        silent = {item["endpoint"] for item in records if says_not_measured(item) or item["control"] == LIFE}
        # What a user's own check has read was measured then, and not by the run that judges it.
        measured = {
            (*_texts([item["endpoint"]]), item.get("measured_at", item["at"]))
            for item in records
            if item["endpoint"] not in silent
        }
        self._db.executemany(
            "INSERT INTO endpoints (endpoint, life, measured_at) VALUES (?, 'in_house', ?)"
            " ON CONFLICT (endpoint) DO UPDATE SET measured_at = MAX(COALESCE(measured_at, ''), excluded.measured_at)",
            measured,
        )


def marks(number: int) -> str:
    """Return so many question marks for a statement."""
    return ", ".join("?" * number)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    """Return texts that SQLite can hold: half a character (a lone surrogate) is written out."""
    return tuple(value.encode("utf-8", "backslashreplace").decode("utf-8") for value in values)


@contextmanager
def opened(path: str | Path) -> Iterator[History]:
    """Open the history, making the file when there is none; all that is done is stored at the end, or nothing of it.

    Raises HistoryError.
    """
    file = Path(path)
    with _explained(file):
        if not file.exists():
            _create(file)
        connection = _begun(file)
    try:
        try:
            _check(file, connection)
            _migrate(connection)
            yield History(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise HistoryError(_words(file, error)) from error
    finally:
        # Rolls back what was not committed.
        connection.close()


def check_history(path: str | Path) -> None:
    """Raise HistoryError for a file that a run could not use or write at its end. No file is made, none is changed."""
    file = Path(path)
    with _explained(file):
        if not file.exists():
            check_folder(file.parent)
            return
        # A run that was killed while it wrote leaves a journal, which SQLite rolls back here.
        connection = _begun(file)
        try:
            _check(file, connection)
            # A write that is taken back at once: whether the file, and the journal beside it, can be written at all.
            connection.execute("PRAGMA user_version = 0")
        finally:
            # Rolls back.
            connection.close()


def check_folder(folder: str | Path) -> None:
    """Raise OSError unless files can be written into a folder, which is made for them."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".try.", buffering=0) as file:
        # A full disk takes a file, but nothing into it.
        file.write(b"x")


def check_file(path: str | Path) -> None:
    """Raise OSError unless a file can be written, or written anew; it is not made."""
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    check_folder(Path(path).parent)


def keep_from(at: str, days: int) -> str:
    """Return the time before which the history is forgotten."""
    return (moment(at) - timedelta(days=days)).strftime(TIME)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise HistoryError(_words(file, error)) from error
    except OSError as error:
        raise HistoryError(f"{file}: {error.strerror or error}. See docs/history.md") from error


def _begun(file: Path) -> sqlite3.Connection:
    _check_header(file)
    address = f"{file.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # At once, so that a second run waits here and not when it has read what the first is about to change.
        connection.execute("BEGIN IMMEDIATE")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(file: Path) -> None:
    """Make an empty history beside and link it into place: of two runs one wins, and there is never half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    try:
        connection = sqlite3.connect(name, isolation_level=None)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.close()
        # A second administrator writes to this very file, where the umask lets a group write; SQLite's journal gets
        # the same rights.
        Path(name).chmod(allowed(0o660))
        try:
            file.hardlink_to(name)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def _check_header(file: Path) -> None:
    # By the bytes alone: SQLite itself may tidy up a file that another program has left half done.
    with file.open("rb") as stream:
        start = stream.read(100)
    if start[:16] != b"SQLite format 3\0":
        raise HistoryError(
            f"{file} is no history: it does not begin as an SQLite file does. It is left as it is; move it away to "
            "begin a new history, or name another file in endpoint_report_history. See docs/history.md"
        )

    application = int.from_bytes(start[68:72], "big")
    if len(start) == 100 and application != APPLICATION_ID:
        raise HistoryError(
            f"{file} is an SQLite file of another program (application_id {application}). It is left as it is; name "
            "another file in endpoint_report_history. See docs/history.md"
        )


def _check(file: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise HistoryError(
            f"{file} was made by a newer version of this project (history {version}, this one knows up to "
            f"{len(MIGRATIONS)}). It is left as it is; use the newer version. See docs/history.md"
        )
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise HistoryError(_words(file, answer))


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _words(file: Path, error: object) -> str:
    if "locked" in str(error):
        return f"{file}: another run has held it for {BUSY_SECONDS:.0f} s. Wait until it is through, and run again"
    return (
        f"{file} is damaged or cannot be used ({error}). It is left as it is; put a copy back from the backup, or "
        "move it away to begin a new history: every run's records are in its JSON Lines file. See docs/history.md"
    )
