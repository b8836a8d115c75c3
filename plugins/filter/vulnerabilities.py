"""Jinja filters about the table of the client's known vulnerabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.values.cve_records import lowered_where_unused, renewed


def renewed_vulnerabilities(records: list[str], table: dict[str, Any], date: str = "") -> dict[str, Any]:
    """Return the table, and what is new in it, gone from it, and could not be understood."""
    return renewed(table, records, date)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {
            "lowered_where_unused": lowered_where_unused,
            "renewed_vulnerabilities": renewed_vulnerabilities,
        }
