"""One laptop's whole way, with somebody else's settings in it, by the real wrapper and modules on a Win32 registry.

What is there before and after is compared key by key by `reg export`, which nothing of the project uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.real import registry_export
from tests.real.endpoint import Endpoint
from tests.real.plays import Run, play

SEEDS = ("laptop.reg", "somebody_else.reg")
TUNNELS = r"HKEY_LOCAL_MACHINE\Software\Fortinet\FortiClient\Sslvpn\Tunnels"
PROFILE = (
    r"HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles"
    r"\{1B2C3D4E-0000-4000-8000-00000000000A}"
)
WININET = r"HKEY_USERS\S-1-5-21-0-0-0-1000\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
# What Wine writes by itself when it starts, and when a first program asks for network adapters or the event log.
OF_WINE = (
    r"HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\NetworkCards",
    r"HKEY_LOCAL_MACHINE\Software\Wow6432Node\Microsoft\Windows NT\CurrentVersion\NetworkCards",
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\Class",
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\DeviceClasses",
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\ServiceCurrent",
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\Video",
    r"HKEY_USERS\S-1-5-21-0-0-0-1000\Software\Wine\Temporary System Parameters",
    # Ansible notes each module in the event log, and .NET makes a source of that name.
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\Eventlog\Application",
)
# The 32-bit view of the same keys.
SHARED = r"HKEY_LOCAL_MACHINE\Software\Wow6432Node\Policies"
DRIFTED = {
    ("fortissl_proxy.connection", "IMR"),
    ("fortissl_proxy.connection", "fortissl"),
    ("fortissl_proxy.firefox_mode", None),
    ("fortissl_proxy.firefox_pac", None),
    ("vpn_profile.certificate_warning", None),
    ("vpn_profile.description", "IMR"),
    ("vpn_profile.network_category", "{1B2C3D4E-0000-4000-8000-00000000000A}"),
    ("vpn_profile.prompt_certificate", "IMR"),
    ("vpn_profile.prompt_user_name", "IMR"),
    ("vpn_profile.self_update", "FortiClient"),
    ("vpn_profile.server", "IMR"),
    ("vpn_profile.server_certificate", "IMR"),
    ("vpn_profile.single_sign_on", "IMR"),
}
SERVER_AND_ITS_CERTIFICATE = {("vpn_profile.server", "IMR"), ("vpn_profile.server_certificate", "IMR")}


@dataclass
class Way:
    """Every run, and what the registry was after it."""

    runs: dict[str, Run] = field(default_factory=dict)
    registry: dict[str, registry_export.Keys] = field(default_factory=dict)

    def changed(self, before: str, after: str) -> list[str]:
        lines = registry_export.differences(self.registry[before], self.registry[after])
        return registry_export.without(lines, [*OF_WINE, SHARED])


@pytest.fixture(scope="module")
def way(endpoint: Endpoint) -> Way:
    way = Way()
    tunnel = TUNNELS.replace("HKEY_LOCAL_MACHINE", "HKLM") + r"\IMR"
    way.registry["before"] = endpoint.export()
    way.runs["audit"] = play(endpoint, "audit")
    way.runs["check"] = play(endpoint, "site", "--check", "--diff")
    way.registry["check"] = endpoint.export()
    way.runs["site"] = play(endpoint, "site")
    way.registry["site"] = endpoint.export()
    endpoint.restart()
    way.runs["again"] = play(endpoint, "site")
    way.registry["again"] = endpoint.export()
    endpoint.wine("reg", "add", tunnel, "/v", "Server", "/d", "192.0.2.66:8443", "/f")
    endpoint.wine("reg", "delete", tunnel, "/v", "ServerCert", "/f")
    way.registry["drift"] = endpoint.export()
    way.runs["found"] = play(endpoint, "audit")
    # It prepares as site.yml does; nothing answers for the gateway at this address.
    way.runs["handover"] = play(endpoint, "handover", "-e", "handover_gateway_address=127.0.0.1")
    way.registry["handover"] = endpoint.export()
    run = way.runs["handover"].id
    way.runs["undo"] = play(endpoint, "undo", "-e", f"run={run}", "-e", '{"endpoint_undo_ask": false}')
    way.registry["undo"] = endpoint.export()
    way.runs["retire"] = play(endpoint, "retire")
    way.registry["retire"] = endpoint.export()
    return way


def test_an_audit_and_a_dry_run_say_what_is_wrong_and_write_nothing(way: Way) -> None:
    for name, code in (("audit", 2), ("check", 0)):
        assert way.runs[name].code == code, way.runs[name].output
        assert way.runs[name].of_status("drifted") == DRIFTED
    assert way.changed("before", "check") == []


def test_what_was_wrong_is_written_and_nothing_else_but_the_note(way: Way) -> None:
    run = way.runs["site"]
    assert run.code == 0, run.output
    assert run.of_status("fixed") == DRIFTED
    assert {record["status"] for record in run.records} == {"fixed", "compliant", "not_applicable"}
    note = r"+ HKEY_LOCAL_MACHINE\Software\OffsiteEndpoints"
    written = [line.partition(" = ")[0] for line in way.changed("check", "site") if not line.startswith(note)]
    assert written == [
        r"+ HKEY_LOCAL_MACHINE\Software\Fortinet\FortiClient\FA_UPDATE",
        r"+ HKEY_LOCAL_MACHINE\Software\Fortinet\FortiClient\FA_UPDATE enabled",
        r"~ HKEY_LOCAL_MACHINE\Software\Fortinet\FortiClient\Sslvpn no_warn_invalid_cert",
        rf"~ {TUNNELS}\IMR Description",
        rf"~ {TUNNELS}\IMR Server",
        rf"+ {TUNNELS}\IMR ServerCert",
        rf"+ {TUNNELS}\IMR promptcertificate",
        rf"~ {TUNNELS}\IMR promptusername",
        rf"+ {TUNNELS}\IMR sso_enabled",
        rf"~ {PROFILE} Category",
        r"+ HKEY_LOCAL_MACHINE\Software\Policies\Mozilla\Firefox\Proxy AutoConfigURL",
        r"~ HKEY_LOCAL_MACHINE\Software\Policies\Mozilla\Firefox\Proxy Mode",
        rf"+ {WININET} IMR",
        rf"~ {WININET} fortissl",
    ]
    assert way.registry["site"][rf"{TUNNELS}\IMR"] == {
        "DATA1": '"suzuki"',
        "Description": '"IMR SSL-VPN"',
        "Server": '"fg.imr.tohoku.ac.jp:443"',
        "ServerCert": '"1"',
        "empty": "hex(0):",
        "odd": "hex(7):61,00,00,00,00,00,62,00,00,00,00,00",
        "promptcertificate": "dword:00000000",
        "promptusername": "dword:00000001",
        "sso_enabled": "dword:00000000",
    }


def test_a_second_run_after_a_restart_changes_nothing(way: Way) -> None:
    run = way.runs["again"]
    assert run.code == 0, run.output
    assert run.of_status("fixed") == set()
    assert " changed" not in run.output
    assert way.changed("site", "again") == []


def test_what_others_changed_is_found_and_a_handover_repairs_it(way: Way) -> None:
    assert way.changed("again", "drift") == [
        rf'~ {TUNNELS}\IMR Server = "fg.imr.tohoku.ac.jp:443" -> "192.0.2.66:8443"',
        rf'- {TUNNELS}\IMR ServerCert = "1"',
    ]
    assert way.runs["found"].code == 2
    assert way.runs["found"].of_status("drifted") == SERVER_AND_ITS_CERTIFICATE
    run = way.runs["handover"]
    assert run.of_status("fixed") == SERVER_AND_ITS_CERTIFICATE, run.output
    assert way.changed("again", "handover") == []
    # It may not leave, for no gateway showed its certificate.
    assert run.code == 2
    assert "laptop-01: NOT READY: " in run.output
    wrong = run.of_status("error") | run.of_status("drifted")
    assert ("handover.gateway_certificate", "fg.imr.tohoku.ac.jp:443") in wrong
    assert {control.partition(".")[0] for control, _ in wrong} == {"handover"}


def test_undo_puts_back_what_a_run_had_fixed(way: Way) -> None:
    assert way.runs["undo"].code == 0, way.runs["undo"].output
    assert way.changed("drift", "undo") == []


def test_after_retiring_all_is_as_it_was_before(way: Way) -> None:
    run = way.runs["retire"]
    assert run.code == 0, run.output
    assert way.changed("before", "retire") == []
    # The comparison sees what others had: their keys are in both exports.
    assert rf"{TUNNELS}\学会 [2026] * %TEMP%" in way.registry["retire"]
