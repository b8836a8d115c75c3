"""What no test notices, and why it may live."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("may_live.yml")


@dataclass(frozen=True)
class Survivor:
    """One breakage: where it is, and the text that stood there afterwards."""

    where: str
    text: str

    def why(self) -> str:
        """Return why it may live; nothing when nobody has said so."""
        for one in known():
            as_said = one.get("text", self.text) == self.text and re.search(one.get("like", ""), self.text)
            if as_said and fnmatchcase(self.where, one["where"]):
                return str(one["why"])
        return ""


@dataclass
class Score:
    """How many breakages of a part were tried, and which were not noticed."""

    part: str
    tried: int
    lived: list[Survivor] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100.0 * (self.tried - len(self.lived)) / self.tried if self.tried else 0.0

    @property
    def unexplained(self) -> list[Survivor]:
        return [one for one in self.lived if not one.why()]

    def line(self) -> str:
        noticed = self.tried - len(self.lived)
        lived = f"{len(self.lived)} live, {len(self.unexplained)} of them without a reason"
        return f"{self.part}: {noticed} of {self.tried} noticed ({self.percent:.1f} percent), {lived}"

    def __str__(self) -> str:
        lines = [f"  {one.where}: {one.text}  -- {one.why() or 'WHY?'}" for one in self.lived]
        return "\n".join([self.line(), *lines])


@cache
def known() -> list[dict[str, Any]]:
    """Return what may live: where, the text as it then is or what is like it (without either any), and why."""
    return list(yaml.safe_load(FILE.read_text(encoding="utf-8")) or [])
