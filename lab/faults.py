"""Faults on demand: what an endpoint does wrong, and how often.

`refuse` and `power_off` are states of an endpoint that hold until `none`; the others hit a number of times.
"""

from __future__ import annotations

import json

KINDS = {
    "refuse": "the port is closed: connections are refused",
    "power_off": "the machine is off: nobody answers, connections time out; its state stays as it is",
    "auth": "the next logon is refused, as with a wrong password (Windows)",
    "drop": "the next command is carried out, but the connection is dropped before its answer",
    "fails": "the next command (Mac: module) fails, 'Access is denied', and is not carried out",
    "http500": "the next command is answered with HTTP 500 and not carried out (Windows)",
    "logs_on": "with the next command somebody logs on who was not (Windows)",
    "timeout": "the next command is never answered and not carried out",
    "slow_reboot": "the next reboot takes a minute longer (Windows)",
    "no_return": "after the next reboot the machine is silent, as one that asks for its BitLocker key (Windows)",
    "network_busy": "networksetup fails with exit code 8, as while the list of services changes (Mac)",
    "image_busy": "hdiutil can't detach a disk image, unless it is forced to (Mac)",
    "install_fails": "the installer fails halfway (Mac)",
    "none": "no fault: the endpoint works again",
}
STATES = frozenset({"refuse", "power_off"})
# Those of a Mac's tools, which look for them in the machine's facts.
OF_MACS = frozenset({"network_busy", "image_busy", "install_fails"})
OF_WINDOWS = frozenset({"auth", "http500", "logs_on", "slow_reboot", "no_return"})
# Those that can wait for a later command: they begin when that command does.
LATER = STATES | {"drop", "timeout", "fails", "http500", "logs_on"}
UNANSWERED = "(no answer)"  # how the log of calls names a command that `timeout` hit
REFUSAL = json.dumps({"failed": True, "changed": False, "msg": "Access is denied."})  # what `fails` answers


class FaultError(Exception):
    """A fault can't be set; the message says why and what can."""


class Faults:
    """The faults of one endpoint: how often each hits from now on."""

    def __init__(self) -> None:
        """No faults."""
        self._left: dict[str, int] = {}
        self._waiting: list[tuple[int, str, int]] = []
        self._only: dict[str, str] = {}

    def set(self, kind: str, count: int = 1, after: int = 0, only: str = "") -> None:
        """Let a fault hit `count` times, beyond `after` more commands; `none` takes all away. Raises FaultError.

        `only`: of the commands that `fails` could hit, those of this module.
        """
        if kind not in KINDS:
            msg = f"unknown fault {kind!r}; there are: {', '.join(KINDS)}"
            raise FaultError(msg)
        if count < 1:
            msg = f"--count {count}: at least 1; to take faults away use the kind `none`"
            raise FaultError(msg)
        if after < 0 or (after and kind not in LATER):
            msg = f"--after {after}: a number of commands from 0, and only with {', '.join(sorted(LATER))}"
            raise FaultError(msg)
        if only and kind != "fails":
            msg = f"--only {only}: goes with fails alone"
            raise FaultError(msg)
        self._only[kind] = only
        if kind == "none":
            self._left.clear()
            self._waiting.clear()
        elif after:
            self._waiting.append((after, kind, count))
        else:
            self._left[kind] = count

    def next_command(self) -> bool:
        """Count a command that begins; whether that brings a state (`refuse`, `power_off`) about."""
        due = [(kind, count) for left, kind, count in self._waiting if left == 0]
        self._waiting = [(left - 1, kind, count) for left, kind, count in self._waiting if left]
        self._left.update(due)
        return any(kind in STATES for kind, _ in due)

    def strikes(self, kind: str, name: str = "") -> bool:
        """Whether this fault hits now, at a command of this name; uses up one of its times."""
        only = self._only.get(kind)
        left = 0 if only and only != name.rpartition(".")[2] else self._left.get(kind, 0)
        if left > 1:
            self._left[kind] = left - 1
        elif left:
            del self._left[kind]
        return left > 0

    @property
    def state(self) -> str | None:
        """The state that keeps the endpoint from answering: `refuse`, `power_off` or None."""
        return next((kind for kind in sorted(STATES) if kind in self._left), None)

    def active(self) -> list[str]:
        """Return what is set, sorted."""
        return sorted(self._left)
