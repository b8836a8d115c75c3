"""smb_firewall_scope: what stands behind the firewall's rules, so that a share really opens."""

from __future__ import annotations

from typing import Any

import pytest

from lab.windows.machine import CURRENT_VERSION, SERVICES, Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from tests.samples.roles import found, planned, reason

PARAMETERS = SERVICES + r"\LanmanServer\Parameters"
SHARES = SERVICES + r"\LanmanServer\Shares"
NETBT = SERVICES + r"\NetBT\Parameters"
BEHIND = ("service", "running", "answers", "share", "old_clients", "signing")


def machine(os: str = "11-24H2", edition: str = "Pro") -> Machine:
    return build_windows("pc-1", Variant(os, edition, "ja-JP", "clean"), seed=1)


def judge(pc: Machine, **overrides: Any) -> Any:
    return planned("smb_firewall_scope", pc, smb_firewall_scope_remote_addresses=["192.0.2.0/24"], **overrides)


def behind(result: Any) -> dict[tuple[str, str | None], str]:
    return {key: status for key, status in found(result).items() if key[0] in BEHIND}


def share(pc: Machine, name: str, *texts: str) -> None:
    pc.registry.set(SHARES, name, Value("REG_MULTI_SZ", list(texts)))


def record(result: Any, control: str) -> dict[str, Any]:
    (item,) = [item for item in result.records if item["control"] == f"smb_firewall_scope.{control}"]
    return dict(item)


def test_a_fresh_machine_serves_shares_nothing_and_says_so():
    result = judge(machine())
    assert behind(result) == {
        ("service", None): "compliant",
        ("running", None): "compliant",
        ("answers", None): "compliant",
        ("share", "*"): "not_applicable",
        ("old_clients", None): "not_applicable",
    }
    assert "no folder is shared" in reason(result, "smb_firewall_scope.share", "*")


def test_a_server_service_that_somebody_disabled_is_made_automatic_and_started_in_one_write():
    pc = machine()
    pc.registry.set(SERVICES + r"\LanmanServer", "Start", Value("REG_DWORD", 4))
    pc.services["LanmanServer"].state = "Stopped"
    result = judge(pc, smb_firewall_scope_enable=True)
    assert (found(result)["service", None], found(result)["running", None]) == ("drifted", "drifted")
    (item,) = result.writes.as_dict()["services"]
    assert (item["name"], item["start_mode"], item["state"]) == ("LanmanServer", "auto", "started")


def test_a_paused_server_service_lets_nobody_in():
    pc = machine()
    pc.services["LanmanServer"].state = "Paused"
    assert found(judge(pc))["running", None] == "drifted"


def test_it_is_not_started_where_nobody_said_that_shares_are_to_be_reached():
    pc = machine()
    pc.services["LanmanServer"].state = "Stopped"
    result = judge(pc)
    assert found(result)["running", None] == "drifted"
    assert result.writes.as_dict()["services"] == []
    assert "smb_firewall_scope_enable: true" in record(result, "running")["next"]


def test_nothing_behind_the_firewall_is_asked_where_nobody_is_to_reach_shares():
    assert behind(judge(machine(), smb_firewall_scope_enable=False)) == {}


@pytest.mark.parametrize(
    ("key", "name"), [(PARAMETERS, "SMB2"), (NETBT, "SMBDeviceEnabled"), (NETBT, "smbdeviceenabled")]
)
def test_a_setting_by_which_nobody_answers_is_named_and_left_alone(key, name):
    pc = machine()
    pc.registry.set(key, name, Value("REG_DWORD", 0))
    result = judge(pc, smb_firewall_scope_enable=True)
    assert found(result)["answers", None] == "drifted"
    assert key in reason(result, "smb_firewall_scope.answers")
    assert result.writes.as_dict()["registry"] == []
    pc.registry.set(key, name, Value("REG_DWORD", 1))
    assert found(judge(pc))["answers", None] == "compliant"


def test_one_of_another_type_is_nothing_to_guess_at():
    pc = machine()
    pc.registry.set(PARAMETERS, "SMB2", Value("REG_SZ", "0"))
    result = judge(pc)
    assert found(result)["answers", None] == "error"
    assert "SMB2 (REG_SZ) is no REG_DWORD" in reason(result, "smb_firewall_scope.answers")


def test_a_shared_folder_is_shown_with_its_path():
    pc = machine()
    share(pc, "data", r"Path=D:\data", "Type=0")
    result = judge(pc)
    assert found(result)["share", "*"] == "compliant"
    assert record(result, "share")["actual"] == ["data"]
    assert r"data (D:\data)" in record(result, "share")["evidence"]


def test_printers_and_what_windows_shares_by_itself_are_no_shared_folder():
    pc = machine()
    share(pc, "Brother", "Path=Brother,LocalsplOnly", "Type=1")
    share(pc, "print$", r"Path=C:\Windows\system32\spool\drivers", "Type=0")
    assert found(judge(pc))["share", "*"] == "not_applicable"


def test_shares_that_are_named_have_to_be_there():
    pc = machine()
    share(pc, "Data", r"Path=D:\data", "Type=0")
    result = judge(pc, smb_firewall_scope_shares=["data", "scans"])
    assert behind(result)["share", "data"] == "compliant"
    assert behind(result)["share", "scans"] == "drifted"
    assert reason(result, "smb_firewall_scope.share", "scans") == "not shared, should be there"


def test_an_odd_entry_says_nothing_of_the_other_shares():
    pc = machine()
    pc.registry.set(SHARES, "odd", Value("REG_SZ", "C:\\odd"))
    assert found(judge(pc))["share", "*"] == "error"
    share(pc, "data", r"Path=D:\data", "Type=0")
    assert found(judge(pc))["share", "*"] == "compliant"
    named = behind(judge(pc, smb_firewall_scope_shares=["data", "odd"]))
    assert (named["share", "data"], named["share", "odd"]) == ("compliant", "error")


@pytest.mark.parametrize(
    ("os", "edition", "value", "status", "words"),
    [
        ("11-24H2", "Pro", None, "not_applicable", "a scanner, multifunction printer or old Mac"),
        ("11-24H2", "Pro", 0, "compliant", ""),
        ("11-23H2", "Pro", None, "compliant", ""),
        ("11-23H2", "Pro", 1, "not_applicable", "SMB signing is required here"),
        ("11-24H2", "Home", None, "not_applicable", "is not known"),
    ],
)
def test_what_cannot_sign_is_told_beforehand(os, edition, value, status, words):
    pc = machine(os, edition)
    pc.registry.delete_value(PARAMETERS, "RequireSecuritySignature")
    if value is not None:
        pc.registry.set(PARAMETERS, "RequireSecuritySignature", Value("REG_DWORD", value))
    result = judge(pc)
    assert found(result)["old_clients", None] == status
    assert words in reason(result, "smb_firewall_scope.old_clients")


@pytest.mark.parametrize(("desired", "number"), [(True, 1), (False, 0)])
def test_signing_is_set_only_when_asked(desired, number):
    pc = machine()
    pc.registry.set(PARAMETERS, "RequireSecuritySignature", Value("REG_DWORD", 1 - number))
    result = judge(pc, smb_firewall_scope_require_signing=desired)
    assert ("old_clients", None) not in found(result)
    (item,) = result.writes.as_dict()["registry"]
    assert (item["name"], item["data"]) == ("RequireSecuritySignature", number)


def test_an_edition_nobody_knows_is_no_error():
    pc = machine()
    pc.registry.set(CURRENT_VERSION, "EditionID", Value("REG_SZ", "Frontier"))
    pc.registry.delete_value(PARAMETERS, "RequireSecuritySignature")
    assert found(judge(pc))["old_clients", None] == "not_applicable"
