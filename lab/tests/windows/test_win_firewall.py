"""Firewall rules: the registry's strings, COM's view of them, and win_firewall_rule on both."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.windows.machines import predicts, run, small_machine
from lab.windows.machine import Machine
from lab.windows.machine.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine.firewall_com import assign, properties
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows, variants

MODULE = "community.windows.win_firewall_rule"
GROUP = "@FirewallAPI.dll,-28502"
SMB_NAME = {"en-US": "File and Printer Sharing (SMB-In)", "ja-JP": "ファイルとプリンターの共有 (SMB 受信)"}
SMB = (
    "v2.33|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Private|Profile=Public|LPort=445|RA4=LocalSubnet|"
    "RA6=LocalSubnet|App=System|Name=@FirewallAPI.dll,-28511|Desc=@FirewallAPI.dll,-28514|"
    "EmbedCtxt=@FirewallAPI.dll,-28502|"
)
SMB_ANYWHERE = (
    "v2.33|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Domain|LPort=445|App=System|"
    "Name=@FirewallAPI.dll,-28511|EmbedCtxt=@FirewallAPI.dll,-28502|"
)
BROWSER = "v2.33|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=5353|LPort2_10=6000-6010|Name=Browser|"


def machine_with(language: str = "en-US", **rules: str) -> Machine:
    machine = small_machine(language)
    machine.registry.create(LOCAL_RULES)
    for rule_id, text in rules.items():
        machine.registry.set(LOCAL_RULES, rule_id, Value("REG_SZ", text))
    return machine


def rule(machine: Machine, rule_id: str) -> str:
    return str(machine.registry.values(LOCAL_RULES)[rule_id].data)


@pytest.mark.parametrize("text", [SMB, SMB_ANYWHERE, BROWSER, "v2.10|", "v2.26|Unheard=Of|Name=a=b|"])
def test_a_string_survives_parsing_and_rendering(text: str) -> None:
    assert parse(text).render() == text


@pytest.mark.parametrize("text", ["", "Action=Allow|", "v2.33|Action=Allow", "v2.33|Action|"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="firewall rule"):
        parse(text)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (["172.29.0.0/16"], [("RA4", "172.29.0.0/255.255.0.0")]),
        (["172.29.5.9/16"], [("RA4", "172.29.0.0/255.255.0.0")]),
        (["10.0.0.1/32"], [("RA4", "10.0.0.1")]),
        (["10.0.0.1-10.0.0.9"], [("RA4", "10.0.0.1-10.0.0.9")]),
        (["2001:DB8::/32"], [("RA6", "2001:db8::/32")]),
        (
            ["localsubnet", "10.0.0.0/255.0.0.0"],
            [("RA4", "LocalSubnet"), ("RA4", "10.0.0.0/255.0.0.0"), ("RA6", "LocalSubnet")],
        ),
        (["IntrAnet"], [("RA42", "IntrAnet"), ("RA62", "IntrAnet")]),
        (["10.0.0.0/8", "10.1.1.1/8"], [("RA4", "10.0.0.0/255.0.0.0")]),
        (["*"], []),
        (["Any"], []),
        ([], []),
    ],
)
def test_addresses_are_kept_as_the_registry_keeps_them(given: list[str], fields: list[tuple[str, str]]) -> None:
    found = Rule("v2.33", [("Action", "Allow"), ("RA4", "LocalSubnet"), ("RA6", "LocalSubnet"), ("Name", "x")])
    found.put_addresses("R", given)
    assert found.fields == [("Action", "Allow"), *fields, ("Name", "x")]


@pytest.mark.parametrize("bad", ["300.1.1.1", "10.0.0.9-10.0.0.1", "0.0.0.0/0", "fg.example.org", "10.0.0.0/8,*"])
def test_addresses_that_windows_refuses_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        Rule("v2.33").put_addresses("R", [bad])


def test_ports_ranges_and_keywords_go_to_their_own_fields() -> None:
    found = Rule("v2.33", [("Protocol", "6"), ("Name", "x")])
    found.put_ports("L", ["80", "6000-6010", "rpc-epmap"])
    assert found.render() == "v2.33|Protocol=6|LPort=80|LPort=RPC-EPMap|LPort2_10=6000-6010|Name=x|"
    assert found.ports("L") == ["80", "RPC-EPMap", "6000-6010"]


@pytest.mark.parametrize(("protocol", "port"), [("6", "70000"), ("6", "9-1"), ("6", "http"), ("1", "80")])
def test_a_bad_port_or_one_without_tcp_or_udp_is_refused(protocol: str, port: str) -> None:
    with pytest.raises(ValueError, match="port"):
        Rule("v2.33", [("Protocol", protocol)]).put_ports("L", [port])


@pytest.mark.parametrize("variant", variants(3, 1), ids=lambda variant: f"{variant.os} {variant.language}")
def test_writing_what_com_shows_changes_nothing_that_com_shows(variant: Variant) -> None:
    machine = build_windows("pc1", variant, 1)
    rules = machine.registry.values(LOCAL_RULES)
    assert len(rules) > 300
    for value in rules.values():
        found = parse(str(value.data))
        assert found.render() == value.data
        before = properties(machine, found)
        for prop in before.keys() - {"Description", "ApplicationName"}:  # shown translated and expanded
            assign(found, prop, before[prop])
        assert properties(machine, found) == before


def test_com_shows_a_rule_in_its_own_terms() -> None:
    shown = properties(machine_with("ja-JP"), parse(SMB.replace("RA4=LocalSubnet", "RA4=10.1.2.3")))
    assert {
        key: shown[key] for key in ("Grouping", "Profiles", "RemoteAddresses", "LocalPorts", "Enabled", "Protocol")
    } == {
        "Grouping": "@FirewallAPI.dll,-28502",
        "Profiles": 6,
        "RemoteAddresses": "10.1.2.3/255.255.255.255,LocalSubnet",
        "LocalPorts": "445",
        "Enabled": False,
        "Protocol": 6,
    }


@pytest.mark.parametrize("language", ["en-US", "ja-JP"])
def test_a_rule_is_found_by_its_name_in_the_language_of_the_machine(language: str) -> None:
    machine = machine_with(language, **{"FPS-SMB-In-TCP": SMB})
    result = predicts(machine, MODULE, {"name": SMB_NAME[language], "enabled": True})
    assert result["msg"] == f"Firewall rule(s) changed '{SMB_NAME[language]}' - unchanged ''"
    assert rule(machine, "FPS-SMB-In-TCP") == SMB.replace("Active=FALSE", "Active=TRUE")


def test_an_english_name_on_a_japanese_machine_makes_a_second_rule_open_to_all() -> None:
    machine = machine_with("ja-JP", **{"FPS-SMB-In-TCP": SMB})
    result = predicts(machine, MODULE, {"name": SMB_NAME["en-US"], "localport": "445", "protocol": "tcp"})
    assert result["msg"] == f"Firewall rule '{SMB_NAME['en-US']}' created."
    added = [rule_id for rule_id in machine.registry.values(LOCAL_RULES) if rule_id != "FPS-SMB-In-TCP"]
    assert len(added) == 1
    assert added[0].startswith("{")
    assert rule(machine, added[0]) == (
        "v2.33|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445|Name=File and Printer Sharing (SMB-In)|"
    )
    assert rule(machine, "FPS-SMB-In-TCP") == SMB


def test_a_group_selects_by_its_raw_name_and_never_creates() -> None:
    machine = machine_with("ja-JP", a=SMB, b=SMB_ANYWHERE, c=BROWSER)
    result = predicts(machine, MODULE, {"group": GROUP, "remoteip": "172.29.0.0/16,LocalSubnet"})
    assert result["changed"]
    assert "RA4=172.29.0.0/255.255.0.0|RA4=LocalSubnet|RA6=LocalSubnet|" in rule(machine, "a")
    assert "RA4=172.29.0.0/255.255.0.0|RA4=LocalSubnet|RA6=LocalSubnet|" in rule(machine, "b")
    assert rule(machine, "c") == BROWSER
    assert predicts(machine, MODULE, {"group": "ファイルとプリンターの共有", "enabled": True}) == {
        "changed": False,
        "diff": {"prepared": ""},
    }


@pytest.mark.parametrize(
    "same", ["172.29.0.0/255.255.0.0,LocalSubnet", "localsubnet,172.29.0.0/16", "172.29.9.9/16,LocalSubnet"]
)
def test_other_spellings_of_the_same_addresses_change_nothing(same: str) -> None:
    machine = machine_with(a=SMB)
    run(machine, MODULE, {"group": GROUP, "remoteip": "172.29.0.0/16,LocalSubnet"})
    assert not predicts(machine, MODULE, {"group": GROUP, "remoteip": same})["changed"]


def test_any_takes_the_scope_off() -> None:
    machine = machine_with(a=SMB)
    predicts(machine, MODULE, {"group": GROUP, "remoteip": "any"})
    assert rule(machine, "a") == SMB.replace("RA4=LocalSubnet|RA6=LocalSubnet|", "")


def test_the_diff_shows_what_com_shows() -> None:
    machine = machine_with(a=SMB)
    result = run(machine, MODULE, {"group": GROUP, "remoteip": "10.0.0.0/8", "profiles": ["private"]}, check=True)
    assert result["diff"]["prepared"] == (
        "[File and Printer Sharing (SMB-In)]\n"
        "-Profiles='6'\n+Profiles='2'\n"
        "-RemoteAddresses='LocalSubnet'\n+RemoteAddresses='10.0.0.0/255.0.0.0'\n"
    )


def test_only_what_is_given_is_compared() -> None:
    machine = machine_with(a=SMB)
    assert not predicts(machine, MODULE, {"name": SMB_NAME["en-US"], "action": "allow", "localport": "445"})["changed"]
    assert rule(machine, "a") == SMB


def test_removing_by_group_removes_the_first_rule_of_the_same_display_name() -> None:
    stranger = SMB.replace("EmbedCtxt=@FirewallAPI.dll,-28502|", "EmbedCtxt=Mine|")
    machine = machine_with(a=stranger, b=SMB)
    result = predicts(machine, MODULE, {"group": GROUP, "state": "absent"})
    assert result["msg"] == "Firewall rule(s) 'File and Printer Sharing (SMB-In)' removed."
    assert list(machine.registry.values(LOCAL_RULES)) == ["b"]


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({"name": "x", "state": "absent"}, "Firewall rule 'x' does not exist."),
        ({"group": "x", "state": "absent"}, "No firewall rules in group 'x' exist."),
    ],
)
def test_removing_what_is_not_there_changes_nothing(args: dict[str, Any], msg: str) -> None:
    result = predicts(machine_with(a=SMB), MODULE, args)
    assert (result["changed"], result["msg"]) == (False, msg)


@pytest.mark.parametrize(
    ("args", "msg"),
    [
        ({}, "Either name or group must be specified"),
        ({"name": "x", "protocol": "tpc"}, "Unknown protocol 'tpc'."),
        ({"name": "x", "profiles": ["home"]}, "Unknown profile 'home'."),
        (
            {"name": "x", "localport": "80"},
            'Exception setting "LocalPorts": "Value does not fall within the expected range."',
        ),
        (
            {"name": "x", "remoteip": "everywhere"},
            'Exception setting "RemoteAddresses": "Value does not fall within the expected range."',
        ),
    ],
)
def test_what_com_refuses_fails_and_changes_nothing(args: dict[str, Any], msg: str) -> None:
    machine = machine_with(a=SMB)
    before = machine.to_bytes()
    result = run(machine, MODULE, args)
    assert (result["failed"], result["msg"]) == (True, msg)
    assert machine.to_bytes() == before


def test_undocumented_options_work_as_in_the_module() -> None:
    machine = machine_with()
    args = {"name": "x", "interfacetypes": ["ras"], "edge": "deferuser", "security": "authdynenc", "service": "Foo"}
    predicts(machine, MODULE, {**args, "icmp_type_code": ["8:*"], "protocol": "icmpv4"})
    (created,) = (str(value.data) for value in machine.registry.values(LOCAL_RULES).values())
    assert created == (
        "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=1|ICMP4=8:*|IFType=RemoteAccess|Svc=Foo|Name=x|Defer=User|"
        "Security=AuthenticateEncrypt|Security2=AnE-Nego|"
    )
    assert not predicts(machine, MODULE, args)["changed"]


def test_without_the_firewalls_service_nothing_is_answered() -> None:
    machine = build_windows("win-01", Variant("11-24H2", "Pro", "en-US", "clean"), 7, password="x")
    machine.services["mpssvc"].state = "Stopped"
    before = machine.to_bytes()
    result = run(machine, "community.windows.win_firewall_rule", {"name": "Own", "localport": "80", "protocol": "tcp"})
    assert (result["failed"], "There are no more endpoints available from the endpoint mapper." in result["msg"]) == (
        True,
        True,
    )
    assert machine.to_bytes() == before
