"""What one real machine settles of docs/verification.md's open questions, from the records of a first day's steps.

A question is {id, question, system, rule}; a rule is one of

    {measured: STEP}                     the endpoint was read in that step
    {fixed: STEP, controls: [PATTERN]}   one of these controls was fixed there, and none of them failed
    {quiet: STEP}                        the step found everything as the step before left it, and fixed nothing
    {same: [STEP, STEP]}                 two audits found the same

Nothing that the machine answered stands in the result but numbers of versions: it is to be sent to strangers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..records.records import says_not_measured

Step = Mapping[str, Any]
YES, NO, OPEN = "yes", "no", "not settled"
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){0,4}")
# What is said of a version, and which control has it.
_VERSIONS = {
    "build of Windows": ("forticlient_install.supported_windows",),
    "macOS": ("forticlient_install.supported_macos",),
    "FortiClient": ("forticlient_install.minimum_version",),
}


def answers(questions: Iterable[Mapping[str, Any]], steps: Mapping[str, Step], system: str) -> list[dict[str, str]]:
    """Return {id, question, answer, how} for each question about this system, in their order."""
    found = []
    for one in questions:
        if one["system"] in (system, "any"):
            answer, how = _answered(one["rule"], steps)
            found.append({"id": one["id"], "question": one["question"], "answer": answer, "how": how})
    return found


def _answered(rule: Mapping[str, Any], steps: Mapping[str, Step]) -> tuple[str, str]:
    names = rule["same"] if "same" in rule else [next(rule[kind] for kind in _RULES if kind in rule)]
    for name in names:
        if not _measured(steps[name]):
            settles = "measured" in rule
            return (
                NO if settles else OPEN
            ), f"the machine was not read in the step '{name}' (code {steps[name]['code']})"
    return next(_RULES[kind] for kind in _RULES if kind in rule)(rule, steps)


def _measured(step: Step) -> bool:
    return bool(step["records"]) and not any(says_not_measured(item) for item in step["records"])


def _read(rule: Mapping[str, Any], _steps: Mapping[str, Step]) -> tuple[str, str]:
    return YES, f"the step '{rule['measured']}' read it, and what came back was a whole state document"


def _fixed(rule: Mapping[str, Any], steps: Mapping[str, Step]) -> tuple[str, str]:
    about = [
        item
        for item in steps[rule["fixed"]]["records"]
        if any(fnmatchcase(item["control"], pattern) for pattern in rule["controls"])
    ]
    counts = Counter(item["status"] for item in about)
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none"
    how = f"the step '{rule['fixed']}', {' and '.join(rule['controls'])}: {said}"
    if counts["error"]:
        return NO, how
    return (YES if counts["fixed"] else OPEN), how


def _quiet(rule: Mapping[str, Any], steps: Mapping[str, Step]) -> tuple[str, str]:
    moved = sorted({item["control"] for item in steps[rule["quiet"]]["records"] if item["status"] == "fixed"})
    if moved:
        return NO, f"the step '{rule['quiet']}' fixed again: {', '.join(moved)}"
    return YES, f"the step '{rule['quiet']}' fixed nothing"


def _same(rule: Mapping[str, Any], steps: Mapping[str, Step]) -> tuple[str, str]:
    before, after = (_values(steps[name]) for name in rule["same"])
    other = sorted({key[0] for key in {*before, *after} if before.get(key) != after.get(key)})
    first, second = rule["same"]
    if other:
        return NO, f"not the same in the steps '{first}' and '{second}': {', '.join(other)}"
    return YES, f"{len(before)} controls are the same in the steps '{first}' and '{second}'"


def _values(step: Step) -> dict[Any, Any]:
    return {
        (item["control"], item["instance"], item["scope"]): (item["status"], item["actual"]) for item in step["records"]
    }


_RULES = {"measured": _read, "fixed": _fixed, "quiet": _quiet, "same": _same}


def versions(steps: Mapping[str, Step]) -> dict[str, str]:
    """Return versions by name: numbers alone, whatever stands there."""
    items = [item for step in steps.values() for item in step["records"]]
    found = {
        name: str(item["actual"])
        for name, controls in _VERSIONS.items()
        for item in items
        if item["control"] in controls and _NUMBERS.fullmatch(str(item["actual"]))
    }
    ours = [item["versions"] for item in items]
    return found | {name: value for names in ours for name, value in names.items() if _NUMBERS.fullmatch(value)}


def page(found: Iterable[Mapping[str, str]], steps: Mapping[str, Step], system: str) -> str:
    """Return the file for an issue, in Markdown."""
    about = [system, *(f"{name} {number}" for name, number in sorted(versions(steps).items()))]
    lines = [
        "# First day with a real machine",
        "",
        "; ".join(about),
        "",
        "| step | exit code | records |",
        "|---|---|---|",
    ]
    for name, step in steps.items():
        counts = Counter(item["status"] for item in step["records"])
        said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none"
        lines.append(f"| {name} | {step['code']} | {said} |")
    lines += ["", "| id | question | answer | how |", "|---|---|---|---|"]
    lines += [f"| {one['id']} | {one['question']} | {one['answer']} | {one['how']} |" for one in found]
    wrong = sorted(
        {item["control"] for step in steps.values() for item in step["records"] if item["status"] == "error"}
    )
    lines += ["", f"Controls that could not be read or written: {', '.join(wrong) or 'none'}", ""]
    return "\n".join(lines)
