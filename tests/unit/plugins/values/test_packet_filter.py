"""Rules of the packet filter: what pfctl prints is what was loaded, in another form.

Source: docs/sources/macos.md#packet-filter.
"""

from __future__ import annotations

import re

import pytest

from plugins.plugin_utils.values.addresses import AddressError
from plugins.plugin_utils.values.packet_filter import difference, meaning, scope

DESIRED = [
    "pass in quick inet proto tcp from 172.31.0.0/16 to any port 445",
    "pass in quick inet6 proto tcp from fe80::/10 to any port 445",
    "pass in quick proto tcp from (en0:network) to any port 445",
    "block drop in quick proto tcp from any to any port 445",
]
PRINTED = [
    "pass in quick inet proto tcp from 172.31.0.0/16 to any port = 445 flags S/SA keep state",
    "pass in quick inet6 proto tcp from fe80::/10 to any port = 445 flags S/SA keep state",
    "pass in quick proto tcp from (en0:network) to any port = 445 flags S/SA keep state",
    "block drop in quick proto tcp from any to any port = 445",
]


LO = "pass in quick on lo0 proto tcp from any to any port 445"
BLOCK = "block drop in quick proto tcp from any to any port 445"


@pytest.mark.parametrize(
    ("allow", "devices", "rules"),
    [
        (
            ["172.31.0.0/16", "LocalSubnet"],
            ["en0", "en5"],
            [
                "pass in quick proto tcp from (en0:network) to any port 445",
                "pass in quick proto tcp from (en5:network) to any port 445",
                "pass in quick inet proto tcp from 172.31.0.0/16 to any port 445",
            ],
        ),
        (
            ["10.0.0.5-10.0.0.9", "2001:db8::/32", "::1-::4, 10.1.2.3"],
            ["en0"],
            [
                "pass in quick inet proto tcp from 10.0.0.5 - 10.0.0.9 to any port 445",
                "pass in quick inet6 proto tcp from 2001:db8::/32 to any port 445",
                "pass in quick inet6 proto tcp from ::1 - ::4 to any port 445",
                "pass in quick inet proto tcp from 10.1.2.3 to any port 445",
            ],
        ),
        # As pfctl prints them: no mask, no bits of a host, small letters, and a range that is a network as one.
        (
            ["10.0.0.0/255.255.255.0", "10.1.2.3/8", "2001:DB8:0::/32", "10.0.0.1 - 10.0.0.9", "10.9.0.0-10.9.0.255"],
            ["en0"],
            [
                "pass in quick inet proto tcp from 10.0.0.0/24 to any port 445",
                "pass in quick inet proto tcp from 10.0.0.0/8 to any port 445",
                "pass in quick inet6 proto tcp from 2001:db8::/32 to any port 445",
                "pass in quick inet proto tcp from 10.0.0.1 - 10.0.0.9 to any port 445",
                "pass in quick inet proto tcp from 10.9.0.0/24 to any port 445",
            ],
        ),
        (["localsubnet6"], ["en0"], ["pass in quick inet6 proto tcp from (en0:network) to any port 445"]),
        (["LocalSubnet"], [], []),
    ],
)
def test_who_may_reach_a_port_becomes_rules_by_family(allow, devices, rules):
    assert scope(445, allow).rules(devices) == [LO, *rules, BLOCK]


@pytest.mark.parametrize("wrong", ["Any", "Internet", "here", "10.0.0.0/99"])
def test_who_the_packet_filter_cannot_name_is_refused(wrong):
    with pytest.raises(AddressError, match=re.escape(wrong)):
        scope(445, [wrong])


def test_what_pfctl_prints_is_what_was_loaded():
    assert difference(DESIRED, PRINTED) is None
    written = scope(445, ["10.0.0.5-10.0.0.9", "::1-::4"]).rules([])
    printed = [
        "pass in quick on lo0 proto tcp from any to any port = 445 flags S/SA keep state",
        "pass in quick inet proto tcp from 10.0.0.5 - 10.0.0.9 to any port = 445 flags S/SA keep state",
        "pass in quick inet6 proto tcp from ::1 - ::4 to any port = 445 flags S/SA keep state",
        "block drop in quick proto tcp from any to any port = 445",
    ]
    assert difference(written, printed) is None
    printed[1] = printed[1].replace("10.0.0.9", "10.0.0.19")
    assert difference(written, printed) == f"missing: {written[1]}; loaded but not expected: {printed[1]}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("block in all", "block drop in from any to any"),
        ("pass in proto 6 from any to any port microsoft-ds", "pass in proto tcp from any to any port = 445"),
        ("pass in quick inet from 10.0.0.1 to any", "pass in quick inet from 10.0.0.1/32 to any"),
        ("pass in quick inet6 from 2001:db8::1 to any", "pass in quick inet6 from 2001:db8::1/128 to any"),
        ("pass in quick inet from 10.0.0.0/8 to any", "pass in quick from 10.0.0.0/8 to any"),
        ("pass in quick inet from 9.9.9.9", "pass in quick from 9.9.9.9"),
        ("pass in quick inet6 from fe80::/10 to any", "pass in quick from fe80::/10 to any"),
    ],
)
def test_two_forms_of_one_rule_mean_the_same(one, other):
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("block return in all", "block drop in all"),
        ("pass in inet proto tcp from any to any port 445", "pass in proto tcp from any to any port 445"),
        ("pass in proto tcp from any to any port 445", "pass in proto tcp from any to any port 139"),
        ("pass in from 10.0.0.0/8 to any", "pass in quick from 10.0.0.0/8 to any"),
        ("block in inet all", "block in all"),
        ("block in inet6 all", "block in inet all"),
        ("pass in inet6 from (en0:network) to any", "pass in from (en0:network) to any"),
    ],
)
def test_rules_that_differ_are_not_taken_for_the_same(one, other):
    assert meaning(one) != meaning(other)


def test_the_difference_is_reported_by_rule():
    assert difference(DESIRED, PRINTED[1:]) == f"missing: {DESIRED[0]}"
    more = "pass in quick proto tcp from any to any port = 445 flags S/SA keep state"
    assert difference(DESIRED, [more, *PRINTED]) == f"loaded but not expected: {more}"
    assert difference(DESIRED, [more, "pass in all", *PRINTED]) == f"loaded but not expected: {more}; pass in all"
    assert difference(DESIRED, []) == "missing: " + "; ".join(DESIRED)


def test_who_is_let_in_may_stand_in_any_order_but_before_who_is_kept_out():
    assert difference(DESIRED, [PRINTED[1], PRINTED[0], *PRINTED[2:]]) is None
    assert difference(DESIRED, [PRINTED[3], *PRINTED[:3]]) == "a rule that blocks stands before one that passes"


@pytest.mark.parametrize("answer", [None, "pass", {"rules": []}, [1]])
def test_an_answer_that_is_no_list_of_rules_differs(answer):
    assert difference(DESIRED, answer) == ""


def test_a_rule_that_names_its_family_a_hundred_thousand_times_is_read():
    rule = f"block {'inet ' * 100_000}from 10.0.0.1 to any"
    assert meaning(rule) == ("block", "from", "10.0.0.1", "to", "any")
