"""Makes simulated Macs: the same name, variant and seed give the same machine to the byte.

Versions and formats: docs/sources/macos.md and docs/sources/forticlient.md. Names of FortiClient's launchd jobs and its
secrets are made up.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.macos import forticlient
from lab.macos.machine import MacMachine
from lab.macos.seed_files import ADMIN, STAFF, WHEEL, Contents, Tree
from lab.macos.toolset import install_tools

ADMIN_NAME = "labadmin"
ADMIN_PASSWORD = "Lab-2026-Only"  # also sudo's; fixed, so that a machine depends on its seed alone
CONDITIONS = ("clean", "half", "drifted", "fresh")
LANGUAGES = ("ja", "en")
PYTHONS = ("python.org", "stub")

# Major version -> (ProductVersion, BuildVersion, kernel, architecture, model, processor)
_SYSTEMS = {
    "11": ("11.7.10", "20G1427", "20.6.0", "x86_64", "MacBookPro16,2", "Intel(R) Core(TM) i5-1038NG7 CPU @ 2.00GHz"),
    "12": ("12.7.6", "21H1320", "21.6.0", "arm64", "MacBookAir10,1", "Apple M1"),
    "13": ("13.7.8", "22H730", "22.6.0", "arm64", "Mac14,2", "Apple M2"),
    "14": ("14.8.1", "23J30", "23.6.0", "arm64", "Mac14,7", "Apple M2"),
    "15": ("15.7.1", "24G231", "24.6.0", "arm64", "Mac15,12", "Apple M3"),
    "26": ("26.1", "25B78", "25.1.0", "arm64", "Mac16,12", "Apple M4"),
}
_MAIN_RULES = ('scrub-anchor "com.apple/*" all fragment reassemble', 'anchor "com.apple/*" all')
_APPLE_RECEIPT = {
    "com.apple.pkg.XProtectPayloads_10_15.16U4372": {"version": "1.0", "location": "/", "install_time": 1_660_000_000}
}
# A MacBook as delivered, with the settings that differ between the sources of power.
_POWER = {
    "Battery Power": {"womp": 0, "sleep": 1, "displaysleep": 2},
    "AC Power": {"womp": 1, "sleep": 1, "displaysleep": 10},
}
CLIENTS = ("7.0.7.0245", "7.4.3.4323")
_PEOPLE = (("taro", "東北 太郎"), ("hanako", "仙台 花子"), ("jsmith", "John Smith"), ("mlee", "Mina Lee"))


@dataclass(frozen=True)
class MacVariant:
    """What one Mac is. Raises ValueError for a value outside the lists of this module."""

    macos: str = "15"
    language: str = "en"
    condition: str = "clean"
    python: str = "python.org"

    def __post_init__(self) -> None:
        allowed = {"macos": tuple(_SYSTEMS), "language": LANGUAGES, "condition": CONDITIONS, "python": PYTHONS}
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(
                    f"a Mac's {name} can't be {getattr(self, name)!r}; it can be one of: {', '.join(values)}"
                )


def variants(count: int, seed: int) -> list[MacVariant]:
    """Return `count` different Macs; the first ones cover every release, both languages and the usual conditions."""
    draw = random.Random(f"macs/{seed}")  # noqa: S311 - repeatable on purpose
    first = [
        MacVariant("15", "en", "clean"),
        MacVariant("13", "ja", "half"),
        MacVariant("26", "ja", "drifted"),
        MacVariant("11", "en", "half"),
        MacVariant("14", "en", "drifted"),
        MacVariant("12", "en", "fresh", "stub"),
    ]
    more = [
        MacVariant(draw.choice(tuple(_SYSTEMS)), draw.choice(LANGUAGES), draw.choice(CONDITIONS))
        for _ in range(max(0, count - len(first)))
    ]
    return [*first, *more][:count]


def build_mac(name: str, variant: MacVariant, seed: int, directory: Path) -> MacMachine:
    """Make a machine's JSON and tree in `directory`. Raises FileExistsError when there is one of that name."""
    machine = MacMachine(name, directory)
    if machine.file.exists():
        raise FileExistsError(f"there is a machine {name} in {directory} already; take it away or choose another name")
    if machine.root.exists():
        shutil.rmtree(machine.root)  # left by a build that was interrupted: the JSON is written last
    machine.root.mkdir(parents=True)
    drawn = _Facts(name, variant, seed)
    facts = drawn.all()
    contents = Contents(drawn.draw, variant.language, variant.condition, drawn.client, drawn.people[0][0], seed)
    machine.state.write({**facts, "files": Tree(machine.root, contents).write(facts)})
    install_tools(machine.root, machine.file, python_org=variant.python == "python.org")
    return machine


class _Facts:
    """Draws the machine's facts. The order of the draws is part of what a seed means."""

    def __init__(self, name: str, variant: MacVariant, seed: int) -> None:
        self.name, self.variant, self.seed = name, variant, seed
        self.draw = random.Random(f"{seed}/{name}/{variant}")  # noqa: S311 - repeatable on purpose
        self.client = self.draw.choice(CLIENTS) if variant.condition != "fresh" else None
        self.people = self.draw.sample(_PEOPLE, 2)
        logged_in = self.draw.random() < 0.6
        # Somebody sits in front of a Mac with the stub alone, to see the dialog that running it raises.
        self.console_user = self.people[0][0] if logged_in or variant.python == "stub" else None

    def all(self) -> dict[str, Any]:
        """Return them, without the records of files."""
        version, build, kernel, architecture, model, processor = _SYSTEMS[self.variant.macos]
        owner = self.people[0][1]
        title = f"{owner}の MacBook" if self.variant.language == "ja" else f"{owner}'s MacBook"
        host = f"{self.name}.local"
        return {
            "name": self.name,
            "seed": self.seed,
            "variant": vars(self.variant),
            "ssh_user": ADMIN_NAME,
            "console_user": self.console_user,
            "boots": 1,
            "command_line_tools": False,
            "python_stub": {"runs": 0, "dialogs": 0},
            "pythons": [],
            "images": {},
            "mdm": {"enrolled": False, "allowed_teams": [], "remote_desktop": False},
            "clock": {"network_time": self.variant.condition != "drifted", "offset_seconds": 0},
            "power": {source: dict(settings) for source, settings in _POWER.items()},
            "shares": self._shares(),
            "faults": {},
            "system": {
                "product_version": version,
                "build": build,
                "kernel_release": kernel,
                "architecture": architecture,
                "model": model,
                "processor": processor,
                "cpus": 8,
                "memory_bytes": 16 * 2**30,
                "language": self.variant.language,
                "computer_name": title,
                "local_host_name": self.name,
                "host_name": host,
                "fixed_host_name": None,
            },
            "users": self._users(),
            "groups": self._groups(),
            "launchd": self._launchd(),
            "network": {"services": self._network_services()},
            "vpn": self._vpn(),
            "pf": {"enabled": False, "tokens": [], "anchors": {}, "main": list(_MAIN_RULES)},
            "receipts": {**_APPLE_RECEIPT, **(forticlient.receipts(self.client) if self.client else {})},
            "system_extensions": self._extensions(),
        }

    def _users(self) -> dict[str, Any]:
        off = {"shell": "/usr/bin/false", "password": None}
        nobody = 4294967294
        users: dict[str, Any] = {
            "root": {**off, "uid": 0, "gid": WHEEL, "full_name": "System Administrator", "home": "/var/root"},
            "daemon": {"uid": 1, "gid": 1, "full_name": "System Services", "home": "/var/root", **off},
            "nobody": {"uid": nobody, "gid": nobody, "full_name": "Unprivileged User", "home": "/var/empty", **off},
        }
        people = [
            (ADMIN_NAME, "IT", ADMIN_PASSWORD),
            *((name, title, f"{name}-password") for name, title in self.people),
        ]
        users["root"]["shell"] = "/bin/sh"
        for uid, (name, full_name, password) in enumerate(people, start=501):
            own = {"home": f"/Users/{name}", "shell": "/bin/zsh", "password": password}
            users[name] = {"uid": uid, "gid": STAFF, "full_name": full_name, **own}
        return users

    def _groups(self) -> dict[str, Any]:
        names = [ADMIN_NAME, *(name for name, _ in self.people)]
        groups = {
            "wheel": (WHEEL, ["root"]),
            "daemon": (1, ["root"]),
            "everyone": (12, names),
            "staff": (STAFF, ["root"]),
            "admin": (ADMIN, ["root", ADMIN_NAME]),
            "com.apple.access_ssh": (399, [ADMIN_NAME]),
            "nobody": (4294967294, []),
        }
        return {name: {"gid": gid, "members": members} for name, (gid, members) in groups.items()}

    def _network_services(self) -> list[dict[str, Any]]:
        japanese = self.variant.language == "ja"
        bridge = "Thunderboltブリッジ" if japanese else "Thunderbolt Bridge"
        wifi = self.draw.choice(["Wi-Fi", "Wi-Fi", "研究室 Wi-Fi" if japanese else "Lab Wi-Fi"])
        lan = self.draw.choice(["USB 10/100/1000 LAN", "USB 10/100/1000 LAN 2"])
        rows = [
            (lan, "USB 10/100/1000 LAN", "en7", True, False),
            (wifi, "Wi-Fi", "en0", True, True),
            (bridge, bridge, "bridge0", True, False),
            ("iPhone USB", "iPhone USB", "en8", False, False),
        ]
        if self.client:
            if self.variant.condition == "drifted":
                self.draw.random()
            rows.append((forticlient.IDLE_NAME, forticlient.BUNDLE, "", True, False))
        if self.variant.condition == "drifted" and japanese:
            new = {lan: "太郎's USB LAN", wifi: '研究室 "Wi-Fi" 5/2.4GHz'}
            rows = [(new.get(row[0], row[0]), *row[1:]) for row in rows]
        services: list[dict[str, Any]] = [
            {
                "name": name,
                "port": port,
                "device": device,
                "enabled": enabled,
                "active": active,
                **forticlient.fresh_settings(),
            }
            for name, port, device, enabled, active in rows
        ]
        if self.variant.condition == "drifted":
            services[1]["auto_proxy"] = {"url": "http://old.example.ac.jp/wpad.dat", "enabled": True}
        return services

    def _shares(self) -> dict[str, Any]:
        if self.variant.condition != "drifted":
            return {}
        name, title = self.people[0]
        flags = {"smb_shared": 1, "smb_guest_access": 1, "smb_read_only": 0, "smb_sealed": 0}
        record = f"{title}’s Public Folder"
        return {record: {"path": f"/Users/{name}/Public", "smb_name": record, **flags}}

    def _vpn(self) -> list[dict[str, Any]]:
        if not self.client:
            return []
        identifier = forticlient.service_id(self.seed, self.name)
        service = {"id": identifier, "name": forticlient.IDLE_NAME, "status": "Disconnected"}
        return [{**service, "bundle": forticlient.BUNDLE, "enabled": True}]

    def _launchd(self) -> dict[str, Any]:
        off = {
            "com.apple.ftpd": True,
            "com.apple.screensharing": True,
            "com.apple.smbd": self.variant.condition != "drifted",
            "com.openssh.sshd": False,
        }
        jobs: dict[str, Any] = {
            "system": {
                "com.apple.timed": {"path": "/System/Library/LaunchDaemons/com.apple.timed.plist", "pid": 150},
                "com.openssh.sshd": {"path": "/System/Library/LaunchDaemons/ssh.plist", "pid": None},
            }
        }
        if self.variant.condition == "drifted":
            path = "/System/Library/LaunchDaemons/com.apple.smbd.plist"
            jobs["system"]["com.apple.smbd"] = {"path": path, "pid": 180}
        if self.console_user:
            jobs["gui/502"] = {}
        if self.client:
            jobs["system"]["com.fortinet.forticlient.servctl"] = {"path": forticlient.daemon("servctl"), "pid": 210}
            jobs["system"]["com.fortinet.forticlient.config"] = {"path": forticlient.daemon("config"), "pid": 211}
            if self.console_user:
                jobs["gui/502"]["com.fortinet.forticlient.agent"] = {"path": forticlient.AGENT, "pid": 290}
        return {"disabled": {"system": off}, "jobs": jobs}

    def _extensions(self) -> list[dict[str, str]]:
        if not self.client:
            return []
        state = self.draw.choices(["activated enabled", "activated waiting for user"], weights=(4, 1))[0]
        return [forticlient.extension(self.client, state)]
