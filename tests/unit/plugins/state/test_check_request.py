"""The signed request of a user's own check, and the key that signs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.plugin_utils.state import check_request
from plugins.plugin_utils.state.check_request import CheckError, make_key, moment, opened, read_key, sign

KEY = bytes(range(32))
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
CONTENT = {
    "endpoint": "nb-07",
    "platform": "Windows",
    "made_at": "2026-11-23T14:30:00Z",
    "good_until": "2027-02-21T14:30:00Z",
    "nonce": "00",
    "reads": {},
}


def signed(content: object) -> str:
    """Return what somebody has signed with the controller's key who is not this program."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    body = base64.b64encode(text)
    signature = hmac.new(KEY, b"offsite.endpoints self check 1\n" + body, hashlib.sha256).hexdigest()
    return f"{body.decode()}.{signature}"


# The last is how Python reads a byte that is no UTF-8, in an inventory's name.
@pytest.mark.parametrize("endpoint", ["nb-07", "端末 1", "nb.7", "nb-\udcff"])
def test_what_is_signed_opens_as_it_was(endpoint: str) -> None:
    request = opened(sign(endpoint, "Darwin", {"files": ["/a"]}, key=KEY, now=NOW, days=90), KEY)
    assert (request.endpoint, request.platform, request.reads) == (endpoint, "Darwin", {"files": ["/a"]})
    assert (request.made_at, request.good_until) == (NOW, datetime(2027, 2, 21, 14, 30, tzinfo=UTC))


def test_no_two_requests_are_the_same() -> None:
    assert len({sign("a", "Darwin", {}, key=KEY, now=NOW, days=1) for _time in range(3)}) == 3


def test_a_request_holds_these_parts_and_a_number_that_nobody_guesses() -> None:
    body = sign("nb-07", "Windows", {"services": ["W32Time"]}, key=KEY, now=NOW, days=90).partition(".")[0]
    content = json.loads(base64.b64decode(body))
    assert re.fullmatch("[0-9a-f]{32}", content.pop("nonce"))
    assert content == {
        "endpoint": "nb-07",
        "platform": "Windows",
        "made_at": "2026-11-23T14:30:00Z",
        "good_until": "2027-02-21T14:30:00Z",
        "reads": {"services": ["W32Time"]},
    }


def test_in_whatever_order_a_request_s_parts_are_given_it_is_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_request.secrets, "token_hex", lambda size: "00" * size)
    token = sign("nb-07", "Windows", {"services": ["W32Time"], "files": []}, key=KEY, now=NOW, days=90)
    assert token == sign("nb-07", "Windows", {"files": [], "services": ["W32Time"]}, key=KEY, now=NOW, days=90)
    assert token == (
        "eyJlbmRwb2ludCI6ICJuYi0wNyIsICJnb29kX3VudGlsIjogIjIwMjctMDItMjFUMTQ6MzA6MDBaIiwgIm1hZGVfYXQiOiAiMjAyNi0xMS0y"
        "M1QxNDozMDowMFoiLCAibm9uY2UiOiAiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAiLCAicGxhdGZvcm0iOiAiV2luZG93cyIs"
        "ICJyZWFkcyI6IHsiZmlsZXMiOiBbXSwgInNlcnZpY2VzIjogWyJXMzJUaW1lIl19fQ=="
        ".90ce4a83cd4f6038e4aa5aa30f3d5cad1924d1766ca08bc166744b07606cfa30"
    )


@pytest.mark.parametrize("place", [0, 10, -70, -1])
def test_one_changed_character_is_noticed(place: int) -> None:
    token = sign("a", "Darwin", {}, key=KEY, now=NOW, days=1)
    other = "A" if token[place] != "A" else "B"
    changed = token[:place] + other + token[place:][1:]
    with pytest.raises(CheckError, match="was not made by this controller, or was changed"):
        opened(changed, KEY)


@pytest.mark.parametrize("token", ["", ".", "x", None, 7, "\ud800.\ud800", "接続.00"])
def test_what_is_no_token_is_refused(token: object) -> None:
    with pytest.raises(CheckError, match="was not made by this controller"):
        opened(token, KEY)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (CONTENT | {"endpoint": 7}, "a part of it has another form"),
        (CONTENT | {"reads": []}, "a part of it has another form"),
        (CONTENT | {"nonce": None}, "a part of it has another form"),
        ({name: part for name, part in CONTENT.items() if name != "platform"}, "'platform'"),
        ([], "list indices must be integers or slices, not str"),
        (CONTENT | {"made_at": "soon"}, "time data 'soon' does not match format '%Y-%m-%dT%H:%M:%SZ'"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_what_else_the_key_has_signed_is_no_request(content: object, why: str) -> None:
    with pytest.raises(CheckError) as raised:
        opened(signed(content), KEY)
    assert str(raised.value) == f"its request cannot be read ({why}): make a new package with self_check.yml"
    assert opened(signed(CONTENT), KEY).endpoint == "nb-07"


@pytest.mark.parametrize("text", ["2026-11-23", "", None, 5, "2026-11-23T14:30:00+09:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="time"):
        moment(text)


def test_a_time_is_one_of_greenwich_and_what_is_none_is_said() -> None:
    assert moment("2026-11-23T14:30:00Z") == NOW
    with pytest.raises(ValueError, match=r"^a time is a text such as 2026-11-23T14:30:00Z, and not int$"):
        moment(5)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new/records/self_check.key"
    key = make_key(file)
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make_key(file) == read_key(file) == key
    assert make_key(tmp_path / "other.key") != key


def refused(file: Path) -> str:
    with pytest.raises(CheckError) as raised:
        read_key(file)
    return str(raised.value)


def test_a_key_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "self_check.key"
    assert refused(file) == (
        f"the key of the checks, {file}, is not there. Only the controller whose self_check.yml made the packages can "
        "judge their answers: run it there, or put its key here"
    )
    damaged = (
        f"the key of the checks, {file}, is damaged. Put a copy back, or move it away: self_check.yml makes a new one, "
        "and all packages have to be made anew"
    )
    file.touch(0o600)
    for text in ("", "abc", "no hex", "00" * 31, "00" * 33):
        file.write_text(text)
        assert refused(file) == damaged
    file.write_text("鍵", encoding="utf-8")
    assert refused(file) == (
        f"the key of the checks, {file}, cannot be read ('ascii' codec can't decode byte 0xe9 in position 0: ordinal "
        "not in range(128))"
    )
    file.write_text("00" * 32)
    file.chmod(0o604)
    assert refused(file) == (
        f"the key of the checks, {file}, is open to everybody on this controller, who could sign requests with it: "
        f"chmod 600 {file}"
    )
    with pytest.raises(CheckError, match="is open to everybody"):
        make_key(file)
    file.chmod(0o660)
    assert read_key(file) == bytes(32)


def test_a_key_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("in the way")
    file = tmp_path / "records/self_check.key"
    with pytest.raises(CheckError) as raised:
        make_key(file)
    assert str(raised.value) == f"the key of the checks cannot be made: {file} (File exists)"
