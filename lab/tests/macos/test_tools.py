"""The stand-ins answer in the forms and with the exit codes of docs/sources/macos.md."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from lab.macos.machine import MacMachine
from lab.tests.macos.machines import VPN_PLIST, mac, run, sudo

INFO = "/Applications/FortiClient.app/Contents/Info.plist"


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path)


def test_system_versions(machine: MacMachine) -> None:
    assert (
        run(machine, "sw_vers").stdout == "ProductName:\t\tmacOS\nProductVersion:\t\t15.7.1\nBuildVersion:\t\t24G231\n"
    )
    assert run(machine, "uname -sm; hostname -s").stdout == "Darwin arm64\nmac-01\n"


def test_python3_of_the_system_is_a_stub_that_fails(machine: MacMachine) -> None:
    done = run(machine, "/usr/bin/python3 --version")
    assert done.returncode == 1
    assert done.stderr.startswith("xcode-select: note: no developer tools were found at '/Applications/Xcode.app'")
    assert run(machine, "xcode-select -p").returncode == 2


def test_a_machine_with_the_stub_alone_has_no_other_python(tmp_path: Path) -> None:
    machine = mac(tmp_path, python="stub")
    assert run(machine, "ls /usr/local").stdout == ""
    assert run(machine, "command -v python3").stdout == "/usr/bin/python3\n"


@pytest.mark.parametrize("tool", ["find", "codesign", "security", "osascript"])
def test_a_mac_tool_that_is_not_modelled_fails_and_names_itself(machine: MacMachine, tool: str) -> None:
    done = run(machine, f"{tool} /")
    assert (done.returncode, done.stdout, done.stderr) == (127, "", f"lab: {tool} is not modelled\n")


@pytest.mark.parametrize("command", ["apt-get", "systemctl", "lsattr", "md5sum", "getent passwd"])
def test_linux_commands_are_missing(machine: MacMachine, command: str) -> None:
    assert run(machine, command).returncode == 127


@pytest.mark.parametrize(
    "command", ["stat -c %U /etc/hosts", "sed -i s/a/b/ /etc/hosts", "grep -P a /etc/hosts", "date -d now"]
)
def test_gnu_options_are_refused(machine: MacMachine, command: str) -> None:
    done = run(machine, command)
    assert done.returncode in (1, 127)
    assert "illegal option" in done.stderr or "differs on macOS" in done.stderr


def test_stat_and_ls_show_simulated_owners(machine: MacMachine) -> None:
    assert run(machine, "stat -f '%Su:%Sg %Lp %HT' /Users /etc /dev/console").stdout.splitlines()[:2] == [
        "root:admin 755 Directory",
        "root:wheel 755 Symbolic Link",
    ]
    assert run(machine, "ls -ld /Users/Shared").stdout.startswith("drwxrwxrwt  2 root     wheel ")
    assert run(machine, "stat -f %Su /none").stderr == "stat: /none: lstat: No such file or directory\n"


def test_chmod_and_chown_follow_the_bsd_rules(machine: MacMachine) -> None:
    sudo(machine, "touch /Library/f && chmod u=rw,go-r+x /Library/f && chown labadmin:admin /Library/f")
    assert run(machine, "stat -f '%Su %Sg %Lp' /Library/f").stdout == "labadmin admin 611\n"
    refused = run(machine, "chown root /Library/f")
    assert (refused.returncode, refused.stderr) == (1, "chown: /Library/f: Operation not permitted\n")


class TestSudo:
    def test_a_wrong_password_is_refused_as_ansible_expects(self, machine: MacMachine) -> None:
        done = run(machine, "sudo -H -S -p 'give: ' id -u", stdin="wrong\n")
        assert done.returncode == 1
        assert done.stderr.startswith("give: Sorry, try again.\ngive: ")
        assert done.stdout == ""

    def test_without_a_password_it_says_so(self, machine: MacMachine) -> None:
        done = run(machine, "sudo -H -S -n true")
        assert (done.returncode, done.stderr) == (1, "sudo: a password is required\n")

    def test_input_after_the_password_reaches_the_command(self, machine: MacMachine) -> None:
        done = run(
            machine, "sudo -H -S -p '' -u root /bin/sh -c 'whoami; echo $HOME; cat'", stdin="Lab-2026-Only\nrest\n"
        )
        assert (done.returncode, done.stdout) == (0, "root\n/var/root\nrest\n")

    def test_only_administrators_may(self, machine: MacMachine) -> None:
        users = machine.state.read()["users"]
        name = next(name for name in users if users[name]["uid"] == 502)
        done = run(machine, f"sudo -S -p '' -u {name} sudo -S -p '' id", stdin=f"Lab-2026-Only\n{name}-password\n")
        assert done.returncode == 1
        assert done.stderr.startswith(f"{name} is not in the sudoers file.")


class TestPropertyLists:
    def test_three_tools_read_the_same_value(self, machine: MacMachine) -> None:
        version = machine.state.read()["receipts"]["com.fortinet.forticlient.FortiClient"]["version"]
        key = "CFBundleShortVersionString"
        assert run(machine, f"/usr/libexec/PlistBuddy -c 'Print :{key}' {INFO}").stdout == f"{version}\n"
        assert run(machine, f"plutil -extract {key} raw {INFO}").stdout == f"{version}\n"
        assert run(machine, f"defaults read {INFO.removesuffix('.plist')} {key}").stdout == f"{version}\n"

    def test_raw_extraction_needs_macos_12(self, tmp_path: Path) -> None:
        assert run(mac(tmp_path, macos="11"), f"plutil -extract CFBundleVersion raw {INFO}").returncode == 1

    def test_plistbuddy_edits_and_keeps_the_format(self, machine: MacMachine) -> None:
        real = Path(f"{machine.root}{VPN_PLIST}")
        form = real.read_bytes()[:6]
        done = sudo(machine, f'/usr/libexec/PlistBuddy -c "Add :Profiles:IMR:ServerPort integer 8443" "{VPN_PLIST}"')
        assert done.returncode == 0, done.stderr
        assert plistlib.loads(real.read_bytes())["Profiles"]["IMR"]["ServerPort"] == 8443
        assert real.read_bytes()[:6] == form

    def test_missing_entries_fail(self, machine: MacMachine) -> None:
        done = run(machine, f"/usr/libexec/PlistBuddy -c 'Print :No:Such' {INFO}")
        assert (done.returncode, done.stderr) == (1, 'Print: Entry, ":No:Such", Does Not Exist\n')
        assert run(machine, "defaults read /Library/Preferences/none Key").returncode == 1

    def test_defaults_writes_a_binary_file_as_root_only(self, machine: MacMachine) -> None:
        command = "defaults write /Library/Preferences/org.mozilla.firefox EnterprisePoliciesEnabled -bool TRUE"
        assert run(machine, command).returncode == 1
        assert sudo(machine, command).returncode == 0
        data = (machine.root / "Library/Preferences/org.mozilla.firefox.plist").read_bytes()
        assert data.startswith(b"bplist")
        assert plistlib.loads(data) == {"EnterprisePoliciesEnabled": True}


class TestNetwork:
    def test_services_are_listed_with_a_star_for_the_disabled(self, machine: MacMachine) -> None:
        lines = run(machine, "networksetup -listallnetworkservices").stdout.splitlines()
        assert lines[0] == "An asterisk (*) denotes that a network service is disabled."
        assert "*iPhone USB" in lines
        assert lines[-1] == "FortiClient VPN Tunnel"

    def test_japanese_machines_have_japanese_services(self, tmp_path: Path) -> None:
        assert "Thunderboltブリッジ" in run(mac(tmp_path, language="ja"), "networksetup -listallnetworkservices").stdout

    @pytest.mark.parametrize(
        ("command", "text", "code"),
        [
            ("-getautoproxyurl None", "** Error: Unable to find item in network database.\n", 8),
            (
                "-getdnsservers None",
                "None is not a recognized network service.\n** Error: The parameters were not valid.\n",
                4,
            ),
            ("-getautoproxyurl 'Thunderbolt Bridge'", "URL: (null)\nEnabled: No\n", 0),
            ("-getdnsservers 'Thunderbolt Bridge'", "There aren't any DNS Servers set on Thunderbolt Bridge.\n", 0),
            ("-getwebproxy 'iPhone USB'", "Enabled: No\nServer: \nPort: 0\nAuthenticated Proxy Enabled: 0\n", 0),
        ],
    )
    def test_answers_and_exit_codes(self, machine: MacMachine, command: str, text: str, code: int) -> None:
        done = run(machine, f"networksetup {command}")
        assert (done.stdout, done.returncode, done.stderr) == (text, code, "")

    def test_setting_a_pac_turns_it_on(self, machine: MacMachine) -> None:
        sudo(machine, 'networksetup -setautoproxyurl "iPhone USB" http://proxy.example/proxy.pac')
        assert (
            run(machine, "networksetup -getautoproxyurl 'iPhone USB'").stdout
            == "URL: http://proxy.example/proxy.pac\nEnabled: Yes\n"
        )

    def test_scutil_lists_forticlients_service(self, machine: MacMachine) -> None:
        header, line = run(machine, "scutil --nc list").stdout.splitlines()
        assert header == "Available network connection services in the current set (*=enabled):"
        assert line.startswith("* (Disconnected)   ")
        bundle = "com.fortinet.forticlient.macos.vpn"
        assert f'VPN ({bundle}) "FortiClient VPN Tunnel"' in line
        assert line.endswith(f"[VPN:{bundle}]")
        assert run(machine, "scutil --nc status 'FortiClient VPN Tunnel'").stdout.startswith("Disconnected\n")
        missing = run(machine, "scutil --nc status None")
        assert (missing.returncode, missing.stderr) == (1, "No service\n")


class TestServices:
    def test_words_for_disabled_depend_on_the_release(self, machine: MacMachine, tmp_path: Path) -> None:
        assert '\t"com.apple.smbd" => disabled\n' in run(machine, "launchctl print-disabled system").stdout
        old = mac(tmp_path / "old", macos="12")
        assert '\t"com.apple.smbd" => true\n' in run(old, "launchctl print-disabled system").stdout

    def test_a_job_is_enabled_bootstrapped_restarted_and_booted_out(self, machine: MacMachine) -> None:
        file = "/System/Library/LaunchDaemons/com.apple.smbd.plist"
        assert run(machine, "launchctl print system/com.apple.smbd").returncode == 113
        assert sudo(machine, f"launchctl bootstrap system {file}").returncode == 5  # still disabled
        assert (
            sudo(machine, f"launchctl enable system/com.apple.smbd && launchctl bootstrap system {file}").returncode
            == 0
        )
        assert sudo(machine, "launchctl kickstart -k system/com.apple.smbd").returncode == 0
        assert "\tstate = running\n" in run(machine, "launchctl print system/com.apple.smbd").stdout
        assert sudo(machine, "launchctl bootout system/com.apple.smbd").returncode == 0
        assert run(machine, "launchctl enable system/com.apple.smbd").returncode == 1

    def test_systemsetup_without_root_lies_about_success(self, machine: MacMachine) -> None:
        done = run(machine, "systemsetup -getusingnetworktime")
        assert (done.returncode, done.stdout) == (0, "You need administrator access to run this tool... exiting!\n")
        assert sudo(machine, "systemsetup -getusingnetworktime").stdout == "Network Time: On\n"

    def test_pf_rules_go_into_an_anchor(self, machine: MacMachine) -> None:
        assert run(machine, "pfctl -s info").returncode == 1
        assert sudo(machine, "pfctl -s info").stdout.startswith("Status: Disabled")
        sudo(machine, 'printf "block drop in quick proto tcp from any to any port = 445\\n" | tee /etc/pf.anchors/lab')
        assert sudo(machine, "pfctl -a com.apple/lab -f /etc/pf.anchors/lab").returncode == 0
        done = sudo(machine, "pfctl -a com.apple/lab -s rules")
        assert done.stdout == "block drop in quick proto tcp from any to any port = 445\n"
        assert done.stderr.startswith("No ALTQ support in kernel\n")
        assert "Token : " in sudo(machine, "pfctl -E").stderr


def test_scripts_from_a_file_or_from_input_see_the_machines_paths(machine: MacMachine) -> None:
    run(machine, "tee /tmp/s.sh", stdin="cat /etc/hosts | head -1\n")
    assert run(machine, "sh /tmp/s.sh").stdout == "127.0.0.1\tlocalhost\n"
    assert (
        run(machine, "bash -s", stdin="ls /System/Library/CoreServices | tail -1\n").stdout == "SystemVersion.plist\n"
    )
    assert run(machine, "/tmp/s.sh").returncode == 126  # the real shell would run it with the lab computer's paths
