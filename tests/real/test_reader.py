"""The state reader on odd registry values: what it answers over Wine is what the lab's model of it answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.models import endpoint_state  # noqa: F401 - registers the model of the reader
from tests.real import modules, odd_values
from tests.real.endpoint import Endpoint

READER = "offsite.endpoints.win_endpoint_state"
ASKS: list[dict[str, Any]] = [
    {"path": odd_values.KEY},
    {"path": odd_values.KEY.upper() + "\\", "values": ["[[]x[]]", "Ｗide", "back\\slash", "KEYS", "none of these"]},
    {"path": odd_values.KEY.lower(), "values": ["sz*", "?"]},
    {"path": r"HKLM\software\odd", "without": ["%temp%", "学会"]},
    {"path": odd_values.KEY + r"\nothing", "depth": 3},
    {"path": r"HKLM\SOFTWARE\Odd keys", "depth": 2},
    {"path": r"HKLM\SOFTWARE\Odd keys", "depth": 1},
    {"path": r"HKCU\Software"},
]
KEYS = (r"a\b\c", r"[x] * ?\学会", r"%TEMP%\$x", r" spaces \'", "😀")


@pytest.fixture(scope="module")
def answers(endpoint: Endpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the reader answers over Wine, and in the lab."""
    machine = modules.machine()
    odd = list(odd_values.values())
    text = odd_values.as_reg_file(odd)
    for path in KEYS:
        machine.registry.create(rf"HKLM\SOFTWARE\Odd keys\{path}")
        text += f"\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Odd keys\\{path}]\n"
    for each in odd:
        machine.registry.set(odd_values.KEY, each.name, each.value)
    made = endpoint.folder / "odd.txt"
    made.write_text(text, encoding="utf-8", newline="")
    endpoint.load(made)
    arguments = {"registry": ASKS}
    real = modules.real(endpoint, READER, arguments)
    lab = modules.lab(machine, READER, arguments)
    return real["document"]["registry"], lab["document"]["registry"]


def test_there_are_more_than_a_hundred_values(answers: Any) -> None:
    assert len(list(odd_values.values())) == 130
    assert len(answers[1][odd_values.KEY]["values"]) == 130


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask["path"])
def test_each_ask_is_answered_as_in_the_lab(answers: Any, ask: dict[str, Any]) -> None:
    real, lab = (each[ask["path"]] for each in answers)
    assert real.get("values", {}) == lab.get("values", {})
    assert real == lab
