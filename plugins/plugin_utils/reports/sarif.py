"""The records as SARIF 2.1.0, for GitHub code scanning and other viewers: what is not good, not measured, or waived.

A control is a rule, a record a result, an endpoint the file in which it is found: viewers need a file, so the
endpoint's name stands as one. An endpoint that was not measured is told as a result and as a notification as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ..records.records import NOT_GOOD, NOT_MEASURED, REACHABLE, STATE, identity, merge
from .sources import shown
from .summary import summarise
from .visible import fit, next_step, value_text, visible, waiver_text

Record = Mapping[str, Any]
Json = dict[str, Any]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"high": "error", "medium": "warning", "low": "note"}
_BASELINE = {"new": "new", "still": "unchanged"}
_MARKS = str.maketrans({"{": "{{", "}": "}}", "[": "\\[", "]": "\\]"})


def to_sarif(records: Iterable[Record]) -> bytes:
    """Return a log with one run, as JSON in UTF-8."""
    known: list[Record] = [*merge(records)]
    rules = _rules(known)
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    told = (*NOT_GOOD, *NOT_MEASURED, "waived")
    run = {
        "tool": {"driver": {**_driver(known), "rules": rules}},
        "automationDetails": {"id": "offsite-endpoints/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(known)],
        "results": [_result(item, places) for item in known if item["status"] in told],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _driver(known: list[Record]) -> Json:
    versions = {item["versions"].get("offsite_endpoints", "") for item in known} - {""}
    return {"name": "offsite-endpoints", **({"version": fit(", ".join(sorted(versions)))} if versions else {})}


def _rules(known: list[Record]) -> list[Json]:
    by_control = {_id(item): item for item in reversed(known)}
    return [
        {
            "id": name,
            # GitHub asks for all three.
            "shortDescription": _message(item["title"] or item["control"]),
            "fullDescription": _message(f"{item['title'] or item['control']} ({item['control']})"),
            "help": _message(_help(item)),
            "defaultConfiguration": {"level": LEVELS[item["severity"]]},
            "properties": {"role": fit(item["role"])},
        }
        for name, item in sorted(by_control.items())
    ]


def _help(item: Record) -> str:
    """Return what stands beside a finding. No helpUri: the pages are where the collection is, not on the web."""
    why = f" Why: {shown(item['why'])}" if item.get("why") else ""
    return f"The role {item['role']} looks after it; each result says what to do.{why}"


def _id(item: Record) -> str:
    return fit(item["control"]) or "-"


def _invocation(known: list[Record]) -> Json:
    """Return how the run went: a failure as soon as one endpoint was not measured."""
    lost = summarise(known, []).not_measured
    silent = [
        item
        for item in known
        if item["endpoint"] in lost
        and (item["status"] in NOT_MEASURED or (item["control"] in (REACHABLE, STATE) and item["status"] == "error"))
    ]
    notifications = [
        {
            "level": "error",
            "message": _message(f"{item['endpoint']} was not measured ({item['status']}): {item['reason']}"),
            "locations": [_location(item)],
        }
        for item in silent
    ]
    return {"executionSuccessful": not lost, "toolExecutionNotifications": notifications}


def _result(item: Record, places: Mapping[str, int]) -> Json:
    news = _BASELINE.get(item.get("news", ""))
    told = ("endpoint", "role", "instance", "scope", "status", "severity", "owner", "life", "since", "run", "at")
    result = {
        "ruleId": _id(item),
        "ruleIndex": places[_id(item)],
        "level": LEVELS[item["severity"]],
        "message": _message(_sentence(item)),
        "locations": [_location(item)],
        # The name under which GitHub looks for what makes an alert the same as the last time.
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(item)},
        "properties": {key: fit(item[key]) for key in told if item.get(key)},
    }
    if item["status"] == "waived":
        words = fit(waiver_text(item) or item["reason"])
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    return {**result, **({"baselineState": news} if news else {})}


def _sentence(item: Record) -> str:
    instance = f" ({item['instance']})" if item["instance"] else ""
    words = f"{item['endpoint']}: {item['title'] or item['control']}{instance}: {item['status']}"
    if item["expected"] is not None or item["actual"] is not None:
        words += f"; expected {value_text(item['expected'])}, actual {value_text(item['actual'])}"
    return "; ".join(part for part in (words, item["reason"], next_step(item)) if part)


def _message(text: str) -> Json:
    """Return a message in which nothing is a link or a placeholder (SARIF 2.1.0, 3.11)."""
    return {"text": fit(text.translate(_MARKS))}


def _location(item: Record) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(visible(item["endpoint"]), safe="")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"name": _id(item), "fullyQualifiedName": fit("/".join(identity(item))), "kind": "resource"}
        ],
    }


def _fingerprint(item: Record) -> str:
    text = "\0".join(identity(item)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]
