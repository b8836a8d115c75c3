"""Which endpoints a lab has and how each is made: how many, what each one is, all from the seed.

The same numbers and the same seed give the same machines, to the byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lab import ssh_keys
from lab.calls import CallLog
from lab.mac_endpoint import MacEndpoint
from lab.macos import seed as mac_seed
from lab.macos.machine import MacMachine
from lab.windows import seed as windows_seed
from lab.windows.machine import Machine
from lab.windows.net.winrm import Tls
from lab.windows_endpoint import WindowsEndpoint, set_up_ssh

ADMIN_NAME, ADMIN_PASSWORD = mac_seed.ADMIN_NAME, mac_seed.ADMIN_PASSWORD  # the same on all machines of all labs
# How Windows is reached: the first unless `lab up` says otherwise. Macs are reached by SSH.
TRANSPORTS = ("winrm", "psrp", "ssh")
MACHINES = "machines"  # the folder of the endpoints' states in the state directory


class FleetError(Exception):
    """A machine that is there can't be used; the message says what to do."""


@dataclass(frozen=True)
class Plan:
    """One endpoint to be: `os` is `windows` or `macos`, the rest is as the system's seed names it.

    A Mac has no editions; what tells two of one release apart is where its Python comes from.
    """

    name: str
    os: str
    release: str
    edition: str
    language: str
    condition: str


def plan(windows: int, macs: int, seed: int) -> list[Plan]:
    """Return the endpoints of a lab, Windows first, in the order of their names."""
    plans = [
        Plan(f"win-{i:02}", "windows", variant.os, variant.edition, variant.language, variant.condition)
        for i, variant in enumerate(windows_seed.variants(windows, seed), start=1)
    ]
    plans += [
        Plan(f"mac-{i:02}", "macos", variant.macos, variant.python, variant.language, variant.condition)
        for i, variant in enumerate(mac_seed.variants(macs, seed), start=1)
    ]
    return plans


def keep(machine: Machine, machines: Path) -> Plan:
    """Save a machine that is there already, and return its plan."""
    machines.mkdir(parents=True, exist_ok=True)
    machine.save(machines / f"{machine.name}.json")
    return Plan(machine.name, "windows", str(machine.build), machine.edition_id, machine.ui_culture, "from a document")


def build(one: Plan, seed: int, machines: Path) -> None:
    """Make an endpoint's state, or check the state that is there; raises FleetError."""
    file = machines / f"{one.name}.json"
    if file.exists():
        _check(one, file)
    elif one.os == "windows":
        variant = windows_seed.Variant(one.release, one.edition, one.language, one.condition)
        windows_seed.build_windows(one.name, variant, seed, admin=ADMIN_NAME, password=ADMIN_PASSWORD).save(file)
    else:
        mac_variant = mac_seed.MacVariant(one.release, one.language, one.condition, one.edition)
        mac_seed.build_mac(one.name, mac_variant, seed, machines)


def _check(one: Plan, file: Path) -> None:
    try:
        if one.os == "windows":
            Machine.load(file)
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        msg = f"{file} was written by another version of the lab ({reason}); `python -m lab down --purge` deletes it"
        raise FleetError(msg) from error


def fingerprint(one: Plan, machines: Path) -> str | None:
    """Return the SHA-256 of an endpoint's state, or None when there is none yet."""
    file = machines / f"{one.name}.json"
    if not file.exists():
        return None
    if one.os == "windows":
        return hashlib.sha256(file.read_bytes()).hexdigest()
    return MacMachine(one.name, machines).fingerprint()


def set_up(one: Plan, transport: str, machines: Path) -> None:
    """Prepare a machine for the way that it is reached by, as its owner did before Ansible could."""
    if one.os == "windows" and transport == "ssh":
        file = machines / f"{one.name}.json"
        machine = Machine.load(file)
        set_up_ssh(machine)
        machine.save(file)


def endpoint(
    one: Plan, folder: Path, calls: CallLog, *, tls: Tls, transport: str, latency: float
) -> WindowsEndpoint | MacEndpoint:
    """Return the endpoint of a plan, not started yet; `folder` is the state directory, `latency` seconds a call."""
    machines, keys = folder / MACHINES, folder / ssh_keys.FOLDER
    if one.os != "windows":
        return MacEndpoint(one.name, machines, ssh_keys.make_client_key(keys), calls, latency=latency)
    way_in = ssh_keys.of_windows(keys, one.name) if transport == "ssh" else tls
    return WindowsEndpoint(one.name, machines / f"{one.name}.json", ADMIN_PASSWORD, way_in, calls, latency=latency)


def ntlm_accounts(plans: list[Plan]) -> str:
    """Return the account file of pyspnego's acceptor: the administrator under each domain name that a client may send.

    A machine outside a domain takes its own name, a dot or nothing for its local accounts.
    """
    domains = ["", ".", *(one.name.upper() for one in plans if one.os == "windows")]
    return "".join(f"{domain}:{ADMIN_NAME}:{ADMIN_PASSWORD}\n" for domain in domains)
