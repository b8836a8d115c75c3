"""From the records of a run to what a person reads: one sentence, one verdict, one table.

An endpoint counts as measured when it has records and none of them says that it did not answer or could not be read. A
number of controls is never given without how many there were and how many endpoints were not measured.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .offsite_records import GOOD, NOT_GOOD, NOT_MEASURED, merge, says_not_measured

Record = Mapping[str, Any]

# What to do about it; the reason of the record says what is wrong.
NEXT_STEPS = {
    "drifted": "run site.yml for this endpoint; if the change was meant, change the inventory instead",
    "managed_elsewhere": "ask the owner named above; this project does not fight with a stronger owner",
    "waiver_expired": "run site.yml for this endpoint, or renew the waiver",
    "error": "remove the cause named above and run again",
    "unreachable": "remove the cause named above and run again; until then nothing is known about it",
    "offsite": "run again when it is back in the network; until then nothing is known about it",
    "stale": "measure it again: what is known is too old to count",
}
_WORDS = {
    "managed_elsewhere": "managed elsewhere",
    "waiver_expired": "waiver expired",
    "not_applicable": "not applicable",
}


@dataclass(frozen=True)
class Summary:
    """The numbers of a run; `controls` are the applicable ones on measured endpoints, `good` those that are right."""

    controls: int
    good: int
    fixed: int
    endpoints: int
    measured: int
    not_measured: tuple[str, ...]
    counts: Mapping[str, int]

    def sentence(self) -> str:
        """Return the numbers as one sentence, with their denominators."""
        measured = f"{self.measured} of {_count(self.endpoints, 'endpoint')}"
        parts = [f"{self.good} of {_count(self.controls, 'control')} on {measured} compliant"]
        parts[0] += f" ({self.fixed} fixed in this run)" if self.fixed else ""
        bad = [f"{self.counts[status]} {_word(status)}" for status in NOT_GOOD if self.counts.get(status)]
        parts += [", ".join(bad)] if bad else []
        parts += [f"{_count(len(self.not_measured), 'endpoint')} not measured"] if self.not_measured else []
        return "; ".join(parts)


def summarise(records: Iterable[Record], endpoints: Iterable[str]) -> Summary:
    """Count the records of the given endpoints; an endpoint without any record is not measured."""
    by_endpoint = _by_endpoint(records, endpoints)
    not_measured = tuple(name for name, items in by_endpoint.items() if not _is_measured(items))
    judged = [
        item
        for name, items in by_endpoint.items()
        if name not in not_measured
        for item in items
        if item["status"] != "not_applicable"
    ]
    counts = Counter(item["status"] for item in judged)
    return Summary(
        controls=len(judged),
        good=sum(counts[status] for status in GOOD),
        fixed=counts["fixed"],
        endpoints=len(by_endpoint),
        measured=len(by_endpoint) - len(not_measured),
        not_measured=not_measured,
        counts=dict(counts),
    )


def verdict(summary: Summary, *, drift_fails: bool = True, dry_run: bool = False) -> tuple[bool, str]:
    """Return whether the run ends well, and the sentence that says so.

    It does when every endpoint was measured and every control is right. With drift_fails=False (as in a dry run, which
    is made to find drift) drifted controls do not end it badly.
    """
    tolerated = 0 if drift_fails else summary.counts.get("drifted", 0)
    if summary.endpoints == 0:
        return False, "Not good: no endpoint was in this run, so nothing was measured"
    good = not summary.not_measured and summary.good + tolerated == summary.controls
    words = "Not good" if not good else "Dry run, nothing is written yet" if tolerated and dry_run else "Good"
    return good, f"{words}: {summary.sentence()}"


def table(records: Iterable[Record], endpoints: Iterable[str], width: int = 100) -> str:
    """Return the report as text of at most `width` columns: what is not good in full, of the rest the number.

    What was fixed and takes effect only later is told in one line.

    Columns are those of a terminal: a Chinese or Japanese character takes two. Control characters of endpoint values
    are shown and not sent.
    """
    lines: list[str] = []
    for name, items in _by_endpoint(records, endpoints).items():
        lines += _wrap(f"{_clean(name)}: {_tally(items)}", width, indent=0)
        notes = Counter(item["reason"] for item in items if item["status"] == "fixed" and item["reason"])
        for note, number in notes.items():
            lines += _wrap(f"note: {_clean(note)} ({_count(number, 'control')})", width, indent=2)
        for item in items:
            if item["status"] not in GOOD:
                lines += _detail(item, width)
    return "\n".join(lines)


def columns(text: str) -> int:
    """Return how many terminal columns a text takes (characters of ambiguous width count one)."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _by_endpoint(records: Iterable[Record], endpoints: Iterable[str]) -> dict[str, list[Record]]:
    known = merge(records)
    names = sorted({*endpoints, *(item["endpoint"] for item in known)})
    return {name: [item for item in known if item["endpoint"] == name] for name in names}


def _is_measured(items: list[Record]) -> bool:
    return bool(items) and not any(map(says_not_measured, items))


def _tally(items: list[Record]) -> str:
    if not items:
        return "not measured: this run has no record of it"
    counts = Counter(item["status"] for item in items)
    order = (*NOT_MEASURED, *NOT_GOOD, *GOOD)
    return ", ".join(f"{counts[status]} {_word(status)}" for status in order if counts[status])


def _detail(item: Record, width: int) -> list[str]:
    instance = f" [{_clean(item['instance'])}]" if item["instance"] is not None else ""
    scope = f" for {_clean(item['scope'])}" if item["scope"] != "machine" else ""
    head = f"{_word(item['status'])}: {_clean(item['control'])}{instance}{scope} ({item['severity']})"
    rows = []
    if item["expected"] is not None or item["actual"] is not None:
        rows = [("expected", _value(item["expected"])), ("actual", _value(item["actual"]))]
    rows += [("reason", _clean(item["reason"])), ("next", _clean(item.get("next") or NEXT_STEPS[item["status"]]))]
    lines = _wrap(head, width, indent=2)
    for label, text in rows:
        if text:
            lines += _wrap(f"    {label:<10}{text}", width, indent=14, first=0)
    return lines


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _clean(", ".join(value)) or "an empty list"
    if isinstance(value, str):
        return _clean(value) or '""'
    return _clean(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _clean(text: str) -> str:
    """Return a text that a terminal shows and does not obey: controls, escapes and reordering marks become visible."""
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
    for previous, character in zip(" " + text, text, strict=False):
        starts_word = previous != " " and character == " "
        counted = pieces[-1].lstrip(" ") if len(pieces) > 1 else pieces[-1]
        if starts_word or columns(counted) + _columns(character) > limit:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _word(status: str) -> str:
    return _WORDS.get(status, status)
