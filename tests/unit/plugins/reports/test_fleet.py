"""What the report page shows, from records: endpoints, news, trend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.records.records import RecordError, record, stamp, unreachable, unusable_state
from plugins.plugin_utils.records.runs import by_endpoint
from plugins.plugin_utils.reports.fleet import Point, View, seconds
from tests.samples.fleet import sample_fleet

AT = "2026-11-23T14:30:00Z"


def fleet(records):
    view = View()
    for _name, items in by_endpoint(records):
        view.add(items)
    return view.fleet()


def trend(records):
    return fleet(records).trend


def on(endpoint: str, *items: dict[str, Any], at: str = AT) -> list[dict[str, Any]]:
    return stamp(items, run="r1", endpoint=endpoint, at=at, versions={})


def item(control: str, status: str, **more: Any) -> dict[str, Any]:
    before = {"before": None} if status == "fixed" else {}
    return {**record(control, status, role="rdp_enable", severity=more.pop("severity", "high")), **before, **more}


def changed(*history: tuple[str, str]) -> list[dict[str, Any]]:
    changes = [{"at": at, "status": status} for at, status in history]
    return on("pc1", item("a.a", history[-1][1], changes=changes))


def test_an_endpoint_has_a_state_a_worst_status_and_its_numbers():
    shown = fleet(
        on("pc1", item("a.a", "compliant"), item("a.b", "drifted"), item("a.c", "error"), item("a.d", "drifted"))
    )
    [one] = shown.endpoints
    assert (one.name, one.state, one.worst, one.at) == ("pc1", "not_good", "error", AT)
    assert one.counts == {"compliant": 1, "drifted": 2, "error": 1}


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([item("a.a", "compliant"), item("a.b", "waived"), item("a.c", "fixed")], "good"),
        ([item("a.a", "compliant"), item("a.b", "managed_elsewhere")], "not_good"),
        ([item("a.a", "waiver_expired")], "not_good"),
        ([unreachable("no answer")], "not_measured"),
        ([unusable_state("garbage"), item("a.a", "compliant")], "not_measured"),
        ([unreachable("lost"), item("a.a", "drifted")], "not_measured"),
        ([item("endpoint.reachable", "offsite", life="offsite")], "not_measured"),
        ([item("endpoint.reachable", "stale", life="offsite")], "not_measured"),
        ([item("a.a", "compliant", life="offsite")], "good"),
        ([item("endpoint.life", "not_applicable", life="retired")], "retired"),
    ],
)
def test_the_state_of_an_endpoint(items, state):
    assert [one.state for one in fleet(on("pc1", *items)).endpoints] == [state]


def test_owner_and_life_are_those_of_the_newest_record():
    old = on("pc1", item("a.a", "compliant", owner="old", life="in_house"), at="2026-11-01T00:00:00Z")
    new = on("pc1", item("a.b", "compliant", owner="new", life="offsite"))
    for order in (old + new, new + old):
        [one] = fleet(order).endpoints
        assert (one.owner, one.life, one.at) == ("new", "offsite", AT)


def test_now_is_the_newest_time_of_the_records():
    records = on("pc1", item("a.a", "compliant"), at="2026-11-23T14:31:00Z") + on("pc2", item("a.a", "compliant"))
    assert (fleet(records).first, fleet(records).now) == ("2026-11-23T14:30:00Z", "2026-11-23T14:31:00Z")


def test_two_halves_give_the_same_as_the_whole_in_any_order():
    records = sample_fleet()
    halves = [[one for one in records if (one["endpoint"] < "nb-0108") is side] for side in (True, False)]
    assert fleet(halves[1] + halves[0]) == fleet(records)
    assert fleet(reversed(records)) == fleet(records)


def test_without_records_there_is_nothing():
    shown = fleet([])
    assert (shown.endpoints, shown.trend, shown.now, shown.news.known) == ((), (), "", False)


def test_the_same_news_on_many_endpoints_is_one_group_and_the_most_urgent_comes_first():
    records = [
        *on("pc1", item("a.low", "drifted", news="new", severity="low"), item("a.b", "drifted", news="new")),
        *on("pc2", item("a.low", "drifted", news="new", severity="low"), item("a.c", "drifted", news="new")),
        *on("pc3", item("a.c", "drifted", news="new"), item("a.c2", "error", news="still")),
    ]
    shown = fleet(records)
    reported = [(one.control, one.status, [records[row]["endpoint"] for row in one.rows]) for one in shown.news.new]
    assert reported == [
        ("a.c", "drifted", ["pc2", "pc3"]),
        ("a.b", "drifted", ["pc1"]),
        ("a.low", "drifted", ["pc1", "pc2"]),
    ]


def test_what_was_fixed_by_this_run_or_by_others_is_news_and_so_is_flapping():
    news = fleet(
        on("pc1", item("a.a", "fixed"), item("a.b", "compliant", news="fixed"), item("a.c", "drifted", flapping=True))
    ).news
    assert [(one.control, one.status) for one in news.fixed] == [("a.a", "fixed"), ("a.b", "compliant")]
    assert [one.control for one in news.flapping] == ["a.c"]


def test_a_waiver_that_ran_out_is_reported_as_that_and_only_once():
    records = on("pc1", item("a.a", "waiver_expired", news="new"), item("a.b", "waiver_expired", news="still"))
    news = fleet(records).news
    assert ([one.control for one in news.expired], news.new) == (["a.a"], ())


def test_whether_the_last_time_is_known_is_reported():
    assert fleet(on("pc1", item("a.a", "drifted"))).news.known is False
    assert fleet(on("pc1", item("a.a", "compliant", news=""))).news.known is True


def test_the_trend_counts_what_was_known_at_a_time():
    records = [
        *on("pc1", item("a.a", "drifted", changes=[
            {"at": "2026-11-20T10:00:00Z", "status": "compliant"},
            {"at": "2026-11-21T10:00:00Z", "status": "drifted"},
        ])),
        *on("pc2", item("a.a", "compliant", changes=[{"at": "2026-11-21T10:00:00Z", "status": "compliant"}])),
        *on("pc3", {**unreachable("off"), "changes": [
            {"at": "2026-11-20T10:00:00Z", "status": "compliant"},
            {"at": "2026-11-22T10:00:00Z", "status": "unreachable"},
        ]}),
    ]  # fmt: skip
    assert trend(records) == (
        Point("2026-11-20T10:00:00Z", 2, 0, 0),
        Point("2026-11-21T10:00:00Z", 2, 1, 0),
        Point("2026-11-22T10:00:00Z", 1, 1, 1),
    )


def test_a_record_without_history_counts_from_its_own_time():
    records = on("pc1", item("a.a", "compliant"), item("a.b", "drifted", changes=[]))
    assert trend(records) == (Point(AT, 1, 1, 0),)


def test_what_does_not_apply_counts_nowhere_and_stops_counting_when_it_ceases_to_apply():
    assert trend(on("pc1", item("a.a", "not_applicable"))) == ()
    ceased = changed(("2026-11-20T10:00:00Z", "drifted"), ("2026-11-21T10:00:00Z", "not_applicable"))
    assert trend(ceased) == (Point("2026-11-20T10:00:00Z", 0, 1, 0), Point("2026-11-21T10:00:00Z", 0, 0, 0))


def test_a_change_within_good_is_none_for_the_trend():
    same = changed(("2026-11-20T10:00:00Z", "compliant"), ("2026-11-21T10:00:00Z", "waived"))
    assert trend(same) == (Point("2026-11-20T10:00:00Z", 1, 0, 0),)


def test_the_last_point_has_the_numbers_of_the_verdict():
    shown = fleet(sample_fleet())
    not_measured = [one for one in sample_fleet() if one["endpoint"] in shown.summary.not_measured]
    # Of the 4 endpoints that were not measured one is counted as an error: its state could not be read.
    assert (shown.summary.good, shown.trend[-1].good, len(not_measured)) == (559, 559, 4)
    assert (shown.trend[-1].not_good, shown.trend[-1].not_measured) == (9, 3)


@pytest.mark.parametrize(
    ("first", "second", "third", "points"),
    [
        # Two changes in one minute of an hour are one point, that of the later one; in different minutes they are two.
        ("2026-11-23T10:00:00Z", "2026-11-23T10:30:10Z", "2026-11-23T10:30:50Z", ["10:00:00", "10:30:50"]),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:30:10Z", "2026-11-23T10:31:00Z", ["10:00:00", "10:30:10", "10:31:00"]),
        # Over 60 minutes: steps of 5 minutes.
        ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", "2026-11-23T11:04:59Z", ["10:00:00", "11:04:59"]),
        # Over 5 hours: steps of an hour. Over 60 hours: of 6 hours.
        ("2026-11-23T00:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:59:00Z", ["00:00:00", "10:59:00"]),
        ("2026-11-20T00:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T17:59:00Z", ["00:00:00", "17:59:00"]),
        # Over 15 days: a day. Over 60 days: a week, which begins on Monday.
        ("2026-10-20T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-23T23:00:00Z", ["00:00:00", "23:00:00"]),
        ("2026-07-20T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-29T23:00:00Z", ["00:00:00", "23:00:00"]),
        ("2026-07-20T00:00:00Z", "2026-11-22T23:00:00Z", "2026-11-23T01:00:00Z", ["00:00:00", "23:00:00", "01:00:00"]),
    ],
)  # fmt: skip
def test_times_are_bundled_so_that_the_points_are_few(first, second, third, points):
    records = changed((first, "compliant"), (second, "drifted"), (third, "compliant"))
    assert [point.at[11:19] for point in trend(records)] == points


@pytest.mark.parametrize("days", [1, 30, 59, 60, 61, 400, 421, 3000])
def test_there_are_never_more_than_sixty_points(days):
    first = seconds("2010-01-01T00:00:00Z")
    step = days * 86_400 // 900
    times = [datetime.fromtimestamp(first + n * step, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(900)]
    points = trend(changed(*((at, "drifted" if n % 2 else "compliant") for n, at in enumerate(times))))
    assert 10 <= len(points) <= 60
    assert points[-1].at == times[-1]


def test_a_time_that_is_none_is_reported():
    with pytest.raises(RecordError, match=r"time is 'yesterday'; it must be UTC such as 2026-11-23T14:30:00Z"):
        fleet(on("pc1", item("a.a", "compliant"), at="yesterday"))


def test_what_is_no_record_is_reported():
    with pytest.raises(RecordError, match="not a record"):
        fleet([{"endpoint": "pc1"}])
