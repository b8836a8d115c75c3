"""ansible.windows.win_ping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.modules import ModuleCrash, Result, model

if TYPE_CHECKING:
    from lab.windows.machine import Machine
    from lab.windows.payload import Call


@model("ansible.windows.win_ping")
def win_ping(machine: Machine, call: Call) -> Result:
    """Answer `pong`, or what `data` says; `crash` ends in an unhandled exception."""
    if call.args["data"] == "crash":
        raise ModuleCrash("boom")
    return {"ping": call.args["data"]}
