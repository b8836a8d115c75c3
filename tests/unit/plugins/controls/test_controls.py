from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.controls.controls import ControlError, expand, plain
from tests.samples.documents import PLIST, TUNNELS, mac_control, scope_control, tunnel_control

SERVER = {"value": "Server", "type": "REG_SZ"}
CONDITION = {"where": {"tunnel": "active"}, "equals": False, "reason": "a tunnel is up"}


def test_a_control_without_each_is_one_check_as_it_stands():
    control = tunnel_control(
        where={"registry": TUNNELS, "value": "X", "type": "REG_DWORD"}, expected=1, compare="number"
    )
    del control["each"]
    (check,) = expand([control])
    assert (check.instance, check.container) == (None, None)
    assert check.where == {"registry": TUNNELS, "value": "X", "type": "REG_DWORD"}
    assert check.expected == 1


def test_each_item_becomes_a_check_with_its_fields_filled_in():
    items = [
        {"name": "IMR", "gateway": "fg.example.com", "port": 443},
        {"name": "Lab 2", "gateway": "x.org", "port": 10443},
    ]
    one, two = expand([tunnel_control(each=items, title="Connection {name}")])
    assert (one.instance, one.expected, one.title) == ("IMR", "fg.example.com:443", "Connection IMR")
    assert (two.instance, two.expected) == ("Lab 2", "x.org:10443")
    assert two.where["registry"] == TUNNELS + r"\Lab 2"
    assert two.container == {"registry": TUNNELS + r"\Lab 2"}


def test_no_item_means_no_check():
    assert expand([tunnel_control(each=[])]) == []


def test_a_text_that_is_only_a_placeholder_becomes_the_field_itself():
    items = [{"name": "IMR", "port": 443, "scope": ["LocalSubnet"]}]
    (check,) = expand([mac_control(each=items, expected="{port}", compare="number")])
    assert check.expected == 443
    (check,) = expand([mac_control(each=items, expected="{scope}", compare="addresses")])
    assert check.expected == ["LocalSubnet"]


def test_placeholders_are_filled_in_conditions_and_owners():
    governor = {"where": {"firewall_rule": "{name}", "field": "exists"}, "is": "present", "owner": "policy for {name}"}
    (check,) = expand([scope_control(applies_if=[{**CONDITION, "reason": "{name} waits"}], governed_by=[governor])])
    assert check.applies_if[0]["reason"] == "FPS-SMB-In-TCP waits"
    assert check.governed_by[0]["owner"] == "policy for FPS-SMB-In-TCP"
    assert check.governed_by[0]["where"]["firewall_rule"] == "FPS-SMB-In-TCP"


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_what_a_field_holds_is_never_searched_again(name):
    gateway = "{name}{port}{"
    (check,) = expand([tunnel_control(each=[{"name": name, "gateway": gateway, "port": 1}])])
    assert check.instance == name
    assert check.where["registry"] == TUNNELS + "\\" + name
    assert check.expected == "{name}{port}{:1"


def test_braces_that_are_no_placeholder_stay():
    where = {"registry": r"HKLM\SOFTWARE\{86A227AF-1}", "value": "{0}", "type": "REG_SZ"}
    (check,) = expand([tunnel_control(where=where)])
    assert check.where == where
    assert check.container is None


def test_the_container_is_the_innermost_part_that_is_named_after_the_item():
    where = {"registry": r"HKLM\SOFTWARE\{name}\P1", "value": "Server", "type": "REG_SZ"}
    assert expand([tunnel_control(where=where)])[0].container == {"registry": r"HKLM\SOFTWARE\IMR"}
    assert expand([mac_control()])[0].container == {"plist": PLIST, "key": ["Profiles", "IMR"]}
    deep = {"plist": PLIST, "key": ["Profiles", "{name}", "TrafficControl", "Mode"]}
    assert expand([mac_control(where=deep)])[0].container == {"plist": PLIST, "key": ["Profiles", "IMR"]}
    assert expand([mac_control(where={"plist": PLIST, "key": ["A", "{name}"]})])[0].container is None
    assert expand([scope_control()])[0].container is None


def test_ansible_s_own_text_and_number_classes_become_plain_ones():
    class Text(str):
        __slots__ = ()

    class Number(int):
        __slots__ = ()

    result = plain({Text("a"): (Text("b"), Number(1), True, None, 1.5)})
    assert result == {"a": ["b", 1, True, None, 1.5]}
    kinds = [type(next(iter(result))), *map(type, result["a"])]
    assert kinds == [str, str, int, bool, type(None), float]


@pytest.mark.parametrize(
    ("control", "named"),
    [
        ("text", "needs an id"),
        ({}, "needs an id"),
        (tunnel_control(id="Server"), "'Server'"),
        (tunnel_control(extra=1), "vpn_profile.server: extra is not known"),
        ({key: value for key, value in tunnel_control().items() if key != "why"}, "vpn_profile.server: why is missing"),
        (tunnel_control(title=7), "title is 7"),
        (tunnel_control(severity="urgent"), "severity is 'urgent'; allowed: low, medium, high"),
        (tunnel_control(compare="same"), "compare is 'same'"),
        (tunnel_control(where={"registri": "X"}), "where: none of"),
        (tunnel_control(where={"registry": TUNNELS, "value": "X"}), "no type"),
        (tunnel_control(each="IMR"), "each is 'IMR'"),
        (tunnel_control(each=[7]), "each has 7"),
        (tunnel_control(each=[""]), "no name"),
        (tunnel_control(when="yes"), "when is 'yes'; allowed: true, false"),
        (tunnel_control(each=[{"name": "IMR", "when": "no"}]), "for 'IMR': when is 'no'; allowed: true, false"),
        (tunnel_control(when=False, otherwise=7), "otherwise is 7"),
        (tunnel_control(remember="no"), "remember is 'no'"),
        (tunnel_control(remedy="{how}"), "the placeholder {how}"),
        (
            tunnel_control(remedy="{name}", expected="{name}", where={"registry": TUNNELS + r"\{name}", **SERVER}),
            "for 'IMR': remedy is 'IMR'; allowed: write, none, role",
        ),
        (tunnel_control(each=[{"gateway": "x"}]), "no name"),
        (tunnel_control(each=[{"name": 7}]), "no name"),
        (tunnel_control(instance_key="id"), "no id"),
        (tunnel_control(each=[{"name": "IMR", "port": 1}]), "for 'IMR': the placeholder {gateway} has no field"),
        (tunnel_control(each=[{"name": "IMR", "port": True, "gateway": "x"}]), "port is True"),
        (tunnel_control(each=[{"name": "IMR", "port": 1, "gateway": ["x"]}]), "gateway is ['x']"),
        (tunnel_control(each=[{"name": "A\\B", "port": 1, "gateway": "x"}]), "without backslash"),
        (tunnel_control(each=[{"name": " ", "port": 1, "gateway": "x"}]), "not empty"),
        (tunnel_control(expected=None), "must be text"),
        (tunnel_control(expected=443, compare="exact"), "in quotes"),
        (tunnel_control(applies_if=CONDITION), "applies_if is {"),
        (tunnel_control(applies_if=["always"]), "applies_if is ['always']"),
        (
            tunnel_control(applies_if=[{"where": {"tunnel": "active"}, "is": "present"}]),
            "applies_if needs reason, where",
        ),
        (tunnel_control(applies_if=[{**CONDITION, "is": "present"}]), "either is, equals, one_of or none_of"),
        (tunnel_control(applies_if=[{**CONDITION, "voids": True}]), "it has where, equals, reason, voids"),
        (tunnel_control(applies_if=[{**CONDITION, "where": {}}]), "applies_if: where: none of"),
        (
            tunnel_control(governed_by=[{"where": {"tunnel": "active"}, "is": "maybe", "owner": "x"}]),
            "is 'maybe'; allowed: present, absent",
        ),
        (
            tunnel_control(governed_by=[{"where": {"tunnel": "active"}, "equals": 0, "owner": "x", "voids": "yes"}]),
            "voids is 'yes'",
        ),
    ],
)
def test_a_mistake_is_reported_with_the_control_and_the_key(control, named):
    with pytest.raises(ControlError) as error:
        expand([control])
    assert named in str(error.value)


HEAD = {name: tunnel_control()[name] for name in ("id", "title", "why", "severity")}


def test_what_the_inventory_does_not_ask_for_needs_nothing_else_and_is_no_check():
    assert expand([{**HEAD, "when": False}, tunnel_control(id="vpn_profile.other", when=False)]) == []


def test_the_words_for_not_asking_are_kept_for_the_record():
    (check,) = expand([{**HEAD, "when": False, "otherwise": "the inventory says so"}])
    assert (check.id, check.instance, check.not_asked) == ("vpn_profile.server", None, "the inventory says so")


def test_an_item_has_its_own_when_and_its_own_words():
    items = [
        {"name": "IMR", "gateway": "a", "port": 1},
        {"name": "Lab", "when": False},
        {"name": "Old", "when": False, "otherwise": "{name} has moved"},
    ]
    asked, old = expand([tunnel_control(each=items, title="Connection {name}")])
    assert (asked.instance, asked.not_asked) == ("IMR", "")
    assert (old.instance, old.title, old.not_asked) == ("Old", "Connection Old", "Old has moved")


def test_an_item_that_is_a_text_is_known_by_it():
    (check,) = expand([tunnel_control(each=["IMR"], expected="{name}")])
    assert (check.instance, check.expected) == ("IMR", "IMR")


def test_an_item_says_whether_and_how_it_is_written():
    items = [
        {"name": name, "gateway": "a", "port": 1, "how": how, "cure": cure}
        for name, how, cure in (("IMR", "role", ""), ("Lab", "none", "ask Lab"))
    ]
    found = expand([tunnel_control(each=items, remedy="{how}", cure="{cure}")])
    assert [(check.remedy, check.cure) for check in found] == [("role", ""), ("none", "ask Lab")]


def test_a_placeholder_without_each_is_a_mistake():
    control = tunnel_control()
    del control["each"]
    with pytest.raises(ControlError, match="the control has no each"):
        expand([control])


def test_controls_that_are_no_list_are_a_mistake():
    with pytest.raises(ControlError, match="controls are a list"):
        expand({"id": "a.b"})


def test_two_items_that_windows_cannot_distinguish_are_a_mistake():
    items = [{"name": name, "gateway": "x", "port": 1} for name in ("IMR", "imr")]
    with pytest.raises(ControlError, match="'imr' occurs twice"):
        expand([tunnel_control(each=items)])


def test_the_same_control_twice_is_a_mistake():
    with pytest.raises(ControlError, match="occurs twice"):
        expand([tunnel_control(), tunnel_control()])
