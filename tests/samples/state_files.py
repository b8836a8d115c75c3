"""State files as users send them, of a simulated laptop that the lab's reader has read."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader

from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.state.check_package import whole_request
from plugins.plugin_utils.state.check_request import sign
from plugins.plugin_utils.state.reader import request_of
from tests.samples.roles import document_of

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
NAME, PLATFORM, ROLE = "nb-07", "Windows", "vpn_profile"
TUNNELS = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"
VARIABLES = {
    "vpn_profile_connections": [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp", "port": 443, "description": "x"}]
}
WANTED: dict[str, Any] = desired(ROLE, DataLoader(), VARIABLES, PLATFORM)
READS: dict[str, Any] = WANTED["reads"]
_DOCUMENT = document_of(build_windows(NAME, Variant("11-24H2", "Pro", "ja-JP", "drifted"), 1), READS)


def token(endpoint: str = NAME, *, key: bytes = KEY, made: datetime = NOW - timedelta(days=5), days: int = 90) -> str:
    """Return a signed request for all that the role wants to read."""
    reads = whole_request(PLATFORM, request_of(PLATFORM, [READS]))
    return sign(endpoint, PLATFORM, reads, key=key, now=made, days=days)


def answer(measured: datetime = NOW - timedelta(days=3), **changed: Any) -> dict[str, Any]:
    """Return what a check writes, with these parts changed by hand."""
    made = {
        "schema": 1,
        "token": token(),
        "measured_at": measured.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "computer": "NB-07",
        "administrator": True,
        "warnings": [],
        "document": copy.deepcopy(_DOCUMENT),
    }
    return made | changed


def write(folder: Path, content: Any, name: str = f"{NAME}.state.json") -> str:
    """Write a state file and return its path."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)
