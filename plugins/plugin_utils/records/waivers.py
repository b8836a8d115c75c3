"""Waivers: what somebody answers for until a date, in a YAML file beside the inventory (docs/waivers.md).

A waiver turns a drifted or managed_elsewhere record into `waived` until its last day has passed, and into
`waiver_expired` after that. It never touches an endpoint that could not be measured. The file is read strictly and
reported: every mistake in it at once, each with its line and column. Nothing here has a clock: today is an argument.
"""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .records import NOT_MEASURED, Record
from .waiver_file import WaiverError, read_entries

WAIVABLE = ("drifted", "managed_elsewhere")
# What asks for something first.
STATES = ("expired", "soon", "used", "unused", "unmatched")
_PAGE = "see docs/waivers.md"


@dataclass(frozen=True)
class Waiver:
    """One entry of the file; `expires` is the last day on which it counts, in UTC, and `line` where it begins."""

    control: str
    hosts: tuple[str, ...]
    instance: str | None
    owner: str
    reason: str
    expires: datetime.date
    ticket: str
    line: int

    def as_record(self) -> dict[str, Any]:
        """Return it as a record carries it (`waiver` of schemas/record.schema.json)."""
        row = asdict(self) | {"hosts": list(self.hosts), "expires": self.expires.isoformat()}
        del row["line"]
        return row


def waivers_file(variables: Mapping[str, Any]) -> Path | None:
    """Return the file to read: `endpoint_waivers_file`, or the one waivers.yml beside the inventory; None without one.

    Raises WaiverError when two inventories of a run have one each.
    """
    named = variables.get("endpoint_waivers_file")
    if named:
        return Path(str(named))
    sources = [Path(str(source)) for source in variables.get("ansible_inventory_sources", [])]
    beside = dict.fromkeys((source if source.is_dir() else source.parent) / "waivers.yml" for source in sources)
    found = [path for path in beside if path.is_file()]
    if len(found) > 1:
        raise WaiverError(
            f"{' and '.join(map(str, found))}: two files of waivers in one run; keep one, or name it in "
            "endpoint_waivers_file; see docs/waivers.md"
        )
    return found[0] if found else None


def read_waivers(path: str | Path) -> list[Waiver]:
    """Return the waivers of a file in its order.

    Raises WaiverError: for a file that cannot be read (also one that is not there), or with a line for each mistake in
    it, "PATH, line 3, column 7: what; what is allowed; see docs/waivers.md", at most 20 of them.
    """
    return [Waiver(**{"instance": None, "ticket": "", **entry}) for entry in read_entries(path)]


def check_known(waivers: Iterable[Waiver], controls: Collection[str], path: str | Path) -> None:
    """Raise WaiverError when a waiver's control is, or with wildcards matches, none of the controls that there are."""
    problems = []
    for waiver in waivers:
        if not any(fnmatchcase(control, waiver.control) for control in controls):
            close = difflib.get_close_matches(waiver.control, sorted(controls), 1)
            hint = f"did you mean {close[0]}?" if close else "the files in the roles' vars/ name them"
            problems.append(f"{path}, line {waiver.line}: there is no control {waiver.control!r}; {hint}; {_PAGE}")
    if problems:
        raise WaiverError("\n".join(problems))


def is_valid(waiver: Waiver, today: datetime.date) -> bool:
    """Return whether it still counts; today is a date in UTC."""
    return waiver.expires >= today


def find(
    waivers: Iterable[Waiver],
    *,
    control: str,
    instance: str | None,
    host: str,
    groups: Collection[str],
    today: datetime.date,
) -> Waiver | None:
    """Return the waiver that concerns this control of this host (and its groups), or None.

    Of several: a valid one before an expired one, then the one that lasts longest, then the first of the file.
    """
    names = {host, *groups, "all"}
    fitting = [
        waiver
        for waiver in waivers
        if _fits(waiver, control, instance) and any(fnmatchcase(name, one) for one in waiver.hosts for name in names)
    ]
    return min(
        fitting,
        key=lambda one: (not is_valid(one, today), -one.expires.toordinal(), one.line),
        default=None,
    )


def _fits(waiver: Waiver, control: str, instance: str | None) -> bool:
    return fnmatchcase(control, waiver.control) and waiver.instance in (None, instance)


def apply_waiver(record: Mapping[str, Any], waiver: Waiver | None, today: datetime.date) -> dict[str, Any]:
    """Return the record with the waiver that concerns it, and with the status and reason that follow from it.

    Only a drifted or managed_elsewhere record changes its status; `error` and what was not measured never look better.
    """
    if waiver is None:
        return dict(record)
    marked = {**record, "waiver": waiver.as_record()}
    if record["status"] not in WAIVABLE:
        return marked
    valid = is_valid(waiver, today)
    words = (
        f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        if valid
        else f"the waiver of {waiver.owner} expired on {waiver.expires}"
    )
    reason = f"{record['reason']}; {words}" if record["reason"] else words
    return {**marked, "status": "waived" if valid else "waiver_expired", "reason": reason}


def waiving(variables: Mapping[str, Any], today: datetime.date) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts the waiver that concerns it on a record of the endpoint with these variables.

    Raises WaiverError for a file that cannot be read.
    """
    path = waivers_file(variables)
    waivers = [] if path is None else read_waivers(path)
    host, groups = variables["inventory_hostname"], variables["group_names"]

    def waive(item: dict[str, Any]) -> dict[str, Any]:
        about = {"control": item["control"], "instance": item["instance"]}
        return apply_waiver(item, find(waivers, **about, host=host, groups=groups, today=today), today)

    return waive


def listing(
    records: Iterable[Record], waivers: Iterable[Waiver], *, today: datetime.date, soon_days: int
) -> list[dict[str, Any]]:
    """Return every waiver of the file and of the records as a record carries it, with `state` and `line`.

    state: expired (a record is waiver_expired for it), soon (used, and its last day is at most soon_days away), used,
    unused (it concerns measured controls and none needs it), unmatched (it concerns nothing in these records). line is
    None for a waiver that only the records know. What asks for something comes first. Goes through the records once,
    or twice when a waiver that only they know concerns none that came after it.
    """
    listed = _Listing(waivers)
    for item in records:
        listed.add(item)
    # What only a record named is not compared yet with the records before that one.
    if unsure := listed.unmatched():
        for item in records:
            listed.match(item, unsure)
    rows = [{**one.row, "state": _state(one, today, soon_days), "line": one.line} for one in listed.rows]
    return sorted(
        rows,
        key=lambda row: (STATES.index(row["state"]), row["expires"], row["control"], _key(row), row["line"] or 0),
    )


@dataclass
class _Row:
    """A waiver, and what the records say of it."""

    row: Mapping[str, Any]
    line: int | None
    statuses: set[str] = field(default_factory=set)
    matched: bool = False


class _Listing:
    """Finds what the records say of waivers, record by record; none of them is kept."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self.rows = [_Row(waiver.as_record(), waiver.line) for waiver in waivers]
        self._by_key: dict[str, list[_Row]] = {}
        for one in self.rows:
            self._by_key.setdefault(_key(one.row), []).append(one)
        # Of each control the waivers that can concern it.
        self._by_control: dict[str, list[_Row]] = {}

    def add(self, item: Record) -> None:
        if "waiver" in item:
            key = _key(item["waiver"])
            if key not in self._by_key:
                self._by_key[key] = [_Row(dict(item["waiver"]), None)]
                self.rows += self._by_key[key]
                self._by_control.clear()
            for one in self._by_key[key]:
                one.statuses.add(item["status"])
        control = item["control"]
        if control not in self._by_control:
            self._by_control[control] = [one for one in self.rows if fnmatchcase(control, one.row["control"])]
        self.match(item, self._by_control[control])

    def match(self, item: Record, rows: Iterable[_Row]) -> None:
        for one in rows:
            one.matched = one.matched or _concerns(one.row, item)

    def unmatched(self) -> list[_Row]:
        return [one for one in self.rows if one.line is None and not one.matched]


def _state(one: _Row, today: datetime.date, soon_days: int) -> str:
    if "waiver_expired" in one.statuses:
        return "expired"
    if "waived" in one.statuses:
        left = (datetime.date.fromisoformat(one.row["expires"]) - today).days
        return "soon" if left <= soon_days else "used"
    return "unused" if one.matched else "unmatched"


def _concerns(row: Mapping[str, Any], item: Record) -> bool:
    """Return whether a waiver surely concerns a record that was measured, also when another waiver goes before it.

    Records do not know groups; but where a record carries a waiver, one of that waiver's hosts is the endpoint.
    """
    if item["status"] in (*NOT_MEASURED, "error"):
        return False
    if not fnmatchcase(item["control"], row["control"]) or row["instance"] not in (None, item["instance"]):
        return False
    carried = item["waiver"]["hosts"] if "waiver" in item else []
    by_group = bool(carried) and set(carried) <= set(row["hosts"])
    return by_group or "all" in row["hosts"] or any(fnmatchcase(item["endpoint"], one) for one in row["hosts"])


def _key(waiver: Mapping[str, Any]) -> str:
    """Return what tells waivers apart; the place in the file does not."""
    return json.dumps({name: waiver[name] for name in waiver if name not in ("state", "line")}, sort_keys=True)
