"""What endpoints, files and people say, bounded: no text endless, nothing nested without end, no secret of a URL in it.

Everything that goes into a record passes through here, so that one odd value costs neither the report nor the terminal.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

# A URL that a browser takes has some two thousand characters; nothing longer is compared in practice.
LONGEST = 4096
# Of a list or an object, as JSON.
LONGEST_WHOLE = 32_768
# A property list has some ten levels. Python itself gives up at several hundred.
DEEPEST = 60
# Beyond that no other program reads a whole number exactly.
_LARGEST = 2**64
_MARK = 64
_NESTED = (dict, list)
# One encoder for all: json.dumps makes a new one for each value.
as_text = json.JSONEncoder(ensure_ascii=True, sort_keys=True).encode
MASKED = "***"
# A ' may be in a password; that it ends a parameter is said below.
_URL = re.compile(r"://[^\s\"<>]+")
# The last @ before the path ends the password, whatever is in it.
_USER = re.compile(r"(?<=://)([^/?#\s@:]*):[^/?#\s]+@")
# By its name, or by its looks: long, and no words.
_NAMED = (
    r"[\w.\-]*(?:token|secret|passw|pwd|apikey|api_key|access_key|signature|credential|auth)[\w.\-]*|key|sig|pass|code"
)
_PARAMETER = re.compile(
    # Whether a value follows is asked first: without that, a name that is "token" again and again takes hours.
    rf"([?&;])(?=[\w.\-]+=[,.]*[^&;#\s\"'<>,.])((?i:{_NAMED}))=[^&;#\s\"'<>]*[^&;#\s\"'<>,.]"
    r"|([?&;])([\w.\-]+)=[A-Za-z0-9_\-+/%]{24,}=*"
)


def bounded(value: Any) -> Any:
    """Return a value as a record may hold it; what is bounded already comes back as it is.

    >>> bounded({"a": [float("nan"), 1.5, 10**30], "b": "http://bob:secret@proxy.example.org/x.pac?token=abc"})
    {'a': ['nan', 1.5, '1000000000000000000000000000000'], 'b': 'http://bob:***@proxy.example.org/x.pac?token=***'}
    """
    # Most are texts, and short.
    if isinstance(value, str):
        return value if len(value) <= LONGEST and "://" not in value else cut(masked(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else cut(_digits(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    found = _bounded_parts(value, DEEPEST)
    whole = as_text(found)
    return found if len(whole) <= LONGEST_WHOLE else cut(whole)


def _bounded_parts(value: Any, levels: int) -> Any:
    # Most are texts, and asking whether a text is a Mapping takes longer than all else here.
    if value is None or isinstance(value, (str, int, float)):
        return bounded(value)
    if isinstance(value, (dict, Mapping)):
        if not levels:
            return "..., cut: nested too deep"
        return {_name(key): _bounded_parts(one, levels - 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bounded_parts(one, levels - 1) for one in value] if levels else "..., cut: nested too deep"
    # What no JSON has comes from no endpoint, but must cost nothing either.
    return cut(masked(str(value)))


def _name(key: Any) -> str:
    return cut(masked(_digits(key) if isinstance(key, int) else str(key)))


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        return f"a number of {number.bit_length()} bits"


def cut(text: str, longest: int = LONGEST) -> str:
    """Return a text of at most `longest` characters, with a word where it was cut.

    Two that differ only in what was cut off are told apart by the digest.

    >>> cut("x" * 1_048_576, 100)
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... 1,048,576 characters, cut (SHA-256 8f990ba0b577)'
    """
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[: longest - _MARK]}... {len(text):,} characters, cut (SHA-256 {digest})"


def masked(text: str) -> str:
    """Return a text without the secrets of the URLs in it: a password before the host, a token in the query.

    >>> masked("see https://example.org/p.pac?v=2&sig=x, ftp://a:b@c/")
    'see https://example.org/p.pac?v=2&sig=***, ftp://a:***@c/'
    """
    return _URL.sub(lambda found: _masked_url(found[0]), text) if "://" in text else text


def _masked_url(url: str) -> str:
    url = _USER.sub(rf"\1:{MASKED}@", url)
    return _PARAMETER.sub(lambda found: f"{found[1] or found[3]}{found[2] or found[4]}={MASKED}", url)


def too_deep(value: Any, most: int = DEEPEST) -> str:
    """Return where a value of JSON's objects and lists is nested deeper than `most` levels; empty when it is nowhere.

    Not by recursion, which is just what such a value exhausts.
    """
    waiting: list[tuple[Any, int, tuple[Any, ...]]] = [(value, 0, ())] if isinstance(value, _NESTED) else []
    while waiting:
        one, level, path = waiting.pop()
        if level >= most:
            return ".".join(cut(str(part), 80 + _MARK) for part in path) or "the whole of it"
        parts = one.items() if isinstance(one, dict) else enumerate(one)
        waiting += [
            (part, level + 1, (*path, name) if level < 4 else path) for name, part in parts if isinstance(part, _NESTED)
        ]
    return ""
