"""Files on the simulated disks: Ansible's own transfers, win_stat, win_file, win_copy, slurp."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from lab.windows.calls.documentation import documentation_of
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import PROFILE_LIST, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.machine.filesystem import FileSystem

TARO = "S-1-5-21-1000000001-1000000002-1000000003-1001"
ADMIN = "S-1-5-21-1000000001-1000000002-1000000003-500"


@pytest.fixture
def machine() -> Machine:
    machine = Machine("pc1")
    for sid, name in ((ADMIN, "ansible"), (TARO, "taro")):
        machine.accounts.users[sid] = User(sid, name)
    machine.groups[ADMINISTRATORS].members.add(ADMIN)
    machine.registry.create(PROFILE_LIST)
    machine.create_profile(ADMIN)
    machine.create_profile(TARO)
    machine.files.mkdir(r"C:\Temp")
    return machine


def module(machine: Machine, called: str, *, check: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
    internal = {"_ansible_check_mode": check, "_ansible_diff": diff}
    outcome = execute(machine, Call("module", called, args, internal, user="ansible"))
    result: dict[str, Any] = json.loads(outcome.stdout)
    assert outcome.rc == (1 if result.get("failed") else 0)
    assert "lab error" not in result.get("msg", "")
    return result


def script(machine: Machine, name: str, stdin: bytes = b"", **args: Any) -> Outcome:
    return execute(machine, Call("script", name, args, stdin=stdin, user="ansible"))


def command(machine: Machine, text: str) -> Outcome:
    return execute(machine, Call("command", text, source=text, user="ansible"))


def lines(content: bytes, size: int) -> bytes:
    return b"".join(base64.b64encode(content[at : at + size]) + b"\r\n" for at in range(0, len(content), size))


# transfers


def test_a_file_is_put_in_parts_and_its_sha1_is_answered(machine: Machine) -> None:
    content = bytes(range(256)) * 40
    outcome = script(machine, "winrm_put_file.ps1", lines(content, 1000), Path=r"C:\Temp\a.bin")
    assert outcome == Outcome(0, f'{{"sha1":"{hashlib.sha1(content).hexdigest()}"}}\r\n')
    assert machine.files.read(r"C:\Temp\a.bin") == content


def test_an_empty_file_is_put(machine: Machine) -> None:
    outcome = script(machine, "winrm_put_file.ps1", Path=r"C:\Temp\empty")
    assert outcome.stdout == '{"sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}\r\n'
    assert machine.files.read(r"C:\Temp\empty") == b""


def test_putting_into_a_missing_directory_fails_on_stderr(machine: Machine) -> None:
    outcome = script(machine, "winrm_put_file.ps1", lines(b"x", 9), Path=r"C:\Nope\a")
    assert (outcome.rc, outcome.stdout) == (1, "")
    assert r"Could not find a part of the path 'C:\Nope\a'" in outcome.stderr


def test_putting_on_a_full_disk_fails(machine: Machine) -> None:
    machine.files = FileSystem({"C:": (1000, 999)})
    outcome = script(machine, "winrm_put_file.ps1", lines(b"xxxx", 9), Path=r"C:\a")
    assert outcome.rc == 1
    assert "There is not enough space on the disk." in outcome.stderr


def test_a_file_is_fetched_in_parts(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"0123456789")
    parts = [
        script(machine, "winrm_fetch_file.ps1", Path=r"C:\Temp\a", BufferSize=4, Offset=at).stdout
        for at in (0, 4, 8, 10)
    ]
    assert [base64.b64decode(part) for part in parts] == [b"0123", b"4567", b"89", b""]


def test_fetching_a_directory_or_nothing(machine: Machine) -> None:
    assert script(machine, "winrm_fetch_file.ps1", Path=r"C:\Temp", BufferSize=4, Offset=0).stdout == "[DIR]\r\n"
    missing = script(machine, "winrm_fetch_file.ps1", Path=r"C:\Temp\no", BufferSize=4, Offset=0)
    assert (missing.rc, missing.stderr) == (1, "C:\\Temp\\no does not exist\r\n")


def test_a_temporary_directory_is_made_below_the_account_s_own(machine: Machine) -> None:
    outcome = script(machine, "powershell_mkdtemp.ps1", Directory="%TEMP%", Name="ansible-tmp-1")
    path = r"C:\Users\ansible\AppData\Local\Temp\ansible-tmp-1"
    assert outcome == Outcome(0, f"{path}\r\n")
    assert machine.files.is_dir(path)
    assert script(machine, "powershell_mkdtemp.ps1", Directory="%TEMP%", Name="ansible-tmp-1").rc == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [("~", r"C:\Users\ansible"), (r"~\a", r"C:\Users\ansible\a"), (r"C:\~\a", r"C:\~\a"), (r"~taro\a", r"~taro\a")],
)
def test_the_home_directory_is_expanded(machine: Machine, path: str, expected: str) -> None:
    assert script(machine, "powershell_expand_user.ps1", Path=path).stdout == f"{expected}\r\n"


@pytest.mark.parametrize(
    "text",
    [
        r"Remove-Item C:\Temp\d -Force -Recurse",
        r"Remove-Item 'C:\Temp\d' -Force -Recurse;",
        "Set-StrictMode -Version Latest\nRemove-Item 'C:\\Temp\\d' -Force -Recurse;\n"
        "If (-not $?) { If (Get-Variable LASTEXITCODE -ErrorAction SilentlyContinue) { exit $LASTEXITCODE } "
        "Else { exit 1 } }",
    ],
)
def test_the_removal_of_a_temporary_directory_in_both_cores_forms(machine: Machine, text: str) -> None:
    machine.files.mkdir(r"C:\Temp\d\e")
    assert command(machine, text).rc == 0
    assert machine.files.exists(r"C:\Temp\d") is False
    assert machine.files.exists(r"C:\Temp") is True


def test_a_quote_in_a_path_is_read_back(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\it's", b"x")
    assert command(machine, r"Remove-Item 'C:\Temp\it''s' -Force").rc == 0
    assert machine.files.exists(r"C:\Temp\it's") is False


@pytest.mark.parametrize(
    "form",
    [
        "exit -not (Test-Path -LiteralPath '{path}')",
        "If (Test-Path '{path}')\n{{\n$res = 0;\n}}\nElse\n{{\n$res = 1;\n}}\nWrite-Output '$res';\nExit $res;",
    ],
)
def test_whether_a_path_exists_is_the_exit_code(machine: Machine, form: str) -> None:
    assert command(machine, form.format(path=r"C:\Temp")).rc == 0
    assert command(machine, form.format(path=r"C:\Nope")).rc == 1


def test_other_commands_and_scripts_fail_and_name_themselves(machine: Machine) -> None:
    before = machine.fingerprint()
    raw = command(machine, "Get-Process | Stop-Process")
    assert (raw.rc, raw.stdout) == (1, "")
    assert raw.stderr == "The lab does not model the command 'Get-Process | Stop-Process'.\r\n"
    assert "the script fix.ps1" in script(machine, "fix.ps1").stderr
    assert command(machine, r"Remove-Item C:\Temp -Force -Recurse; Get-Date").rc == 1
    assert machine.fingerprint() == before


# win_stat and slurp


def test_stat_of_a_file(machine: Machine) -> None:
    machine.files.write(r"C:\Users\taro\a.TXT", b"abc")
    stat = module(machine, "win_stat", path=r"c:\users\TARO\A.txt")["stat"]
    # As it was asked for, in its case and with the last backslash, not as it lies on the disk.
    assert stat["path"] == r"c:\users\TARO\A.txt"
    assert (stat["exists"], stat["isreg"], stat["isdir"], stat["size"]) == (True, True, False, 3)
    assert (stat["attributes"], stat["extension"], stat["filename"]) == ("Archive", ".txt", "A.txt")
    assert stat["checksum"] == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert stat["owner"] == r"PC1\taro"


def test_stat_takes_other_checksums_and_leaves_them_out(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"abc")
    sha256 = module(machine, "win_stat", path=r"C:\Temp\a", checksum_algorithm="SHA256")["stat"]["checksum"]
    assert sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert "checksum" not in module(machine, "win_stat", path=r"C:\Temp\a", get_checksum=False)["stat"]


def test_stat_of_a_directory_counts_what_is_in_it(machine: Machine) -> None:
    machine.files.mkdir(r"C:\Temp\d")
    machine.files.write(r"C:\Temp\a", b"abc")
    machine.files.write(r"C:\Temp\d\b", b"de")
    machine.files.set_attributes(r"C:\Temp", ("Hidden",))
    stat = module(machine, "ansible.windows.win_stat", path=r"C:\Temp")["stat"]
    assert (stat["isdir"], stat["size"], stat["attributes"], stat["ishidden"]) == (True, 5, "Hidden, Directory", True)
    asked = module(machine, "win_stat", path="C:/temp/./d/")["stat"]
    assert (asked["path"], asked["filename"]) == ("C:\\temp\\d\\", "d")


def test_stat_of_nothing(machine: Machine) -> None:
    assert module(machine, "win_stat", path=r"C:\Nope")["stat"] == {"exists": False}


@pytest.mark.parametrize("path", [r"\\server\share\a", r"a\b"])
def test_network_and_relative_paths_are_refused(machine: Machine, path: str) -> None:
    assert "The lab does not model win_stat for" in module(machine, "win_stat", path=path)["msg"]


def test_slurp_returns_the_content(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"abc")
    assert module(machine, "slurp", src=r"C:\Temp\a") == {"changed": False, "content": "YWJj", "encoding": "base64"}
    assert module(machine, "slurp", path=r"C:\Temp\no")["msg"] == r"Path C:\Temp\no is not found"


# win_file


def test_a_directory_is_made_once(machine: Machine) -> None:
    assert module(machine, "win_file", path=r"C:\Temp\a\b", state="directory")["changed"] is True
    assert machine.files.is_dir(r"C:\Temp\a\b")
    assert module(machine, "win_file", path=r"C:\Temp\a\b", state="directory")["changed"] is False


def test_touch_makes_a_file_and_is_always_a_change(machine: Machine) -> None:
    assert module(machine, "win_file", path=r"C:\Temp\a", state="touch")["changed"] is True
    assert machine.files.read(r"C:\Temp\a") == b""
    assert module(machine, "win_file", path=r"C:\Temp\a", state="touch")["changed"] is True


def test_absent_deletes_a_tree(machine: Machine) -> None:
    machine.files.mkdir(r"C:\Temp\a\b")
    assert module(machine, "win_file", path=r"C:\Temp\a", state="absent")["changed"] is True
    assert machine.files.exists(r"C:\Temp\a") is False
    assert module(machine, "win_file", path=r"C:\Temp\a", state="absent")["changed"] is False


def test_win_file_in_check_mode_changes_nothing(machine: Machine) -> None:
    machine.files.mkdir(r"C:\Temp\a")
    before = machine.fingerprint()
    for path, state in ((r"C:\Temp\a", "absent"), (r"C:\Temp\b", "directory"), (r"C:\Temp\c", "touch")):
        assert module(machine, "win_file", path=path, state=state, check=True)["changed"] is True
    assert machine.fingerprint() == before


@pytest.mark.parametrize(
    ("path", "state", "message"),
    [
        (r"C:\Temp\no", "file", r"path C:\Temp\no will not be created"),
        (r"C:\Temp", "file", r"path C:\Temp is not a file"),
        (r"C:\Temp\f", "directory", r"path C:\Temp\f is not a directory"),
        (
            r"C:\Temp",
            "link",
            "Get-AnsibleParam: Argument state needs to be one of absent,directory,file,touch but was link.",
        ),
    ],
)
def test_win_file_refuses(machine: Machine, path: str, state: str, message: str) -> None:
    machine.files.write(r"C:\Temp\f", b"")
    assert module(machine, "win_file", path=path, state=state)["msg"] == message


def test_the_profile_of_a_logged_on_user_cannot_be_deleted(machine: Machine) -> None:
    machine.log_on(TARO)
    result = module(machine, "win_file", path=r"C:\Users\taro", state="absent")
    assert result["failed"] is True
    assert "because it is being used by another process." in result["msg"]
    assert machine.files.exists(r"C:\Users\taro\NTUSER.DAT")


# win_copy


def test_query_names_the_files_that_have_to_be_sent(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\same", b"abc")
    machine.files.write(r"C:\Temp\other", b"old")
    sha1 = hashlib.sha1(b"abc").hexdigest()
    files = [{"src": f"/x/{name}", "dest": name, "checksum": sha1} for name in ("same", "other", "new")]
    directories = [{"src": "/x/d", "dest": "d"}]
    machine.files.mkdir(r"C:\Temp\e")
    result = module(
        machine,
        "ansible.windows.win_copy",
        _copy_mode="query",
        dest="C:/Temp",
        files=files,
        directories=[*directories, {"src": "/x/e", "dest": "e"}],
    )
    assert [file["dest"] for file in result["files"]] == ["other", "new"]
    assert result["directories"] == directories
    assert (result["changed"], result["symlinks"]) == (False, [])


def test_query_without_force_sends_only_what_is_missing(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\other", b"old")
    files = [{"src": "/x/other", "dest": "other", "checksum": None}, {"src": "/x/new", "dest": "new", "checksum": None}]
    result = module(machine, "win_copy", _copy_mode="query", dest=r"C:\Temp", files=files, directories=[], force=False)
    assert [file["dest"] for file in result["files"]] == ["new"]


def test_a_sent_file_is_put_in_its_place(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\source", b"abc")
    args: dict[str, Any] = {"_copy_mode": "single", "src": r"C:\Temp\source", "_original_basename": "b.txt"}
    assert module(machine, "win_copy", dest=r"C:\Users\taro\a.txt", **args)["changed"] is True
    assert machine.files.read(r"C:\Users\taro\a.txt") == b"abc"
    module(machine, "win_copy", dest=r"C:\Users\taro", **args)
    assert machine.files.read(r"C:\Users\taro\b.txt") == b"abc"
    module(machine, "win_copy", dest="C:\\New\\", **args)
    assert machine.files.read(r"C:\New\b.txt") == b"abc"
    missing = module(machine, "win_copy", dest=r"C:\Nope\a.txt", **args)
    assert missing["msg"] == r"Destination directory 'C:\Nope' does not exist"


def test_a_sent_zip_is_unpacked_by_its_encoded_names(machine: Machine) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(base64.b64encode(b"d").decode() + "/", b"")
        archive.writestr(base64.b64encode("d/日本.txt".encode()).decode(), b"abc")
    machine.files.write(r"C:\Temp\source.zip", packed.getvalue())
    result = module(machine, "win_copy", _copy_mode="explode", src=r"C:\Temp\source.zip", dest="C:\\Out\\")
    assert result["changed"] is True
    assert machine.files.read(r"C:\Out\d\日本.txt") == b"abc"


def test_a_copy_on_the_endpoint_is_made_once_with_its_diff(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"abc")
    args: dict[str, Any] = {"_copy_mode": "remote", "remote_src": True, "src": r"C:\Temp\a", "dest": r"C:\Temp\b"}
    predicted = module(machine, "win_copy", check=True, diff=True, **args)
    assert (predicted["changed"], predicted["diff"]) == (True, {"prepared": "+C:\\Temp\\b\n"})
    assert machine.files.exists(r"C:\Temp\b") is False
    result = module(machine, "win_copy", diff=True, **args)
    assert (result["operation"], result["size"], result["original_basename"]) == ("file_copy", 3, "a")
    assert result["checksum"] == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert module(machine, "win_copy", **args)["changed"] is False
    machine.files.write(r"C:\Temp\a", b"new")
    assert module(machine, "win_copy", diff=True, **args)["diff"] == {"prepared": "-C:\\Temp\\b\n+C:\\Temp\\b\n"}
    assert machine.files.read(r"C:\Temp\b") == b"new"


def test_a_folder_is_copied_on_the_endpoint_as_a_whole_or_its_contents(machine: Machine) -> None:
    machine.files.mkdir(r"C:\Temp\d\e")
    machine.files.write(r"C:\Temp\d\e\f", b"abc")
    args: dict[str, Any] = {"_copy_mode": "remote", "remote_src": True, "dest": r"C:\Out"}
    before = machine.fingerprint()
    assert module(machine, "win_copy", src=r"C:\Temp\d", check=True, **args)["changed"] is True
    assert machine.fingerprint() == before
    assert module(machine, "win_copy", src=r"C:\Temp\d", **args)["dest"] == r"C:\Out\d"
    assert machine.files.read(r"C:\Out\d\e\f") == b"abc"
    module(machine, "win_copy", src="C:\\Temp\\d\\", **args)
    assert machine.files.read(r"C:\Out\e\f") == b"abc"
    assert module(machine, "win_copy", src=r"C:\Temp\d", **args)["changed"] is False


def test_a_missing_source_on_the_endpoint_is_named(machine: Machine) -> None:
    result = module(machine, "win_copy", _copy_mode="remote", remote_src=True, src=r"C:\no", dest=r"C:\b")
    assert result["msg"] == r"Cannot copy src file: 'C:\no' as it does not exist"


def test_a_copy_that_fails_says_how_far_it_came(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"abc")
    args: dict[str, Any] = {"_copy_mode": "remote", "src": r"C:\Temp\a", "dest": r"C:\no\b"}
    result = module(machine, "win_copy", diff=True, **args)
    assert result.pop("msg") == r"Destination directory 'C:\no' does not exist"
    assert result == {
        "changed": False,
        "failed": True,
        "src": r"C:\Temp\a",
        "dest": r"C:\no\b",
        "operation": "file_copy",
        "original_basename": "a",
        "diff": {},
    }


def test_backup_is_refused_by_name(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"abc")
    args: dict[str, Any] = {
        "_copy_mode": "remote",
        "remote_src": True,
        "src": r"C:\Temp\a",
        "dest": r"C:\Temp\b",
        "backup": True,
    }
    assert module(machine, "win_copy", **args)["msg"] == "The lab does not model win_copy option 'backup'."
    assert machine.files.exists(r"C:\Temp\b") is False


def test_the_question_before_a_diff_is_answered_where_the_collection_asks_it(machine: Machine) -> None:
    machine.files.write(r"C:\Temp\a", b"a\0b")
    documentation = documentation_of("ansible.windows.win_file")
    assert documentation is not None
    result = module(machine, "win_file", path=r"C:\Temp\a", _diff_peek=True)
    if "access_time" in documentation.options:
        assert result["appears_binary"] is True
        assert result["state"] == "file"
    else:
        assert result == {"changed": False}
