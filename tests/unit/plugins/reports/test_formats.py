"""The formats by name, and that their documentation names what is in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugins.plugin_utils.records.records import RecordError
from plugins.plugin_utils.reports.csv import COLUMNS
from plugins.plugin_utils.reports.files import EXPORTS
from tests.samples.records import HOSTILE, every_status, exported, rec

PAGE = (Path(__file__).resolve().parents[4] / "docs/reports.md").read_text(encoding="utf-8")


def test_the_formats_and_the_ends_of_their_files():
    assert EXPORTS == {
        "csv": ".csv",
        "junit": ".junit.xml",
        "openmetrics": ".prom",
        "sarif": ".sarif",
    }
    for name, suffix in EXPORTS.items():
        assert f"| `{name}` | `RUN{suffix}` |" in PAGE


def test_every_column_and_every_gauge_is_documented():
    gauges = set(re.findall(r"# TYPE (\w+) gauge", exported("openmetrics", every_status()).decode()))
    assert len(gauges) == 11
    for name in (*COLUMNS, *gauges):
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_what_is_no_record_is_refused(name):
    with pytest.raises(RecordError):
        exported(name, [{"endpoint": "pc1"}])


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_every_format_takes_every_hostile_text_in_every_place(name):
    records = [
        rec("drifted", text, text, role=text, instance=text, reason=text, title=text, actual=text, expected=[text],
            evidence=text, owner=text, run=text, versions={text: text, "offsite_endpoints": text}, at=text, next=text)
        for text in HOSTILE.values()
    ]  # fmt: skip
    made = exported(name, records)
    assert made.decode("utf-8")
    assert b"\x00" not in made
    assert b"\x1b" not in made
