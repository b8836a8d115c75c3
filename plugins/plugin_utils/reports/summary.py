"""From the records of a run to what a person reads: one sentence, one verdict, one table.

An endpoint counts as measured when it has records and none of them says that it did not answer or could not be read. A
number of controls is never given without how many there were and how many endpoints were not measured.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..records.records import GOOD, NOT_GOOD, NOT_MEASURED, NOT_READ, Record, has_values, says_not_measured, whom
from ..records.runs import Known, Runs, by_endpoint
from ..records.since import LIFE
from .coming import Coming
from .data_age import DataAge
from .own_checks import OwnChecks
from .sources import shown

Records = Iterable[Mapping[str, Any]] | Known | Runs

# What to do about it; the reason of the record says what is wrong.
NEXT_STEPS = {
    "drifted": "run site.yml for this endpoint; if the change was meant, change the inventory instead",
    "managed_elsewhere": "ask the owner named above; what somebody else manages is not overwritten",
    "waiver_expired": "run site.yml for this endpoint, or renew the waiver",
    "error": "remove the cause named above and run again",
    "unreachable": "remove the cause named above and run again; until then nothing is known about it",
    "offsite": "run again when it is back in the network; until then nothing is known about it",
    "stale": "measure it again: what is known is too old to rely on",
}
# What ends a run badly unless the inventory says otherwise: all but a laptop's silence that was announced.
FAILS_ON = tuple(status for status in (*NOT_GOOD, *NOT_MEASURED) if status != "offsite")

# The record that roles/handover makes last.
LOOKED_OUTSIDE = "handover.pac_routes"
_DOING = {
    "desired": "the desired value was changed",
    "endpoint": "the endpoint changed",
    "both": "desired value and endpoint changed",
}
# The endpoint was moved by a run of this project; `moved_by` of the record is one of these words and the run.
_OURS = {
    "undo": "put back by undo of run {run}",
    "retire": "put back by retire, run {run}",
}
_NAMED = 3
_WAIVER_WORDS = {
    "expired": "expired on {expires}",
    "soon": "expires soon, on {expires}",
    "unused": "no longer needed",
    "unmatched": "matches nothing here",
}


@dataclass(frozen=True)
class Summary:
    """The numbers of a run; `controls` are the applicable ones on measured endpoints, `good` those that are right.

    `not_measured` tells for each endpoint that was not measured the status that says so, `retired` for each of which
    nothing is wanted any more the reason; those are among the measured ones, though nothing was compared.
    """

    controls: int
    good: int
    fixed: int
    endpoints: int
    measured: int
    not_measured: Mapping[str, str]
    retired: Mapping[str, str]
    counts: Mapping[str, int]

    def sentence(self) -> str:
        """Return the numbers as one sentence, with their denominators."""
        measured = f"{self.measured} of {_count(self.endpoints, 'endpoint')}"
        parts = [f"{self.good} of {_count(self.controls, 'control')} on {measured} compliant"]
        if self.is_empty:
            parts = ["nothing was measured"]
        notes = [f"{self.fixed} fixed in this run"] if self.fixed else []
        notes += [f"{self.counts['waived']} waived"] if self.counts.get("waived") else []
        parts[0] += f" ({', '.join(notes)})" if notes else ""
        bad = [f"{self.counts[status]} {_word(status)}" for status in NOT_GOOD if self.counts.get(status)]
        parts += [", ".join(bad)] if bad else []
        if self.not_measured:
            why = Counter(self.not_measured.values())
            words = ", ".join(f"{why[status]} {_word(status)}" for status in (*NOT_MEASURED, "error") if why[status])
            parts += [f"{_count(len(self.not_measured), 'endpoint')} not measured ({words})"]
        if self.is_empty:
            reasons = sorted({*self.retired.values()})
            parts += [f"{self._who(reason)}: {clean(reason)}" for reason in reasons]
        return "; ".join(parts)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was compared on any endpoint."""
        return self.measured == len(self.retired)

    def _who(self, reason: str) -> str:
        names = [clean(name) for name, why in self.retired.items() if why == reason]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more


class Tally:
    """Counts records endpoint by endpoint."""

    def __init__(self) -> None:
        self.not_measured: dict[str, str] = {}
        self._retired: dict[str, str] = {}
        self._endpoints = 0
        self._counts: Counter[str] = Counter()

    def add(self, name: str, items: Collection[Record]) -> None:
        """Count an endpoint; one without any record is not measured."""
        self._endpoints += 1
        reasons = [item["reason"] for item in items if item["control"] == LIFE]
        if reasons:
            self._retired[name] = reasons[-1]
        if _is_measured(items):
            self._counts.update(item["status"] for item in items if item["status"] != "not_applicable")
        else:
            self.not_measured[name] = _why_not_measured(items)

    def summary(self) -> Summary:
        """Return the numbers of what was counted."""
        return Summary(
            controls=self._counts.total(),
            good=sum(self._counts[status] for status in GOOD),
            fixed=self._counts["fixed"],
            endpoints=self._endpoints,
            measured=self._endpoints - len(self.not_measured),
            not_measured=self.not_measured,
            retired=self._retired,
            counts=dict(self._counts),
        )


def summarise(records: Records, endpoints: Iterable[str]) -> Summary:
    """Count the records of the given endpoints; an endpoint without any record is not measured."""
    tally = Tally()
    for name, items in by_endpoint(records, endpoints):
        tally.add(name, items)
    return tally.summary()


@dataclass(frozen=True)
class Outcome:
    """What a run tells on the screen: table, news_line, data_lines and summarise of the same records, read once."""

    summary: Summary
    table: str
    news: str
    data: str


def outcome(records: Records, endpoints: Iterable[str]) -> Outcome:
    """Return what the records of the given endpoints tell on the screen."""
    tally, age, coming, own, lines = Tally(), DataAge(), Coming(), OwnChecks(), []
    news: Counter[str] = Counter()
    for name, items in by_endpoint(records, endpoints):
        tally.add(name, items)
        lines += _rows(name, items, 100)
        news += _news(items)
        age.add(items)
        coming.add(items)
        own.add(items)
    return Outcome(tally.summary(), "\n".join(lines), _news_line(news), _data_lines(age, coming, own))


def verdict(
    summary: Summary,
    *,
    drift_fails: bool = True,
    dry_run: bool = False,
    fails_on: Collection[str] = FAILS_ON,
    whole: bool = True,
) -> tuple[bool, str]:
    """Return whether the run ends well, and the sentence that says so.

    It does when nothing has a status of `fails_on`. With drift_fails=False (as in a dry run, which is made to find
    drift) drifted controls do not end it badly. What is let pass is never called good. A run that measured nothing does
    not end well, unless every endpoint is retired; one endpoint of several (whole=False) may be silent as expected.
    """
    if summary.endpoints == 0:
        return False, "Not good: no endpoint was in this run, so nothing was measured"
    found = {status for status in NOT_GOOD if summary.counts.get(status)} | {*summary.not_measured.values()}
    drift = {"drifted", "waiver_expired"}
    failing = bool(found & {*fails_on} - (drift if not drift_fails else set()))
    failing = failing or (whole and summary.is_empty and bool(summary.not_measured))
    if failing:
        words = "Not good"
    elif dry_run and found & drift:
        words = "Dry run, nothing is written yet"
    elif found - {*NOT_MEASURED}:
        words = "Let pass"
    elif found:
        words = "Good where measured"
    else:
        words = "Retired" if summary.is_empty else "Good"
    return not failing, f"{words}: {summary.sentence()}"


def readiness(records: Iterable[Record], endpoint: str) -> tuple[bool, str]:
    """Return whether a laptop may leave, and the sentence that says so, with every reason why not.

    It may when it was measured, what only matters outside was looked at (the last of those records is there), and
    every control is right; silence that is expected does not make it so.
    """
    known = list(records)
    summary = summarise(known, [endpoint])
    reasons = [
        f"{item['control']}{_instance(item)}{_for(item)}: {clean(item['reason']) or _word(item['status'])}"
        for item in known
        if item["status"] not in GOOD
    ]
    if not any(item["control"] == LOOKED_OUTSIDE for item in known):
        reasons.append("the checks of what only matters outside did not finish; see the first error above")
    if reasons:
        return False, f"NOT READY: {'; '.join(reasons)}"
    return True, f"READY: {summary.sentence()}"


def news_line(records: Collection[Record]) -> str:
    """Return what is new since the last time in one line; empty when nothing is."""
    return _news_line(_news(records))


def data_lines(records: Collection[Record], *more: str) -> str:
    """Return what is coming, whom users have measured, how old the table of vulnerabilities is, and `more`."""
    age, coming, own = DataAge(), Coming(), OwnChecks()
    for one in (age, coming, own):
        one.add(records)
    return _data_lines(age, coming, own, *more)


def _data_lines(age: DataAge, coming: Coming, own: OwnChecks, *more: str) -> str:
    lines: list[str] = []
    for text in (*coming.lines(), own.line(), age.line(), *more):
        lines += _wrap(clean(text), 100, indent=2, first=0) if text else []
    return "\n".join(lines)


def _news(items: Collection[Record]) -> Counter[str]:
    found = Counter(item.get("news", "") for item in items)
    found["flapping"] = sum(item.get("flapping", False) for item in items)
    return found


def _news_line(found: Counter[str]) -> str:
    parts = [f"{found[word]} {word}" for word in ("new", "fixed", "flapping") if found[word]]
    return f"Since the last time: {', '.join(parts)}" if parts else ""


def waiver_lines(waivers: Iterable[Mapping[str, Any]], width: int = 100) -> str:
    """Return the waivers that ask for something (records.waivers.listing), a line each."""
    lines: list[str] = []
    for one in waivers:
        if one["state"] in _WAIVER_WORDS:
            whom = f"{clean(one['control'])} on {clean(', '.join(one['hosts']))}, {clean(one['owner'])}"
            state = clean(_WAIVER_WORDS[one["state"]].format(**one))
            lines += _wrap(f"waiver {state}: {whom}", width, indent=2, first=0)
    return "\n".join(lines)


def table(records: Records, endpoints: Iterable[str], width: int = 100) -> str:
    """Return the report as text of at most `width` columns: what is not good in full, of the rest the number.

    What was fixed and takes effect only later is reported in one line.

    Columns are those of a terminal: a Chinese or Japanese character takes two. Control characters of endpoint values
    are shown and not sent.
    """
    return "\n".join(line for name, items in by_endpoint(records, endpoints) for line in _rows(name, items, width))


def _rows(name: str, items: list[Record], width: int) -> list[str]:
    lines = _wrap(f"{clean(name)}: {_tally(items)}", width, indent=0)
    notes = Counter(item["reason"] for item in items if item["status"] == "fixed" and item["reason"])
    for note, number in notes.items():
        lines += _wrap(f"note: {clean(note)} ({_count(number, 'control')})", width, indent=2)
    for item in items:
        if item["status"] not in GOOD:
            lines += _detail(item, width)
    return lines


def columns(text: str) -> int:
    """Return how many terminal columns a text takes (characters of ambiguous width count one)."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_columns, text))


@lru_cache(maxsize=10_000)
def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_measured(items: Collection[Record]) -> bool:
    return bool(items) and not any(map(says_not_measured, items))


def _why_not_measured(items: Collection[Record]) -> str:
    return next((item["status"] for item in items if says_not_measured(item)), "error")


def _tally(items: list[Record]) -> str:
    if not items:
        return "not measured: this run has no record of it"
    counts = Counter(item["status"] for item in items)
    order = (*NOT_MEASURED, *NOT_GOOD, *GOOD)
    return ", ".join(f"{counts[status]} {_word(status)}" for status in order if counts[status])


def _detail(item: Record, width: int) -> list[str]:
    instance = _instance(item)
    scope = _for(item)
    head = f"{_word(item['status'])}: {clean(item['control'])}{instance}{scope} ({item['severity']})"
    rows = []
    if has_values(item):
        rows = [("expected", _value(item["expected"])), ("actual", _value(item["actual"]))]
    rows += [
        ("reason", clean(item["reason"])),
        # What could not be looked at needs no argument for what it should be.
        ("why", clean(shown(item.get("why", ""))) if item["status"] != "error" else ""),
        ("since", _since(item)),
        ("next", clean(item.get("next") or NEXT_STEPS[item["status"]])),
    ]
    lines = _wrap(head, width, indent=2)
    for label, text in rows:
        if text:
            lines += _wrap(f"    {label:<10}{text}", width, indent=14, first=0)
    return lines


def _for(item: Record) -> str:
    who = whom(item)
    return f" for {clean(who)}" if who else ""


def _instance(item: Record) -> str:
    return f" [{clean(item['instance'])}]" if item["instance"] is not None else ""


def _since(item: Record) -> str:
    """Return since when and by whose doing, as far as anything is known of the time before this run."""
    doing = _doing(item)
    again = "it keeps going wrong (flapping)" if item.get("flapping") else ""
    when = item["since"].replace("T", " ").replace("Z", " UTC") if item.get("since", item["at"]) != item["at"] else ""
    return clean("; ".join(word for word in (when or ("now" if doing else ""), doing, again) if word))


def _doing(item: Record) -> str:
    playbook, _blank, run = item.get("moved_by", "").partition(" ")
    if playbook not in _OURS:
        return _DOING.get(item.get("moved", ""), "")
    also = f"; {_DOING['desired']}" if item.get("moved") == "both" else ""
    return _OURS[playbook].format(run=run) + also


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if value == NOT_READ:
        return "not read"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return clean(", ".join(value)) or "an empty list"
    if isinstance(value, str):
        return clean(value) or '""'
    return clean(json.dumps(value, ensure_ascii=False, sort_keys=True))


def clean(text: str) -> str:
    """Return a text that is shown and not obeyed: controls, escapes, reordering marks, half characters get visible."""
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        else character
        for character in text
    )


def _wrap(text: str, width: int, indent: int, first: int | None = None) -> list[str]:
    """Break a text at blanks, or anywhere when a word is longer than a line; every line fits into `width` columns."""
    lines = [" " * (indent if first is None else first)]
    for number, piece in enumerate(_pieces(text, width - indent)):
        if number == 0 or columns(lines[-1]) + columns(piece) <= width:
            lines[-1] += piece
        else:
            lines.append(" " * indent + piece.lstrip(" "))
    return [line.rstrip(" ") for line in lines]


def _pieces(text: str, limit: int) -> list[str]:
    """Return the words of a text, each with the blanks before it, cut to `limit` columns.

    Those blanks do not count, since they fall away when the word begins a line; the first word's never fall away.
    """
    pieces = [""]
    counted = 0
    for previous, character in zip(" " + text, text, strict=False):
        starts_word = previous != " " and character == " "
        if starts_word or counted + _columns(character) > limit:
            pieces.append("")
            counted = 0
        if len(pieces) == 1 or counted or character != " ":
            counted += _columns(character)
        pieces[-1] += character
    return pieces


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _word(status: str) -> str:
    return status.replace("_", " ")
