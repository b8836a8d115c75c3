"""What results of tasks say that no reader could: users' own VPN connections, and why a task failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..values.bounded import cut, masked
from ..values.causes import explained

# Of what a program has written, the end tells why it ended; of a message, the beginning.
MOST = 300
LONGEST = 1000


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
        output = result.get("output")
        seen = output[0] if isinstance(output, list) and output else {"error": said(result)}
        found.setdefault(item["user"], {})[item["name"]] = seen
    return found


def said(result: Mapping[str, Any]) -> str:
    """Return why a task failed, in the tool's own words, with what to do about it when that is known.

    A module's message may only point elsewhere ("see stdout/stderr", "failed to validate"), so what it and the command
    that it ran have written stands beside it. win_powershell tells a script's error under `error`.
    """
    script = _of_script(result.get("error"))
    words = [_line(script or result.get("msg") or result.get("censored") or "")]
    for name in ("stderr", "stdout", "module_stderr", "module_stdout"):
        own = _line(result.get(name) or "")
        if own and not any(own in known for known in words):
            words.append(f"...{own[-MOST:]}" if len(own) > MOST else own)
    trace = _traceback(result)
    last = _line(trace.strip().splitlines()[-1]) if "Traceback (most recent call last)" in trace else ""
    if last and not any(last in known for known in words):
        words.append(last)
    code = result.get("rc")
    if isinstance(code, int) and code and not any(re.search(rf"\b{code}\b", known) for known in words):
        words.append(f"exit code {code}")
    text = ": ".join(word for word in words if word)
    return explained(text or "no message", more=f"{result.get('module_stderr') or ''}\n{trace}")


def _of_script(errors: Any) -> Any:
    first = errors[0] if isinstance(errors, list) and errors else None
    thrown = first.get("exception") if isinstance(first, Mapping) else None
    return thrown.get("message") if isinstance(thrown, Mapping) else None


def _line(text: Any) -> str:
    return cut(masked(" ".join(str(text).split())), LONGEST)


def _traceback(result: Mapping[str, Any]) -> str:
    """Return a module's own traceback; on the controller Ansible wraps it."""
    told = result.get("exception") or ""
    event = getattr(told, "event", None)
    return told if isinstance(told, str) else str(getattr(event, "formatted_traceback", None) or "")
