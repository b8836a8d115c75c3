"""The signed request of a user's own check, and the key that signs it."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.plugin_utils.state.check_request import CheckError, make_key, moment, opened, read_key, sign

KEY = bytes(range(32))
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def test_what_is_signed_opens_as_it_was() -> None:
    request = opened(sign("端末 1", "Darwin", {"files": ["/a"]}, key=KEY, now=NOW, days=90), KEY)
    assert (request.endpoint, request.platform, request.reads) == ("端末 1", "Darwin", {"files": ["/a"]})
    assert (request.made_at, request.good_until) == (NOW, datetime(2027, 2, 21, 14, 30, tzinfo=UTC))


def test_no_two_requests_are_the_same() -> None:
    assert len({sign("a", "Darwin", {}, key=KEY, now=NOW, days=1) for _time in range(3)}) == 3


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


@pytest.mark.parametrize("text", ["2026-11-23", "", None, 5, "2026-11-23T14:30:00+09:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="time"):
        moment(text)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "records/self_check.key"
    key = make_key(file)
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make_key(file) == read_key(file) == key
    assert make_key(tmp_path / "other.key") != key


def test_a_key_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "self_check.key"
    with pytest.raises(CheckError, match=r"is not there[.] Only the controller whose self_check.yml made the packages"):
        read_key(file)
    file.write_text("abc")
    file.chmod(0o600)
    with pytest.raises(CheckError, match=r"is damaged[.] Put a copy back, or move it away"):
        read_key(file)
    file.write_bytes(b"\xff")
    with pytest.raises(CheckError, match="cannot be read"):
        read_key(file)
    file.write_text("00" * 32)
    file.chmod(0o644)
    with pytest.raises(CheckError, match=f"is open to everybody on this controller.*chmod 600 {file}"):
        make_key(file)
    file.chmod(0o660)
    assert read_key(file) == bytes(32)


def test_a_key_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("in the way")
    with pytest.raises(CheckError, match=f"the key of the checks cannot be made: {tmp_path}/records/self_check.key"):
        make_key(tmp_path / "records/self_check.key")
