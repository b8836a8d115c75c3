"""A ledger that was saved as text: CSV of any separator, in the encodings that Excel writes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable

from .table import PAGE, Cell, LedgerError, Table, cell

SEPARATORS = (",", ";", "\t")
ENCODINGS = ("auto", "utf-8", "cp932", "utf-16")
# In the order in which `auto` tries them: what is no UTF-8 at all is Excel's "CSV" on a Japanese Windows.
_AUTO = ("utf-8", "cp932")
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text(raw: bytes, file: str, encoding: str, fitting: Callable[[Table], int]) -> Table:
    """Return the table; of the separators the one that fits best. Raises LedgerError."""
    text = decoded(raw, file, encoding)
    tables: list[Table] = []
    broken = ""
    for separator in SEPARATORS:
        # strict: a quotation mark that nothing closes would otherwise swallow the rest of the file.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            tables.append(Table(file, "", _rows(reader)))
        except csv.Error as error:
            broken = broken or f"{file}, line {reader.line_num}: no CSV ({error})"
    if broken and not any(map(fitting, tables)):
        raise LedgerError(f"{broken}; save it again from Excel as 'CSV UTF-8'; {PAGE}")
    return max(tables, key=fitting)


def decoded(raw: bytes, file: str, encoding: str) -> str:
    """Return the text of a file. Raises LedgerError."""
    marked = [codec for mark, codec in _MARKS.items() if raw.startswith(mark)]
    tried = (encoding,) if encoding != "auto" else marked or _AUTO
    for codec in tried:
        try:
            return raw.decode("utf-8-sig" if codec == "utf-8" else codec)
        except UnicodeDecodeError as error:
            line, byte = raw.count(b"\n", 0, error.start) + 1, raw[error.start]
    raise LedgerError(
        f"{file}, line {line}: byte 0x{byte:02x} is not {' or '.join(tried)}; save it from Excel as 'CSV UTF-8'; {PAGE}"
    )


def _rows(records: Iterable[list[str]]) -> dict[int, dict[int, Cell]]:
    rows = {}
    for number, fields in enumerate(records, 1):
        cells = {column: found for column, field in enumerate(fields, 1) if (found := cell(field))}
        if cells:
            rows[number] = cells
    return rows
