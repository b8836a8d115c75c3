"""Proxy settings in their other forms: manual proxy, LAN settings, one set for all users, and what others decide."""

from __future__ import annotations

import json

import pytest

from tests.e2e.breakages import BREAKAGES_MACHINE_WIDE, NEW_USERS

pytestmark = pytest.mark.depth
FLEET = (1, 0)
HOST = "win-01"
POLICY = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
MACHINE = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
EDGE = r"HKLM:\SOFTWARE\Policies\Microsoft\Edge"
TAIL = "00" * 32
PAC = "687474703a2f2f70726f78792e696d722e746f686f6b752e61632e6a702f70726f78792e706163"
PAC_ONLY = f"4600000001000000050000000000000000000000{'27000000'}{PAC}{TAIL}"
WITH_PROXY = (
    "460000000100000007000000"
    "1b000000 70726f78792e696d722e746f686f6b752e61632e6a703a38303830"
    "15000000 3c6c6f63616c3e3b2a2e6578616d706c652e6f7267"
    f"27000000 {PAC}{TAIL}"
).replace(" ", "")


def statuses(run, control):
    """Return status by (instance, whether it is the profile of new users)."""
    return {(r["instance"], r["scope"] == "default"): r["status"] for r in run.records if r["control"] == control}


def play(fleet, audit=False, **variables):
    if audit:
        return fleet.play("audit.yml", "-e", json.dumps({"endpoint_roles": ["fortissl_proxy"], **variables}))
    return fleet.play("../tests/e2e/role_entry.yml", "-e", json.dumps({"role_entry": "fortissl_proxy", **variables}))


@pytest.fixture(autouse=True)
def as_it_was(fleet):
    """Take the role's work off after each test; that is itself a test."""
    before = fleet.hashes()
    yield
    absent = play(fleet, fortissl_proxy_state="absent")
    assert absent.code == 0, absent.output
    assert fleet.hashes() == before


def holds(fleet, expected, **place):
    """Say whether a value is exactly these bytes: win_regedit would change nothing."""
    arguments = {
        **place,
        "type": "binary",
        "data": ",".join(expected[at : at + 2] for at in range(0, len(expected), 2)),
    }
    done = fleet.adhoc(HOST, "ansible.windows.win_regedit", arguments, "--check")
    assert done.returncode == 0, done.stdout
    return "SUCCESS" in done.stdout


def edit(fleet, **arguments):
    done = fleet.adhoc(HOST, "ansible.windows.win_regedit", arguments)
    assert done.returncode == 0, done.stdout


def test_manual_proxy_and_lan_settings_when_asked_for(fleet):
    asked = {
        "fortissl_proxy_server": "proxy.imr.tohoku.ac.jp:8080",
        "fortissl_proxy_bypass": ["<local>", "*.example.org"],
        "fortissl_proxy_manage_lan": True,
    }
    assert play(fleet, **asked).code == 0
    for name in ("fortissl", "IMR", "DefaultConnectionSettings", "SavedLegacySettings"):
        assert holds(fleet, WITH_PROXY, name=name, **NEW_USERS), name
    audit = play(fleet, audit=True, **asked)
    assert set(statuses(audit, "fortissl_proxy.connection").values()) == {"compliant"}
    assert set(statuses(audit, "fortissl_proxy.lan").values()) == {"compliant"}


def test_one_set_for_all_users_when_asked_for(fleet):
    asked = {"fortissl_proxy_machine_wide": True}
    first = play(fleet, **asked)
    assert first.code == 0, first.output
    assert statuses(first, "fortissl_proxy.connection") == {}
    assert statuses(first, "fortissl_proxy.one_for_all") == {(None, False): "fixed"}
    assert holds(fleet, PAC_ONLY, path=MACHINE, name="fortissl")
    assert holds(fleet, PAC_ONLY, path=MACHINE, name="IMR")
    prepared = fleet.hashes()
    for calls in zip(*(entry["breakages"] for entry in BREAKAGES_MACHINE_WIDE), strict=True):
        for call in calls:
            edit(fleet, **call["args"])
        audit = play(fleet, audit=True, **asked)
        assert {control for _, control, _ in audit.of_status("drifted")} == {
            "fortissl_proxy.one_for_all",
            "fortissl_proxy.machine_connection",
        }
        assert play(fleet, **asked).of_status("fixed") == audit.of_status("drifted")
        assert fleet.hashes() == prepared


def test_what_others_decide_is_reported_and_left_alone(fleet):
    edit(fleet, path=POLICY, name="ProxySettingsPerUser", data=0, type="dword")
    edit(fleet, path=EDGE, name="ProxyMode", data="direct", type="string")
    theirs = fleet.hashes()
    run = play(fleet, fortissl_proxy_manage_firefox=False)
    assert run.code == 2
    assert set(statuses(run, "fortissl_proxy.connection").values()) == {"managed_elsewhere"}, run.output
    (one, *_others) = [r for r in run.records if r["control"] == "fortissl_proxy.connection"]
    assert "ProxySettingsPerUser=0" in one["reason"]
    assert {key[0]: status for key, status in statuses(run, "fortissl_proxy.browser_policy").items()} == {
        "Edge ProxySettings": "compliant",
        "Edge ProxyMode": "managed_elsewhere",
        "Chrome ProxySettings": "compliant",
        "Chrome ProxyMode": "compliant",
    }
    assert fleet.hashes() == theirs
    for path in (POLICY, EDGE):
        edit(fleet, path=path, state="absent", delete_key=True)
