r"""What is to be written, as items that upstream modules take in a YAML loop.

    registry   [{path: 'HKLM:\...', name, data, type, state, delete_key, control, instance}]   for win_regedit
    firewall   [{parameters: {Rule, RemoteAddress, Enabled}, control, instance}]   for set_firewall_rule.ps1: one item a
               rule, with what differs only
    plist      [{path, values: [{key, value, state}], control, instance}]       one item a file: one write, one backup

`control` and `instance` are for the reader of the run's output; several are joined with a comma.
"""

from __future__ import annotations

from typing import Any

from .offsite_reads import split_path

# win_regedit's names for the registry's types.
_TYPES = {
    "REG_SZ": "string",
    "REG_EXPAND_SZ": "expandstring",
    "REG_MULTI_SZ": "multistring",
    "REG_DWORD": "dword",
    "REG_QWORD": "qword",
    "REG_BINARY": "binary",
    "REG_NONE": "none",
}
# A rule's fields that the script sets, and its names for them.
RULE_PARAMETERS = {"enabled": "Enabled", "remote_address": "RemoteAddress"}


class Writes:
    """Collects writes in the order in which they are asked for; what goes to one rule or file becomes one item."""

    def __init__(self) -> None:
        self.registry: list[dict[str, Any]] = []
        self._rules: dict[str, dict[str, Any]] = {}
        self._plists: dict[str, dict[str, Any]] = {}

    def add(self, where: dict[str, Any], control: str, instance: str | None, value: Any, type_: str | None) -> None:
        """Ask for a value at a place; None takes away what is there (in the registry also a whole key)."""
        if "registry" in where:
            self.registry.append(_registry_item(where, control, instance, value, type_))
        elif "plist" in where:
            item = self._plists.setdefault(where["plist"], {"path": where["plist"], "values": []})
            change = {"key": where["key"], "state": "absent"}
            item["values"].append(change if value is None else {**change, "value": value, "state": "present"})
            _sign(item, control, instance)
        else:
            rule = where["firewall_rule"]
            item = self._rules.setdefault(rule.casefold(), {"parameters": {"Rule": rule}})
            item["parameters"][RULE_PARAMETERS[where["field"]]] = value
            _sign(item, control, instance)

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the items for the loops."""
        return {
            "registry": self.registry,
            "firewall": list(self._rules.values()),
            "plist": list(self._plists.values()),
        }


def powershell_path(path: str) -> str:
    r"""Return a registry path in PowerShell's form.

    >>> powershell_path("HKLM\\SOFTWARE\\X")
    'HKLM:\\SOFTWARE\\X'
    """
    hive, _backslash, rest = path.partition("\\")
    return f"{split_path(hive)[0].upper()}:\\{rest.strip(chr(92))}"


def _registry_item(
    where: dict[str, Any], control: str, instance: str | None, value: Any, type_: str | None
) -> dict[str, Any]:
    item: dict[str, Any] = {"path": powershell_path(where["registry"]), "control": control, "instance": instance}
    if "value" not in where:
        return {**item, "state": "absent", "delete_key": True}
    item |= {"name": where["value"], "delete_key": False}
    if value is None:
        return {**item, "state": "absent"}
    if type_ in ("REG_BINARY", "REG_NONE"):
        value = ",".join(value[at : at + 2] for at in range(0, len(value), 2))
    return {**item, "state": "present", "data": value, "type": _TYPES[type_ or "REG_SZ"]}


def _sign(item: dict[str, Any], control: str, instance: str | None) -> None:
    for key, word in (("control", control), ("instance", instance)):
        words = item.get(key) or ""
        known = words.split(", ") if words else []
        item[key] = ", ".join(known if word is None or word in known else [*known, word]) or None
