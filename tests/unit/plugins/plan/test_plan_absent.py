"""Taking a role off again: what was there before comes back, and nothing else is touched."""

from __future__ import annotations

from tests.samples.documents import (
    LOCAL_RULES,
    MISSING,
    TUNNELS,
    UNINSTALL,
    prompt_control,
    scope_control,
    tunnel_control,
    windows,
)
from tests.samples.planning import IMR, SERVER_BEFORE, drifted, entry, run, statuses, with_memory

DATA = tunnel_control(
    id="vpn_profile.data",
    where={"registry": TUNNELS + r"\{name}", "value": "DATA1", "type": "REG_BINARY"},
    expected="46ff",
    compare="exact",
)


def test_absent_puts_back_values_and_forgets():
    old_prompt = entry(
        {"registry": IMR, "value": "promptusername"}, {"value": 0, "type": "REG_DWORD"}, "vpn_profile.prompt_user_name"
    )
    document = with_memory(windows(), [SERVER_BEFORE, old_prompt])
    result = run([tunnel_control(), prompt_control()], document, state="absent")
    assert [(item["name"], item["data"], item["type"]) for item in result.writes.as_dict()["registry"]] == [
        ("Server", "old.example.com:443", "string"),
        ("promptusername", 0, "dword"),
    ]
    assert (result.keep, result.forget) == (None, True)
    assert [item["status"] for item in result.records] == ["drifted", "drifted"]
    assert result.records[0]["reason"] == ('is "fg.imr.tohoku.ac.jp:443", was "old.example.com:443" before this role')


def test_what_is_put_back_has_the_why_of_its_control():
    memory = [entry({"registry": IMR, "value": "Server"}, {"value": "old.example.com:443", "type": "REG_SZ"})]
    result = run([tunnel_control()], with_memory(windows(), memory), state="absent")
    assert [item["why"] for item in result.records] == ["service.md#gateway"]
    assert [item["label"] for item in result.writes.as_dict()["registry"]] == [
        "vpn_profile.server IMR (service.md#gateway)"
    ]


OF_IT = {"instance": "IMR", "scope": "machine", "role": "vpn_profile"}
KNOWN = {
    "control": "vpn_profile.server",
    "severity": "high",
    "title": "Put back: The connection has the desired remote gateway",
    "why": "service.md#gateway",
}
CURE = "run retire.yml for this endpoint, once nothing named above stands in its way"


def test_a_record_of_what_is_put_back_is_whole():
    (value,) = run([tunnel_control()], with_memory(windows(), [SERVER_BEFORE]), state="absent").records
    assert value == {
        **OF_IT,
        **KNOWN,
        "status": "drifted",
        "expected": "old.example.com:443",
        "actual": "fg.imr.tohoku.ac.jp:443",
        "reason": 'is "fg.imr.tohoku.ac.jp:443", was "old.example.com:443" before this role',
        "evidence": rf"{IMR} Server (REG_SZ)",
        "next": CURE,
    }
    made = with_memory(windows(), [entry({"registry": IMR}, {"absent": True})])
    (whole,) = run([tunnel_control()], made, state="absent").records
    assert whole == {
        **OF_IT,
        **KNOWN,
        "status": "drifted",
        "expected": None,
        "actual": "present",
        "reason": "is there, was not there before this role",
        "evidence": IMR,
        "next": CURE,
    }


def test_a_record_of_what_is_back_already_by_a_control_that_is_gone_is_whole():
    gone = entry({"registry": IMR, "value": "Gone"}, {"absent": True}, "vpn_profile.gone")
    (found,) = run([tunnel_control()], with_memory(windows(), [gone]), state="absent").records
    assert found == {
        **OF_IT,
        "control": "vpn_profile.gone",
        "status": "compliant",
        "expected": None,
        "actual": None,
        "reason": "",
        "evidence": rf"{IMR} Gone",
        "severity": "medium",
        "title": "Put back what was there before",
        "why": "",
    }


def test_the_worst_of_several_places_of_one_control_is_told_with_its_own_reason_alone():
    nowhere = entry({"registry": IMR, "value": "nowhere"}, {"value": "x", "type": "REG_SZ"})
    document = with_memory(windows(), [SERVER_BEFORE, nowhere])
    (found,) = run([tunnel_control()], document, state="absent").records
    assert (found["status"], found["actual"]) == ("error", {"not_read": True})
    assert found["reason"] == (
        "cannot be put back: the note of what was there before names a place that no control of this role writes; look "
        "at who wrote the note, and put back by hand what is right"
    )
    assert "next" not in found


def test_absent_takes_away_a_value_that_was_not_there():
    document = with_memory(windows(), [entry({"registry": IMR, "value": "DATA1"}, {"absent": True})])
    (item,) = run([DATA], document, state="absent").writes.as_dict()["registry"]
    assert (item["name"], item["state"], item["delete_key"]) == ("DATA1", "absent", False)


def test_absent_takes_away_a_whole_key_that_was_not_there():
    document = with_memory(windows(), [entry({"registry": IMR}, {"absent": True})])
    (item,) = run([DATA], document, state="absent").writes.as_dict()["registry"]
    assert item == {
        "path": r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR",
        "state": "absent",
        "delete_key": True,
        "records": [["vpn_profile.server", "IMR", "machine"]],
        # The role has no such control any more, but another one in this key.
        "why": [],
        "label": "vpn_profile.server IMR",
    }


def test_absent_restores_bytes_as_win_regedit_takes_them():
    document = with_memory(
        windows(), [entry({"registry": IMR, "value": "DATA1"}, {"value": "46ff", "type": "REG_BINARY"})]
    )
    (item,) = run([DATA], document, state="absent").writes.as_dict()["registry"]
    assert (item["data"], item["type"]) == ("46,ff", "binary")


def test_absent_leaves_alone_what_has_no_entry():
    result = run([tunnel_control(), prompt_control()], drifted(), state="absent")
    assert statuses(result) == [("vpn_profile.removed", None, "compliant")]
    assert not result.as_dict()["has_writes"]


def test_absent_writes_nothing_where_all_is_as_it_was_and_still_forgets():
    document = with_memory(drifted("old.example.com:443"), [SERVER_BEFORE])
    result = run([tunnel_control()], document, state="absent")
    assert statuses(result) == [("vpn_profile.server", "IMR", "compliant")]
    assert result.writes.as_dict()["registry"] == []
    assert result.as_dict()["has_writes"] is True
    assert result.forget


def test_absent_puts_nothing_into_a_key_that_is_gone():
    document = with_memory(windows(), [SERVER_BEFORE])
    del document["registry"][TUNNELS]["keys"]["IMR"]
    result = run([], document, state="absent")
    assert result.records[0]["status"] == "compliant"
    assert result.writes.as_dict()["registry"] == []
    assert result.forget


def test_absent_keeps_the_memory_while_an_entry_cannot_be_read():
    other = entry({"firewall_rule": "FPS-SMB-In-TCP", "field": "enabled", "store": "local"}, {"value": False}, "a.b")
    document = with_memory(windows(), [SERVER_BEFORE, other])
    document["registry"][LOCAL_RULES] = {"error": "access denied"}
    result = run([tunnel_control()], document, state="absent")
    assert [item["status"] for item in result.records] == ["drifted", "error"]
    assert result.records[1]["actual"] == {"not_read": True}
    assert len(result.writes.as_dict()["registry"]) == 1
    assert result.forget is False


def test_absent_restores_a_rule_only_when_its_addresses_differ():
    where = {"firewall_rule": "FPS-SMB-In-TCP", "field": "remote_address", "store": "local"}
    same = with_memory(windows(), [entry(where, {"value": ["172.31.0.0/16", "LocalSubnet"]})])
    assert run([], same, state="absent").writes.as_dict()["firewall"] == []
    other = with_memory(windows(), [entry(where, {"value": ["LocalSubnet"]})])
    (item,) = run([scope_control()], other, state="absent").writes.as_dict()["firewall"]
    assert item["parameters"] == {"Rule": "FPS-SMB-In-TCP", "RemoteAddress": ["LocalSubnet"]}


def test_absent_does_not_ask_whether_the_control_still_applies():
    document = with_memory(windows(), [SERVER_BEFORE])
    document["registry"][UNINSTALL] = MISSING
    assert len(run([tunnel_control()], document, state="absent").writes.as_dict()["registry"]) == 1
