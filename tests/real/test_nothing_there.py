"""On a machine on which next to nothing is that the roles look for, each control has a true record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real.endpoint import Endpoint
from tests.real.plays import Run, play

# What is good because nothing is there that would be bad.
GOOD = {
    ("endpoint.reachable", None),
    ("forticlient_install.copied_installer", None),
    ("forticlient_install.edition", None),
    ("forticlient_install.reboot_required", None),
    ("fortissl_proxy.browser_policy", "Chrome ProxyMode"),
    ("fortissl_proxy.browser_policy", "Chrome ProxySettings"),
    ("fortissl_proxy.browser_policy", "Edge ProxyMode"),
    ("fortissl_proxy.browser_policy", "Edge ProxySettings"),
    ("smb_firewall_scope.answers", None),
    ("smb_firewall_scope.closed_to_others", "Domain"),
    ("smb_firewall_scope.closed_to_others", "Private"),
    ("smb_firewall_scope.closed_to_others", "Public"),
}
ERRORS = {
    "the registry of user default could not be read: ProfileList names no folder for default": {
        "fortissl_proxy.connection"
    },
    "Windows names no network that this machine is on now": {"smb_firewall_scope.reachable_now"},
    "system edition_id: the document does not have it": {
        "rdp_enable.connections",
        "rdp_enable.firewall",
        "rdp_enable.listener",
        "rdp_enable.nla",
        "rdp_enable.reachable",
        "rdp_enable.reachable_now",
        "rdp_enable.running",
        "rdp_enable.service",
        "smb_client.guest_servers",
        "smb_client.old_servers",
        "smb_firewall_scope.old_clients",
    },
}
DRIFTED = {
    "forticlient_install.installed",
    "forticlient_install.supported_windows",
    "fortissl_proxy.connection",
    "fortissl_proxy.firefox_mode",
    "fortissl_proxy.firefox_pac",
    "smb_firewall_scope.anonymous_shares",
    "smb_firewall_scope.anonymous_users",
    "smb_firewall_scope.blank_passwords",
    "smb_firewall_scope.guests",
    "smb_firewall_scope.reachable",
    "smb_firewall_scope.running",
    "smb_firewall_scope.service",
}
# The firewall rules are not there at all, nor the client or a share.
NOT_APPLICABLE = {
    "forticlient_install": "FortiClient VPN is not installed; see forticlient_install.installed",
    "smb_firewall_scope": "this version of Windows does not have this rule",
    "vpn_profile": "FortiClient VPN is not installed; install it first, then run this role again",
}


@pytest.fixture(scope="module")
def run(endpoint: Endpoint) -> Run:
    return play(endpoint, "audit", office_pc=True)


def test_it_ends_with_a_verdict_and_a_record_for_each_control(run: Run) -> None:
    assert run.code == 2, run.output
    assert run.output.rstrip().splitlines()[-1] == (
        "Not good: 12 of 44 controls on 1 of 1 endpoint compliant; 15 drifted, 17 error"
    )
    assert {record["status"] for record in run.records} == {"compliant", "drifted", "error", "not_applicable"}


def test_nothing_is_taken_for_good_that_is_not_there(run: Run) -> None:
    assert run.of_status("compliant") == GOOD
    assert {control for control, _ in run.of_status("drifted")} == DRIFTED


def test_what_cannot_be_read_is_an_error_that_says_why(run: Run) -> None:
    errors: dict[str, Any] = {}
    for record in run.records:
        if record["status"] == "error":
            errors.setdefault(record["reason"], set()).add(record["control"])
    assert errors == ERRORS


def test_what_means_nothing_without_the_thing_says_which_thing(run: Run) -> None:
    skipped = [record for record in run.records if record["status"] == "not_applicable"]
    for role, reason in NOT_APPLICABLE.items():
        reasons = [record["reason"] for record in skipped if record["control"].startswith(role)]
        assert reasons.count(reason) >= 6, (role, reasons)
