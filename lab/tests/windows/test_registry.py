from __future__ import annotations

import json

import pytest

from lab.windows.machine.registry import Registry, RegistryError, Value

SOFTWARE = r"HKLM\SOFTWARE\Example"
HIVE = r"C:\Users\taro\NTUSER.DAT"


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.set(SOFTWARE, "Server", Value("REG_SZ", "gateway:443"))
    return made


@pytest.mark.parametrize(
    "path",
    [
        r"hklm\software\EXAMPLE",
        r"HKLM:\SOFTWARE\Example",
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Example",
        r"Registry::HKLM\SOFTWARE\Example",
        r"Microsoft.PowerShell.Core\Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Example",
        "HKLM\\SOFTWARE\\Example\\",
    ],
)
def test_every_spelling_of_a_path_names_the_same_key(registry: Registry, path: str) -> None:
    assert registry.get(path, "sErVeR") == Value("REG_SZ", "gateway:443")


def test_names_keep_the_case_in_which_they_were_first_written(registry: Registry) -> None:
    registry.set(SOFTWARE.lower(), "SERVER", Value("REG_SZ", "other"))
    registry.create(SOFTWARE.upper() + r"\Sub")
    assert registry.keys(r"HKLM\SOFTWARE") == ["Example"]
    assert registry.values(SOFTWARE) == {"Server": Value("REG_SZ", "other")}
    assert registry.keys(SOFTWARE) == ["Sub"]


def test_classes_root_and_the_system_account_are_links(registry: Registry) -> None:
    registry.set(r"HKCR\.txt", "", Value("REG_SZ", "txtfile"))
    registry.set(r"HKU\S-1-5-18\Environment", "X", Value("REG_SZ", "1"))
    assert registry.data(r"HKLM\SOFTWARE\Classes\.txt", "") == "txtfile"
    assert registry.data(r"HKU\.DEFAULT\Environment", "X") == "1"
    assert registry.keys("HKU") == [".DEFAULT", "S-1-5-18"]


@pytest.mark.parametrize("path", [r"HKCU\Software", r"HKXX\a", "", "SOFTWARE"])
def test_a_path_without_a_known_hive_is_refused(registry: Registry, path: str) -> None:
    with pytest.raises(RegistryError, match="HKCC, HKCR, HKLM, HKU") as error:
        registry.exists(path)
    assert error.value.code == 87


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Value("REG_DWORD", -1), "from 0 to 4294967295, not -1"),
        (Value("REG_DWORD", 2**32), "from 0 to 4294967295"),
        (Value("REG_DWORD", True), "integer"),
        (Value("REG_DWORD", "1"), "integer"),
        (Value("REG_QWORD", 2**64), "from 0 to 18446744073709551615"),
        (Value("REG_SZ", 1), "needs a string"),
        (Value("REG_MULTI_SZ", "a"), "list of strings"),
        (Value("REG_BINARY", "00"), "needs bytes"),
        (Value("REG_LINK", "x"), "'REG_LINK' is unknown"),
    ],
)
def test_data_that_does_not_fit_its_type_is_refused_and_nothing_written(
    registry: Registry, value: Value, message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        registry.set(SOFTWARE + r"\New", "x", value)
    assert not registry.exists(SOFTWARE + r"\New")


def test_set_reports_whether_it_changed_anything(registry: Registry) -> None:
    assert registry.set(SOFTWARE, "n", Value("REG_DWORD", 4294967295)) is True
    assert registry.set(SOFTWARE, "N", Value("REG_DWORD", 4294967295)) is False
    assert registry.set(SOFTWARE, "n", Value("REG_QWORD", 4294967295)) is True


def test_keys_and_values_can_be_deleted(registry: Registry) -> None:
    registry.create(SOFTWARE + r"\A\B")
    assert registry.delete_value(SOFTWARE, "server") is True
    assert registry.delete_value(SOFTWARE, "server") is False
    assert registry.delete_key(SOFTWARE) is True
    assert registry.delete_key(SOFTWARE) is False
    assert registry.keys(r"HKLM\SOFTWARE") == []


def test_reading_a_missing_key_is_error_2(registry: Registry) -> None:
    assert registry.get(r"HKLM\SOFTWARE\None", "x") is None
    for read in (registry.keys, registry.values):
        with pytest.raises(RegistryError, match="does not exist") as error:
            read(r"HKLM\SOFTWARE\None")
        assert error.value.code == 2


@pytest.mark.parametrize("path", [r"HKLM\SOFTWRE\X", r"HKU\S-1-5-21-1-2-3-1001\Software\X"])
def test_nothing_can_be_created_outside_of_a_loaded_hive(registry: Registry, path: str) -> None:
    with pytest.raises(RegistryError, match="no hive is loaded") as error:
        registry.set(path, "x", Value("REG_SZ", "y"))
    assert error.value.code == 5


def test_the_top_of_a_hive_cannot_be_deleted(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="top of a loaded hive"):
        registry.delete_key(r"HKLM\SOFTWARE")


def test_a_hive_file_keeps_its_changes_between_loads(registry: Registry) -> None:
    registry.add_hive_file(HIVE)
    registry.load(r"HKU\Temp", HIVE.lower())
    registry.set(r"HKU\temp\Software", "x", Value("REG_SZ", "y"))
    assert registry.mounts() == {r"HKU\Temp": HIVE}
    registry.unload(r"HKU\TEMP")
    assert not registry.exists(r"HKU\Temp")
    assert registry.mount_of(HIVE) is None
    registry.load(r"HKLM\ANSIBLE", HIVE)
    assert registry.data(r"HKLM\ANSIBLE\Software", "x") == "y"


def test_loading_is_refused_for_a_missing_file_a_file_in_use_and_a_mount_point_in_use(registry: Registry) -> None:
    registry.add_hive_file(HIVE)
    registry.add_hive_file(r"C:\Users\Default\NTUSER.DAT")
    codes = []
    registry.load(r"HKU\S-1-5-21-1-2-3-1001", HIVE)
    for mount, path in (
        (r"HKU\A", r"C:\Users\nobody\NTUSER.DAT"),
        (r"HKU\A", HIVE),
        (r"HKU\S-1-5-21-1-2-3-1001", r"C:\Users\Default\NTUSER.DAT"),
        (r"HKLM\SOFTWARE\A", r"C:\Users\Default\NTUSER.DAT"),
    ):
        with pytest.raises(RegistryError) as error:
            registry.load(mount, path)
        codes.append(error.value.code)
    assert codes == [2, 32, 183, 87]


def test_unloading_what_is_not_loaded_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no hive file is loaded there"):
        registry.unload(r"HKLM\SOFTWARE")


def test_a_hive_whose_file_is_gone_from_the_disk_cannot_be_loaded(registry: Registry) -> None:
    registry.add_hive_file(HIVE)
    registry.file_present = lambda path: False
    with pytest.raises(RegistryError, match="cannot find the file"):
        registry.load(r"HKU\A", HIVE)


def test_a_new_hive_file_starts_as_a_copy_of_another_one(registry: Registry) -> None:
    registry.add_hive_file(HIVE)
    registry.load(r"HKU\A", HIVE)
    registry.set(r"HKU\A\Software\Deep", "x", Value("REG_SZ", "first"))
    registry.unload(r"HKU\A")
    registry.add_hive_file(r"C:\Users\hana\NTUSER.DAT", copy_of=HIVE)
    registry.load(r"HKU\B", r"C:\Users\hana\NTUSER.DAT")
    registry.set(r"HKU\B\Software\Deep", "x", Value("REG_SZ", "second"))
    registry.load(r"HKU\A", HIVE)
    assert registry.data(r"HKU\A\Software\Deep", "x") == "first"


def test_copies_are_independent_in_both_directions(registry: Registry) -> None:
    registry.create(SOFTWARE + r"\Sub")
    registry.add_hive_file(HIVE)
    twin = registry.copy()
    twin.set(SOFTWARE, "Server", Value("REG_SZ", "twin"))
    twin.load(r"HKU\A", HIVE)
    registry.set(SOFTWARE + r"\Sub", "only", Value("REG_SZ", "here"))
    assert registry.data(SOFTWARE, "Server") == "gateway:443"
    assert registry.mounts() == {}
    assert twin.values(SOFTWARE + r"\Sub") == {}


def test_json_round_trip_keeps_everything_and_is_plain_json(registry: Registry) -> None:
    registry.set(SOFTWARE, "", Value("REG_EXPAND_SZ", r"%TEMP%\x"))
    registry.set(SOFTWARE, "blob", Value("REG_BINARY", b"\x00\xff"))
    registry.set(SOFTWARE, "many", Value("REG_MULTI_SZ", ["a", "あ"]))
    registry.set(SOFTWARE, "big", Value("REG_QWORD", 2**63))
    registry.add_hive_file(HIVE)
    registry.load(r"HKU\A", HIVE)
    document = json.loads(json.dumps(registry.to_json()))
    twin = Registry.from_json(document)
    assert twin.to_json() == registry.to_json()
    assert twin.get(SOFTWARE, "BLOB") == Value("REG_BINARY", b"\x00\xff")
    twin.unload(r"HKU\A")
    assert document["hives"]["keys"]["HKLM"]["keys"]["SOFTWARE"]["keys"]["Example"]["values"]["blob"] == [
        "REG_BINARY",
        "00ff",
    ]


def test_walk_gives_every_key_with_its_values(registry: Registry) -> None:
    registry.set(SOFTWARE + r"\b\c", "x", Value("REG_DWORD", 1))
    registry.create(SOFTWARE + r"\A")
    assert [(path, list(values)) for path, values in registry.walk(SOFTWARE)] == [
        (SOFTWARE, ["Server"]),
        (SOFTWARE + r"\A", []),
        (SOFTWARE + r"\b", []),
        (SOFTWARE + r"\b\c", ["x"]),
    ]


def test_a_value_handed_in_cannot_be_changed_from_outside_afterwards(registry: Registry) -> None:
    names = ["a"]
    registry.set(SOFTWARE, "many", Value("REG_MULTI_SZ", names))
    names.append("b")
    assert registry.data(SOFTWARE, "many") == ["a"]
