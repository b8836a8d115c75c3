"""Environment variables of a virtual Windows machine, as far as paths need them."""

from __future__ import annotations

import re
from collections.abc import Mapping


def variables(computer: str, user: str, home: str | None) -> dict[str, str]:
    """Return the variables of a user with a profile directory, or with home None those of the machine alone."""
    values = {
        "ALLUSERSPROFILE": r"C:\ProgramData",
        "COMPUTERNAME": computer,
        "ProgramData": r"C:\ProgramData",
        "ProgramFiles": r"C:\Program Files",
        "ProgramFiles(x86)": r"C:\Program Files (x86)",
        "ProgramW6432": r"C:\Program Files",
        "PUBLIC": r"C:\Users\Public",
        "SystemDrive": "C:",
        "SystemRoot": r"C:\WINDOWS",
        "TEMP": r"C:\WINDOWS\TEMP",
        "TMP": r"C:\WINDOWS\TEMP",
        "windir": r"C:\WINDOWS",
    }
    if home is not None:
        values |= {
            "APPDATA": rf"{home}\AppData\Roaming",
            "LOCALAPPDATA": rf"{home}\AppData\Local",
            "TEMP": rf"{home}\AppData\Local\Temp",
            "TMP": rf"{home}\AppData\Local\Temp",
            "USERNAME": user,
            "USERPROFILE": home,
        }
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace %NAME% by its value, without regard to case; unknown names stay as they are."""
    known = {name.lower(): value for name, value in values.items()}
    names = "|".join(map(re.escape, known))
    return re.sub(f"%({names})%", lambda found: known[found[1].lower()], text, flags=re.IGNORECASE)
