"""The table of calls that go to the lab and to the real modules, and how their answers are compared."""

from __future__ import annotations

import pytest

from tests.real import calls, module_calls, odd_values
from tests.real.module_calls import Call


def test_the_table_has_calls_of_each_module_and_few_that_the_lab_refuses():
    every = [call for group in module_calls.GROUPS.values() for call in group]
    assert len(every) == 162
    assert len([call for call in every if call.refused]) == 6
    assert {call.module.removeprefix("ansible.windows.") for call in every} == {
        "win_copy",
        "win_environment",
        "win_file",
        "win_package",
        "win_reg_stat",
        "win_regedit",
        "win_stat",
    }


@pytest.mark.parametrize("line", ["[win_stat]", "[win_stat, {}, {unknown: true}]", "[win_stat, {}, {}, {}]"])
def test_a_line_of_another_form_is_refused(line):
    with pytest.raises((TypeError, ValueError)):
        module_calls.read(f"group:\n  - {line}\n")


def test_an_answer_differs_by_what_is_in_it_and_by_what_is_missing():
    call = Call("ansible.windows.win_file", {})
    assert module_calls.differing(call, {"changed": True, "rc": 0}, {"changed": False}) == [
        ("changed", True, False),
        ("rc", 0, None),
    ]
    assert module_calls.differing(call, {"changed": True}, {"changed": True}) == []


def test_times_owners_and_stacks_are_not_compared():
    call = Call("ansible.windows.win_stat", {})
    real = {"stat": {"exists": True, "creationtime": 1, "owner": None}, "exception": "at line 1"}
    lab = {"stat": {"exists": True, "creationtime": 2, "owner": "x"}, "invocation": {}}
    assert module_calls.differing(call, real, lab) == []
    assert module_calls.differing(call, {"stat": {"exists": True}}, {"stat": {"exists": False}}) != []


def test_only_where_both_fail_may_words_differ():
    call = Call("ansible.windows.win_regedit", {}, words=True)
    real = {"failed": True, "msg": "The input string 'abc' was not in a correct format."}
    lab = {"failed": True, "msg": "Input string was not in a correct format."}
    assert module_calls.differing(call, real, lab) == []
    assert module_calls.differing(call, real, {"changed": True}) != []
    assert module_calls.differing(Call("", {}), real, lab) != []


def test_a_warning_of_wine_s_own_is_left_out_and_others_count():
    call = Call("ansible.windows.win_stat", {})
    own = "... Unable to find an entry point named 'FindFirstFileNameW' in DLL ..."
    assert module_calls.differing(call, {"warnings": [own]}, {}) == []
    assert module_calls.differing(call, {"warnings": [own, "another"]}, {}) == [("warnings", ["another"], None)]


def test_what_ansible_sends_is_changed_in_two_places_alone():
    # The beginning of Add-CSharpType, and the program that is looked for; it has to fit the Ansible that is installed.
    known, once = calls._compiler()
    text = f'{{"PwshPath": "powershell"}}\n{known} and the rest'
    assert calls.for_one_process(text) == f'{{"PwshPath": null}}\n{once} and the rest'
    assert calls.for_one_process("anything else") == "anything else"


def test_odd_values_are_written_as_bytes_with_their_names_escaped():
    odd = {each.name: each for each in odd_values.values()}
    assert len(odd) == 130
    text = odd_values.as_reg_file([odd["back\\slash"], odd['"'], odd[""], odd["dword 10"], odd["none 00"]])
    assert text.splitlines()[2:] == [
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Odd]",
        r'"back\\slash"=hex(1):62,00,61,00,63,00,6b,00,5c,00,73,00,6c,00,61,00,73,00,68,00,00,00',
        r'"\""=hex(1):22,00,00,00',
        "@=hex(1):00,00",
        '"dword 10"=hex(4):0a,00,00,00',
        '"none 00"=hex(0):',
    ]
