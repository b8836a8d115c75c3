from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugins.plugin_utils.controls import kinds
from plugins.plugin_utils.controls.compare import ExpectedError, describe
from plugins.plugin_utils.controls.kinds import KINDS, comparison
from plugins.plugin_utils.state.nodes import Located, Unreadable

ABSENT = Located(False)


def compare(kind, expected, actual, type_=None):
    return comparison(kind, expected, type_).verdict(actual)


def found(value, type_=None):
    return Located(True, value, type_)


@pytest.mark.parametrize(
    ("kind", "expected", "actual"),
    [
        ("exact", "a", "a"),
        ("exact", 1, 1),
        ("exact", True, True),
        ("exact", ["a", 1], ["a", 1]),
        ("exact", {"a": [1]}, {"a": [1]}),
        ("text", "FG.Example.com:443", "fg.example.COM:443"),
        ("server_name", "fg.example.com", "FG.example.com:443"),
        ("server_name", "FG.example.com", "fg.example.com"),
        ("number", 443, 443),
        ("number", True, 1),
        ("number", 0, False),
        ("set", ["a", "B"], ["b", "A", "a"]),
        ("set", [1, 2], [2, 1]),
        ("addresses", ["172.31.0.0/16", "LocalSubnet"], ["localsubnet", "172.31.0.0/255.255.0.0"]),
        ("addresses", "10.0.0.0/8", ["10.0.0.0-10.255.255.255"]),
        ("one_of", ["a", "b"], "b"),
        ("version_at_least", "7.0.7.345", "7.0.7.0345"),
        ("version_between", {"at_least": "7.2", "below": "7.4"}, "7.3.9"),
        ("version_between", {"below": "7.4"}, "1"),
        ("present", None, "x"),
        ("present", None, None),
    ],
)
def test_values_that_are_the_same(kind, expected, actual):
    assert compare(kind, expected, found(actual)) is None


@pytest.mark.parametrize(
    ("kind", "expected", "actual", "reason"),
    [
        ("exact", "a", "A", 'is "A", should be "a"'),
        ("exact", 1, "1", 'is "1", should be 1'),
        ("exact", 1, True, "is true, should be 1"),
        ("exact", ["a"], ["a", "b"], 'is "a", "b", should be "a"'),
        ("exact", ["a", "b"], ["b", "a"], 'is "b", "a", should be "a", "b"'),
        ("exact", {"a": 1}, {"a": True}, "is a true, should be a 1"),
        ("exact", {"a": 1}, {}, "is an empty dictionary, should be a 1"),
        ("text", "a", "b", 'is "b", should be "a"'),
        ("text", "1", 1, 'is 1, should be "1"'),
        ("server_name", "a.example", "192.0.2.7:443", "is the address 192.0.2.7, should be the name a.example"),
        ("server_name", "a.example", "192.0.2.7", "is the address 192.0.2.7, should be the name a.example"),
        ("server_name", "a.example", "[2001:db8::7]:443", "is the address [2001:db8::7], should be the name a.example"),
        ("server_name", "a.example", "2001:db8::443", "is the address 2001:db8::443, should be the name a.example"),
        ("server_name", "a.example", "b.example:443", 'is "b.example:443", should be "a.example"'),
        (
            "server_name",
            "a.example",
            "a.example:443;b.example:443",
            'is "a.example:443;b.example:443", should be "a.example"',
        ),
        ("server_name", "a.example", 443, 'is 443, should be "a.example"'),
        ("number", 443, 8443, "is 8443, should be 443"),
        ("number", 443, "443", 'is "443", should be 443'),
        ("set", ["a", "b"], ["b", "c"], '"a" is missing; "c" is there but should not be'),
        ("set", ["a", "b", "c"], [], '"a", "b", "c" are missing'),
        ("set", ["a"], "a", 'is "a", should be "a"'),
        ("set", [1], ["1"], '1 is missing; "1" is there but should not be'),
        ("addresses", ["LocalSubnet"], ["Any"], "every address is allowed, and only LocalSubnet should be"),
        ("one_of", ["a", "b"], "c", 'is "c", should be one of "a", "b"'),
        ("one_of", [1], True, "is true, should be one of 1"),
        ("version_at_least", "7.4.3.8758", "7.4.3.1790", 'is "7.4.3.1790", should be 7.4.3.8758 or newer'),
        (
            "version_between",
            {"at_least": "7.2", "below": "7.4"},
            "7.4",
            'is "7.4", should be 7.2 or newer and older than 7.4',
        ),
        ("absent", None, 1, "is 1, should not be set"),
        ("absent", None, None, "is there, should not be set"),
    ],
)
def test_values_that_differ_and_why(kind, expected, actual, reason):
    assert compare(kind, expected, found(actual)) == reason


@pytest.mark.parametrize(
    ("kind", "expected", "reason"),
    [
        ("exact", "a", 'not set, should be "a"'),
        ("addresses", ["172.31.0.0/255.255.0.0"], "not set, should be 172.31.0.0/16"),
        ("version_at_least", "7", "not set, should be 7 or newer"),
        ("present", None, "not set, should be there"),
    ],
)
def test_nothing_there_is_never_the_same_as_a_desired_value(kind, expected, reason):
    assert compare(kind, expected, ABSENT) == reason


def test_nothing_there_is_right_when_nothing_should_be():
    assert compare("absent", None, ABSENT) is None


def test_what_is_missing_is_reported_in_the_place_s_own_words():
    verdict = compare("exact", "a", Located(False, missing="not there (no rule of this name)"))
    assert verdict == 'not there (no rule of this name), should be "a"'


@pytest.mark.parametrize(
    ("kind", "expected", "actual", "reason"),
    [
        ("exact", 1, found("1", "REG_SZ"), 'is "1" of type REG_SZ, should be 0x1 (1) of type REG_DWORD'),
        ("number", 1, found(1, "REG_QWORD"), "is 0x1 (1) of type REG_QWORD, should be 0x1 (1) of type REG_DWORD"),
        ("number", 16, found(1, "REG_DWORD"), "is 0x1 (1), should be 0x10 (16)"),
    ],
)
def test_a_registry_type_counts_and_is_reported(kind, expected, actual, reason):
    assert compare(kind, expected, actual, "REG_DWORD") == reason


def test_text_that_expands_and_text_that_does_not_are_different():
    verdict = compare("text", "a", found("a", "REG_EXPAND_SZ"), "REG_SZ")
    assert verdict == 'is "a" of type REG_EXPAND_SZ, should be "a" of type REG_SZ'


@pytest.mark.parametrize(
    ("kind", "expected", "actual"),
    [
        ("addresses", ["LocalSubnet"], ["nonsense"]),
        ("addresses", ["LocalSubnet"], 7),
        ("version_at_least", "7", "unknown"),
        ("version_between", {"below": "7"}, None),
    ],
)
def test_a_value_that_makes_no_sense_is_unreadable_and_not_drifted(kind, expected, actual):
    with pytest.raises(Unreadable):
        compare(kind, expected, found(actual))


@pytest.mark.parametrize(
    ("kind", "expected", "type_", "named"),
    [
        ("equal", 1, None, "compare is 'equal'"),
        ("exact", None, None, "must be a value"),
        ("text", 1, None, "must be text"),
        ("number", "443", None, "without quotes"),
        ("set", [], None, "at least one entry"),
        ("set", "a", None, "a list"),
        ("one_of", [], None, "at least one entry"),
        ("addresses", [], None, "at least one address"),
        ("addresses", ["here"], None, "'here' is not an address"),
        ("addresses", 7, None, "addresses"),
        ("version_at_least", "new", None, "a version"),
        ("version_between", {}, None, "at_least"),
        ("version_between", {"from": "1"}, None, "at_least"),
        ("version_between", {"below": "x"}, None, "a version"),
        ("present", 1, None, "left out"),
        ("absent", 1, None, "left out"),
        ("exact", "1", "REG_DWORD", "for REG_DWORD"),
        ("exact", True, "REG_DWORD", "for REG_DWORD"),
        ("number", -1, "REG_DWORD", "0 to 4294967295"),
        ("number", 2**32, "REG_DWORD", "0 to 4294967295"),
        ("number", 2**64, "REG_QWORD", "18446744073709551615"),
        ("exact", 1, "REG_SZ", "in quotes"),
        ("exact", "a", "REG_MULTI_SZ", "list of texts"),
        ("exact", "ABC", "REG_BINARY", "hexadecimal"),
    ],
)
def test_an_expected_value_that_cannot_be_meant_is_refused(kind, expected, type_, named):
    with pytest.raises(ExpectedError) as error:
        comparison(kind, expected, type_)
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("kind", "expected", "type_"),
    [
        ("number", 2**32 - 1, "REG_DWORD"),
        ("number", True, "REG_DWORD"),
        ("exact", ["a"], "REG_MULTI_SZ"),
        ("exact", "46000000", "REG_BINARY"),
        ("exact", "", "REG_SZ"),
        ("absent", None, "REG_DWORD"),
        ("one_of", ["1", "2"], "REG_DWORD"),
    ],
)
def test_expected_values_that_fit_their_type_are_taken(kind, expected, type_):
    comparison(kind, expected, type_)


@pytest.mark.parametrize(
    ("kind", "expected", "written"),
    [
        ("number", True, 1),
        ("text", "a", "a"),
        ("addresses", ["172.31.0.0/16", "LocalSubnet"], ["LocalSubnet", "172.31.0.0/255.255.0.0"]),
        ("addresses", "10.0.0.1,10.0.0.9", ["10.0.0.1", "10.0.0.9"]),
    ],
)
def test_what_is_written_is_what_the_endpoint_will_give_back(kind, expected, written):
    value = comparison(kind, expected).to_write(ABSENT)
    assert value == written
    assert type(value) is type(written)
    assert compare(kind, expected, found(value)) is None


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (None, None, "not set"),
        (True, None, "true"),
        (255, "REG_DWORD", "0xff (255)"),
        (255, None, "255"),
        ("", "REG_SZ", '""'),
        ("46000000" * 20, "REG_BINARY", "80 bytes 46000000460000004600000046000000..."),
        ("4600", "REG_NONE", "2 bytes 4600"),
        ("46" * 16, "REG_BINARY", "16 bytes 46464646464646464646464646464646"),
        ([], None, "an empty list"),
        (1.5, None, "1.5"),
    ],
)
def test_values_are_described_for_people(value, type_, text):
    assert describe(value, type_) == text


def test_every_kind_is_described_in_the_module_and_in_the_schema():
    words = str(kinds.__doc__).split()
    assert [kind for kind in KINDS if kind not in words] == []
    schema = Path(__file__).resolve().parents[4] / "schemas/control.schema.json"
    assert json.loads(schema.read_text())["properties"]["compare"]["enum"] == list(KINDS)
