"""A first day's answers: a question is settled by what was seen alone, and nothing of the machine is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.records.records import record, stamp, unreachable
from plugins.plugin_utils.reports.first_day import answers, page, versions

ROOT = Path(__file__).resolve().parents[4]
PRIVATE = "Yamada-PC"
STAMP: dict[str, Any] = {"run": "r", "endpoint": PRIVATE, "at": "2026-11-23T14:30:00Z"}
NAMED = {"offsite_endpoints": "0.1.0", "ansible_core": "2.19.14", "odd": PRIVATE}


def step(*items: tuple[str, str, Any], code: int = 0) -> dict[str, Any]:
    """Return a step with (control, status, actual) found; all other texts name somebody."""
    made = [
        record(name, status, role="r", actual=actual, reason=PRIVATE, evidence=PRIVATE, instance=PRIVATE)
        | ({"before": PRIVATE} if status == "fixed" else {})
        for name, status, actual in items
    ]
    return {"code": code, "records": stamp(made, **STAMP, versions=NAMED)}


def silent() -> dict[str, Any]:
    return {"code": 2, "records": stamp([unreachable("no answer")], **STAMP, versions={})}


def answer(rule: dict[str, Any], **steps: Any) -> tuple[str, str]:
    question = {"id": "q", "question": "?", "system": "any", "rule": rule}
    (found,) = answers([question], steps, "Windows")
    return found["answer"], found["how"]


GOOD = ("r.a", "compliant", 1)


def test_reading_is_settled_either_way() -> None:
    yes, no = answer({"measured": "s"}, s=step(GOOD)), answer({"measured": "s"}, s=silent())
    assert yes == ("yes", "the step 's' read it, and what came back was a whole state document")
    assert no == ("no", "the machine was not read in the step 's' (code 2)")
    assert answer({"measured": "s"}, s={"code": 4, "records": []})[0] == "no"


@pytest.mark.parametrize(
    ("statuses", "wanted", "said"),
    [
        (["fixed", "compliant"], "yes", "1 compliant, 1 fixed"),
        (["fixed", "error"], "no", "1 error, 1 fixed"),
        (["compliant"], "not settled", "1 compliant"),
        ([], "not settled", "none"),
    ],
)
def test_writing_is_settled_by_what_was_written_and_read_back(statuses: list[str], wanted: str, said: str) -> None:
    found = step(GOOD, *((f"r.b{number}", status, 1) for number, status in enumerate(statuses)))
    rule = {"fixed": "s", "controls": ["r.b*"]}
    assert answer(rule, s=found) == (wanted, f"the step 's', r.b*: {said}")


def test_a_second_run_is_quiet_when_it_fixes_nothing() -> None:
    assert answer({"quiet": "s"}, s=step(GOOD)) == ("yes", "the step 's' fixed nothing")
    assert answer({"quiet": "s"}, s=step(GOOD, ("r.b", "fixed", 1))) == ("no", "the step 's' fixed again: r.b")
    assert answer({"quiet": "s"}, s=silent())[0] == "not settled"


def test_two_audits_are_the_same_when_every_control_is() -> None:
    rule = {"same": ["a", "b"]}
    assert answer(rule, a=step(GOOD), b=step(GOOD)) == ("yes", "1 controls are the same in the steps 'a' and 'b'")
    for other in (
        step(),
        step(("r.a", "compliant", 2)),
        step(("r.a", "drifted", 1)),
        step(GOOD, ("r.b", "compliant", 1)),
    ):
        found = answer(rule, a=step(GOOD, ("r.c", "compliant", 1)), b=other)
        assert found[0] in ("no", "not settled")
    assert answer(rule, a=step(GOOD), b=step(("r.a", "drifted", 1))) == (
        "no",
        "not the same in the steps 'a' and 'b': r.a",
    )
    assert answer(rule, a=step(GOOD), b=silent())[0] == "not settled"


def test_a_question_about_the_other_system_is_not_asked() -> None:
    question = {"id": "q", "question": "?", "system": "Darwin", "rule": {"measured": "s"}}
    assert answers([question], {"s": step(GOOD)}, "Windows") == []


def test_nothing_of_the_machine_is_told_but_numbers_of_versions() -> None:
    found = step(
        ("forticlient_install.supported_windows", "compliant", 26100),
        ("forticlient_install.minimum_version", "error", PRIVATE),
        ("r.b", "fixed", PRIVATE),
    )
    made = {"read": found, "apply": found}
    told = answers([{"id": "q", "question": "?", "system": "any", "rule": {"quiet": "apply"}}], made, "Windows")
    text = page(told, made, "Windows")
    assert PRIVATE not in text
    assert "Windows; ansible_core 2.19.14; build of Windows 26100; offsite_endpoints 0.1.0\n" in text
    assert "| apply | 0 | 1 compliant, 1 error, 1 fixed |" in text
    assert "| q | ? | no | the step 'apply' fixed again: r.b |" in text
    assert "Controls that could not be read or written: forticlient_install.minimum_version" in text
    assert "odd" not in versions(made)


def test_the_questions_stand_in_the_table_of_what_is_open_with_their_ids() -> None:
    known = yaml.safe_load((ROOT / "roles/first_day/vars/main.yml").read_text(encoding="utf-8"))
    table = (ROOT / "docs/verification.md").read_text(encoding="utf-8").partition("\n## Open")[2]
    rows = dict(re.findall(r"^\| (.+?) `([a-z_]+)` \| ", table, re.MULTILINE))
    assert rows == {one["question"]: one["id"] for one in known["__first_day_questions"]}
    assert len(rows) == 11


def test_every_rule_is_about_steps_and_controls_that_there_are() -> None:
    known = yaml.safe_load((ROOT / "roles/first_day/vars/main.yml").read_text(encoding="utf-8"))
    steps = [one["name"] for one in known["__first_day_steps"]]
    files = [*(ROOT / "roles").glob("*/vars/*.yml")]
    ids = {found for file in files for found in re.findall(r"- id: (\S+)", file.read_text(encoding="utf-8"))}
    for question in known["__first_day_questions"]:
        rule = question["rule"]
        named = [name for kind in ("measured", "fixed", "quiet", "same") for name in [rule.get(kind, [])]]
        assert {name for one in named for name in ([one] if isinstance(one, str) else one)} <= {*steps}
        assert {*rule.get("controls", [])} <= ids
    assert all((ROOT / f"playbooks/{one['playbook']}.yml").is_file() for one in known["__first_day_steps"])
