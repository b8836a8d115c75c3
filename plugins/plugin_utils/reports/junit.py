"""The records as JUnit XML for a CI server: an endpoint is a test suite, a record a test case.

What was not measured is an error and never looks good; what was skipped has its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TextIO
from xml.etree import ElementTree as ET

from ..records.records import Record
from .sources import shown
from .visible import fit, next_step, value_text, visible, waiver_text
from .writer import Writer

OUTCOMES = {
    **dict.fromkeys(("compliant", "fixed"), "passed"),
    **dict.fromkeys(("drifted", "managed_elsewhere", "waiver_expired"), "failure"),
    **dict.fromkeys(("error", "unreachable", "stale"), "error"),
    **dict.fromkeys(("waived", "not_applicable", "offsite"), "skipped"),
}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class Junit(Writer):
    """An XML document in UTF-8 with every record in it."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._suites = 0

    def look(self, items: list[Record]) -> None:
        """Count what the outermost element has to tell."""
        self._outcomes.update(OUTCOMES[item["status"]] for item in items)

    def begin(self, file: TextIO) -> None:
        """Write the outermost element's start."""
        super().begin(file)
        # The schema gives the outermost element no number of skipped ones.
        numbers = {name: text for name, text in _counts(self._outcomes).items() if name != "skipped"}
        attributes = "".join(f' {name}="{text}"' for name, text in numbers.items())
        self._end = "</testsuites>\n" if self._outcomes else ""
        start = f'<testsuites name="offsite-endpoints"{attributes}{">" if self._outcomes else " />"}'
        self.write(f"<?xml version='1.0' encoding='utf-8'?>\n{start}\n")

    def add(self, items: list[Record]) -> None:
        """Write a suite."""
        suite = _suite(self._suites, items[0]["endpoint"], items)
        self._suites += 1
        ET.indent(suite, level=1)
        self.write(f"  {ET.tostring(suite, encoding='unicode')}\n")

    def end(self) -> None:
        """Write the outermost element's end."""
        self.write(self._end)


def _counts(outcomes: Counter[str]) -> dict[str, str]:
    numbers = {"tests": outcomes.total(), "failures": outcomes["failure"], "errors": outcomes["error"]}
    numbers["skipped"] = outcomes["skipped"]
    return {**{name: str(number) for name, number in numbers.items()}, "time": "0"}


def _suite(number: int, endpoint: str, items: list[Record]) -> ET.Element:
    name = visible(endpoint)
    latest = max((item["at"] for item in items if _TIME.fullmatch(item["at"])), default="")
    # The format knows no time zone; every time of a record is UTC.
    time = {"timestamp": latest.removesuffix("Z")} if latest else {}
    counts = _counts(Counter(OUTCOMES[item["status"]] for item in items))
    suite = ET.Element("testsuite", {"id": str(number), "name": name, "hostname": name, **counts, **time})
    properties = ET.SubElement(suite, "properties")
    for key in ("run", "owner", "life"):
        for text in sorted({str(text) for item in items if (text := item.get(key))}):
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
        reported = ET.SubElement(case, outcome, {"message": fit(message), "type": item["status"]})
        reported.text = fit(_details(item))
    return case


def _details(item: Record) -> str:
    rows = {
        "status": item["status"],
        "severity": item["severity"],
        "title": item["title"],
        "user": item.get("user", ""),
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
