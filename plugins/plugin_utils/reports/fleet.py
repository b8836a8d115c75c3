"""What the report page shows, as plain data: the endpoints, what is new, and how many were good at any time.

Everything comes from the records. "Now" is the newest of their times, so that a report of merged files is the same on
every machine and on every day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from sys import intern

from ..records.records import GOOD, NOT_GOOD, NOT_MEASURED, SEVERITIES, Change, Record, RecordError
from ..records.since import TIME
from . import visible
from .coming import Coming
from .data_age import DataAge
from .summary import Summary, Tally, clean

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
# The fields of News that have groups.
NEWS_KINDS = ("new", "fixed", "flapping", "expired")
Move = tuple[int, str, str]  # when a control went from which class of statuses to which other
# Without a script nothing folds or filters; a longer list helps nobody.
ROWS_WITHOUT_SCRIPT = 500


@dataclass(frozen=True, slots=True)
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
    """The same news on one or more endpoints; `rows` are positions among all records."""

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
    """All of it but the records; `first` and `now` are the oldest and the newest time of one, empty without any.

    `data` is the age of the table of known vulnerabilities, `coming` by control and words whom it concerns.

    `bad` are the first ROWS_WITHOUT_SCRIPT records that are not good, `more` is the number of the others.
    """

    bad: tuple[Record, ...]
    more: int
    summary: Summary
    endpoints: tuple[Endpoint, ...]
    states: Mapping[str, int]
    news: News
    trend: tuple[Point, ...]
    first: str
    now: str
    data: DataAge
    coming: Mapping[tuple[str, str], Mapping[str, None]]


class View:
    """Makes a Fleet endpoint by endpoint; of most records nothing but numbers is kept."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._endpoints: list[Endpoint] = []
        self._groups: dict[str, dict[tuple[str, str], _Rows]] = {kind: {} for kind in NEWS_KINDS}
        self._moves: Counter[Move] = Counter()
        self._times: dict[int, str] = {}
        self._bad: list[Record] = []
        self._rows = 0
        self._known = False
        self._data = DataAge()
        self._coming = Coming()

    def add(self, items: list[Record]) -> None:
        """Take the records of one endpoint; endpoints come by name. Raises RecordError for one without a UTC time."""
        name = items[0]["endpoint"]
        self._tally.add(name, items)
        self._endpoints.append(_endpoint(name, items, name in self._tally.not_measured))
        for row, item in enumerate(items, start=self._rows):
            self._moves.update(_moves(item))
            self._note_news(row, item)
        times = {seconds(item["at"]): item["at"] for item in items} | self._times
        self._times = {when: times[when] for when in (min(times), max(times))}
        left = ROWS_WITHOUT_SCRIPT - len(self._bad)
        self._bad += [item for item in items if item["status"] not in GOOD][: max(0, left)]
        self._rows += len(items)
        self._data.add(items)
        self._coming.add(items)

    def _note_news(self, row: int, item: Record) -> None:
        self._known = self._known or "news" in item
        for kind in _news_kinds(item):
            rows = self._groups[kind].setdefault((item["control"], item["status"]), _Rows())
            rows.places.append(row)
            rows.severity = max(rows.severity, SEVERITIES.index(item["severity"]))

    def fleet(self) -> Fleet:
        """Return what was seen."""
        summary = self._tally.summary()
        states = Counter(one.state for one in self._endpoints)
        bad = sum(number for one in self._endpoints for status, number in one.counts.items() if status not in GOOD)
        groups = {kind: _by_urgency(rows) for kind, rows in self._groups.items()}
        return Fleet(
            bad=tuple(self._bad),
            more=bad - len(self._bad),
            summary=summary,
            endpoints=tuple(self._endpoints),
            states={state: states[state] for state in STATES},
            news=News(self._known, **groups),
            trend=_points(self._moves),
            first=self._times[min(self._times)] if self._times else "",
            now=self._times[max(self._times)] if self._times else "",
            data=self._data,
            coming={(clean(name), clean(words)): who for (name, words), who in self._coming.found.items()},
        )


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
        # Texts that many endpoints have are kept once.
        owner=intern(newest.get("owner", "")),
        life=intern(life),
        state=state,
        worst=intern(min(counts, key=WORST_FIRST.index)),
        counts={intern(status): number for status, number in counts.items()},
        at=intern(newest["at"]),
    )


@dataclass
class _Rows:
    """Where the same news stands, and the worst severity there."""

    severity: int = 0
    places: list[int] = field(default_factory=list)


def _news_kinds(item: Record) -> Iterator[str]:
    """Yield what a record tells of the last time; the same news on many endpoints is one group."""
    if item.get("news") == "new":
        yield "expired" if item["status"] == "waiver_expired" else "new"
    if item.get("news") == "fixed" or item["status"] == "fixed":
        yield "fixed"
    if item.get("flapping"):
        yield "flapping"


def _by_urgency(found: Mapping[tuple[str, str], _Rows]) -> tuple[Group, ...]:
    ordered = sorted(found.items(), key=lambda one: (-one[1].severity, -len(one[1].places), one[0]))
    return tuple(Group(control, status, tuple(rows.places)) for (control, status), rows in ordered)


def _points(found: Mapping[Move, int]) -> tuple[Point, ...]:
    """Return how many controls were good, not good and not measured, oldest first; only times at which that changed.

    At most MOST_POINTS points: of what happened close together only the end is reported.
    """
    if not found:
        return ()
    moves = sorted(found)
    bucket = _bucket(moves[0][0], moves[-1][0])
    count: Counter[str] = Counter()
    points: dict[int, Point] = {}
    for when, before, after in moves:
        count[after] += found[when, before, after]
        count[before] -= found[when, before, after]
        at = datetime.fromtimestamp(when, UTC).strftime(TIME)
        points[bucket(when)] = Point(at, count["good"], count["not_good"], count["not_measured"])
    return tuple(points.values())


def _moves(item: Record) -> Iterator[Move]:
    """Yield when a record went from which class of statuses to which other; "" is not counted.

    Its `changes` say what it was when; one without them counts from its own time, and before that nowhere.
    """
    before = ""
    alone: Change = {"at": item["at"], "status": item["status"]}
    for change in item.get("changes") or [alone]:
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


def seconds(at: str) -> int:
    """Return the seconds since 1970 of a record's time. Raises RecordError for a text that is none."""
    known = visible.seconds(at)
    if known is None:
        raise RecordError(
            f"time is {at[:40]!r}; it must be UTC such as 2026-11-23T14:30:00Z (schemas/record.schema.json)"
        )
    return known
