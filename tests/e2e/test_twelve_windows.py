"""Twelve mixed Windows machines from clean: prepared, prepared again, retired."""

from __future__ import annotations

import re

import pytest

from tests.e2e.test_absent import STAYS, differences, had_no_client, states

pytestmark = pytest.mark.depth
FLEET = (12, 0)
NAMES = {f"win-{number:02}" for number in range(1, 13)}
HOME = {"win-04", "win-12"}
# Machines of a domain: Group Policy decides there about some rules, and is reported and not fought.
MANAGED = {"win-07", "win-11", "win-12"}


def test_twelve_machines_are_prepared_left_alone_and_given_back(fleet):
    before, clean = states(fleet), fleet.hashes()
    assert set(before) == NAMES

    first = fleet.play("site.yml")
    assert {record["endpoint"] for record in first.records} == NAMES
    assert first.of_status("drifted", "error", "unreachable") == set(), first.output
    assert {endpoint for endpoint, _, _ in first.of_status("managed_elsewhere")} == MANAGED
    assert all("Group Policy" in r["reason"] for r in first.records if r["status"] == "managed_elsewhere")
    assert all(r["reason"] for r in first.records if r["status"] == "not_applicable")
    no_host = {r["endpoint"] for r in first.records if r["role"] == "rdp_enable" and r["status"] == "not_applicable"}
    assert no_host >= HOME
    assert first.code == 2, "what somebody else decides otherwise is not good"

    prepared = fleet.hashes()
    assert all(prepared[name] != clean[name] for name in NAMES)
    second = fleet.play("site.yml")
    assert re.search(r"^In all: 12 of 12 endpoints, \d+", second.output, re.MULTILINE)
    assert second.of_status("fixed", "drifted", "error") == set()
    assert fleet.hashes() == prepared

    retired = fleet.play("retire.yml")
    assert retired.of_status("drifted", "error", "unreachable") == set(), retired.output
    after = states(fleet)
    left = {name: list(differences(before[name], after[name])) for name in NAMES}
    fresh = {name for name in NAMES if had_no_client(before[name])}
    assert {name for name, lines in left.items() if lines} <= fresh
    assert [line for lines in left.values() for line in lines if not STAYS.search(line)] == []
    assert {name for name, one in fleet.hashes().items() if one == clean[name]} == NAMES - fresh
