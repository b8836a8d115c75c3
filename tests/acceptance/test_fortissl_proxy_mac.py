"""Mac users get Firefox with the PAC; the Mac's network services stay as they are.

Source: docs/sources/service.md#proxy-on-a-mac.
"""

from __future__ import annotations

import plistlib

testinfra_hosts = ["ansible://macs"]

POLICIES = "/Library/Preferences/org.mozilla.firefox.plist"


def test_firefox_takes_the_pac_by_policy(host):
    file = host.file(POLICIES)
    assert (file.user, file.group, file.mode) == ("root", "wheel", 0o644)
    policies = plistlib.loads(file.content)
    assert policies["EnterprisePoliciesEnabled"] is True
    assert policies["Proxy"] == {"Mode": "autoConfig", "AutoConfigURL": "http://proxy.imr.tohoku.ac.jp/proxy.pac"}


def test_the_network_services_have_no_pac_of_ours(host):
    listed = host.run("/usr/sbin/networksetup -listallnetworkservices")
    names = [line.lstrip("*") for line in listed.stdout.splitlines()[1:]]
    assert names
    for name in names:
        reported = host.run(f'/usr/sbin/networksetup -getautoproxyurl "{name}"')
        assert "proxy.imr.tohoku.ac.jp" not in reported.stdout, name
