"""A sheet of a spreadsheet as a table: the cells that say something, each with the place that Excel calls it by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

PAGE = "see docs/ledger.md"
# What Unicode counts as a control character, but for those that are blanks.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SHOWN = 60
# Of a cell. A list of devices has some hundred, and Unicode can be made slow.
LONGEST = 4096


class LedgerError(Exception):
    """A ledger that cannot be used: a sentence for each mistake, each with its place and its cure."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)


@dataclass(frozen=True)
class Cell:
    """What a cell says. `wrong` is why it cannot be taken as a text; `merged`, that it stands in the cell above."""

    text: str
    wrong: str = ""
    merged: bool = False


@dataclass(frozen=True)
class Table:
    """The cells by row and column, both counted from 1 as in Excel; the sheet has no name in a text file."""

    file: str
    sheet: str
    rows: dict[int, dict[int, Cell]]

    def place(self, row: int, column: int | None = None) -> str:
        """Return where a cell or a row is, as Excel writes it.

        >>> Table("pcs.xlsx", "PCs", {}).place(7, 3), Table("pcs.csv", "", {}).place(7)
        ('pcs.xlsx, PCs!C7', 'pcs.csv, row 7')
        """
        if column is None:
            sheet = f", {self.sheet}" if self.sheet else ""
            return f"{self.file}{sheet}, row {row}"
        sheet = f"{_quoted(self.sheet)}!" if self.sheet else ""
        return f"{self.file}, {sheet}{letters(column)}{row}"


def letters(column: int) -> str:
    """Return a column's letters.

    >>> letters(3), letters(26), letters(28), letters(16384)
    ('C', 'Z', 'AB', 'XFD')
    """
    before, last = divmod(column - 1, 26)
    return (letters(before) if before else "") + chr(ord("A") + last)


def _quoted(sheet: str) -> str:
    if re.fullmatch(r"[^\W\d]\w*", sheet):
        return sheet
    doubled = sheet.replace("'", "''")
    return f"'{doubled}'"


def cell(text: str) -> Cell | None:
    """Return the cell of a text, None when it is empty."""
    words = re.sub(r"\r\n?|[\v\f]", "\n", text.strip())
    if not words:
        return None
    if len(words) > LONGEST:
        return Cell(words[:LONGEST], f"has {len(words):,} characters; at most {LONGEST:,} are read")
    odd = _CONTROL.search(words)
    return Cell(words, f"has the character {odd[0]!r}, which does not show; type the cell again" if odd else "")


def plain(text: str) -> str:
    """Return a text with full-width letters, digits and blanks as narrow ones, and no character that has no width.

    >>> plain("ＮＢ－０１０１　 (ＰＣ)")
    'NB-0101 (PC)'
    """
    narrow = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return " ".join(narrow.split())


def alike(text: str) -> str:
    """Return what is left of a header or a word when its spelling does not matter: no case, blanks, hyphens.

    >>> alike("Office PC") == alike("office_pc") == alike("ＯＦＦＩＣＥ－ＰＣ")
    True
    """
    return re.sub(r"[\s_-]", "", plain(text).casefold())


def shown(text: str) -> str:
    """Return a text as a message quotes it: bounded, on one line, every character visible."""
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return "'" + "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text) + "'"
