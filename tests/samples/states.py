"""What two states of a machine differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield where two states differ, with what is there afterwards."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name), after.get(name), f"{path}/{name}")
    elif before != after:
        yield f"{path} {json.dumps(after, ensure_ascii=False)}"
