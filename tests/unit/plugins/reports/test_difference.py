"""Two values side by side, and where they differ."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.reports.difference import shortened, side, sides

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("expected", "actual", "left", "right"),
    [
        ("fg.example.org:443", "fg.example.org:10443", ["fg.example.org:", "443"], ["fg.example.org:", "10443"]),
        ("http://p/proxy.pac", "http://p/old.pac", ["http://p/", "proxy", ".pac"], ["http://p/", "old", ".pac"]),
        (["a", "b"], ["b", "c"], ["", "a", "\nb"], ["b\n", "c"]),
        (["Manual", "Auto"], "Disabled", ["", "Manual", "\n", "Auto"], ["", "Disabled"]),
        ({"p": True, "u": "x"}, {"p": False, "u": "x"}, ["p: ", "true", "\nu: x"], ["p: ", "false", "\nu: x"]),
        ({"a": 1}, {"b": 1}, ["", "a: 1"], ["", "b: 1"]),
        (1, 0, ["", "1"], ["", "0"]),
        (None, "x", [], ["", "x"]),
        ("x", None, ["", "x"], []),
        (["a"], [], ["", "a"], ["", "[]"]),
        ("", "a", ["", '""'], ["", "a"]),
        ("a.b", "a.b.c", ["a.b"], ["a.b", ".c"]),
    ],
)  # fmt: skip
def test_the_differing_part_is_reported(expected, actual, left, right):
    assert sides(expected, actual) == (left, right)


@pytest.mark.parametrize(
    ("expected", "actual", "left", "right"),
    [
        ("1", 1, ["", '"1"'], ["", "1"]),
        (["a", "b"], ["b", "a"], ["", "a\nb"], ["", "b\na"]),
        ({"a": "1"}, {"a": 1}, ["a: ", '"1"'], ["a: ", "1"]),
        (["a\nb"], ["a", "b"], ["", "a\\nb"], ["", "a", "\n", "b"]),
    ],
)
def test_values_that_differ_never_look_the_same(expected, actual, left, right):
    assert sides(expected, actual) == (left, right)


def test_no_value_looks_like_one_that_was_not_read():
    assert sides(1, {"not_read": True}) == (["1"], [""])
    assert (side({"not_read": True}), side(""), side([]), side({})) == ([""], ['""'], ["[]"], ["{}"])


@given(VALUES, VALUES)
def test_something_is_marked_whenever_values_differ(expected, actual):
    left, right = sides(expected, actual)
    differ = json.dumps(expected, sort_keys=True) != json.dumps(actual, sort_keys=True)
    assert (len(left) > 1 or len(right) > 1) is differ


def test_controls_escapes_marks_and_half_characters_are_shown():
    assert side("a\n\x1b[31m\u202e\ud800\u2028") == ["a\\n\\x1b[31m\\u202e\\ud800\\u2028"]


def test_a_long_value_is_cut_around_its_first_difference():
    left, right = sides("x" * 1000 + " tail1", "x" * 1000 + " tail2")
    assert "".join(left) == "x" * 1000 + " tail1"
    assert shortened(right) == ["…" + "x" * 59 + " ", "tail2"]
    assert shortened(["", "y" * 1_000_000]) == ["", "y" * 300 + "…"]
    assert shortened(["a" * 300]) == ["a" * 300]
    assert shortened(["a" * 301]) == ["a" * 300 + "…"]
    assert shortened(["a" * 500, "b" * 500, "c"]) == ["…" + "a" * 60, "b" * 240 + "…"]
