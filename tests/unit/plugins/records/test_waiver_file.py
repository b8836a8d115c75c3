"""A wrong file of waivers is reported with every mistake, each with its line and column; nothing in it is executed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugins.plugin_utils.records.waiver_file import KEYS, WaiverError, parse_entries, read_entries

GOOD = "- {control: a.b, hosts: [pc1], owner: o, reason: r, expires: 2026-12-31}\n"
END = "; see docs/waivers.md"


def reported(text: str) -> list[str]:
    with pytest.raises(WaiverError) as error:
        parse_entries(text, "w.yml")
    lines = str(error.value).splitlines()
    assert all(line.endswith(END) for line in lines)
    return [line.removesuffix(END) for line in lines]


def one(**changes: str) -> str:
    """Return a file with one waiver, a key a line, in which some values are others; DROP leaves a key out."""
    keys = {"control": "a.b", "hosts": "[pc1]", "owner": "o", "reason": "r", "expires": "2026-12-31", **changes}
    lines = [f"{key}: {value}" for key, value in keys.items() if value != "DROP"]
    return "- " + "\n  ".join(lines) + "\n"


@pytest.mark.parametrize("text", ["", "[]", "# nothing\n", "---\n# nothing\n", "---\n...\n", "\ufeff"])
def test_a_file_without_waivers_is_fine(text):
    assert parse_entries(text, "w.yml") == []


def test_a_date_is_the_same_with_quotes_and_without():
    assert parse_entries(one(expires="2026-12-31"), "w") == parse_entries(one(expires="'2026-12-31'"), "w")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "- control: [a\n",
            "line 2, column 1: no YAML (while parsing a flow sequence, expected ',' or ']', but got '<stream end>'); "
            "write it as YAML",
        ),
        (
            "a: 1\n b: 2\n",
            "line 2, column 3: no YAML (mapping values are not allowed here); write it as YAML",
        ),
        (
            one(control="*.port"),
            "line 1, column 13: no YAML (while scanning an alias, expected alphabetic or numeric character, but found "
            "'.'); put a text that begins with * into quotes",
        ),
        (
            "- &a {x: *a}\n",
            "line 1, column 3: the anchor &a is not allowed; write each value out",
        ),
        (one(owner="*o"), "line 3, column 10: the alias *o is not allowed; write the value out, or put a text that "
            "begins with * into quotes"),
        (
            one(owner="!!python/object/apply:os.system [id]"),
            "line 3, column 10: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed; "
            "write plain text",
        ),
        (one(expires="!!str 2026-12-31"), "line 5, column 12: the tag 'tag:yaml.org,2002:str' is not allowed; "
            "write plain text"),
        ("[]\n---\n[]\n", "line 2, column 1: no YAML (expected a single document in the stream, but found another "
            "document); write it as YAML"),
        ('- "\\U00110000"\n', "line 1, column 6: no YAML (an escape names no character); write the character itself"),
        ("- a\n- b\x00\n", "line 2, column 4: the character '\\x00' cannot stand in YAML; take it out"),
        ("- \ud800\n", "line 1, column 3: the character '\\ud800' cannot stand in YAML; take it out"),
        ("a: b\n", "line 1, column 1: the file is a mapping; it must be a list of waivers, each beginning with -"),
        ("hello\n", "line 1, column 1: the file is the text 'hello'; it must be a list of waivers, each beginning "
            "with -"),
        ("null\n", "line 1, column 1: the file is the empty value 'null'; it must be a list of waivers, each "
            "beginning with -"),
        ("- hello\n", "line 1, column 3: an entry is the text 'hello'; it must be a waiver with control, hosts, owner, "
            "reason, expires"),
        (one(expiry="x"), "line 6, column 3: 'expiry' is no key of a waiver; did you mean expires?"),
        (one(zzz="x"), "line 6, column 3: 'zzz' is no key of a waiver; allowed: control, hosts, owner, reason, "
            "expires, instance, ticket"),
        (one() + "  owner: p\n", "line 6, column 3: owner stands here a second time, first in line 3; keep one"),
        (one(owner="DROP", reason="DROP"), "line 1, column 3: owner, reason missing; a waiver has control, hosts, "
            "owner, reason, expires, and perhaps instance and ticket"),
        (one(owner="' '"), "line 3, column 10: owner is empty; write a text, or leave out instance or ticket"),
        (one(instance=""), "line 6, column 12: instance is empty; write a text, or leave out instance or ticket"),
        (one(ticket="1234"), "line 6, column 11: ticket is the number '1234'; it must be text: put it into quotes"),
        (one(owner="yes"), "line 3, column 10: owner is the yes/no value 'yes'; it must be text: put it into quotes"),
        (one(owner="~"), "line 3, column 10: owner is the empty value '~'; it must be text: put it into quotes"),
        (one(owner="2026-12-31"), "line 3, column 10: owner is the date '2026-12-31'; it must be text: put it into "
            "quotes"),
        (one(reason="[x]"), "line 4, column 11: reason is a list; it must be text"),
        (one(reason='"a\\eb"'), "line 4, column 11: reason has the character '\\x1b'; take it out"),
        (one(reason='"\\ud800"'), "line 4, column 11: reason has the character '\\ud800'; take it out"),
        (one(reason="x" * 1001), "line 4, column 11: reason has 1001 characters; at most 1000 are allowed"),
        (one(reason="x" * 1_000_000), "line 4, column 11: reason has 1000000 characters; at most 1000 are allowed"),
        (one(hosts="pc1"), "line 2, column 10: hosts is the text 'pc1'; it must be a list of hosts and groups, such as "
            "hosts: [pc1]"),
        (one(hosts="x" * 79), f"line 2, column 10: hosts is the text '{'x' * 60}...'; it must be a list of hosts and "
            f"groups, such as hosts: [{'x' * 79}]"),
        (one(hosts="x" * 80), f"line 2, column 10: hosts is the text '{'x' * 60}...'; it must be a list of hosts and "
            "groups, such as hosts: [NAME]"),
        (one(hosts="{a: b}"), "line 2, column 10: hosts is a mapping; it must be a list of hosts and groups, such as "
            "hosts: [NAME]"),
        (one(owner="2" * 60), f"line 3, column 10: owner is the number '{'2' * 60}'; it must be text: put it into "
            "quotes"),
        (one(owner="2" * 61), f"line 3, column 10: owner is the number '{'2' * 60}...'; it must be text: put it into "
            "quotes"),
        ("- a\n# b\n- c\x00\n", "line 3, column 4: the character '\\x00' cannot stand in YAML; take it out"),
        (one(hosts="[]"), "line 2, column 10: hosts is an empty list; it must name at least one host or group"),
        (one(hosts="[0101]"), "line 2, column 11: a host is the number '0101'; it must be text: put it into quotes"),
        (one(expires="2026-02-30"), "line 5, column 12: expires is 2026-02-30, which is no day of the calendar; write "
            "the last day on which it counts as YYYY-MM-DD, such as 2026-12-31"),
        *[
            (one(expires=wrong), f"line 5, column 12: expires is {shown}; write the last day on which it counts as "
                "YYYY-MM-DD, such as 2026-12-31")
            for wrong, shown in [
                ("31/12/2026", "'31/12/2026'"),
                ("2026-12-31T00:00:00Z", "'2026-12-31T00:00:00Z'"),
                ("2026-1-5", "'2026-1-5'"),
                ("20261231", "'20261231'"),
                ("never", "'never'"),
                ("2026-１2-31", "'2026-１2-31'"),
                ('""', "''"),
                ("[2026]", "a list"),
            ]
        ],
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_place_and_what_is_allowed(text, expected):
    assert reported(text)[0] == f"w.yml, {expected}"


def test_a_text_of_a_thousand_characters_is_none_too_long_and_lines_of_it_are_one():
    (entry,) = parse_entries(one(reason="x" * 1000, owner='"Sato\n    (IT)"', ticket="'1  2'"), "w.yml")
    assert (entry["reason"], entry["owner"], entry["ticket"]) == ("x" * 1000, "Sato (IT)", "1 2")


@pytest.mark.parametrize("mistake", ["{owner: *x}", "{owner: &x y}", "{owner: !x y}"])
def test_after_a_mistake_of_this_kind_nothing_else_is_said(mistake):
    assert len(reported(f"- {mistake}\n")) == 1


@pytest.mark.parametrize("control", ["'*'", "'vpn_*'", "'vpn_profile.por?'", "'vpn_profile.[ps]ort'"])
@pytest.mark.parametrize("hosts", ["[all]", "['*']", "[pc1, 'pc*']", "['pc?']", "['pc[12]']"])
def test_wildcards_for_both_are_refused(control, hosts):
    (line,) = reported(one(control=control, hosts=hosts))
    assert "both have a wildcard; name the control, or name every host or group (not all)" in line


@pytest.mark.parametrize(("control", "hosts"), [("'vpn_*'", "[laptops]"), ("a.b", "[all]"), ("a.b", "['pc*']")])
def test_wildcards_for_one_of_them_are_fine(control, hosts):
    assert len(parse_entries(one(control=control, hosts=hosts), "w.yml")) == 1


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file():
    text = one(owner="1", expires="soon") + GOOD + one(hosts="pc1", reason="DROP", hots="[pc1]")
    places = [line.split(":")[0] for line in reported(text)]
    assert places == [
        "w.yml, line 3, column 10",
        "w.yml, line 5, column 12",
        "w.yml, line 7, column 3",
        "w.yml, line 8, column 10",
        "w.yml, line 11, column 3",
    ]


def test_of_many_mistakes_twenty_are_reported_and_the_rest_counted():
    with pytest.raises(WaiverError) as error:
        parse_entries("- x\n" * 25, "w.yml")
    lines = str(error.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "w.yml: 5 more mistakes; see docs/waivers.md"
    assert len(reported("- x\n" * 20)) == 20


def test_a_bomb_of_aliases_is_refused_before_it_opens():
    bomb = "- &a [x]\n" + "".join(f"- &b{n} [{', '.join(['*a'] * 9)}]\n" for n in range(50))
    assert reported(bomb)[0] == "w.yml, line 1, column 3: the anchor &a is not allowed; write each value out"


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000])
def test_deep_nesting_is_refused_and_no_crash(text):
    (line,) = reported(text)
    assert line.endswith(": lists and mappings are nested too deep; a waiver has texts and one list")


def test_a_file_that_is_not_utf8_is_refused_with_its_place(tmp_path):
    path = tmp_path / "w.yml"
    path.write_bytes("# ok\n# ok\n- {owner: 鈴木}".encode("shift_jis"))
    with pytest.raises(WaiverError) as error:
        read_entries(path)
    assert str(error.value) == (
        f"{path}, line 3, column 11: byte 0x97 is not UTF-8; save the file as UTF-8; see docs/waivers.md"
    )
    path.write_text("- x\n")
    with pytest.raises(WaiverError, match=f"^{path}, line 1, column 3: an entry is the text 'x'"):
        read_entries(path)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_what_windows_calls_unicode_is_read_and_its_mistakes_have_their_place(tmp_path, codec):
    path = tmp_path / "w.yml"
    path.write_bytes(f"\ufeff{GOOD}".encode(codec))
    assert [entry["control"] for entry in read_entries(path)] == ["a.b"]
    path.write_bytes("\ufeff# 鈴木\n- {控: x}".encode(codec) + b"\n")
    with pytest.raises(WaiverError, match=r"w\.yml, line 2, column 9: byte 0x0a is not UTF-16; save the file as UTF-8"):
        read_entries(path)


def test_a_mistake_in_the_first_line_has_its_column_also_after_a_byte_order_mark(tmp_path):
    path = tmp_path / "w.yml"
    path.write_bytes(b"\xef\xbb\xbf- &a [x]")
    with pytest.raises(WaiverError, match=r"line 1, column 3: the anchor &a is not allowed"):
        read_entries(path)


def test_a_byte_order_mark_and_line_ends_of_windows_are_fine(tmp_path):
    path = tmp_path / "w.yml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert [entry["control"] for entry in read_entries(path)] == ["a.b"]


def test_a_file_that_is_not_there_or_no_file_is_an_error(tmp_path):
    with pytest.raises(WaiverError, match=r"cannot be read .No such file or directory.; see docs/waivers.md"):
        read_entries(tmp_path / "none.yml")
    with pytest.raises(WaiverError, match=r"cannot be read .Is a directory."):
        read_entries(tmp_path)
    with pytest.raises(WaiverError, match=r"cannot be read .embedded null byte."):
        read_entries("a\0b")


YAMLISH = st.text(
    alphabet=st.one_of(st.sampled_from("-:{}[],&*!|>'\"%@`#?~<=\\ \n\t.0a%xuU1eé\ufeff\x85\u2028"), st.characters()),
    max_size=80,
)


@settings(max_examples=1500, deadline=None)
@example('- "\\UFFFFFFFF"')
@example("%YAML 9.9\n---\n")
@example("- !<\n")
@example("- ? [a]: b\n")
@example("- {<<: [x]}\n")
@example("- {? {a: b} : c}\n")
@given(YAMLISH)
def test_no_text_ends_with_anything_but_entries_or_a_waiver_error(text):
    try:
        assert isinstance(parse_entries(text, "w.yml"), list)
    except WaiverError as error:
        assert 0 < len(str(error).splitlines()) <= 21


VALUES = st.one_of(
    st.sampled_from(["a.b", "[pc1]", "'*'", "all", "[all]", "2026-12-31", "", "~", "1", "!!set {}", "{a: b}", "|\n x"]),
    YAMLISH,
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*KEYS, "host", "<<"]), VALUES), max_size=8))
def test_no_entry_ends_with_anything_but_a_whole_waiver_or_a_waiver_error(pairs):
    text = "- " + "\n  ".join(f"{key}: {value}" for key, value in pairs)
    try:
        entries = parse_entries(text, "w.yml")
    except WaiverError:
        return
    for entry in entries:
        assert {"control", "hosts", "owner", "reason", "expires", "line"} <= set(entry)
        assert all(isinstance(host, str) and host for host in entry["hosts"])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_end_with_anything_but_entries_or_a_waiver_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("waivers") / "w.yml"
    path.write_bytes(raw)
    with contextlib.suppress(WaiverError):
        read_entries(path)
