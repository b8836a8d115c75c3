"""State files that users have sent: judged, or refused by name; nothing of one concerns another endpoint."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from plugins.action.endpoint_compare import judge
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.state import state_files
from plugins.plugin_utils.state.state_files import found_in, state_of, stem_of
from tests.samples.state_files import (
    KEY,
    NAME,
    NOW,
    OTHER_KEY,
    PLATFORM,
    READS,
    ROLE,
    TUNNELS,
    VARIABLES,
    WANTED,
    answer,
    token,
    write,
)

AGAIN = "have the user run the check again"
PACKAGE = "have the user run that"


def state(*files: str, **changed: Any) -> dict[str, Any]:
    how: dict[str, Any] = {"key": KEY, "now": NOW, "most_days": 14} | changed
    return state_of(files, NAME, PLATFORM, [READS], **how)


def servers(found: dict[str, Any]) -> dict[str, str]:
    """Return the status of each connection's gateway, and the reason."""
    records = judge(found["document"], ROLE, WANTED, platform=PLATFORM)["records"]
    return {item["control"]: item["status"] for item in records if item["control"] == "vpn_profile.server"}


def imr(server: str) -> dict[str, Any]:
    return {"exists": True, "keys": {}, "values": {"Server": {"type": "REG_SZ", "data": server}}}


def with_tunnel(node: Any) -> dict[str, Any]:
    made = answer()
    made["document"]["registry"][TUNNELS] = {"exists": True, "values": {}, "keys": {"IMR": node}}
    return made


def test_a_file_is_judged_as_an_answer_with_its_age(tmp_path: Path) -> None:
    found = state(write(tmp_path, answer()))
    assert (found["reachable"], found["error"]) == (True, None)
    assert found["self_check"] == {
        "measured_at": "2026-11-20T14:30:00Z",
        "words": "measured on 2026-11-20 by the user's own check, 3 days old",
        "remarks": ["on the computer NB-07"],
    }
    assert servers(found) == {"vpn_profile.server": "drifted"}


# What somebody changes with an editor, and that it is judged as data about this one laptop.
JUDGED: dict[str, tuple[dict[str, Any], str]] = {
    "a gateway that is right": (with_tunnel(imr("fg.imr.tohoku.ac.jp:443")), "compliant"),
    "a gateway that is not": (with_tunnel(imr("evil.example.com:443")), "drifted"),
    "a key that could not be read": (with_tunnel({"error": "access denied"}), "error"),
    "a value of another type": (
        with_tunnel({"exists": True, "keys": {}, "values": {"Server": {"type": "REG_DWORD", "data": 7}}}),
        "drifted",
    ),
    "a value that no registry has": (
        with_tunnel({"exists": True, "keys": {}, "values": {"Server": {"type": "REG_SZ", "data": {"a": [1]}}}}),
        "error",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_what_is_changed_in_the_document_is_judged(tmp_path: Path, name: str) -> None:
    content, status = JUDGED[name]
    assert servers(state(write(tmp_path, content))) == {"vpn_profile.server": status}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in answer().items() if key != name}


def document(**changed: Any) -> dict[str, Any]:
    return answer(document=answer()["document"] | changed)


def deep() -> dict[str, Any]:
    node: Any = "x"
    for _level in range(100):
        node = [node]
    return document(more=node)


MADE = "2026-11-18T14:30:00Z"
REFUSED: dict[str, tuple[Any, str]] = {
    "half a file": (json.dumps(answer())[:-200], "it is no whole JSON (Unterminated string starting at"),
    "no JSON at all": (
        "PC is fine",
        "it is no whole JSON (Expecting value: line 1 column 1 (char 0)), so it was cut",
    ),
    "a list": ([], "it is no state file of schema 1"),
    "another schema": (answer(schema=2), "it is no state file of schema 1: make a new package with self_check.yml"),
    "a schema that is true": (answer(schema=True), "it is no state file of schema 1"),
    "nested without end": ("[" * 200_000, "it is no whole JSON ("),
    "no number": (json.dumps(answer(more=float("nan"))), "it is no whole JSON (NaN is no number)"),
    "without its request": (without("token"), "'token' is missing or of another kind, so it was changed"),
    "a request of another kind": (answer(token=1), "'token' is missing or of another kind, so it was changed"),
    "rights that are a text": (answer(administrator="yes"), "'administrator' is missing or of another kind"),
    "a document that is a text": (answer(document="x"), "'document' is missing or of another kind"),
    "a request that was made up": (
        answer(token="e30=.00"),
        "its request was not made by this controller, or was changed",
    ),
    "a request of another controller": (
        answer(token=token(key=OTHER_KEY)),
        "its request was not made by this controller",
    ),
    "a request that was changed": (
        answer(token=token()[1:]),
        "its request was not made by this controller, or was changed: have the user run a package that "
        "self_check.yml of this controller has made",
    ),
    "another laptop's request": (
        answer(token=token("nb-08")),
        "it answers a request for nb-08, and not for nb-07: give it the name of its own laptop, or have the user run",
    ),
    "no time": (answer(measured_at="yesterday"), f"measured_at is 'yesterday', and no time: {AGAIN}"),
    "a time to come": (
        answer(NOW + timedelta(minutes=11)),
        f"it was measured on 2026-11-23T14:41:00Z, which is yet to come: set the laptop's clock, and {AGAIN}",
    ),
    "a time before the request": (
        answer(NOW - timedelta(days=6)),
        f"it was measured on 2026-11-17T14:30:00Z, before its request was made ({MADE}): set the laptop's clock",
    ),
    "a request that is too old": (
        answer(token=token(days=1)),
        "its request was good until 2026-11-19, and the check ran on 2026-11-20: make a new package with "
        f"self_check.yml, and {PACKAGE}",
    ),
    "another system": (
        document(platform="Darwin"),
        "it is about a 'Darwin' computer, and nb-07 is 'Windows' by the inventory: correct the inventory",
    ),
    "half a document": (
        answer(document={"schema": 1, "platform": "Windows"}),
        "its state document cannot be used: the document has no 'system'; the document has no 'registry'; ",
    ),
    "a document of another schema": (
        document(schema=2),
        "its state document cannot be used: the document has schema 2; this controller reads schema 1",
    ),
    "a node that is a number": (
        document(registry=7),
        "its state document cannot be used: 'registry' is a number, not an",
    ),
    "a document without end": (deep(), "its state document cannot be used: more.0.0.0 is nested deeper than anything"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_answer_of_this_endpoint_is_refused_by_name(tmp_path: Path, name: str) -> None:
    content, words = REFUSED[name]
    found = state(write(tmp_path, content))
    assert found.pop("error").startswith(f"nb-07.state.json: {words}")
    assert found == {
        "reachable": True,
        "platform": "Windows",
        "document": None,
        "self_check": {"measured_at": "", "words": "", "remarks": []},
    }


CUT = "... 101 characters, cut (SHA-256 "
BOUNDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a long time": (answer(measured_at="t" * 101), f"measured_at is '{'t' * 36}{CUT}", f")', and no time: {AGAIN}"),
    "a long system": (
        document(platform="p" * 101),
        f"it is about a '{'p' * 36}{CUT}",
        ")' computer, and nb-07 is 'Windows' by the inventory: correct the inventory, or have the user run the right "
        "package",
    ),
    "many mistakes": (
        answer(document={"schema": 1, "platform": "Windows"}),
        "its state document cannot be used: the document has no 'system'; the document has no 'registry'; the document "
        f"has no 'users': {AGAIN}",
        "",
    ),
    "a name without end": (answer(token=token("x" * 5000)), "it answers a request for xxx", ")"),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_refused_is_said_within_bounds(tmp_path: Path, name: str) -> None:
    content, begins, ends = BOUNDED[name]
    error = state(write(tmp_path, content))["error"]
    assert error.startswith(f"nb-07.state.json: {begins}")
    assert error.endswith(ends)
    assert len(error) <= 2000


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize(
    ("measured", "later", "words"),
    [
        # As far as two clocks may differ, and to the second until which the request is good.
        (NOW + timedelta(minutes=10), 1, "which is yet to come"),
        (NOW - timedelta(days=5, minutes=10), -1, "before its request was made"),
        (NOW - timedelta(days=2), 1, "its request was good until 2026-11-21, and the check ran on 2026-11-21"),
    ],
)
def test_a_time_is_good_up_to_the_limit_and_no_second_more(
    tmp_path: Path, measured: Any, later: int, words: str, seconds: int
) -> None:
    made = answer(measured + timedelta(seconds=later * seconds), token=token(days=90 if "good" not in words else 3))
    error = state(write(tmp_path, made))["error"]
    assert (words in error) if seconds else (error is None)


def test_other_bytes_than_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "nb-07.state.json"
    file.write_bytes(json.dumps(answer()).encode("utf-16"))
    assert state(str(file))["error"].startswith("nb-07.state.json: it is no text in UTF-8, so a program has changed it")
    # Notepad puts a mark before it and changes nothing else.
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(answer()).encode())
    assert state(str(file))["error"] is None


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Path(write(tmp_path, answer())).read_bytes()
    monkeypatch.setattr(state_files, "LARGEST", len(raw))
    assert state(f"{tmp_path}/nb-07.state.json")["error"] is None
    monkeypatch.setattr(state_files, "LARGEST", 1000)
    stream = io.BytesIO(raw)
    monkeypatch.setattr(stream, "close", lambda: None)
    monkeypatch.setattr(Path, "open", lambda *_how: stream)
    assert state(f"{tmp_path}/nb-07.state.json")["error"] == (
        f"nb-07.state.json: it has more than 1000 bytes, and no check writes so much: {AGAIN}"
    )
    assert stream.tell() == 1001


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    assert state(str(tmp_path / "nb-07.state.json"))["error"] == (
        "nb-07.state.json: it cannot be read (No such file or directory)"
    )


@pytest.mark.parametrize(("days", "words"), [(0, "less than a day"), (1, "1 day"), (13, "13 days")])
def test_the_age_is_said_and_until_the_limit_it_counts(tmp_path: Path, days: int, words: str) -> None:
    made = answer(NOW - timedelta(days=days), token=token(made=NOW - timedelta(days=40)))
    found = state(write(tmp_path, made))
    assert found["self_check"]["words"].endswith(f"{words} old")
    assert found["document"] is not None


def test_from_the_limit_on_it_is_stale_and_not_judged(tmp_path: Path) -> None:
    file = write(tmp_path, answer(NOW - timedelta(days=14), token=token(made=NOW - timedelta(days=40))))
    found = state(file)
    assert (found["reachable"], found["document"]) == (False, None)
    assert found["error"] == (
        f"measured on 2026-11-09 by the user's own check, 14 days old; stale from 14 days on: {AGAIN}"
    )
    assert state(file, most_days=15)["document"] is not None


def test_of_several_files_the_newest_counts(tmp_path: Path) -> None:
    right, wrong = with_tunnel(imr("fg.imr.tohoku.ac.jp:443")), with_tunnel(imr("evil.example.com:443"))
    old = write(tmp_path, right | {"measured_at": "2026-11-19T00:00:00Z"}, "nb-07.state.json")
    new = write(tmp_path, wrong | {"measured_at": "2026-11-21T00:00:00Z"}, "nb-07.state (1).json")
    for files in ((old, new), (new, old)):
        assert servers(state(*files)) == {"vpn_profile.server": "drifted"}


def test_one_broken_file_is_not_hidden_by_a_good_one(tmp_path: Path) -> None:
    good, broken = write(tmp_path, answer()), write(tmp_path, "{", "nb-07.state (1).json")
    assert state(good, broken)["error"].startswith("nb-07.state (1).json: it is no whole JSON")


def test_what_was_not_asked_then_is_not_absent_now(tmp_path: Path) -> None:
    more = [READS, {"registry": [{"path": r"HKLM\SOFTWARE\New"}]}]
    found = state_of([write(tmp_path, answer())], NAME, PLATFORM, more, key=KEY, now=NOW, most_days=14)
    assert found["error"] == (
        "nb-07.state.json: its check was made before the inventory, or this project, wanted to know more. Make a new "
        f"package with self_check.yml, and {PACKAGE}"
    )
    fewer = {"registry": READS["registry"][:1]}
    found = state_of([write(tmp_path, answer())], NAME, PLATFORM, [fewer], key=KEY, now=NOW, most_days=14)
    assert found["error"] is None


def test_what_only_a_role_sees_is_not_taken_from_a_file(tmp_path: Path) -> None:
    found = state(write(tmp_path, document(vpn_connections={"taro": {}})))
    assert "vpn_connections" not in found["document"]


def test_what_a_person_should_know_of_a_check_is_said_within_bounds(tmp_path: Path) -> None:
    made = answer(administrator=False, warnings=["the hive\n cannot be unloaded", 7, "x" * 5000], computer="C" * 500)
    computer, rights, first, second = state(write(tmp_path, made))["self_check"]["remarks"]
    assert len(computer) < 140
    assert rights == "without administrator rights, so what needs them could not be read"
    assert first == "the hive cannot be unloaded"
    assert len(second) <= 300


def test_of_a_check_s_warnings_the_first_three_are_said_and_what_is_long_is_cut(tmp_path: Path) -> None:
    made = answer(warnings=["w" * 301, "y" * 300, "z", "a fourth"], computer="C" * 100)
    computer, first, *others = state(write(tmp_path, made))["self_check"]["remarks"]
    assert computer == f"on the computer {'C' * 100}"
    assert first.startswith(f"{'w' * 236}... 301 characters, cut")
    assert others == ["y" * 300, "z"]
    assert state(write(tmp_path, answer(computer="C" * 101)))["self_check"]["remarks"][0].startswith(
        f"on the computer {'C' * 36}{CUT}"
    )


@pytest.mark.parametrize(
    ("endpoint", "stem"), [("NB_07.example.org", "NB_07.example.org"), ("nb 07", "nb_07-03b523ce")]
)
def test_a_laptop_s_name_is_one_of_a_file_and_of_no_other_laptop(endpoint: str, stem: str) -> None:
    assert stem_of(endpoint) == stem


@pytest.fixture
def inbox(tmp_path: Path) -> Callable[..., tuple[dict[str, list[str]], list[str]]]:
    """Return a function that fills a folder with files of these names and sorts them for two laptops."""

    def sort(*names: str) -> tuple[dict[str, list[str]], list[str]]:
        for name in names:
            (tmp_path / name).write_text("{}")
        found, refused = found_in([str(tmp_path)], ["nb-07", "nb 08"])
        return {name: [Path(file).name for file in files] for name, files in found.items()}, refused

    return sort


def test_a_file_belongs_to_the_laptop_that_its_name_begins_with(inbox: Any) -> None:
    found, refused = inbox("nb-07.state.json", "nb-07.state (1).json", f"{stem_of('nb 08')}.state.json", ".hidden")
    assert found == {"nb-07": ["nb-07.state (1).json", "nb-07.state.json"], "nb 08": [f"{stem_of('nb 08')}.state.json"]}
    assert refused == []


def test_a_laptop_s_name_may_hold_what_ends_a_file_s(tmp_path: Path) -> None:
    file = tmp_path / "nb.state.lab.state.json"
    file.write_text("{}")
    assert found_in([str(tmp_path)], ["nb", "nb.state.lab"]) == ({"nb.state.lab": [str(file)]}, [])


def test_a_folder_that_cannot_be_looked_into_is_refused_and_the_next_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
    file = write(tmp_path / "open", answer())
    look = Path.iterdir

    def iterdir(folder: Path) -> Any:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return look(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert found_in([f"{tmp_path}/closed", f"{tmp_path}/open"], ["nb-07"]) == (
        {"nb-07": [file]},
        [f"state_files: {tmp_path}/closed cannot be read (Permission denied)"],
    )


@pytest.mark.parametrize("name", ["nb-09.state.json", "nb-07.json", "NB-07.state.json", "x.state.json"])
def test_a_file_of_nobody_is_refused_by_name(inbox: Any, tmp_path: Path, name: str) -> None:
    found, refused = inbox(name)
    assert found == {}
    assert refused == [
        f"state_files: {name} in {tmp_path} is the answer of no laptop of this inventory; one is called "
        "NAME.state.json. Move it away, or add the laptop to the inventory"
    ]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    words = "is no file. Name the folder or the files that users have sent"
    assert found_in([str(tmp_path), str(tmp_path / "gone")], ["nb-07"]) == (
        {},
        [f"state_files: {tmp_path}/below {words}", f"state_files: {tmp_path}/gone {words}"],
    )


def test_what_only_the_laptop_itself_shows_is_an_error_with_its_cure(tmp_path: Path) -> None:
    store = [{"name": "Store", "gateway": "vpn.example.org", "users": ["taro"]}]
    wanted = desired(ROLE, DataLoader(), {**VARIABLES, "vpn_profile_store_connections": store}, PLATFORM)
    family = "FortinetInc.FortiClient_sq9g7krz3c65j"
    found = state(write(tmp_path, document(appx={family: {"exists": True, "packages": [family]}})))
    records = judge(found["document"], ROLE, wanted, platform=PLATFORM)["records"]
    (about,) = [item for item in records if item["control"] == "vpn_profile.store_connection"]
    assert about["status"] == "error"
    assert about["reason"].endswith("can only be seen on the laptop itself: run audit.yml when it is within reach")
