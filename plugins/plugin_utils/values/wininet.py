r"""The proxy settings of one Windows connection, in the binary form in which WinINet keeps them.

Value `<connection name>` under `Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections`. The form
is not documented by Microsoft; the layout is what independent readers agree on (docs/sources/windows.md#proxy-blob),
little endian:

    0   DWORD    version, 0x46 from Internet Explorer 7 to Windows 11
    4   DWORD    counter, one more with every change
    8   DWORD    flags: 1 direct (always set), 2 manual proxy, 4 PAC URL, 8 auto-detect
    12  3 times  DWORD length, then so many bytes without a terminator: proxy, bypass list, PAC URL
    ..  32 bytes trailer of unknown meaning, mostly zero

Decoded, it is a dict:

    version, counter                       int
    direct, manual, pac, auto_detect       bool, the flags
    proxy, bypass, pac_url                 str, read byte by byte as Latin-1
    trailer                                str, the bytes in hex
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

VERSION = 0x46
TRAILER_SIZE = 32
FLAGS = {"direct": 1, "manual": 2, "pac": 4, "auto_detect": 8}
STRINGS = ("proxy", "bypass", "pac_url")
FIELDS = ("version", "counter", *FLAGS, *STRINGS, "trailer")

_DWORD = 4
_HEADER = struct.Struct("<III")
_KNOWN_FLAGS = sum(FLAGS.values())


class WininetError(ValueError):
    """Bytes that are no proxy settings, or fields that no proxy settings can have; the message says what is wrong."""


def decode(hex_text: str) -> dict[str, Any]:
    """Return the fields of one connection's value, given as hex text.

    A missing PAC URL is tolerated: some tools leave the field out and let the zero trailer stand in for it
    (NetworkingDsc, 52 bytes for a direct connection). Raises WininetError for everything else that is cut short.
    """
    data = _bytes(hex_text)
    if len(data) < _HEADER.size:
        raise WininetError(f"the value has {len(data)} bytes; proxy settings begin with {_HEADER.size} bytes of header")
    version, counter, flags = _HEADER.unpack_from(data)
    decoded: dict[str, Any] = {"version": version, "counter": counter}
    decoded |= {name: bool(flags & bit) for name, bit in FLAGS.items()}
    offset = _HEADER.size
    for name in STRINGS:
        if name == "pac_url" and len(data) - offset < _DWORD:
            decoded[name] = ""
        else:
            decoded[name], offset = _string(data, offset, name)
    return decoded | {"trailer": data[offset:].hex()}


def encode(fields: Mapping[str, Any], previous: str | None) -> str:
    """Return the value, in hex, that has these fields and keeps all else of the value that is there now.

    `previous` is that value in hex, or None when there is none; one that cannot be decoded counts as none. The version
    is always 0x46, the flag for direct always set (without it the others have no effect), the counter one more than
    before, and the trailer what it was: these fields are ignored in `fields`, so that a decoded dict can be given back.
    Raises WininetError for a field that does not exist or has a value of the wrong kind.
    """
    _check(fields)
    old, flags = _previous(previous)
    new = old | {name: fields[name] for name in (*FLAGS, *STRINGS) if name in fields} | {"direct": True}
    flags |= sum(bit for name, bit in FLAGS.items() if new[name])
    counter = (old["counter"] + 1) % 2**32
    trailer = bytes.fromhex(old["trailer"]).ljust(TRAILER_SIZE, b"\0")
    strings = b"".join(_field(name, new[name]) for name in STRINGS)
    return (_HEADER.pack(VERSION, counter, flags) + strings + trailer).hex()


def _bytes(hex_text: str) -> bytes:
    try:
        return bytes.fromhex(hex_text)
    except (TypeError, ValueError) as wrong:
        raise WininetError(f"the value {hex_text!r:.80} is not hex text: {wrong}") from None


def _string(data: bytes, offset: int, name: str) -> tuple[str, int]:
    start = offset + _DWORD
    if len(data) < start:
        raise WininetError(f"the value ends at byte {len(data)}, before the length of {name}")
    end = start + int.from_bytes(data[offset:start], "little")
    if len(data) < end:
        raise WininetError(
            f"{name} has a length of {end - start} bytes at byte {offset}; only {len(data) - start} follow"
        )
    return data[start:end].decode("latin-1"), end


def _previous(hex_text: str | None) -> tuple[dict[str, Any], int]:
    """Return the fields that are there and those flag bits that nobody has explained, which stay as they are."""
    if hex_text is not None:
        try:
            return decode(hex_text), _HEADER.unpack_from(_bytes(hex_text))[2] & ~_KNOWN_FLAGS
        except WininetError:
            pass  # Windows cannot read it either, so there is nothing to keep
    return {"counter": 0, "trailer": ""} | dict.fromkeys(FLAGS, False) | dict.fromkeys(STRINGS, ""), 0


def _check(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in FIELDS:
            raise WininetError(f"there is no field {name!r} in proxy settings; fields are {', '.join(FIELDS)}")
        kind = bool if name in FLAGS else str if name in STRINGS else object
        if not isinstance(value, kind):
            raise WininetError(f"{name} is {value!r}; it must be {'true or false' if kind is bool else 'a text'}")


def _field(name: str, text: str) -> bytes:
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        raise WininetError(f"{name} is {text!r}; WinINet keeps one byte a character, so use ASCII") from None
    return len(data).to_bytes(_DWORD, "little") + data
