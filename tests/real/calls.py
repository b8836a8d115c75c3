"""Calls to the PowerShell of an endpoint over Wine: files in a folder that serve.ps1 watches."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ansible import module_utils

# At the beginning of Ansible's Add-CSharpType.
_COMPILES = """    if ($null -eq $References -or $References.Length -eq 0) {
        return
    }
"""
_COMPILES_ONCE = (
    _COMPILES
    + """    $text = [string]::Join("`0", $References)
    if ($null -ne [System.AppDomain]::CurrentDomain.GetData($text)) {
        return
    }
    [System.AppDomain]::CurrentDomain.SetData($text, $true)
"""
)


class NoAnswerError(Exception):
    """PowerShell did not answer in time."""


class Answer(NamedTuple):
    """Standard output, and what went wrong; empty when nothing did."""

    out: str
    wrong: str


def call(folder: Path, script: str, text: str = "", *, seconds: float) -> Answer:
    """Have the script run with these lines of standard input; raises NoAnswerError."""
    name = f"{time.monotonic_ns():020}-{uuid.uuid4().hex}"
    part = folder / f"{name}.part"
    part.write_text(json.dumps({"script": script, "lines": for_one_process(text).splitlines()}), encoding="utf-8")
    part.rename(folder / f"{name}.call")
    answer = folder / f"{name}.answer"
    end = time.monotonic() + seconds
    while not answer.exists():
        if time.monotonic() > end:
            msg = f"no answer from PowerShell within {seconds:.0f} s"
            raise NoAnswerError(msg)
        time.sleep(0.02)
    found = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink()
    return Answer(found["out"], found["wrong"])


def for_one_process(text: str) -> str:
    """Return what Ansible sends, fit for a PowerShell that serves many calls; all else of it is as Ansible made it.

    The C# that comes with each call is compiled at the first one only, which saves most of the time. And core 2.21
    looks for a program to start anew where it is told which PowerShell is wanted.
    """
    known, once = _compiler()
    return re.sub(r'"PwshPath": "[^"]*"', '"PwshPath": null', text.replace(known, once), count=1)


@cache
def _compiler() -> tuple[str, str]:
    # Not by importlib.resources: on Python 3.13 that of core 2.21 knows packages of collections only.
    path = Path(module_utils.__file__).parent / "powershell/Ansible.ModuleUtils.AddType.psm1"
    source = path.read_text(encoding="utf-8")
    assert source.count(_COMPILES) == 1, "Ansible's Add-CSharpType is another one than that which is known"
    patched = source.replace(_COMPILES, _COMPILES_ONCE)
    known, once = (base64.b64encode(each.encode()).decode() for each in (source, patched))
    return known, once
