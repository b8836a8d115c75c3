"""Whatever stands in a table: each row is a machine, a mistake with its place, or none of both for a reason."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.ledger.machines import NOTES, machines_of
from plugins.plugin_utils.ledger.settings import COLUMNS, settings_of
from plugins.plugin_utils.ledger.table import LedgerError, Table, cell
from plugins.plugin_utils.ledger.text_file import read_text

SETTINGS = settings_of(
    {
        "path": "pcs.csv",
        "columns": {name: name for name in COLUMNS},
        "words": {"system": {"windows": "w*"}},
    },
    "ledger.yml",
)
GOOD = {
    "host": st.sampled_from(["nb-1", "ＮＢ－２", "pc-3.example.org", "4"]),
    "system": st.sampled_from(["windows", "Ｗ11", "macos"]),
    "role": st.sampled_from(["laptop", "office pc", "laptop / office_pc"]),
    "address": st.sampled_from(["192.0.2.1", "192.0.2.2", "pc-3", "2001:db8::1"]),
    "client": st.sampled_from(["store", "download"]),
    "life": st.sampled_from(["in use", "out_of_use"]),
    "office_pc": st.sampled_from(["pc-3", "pc-3.example.org", "x 192.0.2.9"]),
    "nas": st.sampled_from(["a 192.0.2.4", "a 192.0.2.4 b c\nd (192.0.2.5)"]),
}
# Mostly what may stand there, so that whole rows are right now and then; and anything at all.
ROW = st.tuples(*(st.one_of(st.just(""), GOOD.get(name, st.text(max_size=5)), st.text(max_size=8)) for name in COLUMNS))
NOT_IN_USE = re.compile(r"\s*(out[\s_-]*of[\s_-]*use)\s*", re.IGNORECASE)


def table(rows: list[tuple[str, ...]]) -> Table:
    cells = {
        number: {column: one for column, text in enumerate(row, 1) if (one := cell(text))}
        for number, row in enumerate([COLUMNS, *rows], 1)
    }
    return Table("pcs.csv", "", {number: found for number, found in cells.items() if found})


@given(st.lists(ROW, max_size=6))
def test_each_row_is_a_machine_or_a_mistake(rows):
    made = table(rows)
    machines, said = [], []
    try:
        machines = machines_of(made, SETTINGS)
    except LedgerError as error:
        said = error.mistakes
    assert machines or said
    found = {one.row for one in machines}
    wrong = {int(match[1]) for words in said if (match := re.match(r"pcs\.csv, [A-Z]+([0-9]+): ", words))}
    for number, cells in made.rows.items():
        texts = {COLUMNS[column - 1]: one.text for column, one in cells.items()}
        of_no_machine = (
            number == 1
            or (len(texts) == 1 and next(iter(texts.values())).startswith(NOTES))
            or texts.get("host", "").casefold() == "host"
        )
        if machines and not of_no_machine and not NOT_IN_USE.fullmatch(texts.get("life", "")):
            assert number in found
        assert not (number in found and number in wrong)
    for words in said:
        assert words.isprintable()
        assert words.endswith("; see docs/ledger.md")
    for one in machines:
        assert one.groups == ["out_of_use"] or {*one.groups} <= {"windows", "macs", "laptops", "office_pcs"}
        assert one.name.isascii()


@given(st.lists(ROW, max_size=6))
def test_a_row_that_is_right_is_a_machine_whatever_stands_beside_it(rows):
    """Mistakes of others take nothing away from what is said of a row: its own mistakes are the same without them."""

    def mistakes_of(number: int, taken: list[tuple[str, ...]]) -> set[str]:
        try:
            machines_of(table(taken), SETTINGS)
        except LedgerError as error:
            place = re.compile(rf"pcs\.csv, ([A-Z]+){number}: ")
            return {place.sub(r"\1: ", words) for words in error.mistakes if place.match(words)}
        return set()

    for number, row in enumerate(rows):
        alone = mistakes_of(2, [row])
        # What another row decides: whether it has the same name or address, and the address of an office PC.
        alone = {words for words in alone if "no row in use" not in words}
        assert alone <= mistakes_of(number + 2, rows)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_text_file_is_more_than_refused(raw):
    try:
        read_text(raw, "pcs.csv", "auto", lambda table: len(table.rows))
    except LedgerError as error:
        assert all(words.isprintable() for words in error.mistakes)
