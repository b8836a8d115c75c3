"""win_regedit and win_reg_stat on the simulated registry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import PROFILE_LIST, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.machine.registry import Value

TARO = "S-1-5-21-1000000001-1000000002-1000000003-1001"
ADMIN = "S-1-5-21-1000000001-1000000002-1000000003-500"
KEY = r"HKLM:\SOFTWARE\Fortinet"
STORED = r"HKLM\SOFTWARE\Fortinet"


@pytest.fixture
def machine() -> Machine:
    machine = Machine("pc1")
    for sid, name in ((ADMIN, "ansible"), (TARO, "taro")):
        machine.accounts.users[sid] = User(sid, name)
    machine.groups[ADMINISTRATORS].members.add(ADMIN)
    machine.registry.create(PROFILE_LIST)
    machine.create_profile(TARO)
    machine.create_profile(ADMIN)
    machine.registry.create(STORED)
    return machine


def run(
    machine: Machine,
    called: str = "win_regedit",
    *,
    check: bool = False,
    user: str = "ansible",
    become: str | None = None,
    **args: Any,
) -> dict[str, Any]:
    internal = {"_ansible_check_mode": check, "_ansible_diff": True}
    outcome = execute(machine, Call("module", called, args, internal, become_user=become, user=user))
    result: dict[str, Any] = json.loads(outcome.stdout)
    assert outcome.rc == (1 if result.get("failed") else 0)
    assert "lab error" not in result.get("msg", "")
    return result


def data(machine: Machine, name: str = "v", key: str = STORED) -> Any:
    value = machine.registry.get(key, name)
    return None if value is None else value.data


# conversion


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("dword", 1, Value("REG_DWORD", 1)),
        ("dword", "0x1f", Value("REG_DWORD", 31)),
        ("dword", "42", Value("REG_DWORD", 42)),
        ("dword", -1, Value("REG_DWORD", 0xFFFFFFFF)),
        ("dword", 0xFFFFFFFE, Value("REG_DWORD", 0xFFFFFFFE)),
        ("dword", None, Value("REG_DWORD", 0)),
        ("dword", True, Value("REG_DWORD", 1)),
        ("dword", 2.0, Value("REG_DWORD", 2)),
        ("qword", 2**40, Value("REG_QWORD", 2**40)),
        ("qword", -2, Value("REG_QWORD", 2**64 - 2)),
        ("qword", "0xffffffffffffffff", Value("REG_QWORD", 2**64 - 1)),
        ("binary", "hex:be,ef,0A", Value("REG_BINARY", b"\xbe\xef\x0a")),
        ("binary", "be,ef", Value("REG_BINARY", b"\xbe\xef")),
        ("binary", "beef", Value("REG_BINARY", b"\xbe\xef")),
        ("binary", "be:ef", Value("REG_BINARY", b"\xbe\xef")),
        ("binary", "f", Value("REG_BINARY", b"\x0f")),
        ("binary", "abc", Value("REG_BINARY", b"")),
        ("binary", [190, "0xef", "7"], Value("REG_BINARY", b"\xbe\xef\x07")),
        ("binary", 7, Value("REG_BINARY", b"\x07")),
        ("binary", None, Value("REG_BINARY", b"")),
        ("none", "hex:01", Value("REG_NONE", b"\x01")),
        ("string", 5, Value("REG_SZ", "5")),
        ("string", True, Value("REG_SZ", "True")),
        ("string", None, Value("REG_SZ", "")),
        ("expandstring", r"%TEMP%\x", Value("REG_EXPAND_SZ", r"%TEMP%\x")),
        ("multistring", ["a", 1], Value("REG_MULTI_SZ", ["a", "1"])),
        ("multistring", "a,b", Value("REG_MULTI_SZ", ["a,b"])),
        ("multistring", None, Value("REG_MULTI_SZ", [])),
        ("DWord", 3, Value("REG_DWORD", 3)),
    ],
)
def test_data_is_converted_and_a_second_run_changes_nothing(
    machine: Machine, kind: str, given: Any, expected: Value
) -> None:
    args = {"path": KEY, "name": "v", "type": kind} | ({} if given is None else {"data": given})
    assert run(machine, **args)["changed"] is True
    assert machine.registry.get(STORED, "v") == expected
    again = run(machine, **args)
    assert (again["changed"], again["data_changed"], again["data_type_changed"]) == (False, False, False)
    assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("dword", 2**32, "data cannot be larger than 0xffffffff when type is dword"),
        ("qword", 2**64, "data cannot be larger than 0xffffffffffffffff when type is qword"),
        (
            "dword",
            1.5,
            "data '1.5' cannot be a decimal or float value with a remainder when type is dword or qword",
        ),
        (
            "binary",
            256,
            "cannot convert binary data '256' to byte array, please specify this value as a yaml byte array or a comma "
            "separated hex value string",
        ),
        (
            "dword",
            "abc",
            'Unhandled exception while executing module: Cannot convert value "abc" to type "System.UInt64". Error: '
            '"Input string was not in a correct format."',
        ),
        (
            "dword",
            "-1",
            'Unhandled exception while executing module: Cannot convert value "-1" to type "System.UInt64". Error: '
            '"Value was either too large or too small for a UInt64."',
        ),
        ("string", ["a"], "The lab does not model win_regedit data of type list for a value of type string."),
        (
            "colour",
            1,
            "value of type must be one of: none, binary, dword, expandstring, multistring, string, qword. "
            "Got no match for: colour",
        ),
    ],
)
def test_data_that_does_not_fit_is_refused_and_nothing_is_written(
    machine: Machine, kind: str, given: Any, message: str
) -> None:
    before = machine.fingerprint()
    result = run(machine, path=KEY, name="v", type=kind, data=given)
    assert (result["failed"], result["msg"]) == (True, message)
    assert machine.fingerprint() == before


# comparison


def test_strings_differ_by_case_and_multistrings_do_not(machine: Machine) -> None:
    run(machine, path=KEY, name="v", data="VPN")
    assert run(machine, path=KEY, name="v", data="vpn")["data_changed"] is True
    run(machine, path=KEY, name="m", type="multistring", data=["A"])
    assert run(machine, path=KEY, name="m", type="multistring", data=["a"])["changed"] is False
    assert data(machine, "m") == ["A"]
    assert run(machine, path=KEY, name="m", type="multistring", data=["a", "b"])["changed"] is True


def test_the_same_data_in_another_type_is_a_type_change_only(machine: Machine) -> None:
    run(machine, path=KEY, name="v", type="string", data="5")
    result = run(machine, path=KEY, name="v", type="dword", data=5)
    assert (result["changed"], result["data_type_changed"], result["data_changed"]) == (True, True, False)
    assert machine.registry.get(STORED, "v") == Value("REG_DWORD", 5)


# present


def test_a_new_value_has_no_data_changed(machine: Machine) -> None:
    result = run(machine, path=KEY, name="v", data="x")
    assert (result["changed"], result["data_changed"], result["data_type_changed"]) == (True, False, False)


def test_the_diff_shows_a_new_text_as_the_task_gave_it(machine: Machine) -> None:
    assert run(machine, path=KEY, name="v", data=5)["diff"]["after"] == {KEY: {"v": {"type": "String", "value": 5}}}
    result = run(machine, path=KEY, name="v", data=True)
    assert result["diff"] == {
        "before": {KEY: {"v": {"type": "String", "value": "5"}}},
        "after": {KEY: {"v": {"type": "String", "value": True}}},
    }


def test_the_diff_shows_type_and_value_before_and_after(machine: Machine) -> None:
    run(machine, path=KEY, name="v", type="dword", data=0)
    result = run(machine, path=KEY, name="v", type="binary", data="hex:be,ef")
    assert result["diff"] == {
        "before": {KEY: {"v": {"type": "DWord", "value": "0x00000000"}}},
        "after": {KEY: {"v": {"type": "Binary", "value": ["0xbe", "0xef"]}}},
    }


def test_check_mode_writes_nothing_and_predicts_the_change(machine: Machine) -> None:
    run(machine, path=KEY, name="v", type="qword", data=1)
    before = machine.fingerprint()
    result = run(machine, path=KEY, name="v", type="qword", data=2, check=True)
    assert (result["changed"], result["data_changed"]) == (True, True)
    assert result["diff"]["after"] == {KEY: {"v": {"type": "QWord", "value": "0x0000000000000002"}}}
    assert run(machine, path=KEY, name="w", data="new", check=True)["changed"] is True
    assert run(machine, path=KEY, state="absent", check=True)["changed"] is True
    assert run(machine, path=KEY, name="v", state="absent", check=True)["changed"] is True
    assert machine.fingerprint() == before


def test_check_mode_shows_only_the_key_when_the_key_is_missing(machine: Machine) -> None:
    result = run(machine, path=KEY + r"\New", name="v", data="x", check=True)
    assert result["diff"] == {"before": {}, "after": {KEY + r"\New": {}}}
    assert result["changed"] is True
    assert machine.registry.exists(STORED + r"\New") is False


def test_a_missing_key_is_made_with_its_parents_and_value(machine: Machine) -> None:
    path = KEY + r"\A\B"
    result = run(machine, path=path, name="v", data="x")
    assert result["diff"] == {"before": {}, "after": {path: {"v": {"type": "String", "value": "x"}}}}
    assert data(machine, "v", STORED + r"\A\B") == "x"


def test_without_name_and_data_only_the_key_is_made(machine: Machine) -> None:
    run(machine, path=KEY + r"\New")
    assert machine.registry.values(STORED + r"\New") == {}
    assert run(machine, path=KEY + r"\New")["changed"] is False


def test_without_name_the_default_value_is_a_string_with_a_warning_for_another_type(machine: Machine) -> None:
    result = run(machine, path=KEY, type="dword", data=7)
    assert machine.registry.get(STORED, "") == Value("REG_SZ", "7")
    assert result["warnings"] == [
        "the data type when name is not specified can only be 'string', the type has automatically been converted"
    ]


def test_an_empty_name_means_the_default_value_too(machine: Machine) -> None:
    run(machine, path=KEY, name="", data="main")
    assert machine.registry.get(STORED, "") == Value("REG_SZ", "main")


def test_aliases_of_options_work(machine: Machine) -> None:
    run(machine, key=KEY, entry="v", data=9, datatype="dword")
    assert data(machine) == 9


@pytest.mark.parametrize("path", [r"HKLM\SOFTWARE\X", r"HKEY_LOCAL_MACHINE\SOFTWARE\X", "HKLM:/SOFTWARE/X", r"HKXX:\a"])
def test_other_path_forms_are_refused(machine: Machine, path: str) -> None:
    result = run(machine, path=path, name="v", data="x")
    assert result["msg"] == f"path: {path} is not a valid powershell path, see module documentation for examples."
    assert (result["changed"], result["data_changed"]) == (False, False)


def test_no_key_can_be_made_directly_under_hklm(machine: Machine) -> None:
    result = run(machine, path=r"HKLM:\NOPE\X")
    assert result["msg"] == (
        r"failed to create registry key at HKLM:\NOPE\X: "
        'Exception calling "CreateSubKey" with "1" argument(s): "The parameter is incorrect.\r\n"'
    )
    assert result["changed"] is False


# absent


def test_absent_deletes_one_value_and_shows_it(machine: Machine) -> None:
    run(machine, path=KEY, name="v", type="dword", data=1)
    run(machine, path=KEY, name="w", data="stays")
    result = run(machine, path=KEY, name="v", state="absent")
    assert result["diff"] == {"before": {KEY: {"v": {"type": "DWord", "value": "0x00000001"}}}, "after": {KEY: {}}}
    assert machine.registry.values(STORED) == {"w": Value("REG_SZ", "stays")}
    assert run(machine, path=KEY, name="v", state="absent")["changed"] is False


def test_absent_without_name_deletes_the_whole_tree(machine: Machine) -> None:
    run(machine, path=KEY + r"\A\B", name="v", data="x")
    result = run(machine, path=KEY, state="absent")
    assert result["diff"] == {"before": {KEY: {}}, "after": {}}
    assert machine.registry.exists(STORED) is False
    again = run(machine, path=KEY, state="absent")
    assert (again["changed"], again["diff"]) == (False, {"before": "", "after": ""})


def test_absent_without_delete_key_deletes_the_default_value_only(machine: Machine) -> None:
    run(machine, path=KEY, data="main")
    assert run(machine, path=KEY, state="absent", delete_key=False)["changed"] is True
    assert machine.registry.exists(STORED)
    assert machine.registry.get(STORED, "") is None


def test_the_diff_of_a_deleted_expandstring_shows_it_expanded(machine: Machine) -> None:
    run(machine, path=KEY, name="v", type="expandstring", data=r"%PUBLIC%\x")
    result = run(machine, path=KEY, name="v", state="absent")
    assert result["diff"]["before"][KEY]["v"] == {"type": "ExpandString", "value": r"C:\Users\Public\x"}


def test_a_loaded_hive_as_a_whole_cannot_be_deleted(machine: Machine) -> None:
    result = run(machine, path=r"HKLM:\SOFTWARE", state="absent")
    assert r"Access to the registry key 'HKEY_LOCAL_MACHINE\SOFTWARE' is denied." in result["msg"]


# accounts


def test_hkcu_is_the_hive_of_the_account_that_logged_on(machine: Machine) -> None:
    run(machine, path=r"HKCU:\Software\X", name="v", data="mine")
    machine.load_profile(ADMIN)
    assert data(machine, "v", rf"HKU\{ADMIN}\Software\X") == "mine"


def test_hkcu_follows_become(machine: Machine) -> None:
    run(machine, path=r"HKCU:\Software\X", name="v", data="his", become="taro")
    assert machine.hive_loaded(TARO) is False
    machine.load_profile(TARO)
    assert data(machine, "v", rf"HKU\{TARO}\Software\X") == "his"
    run(machine, path=r"HKCU:\Software\X", name="v", data="system's", become="SYSTEM")
    assert data(machine, "v", r"HKU\.DEFAULT\Software\X") == "system's"


def test_a_standard_user_writes_in_the_own_hive_only(machine: Machine) -> None:
    assert run(machine, path=r"HKCU:\Software\X", name="v", data="x", become="taro")["changed"] is True
    assert run(machine, path=KEY, name="v", data="x", become="taro")["msg"] == (
        'Unhandled exception while executing module: Exception calling "OpenSubKey" with "2" argument(s): "Requested '
        'registry access is not allowed."'
    )
    assert data(machine) is None
    made = run(machine, path=KEY + r"\New", become="taro")
    assert r"Access to the registry key 'HKEY_LOCAL_MACHINE\SOFTWARE\Fortinet\New' is denied." in made["msg"]


# hive files

HIVE = r"C:\Users\taro\NTUSER.DAT"


def test_a_hive_file_is_loaded_changed_and_unloaded(machine: Machine) -> None:
    result = run(machine, path=r"HKLM:\ANSIBLE\Software\X", name="v", data="x", hive=HIVE)
    assert result["changed"] is True
    assert machine.registry.exists(r"HKLM\ANSIBLE") is False
    machine.load_profile(TARO)
    assert data(machine, "v", rf"HKU\{TARO}\Software\X") == "x"


def test_environment_variables_in_the_path_of_a_hive_are_expanded(machine: Machine) -> None:
    hive = r"%SystemDrive%\Users\taro\NTUSER.DAT"
    assert run(machine, path=r"HKLM:\ANSIBLE\Software\X", hive=hive)["changed"] is True


def test_the_hive_of_a_logged_on_user_is_in_use(machine: Machine) -> None:
    machine.log_on(TARO)
    before = machine.fingerprint()
    result = run(machine, path=r"HKLM:\ANSIBLE\Software\X", name="v", data="x", hive=HIVE)
    assert result["msg"] == (
        rf"failed to load registry hive from '{HIVE}' to HKLM:\ANSIBLE: Failed to load registry hive at {HIVE} "
        "(The process cannot access the file because it is being used by another process, Win32ErrorCode 32)"
    )
    assert machine.fingerprint() == before


def test_a_missing_hive_file_is_named(machine: Machine) -> None:
    result = run(machine, path=r"HKLM:\ANSIBLE\X", hive=r"C:\Users\nobody\NTUSER.DAT")
    assert result["msg"] == (r"hive at path 'C:\Users\nobody\NTUSER.DAT' is not valid or accessible, cannot load hive")


def test_a_left_over_hive_is_unloaded_with_a_warning(machine: Machine) -> None:
    machine.registry.load(r"HKLM\ANSIBLE", r"C:\Users\ansible\AppData\Local\Microsoft\Windows\UsrClass.dat")
    result = run(machine, path=r"HKLM:\ANSIBLE\Software\X", hive=HIVE)
    assert result["warnings"] == [
        r"hive already loaded at HKLM:\ANSIBLE, had to unload hive for win_regedit to continue"
    ]
    assert result["changed"] is True


def test_check_mode_on_a_hive_file_changes_nothing(machine: Machine) -> None:
    before = machine.fingerprint()
    assert run(machine, path=r"HKLM:\ANSIBLE\Software\X", name="v", data="x", hive=HIVE, check=True)["changed"] is True
    assert machine.fingerprint() == before


# win_reg_stat


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value("REG_SZ", "a"), {"type": "REG_SZ", "value": "a", "raw_value": "a"}),
        (
            Value("REG_EXPAND_SZ", r"%PUBLIC%\x"),
            {"type": "REG_EXPAND_SZ", "value": r"C:\Users\Public\x", "raw_value": r"%PUBLIC%\x"},
        ),
        (Value("REG_MULTI_SZ", ["a", "b"]), {"type": "REG_MULTI_SZ", "value": ["a", "b"], "raw_value": ["a", "b"]}),
        (Value("REG_DWORD", 2**32 - 1), {"type": "REG_DWORD", "value": 4294967295, "raw_value": 4294967295}),
        (Value("REG_QWORD", 5), {"type": "REG_QWORD", "value": 5, "raw_value": 5}),
        (Value("REG_BINARY", b"\xbe\x01"), {"type": "REG_BINARY", "value": [190, 1], "raw_value": ["0xbe", "0x01"]}),
        (Value("REG_NONE", b"\x01"), {"type": "REG_NONE", "value": [1], "raw_value": ["0x01"]}),
    ],
)
def test_reg_stat_shows_each_type(machine: Machine, value: Value, expected: dict[str, Any]) -> None:
    machine.registry.set(STORED, "v", value)
    result = run(machine, "win_reg_stat", path=KEY, name="v")
    assert result == {"changed": False, "exists": True, **expected}


def test_reg_stat_of_a_key_lists_values_and_subkeys(machine: Machine) -> None:
    machine.registry.set(STORED, "v", Value("REG_DWORD", 1))
    machine.registry.set(STORED, "", Value("REG_DWORD", 2**32 - 5))
    machine.registry.create(STORED + r"\Sub")
    result = run(machine, "ansible.windows.win_reg_stat", path=KEY)
    assert result["properties"] == {
        "": {"type": "REG_SZ", "value": -5, "raw_value": -5},
        "v": {"type": "REG_DWORD", "value": 1, "raw_value": 1},
    }
    assert (result["exists"], result["sub_keys"]) == (True, ["Sub"])


def test_reg_stat_of_what_is_missing_says_so(machine: Machine) -> None:
    assert run(machine, "win_reg_stat", path=KEY + r"\Nope") == {"changed": False, "exists": False}
    assert run(machine, "win_reg_stat", path=KEY, name="nope") == {"changed": False, "exists": False}


def test_reg_stat_refuses_other_path_forms(machine: Machine) -> None:
    result = run(machine, "win_reg_stat", path=r"HKLM\SOFTWARE")
    assert result["msg"] == (
        r"path: HKLM\SOFTWARE is not a valid registry path, see module documentation for examples."
    )


def test_reg_stat_ignores_unknown_options_and_names_a_missing_path(machine: Machine) -> None:
    assert run(machine, "win_reg_stat", path=KEY, zebra=1)["exists"] is True
    assert run(machine, "win_reg_stat", zebra=1)["msg"] == "Get-AnsibleParam: Missing required argument: path"
