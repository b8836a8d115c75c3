"""Power plans: what a plan is delivered with, what was set in it, and powercfg, which sets it.

Layout: docs/sources/windows.md#power-plans. Of a plan only the times until it sleeps and hibernates are modelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.machine.parts import NotModelled
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

POWER = r"HKLM\SYSTEM\CurrentControlSet\Control\Power"
SCHEMES = POWER + r"\User\PowerSchemes"
BALANCED, HIGH, SAVER = (
    "381b4222-f694-41f0-9685-ff5bb260df2e",
    "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c",
    "a1841308-3541-4fab-bc81-f71556f20b4a",
)
SLEEP = "238c9fa8-0aad-41ed-83f4-97be242c8f20"
STANDBY, HIBERNATE = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da", "9d7815a6-7ee4-497e-8888-515a05f02364"
# Seconds on mains power and on battery, as delivered.
_DELIVERED = {
    STANDBY: {BALANCED: (1800, 900), HIGH: (0, 0), SAVER: (900, 600)},
    HIBERNATE: {BALANCED: (10800, 10800), HIGH: (0, 0), SAVER: (10800, 10800)},
}
_ALIASES = {"SUB_SLEEP": SLEEP, "STANDBYIDLE": STANDBY, "HIBERNATEIDLE": HIBERNATE}
_USAGE = 'Invalid Parameters -- try "/?" for help\r\n'


def put_power(machine: Machine) -> None:
    """Deliver the three plans of every Windows, Balanced active, nothing set in any."""
    registry = machine.registry
    registry.update(SCHEMES, {"ActivePowerScheme": Value("REG_SZ", BALANCED)})
    for plan in (BALANCED, HIGH, SAVER):
        registry.create(f"{SCHEMES}\\{plan}")
    for setting, plans in _DELIVERED.items():
        for plan, (mains, battery) in plans.items():
            key = rf"{POWER}\PowerSettings\{SLEEP}\{setting}\DefaultPowerSchemeValues\{plan}"
            values = {"AcSettingIndex": Value("REG_DWORD", mains), "DcSettingIndex": Value("REG_DWORD", battery)}
            registry.update(key, values)


def powercfg(machine: Machine, arguments: list[str]) -> tuple[int, str]:
    """Run powercfg and return its exit code and what it prints; NotModelled for what is not here."""
    match [argument.lower() for argument in arguments[:1]] + [argument.upper() for argument in arguments[1:]]:
        case ["/setacvalueindex", "SCHEME_CURRENT", group, setting, seconds]:
            if _ALIASES.get(group) != SLEEP or setting not in ("STANDBYIDLE", "HIBERNATEIDLE") or not seconds.isdigit():
                return 1, _USAGE
            plan = machine.registry.data(SCHEMES, "ActivePowerScheme")
            key = rf"{SCHEMES}\{plan}\{SLEEP}\{_ALIASES[setting]}"
            machine.registry.update(key, {"ACSettingIndex": Value("REG_DWORD", int(seconds))})
        case ["/setactive", "SCHEME_CURRENT"]:
            pass
        case _:
            raise NotModelled(f"powercfg {' '.join(arguments)}")
    return 0, ""
