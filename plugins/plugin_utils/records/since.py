"""What is new about a record: since when, whose doing, again and again. Pure; the history (records.history) remembers.

A status that goes on keeps its `since`. `fixed` goes on as compliant, and each `fixed` is a change of its own: between
two of them it must have gone wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from ..values.bounded import as_text, bounded
from .records import GOOD, NOT_MEASURED, NOT_READ, Record, record

TIME = "%Y-%m-%dT%H:%M:%SZ"
LIFE = "endpoint.life"
# A record tells its newest changes; the history keeps all that are young enough.
REPORTED_CHANGES = 100
# Silence that was announced is no news; it is not good news either.
EXPECTED = "offsite"
# What is not as desired, whoever answers for it: a waiver that begins or ends moves neither desired value nor endpoint.
_BY_WAIVER = {"waived", "waiver_expired"}
_NOT_AS_DESIRED = {"drifted", "managed_elsewhere", *_BY_WAIVER}
_UNREAD = {"error", *NOT_MEASURED}


@dataclass(frozen=True)
class Past:
    """What was known of a control the last time: times are UTC texts, desired and actual are digests.

    `changes` are (at, status), oldest first; `ours` are the times of those that a run of this project brought about on
    purpose. `version` is the one of this project that compared. `moved_by` is such a run as well, as in a record; when
    one has put something back since, `put_back` is what it left there, and `put_back_by` that run.
    """

    at: str
    status: str
    since: str
    moved: str
    desired: str
    actual: str
    version: str
    changes: tuple[tuple[str, str], ...]
    ours: frozenset[str] = frozenset()
    moved_by: str = ""
    put_back: str = ""
    put_back_by: str = ""


@dataclass(frozen=True)
class Flapping:
    """How often within how many days something has to go wrong to be called flapping."""

    times: int = 3
    days: int = 30


def digest(value: Any) -> str:
    """Return a short text that is the same for equal values; of what was not read, that of nothing.

    A value counts as a record holds it, so that what was just read is the same as what a record says of it.
    """
    return _known_digest(value) if value is None or type(value) in (str, int, bool) else _digest(value)


def _digest(value: Any) -> str:
    text = as_text(None if value == NOT_READ else bounded(value))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


# The endpoints of a fleet have the same few hundred values.
_known_digest = lru_cache(maxsize=4096, typed=True)(_digest)


def now_known(item: Record, past: Past | None) -> Past:
    """Return what is known after a stamped record."""
    status, at = item["status"], item["at"]
    goes_on = past is not None and _goes_on(past.status) == status
    changes, ours = (past.changes, past.ours) if past is not None else ((), frozenset[str]())
    whose, by = _move(item, past)
    # Until it is measured again, what a run of ours has left there is all that is known.
    waits = past if past is not None and status in _UNREAD else None
    return Past(
        at=at,
        status=status,
        since=min(past.since, at) if past is not None and goes_on else at,
        moved=whose,
        desired=digest(item["expected"]),
        # What the machine had by itself is what the next run is compared with; after a fix that is what was written.
        actual=digest(item["actual"]),
        version=item["versions"].get("offsite_endpoints", ""),
        changes=changes if goes_on else (*changes, (at, status)),
        ours=ours | {at} if by and not goes_on else ours,
        moved_by=by,
        put_back=waits.put_back if waits else "",
        put_back_by=waits.put_back_by if waits else "",
    )


def described(item: Record, past: Past | None, known: Past, rules: Flapping) -> Record:
    """Return the record with since, news, moved, flapping and changes, and moved_by when it was this project.

    `known` is what is known after it (now_known).
    """
    ours: Any = {"moved_by": known.moved_by} if known.moved_by else {}
    return {
        **item,
        **ours,
        "since": known.since,
        "news": news(item["status"], past),
        "moved": known.moved,
        "flapping": is_flapping(known.changes, item["at"], rules, known.ours),
        "changes": [{"at": at, "status": status} for at, status in known.changes[-REPORTED_CHANGES:]],
    }


def news(status: str, past: Past | None) -> str:
    """Return new, still, fixed or nothing; see schemas/record.schema.json.

    >>> news("drifted", None), news("fixed", None), news("compliant", None)
    ('new', 'fixed', '')
    """
    was_bad = past is not None and past.status not in (*GOOD, EXPECTED)
    if status == EXPECTED:
        return ""
    if status not in GOOD:
        return "still" if was_bad else "new"
    return "fixed" if was_bad or status == "fixed" else ""


def _move(item: Record, past: Past | None) -> tuple[str, str]:
    """Return what is not as it was the last time: desired, endpoint or both; while a status goes on, what began it.

    And the run of this project that moved the endpoint, "" when it was somebody else.
    """
    if past is None:
        return "", ""
    both = {past.status, item["status"]}
    again = _goes_on(past.status) == item["status"] or (both <= _NOT_AS_DESIRED and bool(both & _BY_WAIVER))
    desired = digest(item["expected"]) != past.desired
    # The same machine, judged otherwise by another version: that is the desired value's doing, too.
    desired = desired or (not again and item["versions"].get("offsite_endpoints", "") != past.version)
    # What could not be read says nothing of the machine.
    measured = not both & _UNREAD
    now = digest(item.get("before", item["actual"]))
    ours = item["status"] not in _UNREAD and now == past.put_back
    endpoint = ours or (measured and now != past.actual)
    if desired or endpoint:
        whose = "both" if desired and endpoint else "desired" if desired else "endpoint"
        return whose, past.put_back_by if ours else ""
    if again:
        return past.moved, past.moved_by
    return "endpoint" if measured and item["status"] != "fixed" else "", ""


def is_flapping(
    changes: Iterable[tuple[str, str]], at: str, rules: Flapping, ours: Collection[str] = frozenset()
) -> bool:
    """Return whether it went wrong `rules.times` times or more in the `rules.days` before `at`.

    What this project put back on purpose, at the times in `ours`, did not go wrong.
    """
    start = (moment(at) - timedelta(days=rules.days)).strftime(TIME)
    wrong, good = 0, True
    for when, status in changes:
        bad = status not in (*GOOD, EXPECTED)
        if when >= start and good and (bad or status == "fixed") and when not in ours:
            wrong += 1
        good = not bad
    return wrong >= rules.times


@lru_cache(maxsize=4096)
def moment(at: str) -> datetime:
    """Return the time of a record's `at`."""
    return datetime.strptime(at, TIME).replace(tzinfo=UTC)


def _goes_on(status: str) -> str:
    return "compliant" if status == "fixed" else status


@dataclass(frozen=True)
class Life:
    """Where an endpoint is in its life since `at`, and when it was last measured; None when never."""

    life: str = "in_house"
    at: str | None = None
    measured_at: str | None = None


def never_retired(lives: Mapping[str, Life], out_of_use: Iterable[str]) -> str:
    """Return in words which machines the inventory has as out of use though they were never retired; "" without any."""
    left = [name for name in sorted({*out_of_use}) if name in lives and lives[name].life != "retired"]
    if not left:
        return ""
    return (
        f"Out of use by the ledger, and never retired: {', '.join(left)}. Say in the ledger that it is in use, run "
        "retire.yml for it, then say again that it is not; of one that was wiped, delete the row"
    )


def silent(item: Mapping[str, Any], life: Life, at: str, stale_after_days: int) -> dict[str, Any]:
    """Return the record of an endpoint that does not answer, in the light of its life.

    A laptop that was handed over is expected to be silent; after `stale_after_days` without any news it is stale.
    """
    last = f"; last measured on {life.measured_at[:10]}" if life.measured_at else "; never measured so far"
    if life.life != "offsite" or life.at is None:
        return {**item, "reason": item["reason"] + last}
    # A clock that was ahead once has heard from it in the future.
    heard = min(max(life.at, life.measured_at or ""), at)
    days = (moment(at) - moment(heard)).days
    handed_over = f"handed over on {life.at[:10]}{last}"
    if days < stale_after_days:
        return {**item, "status": "offsite", "reason": f"{handed_over}; silence is expected ({item['reason']})"}
    reason = f"{handed_over}; days without news: {days}; stale from {stale_after_days} on"
    return {**item, "status": "stale", "reason": reason}


def retired(life: Life) -> dict[str, Any]:
    """Return the one record of an endpoint that is retired: nothing is wanted of it any more."""
    on = f" on {life.at[:10]}" if life.at else ""
    reason = f"retired{on}: it is no longer in use. Take it out of the inventory, or run site.yml to use it again"
    return record(LIFE, "not_applicable", role="endpoint", reason=reason, title="The endpoint is in use")
