"""ansible.windows.win_group: a local group, its description and members."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleCrash, Rules, model
from lab.windows.machine.accounts import Group, Members
from lab.windows.machine.local_groups import NOT_TRANSLATED, add_member, refused, shown, wrong_name
from lab.windows.machine.parts import MachineError, NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_MEMBER_RULES = Rules(mutually_exclusive=(("set", "add"), ("set", "remove")))


@model("ansible.windows.win_group", Rules(suboptions={"members": _MEMBER_RULES}))
def win_group(machine: Machine, call: Call) -> dict[str, Any]:
    """Create, describe, fill or delete a group, found by its name."""
    name = call.args["name"]
    group = next((each for each in machine.groups.values() if each.name.lower() == name.lower()), None)
    before = _diff(machine, name, group.description, group.members) if group else None
    result: dict[str, Any] = {"changed": False, "sid": None, "diff": {"before": before, "after": None}}
    if call.args.get("state") == "absent":
        if group:
            result["changed"] = True
            if not call.check_mode:
                _need_rights(machine, call, "Delete", 2)
                _delete(machine, group)
        return result
    if group is None:
        result |= {"changed": True, "sid": "S-1-5-0000"}
        if call.check_mode:
            result["diff"]["after"] = _diff(machine, name, call.args.get("description"), ())
            return result
        _need_rights(machine, call, "SetInfo", 0)
        group = _create(machine, name)
    result["sid"] = group.sid
    description = call.args.get("description")
    description = group.description if description is None else description
    members = _members_wanted(machine, group, call.args.get("members") or {})
    if description.lower() != group.description.lower() or members != group.members:
        result["changed"] = True
    result["diff"]["after"] = _diff(machine, name, description, members)
    if not call.check_mode:
        # PowerShell compares texts without regard to case, so a change of case alone is not written.
        if description.lower() != group.description.lower():
            _need_rights(machine, call, "SetInfo", 0)
            group.description = description
        if members != group.members:
            _need_rights(machine, call, "Add" if members - group.members else "Remove", 1)
        _set_members(machine, group, members)
    return result


def _need_rights(machine: Machine, call: Call, method: str, arguments: int) -> None:
    if not identity.is_admin(machine, call):
        raise ModuleCrash(refused(method, arguments))


def _diff(machine: Machine, name: str, description: str | None, members: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "members": sorted(shown(machine, sid) for sid in members)}


def _create(machine: Machine, name: str) -> Group:
    if wrong_name(name):
        raise NotModelled(f"the group {name!r}: Windows refuses that name, in words that are not known here")
    if machine.accounts.user(name):
        raise ModuleCrash('Exception calling "SetInfo" with "0" argument(s): "The account already exists.\r\n"')
    sid = machine.accounts.next_sid()
    machine.groups[sid] = Group(sid, name)
    return machine.groups[sid]


def _delete(machine: Machine, group: Group) -> None:
    if group.sid.startswith("S-1-5-32-"):
        reason = "Cannot perform this operation on built-in accounts."
        raise ModuleCrash(f'Exception calling "Delete" with "2" argument(s): "{reason}\r\n"')
    del machine.groups[group.sid]


def _members_wanted(machine: Machine, group: Group, members: dict[str, Any]) -> AbstractSet[str]:
    if members.get("set") is not None:
        return _sids(machine, members["set"])
    return (group.members | _sids(machine, members.get("add"))) - _sids(machine, members.get("remove"))


def _sids(machine: Machine, names: list[str] | None) -> Members:
    found = Members()
    for name in names or ():
        sid = machine.sid_of(name)
        if sid is None:
            raise ModuleCrash(f"Failed to translate '{name}' to a SecurityIdentifier: {NOT_TRANSLATED}")
        found.add(sid)
    return found


def _set_members(machine: Machine, group: Group, wanted: AbstractSet[str]) -> None:
    for sid in wanted - group.members:
        try:
            add_member(machine, group, sid)
        except MachineError as error:
            raise ModuleCrash(str(error)) from error
    group.members &= wanted
