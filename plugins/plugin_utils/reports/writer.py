"""What the formats have in common: each goes through the records twice, endpoint by endpoint, and holds none of them.

First it looks, to learn what has to stand at the beginning of its file; then it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TextIO

from ..records.records import Record
from ..records.runs import Known, Runs, by_endpoint


class Writer:
    """One file of one format; the methods are called in the order in which they stand here."""

    def look(self, items: list[Record]) -> None:
        """Take note of an endpoint's records; endpoints come by name. Raises RecordError for what cannot be shown."""

    def begin(self, file: TextIO) -> None:
        """Write the beginning."""
        self.write: Callable[[str], object] = file.write

    def add(self, items: list[Record]) -> None:
        """Write an endpoint's records."""
        raise NotImplementedError

    def end(self) -> None:
        """Write the end."""


def looked(writers: Iterable[Writer], records: Known | Runs) -> None:
    """Let writers look at all records, in one go."""
    steps = [writer.look for writer in writers if type(writer).look is not Writer.look]
    for _name, items in by_endpoint(records) if steps else ():
        for step in steps:
            step(items)


def written(writers: dict[Writer, TextIO], records: Known | Runs) -> None:
    """Let writers that have looked write all records into their files, in one go."""
    for writer, file in writers.items():
        writer.begin(file)
    for _name, items in by_endpoint(records):
        for writer in writers:
            writer.add(items)
    for writer, file in writers.items():
        writer.end()
        # A full disk is reported here, while every file is still as it was before.
        file.flush()
