"""Public CVE records (CVE JSON 5, cveMetadata and containers) of FortiClient, as entries of the role's table.

A record names a range of versions as affected and, in words, the versions that are fixed. `below` of an entry is the
first version of a line that is named as fixed; without one the version after the last affected one, or the next line
where the words say "all versions". Ranges end at a release, and builds of that release (7.4.3.8758) lie within it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .versions import VersionError, compare_versions, parse_version

Entry = dict[str, Any]
# Product names of the records, without blanks and the maker's name, and the systems that they are for.
_PRODUCTS = {"forticlientwindows": "Windows", "forticlientmac": "Darwin", "forticlientmacos": "Darwin"}
_NAME = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_FIXED = re.compile(
    r"(FortiClient(?:\s*\w{1,20})?)\s+(?:version\s+)?v?([0-9]+(?:\.[0-9]+)+)\s+or\s+above", re.IGNORECASE
)
_WHOLE_LINE = re.compile(r"\b([0-9]+\.[0-9]+) all versions", re.IGNORECASE)
_SCORES = ("cvssV4_0", "cvssV3_1", "cvssV3_0")
_LINE = 2  # numbers of a version that name its line: 7.4
_DAY = len("2026-11-28")
# A new entry says what the record says; a table is no place for more of it.
_WORDS = 200


class CveError(ValueError):
    """A text that is no CVE record, or one whose versions nobody can compare; the message names it."""


def entries_of(record: Any) -> list[Entry]:
    """Return the entries of one record, one a system; none for a record of other products or a rejected one."""
    about = record.get("cveMetadata") if isinstance(record, Mapping) else None
    name = about.get("cveId") if isinstance(about, Mapping) else None
    if not isinstance(about, Mapping) or not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CveError(f"no CVE record in the form CVE JSON 5: {str(record)[:80]!r}")
    if about.get("state") == "REJECTED":
        return []
    try:
        maker = record["containers"]["cna"]
        words = " ".join(item["value"] for item in maker["descriptions"] if str(item["lang"]).startswith("en"))
        ranges = _ranges(maker, words)
        head = {"name": name, "severity": _severity(maker), "what": _plain(words), "needs": []}
        return [{**head, "system": system, "affected": found} for system, found in ranges.items()]
    except (KeyError, TypeError, AttributeError, VersionError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CveError(f"{name}: its record cannot be understood: {why}") from error


def renewed(table: Mapping[str, Any], records: Iterable[str], date: str = "") -> dict[str, Any]:
    """Return the renewed table, and what went wrong: {"table": {...}, "new", "gone", "unread": [texts]}.

    `records` are the texts of records. Without a `date` the table is of the day of the last update of
    the newest.

    Of an entry that is known already, only ranges and severity come from the record: `what` and `needs` are
    somebody's reading of it. One without a record in `records`, or with one that cannot be understood, stays.
    """
    known = {(item["name"], item["system"]): dict(item) for item in table["entries"]}
    found: dict[tuple[str, str], Entry] = {}
    read, unread, newest = set(), [], table["date"]
    for text in records:
        try:
            record = _parsed(text)
            entries = entries_of(record)
        except CveError as error:
            unread.append(str(error))
            continue
        read.add(record["cveMetadata"]["cveId"])
        newest = max(newest, str(record["cveMetadata"].get("dateUpdated", ""))[:_DAY])
        found |= {(item["name"], item["system"]): item for item in entries}
    kept = {key: item for key, item in known.items() if key[0] not in read}
    merged = kept | {key: item | _reading(known.get(key, {})) for key, item in found.items()}
    order = sorted(merged, key=lambda key: (key[1] == "Darwin", *_newest_first(key[0])))
    return {
        "table": {"date": date or newest, "entries": [_in_order(merged[key]) for key in order]},
        "new": sorted({name for name, _system in merged} - {name for name, _system in known}),
        "gone": sorted({name for name, _system in known} - {name for name, _system in merged}),
        "unread": unread,
    }


def lowered_where_unused(entries: Iterable[Mapping[str, Any]], unused: Iterable[str]) -> list[Entry]:
    """Return the entries; one that needs what is not in use is of low severity and says why."""
    off = {*unused}
    return [
        {**item, "severity": "low", "what": f"{item['what']} (needs {', '.join(found)}: not in use)"}
        if (found := [need for need in item.get("needs", []) if need in off])
        else dict(item)
        for item in entries
    ]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CveError(f"no JSON ({error}): {text[:80]!r}") from error


def _ranges(maker: Mapping[str, Any], words: str) -> dict[str, list[dict[str, str]]]:
    solutions = " \n".join(item["value"] for item in maker.get("solutions", []))
    fixed = [(_system(product), version) for product, version in _FIXED.findall(solutions)]
    whole = {*_WHOLE_LINE.findall(words)}
    ranges: dict[str, list[dict[str, str]]] = {}
    for product in maker["affected"]:
        system = _system(str(product.get("product", "")))
        if system and str(product.get("vendor", "")).casefold() == "fortinet":
            mine = [version for of, version in fixed if of == system]
            found = [_range(item, mine, whole) for item in product["versions"] if item["status"] == "affected"]
            ranges.setdefault(system, []).extend(found)
    return {system: found for system, found in ranges.items() if found}


def _range(item: Mapping[str, str], fixed: list[str], whole: set[str]) -> dict[str, str]:
    first = _text(parse_version(item["version"]))
    line = parse_version(first)[:_LINE]
    after = item.get("lessThan") or _next(item.get("lessThanOrEqual") or first)
    named = [version for version in fixed if parse_version(version)[:_LINE] == line]
    named = [version for version in named if compare_versions(version, after) >= 0]
    if named:
        after = min(named, key=parse_version)
    elif _text(line) in whole:
        first, after = _text(line), _text((line[0], line[1] + 1))
    return {"at_least": first, "below": _text(parse_version(after))}


def _next(version: str) -> str:
    *begin, last = parse_version(version)
    return _text((*begin, last + 1))


def _text(numbers: Iterable[int]) -> str:
    return ".".join(map(str, numbers))


def _system(product: str) -> str | None:
    folded = "".join(product.casefold().split()).removeprefix("fortinet")
    return _PRODUCTS.get(folded)


def _severity(maker: Mapping[str, Any]) -> str:
    """Return low below a score of 4, medium below 7, high above and where there is none."""
    scores = [metric[name]["baseScore"] for name in _SCORES for metric in maker.get("metrics", []) if name in metric]
    score = float(scores[0]) if scores else 10.0
    return "low" if score < 4 else "medium" if score < 7 else "high"


def _plain(words: str) -> str:
    """Return the beginning of a text from outside; the table is YAML that Ansible reads, so no template stays in it."""
    return " ".join(words.translate({ord("{"): "(", ord("}"): ")"}).split())[:_WORDS]


def _reading(known: Mapping[str, Any]) -> Entry:
    return {key: known[key] for key in ("what", "needs") if key in known}


def _newest_first(name: str) -> Iterator[int]:
    return (-int(part) for part in name.split("-")[1:])


def _in_order(item: Mapping[str, Any]) -> Entry:
    return {key: item[key] for key in ("name", "system", "severity", "what", "needs", "affected")}
