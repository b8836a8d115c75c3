"""What results of tasks say that no reader could: users' own VPN connections, and why a task failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def looks_of(role: str, task_vars: Mapping[str, Any]) -> list[Any]:
    """Return what a role found where only each user can look; its task registers that as `__<role>_seen`."""
    return list(task_vars.get(f"__{role}_seen", {}).get("results", []))


def with_looks(document: dict[str, Any] | None, looks: list[Any]) -> dict[str, Any] | None:
    """Return a document with what was looked at as each user."""
    return None if document is None else {**document, "vpn_connections": vpn_connections(looks)}


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
    reported = str(script or result.get("msg") or result.get("module_stderr") or "no message").strip()
    streams = " ".join(str(result.get(name) or "") for name in ("stdout", "stderr"))
    own = " ".join(streams.split())[-300:]
    return f"{reported}: {own}" if "cmd" in result and own else reported
