r"""What is to be written, as items that upstream modules take in a YAML loop.

    registry   [{path: 'HKLM:\...', hive, name, data, type, state, delete_key}]   for win_regedit; `hive` is a user's
               NTUSER.DAT, which the module loads at HKLM:\ANSIBLE, when the user is not logged on
    firewall   [{parameters: {Rule, RemoteAddress, Enabled, ProfileName}}]   for set_firewall_rule.ps1: one item a rule,
               with what differs only
    services   [{name, start_mode, state}]               for win_service: one item a service, with what differs only
    groups     [{name, members, state}]                  for win_group_membership
    plist      [{path, values: [{key, value, state, prune}]}]   one item a file: one write

Every item also has `label`, for the reader of the run's output, which stands beside what --diff shows, `why`, what asks
for it, and `records`: [control, instance, scope] of each record that it is about.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..state.locators import kind_of
from ..state.nodes import Unreadable
from ..state.request import split_path
from ..state.state import State
from ..values.windows_words import RULE_PARAMETERS, SERVICE_PARAMETERS

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


class About(NamedTuple):
    """What a record is about."""

    control: str
    instance: str | None
    scope: str = "machine"


class Writes:
    """Collects writes in the order in which they are asked for; what goes to one rule, service or file is one item."""

    def __init__(self) -> None:
        self.registry: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        self._rules: dict[str, dict[str, Any]] = {}
        self._services: dict[str, dict[str, Any]] = {}
        self._plists: dict[str, dict[str, Any]] = {}

    def add(
        self,
        where: dict[str, Any],
        about: About,
        value: Any,
        type_: str | None,
        endpoint: State,
        *,
        made: int = 0,
        why: str = "",
    ) -> None:
        """Ask for a value at a place; None takes away what is there (in the registry also a whole key).

        Of a group, `value` is the accounts to add; with `member` in the place, None takes that one out. `made`
        dictionaries above a value of a property list go with it when they are left empty. `why` is the control's.
        Raises Unreadable when the endpoint's document does not tell how the place can be reached.
        """
        match kind_of(where):
            case "registry" | "user_registry":
                item = _address(where, endpoint) | _registry_change(where, value, type_)
                self.registry.append(item)
            case "plist":
                item = self._plists.setdefault(where["plist"], {"path": where["plist"], "values": []})
                change = {"key": where["key"], "state": "absent", **({"prune": made} if made else {})}
                item["values"].append(change if value is None else {**change, "value": value, "state": "present"})
            case "service":
                item = self._services.setdefault(where["service"].casefold(), {"name": where["service"]})
                item[where["field"]] = SERVICE_PARAMETERS[where["field"]][value]
            case "group":
                name = endpoint.locate({"group": where["group"], "field": "name"}).value
                item = {"name": name, "members": value or [where["member"]], "state": "present" if value else "absent"}
                self.groups.append(item)
            case _:
                rule = where["firewall_rule"]
                item = self._rules.setdefault(rule.casefold(), {"parameters": {"Rule": rule}})
                item["parameters"][RULE_PARAMETERS[where["field"]]] = value
        _sign(item, about, why)

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the items for the loops."""
        return {
            "registry": self.registry,
            "firewall": list(self._rules.values()),
            "services": list(self._services.values()),
            "groups": self.groups,
            "plist": list(self._plists.values()),
        }


def powershell_path(path: str) -> str:
    r"""Return a registry path in PowerShell's form.

    >>> powershell_path("HKLM\\SOFTWARE\\X")
    'HKLM:\\SOFTWARE\\X'
    """
    hive, _backslash, rest = path.partition("\\")
    return f"{split_path(hive)[0].upper()}:\\{rest.strip(chr(92))}"


def _address(where: dict[str, Any], endpoint: State) -> dict[str, Any]:
    if "registry" in where:
        return {"path": powershell_path(where["registry"])}
    sid, path = where["user"], where["user_registry"].strip("\\")
    user = endpoint.user(sid)
    if user is None or user.get("hive") not in ("loaded", "file"):
        raise Unreadable(f"user {sid} has no registry hive")
    if user["hive"] == "loaded":
        return {"path": f"HKU:\\{sid}\\{path}"}
    return {"path": f"HKLM:\\ANSIBLE\\{path}", "hive": f"{user['profile_path']}\\NTUSER.DAT"}


def _registry_change(where: dict[str, Any], value: Any, type_: str | None) -> dict[str, Any]:
    if "value" not in where:
        return {"state": "absent", "delete_key": True}
    change = {"name": where["value"], "delete_key": False}
    if value is None:
        return {**change, "state": "absent"}
    if type_ in ("REG_BINARY", "REG_NONE"):
        value = ",".join(value[at : at + 2] for at in range(0, len(value), 2))
    return {**change, "state": "present", "data": value, "type": _TYPES[type_ or "REG_SZ"]}


def _sign(item: dict[str, Any], about: About, why: str) -> None:
    records: list[list[str | None]] = [*item.get("records", []), list(about)]
    controls = dict.fromkeys(str(control) for control, _instance, _scope in records)
    whose = dict.fromkeys(word for record in records for word in record[1:] if word and word != "machine")
    whys = dict.fromkeys(one for one in [*item.get("why", []), why] if one)
    asked = f" ({'; '.join(whys)})" if whys else ""
    item |= {"records": records, "why": [*whys], "label": " ".join([", ".join(controls), *whose]) + asked}
