"""What breaks a prepared Windows machine is found, repaired, and nothing else touched; all controls at once.

tests/unit/test_breakages_table.py sees to it that every control of every role has its breakages.
"""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

import pytest
import yaml

from tests.e2e.breakages import BREAKAGES, OUTCOMES_OF_ROUNDS, VARIABLES
from tests.e2e.conftest import LabFleet

pytestmark = pytest.mark.depth
FLEET = (2, 0)
# The first is Japanese (11 24H2), the second English (10 22H2); both are Pro and have the client.
HOSTS = ["win-01", "win-02"]
DESIRED = ("-e", json.dumps(VARIABLES))
ROUNDS = list(zip_longest(*(entry["breakages"] for entry in BREAKAGES)))


@pytest.fixture(scope="module")
def prepared(fleet: LabFleet) -> LabFleet:
    run = fleet.play("site.yml", *DESIRED)
    assert run.code == 0, run.output
    return fleet


def hosts_of(entry: dict[str, Any]) -> list[str]:
    """Return the machines on which the control can be broken: one by name, or both (both are Pro)."""
    return [entry["hosts"]] if entry.get("hosts") in HOSTS else HOSTS


_OF_A_REPAIR = ("OffsiteEndpoints", "dated")


def state_of(fleet: LabFleet, host: str) -> Any:
    """Return a machine's state without what a repair rightly leaves: our notes, WinINet's counter, times of files."""

    def without(node: Any) -> Any:
        if isinstance(node, list):
            return [without(item) for item in node]
        if not isinstance(node, dict):
            return node
        kept = {name: without(item) for name, item in node.items() if name not in _OF_A_REPAIR}
        if "Connections" in kept:
            values = kept["Connections"].get("values", {})
            # A value of WinINet: version, then the counter, four bytes each (docs/sources/windows.md#proxy-blob).
            kept["Connections"] = {name: [kind, data[:8] + data[16:]] for name, (kind, data) in values.items()}
        return kept

    return without(json.loads((fleet.directory / f"lab/machines/{host}.json").read_text(encoding="utf-8")))


def break_them(fleet: LabFleet, number: int, entries: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Do all breakages of a round by one playbook."""
    plays = [
        {
            "name": f"Break {host}",
            "hosts": host,
            "tasks": [
                {"name": entry["control"], call["module"]: call["args"]}
                for entry, call in entries
                if host in hosts_of(entry)
            ],
        }
        for host in HOSTS
    ]
    path = fleet.directory / f"round-{number}.yml"
    path.write_text(yaml.safe_dump(plays), encoding="utf-8")
    fleet.command("ansible-playbook", *fleet.inventory, str(path), check=True)


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_a_round_of_breakages_is_found_and_repaired(prepared, number):
    before = {host: state_of(prepared, host) for host in HOSTS}
    entries = [(entry, call) for entry, call in zip(BREAKAGES, ROUNDS[number], strict=True) if call is not None]
    break_them(prepared, number, entries)

    audit = prepared.play("audit.yml", *DESIRED)
    for host in HOSTS:
        mine = [entry for entry, _ in entries if host in hosts_of(entry)]
        expected = {name for entry in mine for name in (entry["control"], *entry.get("also", []))}
        expected |= OUTCOMES_OF_ROUNDS[number][host] if number < len(OUTCOMES_OF_ROUNDS) else set()
        assert {control for endpoint, control, _ in audit.of_status("drifted") if endpoint == host} == expected
    assert audit.of_status("error", "unreachable") == set()

    repair = prepared.play("site.yml", *DESIRED)
    assert repair.of_status("fixed") == audit.of_status("drifted")
    assert repair.code == 0, repair.output
    assert {host: state_of(prepared, host) for host in HOSTS} == before
