"""What roles refuse, and how they use what may be a text: of the roles' files alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CHECKS = sorted(ROOT.glob("roles/*/vars/checks.yml"))
# Arguments of ours that are themselves true or false.
TYPED = {"report_follows", "drift_fails", "remember"}


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.parts[-3])
def test_each_refusal_names_a_page_to_read_on(path):
    role = path.parts[-3]
    checks = yaml.safe_load(path.read_text(encoding="utf-8"))[f"__{role}_checks"]
    pages = [re.findall(r"(?:roles|docs)/[\w/]+\.md", check["says"]) for check in checks]
    assert [check["says"] for check, found in zip(checks, pages, strict=True) if not found] == []
    assert [page for found in pages for page in found if not (ROOT / page).is_file()] == []


def truths():
    """Return the names of the roles' variables that are true or false."""
    specs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    options = [point.get("options", {}) for spec in specs for point in spec["argument_specs"].values()]
    return sorted({name for option in options for name, one in option.items() if one.get("type") == "bool"})


def used_as_it_is(name, line):
    """Return whether a line works with a variable that may be the text "false", which is true to a template."""
    rest = re.sub(rf"\b{name}\b(?: \| default\([^)]*\))? \| bool\b|\b{name}\b is (?:not )?defined", "", line)
    # Words in quotes are a message's, and before a colon it gets its value.
    rest = re.sub(r"'[^']*'", "", rest)
    return bool(re.search(rf"(?:{{[{{%][^}}]*|^\s*- |(?:when|that): .*)\b{name}\b(?!:)", rest))


def test_what_is_given_with_minus_e_is_no_truth_before_it_is_made_one():
    names = truths()
    assert len(names) > 20
    files = [*ROOT.glob("roles/*/vars/*.yml"), *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]
    found = [
        f"{path.relative_to(ROOT)}, line {number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for name in names
        if name in line and used_as_it_is(name, line) and line.strip().partition(":")[0] not in TYPED
    ]
    assert found == []


def test_the_search_finds_what_it_is_for():
    assert used_as_it_is("x_enable", "  when: x_enable")
    assert used_as_it_is("x_enable", "    - x_enable")
    assert used_as_it_is("x_enable", "{{ 'a' if x_enable else 'b' }}")
    assert not used_as_it_is(
        "x_enable", "{{ 'a' if x_enable | default(true) | bool and x_enable is defined else 'b' }}"
    )
    assert not used_as_it_is("x_enable", "      turn it on; or set x_enable: false")
