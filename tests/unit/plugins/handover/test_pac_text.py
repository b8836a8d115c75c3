from __future__ import annotations

import pytest

from plugins.plugin_utils.handover.pac_text import CharsetError, Text, decoded

TYPE = "application/x-ns-proxy-autoconfig"


@pytest.mark.parametrize(
    ("raw", "charset", "text", "notes"),
    [
        (b"plain", "", "plain", ()),
        ("é日".encode(), "utf-8", "é日", ()),
        (
            b"\xef\xbb\xbf" + "é日".encode(),
            "",
            "é日",
            ("the file begins with a byte order mark (UTF-8)",),
        ),
        (
            b"\xef\xbb\xbf" + "é日".encode(),
            "UTF-8",
            "é日",
            ("the file begins with a byte order mark (UTF-8)",),
        ),
        (b"\xff\xfe\xe9\x00\xe5\x65", "", "é日", ("the file begins with a byte order mark (UTF-16)",)),
        (b"\xfe\xff\x00\xe9\x65\xe5", "", "é日", ("the file begins with a byte order mark (UTF-16)",)),
        (b"\xff\xfe\xe9\x00\xe5\x65", "utf-16", "é日", ("the file begins with a byte order mark (UTF-16)",)),
        (b"\xfe\xff\x00\xe9\x65\xe5", "utf-16", "é日", ("the file begins with a byte order mark (UTF-16)",)),
        (b"\xfe\xff\x00\xe9\x65\xe5", "utf-16be", "é日", ("the file begins with a byte order mark (UTF-16)",)),
        (b"\xe9\x00\xe5\x65", "utf-16", "é日", ()),
        (b"\xe9\x00\xe5\x65", "utf-16le", "é日", ()),
        (b"\x93\xfa\x96\x7b", "shift_jis", "日本", ()),
        (b"\x93\xfa\x96\x7b", "x-sjis", "日本", ()),
        (b"\x87\x40", "Windows-31J", "①", ()),
        (b"\xc6\xfc\xcb\xdc", "euc-jp", "日本", ()),
        (b"\x1b$BF|K\\\x1b(B", "iso-2022-jp", "日本", ()),
        (b"\x80\xe9", "iso-8859-1", "€é", ()),
        (b"\x80\xe9", "us-ascii", "€é", ()),
        (
            "日".encode(),
            "",
            "æ—¥",
            (
                "it has characters beyond ASCII, and neither a charset in Content-Type nor a byte order mark: Chromium "
                "takes them for Windows-1252",
            ),
        ),
        (b"\x93\xfa", "utf-8", "��", ("it has bytes that are no utf-8",)),
        (
            b"\x81",
            "",
            "�",
            (
                "it has characters beyond ASCII, and neither a charset in Content-Type nor a byte order mark: Chromium "
                "takes them for Windows-1252",
                "it has bytes that are no Windows-1252",
            ),
        ),
        (
            b"\xef\xbb\xbfx",
            "utf-16",
            "\ubbef\u78bf",
            (
                "the file begins with a byte order mark (UTF-8)",
                "it is served as utf-16, in which that mark is text: browsers refuse the file",
            ),
        ),
        (
            b"\xef\xbb\xbfx",
            "iso-8859-1",
            "ï»¿x",
            (
                "the file begins with a byte order mark (UTF-8)",
                "it is served as iso-8859-1, in which that mark is text: browsers refuse the file",
            ),
        ),
    ],
)
def test_bytes_are_the_text_that_a_browser_reads(raw, charset, text, notes):
    assert decoded(raw, f'{TYPE}; charset="{charset}"' if charset else TYPE) == Text(text, notes)


@pytest.mark.parametrize("charset", ["nonsense", "rot13", "hex"])
def test_a_charset_that_no_browser_knows_is_refused(charset):
    with pytest.raises(CharsetError) as refused:
        decoded(b"x", f"{TYPE}; charset={charset}")
    assert str(refused.value) == (
        f"the file is served with charset={charset}, which no browser knows: they ignore the file and connect "
        "directly. Correct the server's Content-Type"
    )
