"""Which rules of pf decide before an anchor is asked: their order, and what each decides about TCP 445."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.packet_filter_path import decides, path_to

WISH = ["LocalSubnet", "172.31.0.0/16"]
OURS = "com.apple/offsite"
FIRST, SECOND, LAST = "block quick from 192.0.2.1 to any", "block quick from 192.0.2.2 to any", "pass quick all"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("block drop in quick proto tcp from any to any port = 445", True),
        ("block return in quick proto tcp from any to any port = microsoft-ds", True),
        ("block drop quick all", True),
        ("block drop in quick inet from 172.31.4.0/24 to any", True),
        ("block drop in quick inet from 10.1.2.3 to any", True),
        ("block drop in quick inet from 203.0.113.0/24 to any", False),
        ("block drop in quick from <badhosts> to any", False),
        ("block drop in quick proto tcp from any port = 6667 to any", False),
        ("block drop in proto tcp from any to any port = 445", False),
        ("block drop out quick proto tcp from any to any port = 445", False),
        ("block drop in quick on lo0 all", False),
        ("block drop in quick proto udp from any to any port = 445", False),
        ("block drop in quick proto 6 from any to any port 137:445", True),
        ("block drop in quick proto tcp from any to any port 137:139", False),
        ("block drop in quick proto tcp from any to any port 400 >< 500", True),
        ("block drop in quick proto tcp from any to any port 445 >< 500", False),
        ("block drop in quick proto tcp from any to any port 400 <> 500", False),
        ("block drop in quick proto tcp from any to any port < 1024", True),
        ("block drop in quick proto tcp from any to any port >= 1024", False),
        ("block drop in quick proto tcp from any to any port != 22", True),
        ("block drop in quick proto tcp from any to any port = ssh", False),
        ("pass in quick proto tcp from any to any port = 445 flags S/SA keep state", True),
        ("pass in quick inet proto tcp from 172.31.0.0/16 to any port = 445 flags S/SA keep state", False),
        ("pass in quick inet proto tcp from 172.16.0.0/12 to any port = 445 flags S/SA keep state", True),
        ("pass in quick proto tcp from <friends> to any port = 445", True),
        ("pass in quick on bridge100 inet proto udp from any to any port = 67", False),
        ("pass quick on awdl0 proto tcp from any to any port = 8770", False),
        ("pass in proto tcp from any to any port = 445", False),
        ('anchor "x" all', False),
        ("", False),
    ],
)
def test_what_a_rule_decides(rule, expected):
    assert decides(rule, 445, WISH) is expected


def test_children_are_asked_in_the_order_of_their_names_and_only_those_before():
    anchors = {"com.apple/zzz": [LAST], "com.apple/b": [SECOND], "com.apple/a": [FIRST]}
    path = path_to(OURS, ['anchor "com.apple/*" all', LAST], anchors)
    assert (path.asked, path.before) == (True, [("com.apple/a", FIRST), ("com.apple/b", SECOND)])


def test_rules_of_the_main_list_and_of_other_anchors_come_where_they_stand():
    main = [FIRST, 'anchor "vpn" all', 'anchor "com.apple/*" all', LAST]
    path = path_to(OURS, main, {"vpn": ['anchor "inner" all'], "vpn/inner": [SECOND], OURS: [LAST]})
    assert path.before == [("", FIRST), ("vpn/inner", SECOND)]


def test_an_anchor_that_no_rule_names_is_never_asked():
    path = path_to(OURS, ['anchor "vpn" all', FIRST], {OURS: [LAST]})
    assert (path.asked, path.before) == (False, [("", FIRST)])


def test_one_that_is_named_by_itself_is_asked():
    assert path_to(OURS, [f'anchor "{OURS}" all'], {}).asked
