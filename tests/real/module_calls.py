"""The table of calls (module_calls.yml), and how two answers are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# What no two machines have alike.
_TIMES = ("creationtime", "lastaccesstime", "lastwritetime")
# Where PowerShell was in the code, and the arguments once more (lab/tests/windows/test_arguments.py).
_NOT_COMPARED = ("exception", "invocation")
# Wine has no hard links and no owners of files, and keeps a folder whose file it still holds.
_OF_WINE = ("Unable to find an entry point named 'FindFirstFileNameW'", "NtSetInformationFile() failed 0x00000001")


@dataclass(frozen=True)
class Call:
    """One line of the table."""

    module: str
    args: dict[str, Any]
    check: bool = False
    words: bool = False
    refused: str = ""


def read(text: str) -> dict[str, list[Call]]:
    """Return the calls by group; raises TypeError or ValueError for a line of another form."""
    found: dict[str, list[Call]] = {}
    for group, lines in yaml.safe_load(text).items():
        calls = []
        for line in lines:
            module, args, *rest = line
            (known,) = rest or [{}]
            calls.append(Call(f"ansible.windows.{module}", args, **known))
        found[group] = calls
    return found


GROUPS = read(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def differing(call: Call, real: dict[str, Any], lab: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (key, real, lab) of what differs."""
    real, lab = _comparable(real), _comparable(lab)
    if call.words and real.get("failed") and lab.get("failed"):
        real.pop("msg")
        lab.pop("msg")
    return [(key, real.get(key), lab.get(key)) for key in sorted({*real, *lab}) if real.get(key) != lab.get(key)]


def _comparable(answer: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in answer.items() if key not in _NOT_COMPARED}
    if isinstance(found.get("stat"), dict):
        dropped = (*_TIMES, "owner")
        found["stat"] = {key: value for key, value in found["stat"].items() if key not in dropped}
    warnings = [each for each in found.pop("warnings", []) if not any(part in each for part in _OF_WINE)]
    return found | ({"warnings": warnings} if warnings else {})
