"""Six Macs, macOS 11 to 26, one with the Python stub only, one Japanese with renamed network services.

Prepared, left alone, restarted, broken and repaired, given back.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from lab.downloads import python_package
from lab.macos.media import package_bytes
from lab.macos.pf import Packet, verdict
from tests.e2e.test_absent import differences

pytestmark = pytest.mark.depth
FLEET = (0, 6)
NAMES = {"mac-01", "mac-02", "mac-03", "mac-04", "mac-05", "mac-06"}
STUB = "mac-06"
TUNNELLED = "mac-05"
BUNDLE = "com.fortinet.forticlient.macos.vpn"
OFFICE = ("-i", "tests/e2e/macs_in_office.yml")
DESIRED = {
    "fortissl_proxy_network_services": ["Wi-Fi", "Lab Wi-Fi", "研究室 Wi-Fi", '研究室 "Wi-Fi" 5/2.4GHz', BUNDLE],
    "rdp_enable_keep_awake": True,
    "time_sync_enable": True,
    "time_sync_servers": ["ntp1.example.org", "ntp2.example.org"],
}
ALL = (*OFFICE, "-e", json.dumps(DESIRED))
# What only a person at the Mac or an MDM can do (docs/sources/macos.md#screen-sharing,
# docs/sources/forticlient.md#approvals-on-a-mac), and shares that IT has to judge.
BY_HAND = {"rdp_enable.screen_sharing", "smb_firewall_scope.guest_shares", "forticlient_install.system_extension"}
BY_HAND |= {"smb_firewall_scope.file_sharing"}
# docs/retire.md, What stays: Ansible's own folder in the connecting user's home, macOS' file for guests. The client's
# agents were restarted, its uninstaller leaves the receipts, and macOS keeps its extension until the next restart.
STAYS = re.compile(
    r"/files//Users/labadmin/\.ansible|com\.apple\.smb\.server\.plist|^/launchd/jobs/\S+/pid "
    r"|^/receipts/com\.fortinet\."
    r'|^/system_extensions \[\{[^{}]*"state": "terminated waiting to uninstall on reboot"[^{}]*\}\]$'
)


def state(fleet, name: str) -> dict[str, Any]:
    return json.loads((fleet.directory / f"lab/machines/{name}.json").read_text(encoding="utf-8"))


def wifi(fleet, name: str) -> str:
    """Return what the Mac calls its Wi-Fi service; its user may have renamed it."""
    return next(item["name"] for item in state(fleet, name)["network"]["services"] if item["port"] == "Wi-Fi")


def without_blank_addresses(machine: dict[str, Any]) -> dict[str, Any]:
    """Return a machine's state with no address for a blank one, which is all that networksetup can write."""
    text = json.dumps(machine).replace('"url": " "', '"url": null')
    found: dict[str, Any] = json.loads(text)
    return found


def command(fleet, name: str, *argv: str) -> str:
    """Run a command as root, as a person who sits at the Mac."""
    done = fleet.adhoc(name, "ansible.builtin.command", {"argv": list(argv)}, "--become")
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def before(fleet):
    """Return the machines as they were before the roles came; the one without a Python has been given one, by hand
    written into its variables as macos_python.yml says."""
    content = package_bytes(python_package("3.13.9"), 12_000_000)
    package = fleet.directory / "python.pkg"
    package.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    given = {"macos_python_package": str(package), "macos_python_sha256": sha256}
    enrolled = fleet.play("macos_python.yml", "--limit", STUB, "-e", json.dumps(given))
    assert "ansible_python_interpreter: /usr/local/bin/python3.13" in enrolled.output
    name_it = {"ansible_python_interpreter": "/usr/local/bin/python3.13"}
    (fleet.directory / "enrolled.yml").write_text(json.dumps({"all": {"hosts": {STUB: name_it}}}))
    fleet.more_inventory += ["-i", str(fleet.directory / "enrolled.yml")]
    return {name: state(fleet, name) for name in NAMES}


def test_they_are_the_six_that_are_promised(before):
    releases = {name: before[name]["system"]["product_version"].partition(".")[0] for name in NAMES}
    assert sorted(releases.values()) == ["11", "12", "13", "14", "15", "26"]
    assert before["mac-03"]["system"]["language"] == "ja"
    assert [item["name"] for item in before["mac-03"]["network"]["services"]][1] == '研究室 "Wi-Fi" 5/2.4GHz'
    assert {name: before[name]["pythons"] for name in NAMES if before[name]["pythons"]} == {STUB: ["3.13.9"]}


@pytest.fixture(scope="module")
def first(fleet, before):
    return fleet.play("site.yml", *ALL)


def test_all_that_ansible_can_do_is_done_and_the_rest_is_reported_with_its_step(fleet, first):
    assert first.of_status("error", "unreachable") == set(), first.output
    assert {control for _, control, _ in first.of_status("drifted")} <= BY_HAND
    for record in first.records:
        if record["status"] == "drifted":
            assert record["next"], record
    assert {endpoint for endpoint, _, _ in first.of_status("fixed")} == NAMES


def test_the_second_run_changes_nothing(fleet, first):
    hashes = fleet.hashes()
    second = fleet.play("site.yml", *ALL)
    assert re.search(r"^In all: 6 of 6 endpoints, \d+", second.output, re.MULTILINE)
    assert second.of_status("fixed", "error") == set()
    assert fleet.hashes() == hashes


def test_retiring_gives_the_macs_back_and_they_can_be_prepared_again(fleet, before, first):
    gone = fleet.play("retire.yml", *ALL)
    assert gone.code == 0, gone.output[-4000:]
    left = {
        name: [
            line
            for line in differences(before[name], without_blank_addresses(state(fleet, name)))
            if not STAYS.search(line)
        ]
        for name in NAMES
    }
    again = fleet.play("site.yml", *ALL)
    assert {name: lines for name, lines in left.items() if lines} == {}
    assert again.of_status("error", "unreachable") == set(), again.output[-4000:]


@pytest.mark.parametrize(
    ("source", "answer"), [("172.31.4.5", "pass"), ("198.51.100.7", "block"), ("172.16.20.2", "block")]
)
def test_the_vpn_s_addresses_reach_the_shares_and_others_do_not(fleet, first, source, answer):
    for name in NAMES:
        assert verdict(state(fleet, name)["pf"], Packet(source, "172.20.90.10", 445)) == answer, name
        assert verdict(state(fleet, name)["pf"], Packet(source, "172.20.90.10", 22)) == "pass", name


def test_the_rules_come_back_with_a_restart(fleet, first):
    loaded = state(fleet, "mac-03")["pf"]["anchors"]
    fleet.lab("reboot", "mac-03")
    audit = fleet.play("audit.yml", *ALL, "--limit", "mac-03")
    assert {control for _, control, _ in audit.of_status("drifted", "error")} <= BY_HAND
    assert state(fleet, "mac-03")["pf"]["anchors"] == loaded
    assert state(fleet, "mac-03")["pf"]["enabled"] is True


# Three ways and more for every control that the roles repair on a Mac.
FIREFOX = "/Library/Preferences/org.mozilla.firefox.plist"
ANCHOR, RULES = "com.apple/offsite-endpoints.smb", "/etc/pf.anchors/offsite-endpoints.smb"
DAEMON = "/Library/LaunchDaemons/offsite-endpoints.smb-firewall.plist"
BUDDY, PFCTL, NETWORKSETUP = "/usr/libexec/PlistBuddy", "/sbin/pfctl", "/usr/sbin/networksetup"
SYSTEMSETUP, SYSADMINCTL, SHELL = "/usr/sbin/systemsetup", "/usr/sbin/sysadminctl", "/bin/sh"
BREAKAGES: dict[str, list[list[str]]] = {
    "fortissl_proxy.firefox_policies": [
        [BUDDY, "-c", "Set :EnterprisePoliciesEnabled false", FIREFOX],
        [BUDDY, "-c", "Delete :EnterprisePoliciesEnabled", FIREFOX],
        [
            SHELL,
            "-c",
            f"{BUDDY} -c 'Delete :EnterprisePoliciesEnabled' {FIREFOX}"
            f" && {BUDDY} -c 'Add :EnterprisePoliciesEnabled integer 1' {FIREFOX}",
        ],
    ],
    "fortissl_proxy.firefox_mode": [
        [BUDDY, "-c", "Set :Proxy:Mode system", FIREFOX],
        [BUDDY, "-c", "Set :Proxy:Mode autoDetect", FIREFOX],
        [BUDDY, "-c", "Delete :Proxy:Mode", FIREFOX],
    ],
    "fortissl_proxy.firefox_pac": [
        [BUDDY, "-c", "Set :Proxy:AutoConfigURL http://old.example.org/proxy.pac", FIREFOX],
        [BUDDY, "-c", "Set :Proxy:AutoConfigURL http://proxy.imr.tohoku.ac.jp/Proxy.pac", FIREFOX],
        [BUDDY, "-c", "Delete :Proxy:AutoConfigURL", FIREFOX],
    ],
    "fortissl_proxy.service_pac_url": [
        [NETWORKSETUP, "-setautoproxyurl", "Wi-Fi", "http://old.example.org/proxy.pac"],
        [NETWORKSETUP, "-setautoproxyurl", "Wi-Fi", "http://proxy.imr.tohoku.ac.jp/Proxy.pac"],
        [NETWORKSETUP, "-setautoproxyurl", "Wi-Fi", " "],
    ],
    "fortissl_proxy.service_auto_detect": [[NETWORKSETUP, "-setproxyautodiscovery", "Wi-Fi", "on"]] * 3,
    "fortissl_proxy.service_pac": [[NETWORKSETUP, "-setautoproxystate", "Wi-Fi", "off"]] * 3,
    "smb_firewall_scope.remote_address": [
        [PFCTL, "-a", ANCHOR, "-F", "rules"],
        [SHELL, "-c", f"echo 'pass in quick proto tcp from any to any port 445' | {PFCTL} -a {ANCHOR} -f -"],
        [SHELL, "-c", f"grep -v 172.31 {RULES} | {PFCTL} -a {ANCHOR} -f -"],
    ],
    "smb_firewall_scope.rules_file": [
        [SHELL, "-c", f"rm {RULES}"],
        [SHELL, "-c", f": > {RULES}"],
        [SHELL, "-c", f"echo 'pass in all' >> {RULES}"],
    ],
    "smb_firewall_scope.rules_at_start": [
        [SHELL, "-c", f"rm {DAEMON}"],
        [BUDDY, "-c", "Set :ProgramArguments:2 true", DAEMON],
        [BUDDY, "-c", "Delete :ProgramArguments:2", DAEMON],
    ],
    "smb_firewall_scope.guests": [[SYSADMINCTL, "-smbGuestAccess", "on"]] * 3,
    "rdp_enable.sleep": [["/usr/bin/pmset", "-c", "sleep", minutes] for minutes in ("1", "10", "180")],
    "time_sync.servers": [
        [SYSTEMSETUP, "-setnetworktimeserver", "time.apple.com"],
        [SYSTEMSETUP, "-setnetworktimeserver", "ntp2.example.org"],
        [SYSTEMSETUP, "-setnetworktimeserver", "198.51.100.1"],
    ],
    "time_sync.service": [[SYSTEMSETUP, "-setusingnetworktime", "off"]] * 3,
}


@pytest.mark.parametrize("number", range(3))
def test_what_a_user_changes_is_found_repaired_and_nothing_else_is_touched(fleet, first, number):
    mac = ("mac-01", "mac-02", "mac-05")[number]
    good = state(fleet, mac)
    for calls in BREAKAGES.values():
        command(fleet, mac, *(wifi(fleet, mac) if word == "Wi-Fi" else word for word in calls[number]))
    audit = fleet.play("audit.yml", *ALL, "--limit", mac)
    assert {control for _, control, _ in audit.of_status("drifted")} - BY_HAND == set(BREAKAGES)
    repair = fleet.play("site.yml", *ALL, "--limit", mac)
    assert {control for _, control, _ in repair.of_status("fixed")} == set(BREAKAGES), repair.output
    left = [line for line in differences(good, state(fleet, mac)) if not STAYS.search(line)]
    assert left == []


def test_the_tunnel_s_own_service_is_found_by_its_bundle_id_under_any_name(fleet, first):
    fleet.lab("tunnel", TUNNELLED, "up")
    fleet.lab("tunnel", TUNNELLED, "down")
    run = fleet.play("site.yml", *ALL, "--limit", TUNNELLED)
    fixed = {(control, instance) for _, control, instance in run.of_status("fixed")}
    assert ("fortissl_proxy.service_pac_url", BUNDLE) in fixed | {
        (r["control"], r["instance"]) for r in first.records if r["endpoint"] == TUNNELLED and r["status"] == "fixed"
    }


def test_a_network_that_changes_meanwhile_is_asked_again(fleet, first):
    fleet.fault("mac-01", "network_busy", "--count", "2")
    audit = fleet.play("audit.yml", *ALL, "--limit", "mac-01")
    assert audit.of_status("error", "unreachable") == set(), audit.output
