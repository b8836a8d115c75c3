"""Makes whole virtual Windows machines: realistic, varied, and the same for the same seed to the byte."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from lab.windows.machine import Machine
from lab.windows.machine.built_in_rules import RULES
from lab.windows.machine.forticlient import TUNNELS, install
from lab.windows.machine.parts import RestorePoint
from lab.windows.machine.registry import Value
from lab.windows.seed.conditions import CONDITIONS, put_condition
from lab.windows.seed.firewall import program_rules, store_app_rules
from lab.windows.seed.network import put_network
from lab.windows.seed.software import put_programs
from lab.windows.seed.system_files import put_system_files
from lab.windows.seed.users import close_hive, hive_of, put_accounts, put_default_profile, put_people
from lab.windows.seed.windows import RELEASES, number, put_windows, text

MODELS = (
    ("LENOVO", "20XW0027JP"),
    ("Dell Inc.", "Latitude 5420"),
    ("Panasonic Corporation", "CFSV1-2"),
    ("HP", "HP EliteBook 840 G8 Notebook PC"),
)
FORTICLIENT_VERSIONS = {
    "clean": ("7.4.3.1790", "7.4.3.8758"),
    "half": ("7.0.7.0345",),
    "drifted": ("7.0.7.0345", "7.4.3.1790"),
    "managed": ("7.4.3.8758",),
}


@dataclass(frozen=True)
class Variant:
    """What a machine is.

    os: 10-22H2, 11-23H2, 11-24H2; edition: Pro, Home; language: en-US, ja-JP; condition: see `seed_conditions`.
    """

    os: str
    edition: str
    language: str
    condition: str


_FIRST = (
    Variant("11-24H2", "Pro", "ja-JP", "clean"),
    Variant("10-22H2", "Pro", "en-US", "half"),
    Variant("11-24H2", "Pro", "ja-JP", "drifted"),
    Variant("11-23H2", "Home", "en-US", "fresh"),
    Variant("10-22H2", "Pro", "ja-JP", "drifted"),
    Variant("11-23H2", "Pro", "en-US", "half"),
    Variant("11-24H2", "Pro", "en-US", "managed"),
)


def variants(count: int, seed: int) -> list[Variant]:
    """Return what the machines of a lab are: the first seven cover the varieties, the rest follow from the seed."""
    rng = random.Random(f"{seed}/variants")  # noqa: S311 - repeatable on purpose
    found = list(_FIRST[:count])
    while len(found) < count:
        edition = rng.choices(("Pro", "Home"), weights=(5, 1))[0]
        found.append(
            Variant(rng.choice(list(RELEASES)), edition, rng.choice(("en-US", "ja-JP")), rng.choice(CONDITIONS))
        )
    return found


@cache
def _base(os: str, edition: str, language: str) -> Machine:
    """Return the part that machines share; their copies share its keys in memory."""
    machine = Machine("base")
    put_windows(machine, os, edition, language)
    put_system_files(machine)
    put_default_profile(machine, language)
    return machine


def base_machine(os: str, edition: str, language: str) -> Machine:
    """Return a fresh Windows without people, programs or adapters."""
    return _base(os, edition, language).copy()


def build_windows(name: str, variant: Variant, seed: int, *, admin: str = "ansible", password: str = "") -> Machine:
    """Return a machine.

    `admin` is the local administrator that the controller logs on as; with no password nobody can.
    """
    rng = random.Random(f"{seed}/{name}")  # noqa: S311 - repeatable on purpose
    machine = base_machine(variant.os, variant.edition, variant.language)
    machine.rename(name)
    machine.accounts.machine_sid = "S-1-5-21-" + "-".join(str(rng.randrange(10**8, 2**32)) for _ in range(3))
    administrator = put_accounts(machine, admin, password)
    people = put_people(machine, variant.language, rng)
    put_programs(machine, variant.language, rng)
    put_network(machine, variant.language, rng)
    build = machine.build
    rules = program_rules(build, rng)
    for sid in (administrator, *people):
        rules |= store_app_rules(build, sid, rng)
    for rule, string in rules.items():
        machine.registry.set(RULES, rule, text(string))
    machine.restore_points = [RestorePoint(rng.randrange(3, 40), "Windows Update", 18, rng.randrange(30, 400))]
    _hardware(machine, rng)
    if variant.condition != "fresh":
        install(machine, rng.choice(FORTICLIENT_VERSIONS[variant.condition]))
        _own_tunnel(machine, people[0], rng)
    put_condition(machine, variant.condition, people, rng)
    if variant.condition != "half":
        machine.log_on(people[0])
    return machine


def _hardware(machine: Machine, rng: random.Random) -> None:
    manufacturer, model = rng.choice(MODELS)
    machine.last_boot += rng.randrange(400) * 3600
    machine.hardware = {
        "manufacturer": manufacturer,
        "model": model,
        "serial": f"PF{rng.randrange(16**6):06X}",
        "uuid": f"{rng.getrandbits(32):08X}-0000-4000-8000-{rng.getrandbits(48):012X}",
        "bios_version": f"1.{rng.randrange(10, 60)}.0",
        "bios_date": "2024-11-08",
        "processor": "11th Gen Intel(R) Core(TM) i5-1145G7 @ 2.60GHz",
        "cores": 4,
        "logical_processors": 8,
        "memory_bytes": rng.choice((8, 16, 32)) * 2**30,
    }


def _own_tunnel(machine: Machine, owner: str, rng: random.Random) -> None:
    """Add a connection of the user's own to another gateway, with a saved user name (DATA1): not ours to touch."""
    blob = "EncX " + rng.randbytes(48).hex().upper()
    values = {
        "Description": text("spring-8"),
        "Server": text("vpn.spring8.example.jp:10443"),
        "promptusername": number(0),
        "promptcertificate": number(0),
        "ServerCert": text("1"),
        "DATA1": text(blob),
        "DATA3": text(""),
    }
    machine.registry.update(TUNNELS + r"\SPring8", values)
    hive = hive_of(machine, owner)
    key = rf"{hive}\SOFTWARE\Fortinet\FortiClient"
    machine.registry.update(key, {"installed": number(1)})
    machine.registry.update(key + r"\Sslvpn\Tunnels\SPring8", {"DATA1": text(blob), "DATA3": Value("REG_SZ", "")})
    machine.registry.update(key + r"\FA_VPN", {"connection": text("SPring8"), "vpntype": number(2)})
    close_hive(machine)
