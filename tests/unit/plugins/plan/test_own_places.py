"""What a note on an endpoint may make this project write: what the role's own controls write, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.plugin_utils.plan.memory import parse_memory, render
from plugins.plugin_utils.plan.own_places import OwnPlaces
from plugins.plugin_utils.plan.undo import undo_plan
from tests.samples.documents import PLIST, TUNNELS, WINDOWS_READS, mac_control, scope_control, tunnel_control, windows
from tests.samples.planning import IMR, SERVER_BEFORE, drifted, entry, run, statuses, with_memory

MEMBERS = {
    **tunnel_control(id="rdp_enable.users", each=["S-1-5-32-555"], expected=["taro"], compare="contains"),
    "where": {"group": "{name}", "field": "members"},
}
USER = tunnel_control(
    id="fortissl_proxy.connection",
    scope="users",
    where={"user_registry": r"Software\Settings\Connections", "value": "{name}", "type": "REG_BINARY"},
)
SERVICE = {**tunnel_control(id="time_sync.start"), "where": {"service": "W32Time", "field": "start_mode"}}
OURS = OwnPlaces([tunnel_control(), mac_control(), scope_control(), MEMBERS, USER, SERVICE])
ABSENT = {"absent": True}
SHARED = {"absent": True, "shared": True}
WAS = {"value": "x", "type": "REG_SZ"}


def of_note(where: dict[str, Any], before: dict[str, Any]) -> Any:
    text = json.dumps({"schema": 1, "entries": [entry(where, before)]})
    (found,) = parse_memory(text)
    return found


@pytest.mark.parametrize(
    ("where", "before"),
    [
        ({"registry": IMR, "value": "Server"}, WAS),
        ({"registry": "HKEY_LOCAL_MACHINE" + IMR[4:].upper(), "value": "SERVER"}, WAS),
        # Another connection, that the inventory does not name any more.
        ({"registry": TUNNELS + r"\Old name", "value": "Server"}, WAS),
        ({"registry": IMR}, ABSENT),
        ({"registry": TUNNELS}, SHARED),
        ({"registry": r"HKLM\SOFTWARE\Fortinet"}, SHARED),
        ({"plist": PLIST, "key": ["Profiles", "Old", "Server"]}, {"value": "x"}),
        ({"plist": PLIST, "key": ["Profiles", "Old"]}, ABSENT),
        ({"firewall_rule": "FPS-SMB-In-TCP", "field": "remote_address"}, {"value": ["LocalSubnet"]}),
        ({"group": "S-1-5-32-555", "member": "hanako"}, ABSENT),
        (
            {"user_registry": r"Software\Settings\Connections", "value": "IMR", "user": "S-1-5-21-1"},
            {"value": "46ff", "type": "REG_BINARY"},
        ),
        ({"user_registry": r"Software\Settings", "user": "default"}, SHARED),
        ({"service": "w32time", "field": "start_mode"}, {"value": "Manual"}),
    ],
)
def test_a_place_that_a_control_of_the_role_writes(where, before):
    assert OURS.have(of_note(where, before))


@pytest.mark.parametrize(
    ("where", "before"),
    [
        ({"registry": IMR, "value": "Description"}, WAS),
        ({"registry": r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run", "value": "Server"}, WAS),
        ({"registry": IMR + r"\Sub", "value": "Server"}, WAS),
        ({"registry": TUNNELS, "value": "Server"}, WAS),
        # The whole store of the client, with everybody's connections in it.
        ({"registry": TUNNELS}, ABSENT),
        ({"registry": r"HKLM\SOFTWARE\Policies"}, SHARED),
        ({"registry": r"HKLM\SOFTWARE\Policies"}, ABSENT),
        ({"plist": "/Library/LaunchDaemons/x.plist", "key": ["Profiles", "Old", "Server"]}, {"value": "x"}),
        ({"plist": PLIST.lower(), "key": ["Profiles", "Old", "Server"]}, {"value": "x"}),
        ({"plist": PLIST, "key": ["Profiles"]}, ABSENT),
        ({"plist": PLIST, "key": ["Profiles", "Old", "Server", "x"]}, {"value": "x"}),
        ({"firewall_rule": "FPS-SMB-In-TCP", "field": "enabled"}, {"value": False}),
        ({"service": "WinDefend", "field": "start_mode"}, {"value": "Disabled"}),
        ({"service": "W32Time", "field": "state"}, {"value": "Stopped"}),
        ({"user_registry": r"Software\Settings\Run", "value": "IMR", "user": "S-1-5-21-1"}, WAS),
        ({"product": "FortiClient VPN"}, ABSENT),
    ],
)
def test_a_place_that_is_none_of_the_roles(where, before):
    assert not OURS.have(of_note(where, before))


RUN_KEY = entry({"registry": TUNNELS + r"\IMR", "value": "Description"}, {"value": "evil.exe", "type": "REG_SZ"})


def test_a_forged_entry_of_a_note_is_an_error_and_the_others_are_put_back():
    result = run([tunnel_control()], with_memory(windows(), [SERVER_BEFORE, RUN_KEY]), state="absent")
    assert statuses(result) == [("vpn_profile.server", "IMR", "error")]
    assert "names a place that no control of this role writes" in result.records[0]["reason"]
    assert [item["name"] for item in result.writes.as_dict()["registry"]] == ["Server"]
    assert result.forget is False


def test_a_control_that_is_not_asked_for_any_more_still_says_where_it_wrote():
    silent = {key: value for key, value in tunnel_control(when=False).items() if key not in ("each", "expected")}
    result = run([silent], with_memory(windows(), [SERVER_BEFORE]), state="absent")
    assert statuses(result) == [("vpn_profile.server", "IMR", "drifted")]


def fixed(put_back: list[dict[str, Any]]) -> dict[str, Any]:
    old = {"control": "vpn_profile.server", "instance": "IMR", "scope": "machine", "evidence": "", "severity": "high"}
    more = {"role": "vpn_profile", "title": "T", "before": "x", "actual": "evil.example.com:443"}
    return {**old, **more, "put_back": json.dumps({"schema": 1, "entries": put_back})}


@pytest.mark.parametrize(
    "forged",
    [
        RUN_KEY,
        entry(
            {"registry": TUNNELS + r"\Other", "value": "Server"}, {"value": "evil.example.org:443", "type": "REG_SZ"}
        ),
        {**SERVER_BEFORE, "instance": "Other"},
        {**SERVER_BEFORE, "control": "vpn_profile.description"},
    ],
)
def test_undo_writes_nothing_that_its_record_and_the_note_on_the_endpoint_do_not_allow(forged):
    document = with_memory(drifted(), [SERVER_BEFORE])
    result = undo_plan([tunnel_control()], document, "vpn_profile", reads=WINDOWS_READS, fixed=[fixed([forged])])
    assert result.as_dict()["has_writes"] is False
    assert [item["status"] for item in result.records] == ["error"]


def test_undo_needs_the_endpoints_own_note():
    result = undo_plan(
        [tunnel_control()], drifted(), "vpn_profile", reads=WINDOWS_READS, fixed=[fixed([SERVER_BEFORE])]
    )
    assert result.as_dict()["has_writes"] is False
    assert "the endpoint's own note" in result.records[0]["reason"]
    assert render([]) != ""
