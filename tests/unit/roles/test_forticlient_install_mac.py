"""What the role forticlient_install finds on a Mac, and what it would do about it."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.plan.plan import Plan
from tests.samples.documents import APP, BEFORE_PLIST, mac
from tests.samples.mac_roles import planned, variables_of
from tests.samples.roles import found, reason

COPIES = "/private/var/root/OffsiteEndpoints"
EPCTRL = "/Library/Application Support/Fortinet/FortiClient/bin/epctrl"
EXTENSION = "com.fortinet.forticlient.macos.vpn.nwextension"
SUPPLIED = {
    "forticlient_install_source": "/srv/FortiClientVPNSetup_7.4.3.4323_macosx.dmg",
    "forticlient_install_sha256": "0" * 64,
    "forticlient_install_version": "7.4.3.4323",
    # All, since few of these tests are about them.
    "forticlient_install_accepted_vulnerabilities": [
        {"cve": item["name"], "reason": "a test"}
        for item in variables_of("forticlient_install", "vars/tables.yml")[
            "__forticlient_install_shipped_vulnerabilities"
        ]["entries"]
    ],
}
ENABLED = "activated enabled"


def a_mac(
    version: str | None = "7.4.3.4323",
    *,
    macos: str = "15.7.1",
    extension: str | None = ENABLED,
    full: bool = False,
    tunnel: bool = False,
) -> dict[str, Any]:
    document = mac()
    document["system"]["product_version"] = macos
    data = {} if version is None else {"CFBundleShortVersionString": version}
    document["plists"] = {
        APP: {"exists": False} if version is None else {"exists": True, "format": "xml", "data": data},
        BEFORE_PLIST: {"exists": False},
    }
    node = {"exists": True, "type": "file", "owner": "root", "group": "wheel", "mode": "0755"}
    document["files"] = {EPCTRL: node if full else {"exists": False}, COPIES: {"exists": False}}
    state = {"team": "AH4XFXJ7DK", "version": "7.4.3/4323", "state": extension}
    document["tools"] = {"system_extensions": {} if extension is None else {EXTENSION: state}}
    document["tunnel"]["active"] = tunnel
    return document


def look(document: dict[str, Any], **overrides: Any) -> Plan:
    return planned("forticlient_install", document, **{**SUPPLIED, **overrides})


def test_a_client_that_is_good_needs_nothing_and_full_disk_access_is_not_pretended():
    result = look(a_mac())
    assert found(result) == {
        ("supported_macos", None): "compliant",
        ("edition", None): "compliant",
        ("installed", None): "compliant",
        ("minimum_version", None): "compliant",
        ("copied_installer", None): "compliant",
        ("system_extension", None): "compliant",
        ("full_disk_access", None): "not_applicable",
    }
    assert "com.apple.TCC.configuration-profile-policy" in reason(result, "forticlient_install.full_disk_access")
    assert not result.as_dict()["has_writes"]


def test_a_missing_client_is_installed_and_remembered_as_ours():
    result = look(a_mac(None, extension=None))
    assert found(result)[("installed", None)] == "drifted"
    assert [item["control"] for item in result.role_work] == ["forticlient_install.installed"]
    assert "forticlient_install.installed" in (result.keep or "")
    assert found(result)[("system_extension", None)] == "not_applicable"


def test_what_a_cut_off_installation_left_is_taken_away_and_nothing_else_is_done():
    document = a_mac()
    document["files"][COPIES] = {"exists": True, "type": "directory", "owner": "root", "group": "wheel", "mode": "0700"}
    result = look(document)
    assert found(result)["copied_installer", None] == "drifted"
    assert [item["control"] for item in result.role_work] == ["forticlient_install.copied_installer"]
    assert result.keep is None


def test_without_an_installer_it_is_only_reported():
    result = look(a_mac(None), forticlient_install_source="", forticlient_install_version="")
    assert found(result)[("installed", None)] == "drifted"
    assert not result.as_dict()["has_writes"]


def test_an_upgrade_is_done_and_not_taken_back():
    result = look(a_mac("7.0.7.0245"), forticlient_install_minimum_version="7.4.3.4323")
    assert [item["control"] for item in result.role_work] == ["forticlient_install.minimum_version"]
    assert result.keep is None


@pytest.mark.parametrize(("desired", "least"), [("", "6.4.3"), ("6.0", "6.4.3"), ("7.0.7.245", "7.0.7.245")])
def test_no_minimum_goes_below_the_oldest_client_that_works(desired: str, least: str):
    result = look(a_mac("6.4.2.1111"), forticlient_install_minimum_version=desired)
    (record,) = [item for item in result.records if item["control"] == "forticlient_install.minimum_version"]
    assert (record["status"], record["expected"]) == ("drifted", least)


@pytest.mark.parametrize(
    ("macos", "status"), [("10.16", "drifted"), ("10.15.7", "drifted"), ("11.0", "compliant"), ("26.1", "compliant")]
)
def test_macos_11_and_newer_are_supported(macos: str, status: str):
    assert found(look(a_mac(macos=macos)))[("supported_macos", None)] == status


def test_the_full_client_stops_everything():
    result = look(a_mac("7.0.0", full=True))
    assert found(result)[("edition", None)] == "drifted"
    assert found(result)[("minimum_version", None)] == "not_applicable"
    assert not result.as_dict()["has_writes"]


def test_a_tunnel_postpones():
    result = look(a_mac(None, tunnel=True))
    assert not result.role_work
    assert "postponed: a VPN tunnel is up" in reason(result, "forticlient_install.installed")


@pytest.mark.parametrize("state", ["activated waiting for user", "terminated waiting to uninstall on reboot", None])
def test_an_extension_that_does_not_run_is_reported_with_what_to_do(state: str | None):
    result = look(a_mac(extension=state))
    (record,) = [item for item in result.records if item["control"] == "forticlient_install.system_extension"]
    assert record["status"] == "drifted"
    assert "playbooks/mdm_profile.yml" in record["next"]
    assert not result.as_dict()["has_writes"]


def test_only_what_the_vendor_s_records_name_for_macs_is_reported():
    result = look(a_mac(), forticlient_install_accepted_vulnerabilities=[])
    reported = {
        instance
        for (control, instance), status in found(result).items()
        if control == "vulnerable_version" and status == "drifted"
    }
    assert reported == {"CVE-2025-31365", "CVE-2025-46774", "CVE-2025-57741", "CVE-2026-121529"}


def test_the_store_client_is_nothing_for_a_mac():
    result = look(a_mac(), forticlient_install_client="store")
    assert found(result) == {("supported_macos", None): "not_applicable"}
    assert reason(result, "forticlient_install.supported_macos") == (
        "the Store client (forticlient_install_client) is for Windows only"
    )


@pytest.mark.parametrize(
    ("macos", "status"), [("26.1", "compliant"), ("27.0", "compliant"), ("28", "compliant"), ("10.15.7", "drifted")]
)
def test_every_macos_from_11_on_is_supported(macos: str, status: str):
    assert found(look(a_mac(macos=macos)))["supported_macos", None] == status
