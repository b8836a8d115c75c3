"""The form of a control's `each_key`: one check for every registry key that fits (plan.items finds them)."""

from __future__ import annotations

from typing import Any

_SHAPE = "each_key needs registry (a path), having ({value's name: [texts or numbers]}) and none (a text)"


def each_key_problem(wanted: Any) -> str | None:
    """Return what is wrong with a control's `each_key`, or None."""
    if not isinstance(wanted, dict) or set(wanted) != {"registry", "having", "none"}:
        return _SHAPE
    having = wanted["having"]
    if not isinstance(having, dict) or not having or not all(isinstance(item, list) for item in having.values()):
        return _SHAPE
    return None if isinstance(wanted["registry"], str) and isinstance(wanted["none"], str) else _SHAPE
