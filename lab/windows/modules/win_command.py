"""ansible.windows.win_command, for the programs that the lab has a model of: powercfg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleFailure, Rules, model
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.power import powercfg

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_WAYS = ("_raw_params", "cmd", "argv")
_RULES = Rules(required_one_of=(_WAYS,), mutually_exclusive=(_WAYS,))
_PROGRAMS = {"powercfg": powercfg, "powercfg.exe": powercfg}


@model("ansible.windows.win_command", _RULES)
def win_command(machine: Machine, call: Call) -> dict[str, Any]:
    """Run it and answer with its exit code and text."""
    argv = call.args["argv"]
    if not argv or any(value is not None for name, value in call.args.items() if name != "argv"):
        raise NotModelled("win_command with other options than argv")
    program = _PROGRAMS.get(argv[0].lower())
    if program is None:
        raise NotModelled(f"the program {argv[0]}")
    if not identity.is_admin(machine, call):
        raise NotModelled(f"{argv[0]} when it is run by an ordinary account")
    code, text = program(machine, argv[1:])
    result = {"changed": True, "cmd": " ".join(argv), "rc": code, "stdout": text, "stderr": ""}
    if code:
        raise ModuleFailure("non-zero return code", **result)
    return result
