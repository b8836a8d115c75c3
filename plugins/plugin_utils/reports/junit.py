"""The records as JUnit XML for a CI server: an endpoint is a test suite, a record a test case.

compliant, fixed                              passed
drifted, managed_elsewhere, waiver_expired    failure
error, unreachable, stale                     error: what was not measured never looks good
waived, not_applicable, offsite               skipped, with the reason
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from ..records.records import merge
from .sources import shown
from .visible import fit, next_step, value_text, visible, waiver_text

Record = Mapping[str, Any]

OUTCOMES = {
    "compliant": "passed",
    "fixed": "passed",
    "drifted": "failure",
    "managed_elsewhere": "failure",
    "waiver_expired": "failure",
    "error": "error",
    "unreachable": "error",
    "stale": "error",
    "waived": "skipped",
    "not_applicable": "skipped",
    "offsite": "skipped",
}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def to_junit(records: Iterable[Record]) -> bytes:
    """Return an XML document in UTF-8 with every record in it."""
    known: list[Record] = [*merge(records)]
    root = ET.Element("testsuites", {"name": "offsite-endpoints", **_counts(known, totals=True)})
    for number, (endpoint, items) in enumerate(groupby(known, key=lambda item: item["endpoint"])):
        root.append(_suite(number, endpoint, list(items)))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _counts(items: list[Record], *, totals: bool = False) -> dict[str, str]:
    outcomes = Counter(OUTCOMES[item["status"]] for item in items)
    numbers = {"tests": len(items), "failures": outcomes["failure"], "errors": outcomes["error"]}
    # The schema gives the outermost element no number of skipped ones.
    numbers |= {} if totals else {"skipped": outcomes["skipped"]}
    return {**{name: str(number) for name, number in numbers.items()}, "time": "0"}


def _suite(number: int, endpoint: str, items: list[Record]) -> ET.Element:
    name = visible(endpoint)
    latest = max((item["at"] for item in items if _TIME.fullmatch(item["at"])), default="")
    # The format knows no time zone; every time of a record is UTC.
    time = {"timestamp": latest.removesuffix("Z")} if latest else {}
    suite = ET.Element("testsuite", {"id": str(number), "name": name, "hostname": name, **_counts(items), **time})
    properties = ET.SubElement(suite, "properties")
    for key in ("run", "owner", "life"):
        for text in sorted({item[key] for item in items if item.get(key)}):
            ET.SubElement(properties, "property", {"name": key, "value": fit(text)})
    suite.extend(_case(item) for item in items)
    return suite


def _case(item: Record) -> ET.Element:
    instance = f" [{item['instance']}]" if item["instance"] else ""
    scope = f" for {item['scope']}" if item["scope"] != "machine" else ""
    names = {
        "classname": fit(f"{item['endpoint']}.{item['role']}"),
        "name": fit(f"{item['control']}{instance}{scope}"),
    }
    case = ET.Element("testcase", {**names, "time": "0"})
    outcome = OUTCOMES[item["status"]]
    if outcome != "passed":
        message = item["reason"] or item["title"] or item["status"]
        told = ET.SubElement(case, outcome, {"message": fit(message), "type": item["status"]})
        told.text = fit(_details(item))
    return case


def _details(item: Record) -> str:
    rows = {
        "status": item["status"],
        "severity": item["severity"],
        "title": item["title"],
        "expected": value_text(item["expected"]),
        "actual": value_text(item["actual"]),
        "reason": item["reason"],
        "why": shown(item.get("why", "")),
        "next": next_step(item),
        "since": item.get("since", ""),
        "waiver": waiver_text(item),
        "evidence": item["evidence"],
    }
    return "\n".join(f"{name}: {text}" for name, text in rows.items() if text)
