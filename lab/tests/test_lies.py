"""The table of docs/lies.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs" / "lies.md").read_text(encoding="utf-8").splitlines()
ROWS = [line for line in TABLE if line.startswith("| ") and not line.startswith(("| what |", "| ---"))]


def named(row: str) -> list[tuple[str, str]]:
    """Return (file, function) of each test in a row; `::name` stands in the file before it."""
    found, file = [], ""
    for path, function in re.findall(r"`([\w/]+\.py)?::(\w+)`", row.rpartition(" | ")[2]):
        file = path or file
        found.append((file, function))
    return found


def test_there_is_a_row_for_everything() -> None:
    assert len(ROWS) == 28


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_row_names_tests_that_exist(row: str) -> None:
    tests = named(row)
    assert tests
    for file, function in tests:
        assert f"def {function}(" in (TESTS / file).read_text(encoding="utf-8")
