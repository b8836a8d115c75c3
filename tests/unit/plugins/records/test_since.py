"""Since when, whose doing, again and again: from one run to the next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils.records.records import Record
from plugins.plugin_utils.records.since import (
    REPORTED_CHANGES,
    Flapping,
    Life,
    Past,
    described,
    digest,
    is_flapping,
    never_retired,
    news,
    now_known,
    retired,
    silent,
)
from tests.samples.records import rec

RULES = Flapping()
FIELDS = ("since", "news", "moved", "flapping")


def day(number: int) -> str:
    return f"2026-11-{number:02}T14:30:00Z"


def reported(*items: Record, rules: Flapping = RULES) -> list[Record]:
    """Return the records with what is new about them; each is a day later than the one before."""
    past: Past | None = None
    found = []
    for number, item in enumerate(items, start=1):
        dated: Record = {**item, "at": item["at"] if item["at"] != rec("error")["at"] else day(number)}
        found.append(described(dated, past, now_known(dated, past), rules))
        past = now_known(dated, past)
    return found


def last(*items: Record) -> tuple[Any, ...]:
    item = reported(*items)[-1]
    return tuple(item.get(name) for name in FIELDS)


def good(value: Any = 443, **fields: Any) -> dict[str, Any]:
    return rec("compliant", expected=443, actual=value, **fields)


def bad(value: Any = 1, desired: Any = 443, status: str = "drifted", **fields: Any) -> dict[str, Any]:
    return rec(status, expected=desired, actual=value, **fields)


def fixed(before: Any = 1, desired: Any = 443, **fields: Any) -> dict[str, Any]:
    return rec("fixed", expected=desired, actual=desired, before=before, **fields)


NEW_VERSION: dict[str, Any] = {"versions": {"offsite_endpoints": "0.2.0"}}
ERROR = rec("error", expected=443, actual=None)
LOST = rec("unreachable", "endpoint.reachable", role="endpoint")
THERE = rec("compliant", "endpoint.reachable", role="endpoint")


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        # What was never seen before.
        ([good()], (day(1), "", "", False)),
        ([bad()], (day(1), "new", "", False)),
        ([fixed()], (day(1), "fixed", "", False)),
        # It goes on.
        ([good(), good()], (day(1), "", "", False)),
        ([bad(), bad()], (day(1), "still", "", False)),
        ([bad(), bad(), bad()], (day(1), "still", "", False)),
        # Whose doing.
        ([good(), bad()], (day(2), "new", "endpoint", False)),
        ([good(), bad(443, desired=10443)], (day(2), "new", "desired", False)),
        ([good(), bad(1, desired=10443)], (day(2), "new", "both", False)),
        # The same machine and the same desired value, judged otherwise by another version of this project.
        ([good(), bad(443, **NEW_VERSION)], (day(2), "new", "desired", False)),
        ([good(), good(**NEW_VERSION)], (day(1), "", "", False)),
        ([good(), bad(), bad(**NEW_VERSION)], (day(2), "still", "endpoint", False)),
        # A stronger owner came; both values are the same.
        ([good(), bad(443, status="managed_elsewhere")], (day(2), "new", "endpoint", False)),
        # While drift goes on, its doer stays, until something moves again.
        ([good(), bad(443, desired=10443), bad(443, desired=10443)], (day(2), "still", "desired", False)),
        ([good(), bad(443, desired=10443), bad(8, desired=10443)], (day(2), "still", "endpoint", False)),
        # A waiver is nobody's move.
        ([good(), bad(), bad(status="waived")], (day(3), "fixed", "endpoint", False)),
        ([bad(), bad(status="waived")], (day(2), "fixed", "", False)),
        ([good(), bad(443, desired=8, status="waived"), bad(443, desired=8, status="waiver_expired")],
         (day(3), "new", "desired", False)),
        ([bad(status="waived"), bad(2, status="waiver_expired")], (day(2), "new", "endpoint", False)),
        ([bad(status="waived"), good()], (day(2), "", "endpoint", False)),
        # Repaired: what the machine had is what counts, not what was written.
        ([bad(), fixed()], (day(2), "fixed", "", False)),
        ([bad(), fixed(2)], (day(2), "fixed", "endpoint", False)),
        ([good(), fixed()], (day(2), "fixed", "endpoint", False)),
        ([good(), fixed(443, desired=10443)], (day(2), "fixed", "desired", False)),
        ([bad(), fixed(), good()], (day(2), "", "", False)),
        ([bad(), fixed(), good(), good()], (day(2), "", "", False)),
        ([fixed(), fixed()], (day(2), "fixed", "endpoint", False)),
        ([bad(), good()], (day(2), "fixed", "endpoint", False)),
        # What could not be read says nothing of the machine.
        ([good(), ERROR], (day(2), "new", "", False)),
        ([good(), ERROR, ERROR], (day(2), "still", "", False)),
        ([good(), ERROR, good()], (day(3), "fixed", "", False)),
        ([good(), ERROR, bad()], (day(3), "still", "", False)),
        ([THERE, LOST], (day(2), "new", "", False)),
        ([THERE, LOST, LOST], (day(2), "still", "", False)),
        ([THERE, LOST, THERE], (day(3), "fixed", "", False)),
        # Announced silence is no news, and neither is its end.
        ([THERE, {**LOST, "status": "offsite"}], (day(2), "", "", False)),
        ([THERE, {**LOST, "status": "offsite"}, THERE], (day(3), "", "", False)),
        ([THERE, {**LOST, "status": "offsite"}, {**LOST, "status": "stale"}], (day(3), "new", "", False)),
        ([THERE, {**LOST, "status": "stale"}, {**LOST, "status": "offsite"}], (day(3), "", "", False)),
    ],
)  # fmt: skip
def test_what_a_record_says_of_the_time_before(runs, expected):
    assert last(*runs) == expected


def test_a_gap_does_not_break_the_since_of_a_control():
    """While nobody answers, the control has no record: the next one is a week later and goes on."""
    found = reported(bad(at=day(2)), bad(at=day(9)))
    assert (found[1]["since"], found[1]["news"]) == (day(2), "still")


def test_the_changes_are_reported_oldest_first_and_each_fix_is_one():
    found = reported(good(), bad(), bad(), fixed(), good(), fixed())
    assert found[-1]["changes"] == [
        {"at": day(1), "status": "compliant"},
        {"at": day(2), "status": "drifted"},
        {"at": day(4), "status": "fixed"},
        {"at": day(6), "status": "fixed"},
    ]


def test_of_many_changes_the_newest_are_reported():
    changes = tuple((f"2026-11-01T00:{number // 60:02}:{number % 60:02}Z", "fixed") for number in range(150))
    past = Past("2026-11-01T00:03:00Z", "fixed", "2026-11-01T00:02:29Z", "", "", "", "", changes)
    item = {**bad(), "at": day(2)}
    found = described(item, past, now_known(item, past), RULES)["changes"]
    assert len(found) == REPORTED_CHANGES == 100
    assert found[0] == {"at": "2026-11-01T00:00:51Z", "status": "fixed"}
    assert found[-1] == {"at": day(2), "status": "drifted"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], False),
        ([(1, "drifted"), (2, "compliant"), (3, "drifted"), (4, "compliant")], False),
        ([(1, "drifted"), (2, "compliant"), (3, "drifted"), (4, "compliant"), (5, "error")], True),
        # A fix says that it had gone wrong before, but one fix of one drift is one.
        ([(1, "fixed"), (2, "fixed"), (3, "fixed")], True),
        ([(1, "compliant"), (2, "fixed"), (3, "fixed")], False),
        ([(1, "drifted"), (2, "fixed"), (3, "drifted"), (4, "fixed")], False),
        ([(1, "drifted"), (2, "fixed"), (3, "drifted"), (4, "fixed"), (5, "drifted")], True),
        # From bad to bad it does not go wrong again.
        ([(1, "drifted"), (2, "error"), (3, "drifted"), (4, "managed_elsewhere")], False),
        # Announced silence is not wrong.
        ([(1, "offsite"), (2, "compliant"), (3, "offsite"), (4, "compliant"), (5, "offsite")], False),
        ([(1, "stale"), (2, "compliant"), (3, "stale"), (4, "offsite"), (5, "unreachable")], True),
        ([(1, "waived"), (2, "waiver_expired"), (3, "waived"), (4, "waiver_expired")], False),
    ],
)
def test_flapping_is_to_go_wrong_three_times_in_thirty_days(changes, expected):
    assert is_flapping([(day(when), status) for when, status in changes], day(28), RULES) is expected


@pytest.mark.parametrize(
    ("at", "rules", "expected"),
    [
        ("2026-12-01T14:30:00Z", Flapping(3, 30), True),
        ("2026-12-01T14:30:01Z", Flapping(3, 30), False),
        ("2026-12-01T14:30:01Z", Flapping(2, 30), True),
        ("2026-11-03T14:30:00Z", Flapping(3, 2), True),
        ("2026-11-04T14:30:00Z", Flapping(3, 2), False),
        ("2026-11-04T14:30:00Z", Flapping(4, 365), False),
    ],
)
def test_the_window_ends_now_and_its_first_second_counts(at, rules, expected):
    changes = [(day(1), "fixed"), (day(2), "fixed"), (day(3), "fixed")]
    assert is_flapping(changes, at, rules) is expected


def test_news_without_a_past():
    assert [news(status, None) for status in ("compliant", "waived", "fixed", "drifted", "offsite", "stale")] == [
        "", "", "fixed", "new", "", "new",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("life", "at", "days", "expected"),
    [
        (Life(), day(20), 30, ("unreachable", "no answer; never measured so far")),
        (Life("in_house", day(1), day(2)), day(20), 0, ("unreachable", "no answer; last measured on 2026-11-02")),
        (
            Life("offsite", day(3), day(2)),
            day(20),
            30,
            ("offsite", "handed over on 2026-11-03; last measured on 2026-11-02; silence is expected (no answer)"),
        ),
        (
            Life("offsite", day(1), None),
            day(11),
            10,
            ("stale", "handed over on 2026-11-01; never measured so far; "
             "days without news: 10; stale from 10 on"),
        ),
        # A second less than the ten days.
        (Life("offsite", day(1), None), "2026-11-11T14:29:59Z", 10, ("offsite", None)),
        # What counts is the newest word of it: from outside it was measured, too.
        (Life("offsite", day(1), day(5)), day(11), 10, ("offsite", None)),
        (Life("offsite", day(1), day(5)), day(15), 10, ("stale", None)),
        (Life("offsite", day(5), day(1)), day(14), 10, ("offsite", None)),
        (Life("offsite", day(1), day(1)), day(1), 0, ("stale", None)),
    ],
)  # fmt: skip
def test_silence_in_the_light_of_a_life(life, at, days, expected):
    found = silent({**LOST, "reason": "no answer"}, life, at, days)
    assert found["status"] == expected[0]
    assert expected[1] in (None, found["reason"])


def test_a_retired_endpoint_has_one_record_that_says_so():
    found = retired(Life("retired", day(4), day(3)))
    assert (found["control"], found["status"], found["role"]) == ("endpoint.life", "not_applicable", "endpoint")
    cure = "Take it out of the inventory, or run site.yml to use it again"
    assert found["reason"] == f"retired on 2026-11-04: it is no longer in use. {cure}"
    assert found["title"] == "The endpoint is in use"
    assert retired(Life("retired"))["reason"] == f"retired: it is no longer in use. {cure}"


def test_machines_that_are_out_of_use_and_that_nobody_retired_are_named():
    lives = {"nb-1": Life(), "nb-2": Life("retired", day(1)), "nb-3": Life("offsite", day(1))}
    assert never_retired(lives, ["nb-3", "nb-2", "nb-1", "nb-9", "nb-3"]) == (
        "Out of use by the ledger, and never retired: nb-1, nb-3. Say in the ledger that it is in use, run retire.yml "
        "for it, then say again that it is not; of one that was wiped, delete the row"
    )
    assert never_retired(lives, ["nb-2", "nb-9"]) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "74234e98afe7498fb5daf1f36ac2d78a"),
        ({"not_read": True}, "74234e98afe7498fb5daf1f36ac2d78a"),
        (443, "6d05621ab7cb7b4fb796ca2ffbe1a141"),
        (True, "b5bea41b6c623f7c09f1bf24dcae58eb"),
        ("fg.example.org", "44c491d5f82912c9a57a6a33fbb99a94"),
        (["b", "a"], "5cc385e8f9419c4e0d331e1dca114d3d"),
        ({"b": [True, "\u65e5"], "a": None}, "9c1bdc01bfb68f2624d72a2c474eff7d"),
    ],
)
def test_digests_stay_as_they_are_since_every_history_is_full_of_them(value, text):
    assert digest(value) == text


def test_a_digest_is_of_the_value_and_not_of_its_form():
    assert digest({"a": 1, "b": [1, "x"]}) == digest({"b": [1, "x"], "a": 1})
    assert len({digest(value) for value in (None, "", 0, False, "0", [], {}, "a\ud800", "x" * 1_000_000)}) == 9


# --- Against a naive model, from the words of schemas/record.schema.json -------------------------------------------

STATUSES = ("compliant", "drifted", "fixed", "waived", "not_applicable", "error", "managed_elsewhere")
RUN = st.tuples(
    st.sampled_from(STATUSES), st.sampled_from([443, 8]), st.sampled_from([1, 2]), st.integers(min_value=1, max_value=9)
)


def date_of(number: int) -> str:
    return f"{date(2026, 1, 1) + timedelta(days=number)}T00:00:00Z"


def model(runs: list[tuple[str, int]], times: int, days: int) -> tuple[int, str, bool]:
    """Return since, news and flapping of the last run; `runs` are (status, day as a number)."""
    good = ("compliant", "fixed", "waived", "not_applicable")
    same = {"fixed": "compliant"}
    status, now = runs[-1]
    since = now
    for index in range(len(runs) - 1, -1, -1):
        earlier, when = runs[index]
        if same.get(earlier, earlier) != same.get(status, status):
            break
        since = when
        if earlier == "fixed":
            break
    was_bad = len(runs) > 1 and runs[-2][0] not in good
    word = ("still" if was_bad else "new") if status not in good else "fixed" if was_bad or status == "fixed" else ""
    wrong = 0
    for index, (one, when) in enumerate(runs):
        before_good = index == 0 or runs[index - 1][0] in good
        if before_good and (one not in good or one == "fixed") and now - when <= days:
            wrong += 1
    return since, word, wrong >= times


@given(st.lists(RUN, min_size=1, max_size=25))
@settings(max_examples=300, deadline=None)
def test_random_runs_agree_with_a_naive_model(runs):
    known: list[tuple[str, int]] = []
    past: Past | None = None
    for status, desired, actual, pause in runs:
        known.append((status, (known[-1][1] if known else 0) + pause))
        at = date_of(known[-1][1])
        item = fixed(actual, desired, at=at) if status == "fixed" else bad(actual, desired, status, at=at)
        found = described(item, past, now_known(item, past), Flapping(3, 20))
        past = now_known(item, past)
        since, word, flaps = model(known, times=3, days=20)
        assert (found["since"], found["news"], found["flapping"]) == (date_of(since), word, flaps)
        assert found["changes"][-1]["at"] == found["since"]
