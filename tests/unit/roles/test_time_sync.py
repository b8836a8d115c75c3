"""time_sync: what its controls say of machines of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from lab.windows.seed.windows import W32TIME
from tests.samples.roles import found, planned, reason

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters"


def machine() -> Machine:
    return build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)


def judge(pc: Machine, servers: list[str] | None = None, **overrides: Any) -> Any:
    servers = servers or ["a.example.org", "b.example.org", "c.example.org"]
    return planned("time_sync", pc, time_sync_enable=True, time_sync_servers=servers, **overrides)


def text(data: str) -> Value:
    return Value("REG_SZ", data)


def test_by_default_one_record_says_that_nothing_is_done():
    pc = machine()
    pc.registry.set(W32TIME, "Start", Value("REG_DWORD", 4))
    result = planned("time_sync", pc)
    assert found(result) == {("servers", None): "not_applicable"}
    assert "time_sync_enable is false" in reason(result, "time_sync.servers")
    assert not result.as_dict()["has_writes"]


@pytest.mark.parametrize(
    ("servers", "value"),
    [
        (["a.example.org"], "a.example.org,0x8"),
        (["a.example.org", "b.example.org"], "a.example.org,0x8 b.example.org,0xa"),
        (["a.example.org", "b.example.org", "c.example.org"], "a.example.org,0x8 b.example.org,0x8 c.example.org,0x8"),
    ],
)
def test_servers_are_asked_as_a_client_and_the_second_of_two_only_when_the_first_fails(servers, value):
    result = judge(machine(), servers)
    assert found(result) == {("servers", None): "drifted", ("type", None): "compliant", ("service", None): "compliant"}
    (item,) = result.writes.as_dict()["registry"]
    assert (item["name"], item["data"], item["type"]) == ("NtpServer", value, "string")


def test_a_member_of_a_domain_is_left_alone():
    pc = machine()
    pc.domain = "corp.example.org"
    result = judge(pc)
    assert set(found(result).values()) == {"not_applicable"}
    assert not result.as_dict()["has_writes"]


def test_capital_letters_in_a_name_do_not_matter():
    pc = machine()
    pc.registry.set(W32TIME + r"\Parameters", "NtpServer", text("A.example.org,0x8"))
    assert found(judge(pc, ["a.example.org"]))["servers", None] == "compliant"


def test_a_machine_that_asks_nobody_asks_again():
    pc = machine()
    pc.registry.set(W32TIME + r"\Parameters", "Type", text("NoSync"))
    assert found(judge(pc))["type", None] == "drifted"


@pytest.mark.parametrize(("name", "control"), [("NtpServer", "servers"), ("Type", "type")])
def test_group_policy_wins(name, control):
    pc = machine()
    pc.registry.set(POLICY, name, text("NT5DS"))
    result = judge(pc)
    assert found(result)[control, None] == "managed_elsewhere"
    assert f"W32Time\\Parameters\\{name}" in reason(result, f"time_sync.{control}")


def test_a_disabled_service_is_made_manual_and_not_started():
    pc = machine()
    pc.registry.set(W32TIME, "Start", Value("REG_DWORD", 4))
    (item,) = judge(pc).writes.as_dict()["services"]
    assert (item["name"], item["start_mode"], item.get("state")) == ("W32Time", "manual", None)
