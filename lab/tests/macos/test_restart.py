"""launchd's jobs on a simulated Mac, and what a restart leaves (docs/sources/macos.md#launchctl)."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest

from lab.macos import forticlient
from lab.macos.machine import MacMachine
from lab.macos.media import image_bytes
from lab.macos.pf import Packet, verdict
from lab.macos.restart import MacError, restart, set_tunnel
from lab.tests.macos.machines import mac, put, run, sudo

LABEL = "org.example.pf"
DAEMON = f"/Library/LaunchDaemons/{LABEL}.plist"
RULES = b"block in quick proto tcp from any to any port 445\n"
SMBD = "/System/Library/LaunchDaemons/com.apple.smbd.plist"
SHARING = "/System/Library/LaunchDaemons/com.apple.screensharing.plist"
INSIDE = Packet("192.0.2.7", "192.0.2.5", 445)


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path)


def daemon(machine: MacMachine, **keys: Any) -> None:
    """Put a daemon's file in place, as root would."""
    content = {"Label": LABEL, "RunAtLoad": True, **keys}
    put(machine, DAEMON, plistlib.dumps(content))
    sudo(machine, f"chown root:wheel {DAEMON}; chmod 644 {DAEMON}")


def pf_daemon(machine: MacMachine) -> None:
    put(machine, "/private/etc/pf.anchors/lab", RULES)
    command = "/sbin/pfctl -a com.apple/lab -f /etc/pf.anchors/lab; /sbin/pfctl -E"
    daemon(machine, ProgramArguments=["/bin/sh", "-c", command], StandardErrorPath="/var/log/lab.log")


class TestDaemons:
    def test_a_daemon_runs_when_it_is_loaded(self, machine: MacMachine) -> None:
        pf_daemon(machine)
        done = sudo(machine, f"launchctl bootstrap system {DAEMON}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert verdict(machine.state.read()["pf"], INSIDE) == "block"
        printed = run(machine, f"launchctl print system/{LABEL}").stdout
        assert f"\tpath = {DAEMON}\n\tstate = not running\n" in printed
        assert "\truns = 1\n\tlast exit code = 0\n" in printed
        assert "Token : 10000000001" in run(machine, "cat /var/log/lab.log").stdout

    def test_a_single_program_runs_too(self, machine: MacMachine) -> None:
        put(machine, "/private/etc/pf.anchors/lab", RULES)
        daemon(machine, ProgramArguments=["/sbin/pfctl", "-a", "com.apple/lab", "-f", "/etc/pf.anchors/lab"])
        sudo(machine, f"launchctl bootstrap system {DAEMON}")
        assert sudo(machine, "pfctl -a com.apple/lab -sr").stdout == (
            "block drop in quick proto tcp from any to any port = 445\n"
        )

    def test_kickstart_runs_it_again_and_a_failure_is_seen_in_print_alone(self, machine: MacMachine) -> None:
        daemon(machine, ProgramArguments=["/bin/sh", "-c", "exit 3"], RunAtLoad=False)
        assert sudo(machine, f"launchctl bootstrap system {DAEMON}").returncode == 0
        assert "last exit code" not in run(machine, f"launchctl print system/{LABEL}").stdout
        assert sudo(machine, f"launchctl kickstart system/{LABEL}").returncode == 0
        assert "\tlast exit code = 3\n" in run(machine, f"launchctl print system/{LABEL}").stdout

    def test_a_program_that_is_not_there(self, machine: MacMachine) -> None:
        daemon(machine, ProgramArguments=["/opt/none"])
        assert sudo(machine, f"launchctl bootstrap system {DAEMON}").returncode == 0
        assert "\tlast exit code = 78\n" in run(machine, f"launchctl print system/{LABEL}").stdout

    @pytest.mark.parametrize("command", ["chown labadmin", "chmod 664"])
    def test_a_file_that_others_could_change_is_refused(self, machine: MacMachine, command: str) -> None:
        pf_daemon(machine)
        sudo(machine, f"{command} {DAEMON}")
        done = sudo(machine, f"launchctl bootstrap system {DAEMON}")
        assert (done.returncode, done.stderr) == (122, "Bootstrap failed: 122: Path had bad ownership/permissions\n")

    def test_loading_twice_fails_and_booting_out_what_is_not_there_too(self, machine: MacMachine) -> None:
        daemon(machine, ProgramArguments=["/usr/bin/true"])
        assert sudo(machine, f"launchctl bootstrap system {DAEMON}").returncode == 0
        again = sudo(machine, f"launchctl bootstrap system {DAEMON}")
        assert (again.returncode, again.stderr.splitlines()[0]) == (5, "Bootstrap failed: 5: Input/output error")
        assert sudo(machine, f"launchctl bootout system {DAEMON}").returncode == 0
        gone = sudo(machine, f"launchctl bootout system/{LABEL}")
        assert (gone.returncode, gone.stderr) == (3, "Boot-out failed: 3: No such process\n")

    @pytest.mark.parametrize("keys", [{"WatchPaths": ["/etc/pf.conf"]}, {"KeepAlive": True}])
    def test_what_would_run_for_ever_or_on_events_is_not_modelled(
        self, machine: MacMachine, keys: dict[str, Any]
    ) -> None:
        daemon(machine, ProgramArguments=["/usr/bin/true"], **keys)
        done = sudo(machine, f"launchctl bootstrap system {DAEMON}")
        assert done.returncode == 127
        assert done.stderr.startswith(f"lab: launchd is not modelled with these arguments: {LABEL}: {next(iter(keys))}")


class TestRestart:
    def test_rules_are_gone_without_a_daemon_and_there_with_one(self, machine: MacMachine) -> None:
        put(machine, "/private/etc/pf.anchors/lab", RULES)
        sudo(machine, "pfctl -a com.apple/lab -f /etc/pf.anchors/lab; pfctl -E")
        assert verdict(machine.state.read()["pf"], INSIDE) == "block"
        restart(machine)
        assert sudo(machine, "pfctl -s info").stdout.startswith("Status: Disabled")
        assert sudo(machine, "pfctl -a com.apple/lab -sr").stdout == ""
        pf_daemon(machine)
        restart(machine)
        assert verdict(machine.state.read()["pf"], INSIDE) == "block"
        assert len(machine.state.read()["pf"]["tokens"]) == 1

    def test_images_are_detached_and_the_tunnel_is_down(self, machine: MacMachine) -> None:
        put(machine, "/private/tmp/c.dmg", image_bytes(forticlient.image("7.4.3.4323")))
        sudo(machine, "hdiutil attach -plist /private/tmp/c.dmg")
        with machine.state.edit() as data:
            data["system_extensions"] = [forticlient.extension("7.4.3.4323", "activated enabled")]
        set_tunnel(machine, up=True)
        restart(machine)
        assert machine.state.read()["images"] == {}
        assert run(machine, "ls /Volumes").stdout == ""
        assert "(Disconnected)" in run(machine, "scutil --nc list").stdout

    def test_disabled_jobs_stay_away_and_enabled_ones_come(self, machine: MacMachine) -> None:
        daemon(machine, ProgramArguments=["/usr/bin/true"])
        sudo(machine, f"launchctl disable system/{LABEL}; launchctl enable system/com.apple.smbd")
        restart(machine)
        jobs = set(machine.state.read()["launchd"]["jobs"]["system"])
        assert jobs == {
            "com.apple.smbd",
            "com.apple.timed",
            "com.fortinet.forticlient.config",
            "com.fortinet.forticlient.servctl",
            "com.openssh.sshd",
        }

    def test_an_extension_that_was_on_its_way_out_is_gone(self, machine: MacMachine) -> None:
        sudo(machine, f'"{forticlient.HELPER}"')
        assert run(machine, "systemextensionsctl list").stdout.startswith("1 extension(s)\n")
        restart(machine)
        assert run(machine, "systemextensionsctl list").stdout == "0 extension(s)\n"

    def test_nobody_is_logged_in_and_the_boot_time_has_moved(self, machine: MacMachine) -> None:
        with machine.state.edit() as data:
            data["console_user"] = "taro"
        before = run(machine, "sysctl -n kern.boottime kern.bootsessionuuid").stdout.splitlines()
        restart(machine)
        after = run(machine, "sysctl -n kern.boottime kern.bootsessionuuid").stdout.splitlines()
        assert (before[0], after[0]) == (
            "{ sec = 1767312000, usec = 0 } Fri Jan  2 00:00:00 2026",
            "{ sec = 1767398400, usec = 0 } Sat Jan  3 00:00:00 2026",
        )
        assert before[1] != after[1]
        assert run(machine, "stat -f %Su /dev/console").stdout == "root\n"

    def test_a_job_that_is_not_modelled_stops_the_start_loudly(self, machine: MacMachine) -> None:
        daemon(machine, ProgramArguments=["/usr/bin/true"], WatchPaths=["/etc"])
        with pytest.raises(MacError, match="mac-01 did not start: lab: launchd is not modelled"):
            restart(machine)


class TestTunnel:
    def test_the_service_is_renamed_while_it_is_connected(self, machine: MacMachine) -> None:
        with machine.state.edit() as data:
            data["system_extensions"] = [forticlient.extension("7.4.3.4323", "activated enabled")]
        set_tunnel(machine, up=True)
        bundle = "com.fortinet.forticlient.macos.vpn"
        listed = run(machine, "scutil --nc list").stdout.splitlines()[1]
        assert listed.startswith("* (Connected)      ")
        assert f'VPN ({bundle}) "VPN"' in listed
        assert run(machine, "networksetup -listnetworkserviceorder").stdout.splitlines()[-3:] == [
            "(5) VPN",
            f"(Hardware Port: {bundle}, Device:)",
            "",
        ]
        set_tunnel(machine, up=False)
        assert "FortiClient VPN Tunnel" in run(machine, "networksetup -listallnetworkservices").stdout

    def test_the_first_connection_registers_the_service(self, tmp_path: Path) -> None:
        machine = mac(tmp_path, condition="fresh")
        with pytest.raises(MacError, match="needs FortiClient with its system extension"):
            set_tunnel(machine, up=True)
        with machine.state.edit() as data:
            data["system_extensions"] = [forticlient.extension("7.4.3.4323", "activated enabled")]
        set_tunnel(machine, up=True)
        assert run(machine, "networksetup -getautoproxyurl VPN").stdout == "URL: (null)\nEnabled: No\n"

    def test_a_full_tunnel_hides_the_pac_of_the_wireless_service(self, machine: MacMachine) -> None:
        wifi = machine.state.read()["network"]["services"][1]["name"]
        run(machine, f"networksetup -setautoproxyurl '{wifi}' http://proxy.example/p.pac")
        pac = "  ProxyAutoConfigURLString : http://proxy.example/p.pac\n"
        with machine.state.edit() as data:
            data["system_extensions"] = [forticlient.extension("7.4.3.4323", "activated enabled")]
        set_tunnel(machine, up=True)
        assert f"\n{pac}" in run(machine, "scutil --proxy").stdout
        with machine.state.edit() as data:
            data["vpn"][0]["full_tunnel"] = True
        shown = run(machine, "scutil --proxy").stdout
        assert shown.startswith("<dictionary> {\n  __SCOPED__ : <dictionary> {\n    en0 : <dictionary> {\n")
        assert f"    {pac}" in shown


class TestScreenSharing:
    KICKSTART = "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/Resources/kickstart"

    def test_kickstart_says_done_and_does_nothing(self, machine: MacMachine) -> None:
        before = machine.fingerprint()
        done = sudo(machine, f"{self.KICKSTART} -activate -configure -access -on -restart -agent")
        advice = "Screen Sharing or Remote Management must be enabled from System Settings or via MDM."
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            "Starting...",
            f"Screen recording might be disabled. {advice}",
            f"Screen control might be disabled. {advice}",
            "Activated Remote Management.",
            "Done.",
        ]
        assert machine.fingerprint() == before

    def test_on_macos_11_it_works(self, tmp_path: Path) -> None:
        machine = mac(tmp_path, macos="11")
        done = sudo(machine, f"{self.KICKSTART} -activate -configure -access -on")
        assert done.stdout == "Starting...\nActivated Remote Management.\nDone.\n"
        assert run(machine, "nc -z 127.0.0.1 5900").returncode == 0

    def test_launchctl_opens_the_port(self, machine: MacMachine) -> None:
        assert run(machine, "nc -z 127.0.0.1 5900").returncode == 1
        assert sudo(machine, "lsof -nP -iTCP:5900 -sTCP:LISTEN").returncode == 1
        assert '"com.apple.screensharing" => disabled' in run(machine, "launchctl print-disabled system").stdout
        sudo(machine, f"launchctl enable system/com.apple.screensharing; launchctl bootstrap system {SHARING}")
        done = run(machine, "nc -z -G 2 127.0.0.1 5900")
        assert (done.returncode, done.stderr) == (0, "Connection to 127.0.0.1 port 5900 [tcp/rfb] succeeded!\n")
        assert "TCP *:5900 (LISTEN)" in sudo(machine, "lsof -nP -iTCP:5900 -sTCP:LISTEN").stdout
        assert run(machine, "lsof -nP -iTCP:5900 -sTCP:LISTEN").returncode == 1  # launchd's port, seen by root alone

    def test_management_reports_whether_remote_desktop_is_on(self, machine: MacMachine) -> None:
        assert sudo(machine, "/usr/libexec/mdmclient QuerySecurityInfo").stdout == "    RemoteDesktopEnabled = 0;\n"


class TestProfiles:
    def test_installing_is_refused(self, machine: MacMachine) -> None:
        done = sudo(machine, "profiles install -path=/tmp/x.mobileconfig")
        assert (done.returncode, done.stderr) == (
            1,
            "profiles tool no longer supports installs.  Use System Settings Profiles to add configuration profiles.\n",
        )

    def test_enrolment_is_reported(self, machine: MacMachine) -> None:
        reported = run(machine, "profiles status -type enrollment").stdout
        assert reported == "Enrolled via DEP: No\nMDM enrollment: No\n"
