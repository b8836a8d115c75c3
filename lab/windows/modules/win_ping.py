"""ansible.windows.win_ping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.calls.models import ModuleCrash, Result, model

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine


@model("ansible.windows.win_ping")
def win_ping(machine: Machine, call: Call) -> Result:
    """Answer `pong`, or what `data` says; `crash` ends in an unhandled exception."""
    if call.args["data"] == "crash":
        raise ModuleCrash("boom")
    return {"ping": call.args["data"]}
