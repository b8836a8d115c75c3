"""docs/controls.md: who does what its example says gets a control that works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from plugins.plugin_utils.plan.plan import plan
from tests.samples.documents import BEFORE, MISSING, dword, key, windows

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/controls.md").read_text(encoding="utf-8")
# A comparison that no role uses.
NOT_TAUGHT = {"flag"}
RDP_TCP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"


@pytest.fixture
def role(tmp_path):
    """Return the variables of a copy of rdp_enable in which the page was followed."""
    read, control = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    text = (ROOT / "roles/rdp_enable/vars/Windows.yml").read_text(encoding="utf-8")
    path = read.splitlines()[0]
    assert text.count(path) == 1, "the path that the page changes is in the file once"
    old = re.search(re.escape(path) + r"\n.*\n", text)[0]
    copy = tmp_path / "Windows.yml"
    copy.write_text(text.replace(old, read) + "\n" + control, encoding="utf-8")
    return yaml.safe_load(copy.read_text(encoding="utf-8"))


def planned(role, value):
    document = windows()
    document["registry"] = {RDP_TCP: key({"UserAuthentication": dword(1), **value}), BEFORE: MISSING}
    return plan(role["__rdp_enable_controls"][-1:], document, "rdp_enable", reads=role["__rdp_enable_reads"])


def test_the_example_is_ten_lines_and_fits_the_schema(role):
    control = role["__rdp_enable_controls"][-1]
    assert control["id"] == "rdp_enable.tls"
    assert len(PAGE.partition("  - id: ")[2].partition("```")[0].splitlines()) == 10
    jsonschema.validate(control, json.loads((ROOT / "schemas/control.schema.json").read_text(encoding="utf-8")))


def test_a_drifted_value_is_written_as_the_example_says(role):
    (item,) = planned(role, {"SecurityLayer": dword(1)}).writes.registry
    assert (item["path"], item["name"], item["data"], item["type"]) == (
        r"HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp",
        "SecurityLayer",
        2,
        "dword",
    )


def test_the_right_value_is_compliant_and_what_is_missing_is_drift(role):
    assert [item["status"] for item in planned(role, {"SecurityLayer": dword(2)}).records] == ["compliant"]
    assert [item["status"] for item in planned(role, {}).records] == ["drifted"]


def test_without_the_line_in_reads_it_is_an_error(role):
    for entry in role["__rdp_enable_reads"]["registry"]:
        entry["values"] = [name for name in entry.get("values", ["*"]) if name != "SecurityLayer"]
    assert [item["status"] for item in planned(role, {}).records] == ["error"]


def test_every_key_and_comparison_of_the_schema_is_on_the_page():
    schema = json.loads((ROOT / "schemas/control.schema.json").read_text(encoding="utf-8"))
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", prose))))
    assert {*schema["properties"], *schema["properties"]["compare"]["enum"]} - words - NOT_TAUGHT == set()
