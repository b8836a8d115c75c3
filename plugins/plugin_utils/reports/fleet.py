"""What the report page shows, as plain data: the endpoints, what is new, and how many were good at any time.

Everything comes from the records. "Now" is the newest of their times, so that a report of merged files is the same on
every machine and on every day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ..records.records import GOOD, NOT_GOOD, NOT_MEASURED, SEVERITIES, RecordError, merge
from .summary import Summary, summarise

Record = Mapping[str, Any]

TIME = "%Y-%m-%dT%H:%M:%SZ"
# States of an endpoint, the one that needs a person most first. A retired one is not asked any more.
STATES = ("not_good", "not_measured", "good", "retired")
# Statuses, the one that needs a person most first: what is not known may hide anything.
WORST_FIRST = (
    *("unreachable", "stale", "offsite"),
    *("error", "drifted", "waiver_expired", "managed_elsewhere"),
    *("waived", "fixed", "compliant", "not_applicable"),
)
# Seconds that a point of the trend may stand for: 1 minute, 5 minutes, 1 hour, 6 hours, 1 day, 1 week.
STEPS = (60, 300, 3600, 21_600, 86_400, 604_800)
MOST_POINTS = 60
# 1970-01-01 was a Thursday; weeks begin on Mondays.
_FIRST_MONDAY = 4 * 86_400


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: `state` is one of STATES, `worst` and the keys of `counts` are statuses, `at` its newest time."""

    name: str
    owner: str
    life: str
    state: str
    worst: str
    counts: Mapping[str, int]
    at: str


@dataclass(frozen=True)
class Group:
    """The same news on one or more endpoints; `rows` are positions in Fleet.records."""

    control: str
    status: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class News:
    """What changed since the last time; `known` is False when no record says how it was then."""

    known: bool
    new: tuple[Group, ...]
    fixed: tuple[Group, ...]
    flapping: tuple[Group, ...]
    expired: tuple[Group, ...]


@dataclass(frozen=True)
class Point:
    """How many controls were good, not good, not measured after what happened at `at` (UTC)."""

    at: str
    good: int
    not_good: int
    not_measured: int


@dataclass(frozen=True)
class Fleet:
    """All of it; `first` and `now` are the oldest and the newest time of a record, empty without records."""

    records: tuple[Record, ...]
    summary: Summary
    endpoints: tuple[Endpoint, ...]
    states: Mapping[str, int]
    news: News
    trend: tuple[Point, ...]
    first: str
    now: str


def fleet(records: Iterable[Record]) -> Fleet:
    """Return what the page shows of these stamped records. Raises RecordError for what is none, or has no UTC time."""
    known = tuple(merge(records))
    summary = summarise(known, [])
    found = endpoints(known, summary.not_measured)
    times = sorted({item["at"] for item in known}, key=seconds)
    return Fleet(
        records=known,
        summary=summary,
        endpoints=found,
        states={state: sum(one.state == state for one in found) for state in STATES},
        news=news(known),
        trend=trend(known),
        first=times[0] if times else "",
        now=times[-1] if times else "",
    )


def endpoints(records: Iterable[Record], not_measured: Iterable[str]) -> tuple[Endpoint, ...]:
    """Return the endpoints of merged records, by name."""
    by_name: dict[str, list[Record]] = {}
    for item in records:
        by_name.setdefault(item["endpoint"], []).append(item)
    lost = frozenset(not_measured)
    return tuple(_endpoint(name, by_name[name], name in lost) for name in sorted(by_name))


def _endpoint(name: str, items: list[Record], lost: bool) -> Endpoint:
    newest = max(items, key=lambda item: (seconds(item["at"]), item.get("owner", "")))
    counts = Counter(item["status"] for item in items)
    life = newest.get("life", "in_house")
    if lost:
        state = "not_measured"
    elif any(counts[status] for status in NOT_GOOD):
        state = "not_good"
    else:
        state = "retired" if life == "retired" else "good"
    return Endpoint(
        name=name,
        owner=newest.get("owner", ""),
        life=life,
        state=state,
        worst=min(counts, key=WORST_FIRST.index),
        counts=dict(counts),
        at=newest["at"],
    )


def news(records: tuple[Record, ...]) -> News:
    """Return what the records say of the last time; the same news on many endpoints is one group."""

    def is_expired(item: Record) -> bool:
        return item.get("news") == "new" and item["status"] == "waiver_expired"

    return News(
        known=any("news" in item for item in records),
        new=_groups(records, lambda item: item.get("news") == "new" and not is_expired(item)),
        fixed=_groups(records, lambda item: item.get("news") == "fixed" or item["status"] == "fixed"),
        flapping=_groups(records, lambda item: item.get("flapping", False)),
        expired=_groups(records, is_expired),
    )


def _groups(records: tuple[Record, ...], wanted: Callable[[Record], bool]) -> tuple[Group, ...]:
    rows: dict[tuple[str, str], list[int]] = {}
    for row, item in enumerate(records):
        if wanted(item):
            rows.setdefault((item["control"], item["status"]), []).append(row)

    def urgency(key: tuple[str, str]) -> tuple[int, int, tuple[str, str]]:
        severity = max(SEVERITIES.index(records[row]["severity"]) for row in rows[key])
        return -severity, -len(rows[key]), key

    return tuple(Group(control, status, tuple(rows[control, status])) for control, status in sorted(rows, key=urgency))


def trend(records: Iterable[Record]) -> tuple[Point, ...]:
    """Return how many controls were good, not good and not measured, oldest first; only times at which that changed.

    A record's `changes` say what it was when, one without them counts from its own time; before that it was not known,
    and counts nowhere. What does not apply counts nowhere either. At most MOST_POINTS points: of what happened close
    together only the end is told.
    """
    moves = sorted(move for item in records for move in _moves(item))
    if not moves:
        return ()
    bucket = _bucket(moves[0][0], moves[-1][0])
    count: Counter[str] = Counter()
    points: dict[int, Point] = {}
    for when, before, after in moves:
        count[after] += 1
        count[before] -= 1
        at = datetime.fromtimestamp(when, UTC).strftime(TIME)
        points[bucket(when)] = Point(at, count["good"], count["not_good"], count["not_measured"])
    return tuple(points.values())


def _moves(item: Record) -> Iterable[tuple[int, str, str]]:
    """Yield when a record went from which class of statuses to which other; "" is not counted."""
    before = ""
    for change in item.get("changes") or [{"at": item["at"], "status": item["status"]}]:
        after = _class(change["status"])
        if after != before:
            yield seconds(change["at"]), before, after
        before = after


def _class(status: str) -> str:
    if status == "not_applicable":
        return ""
    return "good" if status in GOOD else "not_measured" if status in NOT_MEASURED else "not_good"


def _bucket(first: int, last: int) -> Callable[[int], int]:
    """Return what numbers times so that those from first to last get at most MOST_POINTS numbers."""
    longest = STEPS[-1]
    weeks = range(longest, longest + last - first + 1, longest)
    for step in (*STEPS, *weeks):
        origin = _FIRST_MONDAY if step >= longest else 0
        if (last - origin) // step - (first - origin) // step < MOST_POINTS:
            break
    return lambda when: (when - origin) // step


@lru_cache(maxsize=10_000)
def seconds(at: str) -> int:
    """Return the seconds since 1970 of a record's time. Raises RecordError for a text that is none."""
    try:
        return int(datetime.strptime(at, TIME).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise RecordError(
            f"time is {at[:40]!r}; it must be UTC such as 2026-11-23T14:30:00Z (schemas/record.schema.json)"
        ) from error
