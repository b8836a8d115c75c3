"""Conversion and comparison of win_regedit's `data`, with the habits of PowerShell 5.1 and .NET in it.

Source: ansible.windows win_regedit. What a playbook can hardly mean (a list for a string) is refused as not modelled.
"""

from __future__ import annotations

import re
from typing import Any

from lab.windows.calls.dotnet import dotnet_text
from lab.windows.calls.models import ModuleCrash, ModuleFailure
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.registry import Value

_TYPES = {
    "none": "REG_NONE",
    "binary": "REG_BINARY",
    "dword": "REG_DWORD",
    "expandstring": "REG_EXPAND_SZ",
    "multistring": "REG_MULTI_SZ",
    "string": "REG_SZ",
    "qword": "REG_QWORD",
}


def convert(kind: str, data: Any, *, has_name: bool) -> Value | None:
    """Return the value to write, None when nothing but the key is asked for (no name and no data)."""
    if kind in ("binary", "none"):
        return Value(_TYPES[kind], _bytes(data))
    if kind == "dword":
        return Value("REG_DWORD", _number(data, 32))
    if kind == "qword":
        return Value("REG_QWORD", _number(data, 64))
    if kind == "multistring":
        return Value("REG_MULTI_SZ", _texts(data))
    if data is None:
        return Value(_TYPES[kind], "") if has_name else None
    if isinstance(data, list | dict):
        raise NotModelled(f"win_regedit data of type {type(data).__name__} for a value of type {kind}")
    return Value(_TYPES[kind], dotnet_text(data))


def differs(old: Value, new: Value) -> bool:
    """Tell whether the data differ as the module sees it: arrays without regard to case, the rest with."""
    if isinstance(old.data, bytes | list):
        return _items(old.data) != _items(new.data)
    if isinstance(old.data, int):
        return _as_number(new.data) != old.data
    return old.data != (" ".join(map(str, new.data)) if isinstance(new.data, list | bytes) else str(new.data))


def _items(data: Any) -> list[str]:
    items = list(data) if isinstance(data, bytes | list) else [data]
    return [str(item).casefold() for item in items]


def _as_number(data: Any) -> int | None:
    """Return what PowerShell compares with a number on the left: text is read as one where it can be."""
    if isinstance(data, int):
        return data
    try:
        return _parse(str(data)) if isinstance(data, str) else None
    except ValueError:
        return None


def _parse(text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    if re.fullmatch(r"[+-]?0x[0-9a-f]+", text, re.IGNORECASE):
        return int(text, 16)
    if re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text):
        return int(text.split(".")[0])
    msg = "Input string was not in a correct format."
    raise ValueError(msg)


def _number(data: Any, bits: int) -> int:
    """Return the number to store, unsigned. Text has to be unsigned, decimal or 0x...; numbers may be negative."""
    if isinstance(data, list | dict):
        shown = dotnet_text(data)
        raise ModuleCrash(f'Cannot convert the "{shown}" value of type "{shown}" to type "System.Int{bits}".')
    if isinstance(data, str):
        data = _unsigned_64(data)
    elif isinstance(data, float):
        if data % 1 != 0:
            kind = "dword or qword"
            raise ModuleFailure(
                f"data '{dotnet_text(data)}' cannot be a decimal or float value with a remainder when type is {kind}"
            )
        data = int(data)
    number = int(data or 0)
    if number >= 2**bits:
        kind = "dword" if bits == 32 else "qword"
        raise ModuleFailure(f"data cannot be larger than 0x{2**bits - 1:x} when type is {kind}")
    if number < -(2 ** (bits - 1)):
        reason = f"Value was either too large or too small for an Int{bits}."
        raise ModuleCrash(f'Cannot convert value "{number}" to type "System.Int{bits}". Error: "{reason}"')
    return number % 2**bits


def _unsigned_64(text: str) -> int:
    try:
        number = _parse(text)
        if 0 <= number < 2**64:
            return number
        reason = "Value was either too large or too small for a UInt64."
    except ValueError as error:
        reason = str(error)
    raise ModuleCrash(f'Cannot convert value "{text}" to type "System.UInt64". Error: "{reason}"')


def _bytes(data: Any) -> bytes:
    if data is None:
        return b""
    if isinstance(data, str):
        return _hex_bytes(data)
    if isinstance(data, list):
        return bytes(_byte(item) for item in data)
    if isinstance(data, int) and not isinstance(data, bool):
        if data > 255:
            raise ModuleFailure(
                f"cannot convert binary data '{data}' to byte array, please specify this value as a yaml byte array "
                "or a comma separated hex value string"
            )
        return bytes([_byte(data)])
    raise NotModelled(f"win_regedit data of type {type(data).__name__} for a binary value")


def _byte(item: Any) -> int:
    try:
        number = item if isinstance(item, int) else _parse(str(item))
        if 0 <= number <= 255:
            return int(number)
        reason = "Value was either too large or too small for an unsigned byte."
    except ValueError as error:
        reason = str(error)
    raise ModuleCrash(f'Cannot convert value "{dotnet_text(item)}" to type "System.Byte". Error: "{reason}"')


def _hex_bytes(text: str) -> bytes:
    """Read what reg.exe exports ("hex:be,ef"), colons, or plain hex; an odd number of digits gives nothing at all."""
    text = re.sub(r"[^a-f0-9\\,x\-:]", "", re.sub(r"^hex:", "", text.lower())).replace(",", ":")
    if not text:
        return b""
    if ":" in text:
        parts = re.split(":+", text)
    elif len(text) == 1:
        parts = [text]
    elif len(text) % 2 == 0:
        parts = [part for part in re.split("([a-f0-9]{2})", text) if part]
    else:
        return b""
    return bytes(_hex_byte(part) for part in parts)


def _hex_byte(text: str) -> int:
    reason = "Could not find any recognizable digits."
    if re.fullmatch(r"(0x)?[0-9a-f]+", text):
        number = int(text, 16)
        if number <= 255:
            return number
        reason = "Value was either too large or too small for an unsigned byte."
    raise ModuleCrash(f'Exception calling "ToByte" with "2" argument(s): "{reason}"')


def _texts(data: Any) -> list[str]:
    if data is None:
        return []
    if not isinstance(data, list):
        return [dotnet_text(data)]
    if None in data:
        raise ModuleCrash("You cannot call a method on a null-valued expression.")
    return [dotnet_text(item) for item in data]
