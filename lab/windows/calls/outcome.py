"""What a remote call ends in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """Exit code and text of both streams, as a remote shell returns them."""

    rc: int
    stdout: str
    stderr: str = ""
