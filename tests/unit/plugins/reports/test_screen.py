"""What a terminal gets, whoever made the text: no control character, no secret of a URL."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.reports.screen import harmless, nothing_raw


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("東京 é", "東京 é"),
        ("one\ntwo\tthree\r\nfour", "one\ntwo\tthree\nfour"),
        ("\x1b[2J\x9b2J\x07\x7f", r"\x1b[2J\x9b2J\x07\x7f"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("\x1b[0;31mred\x1b[0m", "\x1b[0;31mred\x1b[0m"),
        ("\x1b[0;31", r"\x1b[0;31"),
        ("over\rwritten", r"over\rwritten"),
        ("https://bob:PASSWORD@x.example.org/a?token=abc&v=2", "https://bob:***@x.example.org/a?token=***&v=2"),
        ("http://bob:p@ss@x.example.org:3128", "http://bob:***@x.example.org:3128"),
        ("https://x.example.org/p.pac?k=0123456789abcdef01234567", "https://x.example.org/p.pac?k=***"),
        ("https://example.org/search?q=words;a=1", "https://example.org/search?q=words;a=1"),
        ("see C:\\a://b c;x=0123456789abcdef01234567", "see C:\\a://b c;x=0123456789abcdef01234567"),
    ],
)
def test_what_a_terminal_gets(text, shown):
    assert harmless(text) == shown
    assert harmless(shown) == shown


def test_all_that_a_display_shows_is_harmless_and_no_way_is_taken_twice():
    lines: list[Any] = []
    display = SimpleNamespace(display=lambda msg, color=None: lines.append((msg, color)))
    nothing_raw(display)
    first = display.display
    nothing_raw(display)
    assert display.display is first
    display.display("[WARNING]: Removed unexpected internal key in module return: x = \x1b[2J", color="red")
    assert lines == [(r"[WARNING]: Removed unexpected internal key in module return: x = \x1b[2J", "red")]
