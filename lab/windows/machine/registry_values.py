"""A registry value, its types, and what Windows refuses."""

from __future__ import annotations

from typing import NamedTuple

RANGES = {"REG_DWORD": 2**32, "REG_QWORD": 2**64}
TYPES = ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ", "REG_DWORD", "REG_QWORD", "REG_BINARY", "REG_NONE")


class Value(NamedTuple):
    """One registry value.

    Data: text for SZ and EXPAND_SZ (unexpanded), list of text for MULTI_SZ, unsigned int for DWORD and QWORD, else
    bytes; also of a DWORD or QWORD with more bytes than that type has.
    """

    type: str
    data: str | int | list[str] | bytes


class RegistryError(Exception):
    """What Windows would refuse.

    `code` is the Win32 error number: 2 not found, 5 denied, 32 in use, 87 bad parameter, 183 exists.
    """

    def __init__(self, code: int, message: str) -> None:
        """Keep the Win32 number beside the text."""
        super().__init__(message)
        self.code = code


def check(value: Value) -> Value:
    """Return the value in its normal form (bytes, own list); RegistryError 87 when the data does not fit the type."""
    kind, data = value
    if kind not in TYPES:
        raise RegistryError(87, f"registry type {kind!r} is unknown; allowed: {', '.join(TYPES)}")
    if kind in RANGES:
        # Windows keeps what somebody wrote, also when it is longer than its type.
        if isinstance(data, bytes) and RANGES[kind] < 256 ** len(data):
            return value
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < RANGES[kind]:
            raise RegistryError(87, f"{kind} needs an integer from 0 to {RANGES[kind] - 1}, not {data!r}")
    elif kind in ("REG_BINARY", "REG_NONE"):
        if not isinstance(data, bytes | bytearray):
            raise RegistryError(87, f"{kind} needs bytes, not {data!r}")
        return Value(kind, bytes(data))
    elif kind == "REG_MULTI_SZ":
        if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
            raise RegistryError(87, f"{kind} needs a list of strings, not {data!r}")
        return Value(kind, list(data))
    elif not isinstance(data, str):
        raise RegistryError(87, f"{kind} needs a string, not {data!r}")
    return Value(kind, data)
