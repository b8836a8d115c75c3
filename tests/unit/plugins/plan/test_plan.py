"""What the comparison of a whole role finds, and what it would write."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from plugins.plugin_utils.controls import controls
from plugins.plugin_utils.controls.controls import ControlError
from plugins.plugin_utils.state import firewall_places
from plugins.plugin_utils.values import addresses
from tests.samples.documents import (
    BEFORE,
    LOCAL_RULES,
    MISSING,
    PRIVATE,
    SMB_IN,
    TUNNELS,
    UNINSTALL,
    dword,
    key,
    prompt_control,
    scope_control,
    sz,
    tunnel_control,
    windows,
)
from tests.samples.planning import IMR, SERVER_BEFORE, drifted, entry, run, statuses, with_memory

TEAM = [{"name": "Team", "gateway": "fg.imr.tohoku.ac.jp", "port": 443}]


def test_what_is_right_gives_compliant_records_and_no_write():
    result = run([tunnel_control(), prompt_control()])
    assert statuses(result) == [
        ("vpn_profile.server", "IMR", "compliant"),
        ("vpn_profile.prompt_user_name", "IMR", "compliant"),
    ]
    assert result.as_dict()["writes"] == {name: [] for name in ("registry", "firewall", "services", "groups", "plist")}
    assert result.as_dict()["has_writes"] is False
    assert result.as_dict()["memory"] == {"found": None, "keep": None, "forget": False}


def test_a_drifted_value_is_reported_in_its_record():
    (found,) = run([tunnel_control()], drifted()).records
    assert found == {
        "control": "vpn_profile.server",
        "instance": "IMR",
        "scope": "machine",
        "status": "drifted",
        "expected": "fg.imr.tohoku.ac.jp:443",
        "actual": "evil.example.com:443",
        "reason": 'is "evil.example.com:443", should be "fg.imr.tohoku.ac.jp:443"',
        "evidence": IMR + " Server (REG_SZ)",
        "severity": "high",
        "role": "vpn_profile",
        "why": "service.md#gateway",
        "title": "The connection has the desired remote gateway",
    }


def test_only_what_drifted_is_written_in_win_regedit_s_terms():
    result = run([tunnel_control(), prompt_control()], drifted())
    assert result.writes.as_dict()["registry"] == [
        {
            "path": r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR",
            "name": "Server",
            "data": "fg.imr.tohoku.ac.jp:443",
            "type": "string",
            "state": "present",
            "delete_key": False,
            "records": [["vpn_profile.server", "IMR", "machine"]],
            "why": ["service.md#gateway"],
            "label": "vpn_profile.server IMR (service.md#gateway)",
        }
    ]
    assert result.as_dict()["has_writes"] is True


def test_what_was_there_is_kept_before_the_first_write():
    result = run([tunnel_control(), prompt_control()], drifted())
    assert json.loads(result.keep or "") == {
        "schema": 1,
        "entries": [
            entry({"registry": IMR, "value": "Server"}, {"value": "evil.example.com:443", "type": "REG_SZ"}),
        ],
    }


def test_a_value_that_was_not_there_is_kept_as_absent_and_written_with_its_type():
    document = windows()
    del document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"]
    result = run([prompt_control()], document)
    assert (result.writes.as_dict()["registry"][0]["data"], result.writes.as_dict()["registry"][0]["type"]) == (
        1,
        "dword",
    )
    assert json.loads(result.keep or "")["entries"][0]["before"] == {"absent": True}
    assert result.records[0]["actual"] is None


def test_a_wrong_type_is_drift_and_its_own_type_is_kept():
    document = windows()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = sz("1")
    result = run([prompt_control()], document)
    assert "of type REG_SZ" in result.records[0]["reason"]
    assert json.loads(result.keep or "")["entries"][0]["before"] == {"value": "1", "type": "REG_SZ"}


def test_a_new_connection_is_kept_as_one_absent_key():
    result = run([tunnel_control(each=TEAM), prompt_control(each=TEAM)])
    assert [item["name"] for item in result.writes.as_dict()["registry"]] == ["Server", "promptusername"]
    assert json.loads(result.keep or "")["entries"] == [
        {
            "control": "vpn_profile.server",
            "instance": "Team",
            "where": {"registry": TUNNELS + r"\Team"},
            "before": {"absent": True},
        }
    ]


def test_an_existing_entry_is_never_overwritten():
    result = run([tunnel_control()], with_memory(drifted(), [SERVER_BEFORE]))
    assert len(result.writes.as_dict()["registry"]) == 1
    assert result.keep is None
    assert json.loads(result.kept or "")["entries"] == [SERVER_BEFORE]


def test_new_entries_are_added_behind_the_old_ones():
    document = with_memory(drifted(), [SERVER_BEFORE])
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = dword(0)
    result = run([tunnel_control(), prompt_control()], document)
    befores = [item["before"] for item in json.loads(result.keep or "")["entries"]]
    assert befores == [{"value": "old.example.com:443", "type": "REG_SZ"}, {"value": 0, "type": "REG_DWORD"}]


def test_a_connection_that_a_user_deleted_and_that_was_there_first_is_not_remembered_as_new():
    document = with_memory(windows(), [SERVER_BEFORE])
    del document["registry"][TUNNELS]["keys"]["IMR"]
    result = run([tunnel_control(), prompt_control()], document)
    wheres = [item["where"] for item in json.loads(result.keep or "")["entries"]]
    assert wheres == [{"registry": IMR, "value": "Server"}, {"registry": IMR, "value": "promptusername"}]


def test_without_the_client_the_control_does_not_apply_and_nothing_is_written():
    document = drifted()
    document["registry"][UNINSTALL] = MISSING
    result = run([tunnel_control()], document)
    assert (result.records[0]["status"], result.records[0]["reason"]) == (
        "not_applicable",
        "FortiClient VPN is not installed",
    )
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize("path", [TUNNELS, UNINSTALL])
def test_what_cannot_be_read_is_an_error_and_is_not_written(path):
    document = drifted()
    document["registry"][path] = {"error": "access denied"}
    result = run([tunnel_control()], document)
    # The other Uninstall view alone does not prove that the client is missing.
    assert statuses(result) == [("vpn_profile.server", "IMR", "error")]
    # Nobody knows what is there, so it does not look like a value that is not set.
    assert result.records[0]["actual"] == {"not_read": True}
    assert "access denied" in result.records[0]["reason"]
    assert not result.as_dict()["has_writes"]


def test_a_document_that_cannot_be_used_gives_one_error_record():
    result = run([tunnel_control()], {"schema": 7})
    assert statuses(result) == [("endpoint.state", None, "error")]
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1, "entries": [{}]}'])
def test_a_corrupt_memory_is_an_error_and_stops_every_write_but_no_comparison(text):
    result = run([tunnel_control()], with_memory(drifted(), text))
    assert statuses(result) == [("vpn_profile.memory", None, "error"), ("vpn_profile.server", "IMR", "drifted")]
    assert not result.as_dict()["has_writes"]
    gone = run([tunnel_control()], with_memory(drifted(), text), state="absent")
    assert statuses(gone) == [("vpn_profile.memory", None, "error")]
    assert not gone.as_dict()["has_writes"]


def test_a_memory_that_cannot_be_read_stops_every_write():
    document = drifted()
    document["registry"][BEFORE] = {"error": "access denied"}
    result = run([tunnel_control()], document)
    assert statuses(result)[0] == ("vpn_profile.memory", None, "error")
    assert not result.as_dict()["has_writes"]


def test_another_role_s_memory_is_not_this_role_s():
    result = run([tunnel_control()], with_memory(drifted(), "{", role="rdp_enable"))
    assert statuses(result) == [("vpn_profile.server", "IMR", "drifted")]
    assert result.as_dict()["has_writes"]


def policy(**values: Any) -> dict[str, Any]:
    document = drifted()
    document["registry"][PRIVATE] = key(values)
    return document


GOVERNOR = {"where": {"registry": PRIVATE, "value": "AllowLocalPolicyMerge"}, "equals": 0, "owner": "Group Policy: X"}


def test_a_stronger_owner_holds_what_differs():
    result = run([tunnel_control(governed_by=[GOVERNOR])], policy(AllowLocalPolicyMerge=dword(0)))
    assert result.records[0]["status"] == "managed_elsewhere"
    assert result.records[0]["reason"].startswith("Group Policy: X; is ")
    assert result.records[0]["actual"] == "evil.example.com:443"
    assert "AllowLocalPolicyMerge" in result.records[0]["evidence"]
    assert not result.as_dict()["has_writes"]


def test_a_stronger_owner_does_not_matter_when_all_is_right_unless_it_voids():
    document = windows()
    document["registry"][PRIVATE] = key({"AllowLocalPolicyMerge": dword(0)})
    assert run([tunnel_control(governed_by=[GOVERNOR])], document).records[0]["status"] == "compliant"
    (found,) = run([tunnel_control(governed_by=[{**GOVERNOR, "voids": True}])], document).records
    assert found["status"] == "managed_elsewhere"
    assert found["reason"] == "Group Policy: X; the endpoint's own setting is right, but has no effect"


@pytest.mark.parametrize("value", [None, dword(1), sz("0")])
def test_an_owner_that_does_not_hold_leaves_the_drift(value):
    values = {} if value is None else {"AllowLocalPolicyMerge": value}
    result = run([tunnel_control(governed_by=[GOVERNOR])], policy(**values))
    assert result.records[0]["status"] == "drifted"
    assert result.as_dict()["has_writes"]


def test_an_owner_that_cannot_be_read_is_an_error_when_it_would_matter():
    document = drifted()
    document["registry"][PRIVATE] = {"error": "access denied"}
    assert run([tunnel_control(governed_by=[GOVERNOR])], document).records[0]["status"] == "error"
    document["registry"][TUNNELS] = windows()["registry"][TUNNELS]
    assert run([tunnel_control(governed_by=[GOVERNOR])], document).records[0]["status"] == "compliant"


def test_a_control_that_only_looks_is_reported_and_not_written():
    control = tunnel_control(compare="one_of", expected=["a:1", "b:1"])
    result = run([control], drifted())
    assert statuses(result) == [("vpn_profile.server", "IMR", "drifted")]
    assert not result.as_dict()["has_writes"]


def test_a_value_that_should_not_be_there_is_taken_away():
    control = tunnel_control(compare="absent", where={"registry": TUNNELS + r"\{name}", "value": "DATA1"})
    del control["expected"]
    result = run([control])
    assert result.writes.as_dict()["registry"] == [
        {
            "path": r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR",
            "name": "DATA1",
            "state": "absent",
            "delete_key": False,
            "records": [["vpn_profile.server", "IMR", "machine"]],
            "why": ["service.md#gateway"],
            "label": "vpn_profile.server IMR (service.md#gateway)",
        }
    ]


def test_data_mistakes_are_never_blamed_on_the_endpoint():
    with pytest.raises(ControlError):
        run([tunnel_control(compare="nonsense")])
    with pytest.raises(ControlError, match="state is 'gone'"):
        run([tunnel_control()], state="gone")


# ---- Firewall rules


def rule(text: str) -> dict[str, Any]:
    document = windows()
    document["registry"][LOCAL_RULES]["values"]["FPS-SMB-In-TCP"] = sz(text)
    return document


ENABLED = scope_control(
    id="smb_firewall_scope.enabled",
    where={"firewall_rule": "{name}", "field": "enabled"},
    expected=True,
    compare="exact",
)


def test_one_rule_is_written_once_with_all_that_differs():
    text = SMB_IN.replace("RA4=172.31.0.0/255.255.0.0|", "").replace("Active=TRUE", "Active=FALSE")
    result = run([scope_control(), ENABLED], rule(text))
    assert result.writes.as_dict()["firewall"] == [
        {
            "parameters": {
                "Rule": "FPS-SMB-In-TCP",
                "RemoteAddress": ["LocalSubnet", "172.31.0.0/255.255.0.0"],
                "Enabled": True,
            },
            "records": [
                ["smb_firewall_scope.remote_address", "FPS-SMB-In-TCP", "machine"],
                ["smb_firewall_scope.enabled", "FPS-SMB-In-TCP", "machine"],
            ],
            # Both have the same why.
            "why": ["service.md#file-shares"],
            "label": (
                "smb_firewall_scope.remote_address, smb_firewall_scope.enabled FPS-SMB-In-TCP (service.md#file-shares)"
            ),
        }
    ]
    assert [item["before"] for item in json.loads(result.keep or "")["entries"]] == [
        {"value": ["LocalSubnet"]},
        {"value": False},
    ]


def test_what_is_right_about_a_rule_is_not_written():
    result = run([scope_control(), ENABLED], rule(SMB_IN.replace("Active=TRUE", "Active=FALSE")))
    assert result.writes.as_dict()["firewall"][0]["parameters"] == {"Rule": "FPS-SMB-In-TCP", "Enabled": True}


def test_a_rule_that_is_not_there_is_reported_and_not_written():
    result = run([scope_control(each=[{"name": "FPS-SMB-In-TCP-V2"}])])
    assert result.records[0]["status"] == "drifted"
    assert result.records[0]["reason"].startswith("not there (no rule of this name)")
    assert not result.as_dict()["has_writes"]


def test_a_broken_rule_is_an_error_and_is_not_written():
    result = run([scope_control()], rule("v2.31|nonsense"))
    assert result.records[0]["status"] == "error"
    assert not result.as_dict()["has_writes"]


def test_a_plan_leaves_the_document_as_it_was():
    document = with_memory(drifted(), [SERVER_BEFORE])
    copied = copy.deepcopy(document)
    run([tunnel_control(), prompt_control(), scope_control()], document)
    run([tunnel_control()], document, state="absent")
    assert document == copied


def test_what_is_not_to_be_remembered_is_written_and_stays_when_the_role_is_taken_off():
    result = run([tunnel_control(remember=False)], drifted())
    assert result.written == [("vpn_profile.server", "IMR", "machine")]
    assert (result.keep, result.undo) == (None, {("vpn_profile.server", "IMR", "machine"): []})


def test_what_is_not_asked_for_is_one_record_or_none():
    control = {name: tunnel_control()[name] for name in ("id", "title", "why", "severity")} | {"when": False}
    assert run([control]).records == []
    (item,) = run([{**control, "otherwise": "the inventory says so"}], windows()).records
    assert (item["status"], item["reason"], item["expected"]) == ("not_applicable", "the inventory says so", None)


def test_what_is_expected_and_what_is_there_is_understood_once(monkeypatch):
    read: list[Any] = []

    def counted(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counting(one: Any, *more: Any) -> Any:
            read.append((name, one))
            return function(one, *more)

        monkeypatch.setattr(module, name, counting)

    counted(addresses, "parse")
    firewall_places._parsed.cache_clear()
    counted(firewall_places, "parse_rule")
    counted(controls, "_expand_one")
    wanted = ["LocalSubnet", "172.31.0.0/16"]
    there = {"where": {"firewall_rule": "{name}", "field": "exists"}, "is": "present", "reason": "x"}
    control = scope_control(applies_if=[there, there], expected=wanted)
    control["each"] = [{"name": "FPS-SMB-In-TCP"}]
    drifted_rule = SMB_IN.replace("RA4=LocalSubnet", "RA4=10.0.0.0/255.0.0.0")
    document = rule(drifted_rule)
    result = run([control], document)
    assert [item["parameters"]["RemoteAddress"] for item in result.writes.as_dict()["firewall"]] == [
        ["LocalSubnet", "172.31.0.0/255.255.0.0"]
    ]
    texts = [(name, one) for name, one in read if name != "_expand_one"]
    assert sorted(texts, key=str) == [
        ("parse", ["10.0.0.0/255.0.0.0", "172.31.0.0/255.255.0.0", "LocalSubnet6"]),
        ("parse", wanted),
        ("parse_rule", drifted_rule),
    ]
    assert [name for name, _ in read if name == "_expand_one"] == ["_expand_one"]
