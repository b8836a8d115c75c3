from __future__ import annotations

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.values.addresses import AddressError, and_list, difference, equal, is_closed_scope, parse

ALL_KINDS = st.one_of(
    st.sampled_from(["LocalSubnet", "DNS", "dhcp", "WINS6", "DefaultGateway4"]),
    st.builds(lambda a, n: f"10.0.0.{a}/{n}", st.integers(0, 255), st.integers(24, 32)),
    st.builds(lambda a, b: f"10.0.0.{min(a, b)}-10.0.0.{max(a, b)}", st.integers(0, 255), st.integers(0, 255)),
    st.builds(lambda a, n: f"fd00::{a:x}/{n}", st.integers(0, 65535), st.integers(112, 128)),
)


@pytest.mark.parametrize(
    "one",
    ["172.31.0.0/16", "172.31.0.0/255.255.0.0", "172.31.0.0-172.31.255.255", "172.31.7.9/16", " 172.31.0.0/16 "],
)
def test_cidr_mask_range_and_host_bits_name_the_same_network(one):
    assert equal(one, "172.31.0.0/16")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.1", "10.0.0.1"]),
        (["10.0.0.0/25", "10.0.0.128/25"], ["10.0.0.0/24"]),
        ("10.0.0.1,10.0.0.2", ["10.0.0.1-10.0.0.2"]),
        (["10.0.0.1"], ["10.0.0.1/255.255.255.255"]),
        (["LOCALSUBNET"], ["LocalSubnet4", "localsubnet6"]),
        (["*"], ["Any"]),
        (["Any", "LocalSubnet", "10.0.0.1"], ["Any"]),
        (["0.0.0.0/0", "::/0"], ["Any"]),
        (["0.0.0.0/0.0.0.0", "LocalSubnet"], ["0.0.0.0/0", "LocalSubnet6"]),
        (["RmtIntrAnet", "Ply2Renders"], ["IntranetRemoteAccess", "PlayToDevice"]),
        (["FD00:0::1"], ["fd00::1"]),
    ],
)
def test_different_texts_for_the_same_addresses_are_equal(one, other):
    assert equal(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["172.31.0.0/16"], ["172.31.0.0/17"]),
        (["LocalSubnet"], ["LocalSubnet4"]),
        (["LocalSubnet"], ["DNS"]),
        (["0.0.0.0/0"], ["Any"]),
        (["10.0.0.255", "11.0.0.0"], ["10.0.0.255-11.0.0.0"]),
        (["255.255.255.255"], ["255.255.255.255", "::"]),
        ([], ["10.0.0.1"]),
    ],
)
def test_sets_that_differ_are_not_equal(one, other):
    assert not equal(one, other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "172.31.0.0/33",
        "172.31.0.0/",
        "172.31.0.0/255.0.255.0",
        "172.31.0.0/0.0.255.255",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-fd00::1",
        "10.0.0.1-10.0.0.2-10.0.0.3",
        "10.0.0",
        "256.1.1.1",
        "fe80::1%eth0",
        "10.0.0.1;10.0.0.2",
        "fd00::/255.0.0.0",
    ],
)
def test_a_text_that_is_no_address_is_refused_and_named(text):
    with pytest.raises(AddressError) as error:
        parse([text])
    assert repr(text) in str(error.value)


ALLOWED = (
    "an address (10.20.0.5), a network (10.20.0.0/16 or 10.20.0.0/255.255.0.0), "
    "a range (10.20.0.5-10.20.0.9) or a keyword such as LocalSubnet or Any"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (7, f"7 is not an address: allowed is {ALLOWED}, each as text"),
        ("fe80::1%eth0", f"'fe80::1%eth0' is not an address: allowed is {ALLOWED}"),
        ("10.0.0.1-x", f"'10.0.0.1-x' is not an address: allowed is {ALLOWED}"),
        ("10.0.0.0/255.0.0.x", f"'10.0.0.0/255.0.0.x' is not an address: allowed is {ALLOWED}"),
        (
            "10.0.0.9-10.0.0.1",
            "'10.0.0.9-10.0.0.1' is no range: the first address must come before the last, of the same kind",
        ),
        ("10.0.0.0/33", "'10.0.0.0/33': the mask '33' is neither 0 to 32 nor a mask such as 255.255.0.0"),
        ("fd00::/129", "'fd00::/129': the mask '129' is neither 0 to 128 nor a mask such as 255.255.0.0"),
    ],
)
def test_what_is_refused_is_told_with_what_is_allowed(text, message):
    with pytest.raises(AddressError) as error:
        parse([text])
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (
            ["LocalSubnet", "172.31.0.0/16"],
            ["LocalSubnet", "10.0.0.0/255.0.0.0"],
            "172.31.0.0/16 is missing; 10.0.0.0/8 is allowed but should not be",
        ),
        (["LocalSubnet"], ["*"], "every address is allowed, and only LocalSubnet should be"),
        (["10.0.0.0/8"], ["0.0.0.0/0"], "every IPv4 address is allowed"),
        (["LocalSubnet", "10.0.0.0/8"], ["10.0.0.0/9"], "LocalSubnet and 10.128.0.0/9 are missing"),
        (["LocalSubnet"], ["LocalSubnet4"], "LocalSubnet6 is missing"),
        (
            ["10.0.0.1"],
            ["10.0.0.1", "10.0.0.3", "10.0.0.7"],
            "10.0.0.3 and 10.0.0.7 are allowed but should not be",
        ),
        (["10.0.0.1"], ["10.0.0.1/32"], ""),
        ([], ["Any"], "every address is allowed, and only none should be"),
        (["DNS", "WINS", "10.0.0.1"], [], "DNS, WINS and 10.0.0.1 are missing"),
    ],
)
def test_the_difference_is_reported_in_words(expected, actual, words):
    assert difference(parse(expected), parse(actual)) == words


def test_a_set_covers_its_parts_and_not_more():
    assert parse(["10.0.0.0/8", "LocalSubnet"]).covers(parse(["10.1.2.3", "LocalSubnet4"]))
    assert not parse(["10.0.0.0/8"]).covers(parse(["10.255.255.255-11.0.0.0"]))
    assert not parse(["10.0.0.0/8"]).covers(parse(["LocalSubnet"]))
    assert parse("Any").covers(parse(["LocalSubnet", "fd00::/8"]))
    assert not parse("0.0.0.0/0").covers(parse(["LocalSubnet"]))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (["10.0.0.0/8", "LocalSubnet"], ["10.1.0.0/16", "LocalSubnet4", "DNS"], ["LocalSubnet4", "10.1.0.0/16"]),
        (["Any"], ["LocalSubnet", "10.0.0.1"], ["LocalSubnet", "10.0.0.1"]),
        (["0.0.0.0/0", "DNS6"], ["LocalSubnet"], ["LocalSubnet4"]),
        (["10.0.0.1"], ["10.0.0.2"], []),
        (["10.0.0.1"], [], []),
    ],
)
def test_what_two_sets_have_in_common(one, other, both):
    assert parse(one).common(parse(other)).texts() == both
    assert parse(other).common(parse(one)).texts() == both


def test_only_every_address_of_both_families_is_any():
    assert parse(["Any"]).is_any
    assert not parse(["0.0.0.0/0"]).is_any
    assert not parse([]).is_any


def test_windows_texts_have_masks_for_ipv4_networks_only():
    given_texts = ["172.31.0.0/16", "10.0.0.5/32", "10.0.0.7-10.0.0.9", "fd00::/8", "localsubnet"]
    assert parse(given_texts).windows_texts() == [
        "LocalSubnet",
        "10.0.0.5",
        "10.0.0.7-10.0.0.9",
        "172.31.0.0/255.255.0.0",
        "fd00::/8",
    ]


@pytest.mark.parametrize(
    "text", ["172.31.0.0/16", "10.0.0.0/8", "10.0.0.5", "LocalSubnet", "localsubnet4", "fd00::/16"]
)
def test_some_networks_are_a_closed_scope(text):
    assert is_closed_scope(text)


@pytest.mark.parametrize(
    "texts",
    [
        ["LocalSubnet", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/16", "fe80::/64"],
        ["10.0.0.0/8", "12.0.0.0/8", "fc00::/16", "fe80::/16"],
    ],
)
def test_as_much_as_every_private_network_together_is_still_a_closed_scope(texts):
    assert is_closed_scope(texts)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Any",
            "*",
            "any4",
            "0.0.0.0/0",
            "10.0.0.0/7",
            "10.0.0.0-11.0.0.0",
            "0.0.0.0-255.255.255.255",
            "::/0",
            "fd00::/15",
            "Internet",
        ),
        *("DNS", "everyone", "", None, 7, [], ["172.31.0.0/16", 7], ["172.31.0.0/16", "Any"]),
        *(["LocalSubnet", "DNS"], ["10.0.0.0/7"], ["10.0.0.1", "everyone"], [["10.0.0.1"]]),
        ["10.0.0.0/8", "12.0.0.0/8", "14.0.0.1"],
        ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/16"],
        [f"{first}.0.0.0/8" for first in range(1, 224)],
        ["fc00::/16", "fd00::/16", "fe80::/64"],
    ],
)
def test_everyone_other_keywords_and_garbage_are_no_closed_scope(text):
    assert not is_closed_scope(text)


@pytest.mark.parametrize(
    ("texts", "listed"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"), ([*"abcd"], "a, b, c and d")],
)
def test_texts_are_listed_as_a_person_lists_them(texts, listed):
    assert and_list(texts) == listed


@given(st.lists(ALL_KINDS, max_size=6), st.randoms(use_true_random=False))
def test_order_and_repetition_never_matter(texts: list[str], shuffler: random.Random):
    shuffled = texts * 2
    shuffler.shuffle(shuffled)
    assert parse(texts) == parse(shuffled)


@given(st.lists(ALL_KINDS, max_size=6))
def test_a_set_s_own_texts_name_the_same_set(texts: list[str]):
    whole = parse(texts)
    assert parse(whole.texts()) == whole
    assert parse(whole.windows_texts()) == whole


@given(st.lists(ALL_KINDS, max_size=5), st.lists(ALL_KINDS, max_size=5))
def test_the_difference_is_empty_exactly_for_equal_sets(one: list[str], other: list[str]):
    assert (difference(parse(one), parse(other)) == "") == equal(one, other)


@given(st.lists(ALL_KINDS, max_size=5), st.lists(ALL_KINDS, max_size=5))
def test_sets_are_distinguished_address_by_address(one: list[str], other: list[str]):
    """Against a plain count of every address in 10.0.0.0/24, by the standard library."""

    def members(texts: list[str]) -> set[int]:
        found: set[int] = set()
        for text in texts:
            if text.startswith("10.") and "/" in text:
                found |= {int(address) for address in ipaddress.ip_network(text, strict=False)}
            elif text.startswith("10."):
                first, last = (int(ipaddress.ip_address(part)) for part in text.split("-"))
                found |= set(range(first, last + 1))
        return found

    rest = parse(one).minus(parse(other))
    left = {number for family, first, last in rest.ranges if family == 4 for number in range(first, last + 1)}
    assert left == members(one) - members(other)
    assert parse(one).covers(parse([text for text in one if text.startswith("10.")]))


def test_sets_of_a_hundred_thousand_ranges_are_compared():
    even = parse([f"10.{number >> 8}.{number & 255}.0/25" for number in range(65_536)])
    odd = parse([f"10.{number >> 8}.{number & 255}.128/25" for number in range(65_536)])
    assert parse("10.0.0.0/8").minus(even) == odd
    assert parse("10.0.0.0/8").common(even) == even
    assert even.minus(odd) == even
    assert not even.common(odd)


def test_a_mask_of_endless_digits_is_none():
    with pytest.raises(AddressError, match="neither 0 to 32 nor a mask"):
        parse(f"10.0.0.0/{'8' * 5000}")
