"""Helps the tests of module models: small machines, and calls as the dispatcher gets them from Ansible."""

from __future__ import annotations

import json
from typing import Any

from lab.windows.calls.payload import Call
from lab.windows.execute import execute
from lab.windows.machine import NLS_LANGUAGE, Machine
from lab.windows.machine.accounts import ADMINISTRATORS, User
from lab.windows.machine.registry import Value

ADMIN = "S-1-5-21-1000000001-1000000002-1000000003-500"
TARO = "S-1-5-21-1000000001-1000000002-1000000003-1001"
ORPHAN = "S-1-5-21-9-9-9-1234"


def small_machine(language: str = "en-US") -> Machine:
    """Return a machine named PC1 with an administrator `ansible` and a user `taro`."""
    machine = Machine("pc1")
    for sid, name in ((ADMIN, "ansible"), (TARO, "taro")):
        machine.users[sid] = User(sid, name)
        machine.users[sid].set_password(f"{name}-secret")
    machine.groups[ADMINISTRATORS].members.add(ADMIN)
    machine.files.add_stub(r"C:\WINDOWS\system32\svchost.exe", 50_000, {"OfWindows": True})
    code = {"en-US": "0409", "ja-JP": "0411"}[language]
    machine.registry.set(NLS_LANGUAGE, "InstallLanguage", Value("REG_SZ", code))
    return machine


def run(
    machine: Machine, module: str, args: dict[str, Any], *, check: bool = False, source: str = ""
) -> dict[str, Any]:
    """Run a module with diff mode on and return its result without the invocation."""
    internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_module_name": module}
    outcome = execute(machine, Call("module", module, args, internal, source=source, user="ansible"))
    result: dict[str, Any] = json.loads(outcome.stdout)
    result.pop("invocation", None)
    return result


def predicts(machine: Machine, module: str, args: dict[str, Any]) -> dict[str, Any]:
    """Run in check mode, prove that nothing was written, then run for real; both must agree on `changed`."""
    before = machine.to_bytes()
    predicted = run(machine, module, args, check=True)
    assert machine.to_bytes() == before, "check mode wrote to the machine"
    result = run(machine, module, args)
    assert predicted["changed"] == result["changed"]
    return result
