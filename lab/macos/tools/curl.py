"""curl: fetching one file over HTTP, for a Mac that has no Python yet; it asks the network of the lab's computer."""

from __future__ import annotations

import shutil
import sys
import urllib.error
import urllib.request

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_FLAGS = set("fsSL")
_LONG = {"--fail": "f", "--silent": "s", "--show-error": "S", "--location": "L"}
_WITH_VALUE = {"-o", "--output", "--max-time", "-m", "--connect-timeout", "--retry", "--retry-delay"}
_CANNOT_CONNECT, _HTTP_ERROR, _CANNOT_WRITE = 7, 22, 23
_SECONDS = 60


def curl(_: Session, arguments: list[str]) -> int:
    """`curl -f[sSL] [-o FILE] URL`; limits of time and tries are taken as met."""
    flags, output, urls = _parse(arguments)
    if len(urls) != 1 or not urls[0].startswith("http://") or "f" not in flags:
        raise not_modelled("curl", arguments)
    try:
        with urllib.request.urlopen(urls[0], timeout=_SECONDS) as answer:  # noqa: S310 - http:// was checked
            if not output:
                shutil.copyfileobj(answer, sys.stdout.buffer)
                return 0
            try:
                with open(output, "wb") as file:
                    shutil.copyfileobj(answer, file)
            except OSError as error:
                raise ToolError(
                    f"curl: (23) Failure writing output to destination: {error.strerror}", _CANNOT_WRITE
                ) from error
    except urllib.error.HTTPError as error:
        raise ToolError(f"curl: (22) The requested URL returned error: {error.code}", _HTTP_ERROR) from None
    except urllib.error.URLError as error:
        raise ToolError(f"curl: (7) Failed to connect: {error.reason}", _CANNOT_CONNECT) from None
    return 0


def _parse(arguments: list[str]) -> tuple[set[str], str, list[str]]:
    flags: set[str] = set()
    urls: list[str] = []
    output, rest = "", list(arguments)
    while rest:
        word = rest.pop(0)
        if word in _LONG:
            flags.add(_LONG[word])
        elif word in _WITH_VALUE and rest:
            value = rest.pop(0)
            output = value if word in ("-o", "--output") else output
        elif word.startswith("-") and word[1:] and set(word[1:]) <= _FLAGS | {"o"} and not word.startswith("--"):
            flags |= set(word[1:]) & _FLAGS
            output = rest.pop(0) if word.endswith("o") and rest else output
        elif word.startswith("-"):
            raise not_modelled("curl", arguments)
        else:
            urls.append(word)
    return flags, output, urls


TOOLS = {"curl": curl}
