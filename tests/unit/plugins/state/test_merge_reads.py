"""What several roles ask of one endpoint becomes one request, and an answer to it serves who asks for no more."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state.reader import covers, merge_reads


def test_the_same_path_is_read_once_with_the_wider_of_both_asks() -> None:
    one: dict[str, Any] = {
        "registry": [{"path": "A", "values": ["x"]}, {"path": "B"}],
        "plists": [{"path": "P", "keys": ["a"]}],
    }
    two = {"registry": [{"path": "A", "values": ["x", "y"], "depth": 1}], "plists": [{"path": "P", "keys": ["b"]}]}
    assert merge_reads([one, two]) == {
        "registry": [{"path": "A", "values": ["x", "y"], "depth": 1}, {"path": "B", "values": ["*"]}],
        "plists": [{"path": "P", "keys": ["a", "b"]}],
    }
    assert one["registry"][0] == {"path": "A", "values": ["x"]}


def test_a_plist_without_allowed_keys_does_not_become_all_keys() -> None:
    assert merge_reads([{"plists": [{"path": "P"}]}]) == {"plists": [{"path": "P", "keys": []}]}


NAMED = {"path": "K", "values": ["FPS*"]}
REST = {"path": "K", "values": ["RD*", "*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}


@pytest.mark.parametrize(
    ("asks", "merged"),
    [
        ([NAMED, REST], {"values": ["FPS*", "RD*", "*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}),
        ([REST, NAMED], {"values": ["RD*", "*", "FPS*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}),
        ([REST, {"path": "K", "without": ["|Dir=Out|"]}], {"values": ["RD*", "*"], "without": ["|Dir=Out|"]}),
        ([REST, {"path": "K"}], {"values": ["*"]}),
        ([{"path": "K"}, REST], {"values": ["*"]}),
    ],
)
def test_only_what_nobody_wants_is_left_out(asks, merged):
    assert merge_reads([{"registry": [one]} for one in asks]) == {"registry": [{"path": "K", **merged}]}


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        (
            {"path": "K", "values": ["A"], "depth": 2},
            {"path": "K", "values": ["B"]},
            {"values": ["A", "B"], "depth": 2},
        ),
        ({"path": "K", "values": ["A"]}, {"path": "K", "values": ["A"], "depth": 1}, {"values": ["A"], "depth": 1}),
        ({"path": "K", "depth": 0}, {"path": "K"}, {"values": ["*"], "depth": 0}),
        ({"path": "K"}, {"path": "K", "depth": 0}, {"values": ["*"], "depth": 0}),
        ({"path": "K", "values": ["A"]}, {"path": "K", "values": ["A", "*"]}, {"values": ["*"]}),
        ({"path": "K", "values": []}, {"path": "K", "values": ["A"]}, {"values": ["A"]}),
    ],
)
def test_names_and_levels_of_both_are_asked_for(one: Any, other: Any, merged: dict[str, Any]) -> None:
    assert merge_reads([{"user_registry": [one, other]}]) == {"user_registry": [{"path": "K", **merged}]}


def test_names_alone_are_asked_for_once_in_their_order() -> None:
    reads: list[Any] = [
        {"services": ["W32Time", "FA_Scheduler"]},
        {"services": ["FA_Scheduler", "Spooler"], "groups": ["S-1"]},
    ]
    assert merge_reads(reads) == {"services": ["W32Time", "FA_Scheduler", "Spooler"], "groups": ["S-1"]}


ASKED: dict[str, Any] = {
    "registry": [{"path": "A", "depth": 1}, {"path": "B", "values": ["x", "x"]}],
    "plists": [{"path": "P", "keys": ["a", "b"]}],
    "services": ["W32Time"],
}


@pytest.mark.parametrize(
    ("reads", "covered"),
    [
        ([], True),
        ([ASKED], True),
        ([{"registry": [{"path": "A", "values": ["x"]}]}, {"services": ["W32Time"]}], True),
        ([{"plists": [{"path": "P", "keys": ["b"]}]}], True),
        ([{"registry": [{"path": "A", "depth": 2}]}], False),
        ([{"registry": [{"path": "B", "values": ["y"]}]}], False),
        ([{"registry": [{"path": "C"}]}], False),
        ([{"services": ["W32Time"]}, {"services": ["Spooler"]}], False),
        ([{"files": ["/f"]}], False),
    ],
)
def test_an_answer_serves_who_asks_for_no_more(reads: list[dict[str, Any]], covered: bool) -> None:
    assert covers(ASKED, reads) is covered
