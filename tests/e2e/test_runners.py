"""The way that the workflows go on a runner, gone on machines of the lab, with the same values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.runners import __main__ as runners

pytestmark = pytest.mark.depth
FLEET = (4, 1)


def inventory(fleet, name: str) -> Path:
    """Return an inventory of one machine, as tests/runners has it."""
    (found,) = (fleet.directory / "lab/inventory").glob("*.yml")
    groups = yaml.safe_load(found.read_text(encoding="utf-8"))["all"]["children"]
    group = "macs" if name.startswith("mac") else "windows"
    own = {group: {**groups[group], "hosts": {name: groups[group]["hosts"][name]}}}
    own |= {purpose: {"hosts": {name: None}} for purpose in ("laptops", "office_pcs")}
    folder = fleet.directory / name
    folder.mkdir()
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": own}}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["win-04", "mac-01"])
def test_the_whole_way_on_one_machine(fleet, name, capfd):
    code = runners.main([str(inventory(fleet, name)), str(fleet.directory / f"records-{name}")])
    said = capfd.readouterr().out
    assert code == 0, said
