"""Text of endpoints and people made fit for files that other programs read: every character visible, no text endless.

What is changed here is changed for the eye: the run's JSON Lines file keeps every text as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..records.records import NOT_READ
from ..records.since import moment
from .summary import NEXT_STEPS

# As many as one cell of Excel holds; no export carries a longer text.
LONGEST = 32_767
_PLANES = "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(1, 17))
# Controls, marks without width or that turn the reading direction, halves of characters, and what is no character. As
# code points, since the categories of `unicodedata` differ between releases of Python and so would the files.
_ODD = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    rf"\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff{_PLANES}]"
)


def visible(text: str, keep: str = "") -> str:
    r"""Return the text with every character that does not show written as an escape, such as \x00; but for `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def cut(text: str, longest: int = LONGEST) -> str:
    """Return a text of at most `longest` characters, counted as Excel does (UTF-16), with a mark where it was cut."""
    if 2 * len(text) <= longest:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    if len(raw) <= 2 * longest:
        return text
    mark = f"... (cut: {len(text)} characters; the JSON Lines file has the whole)"
    return raw[: 2 * (longest - len(mark))].decode("utf-16-le", "ignore") + mark


def fit(text: str) -> str:
    r"""Return the text with every character visible but line ends (as \n) and tabs, and at most LONGEST characters."""
    return cut(visible(text.replace("\r\n", "\n"), keep="\n\t"))


def value_text(value: Any) -> str:
    """Return an expected or actual value as text: a text as it is, `not set`, a list with commas, the rest as JSON.

    What was not read is `not read`.
    """
    if value is None:
        return "not set"
    if value == NOT_READ:
        return "not read"
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def next_step(item: Mapping[str, Any]) -> str:
    """Return what to do about a record; empty for one that is good."""
    return str(item.get("next") or NEXT_STEPS.get(item["status"], ""))


def waiver_text(item: Mapping[str, Any]) -> str:
    """Return whose waiver a record has, until when, why and under which ticket; empty when it has none."""
    waiver = item.get("waiver")
    if not waiver:
        return ""
    ticket = f" ({waiver['ticket']})" if waiver["ticket"] else ""
    return f"{waiver['owner']}, until {waiver['expires']}: {waiver['reason']}{ticket}"


@lru_cache(maxsize=10_000)
def seconds(at: str) -> int | None:
    """Return a record's time as seconds since 1970; None for a text that is no time."""
    try:
        return int(moment(at).timestamp())
    except ValueError:
        return None
