"""Registry values as people, installers and faults leave them: their bytes, and what these mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.windows.machine.registry import Value

KEY = r"HKLM\SOFTWARE\Odd"
NUMBERS = {
    "REG_NONE": 0,
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_MULTI_SZ": 7,
    "REG_QWORD": 11,
}


class Odd(NamedTuple):
    """One value: its bytes in the registry, and what they mean."""

    name: str
    raw: bytes
    value: Value


TEXTS = (
    "",
    " ",
    "a",
    " a ",
    "a\r\nb",
    "\t",
    "\x01\x1b[31m\x7f",
    "a\0b",
    "\0a",
    "\"quoted\" 'single'",
    "back\\slash\\",
    "100 %",
    "%TEMP%",
    "%NOBODY%\\x",
    "%%",
    "@%SystemRoot%\\system32\\x.dll,-100",
    "学会 山田",
    "ｶﾀｶﾅ",
    "か\u3099",
    "é\u0301",
    "😀",
    "\u202e\u2066",
    "\ufeff",
    "\uffff",
    "İıß",
    "$(x) `y` {0} {{ z }} #!<>&;|",
    "null",
    "True",
    "0x1",
    '{"a": [1]}',
    "[" * 500,
    "x" * 20000,
)
LISTS: tuple[list[str], ...] = ([], ["a"], ["a", "b"], ["a", "a"], ["学会", "😀", "%TEMP%"], [" "], ["x" * 5000] * 3)
BYTES = (b"", b"\0", b"\xff", bytes(range(256)), b"a\0b\0", b"\0" * 4, b"1" * 5000)
DWORDS = (0, 1, 10, 2**31 - 1, 2**31, 2**32 - 1)
QWORDS = (0, 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
NAMES = (
    "",
    "*",
    "?",
    "[x]",
    "a`b",
    "back\\slash",
    "a/b",
    " spaces ",
    "Ｗide",
    "学会",
    "😀",
    "か\u3099",
    "'",
    '"',
    "=",
    "@",
    "$x",
    "{0}",
    "%TEMP%",
    "(Default)",
    "PSPath",
    "Count",
    "keys",
    "error",
    "n" * 255,
)


def values() -> Iterator[Odd]:
    """Yield all of them."""
    for kind, mark in (("REG_SZ", "sz"), ("REG_EXPAND_SZ", "expand")):
        for number, text in enumerate(TEXTS):
            yield Odd(f"{mark} {number:02}", f"{text}\0".encode("utf-16-le", "surrogatepass"), Value(kind, text))
    # Nothing ends them: whoever wrote them forgot it.
    yield Odd("sz open", "abc".encode("utf-16-le"), Value("REG_SZ", "abc"))
    yield Odd("expand open", "abc".encode("utf-16-le"), Value("REG_EXPAND_SZ", "abc"))
    for number, texts in enumerate(LISTS):
        whole = "".join(f"{text}\0" for text in texts) + "\0"
        yield Odd(f"multi {number:02}", whole.encode("utf-16-le"), Value("REG_MULTI_SZ", texts))
    for kind, mark in (("REG_BINARY", "binary"), ("REG_NONE", "none")):
        for number, data in enumerate(BYTES):
            yield Odd(f"{mark} {number:02}", data, Value(kind, data))
    for number in DWORDS:
        yield Odd(f"dword {number}", number.to_bytes(4, "little"), Value("REG_DWORD", number))
    for number in QWORDS:
        yield Odd(f"qword {number}", number.to_bytes(8, "little"), Value("REG_QWORD", number))
    # Longer than their types.
    for kind in ("REG_DWORD", "REG_QWORD"):
        for data in (b"\1\2\3\4\5\6\7\x08", b"\1" * 9, b"\1" * 16):
            if len(data) > (8 if kind == "REG_QWORD" else 4):
                yield Odd(f"{kind} of {len(data)} bytes", data, Value(kind, data))
    for name in NAMES:
        yield Odd(name, f"{name}\0".encode("utf-16-le"), Value("REG_SZ", name))


def as_reg_file(odd: list[Odd]) -> str:
    """Return the text of a .reg file that makes them."""
    lines = ["Windows Registry Editor Version 5.00", "", f"[{KEY.replace('HKLM', 'HKEY_LOCAL_MACHINE')}]"]
    for each in odd:
        name = "@" if each.name == "" else '"' + each.name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        lines.append(f"{name}=hex({NUMBERS[each.value.type]:x}):{each.raw.hex(',')}")
    return "\n".join([*lines, ""])
