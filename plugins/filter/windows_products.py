"""A Jinja filter that finds products among what the registry says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..plugin_utils.state.nodes import pick


def uninstall_entries(registry: Mapping[str, Any], views: Iterable[str], product: str | None = None) -> list[str]:
    """Return the names of uninstall entries (product codes, mostly), of the product with this DisplayName or of all.

    In Jinja this would take the method `keys` or `values` of what has no entry of that name: a view that is not there,
    an entry that could not be read.
    """
    return [
        name
        for view in views
        for name, entry in registry.get(view, {}).get("keys", {}).items()
        if product is None or (pick(entry.get("values", {}), "DisplayName") or {}).get("data") == product
    ]


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {"uninstall_entries": uninstall_entries}
