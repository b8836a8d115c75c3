"""A document's nodes: what is there, what is not, and what nobody can tell, each in the words that a person reads."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from plugins.plugin_utils.state.nodes import (
    Branch,
    Located,
    Unreadable,
    account_names,
    attribute,
    is_account,
    pick,
    readable,
)
from tests.samples.documents import MISSING, key, sz

READS = {
    "registry": [
        {"path": r"HKLM\All", "depth": 1},
        {"path": r"HKLM\Some", "values": ["N*"], "depth": 2},
        {"path": r"HKLM\Some\Sub", "values": ["*"]},
        {"path": r"HKLM\Rest", "values": ["N*", "*"], "without": ["|Dir=Out|"]},
        {"path": r"HKLM\Gone", "depth": 2},
        {"path": r"HKLM\Broken", "depth": 1},
    ],
    "user_registry": [{"path": r"Software\App"}, {"path": "Software", "values": ["N*"], "depth": 1}],
}
INCOMPLETE = "is not in the state document: it was not asked for, or the answer is incomplete"
IN_READS = "was not read in full: name it (with its values and depth) in the role's reads"


def registry(**changed: Any) -> Branch:
    """Return a machine's registry; `changed` are keys by their name below HKLM."""
    some = key({"Name": sz("of Some")}, {"Sub": key({"Name": sz("seen from above")}, {"Deep": key()})})
    keys = {
        "All": key({"Name": sz("x"), "": sz("default"), "Odd": {"type": 7, "data": 1}}, {"Sub": key({"A": sz("b")})}),
        "Some": some,
        r"Some\Sub": key({"Name": sz("of Sub"), "Other": sz("o")}),
        "Rest": key({"Name": sz("x")}),
        "Gone": MISSING,
        "Unasked": key({"Name": sz("x")}),
    }
    return Branch({rf"HKLM\{name}": node for name, node in (keys | changed).items()}, READS, "registry")


def of_user(node: Any) -> Branch:
    return Branch({r"Software\App": node}, READS, "user_registry", "HKU\\S-1-5-21-7\\")


@pytest.mark.parametrize(
    ("path", "name", "located"),
    [
        (r"HKLM\All", "Name", Located(True, "x", "REG_SZ", r"HKLM\All Name (REG_SZ)")),
        (r"hklm:\ALL", "name", Located(True, "x", "REG_SZ", r"hklm:\ALL name (REG_SZ)")),
        (r"HKLM\All", "", Located(True, "default", "REG_SZ", r"HKLM\All (Default) (REG_SZ)")),
        (r"HKLM\All", "Odd", Located(True, 1, "7", r"HKLM\All Odd (7)")),
        (r"HKLM\All\Sub", "A", Located(True, "b", "REG_SZ", r"HKLM\All\Sub A (REG_SZ)")),
        (r"HKLM\Some", "Name", Located(True, "of Some", "REG_SZ", r"HKLM\Some Name (REG_SZ)")),
        (r"HKLM\Some", "New", Located(False, evidence=r"HKLM\Some New", missing="not set")),
        # What was asked for nearest to it answers, and what is above only where that has not asked for it.
        (r"HKLM\Some\Sub", "Name", Located(True, "of Sub", "REG_SZ", r"HKLM\Some\Sub Name (REG_SZ)")),
        (r"HKLM\All", "Other", Located(False, evidence=r"HKLM\All Other", missing="not set")),
        (
            r"HKLM\All\No",
            "A",
            Located(False, evidence=r"HKLM\All\No A", missing="not set (the key does not exist)"),
        ),
        (r"HKLM\Gone", "A", Located(False, evidence=r"HKLM\Gone A", missing="not set (the key does not exist)")),
        (r"HKLM\Rest", "Name", Located(True, "x", "REG_SZ", r"HKLM\Rest Name (REG_SZ)")),
        (r"HKLM\Rest", "New", Located(False, evidence=r"HKLM\Rest New", missing="not set")),
    ],
)
def test_a_value_is_there_or_it_is_said_what_is_missing(path, name, located):
    assert registry().value(path, name) == located


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        (r"HKLM\Other", "A", rf"HKLM\Other {IN_READS}"),
        (r"HKLM\Unasked", "Name", rf"HKLM\Unasked {IN_READS}"),
        (r"HKLM\All\Sub\Deep", "A", rf"HKLM\All\Sub\Deep {IN_READS}"),
        (r"HKLM\Some", "Other", rf"HKLM\Some {IN_READS}"),
        # It is not among what was read, but may have been left out by its text.
        (r"HKLM\Rest", "Other", rf"HKLM\Rest {IN_READS}"),
    ],
)
def test_a_value_that_nobody_asked_for_is_unreadable(path, name, words):
    with pytest.raises(Unreadable) as raised:
        registry().value(path, name)
    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("node", "path", "words"),
    [
        (None, "Broken", rf"HKLM\Broken {INCOMPLETE}"),
        ("x", "Broken", r"HKLM\Broken is not an object in the state document"),
        ({"error": "odd bytes"}, "Broken", r"HKLM\Broken could not be read: odd bytes"),
        ({}, "Broken", r"HKLM\Broken: the document does not say whether it exists"),
        ({"exists": "yes"}, "Broken", r"HKLM\Broken: the document does not say whether it exists"),
        ({"exists": True, "keys": {}}, "Broken", rf"HKLM\Broken {INCOMPLETE}"),
        (key({"A": "x"}), "Broken", r"HKLM\Broken A is not an object in the state document"),
        (key({"A": {"error": "odd bytes"}}), "Broken", r"HKLM\Broken A could not be read: odd bytes"),
        (key({"A": {"type": "REG_SZ"}}), "Broken", r"HKLM\Broken A: the reader gave no type and data"),
        (key({"A": {"data": "x"}}), "Broken", r"HKLM\Broken A: the reader gave no type and data"),
        ({"exists": True, "values": {}}, r"Broken\Sub", rf"the subkeys of HKLM\Broken {INCOMPLETE}"),
        (key(keys={"SUB": {"error": "odd bytes"}}), r"Broken\Sub", r"HKLM\Broken\sub could not be read: odd bytes"),
        (
            key(keys={"SUB": {"values": {}}}),
            r"Broken\Sub",
            r"HKLM\Broken\sub: the document does not say whether it exists",
        ),
    ],
)
def test_half_an_answer_is_unreadable_and_names_the_place(node, path, words):
    with pytest.raises(Unreadable) as raised:
        registry(Broken=node).value(rf"HKLM\{path}", "A")
    assert str(raised.value) == words


def test_a_user_s_value_names_the_user():
    app = of_user(key({"Name": sz("x"), "Half": {"type": "REG_SZ"}}))
    above = r"HKU\S-1-5-21-7\Software"
    assert app.value(r"Software\App", "Name") == Located(True, "x", "REG_SZ", rf"{above}\App Name (REG_SZ)")
    assert app.value(r"Software\App", "No") == Located(False, evidence=rf"{above}\App No")
    for branch, path, words in (
        (app, "Other", rf"{above}\Other {IN_READS}"),
        (app, "App", rf"{above}\App Half: the reader gave no type and data"),
        (of_user({"error": "odd bytes"}), "App", rf"{above}\App could not be read: odd bytes"),
    ):
        with pytest.raises(Unreadable) as raised:
            branch.value(rf"Software\{path}", "Half")
        assert str(raised.value) == words


@pytest.mark.parametrize("number", [1, 100])
def test_among_many_or_few_the_first_of_a_name_is_found_whatever_its_capitals(number):
    values = {"First": sz("1"), "FIRST": sz("2"), **{f"Value{one}": sz(f"{one}") for one in range(number)}}
    keys = {"Sub": key({"A": sz("of Sub")}), "SUB": key(), **{f"Key{one}": key() for one in range(number)}}
    found = registry(All=key(values, keys))
    assert found.value(r"HKLM\All", "first").value == "1"
    assert found.value(r"HKLM\All", "VALUE0").value == "0"
    assert found.value(r"HKLM\All\sub", "a").value == "of Sub"
    assert not found.value(r"HKLM\All", "Value").found
    assert found.key(r"HKLM\All\Key") is None


def test_a_whole_hive_answers_for_what_is_in_it():
    hive = Branch({"Software": key(keys={"App": key({"Name": sz("x")})})}, READS, "user_registry")
    assert hive.value(r"Software\App", "Name") == Located(True, "x", "REG_SZ", r"Software\App Name (REG_SZ)")


def test_a_key_is_there_as_deep_as_was_asked_for():
    found = registry()
    assert found.key(r"HKLM\All") is found.keys[r"HKLM\All"]
    assert found.key(r"HKLM\All", below=1) is found.keys[r"HKLM\All"]
    assert found.key(r"HKLM\All\Sub") == key({"A": sz("b")})
    assert found.key(r"HKLM\All\No") is None
    assert found.key(r"HKLM\Some\Sub") == key({"Name": sz("of Sub"), "Other": sz("o")})
    assert found.key(r"HKLM\Some\Sub", below=1) == key({"Name": sz("seen from above")}, {"Deep": key()})
    for path, below in ((r"HKLM\All\Sub", 1), (r"HKLM\All", 2), (r"HKLM\All\Sub\Deep", 0), ("HKLM", 0)):
        with pytest.raises(Unreadable) as raised:
            found.key(path, below)
        assert str(raised.value) == f"{path} {IN_READS}"


def test_a_key_of_which_a_value_was_read_is_asked_for_by_the_value_s_name():
    found = registry()
    assert found.key_with(r"HKLM\Some", "Name") == found.key(r"HKLM\Some")
    assert found.key_with(r"HKLM\Some\Sub", None) == key({"Name": sz("of Sub"), "Other": sz("o")})
    assert found.key_with(r"HKLM\All\Sub", None) == key({"A": sz("b")})
    assert found.key_with(r"HKLM\Rest", "Name") == key({"Name": sz("x")})
    for path, name in (
        (r"HKLM\Some", "Other"),
        (r"HKLM\Some", None),
        (r"HKLM\Rest", None),
        (r"HKLM\All\Sub\Deep", "A"),
    ):
        with pytest.raises(Unreadable) as raised:
            found.key_with(path, name)
        assert str(raised.value) == f"{path} {IN_READS}"


def test_the_rest_of_a_key_is_known_when_no_more_was_left_out():
    found = registry()
    assert found.rest(r"HKLM\Rest", ["|Dir=Out|", "|Active=FALSE|"]) == key({"Name": sz("x")})
    assert found.rest(r"HKLM\All\Sub", []) == key({"A": sz("b")})
    for path, left_out in ((r"HKLM\Rest", ["|Active=FALSE|"]), (r"HKLM\Some", []), (r"HKLM\All\Sub\Deep", [])):
        with pytest.raises(Unreadable) as raised:
            found.rest(path, left_out)
        assert str(raised.value) == f"{path} {IN_READS}"


def test_what_a_key_holds_is_its_values_and_its_subkeys():
    assert registry().contents(r"HKLM\All") == ({"name", "", "odd"}, {"sub"})
    assert registry().contents(r"HKLM\Gone\Sub") == (set(), set())
    # It was removed between the reader's one look and the other.
    assert registry(Some=key()).contents(r"HKLM\Some\Sub") == (set(), set())
    assert registry(**{r"Some\Sub": MISSING}).contents(r"HKLM\Some\Sub") == (set(), set())


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"exists": True, "keys": {}}, rf"HKLM\Broken {INCOMPLETE}"),
        ({"exists": True, "values": {}}, rf"HKLM\Broken {INCOMPLETE}"),
        ({"exists": True, "values": {"error": "odd bytes"}, "keys": {}}, r"HKLM\Broken could not be read: odd bytes"),
        ({"exists": True, "values": {}, "keys": {"error": "odd bytes"}}, r"HKLM\Broken could not be read: odd bytes"),
    ],
)
def test_what_a_key_holds_is_unreadable_when_a_half_is_missing(node, words):
    with pytest.raises(Unreadable) as raised:
        registry(Broken=node).contents(r"HKLM\Broken")
    assert str(raised.value) == words


@pytest.mark.parametrize("node", [{"exists": True}, {}, MappingProxyType({"a": 1}), {"error": 5}, {"error": None}])
def test_an_object_is_readable(node):
    assert readable(node, "X") is node


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (None, f"X {INCOMPLETE}"),
        ([], "X is not an object in the state document"),
        ("x", "X is not an object in the state document"),
        ({"error": "odd bytes"}, "X could not be read: odd bytes"),
        (MappingProxyType({"error": ""}), "X could not be read: "),
    ],
)
def test_what_is_no_object_or_an_error_is_unreadable(node, words):
    with pytest.raises(Unreadable) as raised:
        readable(node, "X")
    assert str(raised.value) == words


def test_a_cause_that_is_known_comes_with_what_helps():
    with pytest.raises(Unreadable, match=r"^X could not be read: certificate has expired[.] Renew the certificate"):
        readable({"error": "certificate has expired"}, "X")


@pytest.mark.parametrize(("name", "found"), [("server", 1), ("SERVER", 1), ("Straße", 2), ("STRASSE", 2), ("no", None)])
def test_an_entry_is_found_whatever_its_capitals(name, found):
    assert pick({"Other": 0, "Server": 1, "STRASSE": 2}, name) == found


@pytest.mark.parametrize("value", ["Running", 0, False, []])
def test_a_field_of_something_that_exists_is_found(value):
    node = {"exists": True, "state": value}
    assert attribute(node, "service W32Time", "state") == Located(True, value, evidence="service W32Time, state")


def test_a_field_of_something_that_is_not_there_is_not_there():
    located = Located(False, evidence="service W32Time, state", missing="not there")
    assert attribute({"exists": False, "state": "Running"}, "service W32Time", "state") == located


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({}, "service W32Time: the document does not say whether it exists"),
        ({"exists": "yes", "state": "Running"}, "service W32Time: the document does not say whether it exists"),
        ({"exists": True}, "service W32Time, state: the document does not have it"),
        ({"exists": True, "state": None}, "service W32Time, state: the document does not have it"),
    ],
)
def test_a_field_that_the_document_does_not_tell_is_unreadable(node, words):
    with pytest.raises(Unreadable) as raised:
        attribute(node, "service W32Time", "state")
    assert str(raised.value) == words


def test_a_sid_that_has_a_name_is_shown_with_it():
    located = Located(True, labels={"S-1-5-21-7": "PC1\\taro"})
    assert located.named("S-1-5-21-7") == "PC1\\taro (S-1-5-21-7)"
    assert located.named(["S-1-5-21-7", "S-1-5-21-8", 7]) == ["PC1\\taro (S-1-5-21-7)", "S-1-5-21-8", 7]
    assert located.named({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "computer", "names"),
    [
        (r"PC1\Taro", "pc1", ("pc1\\taro", "taro", ".\\taro")),
        (r"PC1\Taro", "PC1", ("pc1\\taro", "taro", ".\\taro")),
        (r"CORP\Taro", "PC1", ("corp\\taro", "taro")),
        (r"PC1\Taro", None, ("pc1\\taro", "taro")),
        ("Taro", "PC1", ("taro", "taro")),
        ("CORP\\", "PC1", ()),
        ("", "PC1", ()),
        (None, "PC1", ()),
    ],
)
def test_an_account_goes_by_its_name_with_and_without_who_vouches_for_it(name, computer, names):
    assert account_names(name, computer) == names


@pytest.mark.parametrize(
    ("wanted", "same"),
    [("taro", True), (r"PC1\TARO", True), (r".\taro", True), ("s-1-5-21-7", True), ("S-1-5-21-70", False), ("", False)],
)
def test_who_is_meant_by_a_name_or_a_sid_is_known(wanted, same):
    assert is_account(wanted, "S-1-5-21-7", ("pc1\\taro", "taro", ".\\taro")) is same
