r"""ansible.windows.win_updates: a process of its own installs updates, and the action asks it how far it is.

The action plugin starts that process, polls what it tells (search_result, download_result, install_result, exit) and
cancels it. Here the work is done at the start, and what it tells is kept for the poll. Updates that are there to be
installed are the lab's own: keys below OFFERED, each named by its id, with the values Title, KB, Categories
(REG_MULTI_SZ), RebootRequired (1) and HResult (of an installation that fails). Not modelled: state `searched` and
`downloaded`, the lists, optional updates, other servers. (ansible.windows win_updates)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleCrash, Rules, model
from lab.windows.machine.parts import NotModelled
from lab.windows.machine.restart import PENDING_KEYS

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

OFFERED = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\OffsiteLabOffered"
REBOOT_REQUIRED = PENDING_KEYS[1]
_SUCCEEDED, _FAILED = 2, 4  # OperationResultCode of the Windows Update Agent
_CATEGORIES = {
    "CriticalUpdates": "Critical Updates",
    "SecurityUpdates": "Security Updates",
    "UpdateRollups": "Update Rollups",
}
_RULES = Rules(
    options={
        "_operation": {"type": "str", "choices": ["start", "cancel", "poll", "test"], "default": "start"},
        "_operation_options": {"type": "dict"},
    }
)
Progress = dict[str, Any]
_reported: dict[
    str, list[Progress]
] = {}  # what the processes of all machines still have to tell, by the name of their pipe


@model("ansible.windows.win_updates", _RULES)
def win_updates(machine: Machine, call: Call) -> dict[str, Any]:
    """Do one step of what the action plugin asks for."""
    if not identity.is_admin(machine, call):
        raise NotModelled("win_updates when it is run by an ordinary account")
    args, options = call.args, call.args.get("_operation_options") or {}
    pipe = f"ansible-win_updates-{machine.name}"
    match args["_operation"]:
        case "poll":
            if options.get("pipe_name") not in _reported:
                raise ModuleCrash('Exception calling "Connect" with "1" argument(s): "The operation has timed out."')
            return {"output": _reported.pop(options["pipe_name"])}
        case "cancel":
            return {}
        case "start" if args["state"] == "installed" and not options.get("wait"):
            _reported[pipe] = _install(machine, _categories(args), check_mode=call.check_mode)
            return {"cancel_options": {"cancel_id": pipe, "task_pid": 4242}, "poll_options": {"pipe_name": pipe}}
        case _:
            raise NotModelled("win_updates in another way than installing while the task waits")


def _categories(args: dict[str, Any]) -> set[str] | None:
    """Return the names of the categories that are asked for, None for all. Raises NotModelled."""
    unknown = [name for name in ("accept_list", "reject_list", "skip_optional", "log_path") if args.get(name)]
    if unknown or args["server_selection"] != "default":
        raise NotModelled(f"win_updates option {', '.join(unknown) or 'server_selection'}")
    names = args["category_names"]
    return None if "*" in names else {_CATEGORIES.get(name, name) for name in names}


def _install(machine: Machine, categories: set[str] | None, *, check_mode: bool) -> list[Progress]:
    offered = machine.registry.keys(OFFERED) if machine.registry.exists(OFFERED) else []
    updates = [_update(machine, identity) for identity in offered]
    left_out = [one for one in updates if categories is not None and not categories & set(one["categories"])]
    chosen = [one["id"] for one in updates if one not in left_out]
    filtered = [{"id": one["id"], "reasons": ["category_names"]} for one in left_out]
    reported = [_progress("search_result", updates=updates, filtered=filtered)]
    if check_mode or not chosen:
        return [*reported, _exit(machine, changed=bool(chosen))]
    if machine.registry.exists(REBOOT_REQUIRED):
        why = {"message": "A reboot is required before more updates can be installed", "exception": ""}
        return [*reported, _exit(machine, changed=False, exception=why)]
    downloads = [{"id": identity, "result_code": _SUCCEEDED, "hresult": 0} for identity in chosen]
    results = [_install_one(machine, identity) for identity in chosen]
    reported += [_progress("download_result", info=downloads), _progress("install_result", info=results)]
    if any(result["result_code"] == _FAILED for result in results):
        why = {"message": "Failed to install all updates - see updates for more information", "exception": ""}
        return [*reported, _exit(machine, changed=True, exception=why)]
    return [*reported, _exit(machine, changed=True)]


def _update(machine: Machine, identity: str) -> dict[str, Any]:
    key = f"{OFFERED}\\{identity}"
    return {
        "id": identity,
        "title": machine.registry.data(key, "Title", "Update"),
        "kb": [f"KB{machine.registry.data(key, 'KB', '5000000')}"],
        "categories": machine.registry.data(key, "Categories", ["Security Updates"]),
    }


def _install_one(machine: Machine, identity: str) -> dict[str, Any]:
    key = f"{OFFERED}\\{identity}"
    failure = machine.registry.data(key, "HResult", 0)
    reboot = not failure and machine.registry.data(key, "RebootRequired", 0) == 1
    if not failure:
        machine.registry.delete_key(key)
    if reboot:
        machine.registry.create(REBOOT_REQUIRED)
    code = _FAILED if failure else _SUCCEEDED
    return {"id": identity, "result_code": code, "hresult": failure, "reboot_required": reboot}


def _exit(machine: Machine, *, changed: bool, exception: dict[str, str] | None = None) -> Progress:
    reboot_required = machine.registry.exists(REBOOT_REQUIRED)
    result = {"changed": changed, "failed": exception is not None, "reboot_required": reboot_required}
    return _progress("exit", **result, exception=exception)


def _progress(task: str, **result: Any) -> Progress:
    return {"task": task, "result": result}
