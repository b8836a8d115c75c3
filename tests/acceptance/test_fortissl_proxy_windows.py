"""The tunnel's connection has the PAC, automatic detection is off, LAN settings stay.

Source: docs/sources/service.md#proxy-on-windows.
"""

from __future__ import annotations

import struct

import pytest

testinfra_hosts = ["ansible://windows"]

PROFILES = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
CONNECTIONS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
FIREFOX = r"HKLM:\SOFTWARE\Policies\Mozilla\Firefox\Proxy"
NAMES = ("fortissl", "IMR")
PAC_URL = b"http://proxy.imr.tohoku.ac.jp/proxy.pac"
# Version, counter, direct and PAC, no proxy, no exceptions, the PAC's URL: a connection that nobody has touched before.
NEW_VALUE = (
    "46000000 01000000 05000000 00000000 00000000 27000000"
    " 687474703a2f2f70726f78792e696d722e746f686f6b752e61632e6a702f70726f78792e706163" + " 00" * 32
).replace(" ", "")


def parts(blob: bytes) -> tuple[int, list[bytes]]:
    """Return flags and the three texts, by nothing but struct."""
    version, _counter, flags = struct.unpack_from("<3I", blob)
    assert version == 0x46
    texts, at = [], 12
    for _ in range(3):
        (length,) = struct.unpack_from("<I", blob, at)
        texts.append(blob[at + 4 : at + 4 + length])
        at += 4 + length
    assert len(blob) - at == 32
    return flags, texts


@pytest.fixture
def holds(windows):
    """Return a function that says whether a connection's value in a hive file is exactly this (hex; empty: not there).

    Nothing reads a hive file but win_regedit, which in a dry run says whether it would change anything.
    """

    def look(home: str, name: str, blob: str) -> bool:
        asked = {"path": rf"HKLM:\ANSIBLE\{CONNECTIONS}", "hive": rf"{home}\NTUSER.DAT", "name": name}
        desired = {"state": "present", "type": "binary", "data": bytes.fromhex(blob).hex(",")}
        reported = windows(
            "ansible.windows.win_regedit", check=True, **asked, **(desired if blob else {"state": "absent"})
        )
        return not reported["changed"]

    return look


def assert_of_the_service(blob: bytes, whose: str) -> None:
    flags, (_proxy, _bypass, pac) = parts(blob)
    assert flags == 0b0101, f"{whose}: direct and PAC, neither manual proxy nor automatic detection"
    assert pac == PAC_URL


def test_every_user_has_the_pac_for_both_names_of_the_connection(windows, holds):
    sids = [
        sid
        for sid in windows("ansible.windows.win_reg_stat", path=PROFILES)["sub_keys"]
        if sid.startswith(("S-1-5-21-", "S-1-12-1-"))
    ]
    assert len(sids) > 2, "the lab gives every machine an administrator and two people"
    keys = {sid: windows("ansible.windows.win_reg_stat", path=rf"HKU:\{sid}\{CONNECTIONS}") for sid in sids}
    for sid, key in keys.items():
        for name in NAMES if key["exists"] else ():
            assert_of_the_service(bytes(key["properties"][name]["value"]), f"{sid} {name}")
    away = [sid for sid in sids if not keys[sid]["exists"]]
    assert away, "the lab has users who are not logged on"
    home = windows("ansible.windows.win_reg_stat", path=rf"{PROFILES}\{away[-1]}", name="ProfileImagePath")["value"]
    # IMR was new to everybody; what was there for fortissl differs from one to the other.
    assert holds(home, "IMR", NEW_VALUE), away[-1]


def test_new_users_begin_with_exactly_these_bytes_and_no_lan_settings(holds):
    for name in NAMES:
        assert holds(r"C:\Users\Default", name, NEW_VALUE)
    assert holds(r"C:\Users\Default", "DefaultConnectionSettings", "")


def test_no_user_s_hive_is_left_loaded(windows):
    assert not windows("ansible.windows.win_reg_stat", path=r"HKLM:\ANSIBLE")["exists"]


def test_firefox_has_the_pac_by_policy(windows):
    values = windows("ansible.windows.win_reg_stat", path=FIREFOX)["properties"]
    assert (values["Mode"]["type"], values["Mode"]["value"]) == ("REG_SZ", "autoConfig")
    assert values["AutoConfigURL"]["type"] == "REG_SZ"
    assert values["AutoConfigURL"]["value"] == "http://proxy.imr.tohoku.ac.jp/proxy.pac"
