"""The role handover: what its controls say of machines, and what the controller finds, as records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.handover.records import certificate_record, pac_record, with_records
from plugins.plugin_utils.records.records import check_record, record, stamp
from tests.samples import mac_roles
from tests.samples import roles as role_data
from tests.samples.documents import mac

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TUNNEL = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
UPDATE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update"
VPN_PLIST = "/Library/Application Support/Fortinet/FortiClient/conf/vpn.plist"
DESIRED = {"vpn_profile_connections": [{"name": "IMR", "gateway": "fg.example.org"}]}
ITEM = {"name": "fg.example.org", "port": 443}
OWN = {
    "names": ["fg.example.org"],
    "issuer": "CA",
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-06-01T00:00:00Z",
}
LOOK = {"error": "", "address": "a:1", "verified": True, "verify_code": 0, "verify_words": "", "certificate": OWN}
URL = "http://proxy.example.org/proxy.pac"
ROUTES = [{"url": "http://a.example/", "expected": "DIRECT"}, {"url": "http://b.example/", "expected": "PROXY p:8080"}]


def laptop(server: str | None) -> Machine:
    machine = build_windows("nb-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)
    if server is not None:
        machine.registry.set(TUNNEL, "Server", Value("REG_SZ", server))
    return machine


def is_a_record(item) -> bool:
    stamped = stamp([item], run="r", endpoint="e", at="2026-11-23T00:00:00Z", versions={})
    return check_record(stamped[0]) is None


@pytest.mark.parametrize(
    ("server", "status", "reason"),
    [
        ("fg.example.org:443", "compliant", ""),
        ("FG.example.org:10443", "compliant", ""),
        ("192.0.2.7:443", "drifted", "is the address 192.0.2.7, should be the name fg.example.org"),
        ("old.example.org:443", "drifted", 'is "old.example.org:443", should be "fg.example.org"'),
    ],
)
def test_windows_reports_a_connection_by_address(server, status, reason):
    result = role_data.planned("handover", laptop(server), **DESIRED)
    assert role_data.found(result)["profile_by_name", "IMR"] == status
    assert role_data.reason(result, "handover.profile_by_name", "IMR") == reason
    assert not result.as_dict()["has_writes"]


def restarts(machine: Machine) -> dict[str | None, str]:
    result = role_data.planned("handover", machine, **DESIRED)
    return {
        instance: status for (name, instance), status in role_data.found(result).items() if name == "pending_reboot"
    }


def test_windows_reports_each_kind_of_restart_and_no_file_to_be_renamed():
    machine = laptop("fg.example.org:443")
    machine.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", ["x", ""]))
    none = {"component_based_servicing": "compliant", "windows_update": "compliant", "computer_rename": "compliant"}
    assert restarts(machine) == none
    machine.registry.create(f"{UPDATE}\\RebootRequired")
    assert restarts(machine) == {**none, "windows_update": "drifted"}


@pytest.mark.parametrize(
    ("server", "status"), [("fg.example.org", "compliant"), ("192.0.2.7", "drifted"), (None, "drifted")]
)
def test_a_mac_reports_a_connection_by_address_and_nothing_of_restarts(server, status):
    file = {"exists": True, "data": {"Profiles": {"IMR": {"Server": server} if server else {}}}}
    program = {"/Applications/FortiClient.app/Contents/Info.plist": {"exists": True}}
    document = {**mac(), "plists": {**mac()["plists"], VPN_PLIST: file}, "files": program}
    result = mac_roles.planned("handover", document, **DESIRED)
    assert {item["control"]: item["status"] for item in result.records} == {"handover.profile_by_name": status}


def test_a_good_certificate():
    item = certificate_record({"item": ITEM, "look": LOOK}, 30, NOW)
    assert is_a_record(item)
    assert (item["status"], item["instance"], "next" in item) == ("compliant", "fg.example.org:443", False)
    assert item["expected"] == "for fg.example.org, valid for 30 days or more"
    assert item["actual"] == "for fg.example.org, valid until 2027-06-01"
    assert item["evidence"] == "TLS handshake of the controller with a:1"
    one = certificate_record({"item": ITEM, "look": LOOK}, 1, NOW)
    assert one["expected"] == "for fg.example.org, valid for 1 day or more"


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        ({"look": {**LOOK, "error": "nobody there"}}, "error", "nobody there"),
        (
            {"look": LOOK | {"certificate": {**OWN, "not_after": "2026-11-30T00:00:00Z"}}},
            "drifted",
            "the gateway's certificate ends on 2026-11-30 (full days left: 7, required: 30)",
        ),
        ({"failed": True, "msg": "boom"}, "error", "the check of the certificate did not finish: boom"),
        ({}, "error", "the check of the certificate did not finish: no message"),
        ({"look": None}, "error", "the check of the certificate did not finish: no message"),
    ],
)
def test_what_is_wrong_with_the_certificate_is_a_record(result, status, reason):
    item = certificate_record({"item": ITEM, **result}, 30, NOW)
    assert is_a_record(item)
    assert (item["status"], item["reason"]) == (status, reason)
    # What was looked at and is not right comes with what to do.
    assert ("next" in item) == bool(result.get("look"))


RIGHT = ["http://a.example/: DIRECT", "http://b.example/: PROXY p:8080"]


def test_a_proxy_script_that_is_right():
    item = pac_record(URL, ROUTES, {})
    assert is_a_record(item)
    assert (item["status"], item["expected"], item["actual"]) == ("compliant", RIGHT, RIGHT)
    assert item["evidence"] == "http://proxy.example.org/proxy.pac, run on the controller"


def test_a_wrong_route_is_drift_with_what_came_instead():
    answers = [{**route, "got": "DIRECT", "right": route["expected"] == "DIRECT"} for route in ROUTES]
    item = pac_record(URL, ROUTES, {"msg": "1 of 2 routes are wrong. ...", "routes": answers})
    assert is_a_record(item)
    assert (item["status"], item["reason"]) == ("drifted", "1 of 2 routes are wrong. ...")
    assert item["expected"] == RIGHT
    assert item["actual"] == ["http://a.example/: DIRECT", "http://b.example/: DIRECT"]
    cure = f"correct the file behind {URL}; if it is right, correct pac_check_routes instead"
    assert item["next"] == cure


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ({"msg": "Status code was -1"}, "Status code was -1"),
        ({"failed": True}, "no message"),
        ({"msg": "it is a page"}, "it is a page"),
    ],
)
def test_a_script_that_could_not_be_asked_is_an_error(failure, words):
    item = pac_record(URL, ROUTES, failure)
    assert is_a_record(item)
    assert (item["status"], item["expected"], item["actual"]) == ("error", RIGHT, {"not_read": True})
    assert item["reason"] == f"the PAC file was not evaluated: {words}"
    assert item["next"] == f"see that this controller reaches {URL} and that it is a PAC file; then run again"


@pytest.mark.parametrize(
    ("url", "routes", "missing"),
    [
        ("", ROUTES, "fortissl_proxy_pac_url is not set"),
        ("", [], "fortissl_proxy_pac_url is not set"),
        (URL, [], "pac_check_routes lists no route"),
    ],
)
def test_no_script_and_no_routes_are_not_applicable(url, routes, missing):
    item = pac_record(url, routes, {})
    assert is_a_record(item)
    assert (item["status"], item["reason"]) == ("not_applicable", f"{missing}, so there is nothing to compare")


def test_a_second_look_takes_the_first_one_s_place():
    own = record("handover.pending_reboot", "compliant", role="handover")
    first = certificate_record({"item": ITEM, "look": {**LOOK, "error": "gone"}}, 30, NOW)
    second = certificate_record({"item": ITEM, "look": LOOK}, 30, NOW)
    assert with_records([own, first], [second]) == [own, second]
