"""When what vpn_profile writes on a Mac takes effect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.samples.documents import APP, BEFORE_PLIST, PLIST, mac
from tests.samples.mac_roles import planned

CONNECTIONS = [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp"}]


@pytest.mark.parametrize(
    ("console_user", "tunnel", "words"),
    [
        ("taro", False, ""),
        (None, False, "takes effect at the next logon"),
        ({"error": "/dev/console may not be read"}, False, "takes effect at the next logon"),
        ("taro", True, "takes effect the next time FortiClient starts"),
    ],
)
def test_the_record_says_when_it_takes_effect(console_user: Any, tunnel: bool, words: str):
    document = {**mac(), "console_user": console_user, "tunnel": {"active": tunnel, "services": []}}
    result = planned("vpn_profile", document, vpn_profile_connections=CONNECTIONS)
    assert set(result.effects.values()) == {words}


@pytest.mark.parametrize("tunnel", [True, False])
def test_nothing_is_written_while_a_tunnel_is_up(tunnel: bool):
    document = mac()
    document["plists"] = {PLIST: {"exists": True, "format": "xml", "data": {}}, BEFORE_PLIST: {"exists": False}}
    document["files"] = {APP: {"exists": True, "type": "file", "owner": "root", "group": "wheel", "mode": "0644"}}
    document["tunnel"]["active"] = tunnel
    result = planned("vpn_profile", document, vpn_profile_connections=CONNECTIONS)
    assert result.as_dict()["has_writes"] is not tunnel
    assert {item["status"] for item in result.records} == {"drifted"}
    if tunnel:
        assert all(
            item["reason"].endswith("postponed: a VPN tunnel is up; run again when it is disconnected")
            for item in result.records
        )
