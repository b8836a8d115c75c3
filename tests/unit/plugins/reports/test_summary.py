"""What a person reads at the end of a run."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.records.records import STATUSES, record, stamp, unreachable, unusable_state
from plugins.plugin_utils.records.since import Life, retired
from plugins.plugin_utils.reports.summary import columns, summarise, table, verdict


def on(endpoint: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return stamp(items, run="r1", endpoint=endpoint, at="2026-11-23T14:30:00Z", versions={})


def item(control: str, status: str, **fields: Any) -> dict[str, Any]:
    made = record(control, status, role="vpn_profile", **fields)
    return {**made, "before": None} if status == "fixed" else made


RUN = [
    *on("pc1", item("a.a", "compliant"), item("a.b", "fixed"), item("a.c", "not_applicable")),
    *on("pc2", item("a.a", "drifted", expected="x", actual="y", reason='is "y", should be "x"'), item("a.b", "waived")),
    *on("pc3", unreachable("no answer")),
]


def test_the_numbers_have_their_denominators():
    summary = summarise(RUN, ["pc1", "pc2", "pc3"])
    assert summary.sentence() == (
        "3 of 4 controls on 2 of 3 endpoints compliant (1 fixed in this run, 1 waived); 1 drifted; "
        "1 endpoint not measured (1 unreachable)"
    )
    assert summary.not_measured == {"pc3": "unreachable"}


def test_an_endpoint_without_any_record_is_not_measured():
    summary = summarise(RUN[:3], ["pc1", "pc9"])
    assert summary.not_measured == {"pc9": "error"}
    assert verdict(summary)[0] is False


def test_an_endpoint_whose_state_cannot_be_read_is_not_measured():
    summary = summarise(on("pc1", unusable_state("garbage"), item("a.a", "compliant")), ["pc1"])
    assert summary.not_measured == {"pc1": "error"}
    assert summary.controls == 0


def test_an_endpoint_that_was_lost_in_mid_run_does_not_count_as_measured():
    lost = on("pc1", unreachable("lost"), item("a.a", "compliant"))
    assert summarise(lost, ["pc1"]).measured == 0


def test_that_an_endpoint_answers_does_not_keep_it_from_being_measured():
    fine = on("pc1", item("endpoint.reachable", "compliant"), item("a.a", "compliant"))
    assert summarise(fine, ["pc1"]).not_measured == {}


@pytest.mark.parametrize(
    ("status", "good"),
    [
        ("compliant", True),
        ("fixed", True),
        ("waived", True),
        ("not_applicable", True),
        ("drifted", False),
        ("managed_elsewhere", False),
        ("waiver_expired", False),
        ("error", False),
        ("unreachable", False),
        ("offsite", True),
        ("stale", False),
    ],
)
def test_only_a_run_in_which_all_is_right_or_expected_to_be_silent_ends_well(status, good):
    records = [*on("pc0", item("a.a", "compliant")), *on("pc1", item("a.a", "compliant"), item("a.b", status))]
    assert verdict(summarise(records, ["pc0", "pc1"]))[0] is good


def test_a_dry_run_may_find_drift_and_nothing_else():
    drift = on("pc1", item("a.a", "drifted"))
    good, words = verdict(summarise(drift, ["pc1"]), drift_fails=False, dry_run=True)
    assert good
    assert words.startswith("Dry run, nothing is written yet: ")
    assert verdict(summarise(drift, ["pc1"]), drift_fails=False)[1].startswith("Let pass: ")
    error = on("pc1", item("a.a", "drifted"), item("a.b", "error"))
    assert verdict(summarise(error, ["pc1"]), drift_fails=False)[0] is False
    assert verdict(summarise(drift, ["pc1", "pc2"]), drift_fails=False)[0] is False


def test_a_run_over_no_endpoint_is_not_good():
    assert verdict(summarise([], [])) == (False, "Not good: no endpoint was in this run, so nothing was measured")


RETIRED = retired(Life("retired", "2026-11-04T10:00:00Z"))
WHY = "retired on 2026-11-04: it is no longer in use. Take it out of the inventory, or run site.yml to use it again"
OFFSITE = item("endpoint.reachable", "offsite")
MEASURED = item("endpoint.reachable", "compliant")


@pytest.mark.parametrize(
    ("endpoints", "good", "words"),
    [
        ({"pc1": RETIRED}, True, f"Retired: nothing was measured; pc1: {WHY}"),
        (
            dict.fromkeys(["pc1", "pc2", "pc3", "pc4"], RETIRED),
            True,
            f"Retired: nothing was measured; pc1, pc2, pc3 and 1 more: {WHY}",
        ),
        ({"pc1": OFFSITE}, False, "Not good: nothing was measured; 1 endpoint not measured (1 offsite)"),
        (
            {"pc1": RETIRED, "pc2": OFFSITE},
            False,
            f"Not good: nothing was measured; 1 endpoint not measured (1 offsite); pc1: {WHY}",
        ),
        (
            {"pc1": RETIRED, "pc2": OFFSITE, "pc3": MEASURED},
            True,
            "Good where measured: 1 of 1 control on 2 of 3 endpoints compliant; 1 endpoint not measured (1 offsite)",
        ),
    ],
)
def test_a_run_that_measured_nothing_says_so_and_ends_well_only_when_all_are_retired(endpoints, good, words):
    records = [one for name, made in endpoints.items() for one in on(name, made)]
    assert verdict(summarise(records, endpoints)) == (good, words)


def test_one_endpoint_of_several_may_be_silent_as_expected():
    assert verdict(summarise(on("pc1", OFFSITE), ["pc1"]), whole=False)[0] is True


def test_the_verdict_says_what_it_rests_on():
    assert verdict(summarise(RUN[:3], ["pc1"])) == (
        True,
        "Good: 2 of 2 controls on 1 of 1 endpoint compliant (1 fixed in this run)",
    )


def test_the_table_reports_in_full_what_is_not_good_and_counts_the_rest():
    assert table(RUN, ["pc1", "pc2", "pc3", "pc4"]).splitlines() == [
        "pc1: 1 compliant, 1 fixed, 1 not applicable",
        "pc2: 1 drifted, 1 waived",
        "  drifted: a.a (high)",
        "    expected  x",
        "    actual    y",
        '    reason    is "y", should be "x"',
        "    next      run site.yml for this endpoint; if the change was meant, change the inventory instead",
        "pc3: 1 unreachable",
        "  unreachable: endpoint.reachable (high)",
        "    reason    no answer",
        "    next      remove the cause named above and run again; until then nothing is known about it",
        "pc4: not measured: this run has no record of it",
    ]


def test_the_table_names_the_page_that_asks_for_it_but_not_where_nothing_could_be_looked_at():
    why = "service.md#gateway: by name"
    items = [item(f"a.{status}", status, reason="r", why=why) for status in ("drifted", "error", "waived")]
    assert table(on("pc1", *items), ["pc1"]).splitlines() == [
        "pc1: 1 drifted, 1 error, 1 waived",
        "  drifted: a.drifted (high)",
        "    reason    r",
        "    why       docs/sources/service.md#gateway: by name",
        "    next      run site.yml for this endpoint; if the change was meant, change the inventory instead",
        "  error: a.error (high)",
        "    expected  not set",
        "    actual    not read",
        "    reason    r",
        "    next      remove the cause named above and run again",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"moved": "endpoint"}, "now; the endpoint changed"),
        ({"moved": "endpoint", "moved_by": "undo R"}, "now; put back by undo of run R"),
        ({"moved": "endpoint", "moved_by": "retire R"}, "now; put back by retire, run R"),
        ({"moved": "both", "moved_by": "undo R"}, "now; put back by undo of run R; the desired value was changed"),
        ({"moved": "endpoint", "moved_by": "else R"}, "now; the endpoint changed"),
    ],
)
def test_whose_doing_it_was_is_in_words(fields, words):
    lines = table(on("pc1", {**item("a.a", "drifted"), **fields}), ["pc1"]).splitlines()
    assert lines[2] == f"    since     {words}"


def test_what_takes_effect_later_is_reported_once_and_is_no_failure():
    note = "takes effect at the next start"
    items = [item(f"a.{name}", "fixed", reason=note) for name in "bcd"]
    lines = table(on("pc1", *items, item("a.e", "fixed")), ["pc1"]).splitlines()
    assert lines == ["pc1: 4 fixed", "  note: takes effect at the next start (3 controls)"]
    assert verdict(summarise(on("pc1", *items), ["pc1"]))[0]


def test_instances_scopes_and_all_kinds_of_values_are_shown():
    text = table(
        on(
            "pc1",
            item("a.a", "drifted", instance="IMR", scope="S-1-5-21-7", expected=["a", "b"], actual=None),
            {**item("a.d", "drifted", scope="S-1-5-21-7"), "user": "PC1\\taro"},
            item("a.e", "drifted", scope="default"),
            item("a.b", "managed_elsewhere", expected=True, actual={"研": 1}, severity="low"),
            item("a.c", "error", expected="", actual=[]),
        ),
        ["pc1"],
    )
    assert "  drifted: a.a [IMR] for S-1-5-21-7 (high)\n    expected  a, b\n    actual    not set\n" in text
    assert "  drifted: a.d for PC1\\taro (S-1-5-21-7) (high)\n" in text
    assert "  drifted: a.e for new users (high)\n" in text
    assert '  managed elsewhere: a.b (low)\n    expected  true\n    actual    {"研": 1}\n' in text
    assert '    expected  ""\n    actual    an empty list\n' in text


def test_a_value_cannot_move_the_cursor_or_turn_the_text_round():
    nasty = "\x1b[2J\x9bred\u202egnp.exe\x07\nnext line\u200b"
    text = table(on("pc1\x1b[0m", item("a.a", "drifted", instance=nasty, expected=nasty, actual=[nasty])), [])
    assert "\x1b" not in text
    assert r"\x1b[2J\x9bred\u202egnp.exe\x07\nnext line\u200b" in text
    assert not {"\x9b", "\u202e", "\x07", "\u200b"} & set(text)


def test_wide_characters_take_two_columns_and_marks_none():
    assert columns("abc") == 3
    assert columns("研究室") == 6
    assert columns("ｱｲｳ") == 3
    assert columns("e\u0301") == 1


def test_long_japanese_text_is_broken_by_its_columns_and_stays_under_its_label():
    reason = "ファイルとプリンターの共有" * 10
    text = table(on("pc1", item("a.a", "drifted", expected="x", actual="y", reason=reason)), ["pc1"], width=60)
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("    reason    "))
    assert max(map(columns, lines)) <= 60
    assert columns(lines[start]) == 60
    assert lines[start + 1].startswith(" " * 14 + "の共有")
    shown = "".join(line[14:] for line in lines[start:] if not line.startswith("    next"))
    assert shown.startswith(reason)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STATUSES), st.text(max_size=300), st.one_of(st.none(), st.text(), st.lists(st.text()))
        ),
        max_size=4,
    ),
    st.integers(40, 120),
)
def test_no_line_is_ever_wider_than_asked_and_none_holds_a_control_character(items, width):
    records = on("pc1", *(item(f"a.{n}", s, reason=r, actual=a) for n, (s, r, a) in enumerate(items)))
    text = table(records, ["pc1"], width=width)
    lines = text.split("\n")
    assert max(map(columns, lines)) <= width
    assert [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")] == []
