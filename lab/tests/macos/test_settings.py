"""Sharing, time and network settings of a simulated Mac (docs/sources/macos.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.macos.machine import MacMachine
from lab.macos.seed import build_mac, variants
from lab.tests.macos.machines import mac, run, sudo


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path)


@pytest.fixture
def drifted(tmp_path: Path) -> MacMachine:
    return mac(tmp_path, language="ja", condition="drifted")


class TestSharing:
    def test_share_points_as_json(self, drifted: MacMachine) -> None:
        shown = json.loads(run(drifted, "sharing -l -f json").stdout)
        ((record, share),) = shown.items()
        assert record.endswith("’s Public Folder")
        assert share.pop("path").startswith("/Users/")
        assert share == {
            "smb_guest_access": 1,
            "smb_name": record,
            "smb_read_only": 0,
            "smb_sealed": 0,
            "smb_shared": 1,
        }

    def test_share_points_as_text(self, machine: MacMachine) -> None:
        assert run(machine, "sharing -l").stdout == "List of Share Points\n"
        assert sudo(machine, "sharing -a /Users/Shared -S Lab -n lab -s 001 -g 000").returncode == 0
        assert run(machine, "sharing -l").stdout == (
            "List of Share Points\nname:\t\tlab\npath:\t\t/Users/Shared\n\tsmb:\t{\n\t\tname:\t\tLab\n"
            "\t\tshared:\t1\n\t\tguest access:\t0\n\t\tread-only:\t0\n\t}\n\n"
        )
        assert sudo(machine, "sharing -r Lab").returncode == 1  # by record, not by the name that clients see
        assert sudo(machine, "sharing -r lab").returncode == 0
        assert run(machine, "sharing -l -f json").stdout == "{}\n"

    def test_macos_11_has_no_json(self, tmp_path: Path) -> None:
        done = run(mac(tmp_path, macos="11"), "sharing -l -f json")
        assert done.returncode == 64
        assert done.stdout == ""
        assert done.stderr.startswith("sharing: illegal option -- f\n")

    def test_guest_access_answers_on_standard_error(self, drifted: MacMachine) -> None:
        reported = sudo(drifted, "sysadminctl -smbGuestAccess status")
        assert (reported.returncode, reported.stdout) == (0, "")
        assert reported.stderr.endswith(" SMB guest access enabled.\n")
        assert run(drifted, "sysadminctl -smbGuestAccess off").returncode == 1
        assert sudo(drifted, "sysadminctl -smbGuestAccess off").stderr.endswith(" SMB guest access disabled.\n")
        reported = run(drifted, "sysadminctl -smbGuestAccess status")
        assert reported.stderr.endswith(" SMB guest access disabled.\n")

    def test_file_sharing_is_on_where_it_drifted(self, drifted: MacMachine, tmp_path: Path) -> None:
        assert '"com.apple.smbd" => enabled' in run(drifted, "launchctl print-disabled system").stdout
        assert run(drifted, "nc -z localhost 445").returncode == 0
        assert run(mac(tmp_path / "other"), "nc -z localhost 445").returncode == 1


class TestTime:
    def test_settings_are_echoed_with_noise_and_kept_in_ntp_conf(self, machine: MacMachine) -> None:
        assert sudo(machine, "systemsetup -getnetworktimeserver").stdout == "Network Time Server: time.apple.com\n"
        done = sudo(machine, "systemsetup -setnetworktimeserver ntp.example.org")
        assert (done.returncode, done.stdout) == (0, "setNetworkTimeServer: ntp.example.org\n")
        assert done.stderr.startswith("### Error:-99 File:")
        assert "InternetServices.m Line:379\n" in done.stderr
        assert run(machine, "cat /etc/ntp.conf").stdout == "server ntp.example.org\n"
        off = sudo(machine, "systemsetup -setusingnetworktime off")
        assert off.stdout == "setUsingNetworkTime: Off\n"
        assert sudo(machine, "systemsetup -getusingnetworktime").stdout == "Network Time: Off\n"

    @pytest.mark.parametrize("verb", ["-getnetworktimeserver", "-setnetworktimeserver x", "-setusingnetworktime off"])
    def test_without_root_nothing_is_done_and_the_exit_code_is_0(self, machine: MacMachine, verb: str) -> None:
        before = machine.fingerprint()
        done = run(machine, f"systemsetup {verb}")
        text = "You need administrator access to run this tool... exiting!\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, text, "")
        assert machine.fingerprint() == before

    def test_the_first_of_several_servers_counts(self, drifted: MacMachine) -> None:
        assert run(drifted, "cat /etc/ntp.conf").stdout.count("server ") == 2
        shown = sudo(drifted, "systemsetup -getnetworktimeserver; systemsetup -getusingnetworktime").stdout
        assert shown == "Network Time Server: ntp.example.ac.jp\nNetwork Time: Off\n"

    def test_the_clock_is_set_once(self, machine: MacMachine) -> None:
        with machine.state.edit() as data:
            data["clock"]["offset_seconds"] = -90
        assert run(machine, "sntp time.apple.com").stdout.startswith("-90.000000 +/- 0.012345 time.apple.com ")
        assert run(machine, "sntp -sS time.apple.com").returncode == 1
        assert sudo(machine, "sntp -sS time.apple.com").returncode == 0
        assert run(machine, "sntp time.apple.com").stdout.startswith("+0.000000 ")
        assert run(machine, "sntp none.invalid").returncode == 1

    def test_remote_login_is_not_switched_without_full_disk_access(self, machine: MacMachine) -> None:
        done = sudo(machine, "systemsetup -setremotelogin off")
        text = "setremotelogin: Turning Remote Login on or off requires Full Disk Access privileges.\n"
        assert (done.returncode, done.stdout) == (0, text)


class TestNetwork:
    def test_renamed_services_with_quotes_and_slashes(self, drifted: MacMachine) -> None:
        names = run(drifted, "networksetup -listallnetworkservices").stdout.splitlines()[1:3]
        assert names == ["太郎's USB LAN", '研究室 "Wi-Fi" 5/2.4GHz']
        shown = run(drifted, """networksetup -getautoproxyurl '研究室 "Wi-Fi" 5/2.4GHz'""")
        assert shown.stdout == "URL: http://old.example.ac.jp/wpad.dat\nEnabled: Yes\n"
        assert run(drifted, """networksetup -setproxyautodiscovery "太郎's USB LAN" on""").returncode == 0
        shown = run(drifted, """networksetup -getproxyautodiscovery "太郎's USB LAN\"""")
        assert shown.stdout == "Auto Proxy Discovery: On\n"

    def test_the_list_fails_while_it_changes_and_comes_back(self, machine: MacMachine) -> None:
        with machine.state.edit() as data:
            data["faults"]["network_busy"] = 2
        before = machine.fingerprint()
        for verb in ("-listallnetworkservices", "-getautoproxyurl 'iPhone USB'"):
            done = run(machine, f"networksetup {verb}")
            text = "** Error: Unable to find item in network database.\n"
            assert (done.returncode, done.stdout, done.stderr) == (8, text, "")
        assert run(machine, "networksetup -listallnetworkservices").returncode == 0
        assert machine.fingerprint() == before

    def test_the_star_is_no_part_of_the_name(self, machine: MacMachine) -> None:
        done = run(machine, "networksetup -getinfo '*iPhone USB'")
        text = "*iPhone USB is not a recognized network service.\n** Error: The parameters were not valid.\n"
        assert (done.returncode, done.stdout) == (4, text)
        assert run(machine, "networksetup -getinfo 'iPhone USB'").stdout.startswith("DHCP Configuration\n")

    def test_a_standard_user_may_not_write(self, machine: MacMachine) -> None:
        users = machine.state.read()["users"]
        name = next(name for name in users if users[name]["uid"] == 502)
        command = f'sudo -u {name} networksetup -setautoproxystate "iPhone USB" on'
        done = sudo(machine, command)
        assert (done.returncode, done.stdout) == (14, "** Error: Command requires admin privileges.\n")

    def test_a_pac_is_turned_off_and_its_address_blanked(self, machine: MacMachine) -> None:
        service = "'iPhone USB'"
        run(machine, f"networksetup -setautoproxyurl {service} http://p.example/p.pac")
        assert run(machine, f"networksetup -setautoproxyurl {service} ' '").returncode == 0
        assert run(machine, f"networksetup -setautoproxystate {service} off").returncode == 0
        assert run(machine, f"networksetup -getautoproxyurl {service}").stdout == "URL:  \nEnabled: No\n"

    def test_bypass_domains_and_a_proxy(self, machine: MacMachine) -> None:
        service = "'iPhone USB'"
        get = f"networksetup -getproxybypassdomains {service}"
        assert run(machine, get).stdout == "*.local\n169.254/16\n"
        run(machine, f"networksetup -setproxybypassdomains {service} Empty")
        assert run(machine, get).stdout == "There aren't any bypass domains set on iPhone USB.\n"
        run(machine, f"networksetup -setwebproxy {service} proxy.example 8080 off")
        assert (
            run(machine, f"networksetup -getwebproxy {service}").stdout
            == "Enabled: Yes\nServer: proxy.example\nPort: 8080\nAuthenticated Proxy Enabled: 0\n"
        )

    def test_the_order_needs_all_names(self, machine: MacMachine) -> None:
        done = run(machine, "networksetup -ordernetworkservices 'iPhone USB'")
        assert done.returncode == 4
        assert done.stdout.startswith("Wrong number of network services. No changes have been made.\n")

    @pytest.mark.parametrize("verb", ["-setautoproxyurl Wi-Fi", "-getairportnetwork en0", "-listallnetworkservices x"])
    def test_other_uses_are_not_modelled(self, machine: MacMachine, verb: str) -> None:
        assert run(machine, f"networksetup {verb}").returncode == 127

    def test_dns_of_the_primary_service(self, machine: MacMachine) -> None:
        wifi = machine.state.read()["network"]["services"][1]["name"]
        run(machine, f"networksetup -setdnsservers '{wifi}' 172.16.30.2")
        assert run(machine, "scutil --dns").stdout.startswith(
            "DNS configuration\n\nresolver #1\n  nameserver[0] : 172.16.30.2\n  if_index : 14 (en0)\n"
            "  flags    : Request A records\n"
        )
        with machine.state.edit() as data:
            for service in data["network"]["services"]:
                service["active"] = False
        none = run(machine, "scutil --dns")
        assert (none.returncode, none.stderr) == (1, "No DNS configuration available\n")


def test_six_macs_are_mixed(tmp_path: Path) -> None:
    six = variants(6, 1)
    assert [one.macos for one in six] == ["15", "13", "26", "11", "14", "12"]
    assert [one.python for one in six] == ["python.org"] * 5 + ["stub"]
    renamed = build_mac("mac-03", six[2], 1, tmp_path)
    assert "研究室" in run(renamed, "networksetup -listallnetworkservices").stdout
    stub = build_mac("mac-06", six[5], 1, tmp_path)
    assert run(stub, "ls /usr/local /Applications/FortiClient.app").returncode == 1
