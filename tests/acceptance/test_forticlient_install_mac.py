"""The client on every Mac, looked at by another way than the roles do.

Source: docs/sources/service.md#client-versions and docs/sources/service.md#mac-floor.
"""

from __future__ import annotations

import plistlib

import pytest

testinfra_hosts = ["ansible://macs"]

APP = "/Applications/FortiClient.app"
SUPPORT = "/Library/Application Support/Fortinet/FortiClient"


@pytest.fixture
def version(host):
    printed = host.run(f"/usr/libexec/PlistBuddy -c 'Print :CFBundleShortVersionString' {APP}/Contents/Info.plist")
    assert printed.rc == 0, printed.stderr
    return tuple(int(part) for part in printed.stdout.strip().split("."))


def test_the_client_is_there_and_not_older_than_the_one_that_was_confirmed(version):
    assert version >= (7, 0, 7, 245)


def test_it_is_the_free_edition(host):
    assert host.file(f"{SUPPORT}/bin/fctservctl2").exists
    assert not host.file(f"{SUPPORT}/bin/epctrl").exists


def test_the_installer_left_its_receipt(host):
    printed = host.run("/usr/sbin/pkgutil --pkg-info-plist com.fortinet.forticlient.vpnservice")
    assert printed.rc == 0, printed.stderr
    assert plistlib.loads(printed.stdout.encode())["pkgid"] == "com.fortinet.forticlient.vpnservice"


def test_macos_knows_the_client_s_network_extension_by_its_maker_s_team(host):
    lines = host.run("/usr/bin/systemextensionsctl list").stdout.splitlines()
    # After an upgrade the one before stays in the list until the next restart.
    ours = [line for line in lines if "com.fortinet.forticlient.macos.vpn.nwextension" in line]
    assert ours
    assert all("\tAH4XFXJ7DK\t" in line for line in ours)


def test_no_disk_image_of_ours_is_attached_and_no_copy_lies_about(host):
    attached = plistlib.loads(host.run("/usr/bin/hdiutil info -plist").stdout.encode())
    assert [image["image-path"] for image in attached["images"] if "OffsiteEndpoints" in image["image-path"]] == []
    with host.sudo():
        assert not host.file("/private/var/root/OffsiteEndpoints").exists
