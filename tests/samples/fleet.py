"""A fleet as IT meets it on a Monday, as records: 30 endpoints with a story, or any number with the same story in it.

nb-0101  drifted since last week, because a person changed it       nb-0102  drifted since Friday: IT changed the value
nb-0103  new today: the VPN's port                                  pc-0201  new today: Remote Desktop without NLA
pc-0202  goes wrong again and again                                 nb-0104  fixed in this run
nb-0105  does not answer                                            nb-0106  handed over, silent as expected
nb-0107  handed over, silent for too long                           nb-0108  a waiver covers it
pc-0203  its waiver ran out today                                   pc-0204  Group Policy decides
mb-0301  could not be read                                          mb-0308  retired
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from plugins.plugin_utils.records.records import record

NOW = "2026-11-23T00:10:00Z"
FRIDAY = "2026-11-20T00:10:00Z"
LAST_WEEK = "2026-11-16T00:10:00Z"
BEGINNING = "2026-10-26T00:10:00Z"
OWNERS = ("佐藤 花子", "Tanaka Ichiro", "鈴木 一郎", "")
PAC = "http://proxy.example.org/proxy.pac"
CONTROLS = yaml.safe_load((Path(__file__).parent / "controls.yml").read_text(encoding="utf-8"))
ANSWERS = {"control": "endpoint.reachable", "title": "The endpoint answers"}
WAIVER = {
    "control": "vpn_profile.description",
    "hosts": ["nb-0108.example.org"],
    "instance": None,
    "owner": "鈴木 一郎",
    "reason": "shown on the projector, has to carry the meeting room's name",
    "expires": "2026-12-01",
    "ticket": "IT-812",
}
EXPIRED_WAIVER = {
    "control": "smb_firewall_scope.remote_address",
    "hosts": ["pc-0203.example.org"],
    "instance": "FPS-SMB-In-TCP",
    "owner": "Tanaka Ichiro",
    "reason": "scanner in the basement sends from another network until it is replaced",
    "expires": "2026-11-22",
    "ticket": "IT-774",
}
GUESTS = {
    **WAIVER,
    **{"control": "rdp_enable.users", "hosts": ["pc-0205.example.org"], "expires": "2027-01-31"},
    "reason": "two guests until January",
}
OWN_CLOCK = {**WAIVER, "control": "time_sync.type", "hosts": ["mb-03*"], "ticket": "", "reason": "has its own clock"}
LEFT = {**WAIVER, "control": "vpn_profile.port", "hosts": ["nb-0042.example.org"], "reason": "left in October"}
WAIVERS: list[dict[str, Any]] = [
    {**WAIVER, "state": "soon"},
    {**EXPIRED_WAIVER, "state": "expired"},
    {**OWN_CLOCK, "expires": "2027-03-31", "state": "used"},
    {**GUESTS, "state": "unused"},
    {**LEFT, "expires": "2027-01-31", "state": "unmatched"},
]


def sample_fleet(size: int = 30) -> list[dict[str, Any]]:
    """Return the stamped records of `size` endpoints, 30 at least; beyond the story every twentieth has drifted."""
    names = [f"nb-01{n:02}" for n in range(1, 15)] + [f"pc-02{n:02}" for n in range(1, 9)]
    names += [f"mb-03{n:02}" for n in range(1, 9)]
    names += [f"nb-{n:05}" for n in range(10_000, 10_000 + size - len(names))]
    return [item for place, name in enumerate(names) for item in _endpoint(f"{name}.example.org", place)]


def _endpoint(name: str, place: int) -> list[dict[str, Any]]:
    short, owner = name.partition(".")[0], OWNERS[place % len(OWNERS)]
    if short in _ALONE:
        return [_stamped(name, owner, {**_record(ANSWERS), **_ALONE[short]})]
    records = map(_record, [ANSWERS, *CONTROLS["mac" if name.startswith("mb") else "windows"]])
    changed = _STORY.get(short, _OLD_PAC if place >= 30 and place % 20 == 0 else {})
    return [_stamped(name, owner, {**item, **changed.get(item["control"], {})}) for item in records]


def _record(control: dict[str, Any]) -> dict[str, Any]:
    made = record(control["control"], "compliant", role=control["control"].split(".")[0])
    made |= {"since": BEGINNING, "news": "", "flapping": False, "moved": "", "life": "in_house"}
    return {**made, "changes": [{"at": BEGINNING, "status": "compliant"}], **control}


def _stamped(name: str, owner: str, item: dict[str, Any]) -> dict[str, Any]:
    versions = {"offsite_endpoints": "0.1.0", "ansible_core": "2.21.5"}
    return {"run": "20261123T001000.000000Z", "endpoint": name, "at": NOW, "versions": versions, "owner": owner, **item}


def _bad(actual: Any, reason: str, since: str, *, status: str = "drifted", **more: Any) -> dict[str, Any]:
    return {
        **{"status": status, "actual": actual, "reason": reason, "since": since, "moved": "endpoint"},
        "news": "new" if since == NOW else "still",
        "changes": [{"at": BEGINNING, "status": "compliant"}, {"at": since, "status": status}],
        **more,
    }


def _silent(status: str, reason: str, since: str, life: str, **more: Any) -> dict[str, Any]:
    changes = [{"at": BEGINNING, "status": "compliant"}, {"at": since, "status": status}]
    return {"status": status, "reason": reason, "since": since, "life": life, "changes": changes, **more}


OLD_PAC = "http://proxy.example.org/old.pac"
_OLD_PAC = {"fortissl_proxy.firefox_pac": _bad(OLD_PAC, f'is "{OLD_PAC}", should be "{PAC}"', LAST_WEEK)}
_UP_AND_DOWN = [
    {"at": f"2026-11-{day:02}T00:10:00Z", "status": "drifted" if n % 2 == 0 else "compliant"}
    for n, day in enumerate((4, 6, 9, 11, 16, 18, 23))
]
NO_ANSWER = (
    "no answer from nb-0105.example.org port 5986 in 5 s: the machine is off, asleep, or in a network that the "
    "controller cannot reach; last measured on 2026-11-22"
)
HANDED_OVER = "handed over on 2026-11-09; last measured on 2026-11-08; silence is expected"
STALE = "handed over on 2026-09-01; last measured on 2026-08-31; days without news: 83; stale from 60 on"
RETIRED = "retired on 2026-11-12: it is no longer in use. Take it out of the inventory, or run site.yml to use it again"
_ALONE = {
    "nb-0105": _silent("unreachable", NO_ANSWER, NOW, "in_house", news="new"),
    "nb-0106": _silent("offsite", HANDED_OVER, "2026-11-09T00:10:00Z", "offsite"),
    "nb-0107": _silent("stale", STALE, "2026-10-31T00:10:00Z", "offsite", news="still"),
    "mb-0301": {
        **_silent("error", "the answer is no state document: line 1: half of it is missing", NOW, "in_house"),
        **{"control": "endpoint.state", "title": "The endpoint's state can be read", "news": "new"},
    },
    "mb-0308": {
        **_silent("not_applicable", RETIRED, "2026-11-12T00:10:00Z", "retired"),
        **{"control": "endpoint.life", "title": "The endpoint is in use"},
    },
}
GATEWAY = "fg.example.org:443"
POLICY = "Group Policy sets fDenyTSConnections to 1 (HKLM\\SOFTWARE\\Policies); ask who keeps it"
_STORY: dict[str, dict[str, Any]] = {
    "nb-0101": {
        "vpn_profile.server": _bad(
            "203.0.113.9:443",
            f'is "203.0.113.9:443", should be "{GATEWAY}"',
            LAST_WEEK,
            next="run site.yml; the user set the gateway's address by hand",
        ),
        "fortissl_proxy.connection": _bad(
            {"auto_detect": True, "manual": False, "pac": True, "pac_url": OLD_PAC},
            "auto_detect and pac_url are not what they should be",
            LAST_WEEK,
        ),
    },
    "nb-0102": {
        "time_sync.servers": _bad(
            ["ntp1.example.org", "time.windows.com"],
            '"ntp2.example.org" is missing, "time.windows.com" is too much',
            FRIDAY,
            moved="desired",
        )
    },
    "nb-0103": {
        "vpn_profile.server": _bad("fg.example.org:10443", f'is "fg.example.org:10443", should be "{GATEWAY}"', NOW)
    },
    "nb-0104": {
        "smb_firewall_scope.remote_address": {
            **{"status": "fixed", "before": ["*"], "news": "fixed", "since": NOW, "moved": "endpoint"},
            "changes": [{"at": FRIDAY, "status": "drifted"}, {"at": NOW, "status": "fixed"}],
        },
        "smb_firewall_scope.enabled": {
            **{"news": "fixed", "since": NOW},
            "changes": [{"at": FRIDAY, "status": "drifted"}, {"at": NOW, "status": "compliant"}],
        },
    },
    "nb-0108": {
        "vpn_profile.description": {
            **{"status": "waived", "actual": "Seminar room", "waiver": WAIVER},
            "reason": 'is "Seminar room", should be "Office SSL-VPN"',
        }
    },
    "pc-0201": {
        "rdp_enable.nla": _bad(0, "is 0, should be 1", NOW, moved_by="undo 20261120T143000.000000Z"),
    },
    "pc-0202": {
        "rdp_enable.running": _bad(
            "Stopped", 'is "Stopped", should be "Running"', NOW, flapping=True, changes=_UP_AND_DOWN
        )
    },
    "pc-0203": {
        "smb_firewall_scope.remote_address": _bad(
            ["LocalSubnet", "192.0.2.0/24", "198.51.100.0/24"],
            '"198.51.100.0/24" is too much',
            NOW,
            status="waiver_expired",
            moved="",
            waiver=EXPIRED_WAIVER,
        )
    },
    "pc-0204": {"rdp_enable.connections": _bad(1, POLICY, LAST_WEEK, status="managed_elsewhere")},
    "pc-0205": {"rdp_enable.users": {"waiver": GUESTS}},
}
