"""Adapters and the networks a seeded machine has known (docs/sources/windows.md#known-networks)."""

from __future__ import annotations

import random

from lab.windows.machine import CURRENT_VERSION, Machine
from lab.windows.machine.parts import Adapter, guid
from lab.windows.machine.registry import Value
from lab.windows.seed.windows import number, text

NETWORKS = CURRENT_VERSION + r"\NetworkList\Profiles"
PUBLIC, PRIVATE, DOMAIN = 0, 1, 2
WIRED, VPN, WIFI = 6, 23, 71


def put_network(machine: Machine, language: str, rng: random.Random) -> None:
    """Add a wired adapter on the campus network, a wireless one, and the networks of home and travel."""
    campus = add_profile(machine, rng, "ネットワーク" if language == "ja-JP" else "Network", PRIVATE, WIRED)
    add_profile(machine, rng, f"aterm-{rng.randrange(16**6):06x}-g", PRIVATE, WIFI)
    add_profile(machine, rng, "eduroam", PUBLIC, WIFI)
    wired = "イーサネット" if language == "ja-JP" else "Ethernet"
    address = f"10.20.{rng.randrange(40, 60)}.{rng.randrange(10, 250)}/16"
    machine.adapters.append(
        Adapter(
            wired,
            "Intel(R) Ethernet Connection (13) I219-LM",
            mac(rng),
            "Up",
            "ethernet",
            [address],
            "10.20.0.1",
            ["10.20.0.2"],
            campus,
        )
    )
    machine.adapters.append(Adapter("Wi-Fi", "Intel(R) Wi-Fi 6 AX201 160MHz", mac(rng), "Disconnected", "wifi"))


def add_profile(machine: Machine, rng: random.Random, name: str, category: int, name_type: int) -> str:
    """Add a known network and return its GUID."""
    found = guid(rng)
    values = {
        "ProfileName": text(name),
        "Description": text(name),
        "Managed": number(0),
        "Category": number(category),
        "NameType": number(name_type),
        "DateCreated": Value("REG_BINARY", bytes.fromhex("e90703000100030009000f0020000000")),
        "DateLastConnected": Value("REG_BINARY", bytes.fromhex("e9070a000500110008002d0012000000")),
    }
    machine.registry.update(f"{NETWORKS}\\{found}", values)
    return found


def mac(rng: random.Random) -> str:
    """Return a locally administered MAC address."""
    return "02-" + "-".join(f"{rng.randrange(256):02X}" for _ in range(5))
