"""State files: what users' own checks have written, each judged for the one endpoint that it was made for.

    {"schema": 1, "token": the request as it was signed, "measured_at": "2026-11-23T14:30:00Z", "computer": "NB-07",
     "administrator": true, "warnings": [...], "document": the state document}

A file belongs to the endpoint that its name begins with (NAME.state.json), and what is inside has to agree. Whatever is
wrong with it is an error of that endpoint and costs nobody else anything. `times` of a laptop are its own clock's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..values.bounded import cut, masked, too_deep
from .check_request import TIME, CheckError, Request, moment, opened
from .document import check_document
from .reader import LONGEST_ERROR, covers

SCHEMA = 1
ENDING = ".state.json"
# A real document has some hundred thousand characters.
LARGEST = 16 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=10)
_TYPES = {"token": str, "measured_at": str, "computer": str, "administrator": bool, "warnings": list, "document": dict}
_OLD = "have the user run the check again"


@dataclass(frozen=True)
class Checked:
    """A state file that can be believed as far as any can."""

    file: Path
    request: Request
    measured_at: datetime
    computer: str
    administrator: bool
    warnings: list[str]
    document: dict[str, Any]


def stem_of(endpoint: str) -> str:
    """Return what the files of an endpoint begin with; two names that become the same one are told apart.

    >>> stem_of("nb-07.example.org"), stem_of("nb 07")
    ('nb-07.example.org', 'nb_07-f33fb3a3')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", endpoint)
    return plain if plain == endpoint else f"{plain}-{hashlib.sha256(endpoint.encode()).hexdigest()[:8]}"


def found_in(places: Iterable[str], endpoints: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the state files below these places by endpoint, and what is refused, a sentence each."""
    by_stem = {stem_of(endpoint): endpoint for endpoint in endpoints}
    found: dict[str, list[str]] = {}
    refused: list[str] = []
    for place in map(Path, places):
        try:
            inside = sorted(one for one in place.iterdir() if one.name[0] != ".") if place.is_dir() else [place]
        except OSError as error:
            refused.append(f"state_files: {place} cannot be read ({error.strerror or error})")
            continue
        for file in inside:
            # A browser makes NB.state (1).json of a second one.
            stem = file.name.rpartition(".state")[0]
            if not file.is_file():
                refused.append(f"state_files: {file} is no file. Name the folder or the files that users have sent")
            elif stem in by_stem:
                found.setdefault(by_stem[stem], []).append(str(file))
            else:
                refused.append(
                    f"state_files: {file.name} in {file.parent} is the answer of no laptop of this inventory; one is "
                    f"called NAME{ENDING}. Move it away, or add the laptop to the inventory"
                )
    return found, refused


def state_of(
    files: Iterable[str],
    endpoint: str,
    platform: str,
    reads: Iterable[Mapping[str, Any]],
    *,
    key: bytes,
    now: datetime,
    most_days: int,
) -> dict[str, Any]:
    """Return what there is of an endpoint, as state.reader does, from its newest file; `self_check` says how old it is.

    One that cannot be used is the endpoint's error, whatever other files there are.
    """
    state: dict[str, Any] = {"reachable": True, "error": None, "platform": platform, "document": None}
    state["self_check"] = {"measured_at": "", "words": "", "remarks": []}
    try:
        newest = max((read_file(file, endpoint, platform, key, now) for file in files), key=lambda one: one.measured_at)
        if not covers(newest.request.reads, reads):
            raise CheckError(
                f"{newest.file.name}: its check was made before the inventory, or this project, wanted to know more. "
                "Make a new package with self_check.yml, and have the user run that"
            )
    except CheckError as error:
        state["error"] = cut(masked(str(error)), LONGEST_ERROR)
        return state
    words = age_in_words(newest.measured_at, now)
    state["self_check"] = {"measured_at": newest.measured_at.strftime(TIME), "words": words, "remarks": remarks(newest)}
    if (now - newest.measured_at).days >= most_days:
        state["reachable"] = False
        state["error"] = f"{words}; stale from {most_days} days on: {_OLD}"
    else:
        state["document"] = newest.document
    return state


def age_in_words(measured_at: datetime, now: datetime) -> str:
    """Return when and how an endpoint was measured."""
    days = max((now - measured_at).days, 0)
    age = "less than a day old" if days == 0 else f"{days} day{'' if days == 1 else 's'} old"
    return f"measured on {measured_at:%Y-%m-%d} by the user's own check, {age}"


def remarks(checked: Checked) -> list[str]:
    """Return what a person should know of a check, in words."""
    rights = "" if checked.administrator else "without administrator rights, so what needs them could not be read"
    said = [cut(masked(" ".join(words.split())), 300) for words in checked.warnings[:3]]
    return [f"on the computer {cut(checked.computer, 100)}", *([rights] if rights else []), *said]


def read_file(path: str, endpoint: str, platform: str, key: bytes, now: datetime) -> Checked:
    """Return a state file of this endpoint. Raises CheckError, which names the file."""
    file = Path(path)
    try:
        return _read(file, endpoint, platform, key, now)
    except CheckError as error:
        raise CheckError(f"{file.name}: {error}") from error


def _read(file: Path, endpoint: str, platform: str, key: bytes, now: datetime) -> Checked:
    content = _content(file)
    request = opened(content["token"], key)
    if request.endpoint != endpoint:
        raise CheckError(
            f"it answers a request for {request.endpoint}, and not for {endpoint}: give it the name of its own laptop, "
            "or have the user run the right package"
        )
    try:
        measured_at = moment(content["measured_at"])
    except ValueError as error:
        raise CheckError(f"measured_at is {cut(content['measured_at'], 100)!r}, and no time: {_OLD}") from error
    _check_times(request, measured_at, now)
    document = content["document"]
    if document.get("platform") != platform or request.platform != platform:
        raise CheckError(
            f"it is about a {cut(str(document.get('platform')), 100)!r} computer, and {endpoint} is {platform!r} by "
            "the inventory: correct the inventory, or have the user run the right package"
        )
    deep = too_deep(document)
    problems = [f"{deep} is nested deeper than anything that is read"] if deep else check_document(document)
    if problems:
        raise CheckError(f"its state document cannot be used: {'; '.join(problems[:3])}: {_OLD}")
    # What only a role can see on the laptop itself is no part of a reader's document.
    document.pop("vpn_connections", None)
    warnings = [words for words in content["warnings"] if isinstance(words, str)]
    return Checked(file, request, measured_at, content["computer"], content["administrator"], warnings, document)


def _check_times(request: Request, measured_at: datetime, now: datetime) -> None:
    if measured_at > now + CLOCKS_DIFFER:
        raise CheckError(
            f"it was measured on {measured_at:{TIME}}, which is yet to come: set the laptop's clock, and {_OLD}"
        )
    if measured_at < request.made_at - CLOCKS_DIFFER:
        raise CheckError(
            f"it was measured on {measured_at:{TIME}}, before its request was made ({request.made_at:{TIME}}): set the "
            f"laptop's clock, and {_OLD}"
        )
    if measured_at > request.good_until:
        raise CheckError(
            f"its request was good until {request.good_until:%Y-%m-%d}, and the check ran on {measured_at:%Y-%m-%d}: "
            "make a new package with self_check.yml, and have the user run that"
        )


def _content(file: Path) -> dict[str, Any]:
    """Return what a file holds, in the form that a check writes. Raises CheckError."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise CheckError(f"it cannot be read ({error.strerror or error})") from error
    if len(raw) > LARGEST:
        raise CheckError(f"it has more than {LARGEST} bytes, and no check writes so much: {_OLD}")
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise CheckError(f"it is no text in UTF-8, so a program has changed it: {_OLD}") from error
    except (ValueError, RecursionError) as error:
        raise CheckError(f"it is no whole JSON ({cut(str(error), 200)}), so it was cut or changed: {_OLD}") from error
    if not isinstance(content, dict) or type(content.get("schema")) is not int or content["schema"] != SCHEMA:
        raise CheckError(f"it is no state file of schema {SCHEMA}: make a new package with self_check.yml, and {_OLD}")
    for name, kind in _TYPES.items():
        if not isinstance(content.get(name), kind):
            raise CheckError(f"{name!r} is missing or of another kind, so it was changed: {_OLD}")
    return content


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
