"""Records: one control on one endpoint in one run (schemas/record.schema.json), and the JSON Lines file of a run.

The comparison makes records without run, endpoint, time and versions; `stamp` adds those, so that nothing here needs a
clock. Status:

    compliant  fixed (was drifted, was written, reads back right)  waived  not_applicable          good
    drifted  managed_elsewhere (a stronger owner holds it, or voids it)  waiver_expired  error      not good
    unreachable  offsite  stale                                                                   not measured
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

GOOD = ("compliant", "fixed", "waived", "not_applicable")
NOT_GOOD = ("drifted", "managed_elsewhere", "waiver_expired", "error")
NOT_MEASURED = ("unreachable", "offsite", "stale")
STATUSES = (*GOOD, *NOT_GOOD, *NOT_MEASURED)
SEVERITIES = ("low", "medium", "high")
REACHABLE = "endpoint.reachable"
STATE = "endpoint.state"

_TEXTS = ("run", "endpoint", "control", "scope", "status", "reason", "evidence", "severity", "role", "title", "at")
_KEYS = {*_TEXTS, "instance", "expected", "actual", "versions"}
LIVES = ("in_house", "offsite", "retired")
NEWS = ("", "new", "still", "fixed")
MOVED = ("", "wish", "endpoint", "both")
WAIVER_KEYS = ("control", "hosts", "instance", "owner", "reason", "expires", "ticket")
_ALLOWED = {"status": STATUSES, "severity": SEVERITIES, "life": LIVES, "news": NEWS, "moved": MOVED}
# What not every record has: the report adds it, only some statuses have it, or (`why`) older files lack it.
_OPTIONAL_TEXTS = ("why", "next", "owner", "life", "since", "news", "moved", "put_back")
_OPTIONAL = {*_OPTIONAL_TEXTS, "before", "flapping", "changes", "waiver"}


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
    actual: Any = None,
    reason: str = "",
    evidence: str = "",
    severity: str = "high",
    title: str = "",
    why: str = "",
) -> dict[str, Any]:
    """Return a record that still lacks run, endpoint, at and versions; expected and actual None mean "not set".

    A drifted record may have `next`, what to do about it in words, when its control says so. `why` is the control's; it
    is empty in a record that is about no control.
    """
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


def unusable_state(reason: str) -> dict[str, Any]:
    """Return the one record of an endpoint that answered with something that cannot be compared."""
    return record(STATE, "error", role="endpoint", reason=reason, title="The endpoint's state can be read")


def says_not_measured(item: Mapping[str, Any]) -> bool:
    """Return whether a record says that its endpoint did not answer or could not be read."""
    lost = item["control"] in (REACHABLE, STATE) and item["status"] != "compliant"
    return lost or item["status"] in NOT_MEASURED


def stamp(
    records: Iterable[Mapping[str, Any]], *, run: str, endpoint: str, at: str, versions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the records with what only the caller knows; `at` is UTC, such as 2026-11-23T14:30:00Z."""
    common = {"run": run, "endpoint": endpoint, "at": at, "versions": dict(versions)}
    return [{**common, **{key: finite(value) for key, value in item.items()}} for item in records]


def finite(value: Any) -> Any:
    """Return a value with text for the numbers that JSON does not have; a property list may hold them.

    >>> finite({"a": [float("nan"), float("-inf"), 1.5]})
    {'a': ['nan', '-inf', 1.5]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return value


def check_record(item: Any) -> str | None:
    """Return what is wrong with a stamped record, or None."""
    if not isinstance(item, Mapping):
        return "a record is an object"
    missing = sorted(_KEYS - set(item))
    unknown = sorted(set(item) - _KEYS - _OPTIONAL)
    if missing or unknown:
        words = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(unknown)} not known"] * bool(unknown)
        return "; ".join(words)
    wrong = [key for key in (*_TEXTS, *_OPTIONAL_TEXTS) if not isinstance(item.get(key, ""), str)]
    if wrong:
        return f"{wrong[0]} is {item[wrong[0]]!r}; it must be text"
    for key, allowed in _ALLOWED.items():
        if key in item and item[key] not in allowed:
            return f"{key} is {item[key]!r}; allowed: {', '.join(allowed)}"
    if not isinstance(item["instance"], (str, type(None))):
        return f"instance is {item['instance']!r}; it must be text or null"
    if not isinstance(item["versions"], Mapping):
        return f"versions is {item['versions']!r}; it must be an object"
    if not isinstance(item.get("flapping", False), bool):
        return f"flapping is {item['flapping']!r}; it must be true or false"
    if not _is_history(item.get("changes", [])):
        return f"changes is {item['changes']!r}; it must be a list of {{at, status}}"
    if "waiver" in item and not _is_waiver(item["waiver"]):
        return f"waiver is {item['waiver']!r}; it must be an object with {', '.join(WAIVER_KEYS)}"
    if ("before" in item) != (item["status"] == "fixed"):
        return "before stands in records of status fixed, and only there"
    return None


def _is_history(changes: Any) -> bool:
    return isinstance(changes, list) and all(
        isinstance(one, Mapping)
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


def merge(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of many endpoints in one order; of two about the same thing the later given one counts.

    Raises RecordError for anything that is no stamped record.
    """
    newest: dict[tuple[str, ...], dict[str, Any]] = {}
    for item in records:
        problem = check_record(item)
        if problem:
            raise RecordError(f"not a record: {problem}: {str(item)[:200]}")
        newest[identity(item)] = dict(item)
    return [newest[key] for key in sorted(newest)]


def write_lines(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write records as JSON Lines in UTF-8; the file is there whole or, after a failure, as it was before."""
    text = "".join(json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n" for item in records)
    # A lone surrogate (half a character in an endpoint's text) must not cost the whole report.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file that others may read; it is there whole or, after a failure, as it was before. Raises OSError."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_lines(path: str | Path) -> list[dict[str, Any]]:
    """Return the records of a file. Raises RecordError with the number of the first line that is none."""
    # Not splitlines(): it would also split at characters that JSON leaves as they are inside a text.
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    records = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            # NaN is no JSON, though Python reads it: as text it breaks no page.
            item = json.loads(line, parse_constant=str)
        except ValueError as error:
            raise RecordError(f"{path}, line {number}: no JSON ({error})") from error
        problem = check_record(item)
        if problem:
            raise RecordError(f"{path}, line {number}: {problem}")
        records.append(item)
    return records
