from __future__ import annotations

import re

import pytest

from lab.windows.machine import CURRENT_VERSION, DEFAULT_HIVE, SERVICES, TERMINAL_SERVER, Machine, forticlient, restart
from lab.windows.machine.accounts import ADMINISTRATORS
from lab.windows.machine.built_in_rules import RULES
from lab.windows.machine.firewall import parse
from lab.windows.machine.registry import RegistryError, Value
from lab.windows.machine.restore_points import PROTECTED_DRIVES
from lab.windows.seed import Variant, build_windows, variants
from lab.windows.seed.conditions import POLICIES, apply_group_policy
from lab.windows.seed.network import NETWORKS
from lab.windows.seed.software import VIEWS
from lab.windows.seed.users import CONNECTIONS, DIRECT, PAC, close_hive, hive_of, proxy_blob
from lab.windows.seed.windows import LSA, RDP_TCP, SECURITY_CENTER, W32TIME

JAPANESE = Variant("11-24H2", "Pro", "ja-JP", "clean")
ENGLISH = Variant("10-22H2", "Pro", "en-US", "half")
ALL = [
    Variant(os, edition, language, condition)
    for os, edition, language in (
        ("10-22H2", "Pro", "en-US"),
        ("11-23H2", "Home", "ja-JP"),
        ("11-24H2", "Pro", "ja-JP"),
    )
    for condition in ("clean", "half", "drifted", "fresh", "managed")
]


def build(variant: Variant, name: str = "pc-1", seed: int = 1) -> Machine:
    return build_windows(name, variant, seed, password="secret")


def rule(machine: Machine, name: str) -> str | None:
    data = machine.registry.data(RULES, name)
    return None if data is None else str(data).partition("|Name=")[0]


def test_the_first_six_variants_cover_the_varieties() -> None:
    first = variants(6, seed=99)
    assert len(first) == 6
    assert {each.os for each in first} == {"10-22H2", "11-23H2", "11-24H2"}
    assert {each.language for each in first} == {"en-US", "ja-JP"}
    assert {each.edition for each in first} == {"Pro", "Home"}
    assert {each.condition for each in first} == {"clean", "half", "drifted", "fresh"}
    assert Variant("11-24H2", "Pro", "ja-JP", "drifted") in first


def test_more_variants_follow_from_the_seed() -> None:
    assert variants(40, 1) == variants(40, 1)
    assert variants(40, 1) != variants(40, 2)
    assert variants(3, 1) == variants(40, 1)[:3]


def test_the_same_name_variant_and_seed_give_the_same_bytes() -> None:
    assert build(JAPANESE).to_bytes() == build(JAPANESE).to_bytes()
    assert build(JAPANESE).to_bytes() != build(JAPANESE, seed=2).to_bytes()
    assert build(JAPANESE).to_bytes() != build(JAPANESE, name="pc-2").to_bytes()


def test_machines_of_one_variant_do_not_share_their_changes() -> None:
    one, two = build(JAPANESE, "pc-1"), build(JAPANESE, "pc-2")
    one.registry.set(TERMINAL_SERVER, "fDenyTSConnections", Value("REG_DWORD", 0))
    assert two.registry.data(TERMINAL_SERVER, "fDenyTSConnections") == 1
    assert build(JAPANESE, "pc-1").registry.data(TERMINAL_SERVER, "fDenyTSConnections") == 1


@pytest.mark.parametrize("variant", ALL, ids=str)
def test_every_variant_is_a_whole_machine(variant: Variant) -> None:
    machine = build(variant)
    rules = machine.registry.values(RULES)
    assert 400 <= len(rules) <= 700
    assert all(parse(str(value.data)).render() == value.data for value in rules.values())
    entries = sum(len(machine.registry.keys(view)) for view in VIEWS.values())
    assert 15 <= entries <= 40
    people = [sid for sid in machine.profiles() if re.match(r"S-1-(5-21|12-1)-", sid)]
    assert 3 <= len(people) <= 5
    assert all(machine.files.is_file(str(machine.hive_path(sid))) for sid in people)
    assert 60 <= len(machine.services) <= 150
    assert all(machine.start_mode(name) in ("Auto", "Manual", "Disabled") for name in machine.services)
    assert Machine.from_json(machine.to_json()).to_bytes() == machine.to_bytes()
    assert [mount for mount in machine.registry.mounts() if "Seed" in mount] == []


@pytest.mark.parametrize(
    ("os", "edition", "build_number", "display", "edition_id"),
    [
        ("10-22H2", "Pro", 19045, "22H2", "Professional"),
        ("11-23H2", "Home", 22631, "23H2", "Core"),
        ("11-24H2", "Pro", 26100, "24H2", "Professional"),
    ],
)
def test_current_version_reports_release_and_edition(
    os: str, edition: str, build_number: int, display: str, edition_id: str
) -> None:
    machine = build(Variant(os, edition, "en-US", "clean"))
    assert machine.build == build_number
    assert machine.edition_id == edition_id
    assert machine.registry.data(CURRENT_VERSION, "DisplayVersion") == display
    assert machine.registry.data(CURRENT_VERSION, "CurrentBuild") == str(build_number)
    assert machine.registry.data(CURRENT_VERSION, "ProductName").startswith("Windows 10 ")


def test_display_names_are_in_the_machines_language() -> None:
    english, japanese = build(ENGLISH), build(JAPANESE)
    assert (english.ui_culture, japanese.ui_culture) == ("en-US", "ja-JP")
    assert english.resource("@FirewallAPI.dll,-28511") == "File and Printer Sharing (SMB-In)"
    assert japanese.resource("@FirewallAPI.dll,-28511") == "ファイルとプリンターの共有 (SMB 受信)"
    assert japanese.resource("@firewallapi.dll,-28775") == "リモート デスクトップ - ユーザー モード (TCP 受信)"
    assert japanese.resource("@FirewallAPI.dll,-28502") == "ファイルとプリンターの共有"
    assert english.resource("@FirewallAPI.dll,-28672") == "File and Printer Sharing (Restrictive)"
    assert english.resource("plain name") == "plain name"
    service = english.registry.data(r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time", "DisplayName")
    assert english.resource(service) == "Windows Time"


def test_smb_rules_have_windows_defaults_on_a_fresh_machine() -> None:
    older = build(Variant("11-23H2", "Pro", "en-US", "fresh"))
    newer = build(Variant("11-24H2", "Pro", "en-US", "fresh"))
    subnet = "Profile=Private|Profile=Public|LPort=445|RA4=LocalSubnet|RA6=LocalSubnet|App=System"
    assert rule(older, "FPS-SMB-In-TCP") == f"v2.32|Action=Allow|Active=FALSE|Dir=In|Protocol=6|{subnet}"
    assert rule(older, "FPS-SMB-In-TCP-NoScope") == (
        "v2.32|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Domain|LPort=445|App=System"
    )
    assert rule(older, "FPS-SMB-In-TCP-V2") is None
    assert rule(newer, "FPS-SMB-In-TCP-V2") == "v2.33|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=445|App=System"


def test_remote_desktop_is_off_with_nla_on_a_clean_machine_and_on_without_it_on_a_half_one() -> None:
    clean, half = build(JAPANESE), build(ENGLISH)
    home = build(Variant("10-22H2", "Home", "en-US", "half"))

    def state(machine: Machine) -> tuple[int, int]:
        registry = machine.registry
        return registry.data(TERMINAL_SERVER, "fDenyTSConnections"), registry.data(RDP_TCP, "UserAuthentication")

    assert [state(machine) for machine in (clean, half, home)] == [(1, 1), (0, 0), (1, 1)]
    assert clean.start_mode("TermService") == "Manual"
    assert "Active=TRUE" in str(rule(half, "RemoteDesktop-UserMode-In-TCP"))


def test_a_fresh_machine_has_no_trace_of_forticlient() -> None:
    machine = build(Variant("11-24H2", "Home", "en-US", "fresh"))
    assert forticlient.installed_version(machine) is None
    assert not machine.registry.exists(r"HKLM\SOFTWARE\Fortinet")
    assert machine.service("FA_Scheduler") is None
    assert machine.tunnel_adapters() == []


def test_a_clean_machine_has_the_client_and_only_the_users_own_connection_with_a_saved_name() -> None:
    machine = build(JAPANESE)
    code = "{15C7B361-A0B2-4E79-93E0-868B5000BA3F}"
    assert machine.registry.data(f"{forticlient.UNINSTALL}\\{code}", "DisplayName") == "FortiClient VPN"
    assert str(forticlient.installed_version(machine)).startswith("7.4.3.")
    assert machine.registry.keys(forticlient.TUNNELS) == ["SPring8"]
    assert machine.registry.data(forticlient.TUNNELS + r"\SPring8", "DATA1").startswith("EncX ")
    assert [adapter.status for adapter in machine.tunnel_adapters()] == ["Disconnected"]
    assert machine.services["FA_Scheduler"].state == "Running"


def test_version_7_0_shows_the_ppp_adapter_and_the_dial_up_entry() -> None:
    machine = build(ENGLISH)
    assert forticlient.installed_version(machine) == "7.0.7.0345"
    assert [adapter.name for adapter in machine.tunnel_adapters()] == ["Ethernet 2", "fortissl"]
    machine.connect_tunnel()
    assert [adapter.status for adapter in machine.tunnel_adapters()] == ["Disconnected", "Up"]
    owner = next(sid for sid in machine.profiles() if sid.endswith("-1002"))
    phonebook = machine.profiles()[owner] + r"\AppData\Roaming\Microsoft\Network\Connections\Pbk\rasphone.pbk"
    assert machine.files.read(phonebook).startswith(b"[fortissl]\r\n")
    hive = hive_of(machine, owner)
    assert b"http://proxy.example.ac.jp/proxy.pac" in machine.registry.data(rf"{hive}\{CONNECTIONS}", "fortissl")
    close_hive(machine)
    profiles = [machine.registry.values(f"{NETWORKS}\\{key}") for key in machine.registry.keys(NETWORKS)]
    vpn = [profile for profile in profiles if profile["NameType"].data == 23]
    assert [(str(each["ProfileName"].data), each["Category"].data) for each in vpn] == [("fortissl", 0)]


def test_a_drifted_machine_is_open_to_everyone_and_points_elsewhere() -> None:
    machine = build(Variant("11-24H2", "Pro", "ja-JP", "drifted"))
    smb = str(rule(machine, "FPS-SMB-In-TCP"))
    assert "Active=TRUE" in smb
    assert "RA4" not in smb
    assert "Active=TRUE" in str(rule(machine, "FPS-SMB-In-TCP-V2"))
    assert machine.registry.data(forticlient.TUNNELS + r"\IMR", "Server") == "oldvpn.example.ac.jp:10443"
    assert machine.start_mode("TermService") == "Disabled"
    assert machine.registry.data(W32TIME + r"\Parameters", "NtpServer") == "ntp.nict.jp,0x8"
    assert restart.pending(machine)["windows_update"]


def test_the_owner_is_logged_on_except_on_half_configured_machines() -> None:
    clean, half = build(JAPANESE), build(ENGLISH)
    assert half.sessions == set()
    assert len(clean.sessions) == 1
    owner = clean.sessions.copy().pop()
    assert clean.registry.mounts()[f"HKU\\{owner}"] == clean.hive_path(owner)
    assert clean.registry.exists(rf"HKU\{owner}\Volatile Environment")
    with pytest.raises(RegistryError, match="used by another process"):
        hive_of(clean, owner)


def test_the_administrator_of_the_controller_can_log_on() -> None:
    machine = build_windows("pc-1", JAPANESE, 1, admin="itstaff", password="secret")
    user = machine.accounts.user("itstaff")
    assert user is not None
    assert user.sid == f"{machine.accounts.machine_sid}-1001"
    assert user.check_password("secret")
    assert machine.is_admin("itstaff")
    assert machine.profiles()[user.sid] == r"C:\Users\itstaff"


def test_some_machines_have_entra_accounts_and_members_that_resolve_to_nothing() -> None:
    machines = [build(JAPANESE, f"pc-{number}") for number in range(12)]
    profiles = [sid for machine in machines for sid in machine.profiles() if sid.startswith("S-1-12-1-")]
    members = [(machine, sid) for machine in machines for sid in machine.groups[ADMINISTRATORS].members]
    assert 0 < len(profiles) < 12
    assert any(machine.name_of(sid) is None for machine, sid in members)


def test_new_users_get_what_the_default_profile_holds() -> None:
    machine = build(JAPANESE)
    hive = hive_of(machine, "default")
    machine.registry.set(rf"{hive}\Software\Marker", "x", Value("REG_SZ", "y"))
    close_hive(machine)
    assert machine.registry.mount_of(DEFAULT_HIVE) is None
    sid = machine.accounts.next_sid()
    machine.users[sid] = type(next(iter(machine.users.values())))(sid, "newcomer")
    machine.log_on(sid)
    assert machine.registry.data(rf"HKU\{sid}\Software\Marker", "x") == "y"


def test_proxy_blob_has_the_documented_layout() -> None:
    """The vector of docs/sources/windows.md#proxy-blob-examples, PAC only."""
    blob = proxy_blob(DIRECT | PAC, pac="http://172.29.0.10/proxy.pac")
    head = "46000000010000000500000000000000000000001c000000"
    assert blob == bytes.fromhex(head) + b"http://172.29.0.10/proxy.pac" + bytes(32)
    assert len(blob) == 84


def test_a_managed_machine_is_governed_by_group_policy() -> None:
    registry = build(Variant("11-24H2", "Pro", "en-US", "managed")).registry
    firewall = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
    terminal = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
    assert registry.keys(firewall) == ["DomainProfile", "PrivateProfile", "PublicProfile"]
    assert registry.data(firewall + r"\PrivateProfile", "AllowLocalPolicyMerge") == 0
    assert registry.data(terminal, "fDenyTSConnections") == 1
    assert not build(JAPANESE).registry.exists(firewall)


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_every_policy_leaves_something_under_policies(kind: str) -> None:
    machine = build(JAPANESE)
    before = (
        list(machine.registry.walk(r"HKLM\SOFTWARE\Policies"))
        if machine.registry.exists(r"HKLM\SOFTWARE\Policies")
        else []
    )
    apply_group_policy(machine, kind)
    assert list(machine.registry.walk(r"HKLM\SOFTWARE\Policies")) != before


def test_installing_another_version_replaces_the_entry_and_keeps_the_connections() -> None:
    machine = build(ENGLISH)
    forticlient.install(machine, "7.4.3.8758")
    assert forticlient.installed_version(machine) == "7.4.3.8758"
    assert machine.registry.keys(forticlient.TUNNELS) == ["IMR", "SPring8"]
    names = [
        machine.registry.data(f"{forticlient.UNINSTALL}\\{key}", "DisplayName")
        for key in machine.registry.keys(forticlient.UNINSTALL)
    ]
    assert names.count("FortiClient VPN") == 1


def test_removing_the_client_leaves_connections_drivers_and_rules_behind() -> None:
    machine = build(ENGLISH)
    rules = machine.registry.values(RULES)
    forticlient.remove(machine)
    assert forticlient.installed_version(machine) is None
    assert machine.service("FA_Scheduler") is None
    assert machine.tunnel_adapters() == []
    assert not machine.files.exists(forticlient.FOLDER)
    assert machine.registry.keys(forticlient.TUNNELS) == ["IMR", "SPring8"]
    assert machine.registry.exists(r"HKLM\SYSTEM\CurrentControlSet\Services\FortiFilter")
    assert machine.registry.values(RULES) == rules


def test_system_protection_is_off_on_a_fresh_machine_and_on_on_a_clean_one() -> None:
    assert not build(Variant("11-24H2", "Pro", "en-US", "fresh")).registry.exists(PROTECTED_DRIVES)
    assert build(JAPANESE).registry.exists(PROTECTED_DRIVES)


def test_a_clean_machine_asks_for_passwords_and_has_no_other_maker_s_firewall() -> None:
    machine = build(JAPANESE)
    options = {name.lower(): machine.registry.data(LSA, name) for name in machine.registry.values(LSA)}
    assert options == {
        "limitblankpassworduse": 1,
        "forceguest": 0,
        "everyoneincludesanonymous": 0,
        "restrictanonymous": 0,
        "restrictanonymoussam": 1,
    }
    assert machine.registry.keys(SECURITY_CENTER + r"\Fw") == []
    (antivirus,) = machine.registry.keys(SECURITY_CENTER + r"\Av")
    assert machine.registry.data(SECURITY_CENTER + rf"\Av\{antivirus}", "STATE") == 0x61100


def test_on_a_drifted_machine_somebody_opened_shares_to_all() -> None:
    machine = build(Variant("11-24H2", "Pro", "ja-JP", "drifted"))
    server = SERVICES + r"\LanmanServer\Parameters"
    assert machine.registry.data(LSA, "everyoneincludesanonymous") == 1
    assert machine.registry.data(server, "RestrictNullSessAccess") == 0
