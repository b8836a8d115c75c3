"""The records of many endpoints, endpoint by endpoint in one order: from files without holding them, or from a list.

A fleet's records may be larger than memory; what is made of them needs one endpoint's at a time. So the files are read
as often as somebody goes through them, and only where an endpoint's lines stand is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from sys import intern
from typing import Any

from .records import Record, RecordError, in_order, located, merge, parsed


class Known:
    """Records that are in memory already, checked and in their order."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._records = merge(records)

    def __iter__(self) -> Iterator[Record]:
        """Yield them."""
        return iter(self._records)


class Runs:
    """The newest records of all endpoints in JSON Lines files: of each endpoint the run that measured it last counts.

    Making it checks every line. `latest` is the newest time of a record that counts, "" without any.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        # Of each endpoint: when it was measured last, and where the lines of that run stand: file, start, end, file ...
        self._last: dict[str, tuple[str, str]] = {}
        self._places: dict[str, array[int]] = {}
        for number, file in enumerate(files):
            for start, end, item in located(file):
                self._note(item, number, start, end)
        self.latest = max((at for at, _run in self._last.values()), default="")

    def _note(self, item: Record, number: int, start: int, end: int) -> None:
        endpoint, when = item["endpoint"], (intern(item["at"]), intern(item["run"]))
        last = self._last.get(endpoint)
        if last is None or when > last:
            self._last[endpoint] = when
            self._places[endpoint] = array("q")
        if last is None or when >= last:
            places = self._places[endpoint]
            if places and (places[-3], places[-1]) == (number, start):
                # The line after the last one; most often all of an endpoint stand together.
                places[-1] = end
            else:
                places.extend((number, start, end))

    @property
    def endpoints(self) -> set[str]:
        """The names of those that are in the files."""
        return {*self._places}

    def __iter__(self) -> Iterator[Record]:
        """Yield them in one order, whatever order the files have; reads the files again."""
        for endpoint in sorted(self._places):
            yield from in_order(self._read(endpoint))

    def _read(self, endpoint: str) -> Iterator[Record]:
        places = iter(self._places[endpoint])
        for number, start, end in zip(places, places, places, strict=True):
            path = self._files[number]
            with path.open("rb") as file:
                file.seek(start)
                while file.tell() < end:
                    yield _same(path, file.readline(), endpoint)


def _same(path: Path, line: bytes, endpoint: str) -> Record:
    """Return the record of a line that was read before."""
    try:
        item: Record = parsed(line)
        if item["endpoint"] == endpoint:
            return item
    except (ValueError, LookupError, TypeError):
        pass
    raise RecordError(f"{path}: it was changed while the reports were made; make them again")


def known(records: Iterable[Mapping[str, Any]] | Known | Runs) -> Known | Runs:
    """Return records that are checked and in order. Raises RecordError for what is none."""
    return records if isinstance(records, (Known, Runs)) else Known(records)


def by_endpoint(
    records: Iterable[Mapping[str, Any]] | Known | Runs, names: Iterable[str] = ()
) -> Iterator[tuple[str, list[Record]]]:
    """Yield the endpoints by name, each with its records; one of `names` without any has []."""
    silent = sorted({*names}, reverse=True)
    for name, items in groupby(known(records), key=lambda item: item["endpoint"]):
        while silent and silent[-1] <= name:
            if silent[-1] < name:
                yield silent[-1], []
            silent.pop()
        yield name, list(items)
    for name in reversed(silent):
        yield name, []


def read_runs(paths: Iterable[str | Path]) -> Runs:
    """Return the newest records of all endpoints in these JSON Lines files, or in the files of a folder.

    Raises RecordError: a path that is not there, a folder without such files, a line that is no record.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.glob("*.jsonl"))
            if not inside:
                raise RecordError(f"{path}: there is no .jsonl file in this folder")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise RecordError(f"{path}: there is no such file")
    if not files:
        raise RecordError("no file was named: endpoint_report_files is a list of .jsonl files or folders of them")
    return Runs(files)
