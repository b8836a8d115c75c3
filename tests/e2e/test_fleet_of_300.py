"""Three hundred endpoints audited three times, with drift and repairs between: the history keeps each apart."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.depth
FLEET = (250, 50)
LSA = r"HKLM:\SYSTEM\CurrentControlSet\Control\Lsa"
GUESTS = "smb_firewall_scope.guests"
FIREFOX, POLICIES = "/Library/Preferences/org.mozilla.firefox.plist", "fortissl_proxy.firefox_policies"
PLIST_BUDDY = "/usr/libexec/PlistBuddy"
REACHABLE = "endpoint.reachable"
# Of the lab's Macs this one has no Python, so nothing can be measured there.
NO_PYTHON = "mac-06"
# Wrong twice is enough here: there are three audits.
TWICE = ("-e", "endpoint_report_flapping_times=2")

# What each part of the fleet goes through: whether guests are let in (forceguest) before each audit, and what the
# audit has to say of it: status, news, the audit since which it is so, who moved, flapping.
WINDOWS: dict[str, tuple[tuple[int, int, int], list[tuple[str, str, int, str, bool]]]] = {
    "steady": ((0, 0, 0), [("compliant", "", 1, "", False)] * 3),
    "broken for good": (
        (0, 1, 1),
        [
            ("compliant", "", 1, "", False),
            ("drifted", "new", 2, "endpoint", False),
            ("drifted", "still", 2, "endpoint", False),
        ],
    ),
    "broken and mended": (
        (0, 1, 0),
        [
            ("compliant", "", 1, "", False),
            ("drifted", "new", 2, "endpoint", False),
            ("compliant", "fixed", 3, "endpoint", False),
        ],
    ),
    "again and again": (
        (1, 0, 1),
        [
            ("drifted", "new", 1, "", False),
            ("compliant", "fixed", 2, "endpoint", False),
            ("drifted", "new", 3, "endpoint", True),
        ],
    ),
    "broken late": (
        (0, 0, 1),
        [
            ("compliant", "", 1, "", False),
            ("compliant", "", 1, "", False),
            ("drifted", "new", 3, "endpoint", False),
        ],
    ),
}
PARTS = list(WINDOWS)
# Half of the Macs get the policy after the first audit and lose it after the second.
MACS: dict[str, list[tuple[str, str, int, str, bool]]] = {
    "without it": [
        ("drifted", "new", 1, "", False),
        ("drifted", "still", 1, "", False),
        ("drifted", "still", 1, "", False),
    ],
    "given and taken": [
        ("drifted", "new", 1, "", False),
        ("compliant", "fixed", 2, "endpoint", False),
        ("drifted", "new", 3, "endpoint", True),
    ],
}
MAC_STEPS = {2: "Add :EnterprisePoliciesEnabled bool true", 3: "Set :EnterprisePoliciesEnabled false"}


def windows_of(fleet: Any, part: str) -> list[str]:
    number = PARTS.index(part)
    return sorted(name for name in fleet.status() if name.startswith("win-"))[number :: len(PARTS)]


def macs_of(fleet: Any, part: str) -> list[str]:
    macs = sorted(name for name in fleet.status() if name.startswith("mac-") and name != NO_PYTHON)
    return macs[list(MACS).index(part) :: 2]


def on_all(fleet: Any, hosts: list[str], module: str, arguments: dict[str, Any], *options: str) -> None:
    done = fleet.adhoc(",".join(hosts), module, arguments, *options)
    assert done.returncode == 0, done.stdout[-2000:]


def drift(fleet: Any, audit: int) -> None:
    """Do to the machines what happens before an audit, where it differs from what was."""
    by_value: dict[int, list[str]] = {}
    for part, (values, _said) in WINDOWS.items():
        if values[audit - 1] != (values[audit - 2] if audit > 1 else 0):
            by_value.setdefault(values[audit - 1], []).extend(windows_of(fleet, part))
    for value, hosts in by_value.items():
        given = {"path": LSA, "name": "forceguest", "data": value, "type": "dword"}
        on_all(fleet, hosts, "ansible.windows.win_regedit", given)
    if audit in MAC_STEPS:
        argv = [PLIST_BUDDY, "-c", MAC_STEPS[audit], FIREFOX]
        on_all(fleet, macs_of(fleet, "given and taken"), "ansible.builtin.command", {"argv": argv}, "--become")


def said(run: Any, host: str, control: str, times: list[str]) -> tuple[str, str, int, str, bool]:
    """Return what an audit says of a control; `since` as the number of the audit that began at that time."""
    (one,) = [r for r in run.records if (r["endpoint"], r["control"]) == (host, control)]
    return (one["status"], one["news"], times.index(one["since"]) + 1, one["moved"], one["flapping"])


@pytest.fixture(scope="module")
def audits(fleet):
    """Return the three audits; in the second one machine of every part is off."""
    found = []
    off = [windows_of(fleet, part)[0] for part in PARTS]
    for number in (1, 2, 3):
        drift(fleet, number)
        for host in off if number == 2 else ():
            fleet.fault(host, "power_off")
        found.append(fleet.play("audit.yml", *TWICE))
        for host in off if number == 2 else ():
            fleet.fault(host, "none")
    return found


@pytest.fixture(scope="module")
def times(audits):
    return [run.records[0]["at"] for run in audits]


def test_every_endpoint_is_in_every_audit(fleet, audits):
    assert len(fleet.status()) == 300
    for number, run in enumerate(audits, start=1):
        assert {r["endpoint"] for r in run.records} == set(fleet.status()), number
        assert run.code == 2, "nothing was prepared"
    last = [line for line in audits[1].output.splitlines() if line.startswith("Not good:")][-1]
    assert "294 of 300 endpoints" in last
    assert last.endswith("6 endpoints not measured (5 unreachable, 1 error)")
    assert all((NO_PYTHON, "endpoint.state", None) in run.of_status("error") for run in audits)


@pytest.mark.parametrize("part", PARTS)
def test_since_fixed_and_flapping_on_windows(fleet, audits, times, part):
    off, *always_on = windows_of(fleet, part)
    for number, run in enumerate(audits, start=1):
        expected = WINDOWS[part][1][number - 1]
        wrong = {host: seen for host in always_on if (seen := said(run, host, GUESTS, times)) != expected}
        assert wrong == {}, (number, expected)
        # The one that was off has no word of it in the second audit, and is not good for that.
        if number == 2:
            assert {(r["control"], r["status"]) for r in run.records if r["endpoint"] == off} == {
                (REACHABLE, "unreachable")
            }


@pytest.mark.parametrize("part", list(MACS))
def test_since_fixed_and_flapping_on_macs(fleet, audits, times, part):
    for number, run in enumerate(audits, start=1):
        expected = MACS[part][number - 1]
        hosts = macs_of(fleet, part)
        assert {host: seen for host in hosts if (seen := said(run, host, POLICIES, times)) != expected} == {}, number


def test_one_that_was_off_is_new_once_and_fixed_once(fleet, audits, times):
    for host in (windows_of(fleet, part)[0] for part in PARTS):
        seen = [said(run, host, REACHABLE, times) for run in audits]
        assert [one[:3] for one in seen] == [("compliant", "", 1), ("unreachable", "new", 2), ("compliant", "fixed", 3)]


def test_the_time_of_silence_is_not_forgotten(fleet, audits, times):
    """What was broken while nobody looked is new in the first audit that sees it; what went on keeps its since."""
    seen = {part: said(audits[2], windows_of(fleet, part)[0], GUESTS, times) for part in PARTS}
    assert seen["steady"] == ("compliant", "", 1, "", False)
    assert seen["broken for good"] == ("drifted", "new", 3, "endpoint", False)
    assert seen["broken and mended"] == ("compliant", "", 1, "", False)
    assert seen["again and again"] == ("drifted", "still", 1, "", False)


def test_nothing_else_is_called_new_or_fixed(fleet, audits):
    ours = {GUESTS, REACHABLE, POLICIES}
    for run in audits[1:]:
        assert {r["control"] for r in run.records if r["news"] in ("new", "fixed")} <= ours


def test_the_line_of_news_counts_them(audits):
    # 50 machines a part, one of each is off in the second audit; 24 of the Macs are given the policy, and lose it.
    # Second: 49 + 49 broken and 5 silent; 49 mended and 24 Macs. Third: 1 that broke unseen, 49 again, 50 late and
    # 24 Macs; 49 mended, 5 that answer again.
    assert "Since the last time: 103 new, 73 fixed" in audits[1].output
    assert "Since the last time: 124 new, 54 fixed, 73 flapping" in audits[2].output
