"""The records as SARIF 2.1.0, for GitHub code scanning and other viewers: what is not good, not measured, or waived.

A control is a rule, a record a result, an endpoint the file in which it is found: viewers need a file, so the
endpoint's name stands as one. An endpoint that was not measured is reported as a result and as a notification as well.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, TextIO
from urllib.parse import quote

from ..records.records import (
    NOT_GOOD,
    NOT_MEASURED,
    REACHABLE,
    STATE,
    Record,
    has_values,
    identity,
    says_not_measured,
    whom,
)
from .sources import shown
from .visible import fit, next_step, value_text, visible, waiver_text
from .writer import Writer

Json = dict[str, Any]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"high": "error", "medium": "warning", "low": "note"}
_BASELINE = {"new": "new", "still": "unchanged"}
_MARKS = str.maketrans({"{": "{{", "}": "}}", "[": "\\[", "]": "\\]"})


_REPORTED = (*NOT_GOOD, *NOT_MEASURED, "waived")
# Where the results stand in the log: no text in JSON has a line's end in it.
_RESULTS = '\n   "results": []'


class Sarif(Writer):
    """A log with one run, as JSON in UTF-8."""

    def __init__(self) -> None:
        self._rules: dict[str, Json] = {}
        self._versions: set[str] = set()
        self._complete = True
        self._notifications: list[Json] = []

    def look(self, items: list[Record]) -> None:
        """Learn the rules, and which endpoints were not measured."""
        for item in items:
            self._versions.add(item["versions"].get("offsite_endpoints", ""))
            if (name := _id(item)) not in self._rules:
                self._rules[name] = _rule(name, item)
        if any(map(says_not_measured, items)):
            self._complete = False
            self._notifications += [_notification(item) for item in items if _is_silent(item)]

    def begin(self, file: TextIO) -> None:
        """Write all that stands before the results; what comes after them waits."""
        super().begin(file)
        rules = [self._rules[name] for name in sorted(self._rules)]
        self._places = {rule["id"]: number for number, rule in enumerate(rules)}
        versions = ", ".join(sorted(self._versions - {""}))
        driver = {"name": "offsite-endpoints", **({"version": fit(versions)} if versions else {})}
        run = {
            "tool": {"driver": {**driver, "rules": rules}},
            "automationDetails": {"id": "offsite-endpoints/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": self._complete, "toolExecutionNotifications": self._notifications}],
            "results": [],
        }
        before, self._after = _json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}).split(_RESULTS)
        self.write(before + _RESULTS.removesuffix("]"))
        self._between = "\n    "
        self._close = "]"

    def add(self, items: list[Record]) -> None:
        """Write a result for each that asks for something."""
        for item in items:
            if item["status"] in _REPORTED:
                self.write(self._between + _json(_result(item, self._places)).replace("\n", "\n    "))
                self._between, self._close = ",\n    ", "\n   ]"

    def end(self) -> None:
        """Write what comes after the results."""
        self.write(f"{self._close}{self._after}\n")


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)


def _rule(name: str, item: Record) -> Json:
    return {
        "id": name,
        # GitHub asks for all three.
        "shortDescription": _message(item["title"] or item["control"]),
        "fullDescription": _message(f"{item['title'] or item['control']} ({item['control']})"),
        "help": _message(_help(item)),
        "defaultConfiguration": {"level": LEVELS[item["severity"]]},
        "properties": {"role": fit(item["role"])},
    }


def _help(item: Record) -> str:
    """Return what stands beside a finding. No helpUri: the pages are where the collection is, not on the web."""
    why = f" Why: {shown(item['why'])}" if item.get("why") else ""
    return f"The role {item['role']} looks after it; each result says what to do.{why}"


def _is_silent(item: Record) -> bool:
    lost = item["control"] in (REACHABLE, STATE) and item["status"] == "error"
    return lost or item["status"] in NOT_MEASURED


def _notification(item: Record) -> Json:
    return {
        "level": "error",
        "message": _message(f"{item['endpoint']} was not measured ({item['status']}): {item['reason']}"),
        "locations": [_location(item)],
    }


def _id(item: Record) -> str:
    return fit(item["control"]) or "-"


def _result(item: Record, places: dict[str, int]) -> Json:
    news = _BASELINE.get(item.get("news", ""))
    about = ("endpoint", "role", "instance", "scope", "user")
    reported = (*about, "status", "severity", "owner", "life", "since", "run", "at")
    result = {
        "ruleId": _id(item),
        "ruleIndex": places[_id(item)],
        "level": LEVELS[item["severity"]],
        "message": _message(_sentence(item)),
        "locations": [_location(item)],
        # The name under which GitHub looks for what makes an alert the same as the last time.
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(item)},
        "properties": {key: fit(str(text)) for key in reported if (text := item.get(key))},
    }
    if item["status"] == "waived":
        words = fit(waiver_text(item) or item["reason"])
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    return {**result, **({"baselineState": news} if news else {})}


def _sentence(item: Record) -> str:
    instance = f" ({item['instance']})" if item["instance"] else ""
    scope = f" for {who}" if (who := whom(item)) else ""
    words = f"{item['endpoint']}: {item['title'] or item['control']}{instance}{scope}: {item['status']}"
    if has_values(item):
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
