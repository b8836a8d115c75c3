"""Jinja filter about ledgers: spreadsheets that are the inventory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.state.asked import ledger_mistakes


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {"ledger_mistakes": ledger_mistakes}
