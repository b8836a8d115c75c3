r"""Controls about what is only known once the endpoint has been read: one check for every registry key that fits.

    each_key: {registry: 'HKLM\...\Profiles', having: {NameType: [6, 23], ProfileName: [fortissl, IMR]},
               none: "why there is nothing to check when no subkey fits"}

stands in a control where `each` would: every subkey of `registry` whose values are all among the named ones becomes one
item, with the subkey's own name as `name` and those values as further fields. Texts are compared without regard to
capital or small. A value that cannot be read makes the key an error and never a key that does not fit.

    each_found: {where: {other_rules: file_sharing, addresses: [...]}, none: "why there is nothing to check"}

is the same for every name in the list that a place has as its value.
"""

from __future__ import annotations

from typing import Any

from ..records.records import record
from ..state.nodes import Unreadable
from ..state.state import State


def items_of(control: dict[str, Any], endpoint: State, role: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the items that a control's `each_key` or `each_found` stands for here; without any, a record why."""
    wanted = control.get("each_key") or control["each_found"]
    status, reason, items = "not_applicable", wanted["none"], []
    try:
        items = _keys(wanted, endpoint) if "each_key" in control else _found(wanted, endpoint)
    except Unreadable as error:
        status, reason = "error", str(error)
    if items:
        return items, []
    nothing = record(
        control["id"],
        status,
        role=role,
        reason=reason,
        evidence=wanted.get("registry", ""),
        severity=control["severity"],
        title=control["title"],
        why=control["why"],
    )
    return [], [nothing]


def _keys(wanted: dict[str, Any], endpoint: State) -> list[dict[str, Any]]:
    return [
        {"name": name, **values}
        for name in endpoint.subkeys(wanted["registry"])
        if (values := _values(endpoint, f"{wanted['registry']}\\{name}", wanted["having"])) is not None
    ]


def _found(wanted: dict[str, Any], endpoint: State) -> list[dict[str, Any]]:
    return [{"name": name} for name in endpoint.locate(wanted["where"]).value or []]


def _values(endpoint: State, path: str, having: dict[str, list[Any]]) -> dict[str, Any] | None:
    """Return the values that were asked for, or None when one is not among the named ones."""
    values = {}
    for name, allowed in having.items():
        located = endpoint.locate({"registry": path, "value": name})
        if not located.found or _folded(located.value) not in [_folded(item) for item in allowed]:
            return None
        values[name] = located.value
    return values


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
