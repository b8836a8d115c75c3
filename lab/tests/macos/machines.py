"""Helps the tests of simulated Macs: a machine, and commands in it as its SSH server runs them, without SSH."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from lab.macos.machine import MacMachine
from lab.macos.seed import ADMIN_PASSWORD, MacVariant, build_mac
from lab.macos.server import environment_of
from lab.macos.toolset import PYTHON

VPN_PLIST = "/Library/Application Support/Fortinet/FortiClient/conf/vpn.plist"


def mac(
    folder: Path, macos: str = "15", language: str = "en", condition: str = "half", python: str = "python.org"
) -> MacMachine:
    """Return a new machine named mac-01, seed 7."""
    return build_mac("mac-01", MacVariant(macos, language, condition, python), 7, folder)


def put(machine: MacMachine, path: str, content: bytes) -> None:
    """Place a file on the machine."""
    real = Path(f"{machine.root}{path}")
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_bytes(content)


def run(machine: MacMachine, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command line as the administrator; paths in the output are the machine's."""
    environment = environment_of(machine)
    done = subprocess.run(
        ["/bin/sh", "-c", machine.paths.text_to_real(command)],
        input=stdin,
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    done.stdout, done.stderr = machine.paths.text_to_virtual(done.stdout), machine.paths.text_to_virtual(done.stderr)
    return done


def sudo(machine: MacMachine, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line (without single quotes) as root."""
    return run(machine, f"sudo -H -S -p '' /bin/sh -c '{command}'", stdin=f"{ADMIN_PASSWORD}\n")


def python(machine: MacMachine, program: str, *, root: bool = False) -> Any:
    """Run a Python program, on standard input as Ansible sends it; return the JSON that it prints."""
    start = f"sudo -H -S -p '' {PYTHON} -" if root else f"{PYTHON} -"
    done = run(machine, start, stdin=f"{ADMIN_PASSWORD}\n{program}" if root else program)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
