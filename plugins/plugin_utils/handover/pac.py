"""Where would a browser go with this PAC file? Asked of the file itself, in a JavaScript engine (pac_engine.py).

Names resolve from a given table alone, so the answer does not depend on where the controller stands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from .pac_url import UrlError, as_shown, never_asked

# What browsers take is about this large (Chromium stops at 1 MiB); a PAC that needs the rest is broken.
MAX_PAC_BYTES = 1024 * 1024
SECONDS_A_CALL = 2
# The engine looks at its clock between two steps of JavaScript only, and one step can be long.
SECONDS_IN_ALL = 30
# Each such step costs the seconds above; a PAC that hangs for this many URLs hangs for all.
MOST_HANGS = 3
# Each with the port that browsers take where none is written.
KEYWORDS = {"PROXY": 80, "HTTP": 80, "HTTPS": 443, "SOCKS": 1080, "SOCKS4": 1080, "SOCKS5": 1080}

_UNASKED = {"got": {"text": "DIRECT"}}
_ENGINE = Path(__file__).with_name("pac_engine.py")


class PacError(ValueError):
    """A PAC that cannot be run, or an expected route that cannot be understood; the message says what to do."""


@dataclass(frozen=True)
class Answer:
    """What the PAC says about one URL. `got` is its own text; `unknown` are names that it wanted resolved in vain."""

    url: str
    expected: str
    got: str
    right: bool
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Route:
    url: str
    expected: str
    routes: list[tuple[str, str]]
    shown: tuple[str, str]


def answers(
    pac: str, asked: Iterable[Mapping[str, Any]], addresses: Mapping[str, Any], client_address: str
) -> list[Answer]:
    """Ask a PAC about each route {url, expected}; one that it fails for is wrong, and the others are judged.

    `expected` is what has to be tried first: `DIRECT`, `PROXY host:port`, or several joined with `;`. `addresses` is
    what names resolve to (name to address, or to several joined with `;`), `client_address` what myIpAddress says.
    Raises PacError.
    """
    wanted = [_route(str(one["url"]), str(one["expected"])) for one in asked]
    if len(pac.encode("utf-8", "surrogatepass")) > MAX_PAC_BYTES:
        raise PacError(f"the PAC is larger than {MAX_PAC_BYTES} bytes; browsers refuse it")
    question = {
        "pac": pac,
        "addresses": {
            str(name).lower().rstrip("."): _addresses(f"the address of {name}", value)
            for name, value in addresses.items()
        },
        "client_addresses": _addresses("the client's address", client_address),
        "seconds": SECONDS_A_CALL,
    }
    said = iter(_all_said(question, [route.shown for route in wanted if not never_asked(route.shown[1])]))
    return [_judged(route, _UNASKED if never_asked(route.shown[1]) else next(said)) for route in wanted]


def table(found: list[Answer], notes: Iterable[str] = ()) -> str:
    """Return the answers as lines for a person."""
    heads = ("", "URL", "EXPECTED", "GOT")
    rows = [("ok" if one.right else "WRONG", one.url, one.expected, one.got) for one in found]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]
    unknown = sorted({name for one in found for name in one.unknown})
    if unknown:
        lines.append(f"Names that the PAC wanted resolved and that have no address in the table: {', '.join(unknown)}")
    lines += [f"Note: {note}." for note in notes]
    return "\n".join(lines)


def _route(url: str, expected: str) -> _Route:
    routes = _routes(expected)
    if routes is None:
        raise PacError(f"{url}: expected is {expected!r}; allowed: DIRECT, PROXY host:port, or several joined with ;")
    try:
        return _Route(url, expected, routes, as_shown(url))
    except UrlError as error:
        raise PacError(str(error)) from None


def _addresses(whose: str, value: Any) -> list[str]:
    texts = [str(one).strip() for one in (value if isinstance(value, list) else str(value).split(";"))]
    try:
        return [str(ip_address(text)) for text in texts]
    except ValueError:
        raise PacError(f"{whose} is {value!r}; allowed: an IPv4 or IPv6 address, or several joined with ;") from None


def _judged(route: _Route, said: Mapping[str, Any]) -> Answer:
    ways = [one for one in (said["got"], said.get("ex")) if one is not None]
    right = all("text" in one and (_routes(one["text"]) or [])[: len(route.routes)] == route.routes for one in ways)
    got, *other = [one.get("text", f"({one.get('error')})") for one in ways]
    if other and other[0] != got:
        got = f"{got} in browsers, {other[0]} in Windows' own programs (FindProxyForURLEx)"
    return Answer(route.url, route.expected, got, right, tuple(said.get("unknown", ())))


def _all_said(question: dict[str, Any], urls: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return what the PAC says about each URL, with a new engine after each that took the engine down."""
    said: list[dict[str, Any]] = []
    for _hang in range(MOST_HANGS):
        fresh, trouble = _in_own_process({**question, "urls": urls[len(said) :]})
        said += fresh
        if trouble and len(said) < len(urls):
            said.append({"got": {"error": trouble}})
        if len(said) == len(urls):
            return said
    left = f"not asked: the PAC took the JavaScript engine down for {MOST_HANGS} others"
    return said + [{"got": {"error": left}}] * (len(urls) - len(said))


def _in_own_process(question: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Return the answers as far as they came, and why no more came. Raises PacError when it cannot be loaded."""
    command = [sys.executable, "-I", str(_ENGINE)]
    trouble = ""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    # Nothing of this controller's is there for a PAC: no folder, no open file, no variable of its environment but the
    # time zone, which a PAC may ask for.
    zone = {name: value for name, value in os.environ.items() if name == "TZ"}
    with subprocess.Popen(command, **pipes, text=True, encoding="utf-8", env=zone, cwd="/") as engine:
        try:
            out, err = engine.communicate(json.dumps(question), timeout=SECONDS_IN_ALL)
        except subprocess.TimeoutExpired:
            engine.kill()
            out, err = engine.communicate()
            trouble = f"it ran longer than {SECONDS_IN_ALL} seconds in one step and was stopped"
    if engine.returncode and not trouble:
        last = (err.strip().splitlines() or [f"exit code {engine.returncode}"])[-1]
        trouble = f"the JavaScript engine ended without an answer: {last}"
    lines = [json.loads(line) for line in out.splitlines() if line]
    if not lines:
        raise PacError(f"the PAC cannot be loaded: {trouble}")
    if lines[0] is not True:
        raise PacError(str(lines[0]))
    return lines[1:], trouble


def _routes(text: str) -> list[tuple[str, str]] | None:
    """Return the ways that a PAC's answer names, in order and in one spelling; None when it is no such answer."""
    found = []
    for part in text.split(";"):
        keyword, _space, place = part.strip().partition(" ")
        keyword, place = keyword.upper(), place.strip().lower()
        if keyword == "DIRECT" and not place:
            found.append((keyword, ""))
        elif keyword in KEYWORDS and place:
            port = "" if re.search(r":\d+$", place) else f":{KEYWORDS[keyword]}"
            found.append(("PROXY" if keyword == "HTTP" else keyword, place + port))
        elif part.strip():
            return None
    return found or None
