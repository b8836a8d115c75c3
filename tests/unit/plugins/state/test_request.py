"""What a reader was asked for: a value that nobody looked for is not absent."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.request import (
    MEMORY_PLIST,
    asks_for_key,
    asks_for_plist_key,
    asks_for_rest,
    asks_for_value,
    may_hold_value,
    registry_entries,
    split_path,
)

PLAIN: dict[str, Any] = {"path": r"HKLM\V"}
NAMED: dict[str, Any] = {"path": r"HKLM\V", "values": ["Server", "Proxy*"]}
DEEP: dict[str, Any] = {"path": r"HKLM\V", "values": ["Server"], "depth": 2}
# All values but texts of rules that let nothing in.
INCOMPLETE: dict[str, Any] = {"path": r"HKLM\V", "values": ["RD*", "*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}
ALL_BUT: dict[str, Any] = {"path": r"HKLM\V", "without": ["|Dir=Out|"]}
NAMES_ALONE: dict[str, Any] = {"path": r"HKLM\V", "values": ["Server"], "without": []}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (r"HKLM\Software\X", ("hklm", "software", "x")),
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\x", ("hklm", "software", "x")),
        ("hklm:\\\\software\\\\X\\", ("hklm", "software", "x")),
        (r"HKEY_USERS\S-1-5-18", ("hku", "s-1-5-18")),
        (r"HKEY_CLASSES_ROOT\.pac", ("hkcr", ".pac")),
        (r"HKEY_CURRENT_CONFIG\System", ("hkcc", "system")),
        (r"Software\X", ("software", "x")),
    ],
)
def test_paths_of_the_registry_are_equal_however_they_are_written(path, parts):
    assert split_path(path) == parts


def test_what_is_asked_of_the_registry_is_found_by_its_path_beside_the_memory():
    other = {"path": "hklm:\\v\\", "values": ["Port"]}
    request = {"registry": [NAMED, other, {"path": r"HKLM\W"}], "user_registry": [{"path": r"Software\X"}]}
    assert registry_entries(request, "registry") == {
        ("hklm", "v"): [NAMED, other],
        ("hklm", "w"): [{"path": r"HKLM\W"}],
        ("hklm", "software", "offsiteendpoints", "before"): [{"path": r"HKLM\SOFTWARE\OffsiteEndpoints\Before"}],
    }
    assert registry_entries(request, "user_registry") == {("software", "x"): [{"path": r"Software\X"}]}
    assert registry_entries({}, "user_registry") == {}
    assert [*registry_entries({}, "registry")] == [("hklm", "software", "offsiteendpoints", "before")]


@pytest.mark.parametrize(
    ("entries", "levels", "asked"),
    [
        ([PLAIN], 0, True),
        ([PLAIN], 1, False),
        ([DEEP], 2, True),
        ([DEEP], 3, False),
        ([PLAIN, DEEP], 1, True),
        ([], 0, False),
    ],
)
def test_keys_are_listed_as_deep_as_somebody_asked(entries, levels, asked):
    assert asks_for_key(entries, levels) is asked


@pytest.mark.parametrize(
    ("entries", "levels", "name", "asked"),
    [
        ([PLAIN], 0, "Anything", True),
        ([PLAIN], 0, None, True),
        ([PLAIN], 1, "Anything", False),
        ([NAMED], 0, "SERVER", True),
        ([NAMED], 0, "ProxyScript", True),
        ([NAMED], 0, "Port", False),
        ([NAMED], 0, None, False),
        ([DEEP], 2, "Server", True),
        ([DEEP], 3, "Server", False),
        ([DEEP], 2, "Port", False),
        ([NAMED, PLAIN], 0, "Port", True),
        # What may have been left out was not looked for, except by its name.
        ([ALL_BUT], 0, "RD-In", False),
        ([INCOMPLETE], 0, "RD-In", True),
        ([INCOMPLETE], 0, "Other", False),
        ([INCOMPLETE], 0, None, False),
        ([NAMES_ALONE], 0, "Server", True),
        ([], 0, "Server", False),
    ],
)
def test_a_value_counts_as_looked_for_when_somebody_asked_for_it(entries, levels, name, asked):
    assert asks_for_value(entries, levels, name) is asked


@pytest.mark.parametrize(
    ("entries", "levels", "name", "held"),
    [
        ([PLAIN], 0, "Anything", True),
        ([PLAIN], 1, "Anything", False),
        ([NAMED], 0, "proxyscript", True),
        ([NAMED], 0, "Port", False),
        ([DEEP], 2, "Server", True),
        ([DEEP], 3, "Server", False),
        ([ALL_BUT], 0, "RD-In", True),
        ([INCOMPLETE], 0, "Other", True),
        ([], 0, "Server", False),
    ],
)
def test_an_answer_may_hold_a_value_though_others_were_left_out(entries, levels, name, held):
    assert may_hold_value(entries, levels, name) is held


@pytest.mark.parametrize(
    ("entries", "levels", "left_out", "asked"),
    [
        ([PLAIN], 0, [], True),
        ([PLAIN], 1, [], False),
        ([PLAIN], 0, ["|Dir=Out|"], True),
        ([INCOMPLETE], 0, ["|Active=FALSE|", "|Dir=Out|"], True),
        ([INCOMPLETE], 0, ["|Active=FALSE|", "|Dir=Out|", "|Action=Block|"], True),
        ([INCOMPLETE], 0, ["|Dir=Out|"], False),
        ([INCOMPLETE], 0, [], False),
        ([INCOMPLETE], 1, ["|Active=FALSE|", "|Dir=Out|"], False),
        ([ALL_BUT], 0, ["|Dir=Out|"], True),
        ([NAMED], 0, [], False),
        ([NAMED, PLAIN], 0, [], True),
        ([{**PLAIN, "depth": 1}], 1, [], True),
        ([], 0, [], False),
    ],
)
def test_the_rest_was_read_when_no_more_is_left_out_than_may_be(entries, levels, left_out, asked):
    assert asks_for_rest(entries, levels, left_out) is asked


@pytest.mark.parametrize(
    ("path", "key", "asked"),
    [
        ("/p.plist", ["Profiles", "Office", "Server"], True),
        ("/p.plist", ["Profiles", "Office", "Port"], False),
        # What it lies in, and what lies inside it.
        ("/p.plist", ["Profiles"], True),
        ("/p.plist", ["Version", "Major"], True),
        ("/p.plist", ["Other"], False),
        ("/all.plist", ["Anything", "at all"], True),
        ("/none.plist", ["Anything"], False),
        ("/elsewhere.plist", ["Version"], False),
        (MEMORY_PLIST, ["entries"], True),
    ],
)
def test_a_key_of_a_property_list_is_read_with_what_it_lies_in(path, key, asked):
    request = {
        "plists": [
            {"path": "/p.plist", "keys": ["Profiles/*/Server", "Version"]},
            {"path": "/all.plist", "keys": ["*"]},
            {"path": "/none.plist"},
        ]
    }
    assert asks_for_plist_key(request, path, key) is asked


def test_where_nothing_is_asked_of_property_lists_the_memory_is():
    assert asks_for_plist_key({}, MEMORY_PLIST, ["entries"]) is True
    assert asks_for_plist_key({}, "/p.plist", ["entries"]) is False
