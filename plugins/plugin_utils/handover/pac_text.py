"""The bytes of a PAC as the text that a browser makes of them.

Asked of Chromium 156: the charset of Content-Type counts; without one a byte order mark (UTF-8 or UTF-16) does, and
without either it is Windows-1252. What the charset has no character for becomes U+FFFD, and a charset that the browser
does not know makes the whole file count for nothing.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from email.message import Message

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
# What browsers mean by these names, where Python means something narrower or does not know them.
_SAME = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "gb2312": "gbk",
    "euc_kr": "cp949",
    # Without a mark it is little-endian in browsers, and the machine's own order in Python.
    "utf-16": "utf-16-le",
}


class CharsetError(ValueError):
    """The file is served with a charset that browsers do not know; the message says what they do then."""


@dataclass(frozen=True)
class Text:
    """A PAC as text; `notes` are what to know of its bytes, one sentence each."""

    text: str
    notes: tuple[str, ...] = ()


def decoded(raw: bytes, content_type: str = "") -> Text:
    """Return the text of a file that is served as `content_type`, "" for a file on disk. Raises CharsetError."""
    charset = _charset(content_type)
    mark, marked, called = next((one for one in _MARKS if raw.startswith(one[0])), (b"", "", ""))
    notes = []
    if mark:
        notes.append(f"the file begins with a byte order mark ({called})")
    codec = _codec(charset) if charset else marked or "cp1252"
    if mark and codec.startswith("utf-16") and marked.startswith("utf-16"):
        codec = marked
    if mark and codec == marked:
        raw = raw[len(mark) :]
    elif mark:
        notes.append(f"it is served as {charset}, in which that mark is text: browsers refuse the file")
    text = raw.decode(codec, "replace")
    if not charset and not mark and not raw.isascii():
        notes.append(
            "it has characters beyond ASCII, and neither a charset in Content-Type nor a byte order mark: Chromium "
            "takes them for Windows-1252"
        )
    if "\ufffd" in text:
        notes.append(f"it has bytes that are no {charset or called or 'Windows-1252'}")
    return Text(text, tuple(notes))


def _charset(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    return str(header.get_param("charset", "") or "").strip().lower()


def _codec(charset: str) -> str:
    try:
        name = _SAME.get(charset) or codecs.lookup(charset).name
        b"x".decode(name, "replace")
    except LookupError:
        raise CharsetError(
            f"the file is served with charset={charset}, which no browser knows: they ignore the file and connect "
            "directly. Correct the server's Content-Type"
        ) from None
    return _SAME.get(name, name)
