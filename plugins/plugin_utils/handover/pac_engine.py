"""The JavaScript engine, in a process of its own: one question from standard input, the answers on standard output.

Started as a file by pac.py, so it imports nothing of this collection. The engine is QuickJS, which has neither files
nor a network, with limits on time, memory and stack. What it prints is one JSON text a line: first whether the PAC
could be loaded (true, or the reason as a text), then, as soon as it is known, one answer for each URL.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MEMORY_BYTES = 64 * 1024 * 1024
STACK_BYTES = 512 * 1024
# Of the whole process, Python included: it opens no file, writes none, starts no program, and has an end.
LIMITS = {
    "RLIMIT_AS": 1024 * 1024 * 1024,
    "RLIMIT_CPU": 120,
    "RLIMIT_NOFILE": 0,
    "RLIMIT_FSIZE": 0,
    "RLIMIT_CORE": 0,
}
# Our own functions begin below the last line that a PAC can have, so that a line number tells whose it is.
LINES_OF_A_PAC = 1024 * 1024

# Windows' own programs ask the second instead of the first, where a PAC has it; browsers never do.
FIND, FIND_EX = "FindProxyForURL", "FindProxyForURLEx"

_FUNCTIONS = Path(__file__).with_name("pac_functions.js")
_LINE = re.compile(r"^ +at .*?<input>:(\d+)", re.MULTILINE)


class RefusedError(ValueError):
    """The PAC, or the engine, cannot do what is asked; the message says why."""


class Browser:
    """One engine with the PAC in it, as a browser keeps it for all its requests."""

    def __init__(self, question: Mapping[str, Any]) -> None:
        """Load the PAC. Raises RefusedError."""
        try:
            import quickjs  # noqa: PLC0415 - only this process needs it, and a controller without it can do all else
        except ImportError:
            raise RefusedError(
                "the package quickjs-ng is not installed on the controller: pip install quickjs-ng"
            ) from None
        self._error = quickjs.JSException
        self._seconds = question["seconds"]
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY_BYTES)
        self._context.set_max_stack_size(STACK_BYTES)
        self._context.set_time_limit(self._seconds)
        self._context.eval("\n" * LINES_OF_A_PAC + _FUNCTIONS.read_text(encoding="utf-8"))
        known, client = json.dumps(question["addresses"]), json.dumps(question["client_addresses"])
        self._context.eval(f"__addresses = {known}; __client = {client};")
        # Taken before the PAC can put another in its place.
        self._find = self._context.get("__find")
        # The time zone is a file, and no file can be opened after this.
        self._context.eval("new Date().getHours()")
        confine()
        try:
            self._context.eval(question["pac"])
            # A const or a class of this name is none for a browser, which looks at the global object.
            kinds = {name: self._context.eval(f"typeof globalThis.{name}") for name in (FIND, FIND_EX)}
        except self._error as error:
            raise RefusedError(f"the PAC is refused by the JavaScript engine: {self._words(error)}") from None
        if kinds[FIND] != "function":
            raise RefusedError(f"the PAC has no function {FIND}; is it a PAC at all, or a page that says so?")
        self._has_ex = kinds[FIND_EX] == "function"

    def ask(self, url: str, host: str) -> dict[str, Any]:
        """Return what the PAC answers for a URL, and the names that it could not resolve."""
        answer = {"got": self._said(FIND, url, host), "ex": None}
        if self._has_ex:
            answer["ex"] = self._said(FIND_EX, url, host)
        try:
            unknown = str(self._context.eval("var __seen = Object.keys(__unknown).join(' '); __unknown = {}; __seen"))
        except self._error:
            unknown = ""
        return answer | {"unknown": unknown.split()}

    def _said(self, function: str, url: str, host: str) -> dict[str, str]:
        try:
            got = self._find(function, url, host)
        except self._error as error:
            return {"error": f"{function} fails: {self._words(error)}"}
        if not isinstance(got, str):
            return {"error": f"no text: {got}"}
        # Chromium refuses such an answer as a whole.
        return {"text": got} if got.isascii() else {"error": f"not all of it is ASCII: {got}"}

    def _words(self, error: Exception) -> str:
        """Return the engine's first line, and the line of the PAC that it was at."""
        # "null" is left when the message found no memory.
        words = (str(error).splitlines() or [""])[0].replace("null", "out of memory")
        if "interrupted" in words:
            return f"it ran longer than {self._seconds} seconds"
        lines = [int(line) for line in _LINE.findall(str(error))]
        at = next((line for line in lines if line <= LINES_OF_A_PAC), None)
        return words if at is None else f"{words}, in line {at}"


def confine() -> None:
    """Take from this process what the engine does not need, should a PAC ever break out of it."""
    for name, most in LIMITS.items():
        kind = getattr(resource, name)
        _soft, hard = resource.getrlimit(kind)
        # Less than that may have been set by others.
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def _main() -> None:
    question = json.load(sys.stdin)
    try:
        browser = Browser(question)
    except RefusedError as refused:
        return _say(str(refused))
    _say(True)
    for url, host in question["urls"]:
        _say(browser.ask(url, host))
    return None


if __name__ == "__main__":
    _main()
