"""What --diff shows of bytes: what they mean, as the record does."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.reports.registry_diff import meant

CONNECTIONS = r"HKLM:\ANSIBLE\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
# Direct alone, as Windows 11 writes it; with a PAC file besides.
DIRECT = "46000000 02000000 01000000 00000000 00000000 00000000" + "00" * 32
PAC = "46000000 03000000 05000000 00000000 00000000 12000000 687474703a2f2f702e6578616d706c652f61" + "00" * 32


def of(text: str, kind: str = "Binary") -> dict[str, Any]:
    return {"type": kind, "value": [f"0x{one:02x}" for one in bytes.fromhex(text)]}


def test_a_connections_proxy_is_shown_decoded_on_both_sides():
    diff = {"before": {CONNECTIONS: {"IMR": of(DIRECT)}}, "after": {CONNECTIONS: {"IMR": of(PAC)}}}
    nothing = {"version": 70, "direct": True, "manual": False, "auto_detect": False, "proxy": "", "bypass": ""}
    assert meant(diff) == {
        "before": {CONNECTIONS: {"IMR": {"type": "Binary", "value": {**nothing, "pac": False, "pac_url": ""}}}},
        "after": {
            CONNECTIONS: {"IMR": {"type": "Binary", "value": {**nothing, "pac": True, "pac_url": "http://p.example/a"}}}
        },
    }


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (r"HKLM:\SOFTWARE\X", of("46000000"), "46 00 00 00"),
        (r"HKLM:\SOFTWARE\X", of("00ff", "None"), "00 ff"),
        (CONNECTIONS, of("4600"), "4600 (the value has 2 bytes; proxy settings begin with 12 bytes of header)"),
        (CONNECTIONS, of(""), "no bytes (the value has 0 bytes; proxy settings begin with 12 bytes of header)"),
        (CONNECTIONS, {"type": "String", "value": "0x46"}, "0x46"),
        (CONNECTIONS, {"type": "MultiString", "value": ["0x46"]}, ["0x46"]),
    ],
)
def test_other_bytes_are_one_line_and_other_types_stay(path, value, text):
    side = {path: {"a": value}}
    assert meant({"before": side, "after": {}})["before"][path]["a"]["value"] == text


@pytest.mark.parametrize(
    "diff",
    [[], {}, {"before": "", "after": "x"}, {"prepared": "--- a"}, {"before": {"path": None}, "after": {"path": {}}}],
)
def test_what_is_no_bytes_stays_as_it_is(diff):
    assert meant(diff) == diff
    assert meant([diff]) == [diff]
