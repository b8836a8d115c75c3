"""What a run knows of its endpoints, kept on the controller between its tasks.

Every task runs in a process of its own, so what one found has to lie somewhere for the next. Facts would do, but any
module's answer can replace a fact, and every later task would carry the whole state document along. This lies in the
temporary folder that Ansible makes for one run, readable for its user alone, and takes away at its end.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812  (the name Ansible's own code gives it)


@dataclass
class Known:
    """What is known of one endpoint.

    `state` is the last reading ({"reachable", "error", "platform", "document"}), None before the first; `reading`
    counts them. By role: `roles` are those that it covers, each with the key of what it wants (controls.desired);
    `compared` tells which reading was compared, `plans` what came of it, `records` what is to be reported, `pending`
    the plan that is being carried out right now, so that an endpoint that gets lost meanwhile has records that say so.
    Of a run that puts back, `before` is what was there before it wrote, and `left` what it has moved (plan.left).
    """

    state: dict[str, Any] | None = None
    roles: dict[str, str] = field(default_factory=dict)
    reading: int = 0
    compared: dict[str, int] = field(default_factory=dict)
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: dict[str, list[Any]] = field(default_factory=dict)
    left: dict[str, list[Any]] = field(default_factory=dict)


class RunStore:
    """The folder of one run; `folder` is Ansible's own unless a test says otherwise."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = Path(folder or C.DEFAULT_LOCAL_TMP) / "offsite.endpoints"

    def endpoint(self, host: str) -> Known:
        """Return what is known of an endpoint; an empty one when nothing is."""
        found = self.shared(f"endpoint {host}")
        return Known(**found) if found is not None else Known()

    def keep(self, host: str, known: Known) -> None:
        """Keep what is known of an endpoint for the tasks to come."""
        self.share(f"endpoint {host}", vars(known))

    def shared(self, key: str) -> Any:
        """Return what was kept under a key, None when nothing was."""
        try:
            return json.loads(self._file(key).read_bytes())
        except FileNotFoundError:
            return None

    def share(self, key: str, value: Any) -> None:
        """Keep plain data under a key; whole, or not at all."""
        file = self._file(key)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(value, ensure_ascii=True), encoding="ascii")
        fresh.replace(file)

    def _file(self, key: str) -> Path:
        # A host's name may be anything, so it is no name of a file.
        return self._folder / f"{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}.json"
