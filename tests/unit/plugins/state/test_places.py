"""A kind of place is one class: who writes it has all of it, from the form of its locator to putting back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from plugins.plugin_utils.controls.controls import ControlError, expand
from plugins.plugin_utils.plan.memory import parse_memory
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.plan.writes import Writes
from plugins.plugin_utils.state.nodes import Located, attribute
from plugins.plugin_utils.state.place import PLACES, Keys, Place
from plugins.plugin_utils.state.places import locator_problem
from tests.samples.documents import windows

SCHEMA = Path(__file__).resolve().parents[4] / "schemas/control.schema.json"
CONTROL: dict[str, Any] = {
    **{"id": "printing.queue", "title": "The printer has its name", "why": "service.md#gateway", "severity": "low"},
    **{"where": {"printer": "P1", "field": "share"}, "expected": "office", "compare": "exact"},
}


@pytest.fixture
def printers() -> Iterator[None]:
    """A kind of place that there was not; its class is all that is added."""

    class Printer(Place):
        kind = "printer"
        needs: ClassVar[Keys] = {"field": ("exists", "share")}
        parameters: ClassVar[dict[str, str]] = {"share": "ShareName"}
        written_by, one_item = "printers", True

        def locate(self, state: Any) -> Located:
            return attribute(state.node("printers", self.name), f"printer {self.name}", self.field)

        def write(self, item: dict[str, Any], value: Any, _type: Any, _state: Any, *, made: int) -> None:
            item |= {"name": self.name, self.parameters[self.field]: value}

    yield
    del PLACES["printer"]


def planned(share: str, **options: Any) -> Plan:
    document = {**windows(), "printers": {"P1": {"exists": True, "share": share}}}
    return plan([CONTROL], document, "printing", reads={}, **options)


@pytest.mark.usefixtures("printers")
def test_a_new_kind_has_a_locator() -> None:
    assert expand([CONTROL])[0].where == {"printer": "P1", "field": "share"}
    assert locator_problem({"printer": "P1"}) == "field is missing beside printer"
    assert locator_problem({"printer": "P1", "field": "paper"}) == "field is 'paper'; allowed: exists, share"
    assert str(locator_problem({})).endswith("memory, printer is in it")


@pytest.mark.usefixtures("printers")
def test_a_new_kind_is_compared_written_remembered_and_put_back() -> None:
    assert [item["status"] for item in planned("office").records] == ["compliant"]
    drifted = planned("hall")
    assert drifted.records[0]["reason"] == 'is "hall", should be "office"'
    assert drifted.records[0]["evidence"] == "printer P1, share"
    (item,) = drifted.writes.as_dict()["printers"]
    assert (item["name"], item["ShareName"], item["records"]) == ("P1", "office", [["printing.queue", None, "machine"]])
    (entry,) = parse_memory(drifted.keep)
    assert (entry.where, entry.value, entry.absent) == ({"printer": "P1", "field": "share"}, "hall", False)
    back = planned("office", state="absent", memory=drifted.keep)
    assert back.records[0]["reason"] == 'is "office", was "hall" before this role'
    assert [item["ShareName"] for item in back.writes.as_dict()["printers"]] == ["hall"]


def test_without_its_class_it_is_no_place() -> None:
    with pytest.raises(ControlError, match="none of firewall_rule, "):
        expand([CONTROL])
    assert "printers" not in Writes().as_dict()


def of_schema() -> dict[str, list[dict[str, Any]]]:
    """Return by kind what may stand in its locators, name by name: the values, [] for any."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    found: dict[str, list[dict[str, Any]]] = {}
    for form in schema["where"]["oneOf"]:
        (kind,) = [name for name in form["required"] if name in PLACES]
        names = {**form["properties"], **(schema["value"]["properties"] if form.get("$ref") else {})}
        values = {name: rule.get("enum", [rule["const"]] if "const" in rule else []) for name, rule in names.items()}
        found.setdefault(kind, []).append(values)
    return found


def test_schema_and_classes_have_the_same_kinds() -> None:
    assert {*of_schema()} == {*PLACES}


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_schema_and_class_let_the_same_stand_beside_a_kind(kind: str) -> None:
    beside: dict[str, list[str]] = {}
    for form in of_schema()[kind]:
        beside |= {name: values for name, values in form.items() if name != kind}
    allowed = {**PLACES[kind].needs, **PLACES[kind].may}
    # Whose it is is filled in, and no control may say it.
    allowed.pop("user", None)
    assert beside == {name: [*values] for name, values in allowed.items()}
