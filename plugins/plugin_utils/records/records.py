"""Records: one control on one endpoint in one run (schemas/record.schema.json), and the JSON Lines file of a run.

The comparison makes records without run, endpoint, time and versions; `stamp` adds those, so that nothing here needs a
clock. Status:

    compliant  fixed (was drifted, was written, reads back right)  waived  not_applicable          good
    drifted  managed_elsewhere (a stronger owner holds it, or voids it)  waiver_expired  error      not good
    unreachable  offsite  stale                                                                   not measured
"""

from __future__ import annotations

import codecs
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, TextIO, TypedDict, cast

from ..values.bounded import bounded, masked

GOOD = ("compliant", "fixed", "waived", "not_applicable")
NOT_GOOD = ("drifted", "managed_elsewhere", "waiver_expired", "error")
NOT_MEASURED = ("unreachable", "offsite", "stale")
STATUSES = (*GOOD, *NOT_GOOD, *NOT_MEASURED)
SEVERITIES = ("low", "medium", "high")
REACHABLE = "endpoint.reachable"
STATE = "endpoint.state"

_TEXTS = ("run", "endpoint", "control", "scope", "status", "reason", "evidence", "severity", "role", "title", "at")
_KEYS = {*_TEXTS, "instance", "expected", "actual", "versions"}
# Where the words of an endpoint stand.
_TOLD = {*_TEXTS, "instance", "expected", "actual", "before", "next", "user", "why"} - {"run", "endpoint", "at"}
# The actual value of what was not read: nobody knows, which is not the same as null, "not set".
NOT_READ = {"not_read": True}
# Unless something was read all the same, records with these statuses say so.
_BLIND = ("error", "not_applicable", "unreachable")
LIVES = ("in_house", "offsite", "retired")
NEWS = ("", "new", "still", "fixed")
MOVED = ("", "desired", "endpoint", "both")
WAIVER_KEYS = ("control", "hosts", "instance", "owner", "reason", "expires", "ticket")
_ALLOWED = {"status": STATUSES, "severity": SEVERITIES, "life": LIVES, "news": NEWS, "moved": MOVED}
# What not every record has: the report adds it, only some statuses have it, or (`why`) older files lack it.
_OPTIONAL_TEXTS = (
    "why",
    "next",
    "owner",
    "life",
    "since",
    "news",
    "moved",
    "moved_by",
    "put_back",
    "user",
    "data_of",
    "coming",
    "measured_at",
)
_ALL_TEXTS = (*_TEXTS, *_OPTIONAL_TEXTS)
_ALL_KEYS = {*_KEYS, *_OPTIONAL_TEXTS, "before", "flapping", "changes", "waiver"}


# NaN is no JSON, though Python reads it: as text it breaks no page.
_JSON = json.JSONDecoder(parse_constant=str)
_AS_LINE = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


class Change(TypedDict):
    """A status, and when it began."""

    at: str
    status: str


class WaiverFields(TypedDict):
    """The waiver that concerns a record."""

    control: str
    hosts: list[str]
    instance: str | None
    owner: str
    reason: str
    expires: str
    ticket: str


class Record(TypedDict):
    """A stamped record: what schemas/record.schema.json says in the words of Python."""

    run: str
    endpoint: str
    control: str
    instance: str | None
    scope: str
    status: str
    expected: Any
    actual: Any
    reason: str
    evidence: str
    severity: str
    role: str
    title: str
    versions: dict[str, str]
    at: str
    user: NotRequired[str]
    why: NotRequired[str]
    before: NotRequired[Any]
    next: NotRequired[str]
    owner: NotRequired[str]
    life: NotRequired[str]
    since: NotRequired[str]
    news: NotRequired[str]
    flapping: NotRequired[bool]
    moved: NotRequired[str]
    moved_by: NotRequired[str]
    changes: NotRequired[list[Change]]
    waiver: NotRequired[WaiverFields]
    put_back: NotRequired[str]
    data_of: NotRequired[str]
    coming: NotRequired[str]
    measured_at: NotRequired[str]


class RecordError(ValueError):
    """A record, or a line of a file, that is not one; the message says which and why."""


def record(
    control: str,
    status: str,
    *,
    role: str,
    instance: str | None = None,
    scope: str = "machine",
    expected: Any = None,
    actual: Any = ...,
    reason: str = "",
    evidence: str = "",
    severity: str = "high",
    title: str = "",
    why: str = "",
) -> dict[str, Any]:
    """Return a record that still lacks run, endpoint, at and versions; expected and actual None mean "not set".

    Without `actual` nothing was read: of an error, and of what is not applicable, it is NOT_READ.
    A drifted record may have `next`, what to do about it in words, when its control says so. `why` is the control's; it
    is empty in a record that is about no control.
    """
    if actual is ...:
        actual = dict(NOT_READ) if status in _BLIND else None
    return {
        "control": control,
        "instance": instance,
        "scope": scope,
        "status": status,
        "expected": expected,
        "actual": actual,
        "reason": reason,
        "evidence": evidence,
        "severity": severity,
        "role": role,
        "title": title,
        "why": why,
    }


def unreachable(reason: str) -> dict[str, Any]:
    """Return the one record of an endpoint that does not answer."""
    return record(REACHABLE, "unreachable", role="endpoint", reason=reason, title="The endpoint answers")


def stale(reason: str) -> dict[str, Any]:
    """Return the one record of an endpoint of which nothing is known that is new enough."""
    return record(REACHABLE, "stale", role="endpoint", reason=reason, title="The endpoint answers")


def unusable_state(reason: str) -> dict[str, Any]:
    """Return the one record of an endpoint that answered with something that cannot be compared."""
    return record(STATE, "error", role="endpoint", reason=reason, title="The endpoint's state can be read")


def has_values(item: Mapping[str, Any]) -> bool:
    """Return whether a record is about a value at all; if so, null is "not set"."""
    if item["expected"] is not None:
        return True
    # Of a control that wants nothing to be there, it matters that nobody could look.
    return (
        bool(item.get("why") and item["status"] == "error")
        if item["actual"] == NOT_READ
        else item["actual"] is not None
    )


def says_not_measured(item: Mapping[str, Any]) -> bool:
    """Return whether a record says that its endpoint did not answer or could not be read."""
    lost = item["control"] in (REACHABLE, STATE) and item["status"] != "compliant"
    return lost or item["status"] in NOT_MEASURED


def whom(item: Mapping[str, Any]) -> str:
    r"""Return whom a record is about, for a person: "" for the machine, an account with its SID when that is known.

    >>> whom({"scope": "S-1-5-21-1", "user": "PC1\\taro"}), whom({"scope": "machine"}), whom({"scope": "default"})
    ('PC1\\taro (S-1-5-21-1)', '', 'new users')
    """
    if item["scope"] in ("machine", "default"):
        return "new users" if item["scope"] == "default" else ""
    return f"{item['user']} ({item['scope']})" if item.get("user") else str(item["scope"])


def errors_in(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what a person has to know of the records that are errors, a line each."""
    wrong = [item for item in records if item["status"] == "error"]
    names = [
        item["control"] + (f" [{item['instance']}]" if item["instance"] else "") + (f" for {who}" if who else "")
        for item in wrong
        for who in [whom(item)]
    ]
    return [f"{name}: {item['reason']}" for name, item in zip(names, wrong, strict=True)]


def stamp(
    records: Iterable[Mapping[str, Any]], *, run: str, endpoint: str, at: str, versions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the records with what only the caller knows; `at` is UTC, such as 2026-11-23T14:30:00Z.

    Whatever a record says of that by itself does not count. No text in them is endless (values.bounded).
    """
    common = {"run": run, "endpoint": endpoint, "at": at, "versions": dict(versions)}
    return [_stamped(item, common) for item in records]


def _stamped(item: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    made = {**item, **common}
    # The rest is the controller's own.
    for key in _TOLD & made.keys():
        made[key] = bounded(made[key])
    note = made.get("put_back")
    if isinstance(note, str) and masked(note) != note:
        # A note that was cut could not be read any more, so it is whole or not there. One with a secret in it does not
        # go into a file for many: what there was before is on the endpoint, too.
        made["put_back"] = ""
    return made


def sound(
    records: Iterable[Mapping[str, Any]], *, run: str, endpoint: str, at: str, versions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return an endpoint's records, stamped as by `stamp`; what is no record is an error, and costs nobody else's.

    Whatever an endpoint can make of its own part, it ends here.
    """
    found: list[dict[str, Any]] = []
    wrong: list[str] = []
    try:
        for item in records:
            (made,) = stamp([item], run=run, endpoint=endpoint, at=at, versions=versions)
            problem = check_record(made)
            if problem:
                wrong.append(problem)
            else:
                found.append(made)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        wrong.append(f"{type(error).__name__}: {error}")
    if wrong:
        reason = f"what this endpoint answered cannot be recorded: {wrong[0]}"
        found += stamp([unusable_state(reason)], run=run, endpoint=endpoint, at=at, versions=versions)
    return found


def check_record(item: Any) -> str | None:
    """Return what is wrong with a stamped record, or None."""
    # A dict is one, and asking for it first is much faster.
    if not isinstance(item, (dict, Mapping)):
        return "a record is an object"
    if not _KEYS <= item.keys() <= _ALL_KEYS:
        missing = sorted(_KEYS - set(item))
        unknown = sorted(set(item) - _ALL_KEYS)
        words = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(unknown)} not known"] * bool(unknown)
        return "; ".join(words)
    for key in _ALL_TEXTS:
        if not isinstance(item.get(key, ""), str):
            return f"{key} is {item[key]!r}; it must be text"
    for key, allowed in _ALLOWED.items():
        if key in item and item[key] not in allowed:
            return f"{key} is {item[key]!r}; allowed: {', '.join(allowed)}"
    if not isinstance(item["instance"], (str, type(None))):
        return f"instance is {item['instance']!r}; it must be text or null"
    if not isinstance(item["versions"], (dict, Mapping)):
        return f"versions is {item['versions']!r}; it must be an object"
    if not isinstance(item.get("flapping", False), bool):
        return f"flapping is {item['flapping']!r}; it must be true or false"
    if not _is_history(item.get("changes", [])):
        return f"changes is {item['changes']!r}; it must be a list of {{at, status}}"
    if "waiver" in item and not _is_waiver(item["waiver"]):
        return f"waiver is {item['waiver']!r}; it must be an object with {', '.join(WAIVER_KEYS)}"
    if "data_of" in item and not _is_day(item["data_of"]):
        return f"data_of is {item['data_of']!r}; it must be a day such as 2026-11-28"
    if ("before" in item) != (item["status"] == "fixed"):
        return "before stands in records of status fixed, and only there"
    return None


@lru_cache(maxsize=64)
def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_history(changes: Any) -> bool:
    return isinstance(changes, list) and all(
        isinstance(one, (dict, Mapping))
        and set(one) == {"at", "status"}
        and isinstance(one["at"], str)
        and one["status"] in STATUSES
        for one in changes
    )


def _is_waiver(waiver: Any) -> bool:
    return (
        isinstance(waiver, Mapping)
        and set(waiver) == {*WAIVER_KEYS}
        and isinstance(waiver["hosts"], list)
        and all(isinstance(one, str) for one in waiver["hosts"])
        and all(isinstance(waiver[key], str) for key in WAIVER_KEYS if key not in ("hosts", "instance"))
        and isinstance(waiver["instance"], (str, type(None)))
    )


def identity(item: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Return what a record is about: endpoint, role, control, instance and scope."""
    return (item["endpoint"], item["role"], item["control"], item["instance"] or "", item["scope"])


class Merged(list[Record]):
    """Records that are checked and in their order: nobody has to do that again."""


def merge(records: Iterable[Mapping[str, Any]]) -> Merged:
    """Return the records of many endpoints in one order; of two about the same thing the later given one counts.

    Raises RecordError for anything that is no stamped record.
    """
    return records if isinstance(records, Merged) else Merged(in_order(map(_checked, records)))


def _checked(item: Mapping[str, Any]) -> Record:
    problem = check_record(item)
    if problem:
        raise RecordError(f"not a record: {problem}: {str(item)[:200]}")
    return cast("Record", dict(item))


def in_order(records: Iterable[Record]) -> list[Record]:
    """Return checked records in one order; of two about the same thing the later given one counts."""
    newest = {identity(item): item for item in records}
    return [newest[key] for key in sorted(newest)]


def write_lines(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write records as JSON Lines in UTF-8; the file is there whole or, after a failure, as it was before."""
    with replaced(path) as file:
        for item in records:
            file.write(f"{_AS_LINE(item)}\n")


def allowed(mode: int) -> int:
    """Return what the caller's umask leaves of the rights that a file is to have."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mode & ~mask


@contextmanager
def replaced(path: str | Path) -> Iterator[TextIO]:
    """Give a file to write: at the end it takes its place; after a failure all is as it was.

    It is UTF-8 with the line ends that are written, and for whom the caller's umask says, but never for everybody.
    Raises OSError.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        # A lone surrogate (half a character in an endpoint's text) must not cost the whole report.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        Path(name).chmod(allowed(0o640))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_lines(path: str | Path) -> list[Record]:
    """Return the records of a file. Raises RecordError with the number of the first line that is none."""
    return [item for _start, _end, item in located(path)]


def located(path: str | Path) -> Iterator[tuple[int, int, Record]]:
    """Yield the records of a file, each after its line's first byte and end; one is in memory at a time."""
    start = 0
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            end = start + len(line)
            if line.removeprefix(codecs.BOM_UTF8).strip():
                try:
                    item = parsed(line)
                except (ValueError, RecursionError) as error:
                    raise RecordError(f"{path}, line {number}: {_why_no_json(line, error)}") from error
                problem = check_record(item)
                if problem:
                    raise RecordError(f"{path}, line {number}: {problem}")
                yield start, end, item
            start = end


def parsed(line: bytes) -> Any:
    """Return the value of a line; a byte order mark before it is none of it. Raises ValueError."""
    return _JSON.decode(line.removeprefix(codecs.BOM_UTF8).decode("utf-8"))


def _why_no_json(line: bytes, error: Exception) -> str:
    # JSON has no NUL, and in UTF-16 every second byte is one; `>` of Windows PowerShell writes such files.
    if b"\0" in line:
        return (
            "this is UTF-16, and records are UTF-8. Save it as UTF-8; in PowerShell: "
            "Get-Content FILE | Set-Content -Encoding utf8 NEW.jsonl"
        )
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{line[error.start]:02x} at {error.start + 1} is not UTF-8; records are"
    return f"no JSON ({error})"
