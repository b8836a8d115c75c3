"""What the screen of a run is made of: a line that is written over in place, times and names as a person says them."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
import unicodedata
from collections.abc import Iterable
from typing import Any

from ..values.bounded import masked
from .visible import visible

CLEAR_TO_END = "\x1b[K"


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> [duration(seconds) for seconds in (0.4, 59.9, 185, 3725)]
    ['0 s', '59 s', '3 min 05 s', '1 h 02 min']
    """
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"


def names(hosts: Iterable[str], most: int = 5) -> str:
    """Return names in order, the first few when there are many.

    >>> names({"b", "a"}), names({"a", "b", "c"}, most=2)
    ('a, b', 'a, b and 1 more')
    """
    known = [visible(host) for host in sorted(hosts)]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def fit_columns(text: str, columns: int) -> str:
    """Return as much of a text as fits into that many columns; a Japanese character takes two.

    >>> fit_columns("ab", 7)
    'ab'
    """
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(character) in "FW" else 1
        if taken > columns:
            return text[:index]
    return text


def takes_updates() -> bool:
    """Say whether the output goes to a terminal on which a line can be written over."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


# Ansible's own colours; nothing else that a terminal would obey.
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


def harmless(text: str) -> str:
    r"""Return a text as a terminal may get it: no control character but line ends and tabs, no secret of a URL.

    >>> harmless("\x1b[0;31mbad\x1b[0m \x1b[2J \u202e http://bob:secret@example.org/")
    '\x1b[0;31mbad\x1b[0m \\x1b[2J \\u202e http://bob:***@example.org/'
    """
    if text.isascii() and text.isprintable() and "://" not in text:
        return text
    parts = _COLOR.split(masked(text).replace("\r\n", "\n"))
    # Every second one is what stands between: the colours themselves stay.
    return "".join(part if number % 2 else visible(part, keep="\n\t") for number, part in enumerate(parts))


def nothing_raw(display: Any) -> None:
    """Let a Display show nothing raw, whoever hands it the text: Ansible's own warnings quote what modules answer."""
    shown = display.display
    if getattr(shown, "harmless", False):
        return

    def display_harmless(msg: Any, *args: Any, **options: Any) -> None:
        shown(harmless(str(msg)), *args, **options)

    display_harmless.harmless = True  # type: ignore[attr-defined]  # a mark on a function, so that it is put in once
    display.display = display_harmless


class LiveLine:
    """The last line of a terminal, written over in place while the time goes on.

    All that Ansible, its warnings and other people's callbacks show goes through the one Display, so the line makes way
    there. It comes back with the next `show`: never over a question that waits for its answer.
    """

    def __init__(self, display: Any) -> None:
        self._display = display
        self._process = os.getpid()
        self._begun = 0.0
        self._parts: tuple[str, str] | None = None
        threading.Thread(target=self._go_on, daemon=True).start()
        self._make_way()

    def show(self, before: str, begun: float, after: str) -> None:
        """Write the line: the time since `begun` stands between the two texts."""
        with self._display._lock:
            self._parts, self._begun = (before, after), begun
            self._write()

    def clear(self) -> None:
        """Take the line off the screen."""
        with self._display._lock:
            if self._parts is not None:
                self._parts = None
                sys.stdout.write(f"\r{CLEAR_TO_END}")

    def _write(self) -> None:
        if self._parts is not None:
            before, after = self._parts
            text = f"{before}{duration(time.monotonic() - self._begun)}{after}"
            # Whoever writes past the Display begins at the line's start.
            sys.stdout.write(f"\r{fit_columns(text, shutil.get_terminal_size().columns - 1)}{CLEAR_TO_END}\r")
            sys.stdout.flush()

    def _go_on(self) -> None:
        while True:
            time.sleep(1)
            # The lock under which Ansible forks: no worker inherits a half-written line.
            with self._display._lock:
                self._write()

    def _make_way(self) -> None:
        shown = self._display.display

        def display(*args: Any, **options: Any) -> None:
            # Workers hand what they show to the main process.
            if os.getpid() != self._process:
                shown(*args, **options)
                return
            with self._display._lock:
                self.clear()
                shown(*args, **options)

        self._display.display = display
