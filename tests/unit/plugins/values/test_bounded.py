"""What comes from outside, as a record may hold it: no text endless, nothing nested without end, no secret of a URL."""

from __future__ import annotations

from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import pytest

from plugins.plugin_utils.values.bounded import bounded, cut, masked, too_deep

LONG = "x" * 5000
LONG_CUT = "x" * 4032 + "... 5,000 characters, cut (SHA-256 c59d3c0480cc)"
LONG_TOKEN = "https://example.org/?token=" + "x" * 5000
TOO_DEEP = "..., cut: nested too deep"


def short(value: Any) -> str:
    """Return the beginning of a value, as the name of a case."""
    return ascii(value)[:30]


def lists(levels: int, innermost: Any = "end") -> Any:
    """Return lists, one within the other."""
    for _level in range(levels):
        innermost = [innermost]
    return innermost


def objects(levels: int, innermost: Any = "end") -> Any:
    """Return objects, one within the other, each as the a of the next."""
    for _level in range(levels):
        innermost = {"a": innermost}
    return innermost


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -7, 1.5, -0.25, 2**64 - 1, 1 - 2**64),
        *("", "plain", "x" * 4096, "C:\\Users\\taro: no URL ?token=abc", "https://example.org/a.pac"),
        *([], {}, [None, True, 3, 1.5, "text"], {"a": {"b": [1, {"c": None}]}}),
    ],
    ids=short,
)
def test_what_is_bounded_already_comes_back_as_it_is(value):
    found = bounded(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**64, "18446744073709551616"),
        (-(2**64), "-18446744073709551616"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (LONG, LONG_CUT),
        ("http://bob:secret@proxy.example.org/", "http://bob:***@proxy.example.org/"),
        (LONG_TOKEN, "https://example.org/?token=***"),
    ],
    ids=short,
)
@pytest.mark.parametrize(
    "within",
    [lambda value: value, lambda value: [0, value], lambda value: {"a": value}, lambda value: {"a": [{"b": value}]}],
)
def test_what_is_not_becomes_a_text_wherever_it_stands(within, value, expected):
    assert bounded(within(value)) == within(expected)


def test_of_a_number_that_python_refuses_to_write_the_size_is_told():
    assert bounded(2**20_000) == "a number of 20001 bits"
    assert bounded([{"a": -(2**20_000)}]) == [{"a": "a number of 20001 bits"}]
    assert bounded({2**20_000: 1}) == {"a number of 20001 bits": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2, "x")), [1, [2, "x"]]),
        (MappingProxyType({"a": MappingProxyType({"b": (1,)})}), {"a": {"b": [1]}}),
        ({1: "a", None: "b", 2.5: "c"}, {"1": "a", "None": "b", "2.5": "c"}),
        ({"http://bob:secret@proxy/": 1}, {"http://bob:***@proxy/": 1}),
        ({LONG: 1}, {LONG_CUT: 1}),
        (PurePosixPath("/Library/x"), "/Library/x"),
        ([{"a": PurePosixPath("/Library/x")}], [{"a": "/Library/x"}]),
        ([b"\x00"], ["b'\\x00'"]),
        ([PurePosixPath(LONG)], [LONG_CUT]),
        ([b"ftp://bob:secret@example.org"], ["b'ftp://bob:***@example.org'"]),
    ],
    ids=short,
)
def test_what_json_does_not_have_becomes_what_it_has(value, expected):
    assert bounded(value) == expected


@pytest.mark.parametrize("nested", [lists, objects, lambda levels, end="end": {"a": lists(levels - 1, end)}])
def test_sixty_levels_are_kept_and_the_next_is_not(nested):
    assert bounded(nested(60)) == nested(60)
    assert bounded(nested(61)) == nested(60, TOO_DEEP)
    assert bounded(nested(300)) == nested(60, TOO_DEEP)


def test_an_object_is_not_kept_below_sixty_lists_either():
    assert bounded(lists(60, {"a": 1})) == lists(60, TOO_DEEP)
    assert bounded(objects(60, [])) == objects(60, TOO_DEEP)


def test_a_list_or_an_object_of_more_than_32_768_characters_of_json_is_a_text_of_its_beginning():
    exactly = ["x" * 4092] * 8
    assert bounded(exactly) == exactly
    found = bounded([*exactly[:7], "x" * 4093])
    assert found.startswith('["xxxxx')
    assert found.endswith("xxx... 32,769 characters, cut (SHA-256 8405a7c8521d)")
    assert len(found) <= 4096
    assert bounded({"b": list(range(9000)), "a": "é"}).startswith('{"a": "\\u00e9", "b": [0, 1, 2,')


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("x" * 100, 100, "x" * 100),
        ("x" * 101, 100, "x" * 36 + "... 101 characters, cut (SHA-256 c675a2e604b0)"),
        ("x" * 4096, None, "x" * 4096),
        (LONG, None, LONG_CUT),
        ("é" * 5000, None, "é" * 4032 + "... 5,000 characters, cut (SHA-256 349e5086ea49)"),
        # Of a file's name that is not in UTF-8.
        ("\udc80" * 101, 100, "\udc80" * 36 + "... 101 characters, cut (SHA-256 6ee7d4a15202)"),
    ],
    ids=short,
)
def test_a_text_that_is_too_long_ends_with_its_length_and_a_digest(text, longest, expected):
    assert (cut(text) if longest is None else cut(text, longest)) == expected


def test_what_differs_only_where_it_was_cut_is_still_told_apart():
    assert cut(LONG + "a") != cut(LONG + "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://bob:secret@proxy:8080/x.pac", "http://bob:***@proxy:8080/x.pac"),
        ("http://bob:s@c:r@t@proxy/", "http://bob:***@proxy/"),
        ("http://bob:it's-secret@proxy/x", "http://bob:***@proxy/x"),
        ("http://:secret@proxy", "http://:***@proxy"),
        ("use ftp://a:b@c/, or socks5://d:e@f:1080.", "use ftp://a:***@c/, or socks5://d:***@f:1080."),
        ("HTTPS_PROXY='http://bob:secret@proxy'", "HTTPS_PROXY='http://bob:***@proxy'"),
    ],
)
def test_a_password_before_the_host_is_masked(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "X-Token", "client_secret", "password", "passwd", "pwd", "apikey", "ApiKey"),
        *("api_key", "access_key", "X-Amz-Signature", "X-Amz-Credential", "authToken", "auth"),
        *("key", "sig", "SIG", "pass", "code"),
    ],
)
def test_a_parameter_that_is_called_a_secret_is_masked(name):
    assert masked(f"https://example.org/?{name}=a&v=2") == f"https://example.org/?{name}=***&v=2"
    assert masked(f"https://example.org/?v=2;{name}=a.b#top") == f"https://example.org/?v=2;{name}=***#top"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/?id=0123456789abcdefABCDEF_-", "https://example.org/?id=***"),
        ("https://example.org/?v=2&a.id=0123456789abcdefABCDEF+/==", "https://example.org/?v=2&a.id=***"),
        (
            "https://example.org/?id=0123456789abcdefABCDEF%3&v=2&sig=x",
            "https://example.org/?id=***&v=2&sig=***",
        ),
    ],
)
def test_a_parameter_that_looks_like_a_secret_is_masked(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.org/?sig=x, then go on.", "see https://example.org/?sig=***, then go on."),
        ("see https://example.org/?sig=x.", "see https://example.org/?sig=***."),
        ('"https://example.org/?sig=x" said no', '"https://example.org/?sig=***" said no'),
        ("<https://example.org/?sig=x> token=abc", "<https://example.org/?sig=***> token=abc"),
        ("http://a:b@c/?token=x https://d:e@f/?v=1&key=y", "http://a:***@c/?token=*** https://d:***@f/?v=1&key=***"),
    ],
)
def test_a_url_ends_where_a_person_sees_its_end(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "plain", "token=abc", "/x?token=abc", "bob:secret@proxy", "taro@10.0.0.8: Permission denied"),
        *(
            "https://example.org/a:b@c",
            "http://bob@proxy/",
            "http://proxy:8080/?to=a:b@c",
            "http://[2001:db8::1]:8080/",
        ),
        *("https://example.org/?v=2&lang=en", "https://example.org/?keyboard=us&decode=1", "https://example.org/?key="),
        "https://example.org/?id=0123456789abcdefABCDEF-",
        "https://example.org/0123456789abcdefABCDEF0123456789",
    ],
)
def test_what_is_no_secret_of_a_url_stays(text):
    assert masked(text) == text


def test_a_name_that_is_a_secret_again_and_again_takes_no_time():
    text = "https://example.org/?" + "token" * 200_000
    assert masked(text) == text
    assert masked(f"{text}=x&sig=y").endswith("tokentoken=***&sig=***")


@pytest.mark.parametrize("value", [None, 7, "text", 1.5, [], {}, [1, "a"], {"a": 1}, lists(60), objects(60)], ids=short)
def test_what_is_nested_as_deep_as_a_record_takes_it_is_not_too_deep(value):
    assert too_deep(value) == ""


@pytest.mark.parametrize(
    ("value", "most", "expected"),
    [
        ([], 0, "the whole of it"),
        ({}, 0, "the whole of it"),
        ("text", 0, ""),
        ([1], 1, ""),
        ([1, [], 2], 1, "1"),
        ({"a": 1, "b": {}}, 1, "b"),
        ({"a": [1, {"b": []}]}, 2, "a.1"),
        ({"a": [1, {"b": []}]}, 3, "a.1.b"),
        ({"a": [1, {"b": []}]}, 4, ""),
        (objects(5), 4, "a.a.a.a"),
        (objects(6), 5, "a.a.a.a"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {}}}}}}}, 6, "a.b.c.d"),
        ({"flat": [], "deep": [[]], "also flat": {}}, 2, "deep.0"),
        ({"deep": [[[]]], "flat": [[]]}, 3, "deep.0.0"),
        ([[[]], [[]], [[], [[]]]], 3, "2.1.0"),
        ({7: []}, 1, "7"),
        ({"k" * 144: []}, 1, "k" * 144),
        ({"k" * 145: []}, 1, "k" * 80 + "... 145 characters, cut (SHA-256 8308d9a47695)"),
    ],
    ids=short,
)
def test_where_something_is_nested_too_deep_is_told(value, most, expected):
    assert too_deep(value, most) == expected


def test_sixty_levels_are_the_most_and_no_depth_is_too_much_to_say_so():
    assert too_deep(lists(61)) == "0.0.0.0"
    assert too_deep({"first": 1, "second": objects(60)}) == "second.a.a.a"
    assert too_deep(lists(100_000)) == "0.0.0.0"
