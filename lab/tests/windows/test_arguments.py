"""Arguments are checked as Ansible.Basic and Ansible.ModuleUtils.Legacy check them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible import constants

from lab.windows.calls import documentation
from lab.windows.calls.arguments import Checked, SkippedInCheckMode, check
from lab.windows.calls.documentation import Documentation, documentation_of, resolve
from lab.windows.calls.dotnet import Conversions
from lab.windows.calls.models import ModuleFailure, Rules

OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True, "aliases": ["title"]},
    "count": {"type": "int", "default": 3},
    "flag": {"type": "bool"},
    "ratio": {"type": "float"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "tags": {"type": "list", "elements": "str"},
    "numbers": {"type": "list", "elements": "int"},
    "colours": {"type": "list", "choices": ["red", "blue"]},
    "extra": {"type": "dict", "suboptions": {"size": {"type": "int", "required": True}, "kind": {"default": "small"}}},
    "parts": {"type": "list", "elements": "dict", "suboptions": {"id": {"type": "int", "aliases": ["nr"]}}},
    "where": {"type": "path"},
    "who": {"type": "sid"},
    "anything": {"type": "raw"},
    "body": {"type": "json"},
    "free": {"type": "dict"},
    "password": {"type": "str"},
}
CONVERSIONS = Conversions(
    expand=lambda text: text.replace("%TEMP%", r"C:\Temp"),
    sid_of={"taro": "S-1-5-21-1-2-3-1001"}.get,
)


def basic(
    given: dict[str, Any], rules: Rules | None = None, *, check_mode: bool = False, supports: bool = True
) -> Checked:
    documentation = Documentation(options=OPTIONS, legacy=False, supports_check_mode=supports)
    return check(
        given, documentation, rules or Rules(), module_name="a.b.c", conversions=CONVERSIONS, check_mode=check_mode
    )


def legacy(given: dict[str, Any]) -> dict[str, Any]:
    documentation = Documentation(options=OPTIONS, legacy=True, supports_check_mode=True)
    return check(given, documentation, Rules(), module_name="a.b.c", conversions=CONVERSIONS).args


def refusal(given: dict[str, Any], rules: Rules | None = None) -> str:
    with pytest.raises(ModuleFailure) as caught:
        basic(given, rules)
    return caught.value.msg


def test_missing_options_get_their_default_or_none() -> None:
    args = basic({"name": "x"}).args
    assert (args["count"], args["state"], args["flag"], args["tags"]) == (3, "present", None, None)


def test_a_default_list_is_not_shared_between_calls() -> None:
    documentation = Documentation({"a": {"type": "list", "default": []}}, legacy=False, supports_check_mode=True)
    first = check({}, documentation, Rules(), module_name="m", conversions=CONVERSIONS).args["a"]
    first.append(1)
    assert check({}, documentation, Rules(), module_name="m", conversions=CONVERSIONS).args["a"] == []


def test_an_alias_sets_the_option_and_stays_visible() -> None:
    args = basic({"title": "x"}).args
    assert (args["name"], args["title"]) == ("x", "x")


def test_the_case_of_an_option_name_does_not_matter() -> None:
    assert basic({"NAME": "x", "Count": "7"}).args["count"] == 7


def test_a_missing_required_option_is_named() -> None:
    assert refusal({}) == "missing required arguments: name"


def test_unknown_options_are_listed_with_the_supported_ones() -> None:
    assert refusal({"name": "x", "zebra": 1, "ape": 1}) == (
        "Unsupported parameters for (a.b.c) module: ape, zebra. Supported parameters include: anything, body, colours, "
        "count, extra, flag, free, name, numbers, parts, password, ratio, state, tags, title, where, who"
    )


def test_unknown_suboptions_say_where_they_are() -> None:
    assert refusal({"name": "x", "extra": {"size": 1, "colour": 2}}) == (
        "Unsupported parameters for (a.b.c) module: colour found in extra. Supported parameters include: kind, size"
    )


def test_a_missing_suboption_says_where_it_is() -> None:
    assert refusal({"name": "x", "extra": {}}) == "missing required arguments: size found in extra"


def test_choices_ignore_case_and_keep_the_value_as_given() -> None:
    assert basic({"name": "x", "state": "Absent"}).args["state"] == "Absent"


def test_a_wrong_choice_lists_the_right_ones() -> None:
    assert refusal({"name": "x", "state": "gone"}) == (
        "value of state must be one of: present, absent. Got no match for: gone"
    )


def test_wrong_choices_of_a_list_are_all_named() -> None:
    assert refusal({"name": "x", "colours": "red,green,pink"}) == (
        "value of colours must be one or more of: red, blue. Got no match for: green, pink"
    )


@pytest.mark.parametrize(
    ("option", "given", "expected"),
    [
        ("count", " 12 ", 12),
        ("count", "-3", -3),
        ("flag", "Yes", True),
        ("flag", 0, False),
        ("flag", "1.0", True),
        ("ratio", "1.5", 1.5),
        ("ratio", 2.5, 2.5),
        ("tags", "a, b ,c", ["a", "b", "c"]),
        ("tags", [1, True], ["1", "True"]),
        ("numbers", "1,2", [1, 2]),
        ("numbers", 5, [5]),
        ("name", 5, "5"),
        ("name", True, "True"),
        ("where", r"%TEMP%\a", r"C:\Temp\a"),
        ("where", r"\\?\C:\%TEMP%", r"\\?\C:\%TEMP%"),
        ("who", "taro", "S-1-5-21-1-2-3-1001"),
        ("who", "s-1-5-18", "S-1-5-18"),
        ("anything", {"a": [1]}, {"a": [1]}),
        ("body", {"a": 1}, '{"a":1}'),
        ("free", '{"a": 1}', {"a": 1}),
        ("free", "a=1, b='x y'", {"a": "1", "b": "x y"}),
        ("extra", "size=4", {"size": 4, "kind": "small"}),
        ("parts", [{"nr": "1"}, {"id": 2}], [{"nr": "1", "id": 1}, {"id": 2}]),
    ],
)
def test_values_are_converted(option: str, given: Any, expected: Any) -> None:
    assert basic({"name": "x", option: given}).args[option] == expected


BOOLEANS = "Valid booleans include: y, yes, on, 1, true, t, 1.0, n, no, off, 0, false, f, 0.0"


@pytest.mark.parametrize(
    ("option", "given", "kind", "wanted", "reason"),
    [
        ("count", "3x", "System.String", "int", "Input string was not in a correct format."),
        ("count", 2**31, "System.Int64", "int", "Value was either too large or too small for an Int32."),
        ("count", True, "System.Boolean", "int", "Input string was not in a correct format."),
        ("flag", "maybe", "System.String", "bool", f"The value 'maybe' is not a valid boolean. {BOOLEANS}"),
        (
            "tags",
            {"a": 1},
            "System.Collections.Hashtable",
            "list",
            "System.Collections.Hashtable cannot be converted to a list",
        ),
        ("free", [1], "System.Object[]", "dict", "System.Object[] cannot be converted to a dict"),
        (
            "where",
            "C:\\a|b",
            "System.String",
            "path",
            "string value contains invalid path characters, cannot convert to path",
        ),
        ("where", "C:\\a:b", "System.String", "path", "The given path's format is not supported."),
        ("who", "hanako", "System.String", "sid", "Some or all identity references could not be translated."),
    ],
)
def test_what_cannot_be_converted_is_refused_with_dotnets_reason(
    option: str, given: Any, kind: str, wanted: str, reason: str
) -> None:
    assert refusal({"name": "x", option: given}) == (
        f"argument for {option} is of type {kind} and we were unable to convert to {wanted}: {reason}"
    )


def test_a_wrong_list_entry_gets_the_outer_exception() -> None:
    assert refusal({"name": "x", "numbers": ["a"]}) == (
        "argument for list entry numbers is of type System.String and we were unable to convert to int: "
        "Exception has been thrown by the target of an invocation."
    )


@pytest.mark.parametrize(
    ("rules", "given", "expected"),
    [
        (
            Rules(mutually_exclusive=(("count", "ratio"),)),
            {"count": 1, "ratio": 1.0},
            "parameters are mutually exclusive: count, ratio",
        ),
        (
            Rules(required_together=(("flag", "ratio"),)),
            {"flag": True},
            "parameters are required together: flag, ratio",
        ),
        (Rules(required_one_of=(("flag", "ratio"),)), {}, "one of the following is required: flag, ratio"),
        (
            Rules(required_if=(("state", "present", ("flag", "ratio")),)),
            {"flag": True},
            "state is present but all of the following are missing: ratio",
        ),
        (
            Rules(required_if=(("state", "present", ("flag", "ratio"), True),)),
            {},
            "state is present but any of the following are missing: flag, ratio",
        ),
        (Rules(required_by={"flag": ("ratio",)}), {"flag": True}, "missing parameter(s) required by 'flag': ratio"),
    ],
)
def test_rules_between_options(rules: Rules, given: dict[str, Any], expected: str) -> None:
    assert refusal({"name": "x", **given}, rules) == expected


def test_any_of_is_satisfied_by_one() -> None:
    rules = Rules(required_if=(("state", "present", ("flag", "ratio"), True),))
    assert basic({"name": "x", "flag": "no"}, rules).args["flag"] is False


def test_rules_of_suboptions_are_applied() -> None:
    rules = Rules(suboptions={"extra": Rules(mutually_exclusive=(("size", "kind"),))})
    expected = "parameters are mutually exclusive: size, kind found in extra"
    assert refusal({"name": "x", "extra": {"size": 1, "kind": "big"}}, rules) == expected


def test_secrets_are_masked_everywhere_in_the_invocation() -> None:
    rules = Rules(no_log=frozenset({"password"}))
    checked = basic({"name": "say hunter2 twice", "password": "hunter2"}, rules)
    shown = checked.masked()
    assert (shown["password"], shown["name"]) == ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "say ******** twice")
    assert checked.args["password"] == "hunter2"


def test_a_refusal_does_not_show_secrets() -> None:
    rules = Rules(no_log=frozenset({"password"}))
    with pytest.raises(ModuleFailure) as caught:
        basic({"name": "x", "password": "hunter2", "state": "hunter2"}, rules)
    assert "hunter2" not in caught.value.msg
    assert caught.value.extra["invocation"]["module_args"]["password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_a_module_without_check_mode_is_skipped_in_it() -> None:
    with pytest.raises(SkippedInCheckMode, match=r"remote module \(a\.b\.c\) does not support check mode"):
        basic({"name": "x"}, check_mode=True, supports=False)


def test_an_unknown_option_is_refused_before_check_mode_is_looked_at() -> None:
    with pytest.raises(ModuleFailure, match="Unsupported parameters"):
        basic({"name": "x", "zebra": 1}, check_mode=True, supports=False)


def test_extra_options_pass_when_the_module_takes_them() -> None:
    assert basic({"name": "x", "filter": ["a"]}, Rules(extra_options=True)).args["filter"] == ["a"]


def test_legacy_modules_ignore_unknown_options() -> None:
    assert legacy({"name": "x", "zebra": 1})["zebra"] == 1


def test_legacy_modules_name_a_missing_option_their_way() -> None:
    with pytest.raises(ModuleFailure) as caught:
        legacy({})
    assert caught.value.msg == "Get-AnsibleParam: Missing required argument: name"


def test_legacy_modules_name_a_wrong_choice_their_way() -> None:
    with pytest.raises(ModuleFailure) as caught:
        legacy({"name": "x", "state": "gone"})
    assert caught.value.msg == "Get-AnsibleParam: Argument state needs to be one of present,absent but was gone."


def test_legacy_modules_take_anything_for_a_boolean_and_what_is_not_true_is_false() -> None:
    assert legacy({"name": "x", "flag": "maybe"})["flag"] is False
    assert legacy({"name": "x", "flag": "On"})["flag"] is True


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("win_regedit", "ansible.windows.win_regedit"),
        ("ansible.legacy.win_regedit", "ansible.windows.win_regedit"),
        ("ansible.windows.win_regedit", "ansible.windows.win_regedit"),
        ("setup", "ansible.windows.setup"),
        ("ansible.legacy.setup", "ansible.windows.setup"),
        ("slurp", "ansible.windows.slurp"),
        ("win_firewall_rule", "community.windows.win_firewall_rule"),
        ("win_endpoint_state", "win_endpoint_state"),
    ],
)
def test_names_resolve_as_ansible_resolves_them(asked: str, runs: str) -> None:
    assert resolve(asked) == runs


def test_documentation_comes_from_the_installed_collection() -> None:
    regedit = documentation_of("ansible.windows.win_regedit")
    assert regedit is not None
    assert not regedit.legacy
    assert regedit.supports_check_mode
    assert regedit.options["path"]["aliases"] == ["key"]
    facts = documentation_of("ansible.windows.setup")
    assert facts is not None
    assert facts.options["gather_subset"]["default"] == "all"
    stat = documentation_of("ansible.windows.win_reg_stat")
    assert stat is not None
    assert stat.legacy
    assert documentation_of("ansible.windows.no_such_module") is None


def test_options_of_documentation_fragments_count() -> None:
    package = documentation_of("ansible.windows.win_package")
    assert package is not None
    assert package.options["follow_redirects"]["choices"] == ["all", "none", "safe"]
    assert "path" in package.options


def test_a_collection_is_found_where_ansibles_own_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "ansible_collections/acme/store/plugins/modules"
    modules.mkdir(parents=True)
    (modules / "win_shelf.yml").write_text("DOCUMENTATION:\n  options:\n    height: {type: int}\n")
    monkeypatch.setattr(constants, "COLLECTIONS_PATHS", [str(tmp_path)])
    documentation._collection_roots.cache_clear()
    documentation._plugins_of.cache_clear()
    try:
        shelf = documentation_of("acme.store.win_shelf")
        regedit = documentation_of("ansible.windows.win_regedit")  # on the Python path
    finally:
        documentation._collection_roots.cache_clear()
        documentation._plugins_of.cache_clear()
    assert shelf is not None
    assert shelf.options == {"height": {"type": "int"}}
    assert regedit is not None
