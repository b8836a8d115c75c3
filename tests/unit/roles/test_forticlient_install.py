"""What the role forticlient_install judges by: known vulnerabilities, version ranges, places in the state document."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from lab import downloads
from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.controls.compare import ExpectedError
from plugins.plugin_utils.controls.kinds import comparison
from plugins.plugin_utils.controls.validate import refused_of_role
from plugins.plugin_utils.state.nodes import Located, Unreadable
from plugins.plugin_utils.state.state import State
from plugins.test.variables import includes_version, is_dotted_version
from tests.samples.documents import windows
from tests.samples.roles import planned

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = yaml.safe_load((ROOT / "roles/forticlient_install/vars/tables.yml").read_text())[
    "__forticlient_install_shipped_vulnerabilities"
]
TABLE = SHIPPED["entries"]
INVENTORY = yaml.safe_load((ROOT / "inventory/example/service.yml").read_text())["all"]["vars"]


# What names 7.4.3 as affected, or no version of its line as fixed before 7.4.4: every free build.
FREE = {
    *("CVE-2025-46373", "CVE-2025-47761", "CVE-2025-54660", "CVE-2025-57716", "CVE-2025-62676", "CVE-2026-70465"),
    "CVE-2026-121529",
}
FREE_MAC = {"CVE-2025-31365", "CVE-2025-46774", "CVE-2025-57741", "CVE-2026-121529"}
OLD_MAC = {"CVE-2025-46774", "CVE-2025-57741"}
NEEDS = ["ipsec", "saml", "ztna", "saved_password", "online_installer", "installer", "open_port"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (
            "7.0.7.0345",
            {
                *("CVE-2022-45856", "CVE-2024-31489", "CVE-2024-36507", "CVE-2024-36513", "CVE-2024-40586"),
                *("CVE-2024-47574", "CVE-2024-50564", "CVE-2024-50570", "CVE-2025-54660", "CVE-2025-57716"),
                "CVE-2025-62676",
            },
        ),
        (
            "7.4.0.1658",
            {
                *("CVE-2024-36507", "CVE-2024-40586", "CVE-2024-47574", "CVE-2024-50564", "CVE-2024-50570"),
                *("CVE-2025-46373", "CVE-2025-47761", "CVE-2025-54660", "CVE-2025-57716", "CVE-2025-62676"),
                *("CVE-2026-44278", "CVE-2026-70465", "CVE-2026-121529"),
            },
        ),
        ("7.4.3.8758", FREE),
        ("7.2.12.1269", {"CVE-2025-62676", "CVE-2026-44278"}),
        ("7.4.4", {"CVE-2025-62676", "CVE-2026-121529"}),
        ("7.4.7.1979", {"CVE-2026-121529"}),
        ("7.4.8", set()),
        ("7.0.14.0001", {"CVE-2025-24473", "CVE-2024-50564", "CVE-2025-54660", "CVE-2025-57716", "CVE-2025-62676"}),
        ("6.4.10", {"CVE-2022-45856", "CVE-2024-36513", "CVE-2024-47574", "CVE-2024-50564"}),
        ("6.2.0.0780", set()),
    ],
)
def test_the_table_reports_what_the_vendor_s_records_name(version: str, expected: set[str]) -> None:
    assert named("Windows", version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("7.4.3.4323", FREE_MAC),
        ("7.4.4", {"CVE-2026-121529"}),
        ("7.2.11", {"CVE-2025-57741"}),
        ("7.2.12", set()),
        (
            "7.0.7.0245",
            {
                *("CVE-2022-45856", "CVE-2023-45588", "CVE-2024-31489", "CVE-2024-31492", "CVE-2024-40592"),
                *("CVE-2024-50570", "CVE-2025-25251", "CVE-2025-46774", "CVE-2025-57741"),
            },
        ),
        ("7.0.12", {"CVE-2022-45856", "CVE-2024-50570", "CVE-2024-52968", "CVE-2025-25251"} | OLD_MAC),
    ],
)
def test_a_mac_is_reported_the_records_that_name_macs_and_no_other(version: str, expected: set[str]) -> None:
    assert named("Darwin", version) == expected


def test_the_inventory_s_list_of_what_no_free_build_repairs_is_what_hits_the_newest_free_build() -> None:
    both = {item["cve"] for item in INVENTORY["known_unfixed_vulnerabilities"]}
    assert both == FREE
    assert both & FREE_MAC | {item["cve"] for item in INVENTORY["known_unfixed_vulnerabilities_of_macs"]} == FREE_MAC


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_no_entry_of_the_table_is_there_twice_and_each_is_whole(system: str) -> None:
    names = [item["name"] for item in TABLE if item["system"] == system]
    assert len(names) == len({*names})
    for item in TABLE:
        assert list(item) == ["name", "system", "severity", "what", "needs", "affected"]
        assert item["severity"] in ("low", "medium", "high")
        assert {*item["needs"]} <= {*NEEDS}
        assert all(includes_version([bounds], bounds["at_least"]) for bounds in item["affected"])


def looked_at(document: Any = None, **variables: Any) -> dict[str | None, dict[str, Any]]:
    """Return the records on vulnerabilities of a Windows machine with 7.4.3.8758, by CVE."""
    machine = build_windows("pc", Variant("11-24H2", "Pro", "ja-JP", "managed"), 1)
    result = planned("forticlient_install", machine, **variables)
    return {item["instance"]: item for item in result.records if item["control"].endswith("vulnerable_version")}


def test_each_has_its_own_severity_and_the_day_of_the_table() -> None:
    records = looked_at()
    assert {name for name, item in records.items() if item["status"] == "drifted"} == FREE
    assert len(records) == 17
    assert records["CVE-2026-121529"]["severity"] == "high"
    assert records["CVE-2025-62676"]["severity"] == "medium"
    assert records["CVE-2026-44278"]["severity"] == "low"
    assert {item["data_of"] for item in records.values()} == {"2026-11-28"}


def test_what_needs_something_that_is_not_in_use_is_low_and_says_why() -> None:
    record = looked_at(forticlient_install_unused_features=["ipsec"])["CVE-2025-46373"]
    assert (record["severity"], record["status"]) == ("low", "drifted")
    assert "(needs ipsec: not in use)" in record["title"]
    assert looked_at(forticlient_install_unused_features=["saml"])["CVE-2025-46373"]["severity"] == "high"


@pytest.mark.parametrize(("date", "counts"), [("2026-11-29", True), ("2026-11-28", False), ("2025-12-31", False)])
def test_the_inventory_s_own_table_counts_where_it_is_newer(date: str, counts: bool) -> None:
    entry = {**TABLE[0], "name": "CVE-2027-10001"}
    records = looked_at(forticlient_install_vulnerabilities={"date": date, "entries": [entry]})
    assert ("CVE-2027-10001" in records) is counts
    assert {item["data_of"] for item in records.values()} == {date if counts else "2026-11-28"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"date": "28.11.2026"}, "28.11.2026"),
        ({"date": "2026-13-01"}, "2026-13-01"),
        ({"entries": [{**TABLE[0], "severity": "urgent"}]}, "low, medium or high"),
        ({"entries": [{**TABLE[0], "system": "Linux"}]}, "Windows or Darwin"),
        ({"entries": [{key: TABLE[0][key] for key in TABLE[0] if key != "needs"}]}, "needs"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_cure(change: dict[str, Any], words: str | None) -> None:
    given = {"forticlient_install_vulnerabilities": {"date": "2026-12-01", "entries": TABLE, **change}}
    refused = refused_of_role("forticlient_install", given, DataLoader())
    if words is None:
        assert refused == []
    else:
        (sentence,) = refused
        assert words in sentence
        assert "playbooks/vulnerabilities.yml" in sentence


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


UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


def records_of(machine: Machine, **variables: Any) -> dict[str, dict[str, Any]]:
    """Return the records by control, without the role's name and the vulnerabilities."""
    result = planned("forticlient_install", machine, **variables)
    names = {item["control"].partition(".")[2]: item for item in result.records}
    return names | {"writes": result.as_dict()["has_writes"]}


def a_machine(release: str = "11-24H2", **values: Value) -> Machine:
    """Return a machine with 7.4.3.8758 and these values of Windows' own key."""
    machine = build_windows("pc", Variant(release, "Pro", "ja-JP", "managed"), 1)
    machine.registry.update(CURRENT_VERSION, values)
    return machine


@pytest.mark.parametrize("name", ["FortiClient", "FortiClient Standalone", "FortiClientStandalone"])
@pytest.mark.parametrize("view", ["", r"\WOW6432Node"])
def test_any_other_edition_is_reported_by_its_name(name: str, view: str) -> None:
    machine = a_machine()
    entry = UNINSTALL.replace("SOFTWARE", f"SOFTWARE{view}") + r"\{86A227AF-0000-4000-8000-000000000009}"
    machine.registry.update(
        entry, {"DisplayName": Value("REG_SZ", name), "DisplayVersion": Value("REG_SZ", "7.4.7.1979")}
    )
    found = records_of(machine)
    assert found["edition"]["status"] == "drifted"
    assert found["edition"]["actual"] == f"{name} 7.4.7.1979"
    # Until somebody has looked at it nothing is said, or done, of the free client.
    assert found["installed"]["status"] == "not_applicable"


def test_a_product_of_another_name_is_no_edition() -> None:
    machine = a_machine()
    entry = UNINSTALL + r"\{86A227AF-0000-4000-8000-000000000009}"
    machine.registry.update(
        entry, {"DisplayName": Value("REG_SZ", "FortiClient Tools"), "DisplayVersion": Value("REG_SZ", "1")}
    )
    assert records_of(machine)["edition"]["status"] == "compliant"


@pytest.mark.parametrize("build", [19045, 22621, 22631, 26100, 26200, 26300, 28000])
def test_the_releases_of_windows_that_are_supported(build: int) -> None:
    assert records_of(a_machine(CurrentBuild=Value("REG_SZ", str(build))))["supported_windows"]["status"] == "compliant"


SUPPLIED = {
    "forticlient_install_source": "/srv/FortiClientVPN_7.4.3.8758_x64.msi",
    "forticlient_install_sha256": "0" * 64,
    "forticlient_install_version": "7.4.3.8758",
}


@pytest.mark.parametrize("build", [17763, 22000, 27900, 29600])
def test_on_a_build_that_nobody_has_tried_the_client_is_measured_and_not_changed(build: int) -> None:
    machine = a_machine(CurrentBuild=Value("REG_SZ", str(build)))
    found = records_of(machine, **SUPPLIED)
    assert found["supported_windows"]["status"] == "drifted"
    assert str(build) in found["supported_windows"]["reason"]
    assert "All else is measured on it" in found["supported_windows"]["next"]
    assert found["installed"]["status"] == "compliant"
    machine.registry.delete_key(UNINSTALL)
    missing = records_of(machine, **SUPPLIED)
    assert missing["installed"]["status"] == "drifted"
    assert "so nothing is installed on it" in missing["installed"]["reason"]
    assert missing["writes"] is False
    tried = records_of(machine, **SUPPLIED, forticlient_install_supported_builds=[build])
    assert tried["installed"]["status"] == "drifted"
    assert tried["writes"] is True


@pytest.mark.parametrize(
    ("ubr", "status"),
    [(2965, "drifted"), (6456, "drifted"), (6466, "drifted"), (6467, "compliant"), (6575, "compliant")],
)
def test_windows_10_without_extended_updates_is_reported(ubr: int, status: str) -> None:
    found = records_of(a_machine("10-22H2", UBR=Value("REG_DWORD", ubr)))["windows_10_updates"]
    assert found["status"] == status
    if status == "drifted":
        assert found["severity"] == "high"
        assert f"19045.{ubr}" in found["reason"]
        assert "Extended Security Updates" in found["next"]


def test_of_windows_11_nothing_is_said_of_extended_updates() -> None:
    found = records_of(a_machine(UBR=Value("REG_DWORD", 1)))["windows_10_updates"]
    assert found["status"] == "not_applicable"
