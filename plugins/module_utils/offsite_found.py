r"""Controls about what is only known once the endpoint has been read: one check for every registry key that fits.

    each_key: {registry: 'HKLM\...\Profiles', having: {NameType: [6, 23], ProfileName: [fortissl, IMR]},
               none: "why there is nothing to check when no subkey fits"}

stands in a control where `each` would: every subkey of `registry` whose values are all among the named ones becomes one
item, with the subkey's own name as `name` and those values as further fields. Texts are compared without regard to
capital or small. A value that cannot be read makes the key an error and never a key that does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .offsite_nodes import Unreadable
from .offsite_records import record
from .offsite_state import State

_SHAPE = "each_key needs registry (a path), having ({value's name: [texts or numbers]}) and none (a text)"


def each_key_problem(wanted: Any) -> str | None:
    """Return what is wrong with a control's `each_key`, or None."""
    if not isinstance(wanted, dict) or set(wanted) != {"registry", "having", "none"}:
        return _SHAPE
    having = wanted["having"]
    if not isinstance(having, dict) or not having or not all(isinstance(item, list) for item in having.values()):
        return _SHAPE
    return None if isinstance(wanted["registry"], str) and isinstance(wanted["none"], str) else _SHAPE


def with_items(control: dict[str, Any], endpoint: State, role: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return a control with `each_key` as one with `each`, and the record that says why there is nothing in it."""
    wanted = control["each_key"]
    rest = {key: value for key, value in control.items() if key != "each_key"}
    status, reason, items = "not_applicable", wanted["none"], []
    try:
        items = [
            {"name": name, **values}
            for name in endpoint.subkeys(wanted["registry"])
            if (values := _values(endpoint, f"{wanted['registry']}\\{name}", wanted["having"])) is not None
        ]
    except Unreadable as error:
        status, reason = "error", str(error)
    if items:
        return {**rest, "each": items}, None
    nothing = record(
        control["id"],
        status,
        role=role,
        reason=reason,
        evidence=wanted["registry"],
        severity=control["severity"],
        title=control["title"],
        why=control["why"],
    )
    return {**rest, "each": []}, nothing


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


def vpn_connections(results: Any) -> dict[str, dict[str, Any]]:
    """Return {account: {connection: settings or error}} from the results of a loop of set_vpn_connection.ps1.

    Its items have `user` and `name`. What could not be looked at is an error and never absent.
    """
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        item = result.get("item")
        if not isinstance(item, Mapping) or result.get("skipped"):
            continue
        output = result.get("output") or [{"error": said(result)}]
        found.setdefault(item["user"], {})[item["name"]] = output[0]
    return found


def said(result: Mapping[str, Any]) -> str:
    """Return why a task failed; win_powershell tells a script's error under `error`, a command on its own streams."""
    errors = result.get("error") or [{}]
    script = errors[0].get("exception", {}).get("message") if isinstance(errors, list) else None
    told = str(script or result.get("msg") or result.get("module_stderr") or "no message").strip()
    streams = " ".join(str(result.get(name) or "") for name in ("stdout", "stderr"))
    own = " ".join(streams.split())[-300:]
    return f"{told}: {own}" if "cmd" in result and own else told
