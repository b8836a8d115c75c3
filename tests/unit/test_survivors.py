"""What `make mutation` lets live: each by a place and a text, and never more than is meant."""

from __future__ import annotations

import pytest

from tests.mutation.survivors import Survivor


@pytest.mark.parametrize(
    ("where", "text", "may"),
    [
        ("values.versions.compare_versions", "return -1 if left <= right else 1", True),
        ("values.versions.compare_versions", "return -1 if left > right else 1", False),
        ("values.versions.parse", "return -1 if left <= right else 1", False),
        ("handover.pac.table", "cells = zip(row, widths, strict=None)", True),
        ("handover.pac.table", "cells = zip(row, strict=True)", False),
        ("records.runs.read", 'path.read_text(encoding="UTF-8")', True),
        ("records.runs.read", "path.read_text(encoding=None)", False),
        ("values.bounded.bounded", "return found if len(whole) <= LONGEST_WHOLE else cut(whole, )", False),
        ("records.history.check_folder", 'with NamedTemporaryFile(dir=None, prefix=".try.", buffering=0)', False),
        ("records.history.History.forget_before", 'self._db.execute("delete from runs where at < ?", (at,))', True),
        ("records.history.History.forget_before", 'self._db.execute("DELETE FROM RUNS WHERE AT < ?", (at,))', True),
        ("records.history.History.forget_before", 'self._db.execute("DELETE FROM runs WHERE at < ?", (None,))', False),
        ("records.records.parsed", 'return cast("record", dict(item))', True),
        ("records.records.parsed", 'return cast("Record", None)', False),
        ("handover.pac_engine.confine", "limit = None", True),
        ("handover.pac_engine.Browser.ask", "limit = None", False),
    ],
)
def test_what_may_live_is_said_of_one_place_or_one_kind_of_text(where: str, text: str, *, may: bool) -> None:
    assert bool(Survivor(where, text).why()) is may
