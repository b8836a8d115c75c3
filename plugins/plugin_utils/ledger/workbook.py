"""A ledger that is an Excel workbook, whoever wrote it: formulas count by their results, hidden rows as others do."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
from dataclasses import replace
from typing import Any

from .table import PAGE, Cell, LedgerError, Table, cell

# Unpacked. A ledger of a thousand machines has less than one.
LARGEST_MIB = 64
# How Excel writes a character that XML cannot have, such as the carriage return of a pasted text.
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f])_")

_SAVE_AGAIN = "save it from Excel as 'Excel Workbook (.xlsx)', not 'Strict Open XML', or as 'CSV UTF-8'"
_DATE = "is a date or a time: Excel makes one of what looks like it; format the cell as text and type it again"
_NO_RESULT = "is a formula, and the file does not have its result; open it in Excel or LibreOffice, and save it again"


def read_workbook(raw: bytes, file: str, sheet: str) -> Table:
    """Return a sheet as a table: the named one, or the only one that is not hidden. Raises LedgerError."""
    values, formulas = (_opened(raw, file, results) for results in (True, False))
    name = _sheet(values, file, sheet)
    rows: dict[int, dict[int, Cell]] = {}
    computed = {place for place, one in formulas[name]._cells.items() if one.data_type == "f"}
    # By what is there, not by the sheet's size: one stray cell at its end would be a million rows.
    for (row, column), one in sorted(values[name]._cells.items()):
        found = _cell(one.value, one.data_type, (row, column) in computed)
        if found:
            rows.setdefault(row, {})[column] = found
    for merged in values[name].merged_cells.ranges:
        first = rows.get(merged.min_row, {}).get(merged.min_col)
        if first:
            below = [row for row in rows if merged.min_row < row <= merged.max_row]
            for row in below:
                rows[row][merged.min_col] = replace(first, merged=True)
    return Table(file, name, rows)


def _opened(raw: bytes, file: str, results: bool) -> Any:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - only a workbook needs it, and a CSV can be read without
    except ImportError:
        raise LedgerError(
            f"{file}: a workbook is read by the package openpyxl, which Ansible's Python does not have: pip install "
            f"openpyxl, or save the file as 'CSV UTF-8'; {PAGE}"
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            size = sum(part.file_size for part in packed.infolist() if part.filename.endswith((".xml", ".rels")))
        if size > LARGEST_MIB * 2**20:
            raise LedgerError(
                f"{file}: it has {size // 2**20} MiB of cells, and at most {LARGEST_MIB} are read; copy the columns of "
                f"the machines into a workbook of their own; {PAGE}"
            )
        with warnings.catch_warnings():
            # Of what it would not write again; nothing is written here.
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(raw), data_only=results)
    except LedgerError:
        raise
    except Exception as error:
        # What a damaged file makes of the parsers below is nobody's contract.
        words = " ".join(str(error).split())[:200]
        raise LedgerError(
            f"{file}: it is no workbook that can be read ({type(error).__name__}: {words}); {_SAVE_AGAIN}; {PAGE}"
        ) from error


def _sheet(workbook: Any, file: str, wanted: str) -> str:
    names = [one.title for one in workbook.worksheets]
    visible = [one.title for one in workbook.worksheets if one.sheet_state == "visible"]
    if not names:
        raise LedgerError(f"{file}: no sheet in it can be read; {_SAVE_AGAIN}; {PAGE}")
    if wanted in names:
        return wanted
    if wanted:
        raise LedgerError(f"{file}: it has no sheet '{wanted}', but {', '.join(names)}; correct `sheet`; {PAGE}")
    if len(visible) != 1:
        raise LedgerError(f"{file}: it has the sheets {', '.join(names)}; name the one to read: sheet: NAME; {PAGE}")
    return str(visible[0])


def _cell(value: Any, kind: str, formula: bool) -> Cell | None:
    if value is None:
        # A formula with an empty text for its result says so by its type.
        return Cell("", _NO_RESULT) if formula and kind != "str" else None
    if kind == "e":
        return Cell(str(value), "is an error of Excel's; correct the formula, or type the value")
    if isinstance(value, bool):
        return Cell(str(value).upper(), "is a yes-no value; type a word")
    if isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
        return Cell(str(value).removesuffix(" 00:00:00"), _DATE)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return cell(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)))
