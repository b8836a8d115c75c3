"""The little that the lab reads in a script's text before it runs the script's model: no PowerShell is run here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENTS = re.compile(r"<#.*?#>|#[^\r\n]*", re.DOTALL)
_HEAD = re.compile(r"(?P<attributes>(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]\s*)*)param\s*\(", re.IGNORECASE)
_NAME = re.compile(r"\$(\w+)")
_SUPPORTS = re.compile(r"\[CmdletBinding\([^)]*\bSupportsShouldProcess\b(?:\s*=\s*(?P<value>\$\w+))?", re.IGNORECASE)
_MANDATORY = re.compile(r"\bMandatory\b(?:\s*=\s*(?P<value>\$\w+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """What a script declares: its parameters (name: is it mandatory), and how it binds them."""

    parameters: dict[str, bool]
    advanced: bool  # [CmdletBinding()] or [Parameter()]: refuses a parameter that it does not declare
    supports_should_process: bool  # may run in check mode, and gets -WhatIf there


def head_of(source: str) -> Head:
    """Read the `param` block at the start of a script; a script without one has no parameters."""
    text = _COMMENTS.sub("", source).lstrip()
    found = _HEAD.match(text)
    if found is None:
        return Head({}, advanced=False, supports_should_process=False)
    parameters = {}
    declared = _split(text[found.end() :])
    for piece in declared:
        attributes, outside = _attributes(piece)
        name = _NAME.search(outside)
        if name:
            mandatory = _MANDATORY.search(attributes)
            parameters[name[1]] = mandatory is not None and _is_true(mandatory["value"])
    supports = _SUPPORTS.search(found["attributes"])
    return Head(
        parameters,
        advanced=bool(
            re.search(r"\[(CmdletBinding|Parameter)\b", text[: found.end()] + "".join(declared), re.IGNORECASE)
        ),
        supports_should_process=supports is not None and _is_true(supports["value"]),
    )


def _is_true(value: str | None) -> bool:
    return value is None or value.lower() == "$true"


def _split(text: str) -> list[str]:
    """Split what follows `param(` at its own commas, up to its closing parenthesis."""
    pieces, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}" and depth:
            depth -= 1
        elif character in ",)" and not depth:
            pieces.append(text[start:at])
            start = at + 1
            if character == ")":
                break
    return pieces


def _attributes(piece: str) -> tuple[str, str]:
    """Return what stands inside and what outside of square brackets."""
    inside, outside, depth = "", "", 0
    for character in piece:
        depth += character == "["
        if depth:
            inside += character
        else:
            outside += character
        depth -= character == "]"
    return inside, outside
