"""vpn_profile on Windows beyond single values: a tunnel that is up, the VPN network, the Store client."""

from __future__ import annotations

import json

import pytest

from tests.e2e.breakages import BREAKAGES_STORE_CONNECTION

pytestmark = pytest.mark.depth
FLEET = (3, 0)
SSLVPN = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn"
STORE = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\S-1-5-21-1-2-3-1001"
PACKAGE = "FortinetInc.FortiClient_1.0.1041.0_x64__sq9g7krz3c65j"
CONTROL = "vpn_profile.store_connection"
SCRIPT = "{{ lookup('ansible.builtin.file', 'roles/vpn_profile/files/set_vpn_connection.ps1') }}"


def play(fleet, *options, audit=False, **variables):
    if audit:
        return fleet.play("audit.yml", "-e", json.dumps({"endpoint_roles": ["vpn_profile"], **variables}), *options)
    return fleet.play(
        "../tests/e2e/role_entry.yml", "-e", json.dumps({"role_entry": "vpn_profile", **variables}), *options
    )


def wrong_certificate(fleet, host):
    value = {"path": SSLVPN, "name": "no_warn_invalid_cert", "data": 1, "type": "dword"}
    assert fleet.adhoc(host, "ansible.windows.win_regedit", value).returncode == 0


def test_what_was_fixed_is_reported_to_take_effect_later_and_the_run_is_good(fleet):
    run = play(fleet)
    assert run.code == 0, run.output
    fixed = [r for r in run.records if r["status"] == "fixed" and r["role"] == "vpn_profile"]
    assert {r["reason"] for r in fixed} == {
        "takes effect the next time FortiClient starts",
        "takes effect at the next connection",
    }
    assert "note: takes effect the next time FortiClient starts (" in run.output


def test_the_vpn_s_network_is_private_where_windows_knows_it_and_reported_where_not(fleet):
    audit = play(fleet, audit=True)
    networks = {r["endpoint"]: r for r in audit.records if r["control"] == "vpn_profile.network_category"}
    assert {name: r["status"] for name, r in networks.items()} == {
        "win-01": "not_applicable",
        "win-02": "compliant",
        "win-03": "compliant",
    }
    assert "at the first connection" in networks["win-01"]["reason"]


def test_nothing_is_written_while_a_tunnel_is_up_and_all_of_it_afterwards(fleet):
    wrong_certificate(fleet, "win-02")
    fleet.lab("tunnel", "win-02", "up")
    hashes = fleet.hashes()
    run = play(fleet, "--limit", "win-02")
    assert run.code == 2
    (reported,) = [r for r in run.records if r["status"] == "drifted" and r["role"] == "vpn_profile"]
    assert reported["control"] == "vpn_profile.certificate_warning"
    assert reported["reason"].endswith("postponed: a VPN tunnel is up; run again when it is disconnected")
    assert fleet.hashes() == hashes

    fleet.lab("tunnel", "win-02", "down")
    again = play(fleet, "--limit", "win-02")
    assert again.code == 0, again.output
    assert again.of_status("fixed") == {("win-02", "vpn_profile.certificate_warning", None)}


def store(*users):
    connection = {
        "name": "IMR-Store",
        "gateway": "fg.imr.tohoku.ac.jp",
        "users": list(users),
        "proxy_script": "http://proxy.imr.tohoku.ac.jp/proxy.pac",
    }
    return ("--limit", "win-01", "-e", json.dumps({"vpn_profile_store_connections": [connection]}))


def own(fleet, user, **parameters):
    """Do something to the connection as its user, as that user could."""
    options = ("--become", "--become-method", "runas", "--become-user", user)
    arguments = {"script": SCRIPT, "parameters": {"Name": "IMR-Store", **parameters}}
    done = fleet.adhoc("win-01", "ansible.windows.win_powershell", arguments, *options)
    assert done.returncode == 0, done.stdout


def test_a_store_connection_is_made_for_each_named_user_and_repaired_and_taken_off(fleet):
    before = fleet.hashes()["win-01"]
    without = play(fleet, *store("takahashi"))
    assert without.code == 0, without.output
    assert (CONTROL, "not_applicable") in {(r["control"], r["status"]) for r in without.records}
    assert fleet.hashes()["win-01"] == before

    package = {"path": rf"{STORE}\{PACKAGE}"}
    assert fleet.adhoc("win-01", "ansible.windows.win_regedit", package).returncode == 0
    clean = fleet.hashes()["win-01"]
    wanted = {("win-01", CONTROL, "IMR-Store of takahashi"), ("win-01", CONTROL, "IMR-Store of ito")}
    dry = play(fleet, "--check", *store("takahashi", "ito"))
    assert dry.of_status("drifted") == wanted
    assert fleet.hashes()["win-01"] == clean

    made = play(fleet, *store("takahashi", "ito"))
    assert made.code == 0, made.output
    assert made.of_status("fixed") == wanted
    prepared = fleet.hashes()["win-01"]
    assert play(fleet, *store("takahashi", "ito")).of_status("fixed") == set()
    assert fleet.hashes()["win-01"] == prepared

    (table,) = BREAKAGES_STORE_CONNECTION
    for wrong in table["breakages"]:
        own(fleet, "ito", **wrong)
        audit = play(fleet, *store("takahashi", "ito"), audit=True)
        assert audit.of_status("drifted") == {("win-01", CONTROL, "IMR-Store of ito")}
        assert play(fleet, *store("takahashi", "ito")).code == 0
        assert fleet.hashes()["win-01"] == prepared


def test_an_unknown_user_is_an_error_of_his_own_and_a_connection_of_the_user_s_own_is_left_alone(fleet):
    own(
        fleet,
        "yamada",
        Present=True,
        Plugin="Example.Vpn_abc",
        ServerAddress="https://vpn.example.org",
        CustomConfiguration="<a/>",
    )
    hashes = fleet.hashes()
    run = play(fleet, *store("takahashi", "ito", "yamada", "nobody"))
    assert run.code == 2
    assert run.of_status("error") == {
        ("win-01", CONTROL, "IMR-Store of yamada"),
        ("win-01", CONTROL, "IMR-Store of nobody"),
    }
    reasons = {r["instance"]: r["reason"] for r in run.records if r["status"] == "error"}
    assert "was made by somebody else" in reasons["IMR-Store of yamada"]
    assert "could not be read" in reasons["IMR-Store of nobody"]
    assert fleet.hashes() == hashes


def test_absent_takes_the_store_connections_off_too(fleet):
    run = play(fleet, *store("takahashi", "ito"), vpn_profile_state="absent")
    assert run.code == 0, run.output
    assert {instance for _, control, instance in run.of_status("fixed") if control == CONTROL} == {
        "IMR-Store of takahashi",
        "IMR-Store of ito",
    }
    state = json.loads((fleet.directory / "lab/machines/win-01.json").read_text())
    assert [list(names) for names in state["vpn_connections"].values()] == [["IMR-Store"]]
