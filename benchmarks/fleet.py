"""A lab that the playbooks are measured on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost import ROOT, BenchError, Calls

SEED = 1
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Setting:
    """What is measured on: `system` is windows or macs, `latency` seconds are added to each remote call."""

    system: str
    endpoints: int
    latency: float


class Fleet:
    """The lab of a setting; the same setting gives the same machines."""

    def __init__(self, setting: Setting, folder: Path, transport: str = "winrm") -> None:
        """Start it in `folder`; `transport` is how its Windows machines are reached."""
        self.setting = setting
        self.folder = folder
        # One of the lab's Macs has no Python, so nothing can be measured there: one more is made, and it is left out.
        macs = setting.endpoints + 1 if setting.system == "macs" else 0
        windows = 0 if macs else setting.endpoints
        self._lab(
            "up",
            f"--windows={windows}",
            f"--mac={macs}",
            f"--seed={SEED}",
            f"--latency={setting.latency}",
            f"--transport={transport}",
            "--models=tests/contract/models",
        )
        able = [one["name"] for one in self._status() if one["edition"] != "stub"]
        self.names = able[: setting.endpoints]
        self._limit = ["--limit", ",".join(self.names)] if macs else []
        self.calls = Calls(folder / "calls.jsonl")

    def command(self, playbook: str, *more: str) -> list[str]:
        """Return the command that runs a playbook on its endpoints."""
        inventory = ["-i", str(self.folder / "inventory"), "-i", "inventory/lab"]
        return [str(BIN / "ansible-playbook"), *inventory, playbook, *self._limit, *more]

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each machine's state."""
        return {one["name"]: one["sha256"] for one in self._status()}

    def close(self) -> None:
        """End it and take it away."""
        self._lab("down", "--purge")

    def _status(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self._lab("status", "--json"))
        return rows

    def _lab(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "lab", *arguments, "--state-dir", str(self.folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout
