"""A lab machine that is made from a document gives that document: whatever the machine was that it was read of."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from lab.windows.machine import Machine
from lab.windows.machine.built_in_rules import RULES
from lab.windows.machine.parts import NotModelled
from lab.windows.seed import Variant, build_windows
from lab.windows.seed.document import build_from
from lab.windows.seed.network import NETWORKS
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.state.check_package import whole_request
from plugins.plugin_utils.state.reader import request_of
from tests.contract.models.endpoint_state import read
from tests.unit.test_languages import DESIRED, ROLES

READS = whole_request(
    "Windows", request_of("Windows", [desired(role, DataLoader(), DESIRED, "Windows")["reads"] for role in ROLES])
)
CONDITIONS = ("clean", "half", "drifted", "fresh", "managed")


def content(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        json.dumps({"reads": READS, "document": read(machine, copy.deepcopy(READS), [])})
    )
    return found


def variant(os: str = "11-24H2", edition: str = "Pro", language: str = "ja-JP", condition: str = "drifted") -> Machine:
    return build_windows("pc", Variant(os, edition, language, condition), 1)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(("os", "edition"), [("10-22H2", "Pro"), ("11-23H2", "Home"), ("11-24H2", "Pro")])
@pytest.mark.parametrize("language", ["en-US", "ja-JP"])
def test_read_once_more_it_is_the_same(os: str, edition: str, language: str, condition: str) -> None:
    given = content(variant(os, edition, language, condition))
    made = build_from("again", given, password="x")
    assert content(made)["document"] == given["document"]
    assert content(Machine.from_json(made.to_json()))["document"] == given["document"]


def test_restart_tunnel_and_groups_come_with_it() -> None:
    machine = variant()
    machine.connect_tunnel()
    machine.registry.create(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired")
    given = content(machine)
    assert given["document"]["tunnel"]["active"] is True
    assert content(build_from("again", given))["document"] == given["document"]


def test_what_could_not_be_read_is_not_made_up() -> None:
    given = content(variant())
    given["document"]["services"]["W32Time"] = {"error": "access denied"}
    with pytest.raises(NotModelled, match=r"what could not be read: services.W32Time \(1 in all\)"):
        build_from("again", given)


def test_what_the_lab_does_not_know_is_refused() -> None:
    given = content(variant())
    given["document"]["system"]["ui_culture"] = "de-DE"
    with pytest.raises(NotModelled, match="a Windows of build 26100 in de-DE"):
        build_from("again", given)
    given = content(variant())
    given["document"]["platform"] = "Darwin"
    with pytest.raises(NotModelled, match="a Darwin from a document"):
        build_from("again", given)


def test_what_a_fresh_windows_has_and_the_document_does_not_is_taken_away() -> None:
    machine = variant()
    machine.registry.delete_value(RULES, "FPS-SMB-In-TCP")
    profile = machine.registry.keys(NETWORKS)[0]
    machine.registry.delete_key(f"{NETWORKS}\\{profile}")
    given = content(machine)
    assert content(build_from("again", given))["document"] == given["document"]
