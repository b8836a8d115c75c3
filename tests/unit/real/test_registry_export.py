"""What the tests over Wine compare registries with."""

from __future__ import annotations

import pytest

from tests.real import registry_export

BEFORE = r"""Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\Software\A]
@="default"
"a text"="C:\\x \"y\""
"bytes"=hex:01,02,\
  03,04
"two lines"="first
second"

[HKEY_LOCAL_MACHINE\Software\A\学会 [1]]
"number"=dword:0000000a
"""


def test_keys_values_and_texts_are_read_as_they_are_written():
    assert registry_export.parse("\ufeff" + BEFORE.replace("\n", "\r\n")) == {
        r"HKEY_LOCAL_MACHINE\Software\A": {
            "@": '"default"',
            "a text": r'"C:\\x \"y\""',
            "bytes": "hex:01,02,03,04",
            "two lines": '"first\nsecond"',
        },
        r"HKEY_LOCAL_MACHINE\Software\A\学会 [1]": {"number": "dword:0000000a"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("REGEDIT4\n", "it begins with 'REGEDIT4'"),
        (BEFORE + "something else\n", "'something else"),
        (BEFORE + '"open="x\n', "no line of an export"),
    ],
)
def test_what_is_no_export_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        registry_export.parse(text)


def test_what_is_new_gone_and_other_is_named_with_its_data():
    after = BEFORE.replace("03,04", "03,05").replace('@="default"\n', "").replace("学会 [1]", "B").replace("0a", "0b")
    assert registry_export.differences(registry_export.parse(BEFORE), registry_export.parse(after)) == [
        r'- HKEY_LOCAL_MACHINE\Software\A @ = "default"',
        r"~ HKEY_LOCAL_MACHINE\Software\A bytes = hex:01,02,03,04 -> hex:01,02,03,05",
        r"+ HKEY_LOCAL_MACHINE\Software\A\B",
        r"+ HKEY_LOCAL_MACHINE\Software\A\B number = dword:0000000b",
        r"- HKEY_LOCAL_MACHINE\Software\A\学会 [1]",
    ]


def test_what_is_known_is_left_out_and_its_neighbours_stay():
    lines = [r"+ HKLM\Software\A", r"+ HKLM\Software\A x = 1", r"~ HKLM\Software\A\B y = 1 -> 2", r"- HKLM\Software\AB"]
    assert registry_export.without(lines, [r"hklm\software\a"]) == [r"- HKLM\Software\AB"]
