"""docs/sources/service.md#connection-name: the connection that FortiClient VPN shows on a Mac."""

from __future__ import annotations

import plistlib

import pytest

testinfra_hosts = ["ansible://macs"]

VPN_PLIST = "/Library/Application Support/Fortinet/FortiClient/conf/vpn.plist"


@pytest.fixture
def profiles(host):
    printed = host.run(f"plutil -convert xml1 -o - '{VPN_PLIST}'")
    assert printed.rc == 0, printed.stderr
    return plistlib.loads(printed.stdout.encode())["Profiles"]


def test_the_imr_connection_has_the_values_of_the_service(profiles):
    imr = profiles["IMR"]
    assert imr["Name"] == "IMR"
    assert imr["Server"] == "fg.imr.tohoku.ac.jp"
    assert imr["ServerPort"] == 443
    assert imr["EnableCustomPort"] == 1
    assert imr["VpnType"] == 0
    assert imr["PromptForCertificate"] == 0
    assert imr["SSOEnabled"] == 0


def test_other_people_s_connections_keep_their_saved_names(profiles):
    others = {name: entry for name, entry in profiles.items() if name != "IMR"}
    assert others, "the lab gives every client a connection of its user's own"
    assert all(entry["Server"] != "fg.imr.tohoku.ac.jp" for entry in others.values())


def test_the_file_still_belongs_to_root_and_is_readable(host):
    conf = host.file(VPN_PLIST)
    assert conf.user == "root"
    assert conf.mode == 0o644
