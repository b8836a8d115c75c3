"""Whole numbers in texts that endpoints and files hold."""

from __future__ import annotations

# Python itself reads no more than 4,300 digits, and raises a plain ValueError beyond.
LONGEST = 4000


def whole_number(text: str) -> int | None:
    """Return the number that a text of digits stands for; None for any other text, and for one of endless digits.

    >>> whole_number("0445"), whole_number("-1"), whole_number("")
    (445, None, None)
    """
    return int(text) if len(text) <= LONGEST and text.isascii() and text.isdigit() else None
