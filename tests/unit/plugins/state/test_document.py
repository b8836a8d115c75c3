"""Whether a state document can be compared: what is wrong with one, each in a sentence that names the place."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from plugins.plugin_utils.state.document import check_document
from tests.samples.documents import MISSING, key, mac, sz, windows

ERROR = {"error": "access denied"}


def of_registry(node: Any) -> dict[str, Any]:
    return windows() | {"registry": {"K": node}}


def of_users(users: Any) -> dict[str, Any]:
    return windows() | {"users": users}


@pytest.mark.parametrize(
    "document",
    [
        windows(),
        mac(),
        of_registry(MISSING),
        of_registry(ERROR),
        of_registry(key({"V": ERROR, "W": sz("x")}, {"Sub": ERROR, "Other": key({"V": sz("x")})})),
        of_registry(key() | {"keys": ERROR}),
        windows() | dict.fromkeys(("system", "registry", "users", "services", "groups", "reboot_pending"), ERROR),
        of_users({"S-1": ERROR, "S-2": {"registry": ERROR}, "S-3": {"registry": {"K": key()}}}),
        windows() | {"groups": {"S-1": MISSING, "S-2": ERROR, "S-3": {"exists": True, "members": []}}},
        windows() | {"services": {"A": {"exists": True}}, "console_user": 5, "more": 7},
        mac() | {"plists": {"/a": {"exists": True, "data": {}}, "/b": MISSING, "/c": ERROR}},
        mac() | {"console_user": None},
        mac() | {"console_user": ERROR},
        mac() | {"registry": 7},
        # Whoever gives an object that is no dict gives an object.
        MappingProxyType(of_registry(MappingProxyType(key({"V": MappingProxyType(sz("x"))})))),
    ],
)
def test_a_whole_document_can_be_compared_though_parts_of_it_are_errors(document):
    assert check_document(document) == []


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (None, "the reader returned missing or null, not an object"),
        ("x", "the reader returned text, not an object"),
        ([], "the reader returned a list, not an object"),
        (True, "the reader returned a boolean, not an object"),
        (7, "the reader returned a number, not an object"),
        (7.5, "the reader returned float, not an object"),
        ({}, "the document has schema None; this controller reads schema 1"),
        (windows() | {"schema": 2}, "the document has schema 2; this controller reads schema 1"),
        (windows() | {"schema": "1"}, "the document has schema '1'; this controller reads schema 1"),
        (windows() | {"schema": True}, "the document has schema True; this controller reads schema 1"),
        ({"schema": 1}, "the document has platform None; allowed are Windows, Darwin"),
        (windows() | {"platform": "Linux"}, "the document has platform 'Linux'; allowed are Windows, Darwin"),
        (windows() | {"platform": []}, "the document has platform []; allowed are Windows, Darwin"),
    ],
)
def test_what_is_no_document_of_this_release_is_refused_at_once(document, problem):
    assert check_document(document) == [problem]


def test_each_part_that_is_missing_or_of_another_kind_is_named():
    assert check_document({"schema": 1, "platform": "Windows"}) == [
        "the document has no 'system'",
        "the document has no 'registry'",
        "the document has no 'users'",
        "the document has no 'services'",
        "the document has no 'groups'",
        "the document has no 'reboot_pending'",
        "the document has no 'tunnel'",
    ]
    assert check_document({"schema": 1, "platform": "Darwin", "tunnel": None, "files": "x", "plists": {"/a": 7}}) == [
        "the document has no 'system'",
        "the document has no 'tools'",
        "'files' is text, not an object",
        "'tunnel' is missing or null, not an object",
    ]


@pytest.mark.parametrize(
    ("node", "problems"),
    [
        (None, ["'registry.K' is missing or null, not an object"]),
        ("x", ["'registry.K' is text, not an object"]),
        ({}, ["'registry.K' has neither 'exists' nor 'error'"]),
        ({"exists": "yes"}, ["'registry.K' has neither 'exists' nor 'error'"]),
        ({"error": 5}, ["'registry.K' has neither 'exists' nor 'error'"]),
        (
            {"exists": True},
            [
                "'registry.K.values' is missing or null, not an object",
                "'registry.K.keys' is missing or null, not an object",
            ],
        ),
        (
            {"exists": True, "values": [], "keys": 7},
            ["'registry.K.values' is a list, not an object", "'registry.K.keys' is a number, not an object"],
        ),
        (
            key({"A": "x", "B": {"type": "REG_SZ"}, "C": {"data": "x"}, "D": {"error": 5}, "E": sz("x")}),
            [
                "'registry.K.values.A' has no 'type' and 'data'",
                "'registry.K.values.B' has no 'type' and 'data'",
                "'registry.K.values.C' has no 'type' and 'data'",
                "'registry.K.values.D' has no 'type' and 'data'",
            ],
        ),
        (
            key({"A": "x"}, {"Sub": key(keys={"Deep": {}, "More": True}), "Next": {}}),
            [
                "'registry.K.values.A' has no 'type' and 'data'",
                "'registry.K.Sub.Deep' has neither 'exists' nor 'error'",
                "'registry.K.Sub.More' is a boolean, not an object",
                "'registry.K.Next' has neither 'exists' nor 'error'",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_told_with_its_place(node, problems):
    assert check_document(of_registry(node)) == problems


@pytest.mark.parametrize(
    ("users", "problems"),
    [
        ({"S-1": "x"}, ["'users.S-1' is text, not an object"]),
        ({"S-1": {}}, ["'users.S-1.registry' is missing or null, not an object"]),
        ({"S-1": {"registry": []}}, ["'users.S-1.registry' is a list, not an object"]),
        (
            {"S-1": {"registry": {"K": {}}}, "S-2": None, "S-3": {"registry": {"K": key({"V": {}})}}},
            [
                "'users.S-1.registry.K' has neither 'exists' nor 'error'",
                "'users.S-2' is missing or null, not an object",
                "'users.S-3.registry.K.values.V' has no 'type' and 'data'",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_user_is_told_with_its_place(users, problems):
    assert check_document(of_users(users)) == problems


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (windows() | {"services": {"A": "x"}}, ["'services.A' is text, not an object"]),
        (windows() | {"services": {"A": {}}}, ["'services.A' has neither 'exists' nor 'error'"]),
        (windows() | {"groups": {"S-1": {}}}, ["'groups.S-1' has neither 'exists' nor 'error'"]),
        (
            windows() | {"groups": {"S-1": {"exists": True}, "S-2": {"exists": True, "members": {}}}},
            [
                "'groups.S-1.members' is missing or null, not a list",
                "'groups.S-2.members' is an object, not a list",
            ],
        ),
        (mac() | {"plists": {"/a": {}}}, ["'plists./a' has neither 'exists' nor 'error'"]),
        (
            mac() | {"plists": {"/a": {"exists": True, "data": []}}},
            ["'plists./a.data' is a list, not an object"],
        ),
        (mac() | {"files": {"/a": {"type": "file"}}}, ["'files./a' has neither 'exists' nor 'error'"]),
        (mac() | {"console_user": 5}, ["'console_user' is a number, not text or null"]),
        (mac() | {"console_user": {}}, ["'console_user' is an object, not text or null"]),
        (
            mac() | {"files": {"/a": {}}, "console_user": []},
            ["'files./a' has neither 'exists' nor 'error'", "'console_user' is a list, not text or null"],
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_place(document, problems):
    assert check_document(document) == problems


def test_a_mac_that_does_not_say_who_is_logged_on_has_not_said_that_nobody_is():
    document = mac()
    del document["console_user"]
    (problem,) = check_document(document)
    assert problem.startswith("'console_user' is ")
    assert problem.endswith(", not text or null")


def test_a_name_of_a_megabyte_is_said_once_and_in_short():
    below = {f"k{number}": 7 for number in range(10_000)}
    problems = check_document(windows() | {"registry": {"K" * 2**20: key({}, below)}})
    assert len(problems) == 10_000
    assert max(map(len, problems)) < 1100
