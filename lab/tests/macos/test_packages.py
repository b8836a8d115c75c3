"""Disk images, packages and what installing them does to a simulated Mac.

Source: docs/sources/macos.md#packages-and-disk-images.
"""

from __future__ import annotations

import plistlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab import downloads
from lab.macos import forticlient
from lab.macos.machine import MacMachine
from lab.macos.media import Package, image_bytes, package_bytes, read_package
from lab.tests.macos.machines import VPN_PLIST, mac, put, run, sudo

DMG, PKG = "/private/tmp/client.dmg", "/private/tmp/client.pkg"
ATTACH = f"hdiutil attach -plist -nobrowse -noautoopen -readonly {DMG}"
APP_INFO = "Applications/FortiClient.app/Contents/Info.plist"


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    """Return a Mac without FortiClient, with an offline image and a package of it in /tmp."""
    machine = mac(tmp_path, condition="fresh")
    put(machine, DMG, image_bytes(forticlient.image("7.4.3.4323")))
    put(machine, PKG, package_bytes(forticlient.package("7.4.3.4323")))
    return machine


def attach(machine: MacMachine, command: str = ATTACH) -> list[dict[str, Any]]:
    done = sudo(machine, command)
    assert (done.returncode, done.stderr) == (0, "")
    entities: list[dict[str, Any]] = plistlib.loads(done.stdout.encode())["system-entities"]
    return entities


def install(machine: MacMachine, package: Package) -> subprocess.CompletedProcess[str]:
    put(machine, PKG, package_bytes(package))
    return sudo(machine, f"installer -pkg {PKG} -target /")


def profiles(machine: MacMachine) -> list[str]:
    return list(plistlib.loads(Path(f"{machine.root}{VPN_PLIST}").read_bytes())["Profiles"])


class TestImages:
    def test_only_the_mounted_volume_has_a_mount_point(self, machine: MacMachine) -> None:
        entities = attach(machine)
        mounted = [entity for entity in entities if "mount-point" in entity]
        assert [(one["dev-entry"], one["mount-point"], one["volume-kind"]) for one in mounted] == [
            ("/dev/disk4s1", "/Volumes/FortiClientVPN", "hfs")
        ]
        assert {entity["content-hint"] for entity in entities} == {"GUID_partition_scheme", "Apple_HFS"}
        assert run(machine, "ls /Volumes/FortiClientVPN").stdout == "Install.mpkg\n"

    def test_the_order_of_the_entries_is_not_fixed(self, machine: MacMachine) -> None:
        put(machine, "/private/tmp/other.dmg", image_bytes(forticlient.online_installer("7.4.3.4323")))
        first = [one["dev-entry"] for one in attach(machine)]
        second = [one["dev-entry"] for one in attach(machine, ATTACH.replace(DMG, "/private/tmp/other.dmg"))]
        assert (first, second) == (["/dev/disk4s1", "/dev/disk4"], ["/dev/disk5", "/dev/disk5s1"])
        assert run(machine, "ls '/Volumes/FortiClientVPN 1'").stdout == "FortiClientInstaller.app\n"

    def test_a_mount_point_can_be_chosen(self, machine: MacMachine) -> None:
        attach(machine, f"hdiutil attach -plist -nobrowse -mountpoint /private/tmp/here {DMG}")
        assert run(machine, "ls /tmp/here").stdout == "Install.mpkg\n"
        assert sudo(machine, "hdiutil detach /tmp/here").stdout == '"disk4" ejected.\n'
        assert run(machine, "ls /tmp/here").returncode == 1

    def test_a_licence_comes_before_the_plist_and_has_to_be_agreed_to(self, machine: MacMachine) -> None:
        put(machine, DMG, image_bytes(forticlient.image("7.4.3.4323", licence="You may.\n")))
        details = plistlib.loads(run(machine, f"hdiutil imageinfo -plist {DMG}").stdout.encode())
        assert details["Properties"] == {"Software License Agreement": True}
        agreed = run(machine, ATTACH, stdin="Y\n").stdout
        assert agreed.startswith("You may.\n\nAgree Y/N? <?xml")
        run(machine, "hdiutil detach disk4")
        refused = run(machine, ATTACH)
        assert (refused.returncode, refused.stderr) == (1, "hdiutil: attach canceled\n")

    @pytest.mark.parametrize(
        ("content", "text"), [(b"cut off", "image not recognized"), (None, "No such file or directory")]
    )
    def test_a_damaged_or_missing_image_is_refused(self, machine: MacMachine, content: bytes | None, text: str) -> None:
        (machine.root / "private/tmp/client.dmg").unlink()
        if content is not None:
            put(machine, DMG, content)
        done = run(machine, ATTACH)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"hdiutil: attach failed - {text}\n")

    def test_an_image_that_is_attached_already_is_shown_again(self, machine: MacMachine) -> None:
        assert attach(machine) == attach(machine)
        images = plistlib.loads(run(machine, "hdiutil info -plist").stdout.encode())["images"]
        assert [image["image-path"] for image in images] == [DMG]

    def test_a_leaked_image_shows_in_the_fingerprint_until_it_is_detached(self, machine: MacMachine) -> None:
        before = machine.fingerprint()
        attach(machine)
        assert machine.fingerprint() != before
        assert sudo(machine, "hdiutil detach /Volumes/FortiClientVPN").returncode == 0
        assert machine.fingerprint() == before
        gone = sudo(machine, "hdiutil detach /Volumes/FortiClientVPN")
        assert (gone.returncode, gone.stderr) == (1, "hdiutil: detach failed - No such file or directory\n")

    def test_it_shows_there_too_when_it_is_mounted_in_a_temporary_folder(self, machine: MacMachine) -> None:
        before = machine.fingerprint()
        attach(machine, f"hdiutil attach -plist -mountpoint /private/tmp/here {DMG}")
        assert machine.fingerprint() != before

    def test_a_busy_image_is_detached_by_force_only(self, machine: MacMachine) -> None:
        attach(machine)
        with machine.state.edit() as data:
            data["faults"]["image_busy"] = 2
        for _ in range(2):
            busy = sudo(machine, "hdiutil detach /dev/disk4")
            assert (busy.returncode, busy.stderr) == (16, 'hdiutil: couldn\'t unmount "disk4" - Resource busy\n')
        with machine.state.edit() as data:
            data["faults"]["image_busy"] = 1
        assert sudo(machine, "hdiutil detach -force /dev/disk4").returncode == 0

    def test_a_mounted_volume_is_read_only_for_root_too(self, machine: MacMachine) -> None:
        attach(machine)
        done = sudo(machine, "touch /Volumes/FortiClientVPN/x")
        assert (done.returncode, done.stderr) == (1, "touch: /Volumes/FortiClientVPN/x: Read-only file system\n")

    def test_other_uses_are_not_modelled(self, machine: MacMachine) -> None:
        done = run(machine, f"hdiutil convert {DMG}")
        assert done.returncode == 127
        assert done.stderr.startswith("lab: hdiutil is not modelled with these arguments: convert")


class TestSignatures:
    def test_a_good_package_names_its_team_in_the_first_line_of_the_chain(self, machine: MacMachine) -> None:
        done = run(machine, f"pkgutil --check-signature {PKG}")
        lines = done.stdout.splitlines()
        assert lines[:5] == [
            'Package "client.pkg":',
            "   Status: signed by a developer certificate issued by Apple for distribution",
            "   Notarization: trusted by the Apple notary service",
            "   Signed with a trusted timestamp on: 2025-04-10 08:12:44 +0000",
            "   Certificate Chain:",
        ]
        assert lines[5] == "    1. Developer ID Installer: Fortinet, Inc (AH4XFXJ7DK)"
        assert "    3. Apple Root CA" in lines
        assert done.returncode == 0

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"signer": "", "team": ""}, "   Status: no signature", 1),
            ({"trusted": False}, "   Status: signed by untrusted certificate", 1),
            (
                {"notarised": False},
                "   Status: signed by a developer certificate issued by Apple for distribution",
                0,
            ),
        ],
    )
    def test_a_worse_package_says_so(
        self, machine: MacMachine, changes: dict[str, Any], status: str, code: int
    ) -> None:
        put(machine, PKG, package_bytes(forticlient.package("7.4.3.4323", **changes)))
        done = run(machine, f"pkgutil --check-signature {PKG}")
        assert (done.stdout.splitlines()[1], done.returncode) == (status, code)
        assert "Notarization" not in done.stdout

    def test_gatekeeper_answers_on_standard_error(self, machine: MacMachine) -> None:
        done = run(machine, f"spctl -a -vv -t install {PKG}")
        origin = "origin=Developer ID Installer: Fortinet, Inc (AH4XFXJ7DK)\n"
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"{PKG}: accepted\nsource=Notarized Developer ID\n{origin}"
        put(machine, PKG, package_bytes(forticlient.package("7.4.3.4323", notarised=False)))
        done = run(machine, f"spctl -a -vv -t install {PKG}")
        assert (done.returncode, done.stderr) == (3, f"{PKG}: rejected\nsource=Unnotarized Developer ID\n{origin}")
        put(machine, PKG, package_bytes(forticlient.package("7.4.3.4323", signer="")))
        done = run(machine, f"spctl -a -vv -t install {PKG}")
        assert (done.returncode, done.stderr) == (3, f"{PKG}: rejected\nsource=no usable signature\n")

    def test_the_installer_asks_for_no_signature(self, machine: MacMachine) -> None:
        assert install(machine, forticlient.package("7.4.3.4323", signer="", team="")).returncode == 0


class TestInstaller:
    def test_a_first_install_from_the_image(self, machine: MacMachine) -> None:
        attach(machine)
        done = sudo(machine, "installer -pkg /Volumes/FortiClientVPN/Install.mpkg -target /")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "installer: Package name is FortiClientVPN\ninstaller: Installing at base path /\n"
            "installer: The install was successful.\n"
        )
        info = plistlib.loads((machine.root / APP_INFO).read_bytes())
        assert info["CFBundleShortVersionString"] == "7.4.3.4323"
        assert "com.fortinet.forticlient.vpnservice\n" in run(machine, "pkgutil --pkgs").stdout
        support = "/Library/Application Support/Fortinet/FortiClient"
        assert run(machine, f"cat '{support}/conf/fctinfo'").stdout == "version=7.4.3.4323\n"
        assert run(machine, f"ls '{support}/bin'").stdout == "fcconfig\nfctservctl2\n"
        assert run(machine, f"stat -f '%Su:%Sg %Lp' '{VPN_PLIST}'").stdout == "root:wheel 644\n"
        assert run(machine, "launchctl print system/com.fortinet.forticlient.servctl").returncode == 0
        assert (
            run(machine, "systemextensionsctl list").stdout.splitlines()[-1]
            == "\t*\tAH4XFXJ7DK\tcom.fortinet.forticlient.macos.vpn.nwextension (7.4.3/4323)\tvpnprovider"
            "\t[activated waiting for user]"
        )
        # The network service comes with the first tunnel.
        assert "com.fortinet" not in run(machine, "scutil --nc list").stdout

    def test_the_full_edition_brings_epctrl_and_the_free_one_takes_it_away(self, machine: MacMachine) -> None:
        epctrl = f"ls '{forticlient.SUPPORT}/bin/epctrl'"
        install(machine, forticlient.package("7.4.3.4323", "full"))
        assert run(machine, epctrl).returncode == 0
        install(machine, forticlient.package("7.4.3.4323"))
        assert run(machine, epctrl).returncode == 1

    def test_an_upgrade_says_so_and_overwrites_the_profiles(self, tmp_path: Path) -> None:
        machine = mac(tmp_path)
        with machine.state.edit() as data:
            data["system_extensions"] = [forticlient.extension("7.0.7.0245", "activated enabled")]
        assert profiles(machine) == ["Campus", "IMR"]
        done = install(machine, forticlient.package("7.4.3.4323"))
        assert done.stdout.splitlines()[1:] == [
            "installer: Upgrading at base path /",
            "installer: The upgrade was successful.",
        ]
        assert profiles(machine) == []
        listed = run(machine, "systemextensionsctl list").stdout.splitlines()
        assert listed[0] == "2 extension(s)"
        assert listed[-2].endswith("(7.0.7/0245)\tvpnprovider\t[terminated waiting to uninstall on reboot]")
        assert listed[-1].endswith("(7.4.3/4323)\tvpnprovider\t[activated enabled]")

    def test_approval_by_mdm_spares_the_user(self, machine: MacMachine) -> None:
        with machine.state.edit() as data:
            data["mdm"]["allowed_teams"] = ["AH4XFXJ7DK"]
        install(machine, forticlient.package("7.4.3.4323"))
        assert "[activated enabled]" in run(machine, "systemextensionsctl list").stdout

    def test_a_version_below_the_floor_installs_without_an_extension(self, machine: MacMachine) -> None:
        assert install(machine, forticlient.package("6.4.2.1305")).returncode == 0
        assert run(machine, "systemextensionsctl list").stdout == "0 extension(s)\n"
        install(machine, forticlient.package("6.4.3.1310"))
        assert run(machine, "systemextensionsctl list").stdout.startswith("1 extension(s)\n")

    def test_only_root_may(self, machine: MacMachine) -> None:
        done = run(machine, f"installer -pkg {PKG} -target /")
        assert (done.returncode, done.stderr) == (1, "installer: Must be run as root to install this package.\n")
        assert run(machine, "ls /Applications/FortiClient.app").returncode == 1

    @pytest.mark.parametrize("path", ["/private/tmp/none.pkg", DMG, "/private/tmp/client"])
    def test_what_is_no_package_is_refused(self, machine: MacMachine, path: str) -> None:
        put(machine, "/private/tmp/client", package_bytes(forticlient.package("7.4.3.4323")))  # without the ending
        done = sudo(machine, f"installer -pkg {path} -target /")
        text = f"installer: Error - the package path specified was invalid: '{path}'.\n"
        assert (done.returncode, done.stderr) == (1, text)

    def test_the_online_installer_is_an_application_and_no_package(self, machine: MacMachine) -> None:
        put(machine, DMG, image_bytes(forticlient.online_installer("7.4.3.4323")))
        attach(machine)
        assert run(machine, "ls /Volumes/FortiClientVPN").stdout == "FortiClientInstaller.app\n"
        app = "/Volumes/FortiClientVPN/FortiClientInstaller.app"
        assert sudo(machine, f"installer -pkg {app} -target /").returncode == 1

    def test_a_failing_package_and_a_failing_machine(self, machine: MacMachine) -> None:
        reason = "An error occurred while running scripts from the package."
        done = install(machine, forticlient.package("7.4.3.4323", error=reason))
        assert done.returncode == 1
        assert done.stderr.startswith("installer: The install failed. (The Installer encountered an error")
        assert done.stderr.endswith(f"{reason})\n")
        with machine.state.edit() as data:
            data["faults"]["install_fails"] = 1
        assert install(machine, forticlient.package("7.4.3.4323")).returncode == 1
        assert run(machine, "ls /Applications/FortiClient.app").returncode == 1
        assert install(machine, forticlient.package("7.4.3.4323")).returncode == 0

    def test_any_other_package_brings_its_files_and_receipts(self, machine: MacMachine) -> None:
        other = Package("Tool", "1.2", receipts=("org.example.tool",), files={"/Library/Tool/readme": "hello\n"})
        assert install(machine, other).returncode == 0
        assert run(machine, "cat /Library/Tool/readme").stdout == "hello\n"
        assert run(machine, "pkgutil --pkg-info org.example.tool").stdout.splitlines()[:2] == [
            "package-id: org.example.tool",
            "version: 1.2",
        ]


class TestReceipts:
    def test_a_receipt_as_a_property_list(self, tmp_path: Path) -> None:
        identifier = "com.fortinet.forticlient.vpnservice"
        found = plistlib.loads(run(mac(tmp_path), f"pkgutil --pkg-info-plist {identifier}").stdout.encode())
        assert found.pop("pkg-version") in ("7.0.7.0245", "7.4.3.4323")
        assert found == {
            "pkgid": identifier,
            "volume": "/",
            "install-location": "/",
            "install-time": 1672000000,
            "receipt-plist-version": 1.0,
        }

    def test_a_receipt_outlives_the_application_until_it_is_forgotten(self, tmp_path: Path) -> None:
        machine = mac(tmp_path)
        sudo(machine, "rm -rf /Applications/FortiClient.app")
        listing = "pkgutil --pkgs=com.fortinet.forticlient.FortiClient"
        assert run(machine, listing).returncode == 0
        done = sudo(machine, "pkgutil --forget com.fortinet.forticlient.FortiClient")
        assert done.stdout == "Forgot package 'com.fortinet.forticlient.FortiClient' on '/'.\n"
        assert run(machine, listing).returncode == 1
        missing = run(machine, "pkgutil --pkg-info com.fortinet.forticlient.FortiClient")
        text = "No receipt for 'com.fortinet.forticlient.FortiClient' found at '/'.\n"
        assert (missing.returncode, missing.stderr) == (1, text)


class TestUninstallHelper:
    def test_it_removes_the_client_and_leaves_receipts(self, tmp_path: Path) -> None:
        machine = mac(tmp_path)
        assert run(machine, f"'{forticlient.HELPER}'").returncode == 1  # not root
        done = sudo(machine, f'"{forticlient.HELPER}"')
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert run(machine, "ls /Applications").stdout.split() in ([], ["Firefox.app"])
        assert run(machine, "ls '/Library/Application Support/Fortinet'").returncode == 1
        assert run(machine, "launchctl print system/com.fortinet.forticlient.servctl").returncode == 113
        assert "com.fortinet.forticlient.vpnservice" in run(machine, "pkgutil --pkgs").stdout
        assert "[terminated waiting to uninstall on reboot]" in run(machine, "systemextensionsctl list").stdout

    def test_before_an_upgrade_the_settings_stay(self, tmp_path: Path) -> None:
        machine = mac(tmp_path)
        assert sudo(machine, f'"{forticlient.HELPER}" upgrade-uninstall').returncode == 0
        assert profiles(machine) == ["Campus", "IMR"]
        assert run(machine, "ls /Applications/FortiClient.app").returncode == 1


def test_the_downloads_are_the_same_every_time_and_the_offline_ones_are_big(tmp_path: Path) -> None:
    for name in ("a", "b"):
        downloads.write(tmp_path / name)
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "a").iterdir()}
    assert sizes == {
        "FortiClientSetup_7.4.3.4323_macosx.dmg": 12_000_000,
        "FortiClientVPNSetup_7.0.7.0245_macosx.dmg": 12_000_000,
        "FortiClientVPNSetup_7.4.3.4323_macosx.dmg": 12_000_000,
        "FortiClientVPNSetup_7.4.3.4323_macosx.pkg": 12_000_000,
        "FortiClientVPN_7.4.3.1790_x64.msi": 12_000_000,
        "FortiClientVPN_7.4.3.4323_OnlineInstaller.dmg": 2_000_000,
        "FortiClientVPN_7.4.3.8758_x64.msi": 12_000_000,
        "python-3.13.9-macos11.pkg": 12_000_000,
    }
    assert all((tmp_path / "b" / name).read_bytes() == (tmp_path / "a" / name).read_bytes() for name in sizes)
    package = read_package((tmp_path / "a/FortiClientVPNSetup_7.4.3.4323_macosx.pkg").read_bytes())
    assert package == forticlient.package("7.4.3.4323")
