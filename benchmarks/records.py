"""The records of a fleet of any size, always the same: what the reports are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RUN = "20261123T001000.000000Z"
NOW, FRIDAY, BEGINNING = "2026-11-23T00:10:00Z", "2026-11-20T00:10:00Z", "2026-10-26T00:10:00Z"
VERSIONS = {"offsite_endpoints": "0.1.0", "ansible_core": "2.21.5"}
OWNERS = ("佐藤 花子", "Tanaka Ichiro", "鈴木 一郎", "")
PAC = {"auto_detect": False, "manual": False, "pac": True, "pac_url": "http://proxy.example.org/proxy.pac"}
OLD_PAC = {**PAC, "pac_url": "http://www.example.org/proxy.pac"}
TUNNEL = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\Office"
CONNECTIONS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
# Fifty an endpoint, as the lab's Windows machines have: control, instance, scope, severity, expected, another value,
# evidence.
CONTROLS: list[tuple[str, str | None, str, str, Any, Any, str]] = [
    ("endpoint.reachable", None, "machine", "high", None, None, ""),
    *(
        (f"forticlient_install.{name}", None, "machine", "high", "7.4.3.8758", "7.0.7.0345", "the Uninstall keys")
        for name in ("edition", "installed", "minimum_version", "maximum_version", "program", "reboot_required")
    ),
    *(
        (f"vpn_profile.{name}", "Office", "machine", "medium", expected, other, rf"{TUNNEL} {name} (REG_SZ)")
        for name, expected, other in (
            ("server", "fg.example.org:443", "203.0.113.9:443"),
            ("description", "Office SSL-VPN", "オフィス VPN"),
            ("prompt_user_name", 1, 0),
            ("prompt_certificate", 0, 1),
            ("server_certificate", "1", "0"),
            ("single_sign_on", 0, 1),
            ("certificate_warning", 0, 1),
            ("self_update", 0, None),
        )
    ),
    *(
        ("fortissl_proxy.connection", name, scope, "high", PAC, OLD_PAC, rf"{scope}\{CONNECTIONS} {name} (REG_BINARY)")
        for name in ("fortissl", "Office")
        for scope in ("default", *(f"S-1-5-21-1004336348-1177238915-682003330-{user}" for user in range(1001, 1008)))
    ),
    *(
        (f"fortissl_proxy.{name}", None, "machine", "medium", expected, None, r"HKLM\SOFTWARE\Policies\Mozilla\Firefox")
        for name, expected in (("firefox_mode", "autoConfig"), ("firefox_pac", PAC["pac_url"]))
    ),
    *(
        (f"smb_firewall_scope.{name}", rule, "machine", "high", expected, other, f"firewall rule {rule}")
        for name, expected, other in (
            ("remote_address", ["LocalSubnet", "198.51.100.0/24"], ["*"]),
            ("enabled", True, False),
        )
        for rule in ("FPS-SMB-In-TCP", "FPS-SMB-In-TCP-NoScope", "FPS-SMB-In-TCP-V2")
    ),
    *(
        (f"smb_firewall_scope.{name}", None, "machine", "high", 0, 1, r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa")
        for name in ("blank_passwords", "guests", "anonymous_users", "anonymous_shares")
    ),
    *(
        (f"rdp_enable.{name}", None, "machine", "high", 1, 0, r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server")
        for name in ("connections", "nla", "service", "running", "firewall", "users", "remote_address")
    ),
]


def write(file: Path, endpoints: int) -> None:
    """Write the records of one run over so many endpoints, one JSON line each, the same to the byte every time."""
    with file.open("w", encoding="utf-8") as handle:
        for number in range(endpoints):
            for record in of_endpoint(number):
                handle.write(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n")


def of_endpoint(number: int) -> list[dict[str, Any]]:
    """Return the records of one endpoint. Every fiftieth does not answer; of the others' every fortieth has drifted."""
    name = f"nb-{number:05}.example.org"
    if number % 50 == 49:
        return [_record(name, number, CONTROLS[0], "unreachable")]
    return [
        _record(name, number, control, "drifted" if place and (number * 7 + place) % 40 == 0 else "compliant")
        for place, control in enumerate(CONTROLS)
    ]


def _record(endpoint: str, number: int, control: tuple[str, str | None, str, str, Any, Any, str], status: str) -> Any:
    name, instance, scope, severity, expected, other, evidence = control
    bad = status != "compliant"
    since = FRIDAY if bad else BEGINNING
    changes = [{"at": BEGINNING, "status": "compliant"}, *([{"at": FRIDAY, "status": status}] if bad else [])]
    return {
        **{"run": RUN, "at": NOW, "endpoint": endpoint, "owner": OWNERS[number % len(OWNERS)], "versions": VERSIONS},
        **{"control": name, "instance": instance, "scope": scope, "severity": severity, "role": name.split(".")[0]},
        **{"title": f"What {name} stands for is as it should be", "evidence": evidence, "status": status},
        **{"expected": expected, "actual": other if bad else expected, "since": since, "changes": changes},
        **{"reason": f"is {other!r}, should be {expected!r}" if bad else "", "news": "still" if bad else ""},
        **{"flapping": False, "moved": "endpoint" if bad else "", "life": "in_house"},
    }
