"""The lab's record of remote calls: one JSON line each, so that a test or a benchmark can count them.

A line holds `time` (ISO 8601, UTC, when the call began), `endpoint`, `kind`, `name`, `check_mode`, `seconds` (the lab's
own work, latency included), `rc`, which is null for a call whose answer was dropped on purpose, and the bytes that the
controller `sent` and was `answered`: command, input and output as they are, without the envelopes and the encryption.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path


class CallLog:
    """Appends to one file; counts what it appended and what was there before."""

    def __init__(self, path: Path) -> None:
        """`path` is made with the first call."""
        self.path = path

    def record(
        self,
        endpoint: str,
        kind: str,
        name: str,
        *,
        check_mode: bool,
        seconds: float,
        rc: int | None,
        sent: int = 0,
        answered: int = 0,
    ) -> None:
        """Append one call that has just ended."""
        began = datetime.now(UTC).timestamp() - seconds
        line = {
            "time": datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
            "endpoint": endpoint,
            "kind": kind,
            "name": name.splitlines()[0][:200] if name else "",
            "check_mode": check_mode,
            "seconds": round(seconds, 3),
            "rc": rc,
            "sent": sent,
            "answered": answered,
        }
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")

    def counts(self) -> Counter[str]:
        """Return the number of calls by endpoint."""
        if not self.path.exists():
            return Counter()
        with self.path.open(encoding="utf-8") as handle:
            return Counter(json.loads(line)["endpoint"] for line in handle)
