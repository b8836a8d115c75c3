"""Firewall rules of a fresh machine in the registry's own string form, and their names in both languages."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lab.windows.seed_firewall_table import BUILT_IN, WORDS

POLICY = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
RULES = POLICY + r"\FirewallRules"
# Prefix of the strings by build; 10 22H2 is a guess, the others are in public exports (v2.32 for 11 22H2/23H2, v2.33
# for 24H2).
VERSIONS = {19045: "v2.31", 22631: "v2.32", 26100: "v2.33"}
PROFILE_LETTERS = {"d": "Domain", "p": "Private", "u": "Public"}
# Store apps of every account; each has rules named by GUID, which make up half of a real machine's list.
STORE_APPS = (
    *("Microsoft.WindowsStore", "Microsoft.Windows.Photos", "Microsoft.WindowsCalculator", "Microsoft.BingWeather"),
    *("Microsoft.GetHelp", "Microsoft.Getstarted", "Microsoft.MicrosoftOfficeHub", "Microsoft.MicrosoftStickyNotes"),
    *("Microsoft.People", "Microsoft.ScreenSketch", "Microsoft.StorePurchaseApp", "Microsoft.Wallet"),
    *("Microsoft.WindowsAlarms", "Microsoft.WindowsCamera", "Microsoft.WindowsFeedbackHub", "Microsoft.WindowsMaps"),
    *(
        "Microsoft.WindowsSoundRecorder",
        "Microsoft.Xbox.TCUI",
        "Microsoft.XboxGameOverlay",
        "Microsoft.XboxGamingOverlay",
    ),
    *("Microsoft.XboxIdentityProvider", "Microsoft.YourPhone", "Microsoft.ZuneMusic", "Microsoft.ZuneVideo"),
    *(
        "Microsoft.DesktopAppInstaller",
        "Microsoft.AAD.BrokerPlugin",
        "Microsoft.AccountsControl",
        "Microsoft.Windows.Search",
    ),
    *(
        "Microsoft.Windows.CloudExperienceHost",
        "Microsoft.Windows.ContentDeliveryManager",
        "Microsoft.Windows.ShellExperienceHost",
    ),
    *(
        "Microsoft.Windows.StartMenuExperienceHost",
        "Microsoft.MSPaint",
        "Microsoft.Todos",
        "Microsoft.PowerAutomateDesktop",
    ),
)


class BuiltIn(NamedTuple):
    """One rule: its id, whether it is on, the lowest build that has it, the string after Active."""

    name: str
    active: bool
    build: int
    tail: str


class Text(NamedTuple):
    """A resource text in both languages."""

    english: str
    japanese: str


def _shapes(name: str, shape: str, on: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield (rule id, profiles with L for the local subnet, active) of one row."""
    if shape == "pair":
        yield from ((name, "puL", on), (f"{name}-NoScope", "d", on))
    elif shape == "netdis":
        yield from ((f"{name}-Active", "pL", True), (name, "uL", False), (f"{name}-NoScope", "d", False))
    else:
        yield name, shape, on


def _tail(shape: str, direction: str, protocol: str, ports: str, program: str) -> str:
    parts = [f"Dir={direction}", f"Protocol={protocol}"]
    parts += [f"Profile={PROFILE_LETTERS[letter]}" for letter in shape if letter in PROFILE_LETTERS]
    if ports != "-" and protocol in ("1", "58"):
        parts.append(f"ICMP{'4' if protocol == '1' else '6'}={ports}")
    elif ports != "-":
        parts.append(f"RPort={ports[1:]}" if ports.startswith("<") else f"LPort={ports}")
    if "L" in shape:
        parts += ["RA4=LocalSubnet"] if protocol != "58" else []
        parts += ["RA6=LocalSubnet"] if protocol != "1" else []
    if program.startswith("svc:"):
        parts += [r"App=%SystemRoot%\system32\svchost.exe", f"Svc={program[4:]}"]
    else:
        parts.append("App=System" if program == "System" else rf"App=%SystemRoot%\system32\{program}")
    return "|".join(parts)


@cache
def _table() -> tuple[list[BuiltIn], dict[str, Text]]:
    rules: list[BuiltIn] = []
    texts: dict[str, Text] = {}
    group, on, build, english, japanese = "", False, 0, "", ""
    for line in filter(None, BUILT_IN.splitlines()):
        if line.startswith("["):
            group, state, lowest, english, japanese = line.strip("[]").split(";")
            on, build = state == "on", int(lowest)
            texts[f"@FirewallAPI.dll,{group}"] = Text(english, japanese)
            continue
        name, shape, direction, protocol, ports, program, label, description, suffix = line.split(";")
        resources = (
            f"Name=@FirewallAPI.dll,{label}|Desc=@FirewallAPI.dll,{description}|EmbedCtxt=@FirewallAPI.dll,{group}|"
        )
        for rule, profiles, active in _shapes(name, shape, on):
            tail = f"{_tail(profiles, direction, protocol, ports, program)}|{resources}"
            rules.append(BuiltIn(rule, active, build, tail))
        texts[f"@FirewallAPI.dll,{label}"] = Text(english + suffix, japanese + translate(suffix))
    return rules, texts


def translate(text: str) -> str:
    """Return an English suffix of a display name with its known words in Japanese."""
    for english, japanese in WORDS.items():
        text = text.replace(english, japanese)
    return text


def resource_texts() -> dict[str, Text]:
    """Return the texts of all rule and group names by their indirect string."""
    return _table()[1]


def built_in_rules(build: int) -> dict[str, str]:
    """Return rule id to registry string for a build (19045, 22631, 26100)."""
    version = VERSIONS[build]
    return {
        rule.name: f"{version}|Action=Allow|Active={'TRUE' if rule.active else 'FALSE'}|{rule.tail}"
        for rule in _table()[0]
        if rule.build <= build
    }


def store_app_rules(build: int, user_sid: str, rng: random.Random) -> dict[str, str]:
    """Return the rules that an account's Store apps brought, named by GUID as on real machines."""
    rules = {}
    for package in STORE_APPS:
        full = (
            f"{package}_{rng.randrange(1, 12)}.{rng.randrange(2000, 2700)}.{rng.randrange(0, 60)}.0_x64__8wekyb3d8bbwe"
        )
        text = f"@{{{full}?ms-resource://{package}/Resources/AppName}}"
        package_sid = "S-1-15-2-" + "-".join(str(rng.randrange(10**8, 2**32)) for _ in range(7))
        for direction in ("In", "Out") if rng.random() < 0.55 else ("Out",):
            profiles = "Profile=Domain|Profile=Private" + ("|Profile=Public" if direction == "Out" else "")
            rules[guid(rng)] = (
                f"{VERSIONS[build]}|Action=Allow|Active=TRUE|Dir={direction}|{profiles}|Name={text}|Desc={text}"
                f"|LUOwn={user_sid}|AppPkgId={package_sid}|EmbedCtxt={text}|Platform=2:6:2|Platform2=GTEQ|"
            )
    return rules


def program_rules(build: int, rng: random.Random) -> dict[str, str]:
    """Return rules that installed programs made: named by GUID, with plain display names, one pair a program."""
    programs = {
        "Microsoft Edge": r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        "Firefox": r"C:\Program Files\Mozilla Firefox\firefox.exe",
        "Microsoft Teams": r"C:\Program Files\WindowsApps\MSTeams_8wekyb3d8bbwe\ms-teams.exe",
        "Zoom Video Meeting": r"C:\Program Files\Zoom\bin\Zoom.exe",
        "ImageJ": r"C:\ImageJ\ImageJ.exe",
        "OriginPro": r"C:\Program Files\OriginLab\Origin2024\Origin64.exe",
    }
    rules = {}
    for name, path in programs.items():
        for protocol in (6, 17):
            profile = rng.choice(("Private", "Public"))
            rules[guid(rng)] = (
                f"{VERSIONS[build]}|Action=Allow|Active=TRUE|Dir=In|Protocol={protocol}|Profile={profile}|App={path}|Name={name}|Desc={name}|"
            )
    return rules


def guid(rng: random.Random) -> str:
    """Return a GUID in braces and upper case that follows from the generator's state."""
    return f"{{{uuid.UUID(int=rng.getrandbits(128), version=4)}}}".upper()
