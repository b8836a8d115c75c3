"""Where would a browser go with this PAC file? Asked of the file itself, in a JavaScript engine.

The engine is QuickJS, which has neither files nor a network, in a process of its own with limits on time, memory and
stack. Names resolve from a given table alone, so the answer does not depend on where the controller stands.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# What browsers take is about this large (Chromium stops at 1 MiB); a PAC that needs the rest is broken.
MAX_PAC_BYTES = 1024 * 1024
SECONDS_A_CALL = 2
# The engine looks at its clock between two steps of JavaScript only, and one step can be long.
SECONDS_IN_ALL = 30
MEMORY_BYTES = 64 * 1024 * 1024
STACK_BYTES = 512 * 1024
KEYWORDS = ("PROXY", "HTTP", "HTTPS", "SOCKS", "SOCKS4", "SOCKS5")

_FUNCTIONS = Path(__file__).with_name("pac_functions.js")


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


def answers(
    pac: str, asked: Iterable[Mapping[str, Any]], addresses: Mapping[str, str], client_address: str
) -> list[Answer]:
    """Ask a PAC about each route {url, expected}.

    `expected` is what has to be tried first: `DIRECT`, `PROXY host:port`, or several joined with `;`. `addresses` is
    what dnsResolve knows (name to IPv4 address), `client_address` what myIpAddress says. Raises PacError.
    """
    wanted = [(str(one["url"]), str(one["expected"]), _routes(str(one["expected"]))) for one in asked]
    for url, text, routes in wanted:
        if routes is None:
            raise PacError(f"{url}: expected is {text!r}; allowed: DIRECT, PROXY host:port, or several joined with ;")
        if not urlsplit(url).hostname:
            raise PacError(f"{url!r} is no URL; allowed: http://host/path, https://host/path")
    if len(pac.encode()) > MAX_PAC_BYTES:
        raise PacError(f"the PAC is larger than {MAX_PAC_BYTES} bytes; browsers refuse it")
    reported = _in_own_process(
        {
            "pac": pac,
            "urls": [url for url, _text, _expected in wanted],
            "addresses": {str(name).lower(): str(address) for name, address in addresses.items()},
            "client_address": client_address,
            "seconds": SECONDS_A_CALL,
        }
    )
    found = []
    for (url, text, routes), (got, unknown) in zip(wanted, reported, strict=True):
        first = (_routes(got) or [])[: len(routes or ())]
        found.append(Answer(url, text, got, first == routes, tuple(unknown)))
    return found


def table(found: list[Answer]) -> str:
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
    return "\n".join(lines)


def _in_own_process(question: dict[str, Any]) -> list[tuple[str, list[str]]]:
    command = [sys.executable, "-I", __file__]
    try:
        done = subprocess.run(
            command, input=json.dumps(question), text=True, capture_output=True, timeout=SECONDS_IN_ALL, check=False
        )
    except subprocess.TimeoutExpired:
        raise PacError(f"the PAC ran longer than {SECONDS_IN_ALL} seconds in all and was stopped") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise PacError(f"the JavaScript engine ended without an answer: {last}")
    answer = json.loads(done.stdout)
    if isinstance(answer, str):
        raise PacError(answer)
    return [(str(got), list(unknown)) for got, unknown in answer]


class _Browser:
    """One engine with the PAC in it, as a browser keeps it for all its requests."""

    def __init__(self, question: Mapping[str, Any]) -> None:
        try:
            # Here and not above, since only this process needs it.
            import quickjs  # noqa: PLC0415
        except ImportError:
            raise PacError(
                "the package quickjs-ng is not installed on the controller: pip install quickjs-ng"
            ) from None
        self._error = quickjs.JSException
        self._seconds = question["seconds"]
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY_BYTES)
        self._context.set_max_stack_size(STACK_BYTES)
        self._context.set_time_limit(self._seconds)
        self._run(_FUNCTIONS.read_text(encoding="utf-8"))
        known, client = json.dumps(question["addresses"]), json.dumps(question["client_address"])
        self._run(f"__addresses = {known}; __client = {client};")
        self._run(question["pac"], "the PAC is refused by the JavaScript engine")
        if self._run("typeof FindProxyForURL") != "function":
            raise PacError("the PAC has no function FindProxyForURL; is it a PAC at all, or a page that says so?")
        if self._run("typeof FindProxyForURLEx") == "function":
            raise PacError("the PAC has FindProxyForURLEx, which Windows asks first; this check cannot run that one")

    def ask(self, url: str) -> tuple[str, list[str]]:
        """Return what the PAC answers for a URL, and the names that it could not resolve."""
        parts = urlsplit(url)
        # Browsers keep the path of an encrypted request from the PAC.
        shown = f"https://{parts.netloc}/" if parts.scheme == "https" else url
        self._run("__unknown = {}")
        asked = f"FindProxyForURL({json.dumps(shown)}, {json.dumps(parts.hostname)})"
        got = self._run(asked, f"the PAC fails for {url}")
        unknown = str(self._run("Object.keys(__unknown).join(' ')")).split()
        return got if isinstance(got, str) else f"(no text: {got})", unknown

    def _run(self, script: str, trouble: str = "the PAC broke the functions that it was given") -> Any:
        try:
            return self._context.eval(script)
        except self._error as error:
            # What follows the first line is the engine's own trace; "null" is left when the message found no memory.
            words = str(error).splitlines()[0].replace("null", "out of memory")
            if "interrupted" in words:
                words = f"it ran longer than {self._seconds} seconds"
            raise PacError(f"{trouble}: {words}") from None


def _routes(text: str) -> list[tuple[str, str]] | None:
    """Return the ways that a PAC's answer names, in order and in one spelling; None when it is no such answer."""
    found = []
    for part in text.split(";"):
        keyword, _space, place = part.strip().partition(" ")
        keyword, place = keyword.upper(), place.strip().lower()
        if keyword == "DIRECT" and not place:
            found.append((keyword, ""))
        elif keyword in KEYWORDS and place:
            found.append(("PROXY" if keyword == "HTTP" else keyword, place))
        elif part.strip():
            return None
    return found or None


def _main() -> None:
    """Answer one question from standard input on standard output: a list, or a text that says what is wrong."""
    question = json.load(sys.stdin)
    try:
        browser = _Browser(question)
        print(json.dumps([browser.ask(url) for url in question["urls"]]))
    except PacError as error:
        print(json.dumps(str(error)))


if __name__ == "__main__":
    _main()
