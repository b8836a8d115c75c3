"""Runs one decoded call on a simulated Windows machine and answers as PowerShell on an endpoint would.

Nothing here answers success for what was not done: what is not modelled, and what goes wrong in a model, is a failed
result that says so.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lab.windows import modules
from lab.windows.calls import arguments, identity, models, transfer
from lab.windows.calls.documentation import Documentation, documentation_of, resolve
from lab.windows.calls.dotnet import Conversions
from lab.windows.calls.outcome import Outcome
from lab.windows.calls.payload import Call
from lab.windows.machine import Machine
from lab.windows.machine.parts import NotModelled

__all__ = ["Outcome", "acting_for", "execute"]


def execute(machine: Machine, call: Call) -> Outcome:
    """Run the call. Never raises for anything that an endpoint would answer; see Outcome for the shape."""
    modules.load()
    try:
        with acting_for(machine, call):
            return _run_module(machine, call) if call.kind == "module" else transfer.run(machine, call)
    except identity.BecomeFailure as failure:
        return _answer({"failed": True, "msg": f"failure during exec_wrapper: {failure}"}, rc=1)
    except NotModelled as gap:
        return _not_modelled(call, gap)
    except Exception as error:  # whatever it is, it has to reach the task as a failure
        text = f"lab error in {call.name.splitlines()[0][:100]}: {type(error).__name__}: {error}"
        return _answer({"failed": True, "msg": text, "exception": traceback.format_exc()}, rc=1)


@contextmanager
def acting_for(machine: Machine, call: Call) -> Iterator[None]:
    """Have what is done inside done with the rights of the call's account, and the files dated that it writes."""
    machine.files.now = time.time
    try:
        with identity.session(machine, call):
            yield
    finally:
        machine.files.now = None


def _not_modelled(call: Call, gap: NotModelled) -> Outcome:
    if call.kind != "module":
        return Outcome(rc=1, stdout="", stderr=f"{gap}\r\n")
    return _answer({"failed": True, "changed": False, "msg": str(gap)}, rc=1)


def _run_module(machine: Machine, call: Call) -> Outcome:
    name = resolve(call.name)
    found = models.find(name)
    if found is None:
        what = f"the module {name}" if name == call.name else f"the module {name} (called as {call.name})"
        modelled = models.names()
        msg = (
            f"The lab does not model {what}. Nothing was done. What it does model is listed under `modelled`; "
            "`python -m lab up --models FOLDER` brings models of your own."
        )
        return _answer({"failed": True, "changed": False, "msg": msg, "modelled": modelled}, rc=1)
    documentation = documentation_of(name)
    if documentation is None and call.args and not (found.rules.options or found.rules.extra_options):
        msg = (
            f"The lab finds no documentation of {name}, which it checks the arguments against. Nothing was done. "
            "Install its collection where the lab's Ansible finds it, or name the options in the Rules of the model."
        )
        return _answer({"failed": True, "changed": False, "msg": msg}, rc=1)
    documentation = documentation or Documentation(options={}, legacy=False, supports_check_mode=True)
    try:
        checked = arguments.check(
            call.args,
            documentation,
            found.rules,
            module_name=str(call.internal.get("_ansible_module_name", call.name)),
            conversions=Conversions(
                expand=lambda text: identity.expand(machine, call, text),
                sid_of=machine.sid_of,
            ),
            check_mode=call.check_mode,
        )
    except models.ModuleFailure as failure:
        return _finish(call, documentation, _failed(failure), None)
    except arguments.SkippedInCheckMode as skipped:
        return _finish(call, documentation, {"skipped": True, "msg": str(skipped), **skipped.extra}, None)
    try:
        result = found.function(machine, replace(call, name=name, args=checked.args))
    except models.ModuleFailure as failure:
        result = _failed(failure)
        result["msg"] = arguments.mask(failure.msg, checked.hidden)
    except models.ModuleCrash as crash:
        msg = f"Unhandled exception while executing module: {crash}"
        return _answer({"failed": True, "msg": msg, "exception": str(crash)}, rc=1)
    return _finish(call, documentation, result, checked)


def _failed(failure: models.ModuleFailure) -> dict[str, Any]:
    return {**failure.extra, "failed": True, "msg": failure.msg}


def _finish(
    call: Call, documentation: Documentation, result: dict[str, Any], checked: arguments.Checked | None
) -> Outcome:
    """Put the module's result into the envelope of the module library it uses."""
    envelope: dict[str, Any] = {"changed": False, **result}
    if not documentation.legacy:
        if checked is not None:
            envelope["invocation"] = {"module_args": checked.masked()}
        # Core 2.21 leaves the invocation out unless asked; core 2.19 always has it and does not send the setting.
        if not call.internal.get("_ansible_inject_invocation", True):
            envelope.pop("invocation", None)
    # Modules of the old library return what they have, if it is nothing.
    if not call.diff_mode or not (envelope.get("diff") or documentation.legacy):
        envelope.pop("diff", None)
    if not envelope.get("warnings"):
        envelope.pop("warnings", None)
    return _answer(envelope, rc=1 if envelope.get("failed") else 0)


def _answer(result: dict[str, Any], *, rc: int) -> Outcome:
    return Outcome(rc=rc, stdout=json.dumps(result, ensure_ascii=False) + "\r\n")
