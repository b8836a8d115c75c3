from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.windows.machine import (
    COMPUTER_NAME,
    DEFAULT_HIVE,
    SERVICES,
    SESSION_MANAGER,
    TERMINAL_SERVER,
    Machine,
    restart,
)
from lab.windows.machine.accounts import ADMINISTRATORS, REMOTE_DESKTOP_USERS, User
from lab.windows.machine.filesystem import FileSystem, FileSystemError, installer_bytes
from lab.windows.machine.parts import Adapter, MachineError, Service
from lab.windows.machine.registry import RegistryError, Value
from lab.windows.machine.restart import PENDING_KEYS

TARO = "S-1-5-21-1-2-3-1001"
ENTRA = "S-1-12-1-111-222-333-444"


@pytest.fixture
def machine() -> Machine:
    made = Machine("office-pc-01", "S-1-5-21-1-2-3")
    made.users[TARO] = User(TARO, "taro", full_name="山田 太郎")
    made.accounts.outside[ENTRA] = "AzureAD\\HanakoOkada"
    made.accounts.upns[ENTRA] = "hanako.okada@example.ac.jp"
    made.groups[ADMINISTRATORS].members |= {TARO, "S-1-5-21-9-9-9-1001"}
    return made


def add_service(machine: Machine, name: str, start: int, state: str = "Stopped", depends: tuple[str, ...] = ()) -> None:
    machine.registry.set(f"{SERVICES}\\{name}", "Start", Value("REG_DWORD", start))
    machine.files.add_stub(r"C:\WINDOWS\system32\svchost.exe", 50_000)
    image = r"%SystemRoot%\system32\svchost.exe -k netsvcs"
    machine.registry.update(
        f"{SERVICES}\\{name}", {"ImagePath": Value("REG_EXPAND_SZ", image), "Type": Value("REG_DWORD", 32)}
    )
    if depends:
        machine.registry.set(f"{SERVICES}\\{name}", "DependOnService", Value("REG_MULTI_SZ", list(depends)))
    machine.services[name] = Service(name, state)


@pytest.mark.parametrize(
    ("account", "sid"),
    [
        ("taro", TARO),
        ("TARO", TARO),
        (".\\taro", TARO),
        ("OFFICE-PC-01\\Taro", TARO),
        (TARO.lower(), TARO),
        ("Remote Desktop Users", REMOTE_DESKTOP_USERS),
        ("BUILTIN\\Administrators", ADMINISTRATORS),
        ("NT AUTHORITY\\SYSTEM", "S-1-5-18"),
        ("System", "S-1-5-18"),
        ("LocalSystem", "S-1-5-18"),
        ("NT AUTHORITY\\NetworkService", "S-1-5-20"),
        ("AzureAD\\HanakoOkada", ENTRA),
        ("AzureAD\\hanako.okada@example.ac.jp", ENTRA),
        ("nobody", None),
        ("OTHER-PC\\taro", None),
    ],
)
def test_account_names_resolve_in_every_spelling(machine: Machine, account: str, sid: str | None) -> None:
    assert machine.sid_of(account) == sid


def test_sids_resolve_to_full_names_and_orphans_to_none(machine: Machine) -> None:
    sids = (TARO, ADMINISTRATORS, "S-1-5-18", "S-1-1-0", ENTRA, "S-1-5-21-9-9-9-1001")
    assert [machine.name_of(sid) for sid in sids] == [
        "OFFICE-PC-01\\taro",
        "BUILTIN\\Administrators",
        "NT AUTHORITY\\SYSTEM",
        "Everyone",
        "AzureAD\\HanakoOkada",
        None,
    ]


def test_administrators_are_the_members_of_the_group_and_system(machine: Machine) -> None:
    accounts = (".\\taro", "SYSTEM", "AzureAD\\HanakoOkada", "nobody")
    assert [machine.is_admin(account) for account in accounts] == [True, True, False, False]


def test_passwords_are_checked_and_can_be_blank(machine: Machine) -> None:
    taro = machine.users[TARO]
    assert taro.password_is_blank
    taro.set_password("secret")
    assert (taro.check_password("secret"), taro.check_password("Secret"), taro.password_is_blank) == (
        True,
        False,
        False,
    )
    assert "secret" not in machine.to_bytes().decode()


def test_the_next_local_account_gets_the_next_sid(machine: Machine) -> None:
    assert machine.accounts.next_sid() == "S-1-5-21-1-2-3-1002"


def test_first_logon_makes_a_profile_from_the_default_one(machine: Machine) -> None:
    machine.files.add_stub(DEFAULT_HIVE, 100)
    machine.registry.add_hive_file(DEFAULT_HIVE)
    machine.registry.load(r"HKU\D", DEFAULT_HIVE)
    machine.registry.set(r"HKU\D\Software", "from", Value("REG_SZ", "default"))
    machine.registry.unload(r"HKU\D")
    machine.log_on(TARO)
    assert machine.profiles() == {TARO: r"C:\Users\taro"}
    assert machine.files.is_file(r"C:\Users\taro\NTUSER.DAT")
    assert machine.registry.data(rf"HKU\{TARO}\Software", "from") == "default"
    assert machine.registry.data(rf"HKU\{TARO}\Volatile Environment", "USERPROFILE") == r"C:\Users\taro"
    assert machine.registry.exists(rf"HKU\{TARO}_Classes")


def test_a_logged_on_users_hive_file_is_locked_and_free_after_log_off(machine: Machine) -> None:
    machine.log_on(TARO)
    with pytest.raises(RegistryError) as error:
        machine.registry.load(r"HKU\Other", r"C:\Users\taro\NTUSER.DAT")
    assert error.value.code == 32
    machine.log_off(TARO)
    assert machine.registry.keys("HKU") == [".DEFAULT", "S-1-5-18"]
    machine.registry.load(r"HKU\Other", r"C:\Users\taro\NTUSER.DAT")
    assert not machine.registry.exists(r"HKU\Other\Volatile Environment")


def test_a_profile_whose_hive_file_was_deleted_cannot_be_loaded(machine: Machine) -> None:
    machine.create_profile(TARO)
    machine.files.delete(r"C:\Users\taro\NTUSER.DAT")
    with pytest.raises(RegistryError, match="cannot find the file"):
        machine.load_profile(TARO)


def test_loading_a_profile_is_no_logon(machine: Machine) -> None:
    machine.load_profile(TARO)
    assert machine.hive_loaded(TARO)
    assert machine.sessions == set()
    assert not machine.registry.exists(rf"HKU\{TARO}\Volatile Environment")


def test_environment_variables_expand_for_the_machine_and_for_a_user(machine: Machine) -> None:
    machine.create_profile(TARO)
    assert machine.expand(r"%systemroot%\x %TEMP%") == r"C:\WINDOWS\x C:\WINDOWS\TEMP"
    assert machine.expand(r"50% %None% %Temp%\a", "taro") == r"50% %None% C:\Users\taro\AppData\Local\Temp\a"


def test_starting_a_service_starts_what_it_depends_on(machine: Machine) -> None:
    add_service(machine, "HUB", 2)
    add_service(machine, "TermService", 3, depends=("Hub", "Tcpip"))
    machine.start_service("termservice")
    assert {name: service.state for name, service in machine.services.items()} == {
        "HUB": "Running",
        "TermService": "Running",
    }
    machine.stop_service("hub")
    assert machine.services["TermService"].state == "Stopped"


def test_a_disabled_or_unknown_service_cannot_be_started(machine: Machine) -> None:
    add_service(machine, "Spooler", 4)
    with pytest.raises(MachineError, match="disabled") as error:
        machine.start_service("Spooler")
    assert error.value.code == 1058
    with pytest.raises(MachineError, match="does not exist"):
        machine.start_service("nothing")


def test_start_modes_come_from_the_registry(machine: Machine) -> None:
    for number, name in enumerate(("a", "b", "c", "d", "e")):
        add_service(machine, name, number)
    assert [machine.start_mode(name) for name in "abcde"] == ["Boot", "System", "Auto", "Manual", "Disabled"]


def test_signs_of_a_pending_reboot_are_seen_and_gone_after_it(machine: Machine) -> None:
    assert set(restart.pending(machine).values()) == {False}
    for key in PENDING_KEYS:
        machine.registry.create(key)
    machine.registry.set(SESSION_MANAGER, "PendingFileRenameOperations", Value("REG_MULTI_SZ", ["a", ""]))
    machine.registry.set(COMPUTER_NAME + r"\ComputerName", "ComputerName", Value("REG_SZ", "NEWNAME"))
    assert restart.pending(machine) == {
        "component_based_servicing": True,
        "windows_update": True,
        "file_rename": True,
        "computer_rename": True,
    }
    restart.restart(machine)
    assert set(restart.pending(machine).values()) == {False}
    assert machine.computer_name == "NEWNAME"


def test_a_reboot_moves_the_boot_time_and_ends_sessions_tunnel_and_left_over_hives(machine: Machine) -> None:
    add_service(machine, "Auto", 2, "Stopped")
    add_service(machine, "Manual", 3, "Running")
    machine.adapters.append(Adapter("Ethernet 2", "Fortinet SSL VPN Virtual Ethernet Adapter", status="Disconnected"))
    machine.log_on(TARO)
    machine.registry.add_hive_file(r"C:\left.dat")
    machine.files.write(r"C:\left.dat", b"")
    machine.registry.load(r"HKLM\ANSIBLE", r"C:\left.dat")
    machine.connect_tunnel("172.29.4.5")
    assert machine.tunnel_active
    before = machine.last_boot
    machine.request_reboot()
    assert machine.reboot_requested
    restart.restart(machine)
    assert machine.last_boot > before
    assert machine.boot_count == 2
    assert not machine.reboot_requested
    assert machine.sessions == set()
    assert machine.registry.mounts() == {}
    assert not machine.tunnel_active
    assert (machine.services["Auto"].state, machine.services["Manual"].state) == ("Running", "Stopped")


def test_a_reboot_leaves_running_what_windows_starts_by_itself(machine: Machine) -> None:
    for name in ("netprofm", "TermService", "W32Time"):
        add_service(machine, name, 3, "Running")
    restart.restart(machine)
    assert [each.state for each in machine.services.values()] == ["Running", "Stopped", "Stopped"]
    machine.registry.set(TERMINAL_SERVER, "fDenyTSConnections", Value("REG_DWORD", 0))
    restart.restart(machine)
    assert [each.state for each in machine.services.values()] == ["Running", "Running", "Stopped"]


def test_a_tunnel_needs_forticlients_adapter(machine: Machine) -> None:
    with pytest.raises(MachineError, match="FortiClient is not installed"):
        machine.connect_tunnel()


def test_identical_state_is_identical_bytes_whatever_the_order_of_the_steps() -> None:
    def build(names: list[str]) -> Machine:
        machine = Machine("x", "S-1-5-21-1-2-3")
        for name in names:
            machine.registry.set(r"HKLM\SOFTWARE\A", name, Value("REG_SZ", name))
            machine.files.write(rf"C:\{name}.txt", name.encode())
        return machine

    assert build(["b", "a", "あ"]).to_bytes() == build(["あ", "b", "a"]).to_bytes()


def test_save_and_load_give_the_same_machine(machine: Machine, tmp_path: Path) -> None:
    machine.log_on(TARO)
    machine.files.write(r"C:\x.bin", b"\x00\xff")
    file = tmp_path / "machine.json"
    machine.save(file)
    twin = Machine.load(file)
    assert file.read_bytes() == machine.to_bytes() == twin.to_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["machine.json"]
    twin.log_off(TARO)
    assert twin.fingerprint() != machine.fingerprint()


def test_a_copy_can_be_changed_without_touching_the_original(machine: Machine) -> None:
    machine.adapters.append(Adapter("fortissl", "PPPoP WAN Adapter", status="Disconnected", kind="ppp"))
    add_service(machine, "W32Time", 3)
    before = machine.fingerprint()
    twin = machine.copy()
    assert twin.fingerprint() == before
    twin.registry.set(r"HKLM\SOFTWARE\A", "x", Value("REG_SZ", "y"))
    twin.files.write(r"C:\x.txt", b"x")
    twin.groups[ADMINISTRATORS].members.clear()
    twin.users[TARO].enabled = False
    twin.connect_tunnel()
    twin.start_service("W32Time")
    twin.hardware["model"] = "other"
    twin.log_on(TARO)
    assert machine.fingerprint() == before
    json.loads(twin.to_bytes())


# files


@pytest.fixture
def files() -> FileSystem:
    made = FileSystem({"C:": (1000, 100)})
    made.mkdir(r"C:\Temp\Sub")
    made.write(r"C:\Temp\A.txt", b"abc")
    return made


def test_paths_are_case_insensitive_and_keep_their_case(files: FileSystem) -> None:
    assert files.read("c:/TEMP/./a.TXT") == b"abc"
    files.write(r"C:\temp\a.txt", b"abcd")
    assert files.list(r"c:\temp") == ["A.txt", "Sub"]
    assert [entry.path for entry in files.walk("C:\\")] == [r"C:\Temp", r"C:\Temp\A.txt", r"C:\Temp\Sub"]


@pytest.mark.parametrize("path", [r"Temp\a", r"\\server\share\x", r"C:\a?b", "C:", ""])
def test_paths_that_are_not_absolute_local_ones_are_refused(files: FileSystem, path: str) -> None:
    assert not files.exists(path)
    with pytest.raises(FileSystemError, match="not an absolute local path"):
        files.write(path, b"")


def test_writing_needs_the_directory_and_room_on_the_disk(files: FileSystem) -> None:
    assert files.free() == 897
    with pytest.raises(FileSystemError) as missing:
        files.write(r"C:\None\x", b"")
    with pytest.raises(FileSystemError) as full:
        files.write(r"C:\big", b"x" * 898)
    with pytest.raises(FileSystemError) as no_drive:
        files.mkdir(r"D:\x")
    assert (missing.value.code, full.value.code, no_drive.value.code) == (3, 112, 3)
    assert files.write(r"C:\big", b"x" * 897) is True
    assert files.free() == 0


def test_writing_the_same_content_changes_nothing(files: FileSystem) -> None:
    files.set_attributes(r"C:\Temp\A.txt", ("ReadOnly",))
    assert files.write(r"C:\Temp\A.txt", b"abc") is False
    with pytest.raises(FileSystemError, match="denied"):
        files.write(r"C:\Temp\A.txt", b"abcd")


def test_directories_are_deleted_only_when_empty_or_recursively(files: FileSystem) -> None:
    with pytest.raises(FileSystemError, match="not empty"):
        files.delete(r"C:\Temp")
    assert files.delete(r"C:\Temp", recursive=True) is True
    assert files.delete(r"C:\Temp") is False
    assert files.free() == 900


def test_a_directory_moves_with_all_it_holds(files: FileSystem) -> None:
    files.move(r"C:\Temp", r"C:\Other")
    assert files.read(r"C:\Other\A.txt") == b"abc"
    assert not files.exists(r"C:\Temp\A.txt")
    with pytest.raises(FileSystemError, match="already exists"):
        files.move(r"C:\Other\A.txt", r"C:\Other\Sub")


def test_installer_files_report_what_they_install_after_a_copy(files: FileSystem) -> None:
    content = installer_bytes({"kind": "msi", "ProductVersion": "7.4.3.8758"}, size=200)
    assert len(content) == 200
    files.write(r"C:\Temp\x.msi", content)
    files.copy_file(r"C:\Temp\x.msi", r"C:\Temp\Sub\y.msi")
    assert files.metadata(r"C:\Temp\Sub\y.msi") == {"kind": "msi", "ProductVersion": "7.4.3.8758"}
    assert files.metadata(r"C:\Temp\A.txt") == {}
    assert files.need(r"C:\Temp\A.txt").checksum("sha1") == "a9993e364706816aba3e25717850c26c9cd0d89d"


def test_a_stub_has_a_size_and_metadata_but_no_content(files: FileSystem) -> None:
    files.add_stub(r"C:\Program Files\x.exe", 300, {"ProductVersion": "1.0"})
    assert files.free() == 597
    assert files.metadata(r"C:\Program Files\x.exe") == {"ProductVersion": "1.0"}
    with pytest.raises(FileSystemError, match="only the size"):
        files.read(r"C:\Program Files\x.exe")
