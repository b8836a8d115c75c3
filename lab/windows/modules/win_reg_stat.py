"""ansible.windows.win_reg_stat: shows a registry key or one value of it.

Source: ansible.windows win_reg_stat. `value` is expanded, `raw_value` is not; of a binary value `value` is a list of
numbers and `raw_value` one of hex text; the default value is always said to be of type REG_SZ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity, regpath
from lab.windows.calls.models import ModuleCrash, ModuleFailure, Result, model
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine


@model("ansible.windows.win_reg_stat")
def win_reg_stat(machine: Machine, call: Call) -> Result:
    """Return `exists` and what is there."""
    path, name = call.args["path"], call.args["name"]
    if not regpath.is_path(path):
        raise ModuleFailure(f"path: {path} is not a valid registry path, see module documentation for examples.")
    location = regpath.locate(machine, call, path)
    if not identity.subject(machine, call).may_read_key(location):
        raise ModuleCrash(
            'Exception calling "OpenSubKey" with "2" argument(s): "Requested registry access is not allowed."'
        )
    if not machine.registry.exists(location):
        return {"exists": False}
    if name is None:
        values = machine.registry.values(location).items()
        return {
            "exists": True,
            "properties": {each: _shown(machine, call, each, value) for each, value in values},
            "sub_keys": machine.registry.keys(location),
        }
    found = machine.registry.get(location, name)
    if found is None:
        return {"exists": False}
    return {"exists": True, **_shown(machine, call, name, found)}


def _shown(machine: Machine, call: Call, name: str, found: Value) -> dict[str, Any]:
    value: Any = found.data
    raw: Any = found.data
    if name == "":
        # The module does not look at the type of the default value, so its numbers stay signed.
        value = raw = regpath.signed(found).data
    if isinstance(value, bytes):
        value = list(value)
        raw = value if name == "" else regpath.as_bytes_shown(bytes(value))
    if found.type == "REG_EXPAND_SZ":
        value = identity.expand(machine, call, str(found.data))
    return {"type": "REG_SZ" if name == "" else found.type, "value": value, "raw_value": raw}
