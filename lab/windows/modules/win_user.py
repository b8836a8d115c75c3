"""ansible.windows.win_user: a local account.

A password is compared by a logon attempt, which says nothing for a disabled account or an expired password: there the
module always sets it and reports a change. A new account is in no group. (ansible.windows win_user)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleCrash, ModuleFailure, Rules, model
from lab.windows.machine.accounts import Group, User
from lab.windows.machine.local_groups import refused, wrong_name
from lab.windows.machine.parts import NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

# Option -> field of the account, in the module's order. PowerShell compares texts without regard to case,
# except where the module asks for it.
_FIELDS = {
    "account_locked": "locked_out",
    "fullname": "full_name",
    "description": "description",
    "home_directory": "home_directory",
    "login_script": "login_script",
    "password_expired": "password_expired",
    "password_never_expires": "password_never_expires",
    "profile": "profile",
    "user_cannot_change_password": "user_cannot_change_password",
}
_CASE_MATTERS = ("fullname", "description")


@model("ansible.windows.win_user", Rules(no_log=frozenset({"password"})))
def win_user(machine: Machine, call: Call) -> dict[str, Any]:
    """Create, change, delete or report one account, found by its name."""
    args, name = call.args, call.args["name"]
    if args.get("account_locked"):
        raise ModuleFailure("account_locked must be set to 'no' if provided")
    if args.get("account_expires") not in (None, "", "never"):
        raise NotModelled("win_user option 'account_expires' other than 'never'")
    user = machine.accounts.user(name)
    before: Any = _diff(machine, user) if user else ""
    result: dict[str, Any] = {"changed": False, "name": name, "diff": {"before": before, "after": before}}
    match args.get("state"):
        case "query":
            result |= {"msg": f"Querying user '{name}'", "state": "present" if user else "absent"}
        case "absent":
            if user and not call.check_mode and not identity.is_admin(machine, call):
                raise ModuleCrash(refused("Delete", 2))
            result |= _delete(machine, user, name, call.check_mode)
            result["diff"]["after"] = ""
        case _:
            result["state"] = "present"
            if not call.check_mode and not identity.is_admin(machine, call):
                _refuse(machine, user, args)
            _present(machine, user, args, call.check_mode, result)
    user = machine.accounts.user(name)
    return result | (_facts(machine, user) if user else {})


def _refuse(machine: Machine, user: User | None, args: dict[str, Any]) -> None:
    """Fail where an ordinary account would change something: the same is asked in check mode first."""
    asked: dict[str, Any] = {"changed": False, "diff": {"before": "", "after": ""}}
    _present(machine, user, args, True, asked)
    if user is None or not asked["changed"]:
        if user is None:
            raise ModuleCrash(refused("SetInfo", 0))
        return
    after = asked["diff"]["after"]
    if after.get("password") == "CHANGED REDACTED":
        raise ModuleCrash(refused("SetPassword", 1))
    before = _diff(machine, user)
    if any(after[name] != before[name] for name in before if name not in ("groups", "password")):
        raise ModuleCrash(refused("SetInfo", 0))
    wanted = {_group_sid(machine, name) for name in args["groups"] if name.strip()}
    to_add = wanted - {group.sid for group in _groups_of(machine, user)}
    adds = bool(to_add) and args.get("groups_action") != "remove"
    names = sorted(machine.groups[sid].name for sid in (to_add if adds else wanted))
    what = "add" if adds else "remove"
    raise ModuleFailure(f"Failed to {what} {', '.join(names)}: {refused(what.title(), 1)}")


def _present(machine: Machine, user: User | None, args: dict[str, Any], check: bool, result: dict[str, Any]) -> None:
    password = args.get("password")
    if user is None:
        result["changed"] = True
        result["diff"]["after"] = {"name": args["name"]} | ({"password": "REDACTED"} if password is not None else {})
        if check:
            return
        user = _create(machine, args["name"], password)
    after = result["diff"]["after"] = _diff(machine, user)
    if password is not None and args.get("update_password") == "always":
        readable = user.enabled and not user.password_expired
        if not (readable and user.check_password(password)):
            result["changed"] = True
            after["password"] = "CHANGED REDACTED"
            if not check:
                user.set_password(password)
    disabled = args.get("account_disabled")
    if disabled is not None and disabled == user.enabled:
        result["changed"] = True
        after["account_disabled"] = disabled
        if not check:
            user.enabled = not disabled
    for option, field in _FIELDS.items():
        wanted, current = args.get(option), getattr(user, field)
        if wanted is None or _equal(wanted, current, option in _CASE_MATTERS):
            continue
        result["changed"] = True
        after[option] = wanted
        if not check:
            setattr(user, field, wanted)
    if args.get("groups") is not None:
        _groups(machine, user, args, check, result)


def _equal(wanted: Any, current: Any, case_matters: bool) -> bool:
    if isinstance(wanted, str) and not case_matters:
        return wanted.lower() == str(current).lower()
    return bool(wanted == current)


def _create(machine: Machine, name: str, password: str | None) -> User:
    if wrong_name(name) or len(name) > 20:
        raise ModuleCrash(refused("SetInfo", 0, "The specified username is invalid."))
    if machine.accounts.group(name):
        raise ModuleCrash('Exception calling "SetInfo" with "0" argument(s): "The group already exists.\r\n"')
    user = User(machine.accounts.next_sid(), name, password_never_expires=False)
    if password is not None:
        user.set_password(password)
    machine.users[user.sid] = user
    return user


def _delete(machine: Machine, user: User | None, name: str, check: bool) -> dict[str, Any]:
    if user is None:
        return {"msg": f"User '{name}' was not found", "state": "absent"}
    if not check:
        if user.sid.endswith(("-500", "-501", "-503")):
            reason = "Cannot perform this operation on built-in accounts."
            raise ModuleCrash(f'Exception calling "Delete" with "2" argument(s): "{reason}\r\n"')
        del machine.users[user.sid]
        for group in machine.groups.values():
            group.members.discard(user.sid)
    return {"changed": True, "msg": f"User '{user.name}' deleted successfully", "state": "absent"}


def _groups(machine: Machine, user: User, args: dict[str, Any], check: bool, result: dict[str, Any]) -> None:
    desired = {_group_sid(machine, name) for name in args["groups"] if name.strip()}
    existing = {group.sid for group in _groups_of(machine, user)}
    action = str(args.get("groups_action"))
    to_add = set() if action == "remove" else desired - existing
    to_remove = {"add": set(), "remove": desired & existing}.get(action, existing - desired)
    # The module's diff mixes two forms: full names for the groups before, bare names for what it adds. What it removes
    # stays in the list, because it looks there for the bare name.
    result["diff"]["after"]["groups"] += [machine.groups[sid].name for sid in sorted(to_add)]
    result["changed"] = result["changed"] or bool(to_add or to_remove)
    if not check:
        for sid in sorted(to_add):
            machine.groups[sid].members.add(user.sid)
        for sid in to_remove:
            machine.groups[sid].members.discard(user.sid)


def _group_sid(machine: Machine, name: str) -> str:
    sid = machine.sid_of(name)
    if sid is None or sid not in machine.groups:
        raise ModuleFailure(f"group '{name}' not found")
    return sid


def _groups_of(machine: Machine, user: User) -> list[Group]:
    return [group for _, group in sorted(machine.groups.items()) if user.sid in group.members]


def _diff(machine: Machine, user: User) -> dict[str, Any]:
    return {option: getattr(user, field) for option, field in _FIELDS.items()} | {
        "account_disabled": not user.enabled,
        "account_expires": "never",
        "groups": [machine.name_of(group.sid) for group in _groups_of(machine, user)],
        "name": user.name,
        "password": "REDACTED",
    }


def _facts(machine: Machine, user: User) -> dict[str, Any]:
    root = f"WinNT://WORKGROUP/{machine.computer_name}"
    returned = ("fullname", "description", "password_expired", "password_never_expires", "user_cannot_change_password")
    return {option: getattr(user, _FIELDS[option]) for option in (*returned, "account_locked")} | {
        "account_disabled": not user.enabled,
        "groups": [{"name": group.name, "path": f"{root}/{group.name}"} for group in _groups_of(machine, user)],
        "path": f"{root}/{user.name}",
        "sid": user.sid,
    }
