"""A variable of the wrong kind is refused in words that name it, its value and what it has to be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from plugins.plugin_utils.controls.shapes import is_a, misshapen

ROOT = Path(__file__).resolve().parents[4]
CONNECTION = {"name": {"type": "str", "required": True}, "port": {"type": "int"}, "users": {"type": "list"}}
OPTIONS = {
    "users": {"type": "list", "elements": "str"},
    "builds": {"type": "list", "elements": "int"},
    "connections": {"type": "list", "elements": "dict", "options": CONNECTION},
    "gateway": {},
    "place": {"type": "path"},
    "enable": {"type": "bool"},
    "days": {"type": "int"},
    "contact": {"type": "dict", "options": {"mail": {"type": "str"}}},
    "more": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "anything": {"type": "raw"},
}
TEXT = "a text, in quotes where it looks like a number or like true and false"
LIST = "a list, also where it is of one: [...]"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("users", "taro", f"users: 'taro' is refused. It has to be {LIST}."),
        ("users", 7, f"users: 7 is refused. It has to be {LIST}."),
        ("users", {"a": 1}, f"users: {{'a': 1}} is refused. It has to be {LIST}."),
        ("users", ["taro", ["x"]], f"users, entry 2: ['x'] is refused. It has to be {TEXT}."),
        ("users", None, f"users: no value is refused. It has to be {LIST}."),
        ("builds", [26100, "x"], "builds, entry 2: 'x' is refused. It has to be a whole number."),
        ("connections", [7], "connections, entry 1: 7 is refused. It has to be a mapping such as {name: ...}."),
        (
            "connections",
            [{"port": "https"}],
            "connections, entry 1: port: 'https' is refused. It has to be a whole number.",
        ),
        ("connections", [{"name": 7}], f"connections, entry 1: name: 7 is refused. It has to be {TEXT}."),
        ("gateway", {"a": 1}, f"gateway: {{'a': 1}} is refused. It has to be {TEXT}."),
        ("gateway", True, f"gateway: True is refused. It has to be {TEXT}."),
        ("gateway", 7.4, f"gateway: 7.4 is refused. It has to be {TEXT}."),
        ("place", ["x"], "place: ['x'] is refused. It has to be a path."),
        ("enable", "perhaps", "enable: 'perhaps' is refused. It has to be true or false."),
        ("enable", 2, "enable: 2 is refused. It has to be true or false."),
        ("enable", None, "enable: no value is refused. It has to be true or false."),
        ("days", "many", "days: 'many' is refused. It has to be a whole number."),
        ("days", True, "days: True is refused. It has to be a whole number."),
        ("days", 1.5, "days: 1.5 is refused. It has to be a whole number."),
        ("contact", "me", "contact: 'me' is refused. It has to be a mapping such as {mail: ...}."),
        ("contact", {"mail": []}, f"contact: mail: [] is refused. It has to be {TEXT}."),
        ("more", [1], "more: [1] is refused. It has to be a mapping."),
        ("state", None, "state: no value is refused. It has to be one of present, absent."),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name_with_the_value(name, value, words):
    assert [*misshapen({name: value}, OPTIONS)] == [words]


def test_what_is_right_is_not_refused_and_what_no_option_is_is_left_to_others():
    right = {
        "users": ["taro"],
        "builds": [26100, "26200"],
        "connections": [{"name": "IMR", "port": "443", "users": []}],
        "gateway": "",
        "place": "/srv",
        "enable": "no",
        "days": "-1",
        "contact": {"mail": "a@example.org", "unknown": 7},
        "more": {"x": [None]},
        "state": "gone",
        "anything": None,
        "unknown": object(),
    }
    assert [*misshapen(right, OPTIONS)] == []


@pytest.mark.parametrize("text", ["yes", "No", "TRUE", "off", 0, 1, True])
def test_truths_may_be_spelt_as_ansible_reads_them(text):
    assert is_a("bool", text)


def test_a_value_is_cut_and_its_secrets_are_not_shown():
    (words,) = misshapen({"days": "http://bob:PASSWORD@example.org/" + "x" * 10_000}, OPTIONS)
    assert len(words) < 300
    assert "PASSWORD" not in words


def test_every_kind_of_the_roles_has_its_words():
    kinds = set()
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        waiting = [*yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values()]
        while waiting:
            for option in waiting.pop().get("options", {}).values():
                kinds |= {option.get("type", "str"), option.get("elements", "str")}
                waiting.append(option)
    assert kinds <= {"str", "path", "bool", "int", "list", "dict"}
