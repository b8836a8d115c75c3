"""CSV for Excel: Japanese intact, no cell a formula, no character lost without a word."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings

from tests.samples.records import HOSTILE, RECORDS, WAIVER, every_status, exported, rec

HEADER = (
    "endpoint,owner,life,status,severity,role,control,instance,scope,title,expected,actual,before,reason,next,news,since,"
    "flapping,moved,waiver_owner,waiver_reason,waiver_expires,waiver_ticket,evidence,versions,at,run,"
    "why,moved_by,user"
)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def rows(records) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported("csv", records).decode("utf-8-sig"), newline="")))


def reason(text: str) -> str:
    return rows([rec("drifted", reason=text)])[0]["reason"]


def test_the_columns_are_these_in_this_order():
    header = ",".join(f'"{name}"' for name in HEADER.split(","))
    assert exported("csv", []) == b"\xef\xbb\xbf" + f"{header}\r\n".encode()


def test_a_record_is_one_line_with_windows_line_ends_and_every_cell_quoted():
    item = rec(
        "waiver_expired", instance="東京", scope="S-1-5-21-1", user="PC1\\太郎", expected=10443, actual=None,
        severity="low", title="ポート", reason="r",
        evidence="HKLM", owner="山田", life="in_house", since="2026-11-01T00:00:00Z",
        news="new", flapping=True, moved="desired", moved_by="undo r1", waiver=WAIVER,
        why="service.md#gateway: by name",
    )  # fmt: skip
    assert exported("csv", [item]).decode("utf-8-sig").split("\r\n")[1:] == [
        '"nb-0101.example.org","山田","in_house","waiver_expired","low","vpn_profile","vpn_profile.port","東京",'
        '"S-1-5-21-1","ポート","10443","not set","","r","run site.yml for this endpoint, or renew the waiver","new",'
        '"2026-11-01T00:00:00Z","yes","desired","Suzuki","会議室のネットワーク","2026-12-31","NET-1234","HKLM",'
        '"ansible_core 2.19.4, offsite_endpoints 0.1.0","2026-11-23T14:30:00Z","20261123T143000.000000Z",'
        '"docs/sources/service.md#gateway: by name","undo r1","PC1\\太郎"',
        "",
    ]


def test_every_status_has_its_line_and_the_endpoint_that_was_not_measured_too():
    assert [row["status"] for row in rows(every_status())] == [
        "compliant", "fixed", "waived", "not_applicable", "drifted", "managed_elsewhere", "waiver_expired", "error",
        "unreachable", "offsite", "stale",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "not set"),
        ("", '""'),
        (False, "false"),
        (-5, "-5"),
        (-1.5, "-1.5"),
        (["10.0.0.0/8", "LocalSubnet"], "10.0.0.0/8, LocalSubnet"),
        ([], "[]"),
        ([1, "a"], '[1, "a"]'),
        ({"b": 1, "a": "京"}, '{"a": "京", "b": 1}'),
        ({"not_read": True}, "not read"),
    ],
)
def test_a_value_is_a_text_that_distinguishes_nothing_and_empty(value, cell):
    assert rows([rec("drifted", expected=value)])[0]["expected"] == cell
    assert rows([{**rec("fixed"), "before": value}])[0]["before"] == cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("-10.5", "-10.5"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("\t=1", "'\t=1"),
        ("\tx", "'\tx"),
        ("\nx", "'\nx"),
        ("\rx", "'\\rx"),
        ("  =1", "'  =1"),
        ("\u3000=1", "'\u3000=1"),
        ("\ufeff=1", "\\ufeff=1"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
    ],
)
def test_no_cell_is_a_formula(text, cell):
    assert reason(text) == cell


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("script", "<script>alert(1)</script>"),
        ("newline", "one\ntwo\nthree\\rfour"),
        ("quote", 'say "yes"; it\'s, ok'),
        ("nul", "a\\x00b"),
        ("escape", "\\x1b[2J\\x9b2J"),
        ("no character", "a\\ufffeb\\uffff"),
        ("half a character", "a\\ud800b"),
        ("reading direction", "a\\u202eb"),
        ("japanese", "東京大学の情報基盤センター"),
        ("beyond the first plane", "𠮷野家"),
    ],
)
def test_every_character_is_in_the_cell_or_visible_there(name, cell):
    assert reason(HOSTILE[name]) == cell


def test_a_text_that_is_too_long_for_a_cell_is_cut_and_says_so():
    mark = "... (cut: 1000000 characters; the JSON Lines file has the whole)"
    assert reason("x" * 32_767) == "x" * 32_767
    assert reason("x" * 1_000_000) == "x" * (32_767 - len(mark)) + mark
    assert reason("=" * 32_767).startswith("'===")
    assert len(reason("=" * 32_767)) == 32_767
    # Excel counts a character beyond the first plane as two.
    assert len(reason("𠮷" * 20_000).encode("utf-16-le")) == 2 * 32_767 - 2


def test_equal_records_in_any_order_give_equal_bytes():
    assert exported("csv", every_status()) == exported("csv", every_status()[::-1])


@settings(max_examples=200, deadline=None)
@given(RECORDS)
def test_any_records_give_a_line_each_and_no_formula(records):
    found = rows(records)
    assert len(found) == len(records)
    for row in found:
        assert None not in row
        for cell in row.values():
            assert not cell.lstrip().startswith(FORMULA) or cell.removeprefix("-").replace(".", "").isdigit()
