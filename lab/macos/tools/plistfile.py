"""Property lists of the simulated Mac, read and written by Python's plistlib."""

from __future__ import annotations

import plistlib
from typing import Any

from lab.macos.tools.common import ToolError

_UNREADABLE = (
    "Property List error: Unexpected character at line 1 / JSON error: JSON text did not start with array or object."
)


def load(file: str, refusal: str) -> tuple[Any, Any]:
    """Return (content, format). Raises ToolError with the text of the tool."""
    try:
        with open(file, "rb") as handle:
            data = handle.read()
    except OSError as error:
        raise ToolError(refusal.format(file=file, why=error.strerror)) from error
    kind = plistlib.FMT_BINARY if data.startswith(b"bplist") else plistlib.FMT_XML
    try:
        return plistlib.loads(data), kind
    except Exception as error:  # plistlib raises what expat raises
        raise ToolError(refusal.format(file=file, why=_UNREADABLE)) from error


def save(file: str, content: Any, kind: Any) -> None:
    """Write a property list in the given format. Raises OSError."""
    with open(file, "wb") as handle:
        plistlib.dump(content, handle, fmt=kind)


def step(node: Any, part: str) -> Any:
    """Return what lies one key, or one number in an array, deeper."""
    return node[int(part)] if isinstance(node, list) else node[part]
