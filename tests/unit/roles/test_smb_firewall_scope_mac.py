"""What the role smb_firewall_scope finds on a Mac, and what it would do about it."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.plan.plan import Plan
from tests.samples.documents import BEFORE_PLIST, mac
from tests.samples.mac_roles import planned
from tests.samples.roles import found, reason

ANCHOR, FILE = "anchor com.apple/offsite-endpoints.smb", "text /etc/pf.anchors/offsite-endpoints.smb"
DAEMON = "/Library/LaunchDaemons/offsite-endpoints.smb-firewall.plist"
COMMAND = (
    "/sbin/pfctl -a com.apple/offsite-endpoints.smb -f /etc/pf.anchors/offsite-endpoints.smb; "
    "/sbin/pfctl -E 2>&1 | /usr/bin/sed -n 's/^Token : //p' > /var/run/offsite-endpoints.smb.token"
)
RULES = [
    "pass in quick on lo0 proto tcp from any to any port 445",
    "pass in quick proto tcp from (en0:network) to any port 445",
    "pass in quick inet proto tcp from 172.31.0.0/16 to any port 445",
    "block drop in quick proto tcp from any to any port 445",
]
OURS, MAIN = "com.apple/offsite-endpoints.smb", ['anchor "com.apple/*" all']
TEXT = """\
# Written by Ansible (smb_firewall_scope): who may reach this Mac's file shares.
pass in quick on lo0 proto tcp from any to any port 445
pass in quick proto tcp from (en0:network) to any port 445
pass in quick inet proto tcp from 172.31.0.0/16 to any port 445
block drop in quick proto tcp from any to any port 445
"""


def a_mac(**tools: Any) -> dict[str, Any]:
    document = mac()
    arguments = ["/bin/sh", "-c", COMMAND]
    document["plists"] = {
        DAEMON: {"exists": True, "format": "xml", "data": {"ProgramArguments": arguments}},
        BEFORE_PLIST: {"exists": False},
    }
    document["tools"] = {
        ANCHOR: {"rules": RULES},
        FILE: {"text": TEXT},
        "network_services": {"Wi-Fi": {"device": "en0"}},
        "launchd offsite-endpoints.smb-firewall": {"disabled": False},
        "packet_filter": {"enabled": True},
        "file_sharing": {"guest_access": False, "guest_shares": []},
        "packet_filter_rules": {"rules": {"main": MAIN, "anchors": {"com.apple": [], OURS: RULES}}},
        "application_firewall": {"enabled": True, "block_all": False, "smbd_blocked": False},
        "launchd com.apple.smbd": {"disabled": False, "loaded": True},
        **tools,
    }
    return document


def look(document: dict[str, Any], **overrides: Any) -> Plan:
    return planned("smb_firewall_scope", document, smb_firewall_scope_remote_addresses=["172.31.0.0/16"], **overrides)


def test_a_mac_that_is_right_needs_nothing():
    result = look(a_mac())
    assert set(found(result).values()) == {"compliant"}
    assert [item["expected"] for item in result.records[:2]] == [RULES, TEXT]
    assert not result.as_dict()["has_writes"]


def test_rules_and_their_file_are_brought_about_with_what_is_to_be_in_them():
    result = look(a_mac(**{ANCHOR: {"rules": RULES[:1]}, FILE: {}}))
    assert [(item["control"], item["expected"]) for item in result.role_work] == [
        ("smb_firewall_scope.remote_address", RULES),
        ("smb_firewall_scope.rules_file", TEXT),
    ]


def test_a_mac_in_another_network_has_other_local_subnets():
    result = look(a_mac(network_services={"Wi-Fi": {"device": "en0"}, "USB": {"device": "en7"}}))
    assert "(en7:network)" in reason(result, "smb_firewall_scope.remote_address")
    assert found(result)["rules_file", None] == "drifted"


def test_nothing_is_written_while_the_devices_are_not_known():
    result = look(a_mac(**{ANCHOR: {"rules": []}, FILE: {}, "network_services": {"error": "no answer"}}))
    assert found(result)["remote_address", None] == found(result)["rules_file", None] == "error"
    assert "network_services could not be read: no answer" in reason(result, "smb_firewall_scope.remote_address")
    assert not result.as_dict()["has_writes"]


def test_a_packet_filter_that_this_role_switched_on_stays_on():
    result = look(a_mac(packet_filter={"enabled": False}))
    assert [item["control"] for item in result.role_work] == ["smb_firewall_scope.enabled"]
    assert result.keep is None


def filtered(main: list[str], **anchors: list[str]) -> Plan:
    loaded = {name.replace("_", "/"): rules for name, rules in anchors.items()}
    return look(a_mac(packet_filter_rules={"rules": {"main": main, "anchors": {**loaded, OURS: RULES}}}))


def test_an_anchor_of_somebody_else_that_decides_first_is_named():
    block = "block drop in quick proto tcp from any to any port = 445"
    result = filtered(MAIN, **{"com.apple_acme": [block]})
    assert found(result)["decided_before", None] == "drifted"
    assert reason(result, "smb_firewall_scope.decided_before") == (
        f"decided before com.apple/offsite-endpoints.smb is asked: anchor com.apple/acme: {block}"
    )
    assert not result.as_dict()["has_writes"]


def test_one_that_comes_after_ours_decides_nothing():
    assert found(filtered(MAIN, **{"com.apple_zzz": ["block drop quick all"]}))["decided_before", None] == "compliant"


def test_main_rules_that_never_ask_our_anchor_keep_nobody_out():
    result = filtered(["pass in proto tcp from any to any port = 22"])
    assert "never ask the anchor com.apple/offsite-endpoints.smb" in reason(result, "smb_firewall_scope.decided_before")


def test_an_application_firewall_that_blocks_is_told_by_what_it_blocks():
    everything = look(a_mac(application_firewall={"enabled": True, "block_all": True, "smbd_blocked": False}))
    assert found(everything)["application_firewall", "all incoming connections"] == "drifted"
    program = look(a_mac(application_firewall={"enabled": True, "block_all": False, "smbd_blocked": True}))
    assert found(program)["application_firewall", "smbd"] == "drifted"


def test_one_that_is_off_blocks_nothing_whatever_it_says():
    result = look(a_mac(application_firewall={"enabled": False, "block_all": True, "smbd_blocked": True}))
    assert found(result)["application_firewall", "all incoming connections"] == "not_applicable"


def test_file_sharing_that_is_off_is_told_and_counts_where_shares_are_to_be_reached():
    off = a_mac(**{"launchd com.apple.smbd": {"disabled": True, "loaded": False}})
    result = look(off)
    assert found(result)["file_sharing", None] == "not_applicable"
    assert "nobody can reach a share of this Mac" in reason(result, "smb_firewall_scope.file_sharing")
    assert found(look(off, smb_firewall_scope_enable=True))["file_sharing", None] == "drifted"
    assert ("file_sharing", None) not in found(look(off, smb_firewall_scope_enable=False))
