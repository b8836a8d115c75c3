"""How the tests of planning run a plan, and what they plan on."""

from __future__ import annotations

import json
from typing import Any

from plugins.plugin_utils.plan.plan import Plan, plan
from tests.samples.documents import BEFORE, TUNNELS, WINDOWS_READS, key, sz, windows

IMR = TUNNELS + r"\IMR"


def run(controls: list[dict[str, Any]], document: dict[str, Any] | None = None, **options: Any) -> Plan:
    return plan(controls, document or windows(), "vpn_profile", reads=WINDOWS_READS, **options)


def statuses(result: Plan) -> list[tuple[str, str | None, str]]:
    return [(item["control"], item["instance"], item["status"]) for item in result.records]


def drifted(server: Any = "evil.example.com:443") -> dict[str, Any]:
    document = windows()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz(server)
    return document


def with_memory(document: dict[str, Any], entries: Any, role: str = "vpn_profile") -> dict[str, Any]:
    text = entries if isinstance(entries, str) else json.dumps({"schema": 1, "entries": entries})
    document["registry"][BEFORE] = key({role: sz(text)})
    return document


def entry(where: dict[str, Any], before: dict[str, Any], control: str = "vpn_profile.server") -> dict[str, Any]:
    return {"control": control, "instance": "IMR", "where": where, "before": before}


SERVER_BEFORE = entry({"registry": IMR, "value": "Server"}, {"value": "old.example.com:443", "type": "REG_SZ"})
