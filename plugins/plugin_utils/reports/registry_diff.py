"""What `--diff` shows of a registry value that is bytes: what the bytes mean, or one line of them.

`win_regedit` tells bytes as a list, which is a line a byte. A record shows a connection's proxy decoded, and so does
this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values import wininet

_CONNECTIONS = "internet settings\\connections"
_BYTES = ("Binary", "None")
# They change with every write, or say nothing to a person.
_INTERNAL = ("counter", "trailer")


def meant(diff: Any) -> Any:
    """Return a task's diff with the bytes in it as what they mean; anything else stays as it is."""
    if isinstance(diff, list):
        return [meant(one) for one in diff]
    if not isinstance(diff, Mapping):
        return diff
    return {key: _side(side) if key in ("before", "after") else side for key, side in diff.items()}


def _side(side: Any) -> Any:
    if not isinstance(side, Mapping):
        return side
    return {
        path: {name: _value(str(path), value) for name, value in values.items()}
        if isinstance(values, Mapping)
        else values
        for path, values in side.items()
    }


def _value(path: str, value: Any) -> Any:
    if not isinstance(value, Mapping) or value.get("type") not in _BYTES or not isinstance(value.get("value"), list):
        return value
    digits = [str(one).removeprefix("0x") for one in value["value"]]
    return {**value, "value": _settings("".join(digits)) if _is_proxy(path) else " ".join(digits)}


def _is_proxy(path: str) -> bool:
    return path.rstrip("\\").casefold().endswith(_CONNECTIONS)


def _settings(digits: str) -> Any:
    try:
        decoded = wininet.decode(digits)
    except wininet.WininetError as error:
        return f"{digits or 'no bytes'} ({error})"
    return {name: decoded[name] for name in wininet.FIELDS if name not in _INTERNAL}
