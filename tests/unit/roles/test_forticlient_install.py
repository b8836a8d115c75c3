"""What the role forticlient_install judges by: known vulnerabilities, version ranges, places in the state document."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import downloads
from plugins.plugin_utils.controls.compare import ExpectedError
from plugins.plugin_utils.controls.kinds import comparison
from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.state import State
from plugins.test.variables import includes_version, is_dotted_version
from tests.samples.documents import windows

ROOT = Path(__file__).resolve().parents[3]
TABLE = yaml.safe_load((ROOT / "roles/forticlient_install/vars/main.yml").read_text())[
    "__forticlient_install_vulnerabilities"
]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("7.0.7.0345", {"CVE-2024-47574", "CVE-2025-57716"}),
        ("7.4.0.1658", {item["name"] for item in TABLE if item["system"] == "Windows"}),
        ("7.4.3.8758", {"CVE-2025-46373", "CVE-2025-47761", "CVE-2025-57716", "CVE-2026-70465"}),
        ("7.2.12.1269", {"CVE-2026-44278"}),
        ("7.4.4", set()),
        ("6.4.10", {"CVE-2024-47574"}),
        ("6.2.0.0780", set()),
    ],
)
def test_the_table_reports_what_the_vendor_s_records_name(version: str, expected: set[str]) -> None:
    assert named("Windows", version) == expected


@pytest.mark.parametrize(
    ("version", "affected"),
    [("7.4.3.4323", True), ("7.4.4", False), ("7.2.11", True), ("7.2.12", False), ("7.0.7.0245", True)],
)
def test_a_mac_is_reported_the_record_that_names_macs_and_no_other(version: str, affected: bool) -> None:
    assert named("Darwin", version) == ({"CVE-2025-57741"} if affected else set())


def named(system: str, version: str) -> set[str]:
    return {item["name"] for item in TABLE if item["system"] == system and includes_version(item["affected"], version)}


@pytest.mark.parametrize(
    ("bounds", "inside"),
    [
        ({"at_least": "7.4.3", "below": "7.4.4"}, True),
        ({"below": "7.4.3.8758"}, False),
        ({"at_most": "7.4.3.8758"}, True),
        ({"at_most": "7.4.3.8757"}, False),
        ({"at_least": "7.4.3.8758", "at_most": "7.4.3.8758"}, True),
        ({"at_least": "7.4.3.8759"}, False),
    ],
)
def test_a_version_lies_in_a_range_or_outside(bounds: dict[str, str], inside: bool) -> None:
    actual = Located(True, "7.4.3.8758")
    assert (comparison("version_between", bounds).verdict(actual) is None) is inside
    assert (comparison("version_outside", [{"below": "1"}, bounds]).verdict(actual) is None) is not inside


def test_a_version_inside_a_forbidden_range_is_reported_in_words() -> None:
    forbidden = [{"at_least": "7.0.2", "at_most": "7.0.2"}, {"at_least": "7.4.0", "below": "7.4.4"}]
    verdict = comparison("version_outside", forbidden).verdict(Located(True, "7.4.3.8758"))
    assert verdict == 'is "7.4.3.8758", should be none of: 7.0.2; 7.4.0 or newer and older than 7.4.4'


@pytest.mark.parametrize("expected", [[], {}, [{}], [{"above": "7"}], [{"below": "seven"}]])
def test_ranges_that_are_none_are_refused(expected: Any) -> None:
    with pytest.raises(ExpectedError):
        comparison("version_outside", expected)


@pytest.mark.parametrize(("value", "is_one"), [("7.4.3", True), ("7", True), ("", False), ("v7", False), (7, False)])
def test_a_dotted_version(value: Any, is_one: bool) -> None:
    assert is_dotted_version(value) is is_one


def state(**nodes: Any) -> State:
    return State({**windows(), **nodes}, {})


def test_files_report_whether_they_exist_and_their_version() -> None:
    files = {
        r"C:\a.exe": {"exists": True, "type": "file", "size": 5, "version": "7.4.3.1790"},
        r"C:\b": {"exists": False},
    }
    found = state(files=files)
    assert found.locate({"file": r"C:\a.exe", "attribute": "version"}).value == "7.4.3.1790"
    assert not found.locate({"file": r"C:\b", "attribute": "exists"}).found
    with pytest.raises(Unreadable):
        found.locate({"file": r"C:\never asked for", "attribute": "exists"})


def test_a_store_package_has_the_oldest_version_of_all_users() -> None:
    names = ["M.App_1.0.1041.0_x64__sq9g", "M.App_1.0.900.0_x64__sq9g"]
    nodes = {"M.App_sq9g": {"exists": True, "packages": names}, "M.No_sq9g": {"exists": False, "packages": []}}
    found = state(appx=nodes)
    assert found.locate({"appx": "M.App_sq9g"}).value == "1.0.900.0"
    assert not found.locate({"appx": "M.No_sq9g"}).found
    with pytest.raises(Unreadable):
        found.locate({"appx": "M.Other_sq9g"})


def test_a_pending_reboot_is_found_by_its_kind() -> None:
    pending = {
        "component_based_servicing": True,
        "windows_update": False,
        "file_rename": False,
        "computer_rename": False,
    }
    found = state(reboot_pending=pending)
    assert found.locate({"reboot_pending": "component_based_servicing"}).found
    assert not found.locate({"reboot_pending": "windows_update"}).found
    with pytest.raises(Unreadable):
        state(reboot_pending={"error": "no access"}).locate({"reboot_pending": "windows_update"})


@pytest.mark.parametrize("group", ["windows", "macs"])
def test_the_lab_s_installer_is_the_one_that_its_inventory_names(tmp_path: Path, group: str) -> None:
    downloads.write(tmp_path)
    inventory = yaml.safe_load((ROOT / "inventory/lab/groups.yml").read_text())["all"]["children"][group]["vars"]
    content = (tmp_path / Path(inventory["forticlient_install_source"]).name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == inventory["forticlient_install_sha256"]
