"""mac_plist: what it changes, what it leaves, what it refuses."""

from __future__ import annotations

import ast
import datetime
import json
import os
import plistlib
from pathlib import Path
from typing import Any

import pytest

from plugins.modules import mac_plist

SOURCE = Path(mac_plist.__file__)
OLD: dict[str, Any] = {
    "Version": 3,
    "Since": datetime.datetime(2025, 4, 1, 9, 30),  # plists hold naive UTC
    "Profiles": {
        "Office": {"Server": "old.example.org", "ServerPort": 443, "AuthInfo": b"\x00secret", "SSOEnabled": False},
        "Home": {"Server": "home.example.org"},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vpn.plist"
    path.write_bytes(plistlib.dumps(OLD, fmt=plistlib.FMT_BINARY, sort_keys=False))
    path.chmod(0o640)
    return path


def change(path: Path, *values: dict[str, Any], check_mode: bool = False, **options: Any) -> dict[str, Any]:
    items = [{"value": None, "state": "present", "prune": 0} | value for value in values]
    return mac_plist.change({"path": str(path), "values": items, "create": False} | options, check_mode)


def data(path: Path) -> dict[str, Any]:
    return plistlib.loads(path.read_bytes())


SERVER = {"key": ["Profiles", "Office", "Server"], "value": "new.example.org"}


def test_one_value_changes_and_everything_else_stays(file: Path) -> None:
    before = file.stat()
    result = change(file, SERVER)
    assert result["changed"] is True
    wanted = {
        **OLD,
        "Profiles": {**OLD["Profiles"], "Office": {**OLD["Profiles"]["Office"], "Server": "new.example.org"}},
    }
    assert data(file) == wanted
    assert list(data(file)) == ["Version", "Since", "Profiles"]
    assert file.read_bytes().startswith(b"bplist00")
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert [path.name for path in file.parent.iterdir()] == ["vpn.plist"]


def test_xml_stays_xml(file: Path) -> None:
    file.write_bytes(plistlib.dumps(OLD))
    assert change(file, SERVER)["format"] == "xml"
    assert file.read_bytes().startswith(b"<?xml")


def test_second_run_changes_nothing_and_does_not_touch_the_file(file: Path) -> None:
    change(file, SERVER)
    before = file.stat()
    assert change(file, SERVER) == {"changed": False, "created": False, "format": "binary"}
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_check_mode_reports_the_same_and_writes_nothing(file: Path) -> None:
    content = file.read_bytes()
    reported = change(file, SERVER, check_mode=True)
    assert file.read_bytes() == content
    assert reported == change(file, SERVER)


def test_the_diff_shows_the_touched_keys_alone(file: Path) -> None:
    diff = change(file, SERVER, {"key": ["Profiles", "Home"], "state": "absent"}, {"key": ["Version"], "value": 3})[
        "diff"
    ]
    assert diff["before"] == {
        "Profiles/Office/Server": "old.example.org",
        "Profiles/Home": {"Server": "home.example.org"},
    }
    assert diff["after"] == {"Profiles/Office/Server": "new.example.org"}
    assert "secret" not in json.dumps(diff)


@pytest.mark.parametrize(
    ("key", "value"),
    [("SSOEnabled", 0), ("ServerPort", "443"), ("ServerPort", 443.0), ("ServerPort", True)],
)
def test_equal_numbers_of_another_type_are_different_values(file: Path, key: str, value: Any) -> None:
    assert change(file, {"key": ["Profiles", "Office", key], "value": value})["changed"] is True
    found = data(file)["Profiles"]["Office"][key]
    assert (type(found), found) == (type(value), value)


def test_types_inside_lists_and_dictionaries_count_too(file: Path) -> None:
    change(file, {"key": ["Extra"], "value": {"a": [1, True]}})
    assert change(file, {"key": ["Extra"], "value": {"a": [1, True]}})["changed"] is False
    assert change(file, {"key": ["Extra"], "value": {"a": [True, 1]}})["changed"] is True


def test_missing_dictionaries_on_the_way_are_made(file: Path) -> None:
    change(file, {"key": ["Profiles", "New", "Server"], "value": "x.example.org"})
    assert data(file)["Profiles"]["New"] == {"Server": "x.example.org"}


def test_absent_removes_one_key_and_a_missing_one_is_no_change(file: Path) -> None:
    assert change(file, {"key": ["Profiles", "Home", "Server"], "state": "absent"})["changed"] is True
    assert data(file)["Profiles"]["Home"] == {}
    gone = [["Profiles", "Home", "Server"], ["Nothing", "Below"], ["Profiles", "Gone", "x"]]
    assert change(file, *({"key": key, "state": "absent"} for key in gone))["changed"] is False
    assert "Nothing" not in data(file)


def test_a_value_in_the_place_of_a_dictionary_is_refused(file: Path) -> None:
    with pytest.raises(mac_plist.PlistError, match=r"Version in .*vpn\.plist is a number, not a dictionary"):
        change(file, {"key": ["Version", "Server"], "value": "x"})
    assert data(file) == OLD


def test_without_a_file_only_create_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "new.plist"
    with pytest.raises(mac_plist.PlistError, match="set create to true"):
        change(path, SERVER)
    assert change(path, SERVER, create=True, check_mode=True)["created"] is True
    assert not (tmp_path / "a").exists()
    assert change(path, SERVER, create=True)["created"] is True
    assert data(path) == {"Profiles": {"Office": {"Server": "new.example.org"}}}
    assert path.stat().st_mode & 0o7777 == 0o644
    assert (path.stat().st_uid, path.parent.stat().st_gid) == (os.geteuid(), os.getegid())
    assert path.parent.stat().st_mode & 0o7777 == 0o755
    assert path.read_bytes().startswith(b"<?xml")


def test_absent_without_a_file_is_no_change_and_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "new.plist"
    assert change(path, {"key": ["x"], "state": "absent"}, create=True)["changed"] is False
    assert not path.exists()


def test_a_link_is_followed_and_stays(file: Path) -> None:
    link = file.with_name("link.plist")
    link.symlink_to(file)
    change(link, SERVER)
    assert link.is_symlink()
    assert data(file)["Profiles"]["Office"]["Server"] == "new.example.org"


@pytest.mark.parametrize("content", [b"", b"not a plist", b"bplist00garbage", b"<?xml version='1.0'?><plist><dict>"])
def test_garbage_is_refused_and_left(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(mac_plist.PlistError, match="is not a property list"):
        change(file, SERVER)
    assert file.read_bytes() == content


def test_a_list_at_the_top_is_refused(file: Path) -> None:
    file.write_bytes(plistlib.dumps([1]))
    with pytest.raises(mac_plist.PlistError, match="holds a list, not a dictionary"):
        change(file, SERVER)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"key": ["A"]}, "the value of A is missing or null"),
        ({"key": ["A"], "value": {"B": [None]}}, "the value of A/B/0 is missing or null"),
        ({"key": [], "value": 1}, "a key is empty"),
        ({"key": ["A", ""], "value": 1}, "a key is empty"),
        ({"key": ["A"], "value": {1: 2}}, "the key 1 below A is not text"),
    ],
)
def test_what_no_plist_can_hold_is_refused(file: Path, value: dict[str, Any], message: str) -> None:
    with pytest.raises(mac_plist.PlistError, match=message):
        change(file, value)


def test_a_failed_write_leaves_the_old_file_and_no_rest(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plistlib, "dump", full)
    with pytest.raises(OSError, match="No space left"):
        change(file, SERVER)
    assert data(file) == OLD
    assert [path.name for path in file.parent.iterdir()] == ["vpn.plist"]


def test_a_program_that_writes_its_own_copy_back_is_found(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mac_plist, "write", lambda *_arguments: None)
    with pytest.raises(mac_plist.PlistError, match="something else is in it now"):
        change(file, SERVER)


@pytest.mark.parametrize("name", ["mac_plist", "mac_endpoint_state"])
def test_the_modules_parse_as_python_3_8(name: str) -> None:
    ast.parse(SOURCE.with_name(f"{name}.py").read_text(), feature_version=(3, 8))


def gone(*key: str, prune: int) -> dict[str, Any]:
    return {"key": list(key), "state": "absent", "prune": prune}


def test_what_a_removal_leaves_empty_goes_as_far_up_as_was_asked(file: Path) -> None:
    change(file, {"key": ["Proxy", "Deep", "Mode"], "value": "x"})
    change(file, gone("Proxy", "Deep", "Mode", prune=1))
    assert data(file)["Proxy"] == {}
    change(file, {"key": ["Proxy", "Deep", "Mode"], "value": "x"})
    change(file, gone("Proxy", "Deep", "Mode", prune=2))
    assert data(file) == OLD
    change(file, {"key": ["Proxy", "Mode"], "value": "x"}, {"key": ["Proxy", "Mine"], "value": 1})
    change(file, gone("Proxy", "Mode", prune=1))
    assert data(file)["Proxy"] == {"Mine": 1}


def test_a_file_that_is_left_empty_goes_when_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new.plist"
    change(path, {"key": ["Proxy", "Mode"], "value": "x"}, {"key": ["On"], "value": True}, create=True)
    assert change(path, gone("Proxy", "Mode", prune=2), gone("On", prune=1), check_mode=True)["changed"] is True
    assert path.exists()
    change(path, gone("Proxy", "Mode", prune=2))
    assert data(path) == {"On": True}
    change(path, gone("On", prune=1))
    assert not path.exists()
    change(path, {"key": ["On"], "value": True}, create=True)
    change(path, gone("On", prune=0))
    assert data(path) == {}
