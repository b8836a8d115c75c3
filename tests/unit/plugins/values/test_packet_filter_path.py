"""Which rules of pf decide before an anchor is asked: their order, and what each decides about TCP 445."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.packet_filter_path import decides, path_to, said

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
        ("block drop in quick from 10.1.2.3", True),
        ("block drop in quick proto udp", False),
        ("pass in quick on out all", True),
        ('anchor "x" all', False),
        ("", False),
    ],
)
def test_what_a_rule_decides(rule, expected):
    assert decides(rule, 445, WISH) is expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("port = 445", True),
        ("port 445", True),
        ("port 22", False),
        ("port = 22 flags S/SA keep state", False),
        ("port 22 keep state", False),
        ("port != 445", False),
        ("port < 445", False),
        ("port < 446", True),
        ("port <= 445", True),
        ("port <= 444", False),
        ("port > 445", False),
        ("port > 444", True),
        ("port >= 445", True),
        ("port >= 446", False),
        ("port 445:500", True),
        ("port 400:445", True),
        ("port 446:500", False),
        ("port 400 >< 446", True),
        ("port 400 >< 445", False),
        ("port 445 >< 500", False),
        ("port 100 <> 200", True),
        ("port 400 <> 445", True),
        ("port 445 <> 500", True),
        ("port 400 <> 446", False),
    ],
)
def test_the_ports_that_a_rule_is_about(ports, expected):
    assert decides(f"block drop in quick proto tcp from any to any {ports}", 445, WISH) is expected
    assert decides(f"block drop in quick proto tcp from any to {ports}", 445, WISH) is expected


@pytest.mark.parametrize("ports", ["ssh:1024", "22:ssh", "1:2:3", "ssh >< 500", "22 <> ssh", "!= ssh", "< ssh"])
def test_ports_that_are_not_understood_may_be_the_one(ports):
    assert decides(f"block drop in quick proto tcp from any to any port {ports}", 445, WISH)


@pytest.mark.parametrize("end", ["port", "port =", "port 400 ><"])
def test_a_rule_that_is_cut_short_after_its_ports_names_no_port(end):
    assert not decides(f"block drop in quick proto tcp from any to any {end}", 445, WISH)


@pytest.mark.parametrize(
    ("source", "allow", "expected"),
    [
        ("172.31.4.0/24", ["172.31.0.0/16"], True),
        ("172.0.0.0/8", ["172.31.0.0/16"], True),
        ("10.1.2.3", ["172.31.0.0/16"], False),
        ("172.31.4.0/24", ["198.51.100.0/24, 172.31.0.0/16"], True),
        ("10.1.2.3", ["198.51.100.0/24, 172.31.0.0/16"], False),
        ("10.1.2.3", ["172.31.0.0/16,LocalSubnet"], True),
        ("203.0.113.5", ["172.31.0.0/16,LocalSubnet"], False),
        ("203.0.113.5", ["LocalSubnet", "203.0.113.0/24"], True),
        ("fe80::/64", ["LocalSubnet6"], True),
        ("172.30.0.0 - 172.31.0.9", ["172.31.0.0/16"], True),
    ],
)
def test_a_rule_keeps_out_whom_the_wish_lets_in(source, allow, expected):
    assert decides(f"block drop in quick from {source} to any", 445, allow) is expected


@pytest.mark.parametrize(
    ("source", "allow", "expected"),
    [
        ("172.31.4.0/24", ["198.51.100.0/24, 172.31.0.0/16"], False),
        ("172.30.0.0/15", ["198.51.100.0/24", "172.31.0.0/16"], True),
        ("172.31.4.0/24", ["LocalSubnet"], True),
        ("! 172.31.0.0/16", ["172.31.0.0/16"], True),
        ("(en0:network)", ["172.31.0.0/16"], True),
        ("172.31.0.1 - 172.31.0.9", ["172.31.0.0/16"], False),
        ("172.31.0.1 - 172.40.0.0", ["172.31.0.0/16"], True),
        ("172.31.4.0/24 port = 123", ["172.31.0.0/16"], False),
        ("any port = 123", ["172.31.0.0/16"], True),
    ],
)
def test_a_rule_lets_in_whom_the_wish_does_not_name(source, allow, expected):
    assert decides(f"pass in quick from {source} to any", 445, allow) is expected


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


def test_an_anchor_below_a_child_is_asked_only_where_the_child_calls_it():
    anchors = {"com.apple/a": [FIRST], "com.apple/a/deep": [LAST], "com.apple/b": ['anchor "deep/*"']}
    anchors |= {"com.apple/b/deep/one": [SECOND], "com.apple/b/deep/one/deeper": [LAST]}
    path = path_to(OURS, ['anchor "com.apple/*" all'], anchors)
    assert path.before == [("com.apple/a", FIRST), ("com.apple/b/deep/one", SECOND)]


def test_rules_are_told_with_the_anchor_that_they_are_in():
    assert said([("", FIRST), ("com.apple/a", LAST)]) == [
        "main rules: block quick from 192.0.2.1 to any",
        "anchor com.apple/a: pass quick all",
    ]


def test_anchors_that_each_call_the_next_one_twice_come_to_an_end():
    names = ["/".join(["a"] * depth) for depth in range(1, 61)]
    anchors = {name: ['anchor "a"', 'anchor "a" all'] for name in names} | {names[-1]: [FIRST]}
    path = path_to(OURS, ['anchor "a" all', 'anchor "a/*" all', LAST, f'anchor "{OURS}"'], anchors)
    assert (path.asked, path.before) == (True, [(names[-1], FIRST), ("", LAST)])


def test_anchors_may_lie_in_each_other_deeper_than_python_goes():
    names = ["/".join(["a"] * depth) for depth in range(1, 2001)]
    anchors = {name: ['anchor "a"'] for name in names} | {names[-1]: [FIRST]}
    assert path_to(OURS, ['anchor "a"'], anchors).before == [(names[-1], FIRST)]


def test_thousands_of_anchors_are_each_found():
    main = [f'anchor "{number}/*"' for number in range(50_000)]
    path = path_to(OURS, main, {f"{number}/x": [FIRST] for number in range(50_000)})
    assert path.before == [(f"{number}/x", FIRST) for number in range(50_000)]


def test_a_port_of_endless_digits_is_a_service_that_nobody_knows():
    assert not decides(f"block quick from any to any port = {'4' * 5000}", 445, WISH)
    assert decides(f"block quick from any to any port {'4' * 5000}:446", 445, WISH)
