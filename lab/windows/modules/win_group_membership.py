"""ansible.windows.win_group_membership: members of a local group, which is found by its name.

Orphans in the group do no harm and `state: pure` removes them; an orphan's SID given in `members` fails, because
the module looks up the name of everything it is given. (docs/sources/windows.md#group-members)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleFailure, model
from lab.windows.machine.local_groups import NOT_TRANSLATED, add_member, refused, shown
from lab.windows.machine.parts import MachineError

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine


@model("ansible.windows.win_group_membership")
def win_group_membership(machine: Machine, call: Call) -> dict[str, Any]:
    """Add members, remove members, or make the list exactly this."""
    name, state = call.args["name"], call.args.get("state") or "present"
    result: dict[str, Any] = {"changed": False, "name": name}
    if state in ("present", "pure"):
        result["added"] = []
    if state in ("absent", "pure"):
        result["removed"] = []
    group = next((group for group in machine.groups.values() if group.name.lower() == name.lower()), None)
    if group is None:
        raise ModuleFailure(f"Could not find local group {name}", **result)
    wanted = [_resolved(machine, str(member)) for member in call.args["members"]]
    wanted = list(dict.fromkeys(wanted))
    before = list(group.members)
    if state == "absent":
        to_add, to_remove = [], [sid for sid in wanted if sid in before]
    else:
        to_add = [sid for sid in wanted if sid not in before]
        to_remove = [sid for sid in before if sid not in wanted] if state == "pure" else []
    if not call.check_mode and not identity.is_admin(machine, call) and (to_add or to_remove):
        raise ModuleFailure(refused("Add" if to_add else "Remove", 1), **result)
    if not call.check_mode:
        for sid in to_add:
            try:
                add_member(machine, group, sid)
            except MachineError as error:
                raise ModuleFailure(str(error), **result) from error
        group.members -= set(to_remove)
    for key, sids in (("added", to_add), ("removed", to_remove)):
        if sids:
            result[key] = [shown(machine, sid) for sid in sids]
            result["changed"] = True
    result["members"] = [shown(machine, sid) for sid in group.members]
    if call.check_mode:
        result["members"] = _predicted(result)
    return result


def _resolved(machine: Machine, account: str) -> str:
    sid = machine.sid_of(account)
    if sid is None:
        raise ModuleFailure(f"account_name {account} is not a valid account, cannot get SID: {NOT_TRANSLATED}")
    if machine.name_of(sid) is None:
        raise ModuleFailure(f"failed to convert sid '{sid}' to a logon name: {NOT_TRANSLATED}")
    return sid


def _predicted(result: dict[str, Any]) -> Any:
    """In check mode the module filters the list through a pipeline, which unwraps one item and makes none null."""
    members = [*result["members"], *result.get("added", [])]
    removed = result.get("removed")
    if not removed:
        return members
    left = [member for member in members if member not in removed]
    return left if len(left) > 1 else next(iter(left), None)
