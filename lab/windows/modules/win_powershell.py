"""ansible.windows.win_powershell, for the scripts that somebody wrote a model for: the lab runs no PowerShell.

What the module adds around a script is here: check mode only for a script that declares SupportsShouldProcess (others
are skipped and reported as changed), binding of parameters, conversion of the output down to `depth`, error records.
A script that raises an error fails the task without a `msg`. (ansible.windows win_powershell)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity, psdrives
from lab.windows.calls.models import ModuleFailure, Rules, model
from lab.windows.calls.powershell_text import Head, head_of
from lab.windows.calls.scripts import ScriptResult, find_script
from lab.windows.machine.filesystem import FileSystemError
from lab.windows.machine.parts import NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_SECRET_RULES = Rules(
    mutually_exclusive=(("value", "username"), ("value", "password")),
    required_together=(("username", "password"),),
    no_log=frozenset({"password", "value"}),
)
_RULES = Rules(
    required_one_of=(("path", "script"),),
    mutually_exclusive=(("path", "script"),),
    suboptions={"sensitive_parameters": _SECRET_RULES},
)
_STREAMS = ("output", "error", "warning", "verbose", "debug", "information")
_KNOWN = "scripts that announce themselves by a first line `# script: <name>`"
# In ansible.windows 3.3.0 a secret needs a value or a user name; 3.8.0 passes $null without either.
_OLD_SECRET_RULE = "required_one_of = @(, @('username', 'value'))"


@model("ansible.windows.win_powershell", _RULES)
def win_powershell(machine: Machine, call: Call) -> dict[str, Any]:
    """Run the model of a known script, or answer without running it where the real module does, too."""
    args = call.args
    result: dict[str, Any] = {"changed": False, "result": {}, "host_out": "", "host_err": ""}
    result |= {stream: [] for stream in _STREAMS}
    for option, skips_if in (("creates", True), ("removes", False)):
        path = args.get(option)
        if path and psdrives.exists(machine, call, path) == skips_if:
            return result | {"msg": f"skipped, since {path} {'exists' if skips_if else 'does not exist'}"}
    for option in ("arguments", "chdir", "executable"):
        if args.get(option) is not None:
            raise NotModelled(f"win_powershell option '{option}'")
    source = args["script"] if args.get("script") is not None else _read(machine, args["path"])
    head = head_of(source)
    if call.check_mode and not head.supports_should_process:
        return result | {"changed": True, "msg": "skipped, running in check mode"}
    parameters = _parameters(args, call.source)
    script = find_script(source)
    if script is None:
        first = (source.strip().splitlines() or [""])[0][:80]
        raise NotModelled(
            f"the PowerShell script that begins with {first!r}: it runs none, and has models only of {_KNOWN}"
        )
    error = _binding_error(head, parameters)
    if error:
        outcome = ScriptResult(output=[], changed=True, diff={}, error=error)
    else:
        own = {"sid": identity.sid(machine, call)} if script.per_user else {}
        outcome = script.function(machine, parameters, check_mode=call.check_mode, diff_mode=call.diff_mode, **own)
    return result | _envelope(outcome, args.get("depth", 2))


def _read(machine: Machine, path: str) -> str:
    try:
        return machine.files.read(path).decode("utf-8-sig")
    except FileSystemError as error:
        raise ModuleFailure(f"Could not find or access '{path}' on Windows host") from error


def _parameters(args: dict[str, Any], module_source: str) -> dict[str, Any]:
    """Return the script's parameters; a credential is {"username", "password"}, a secure string its plain text."""
    parameters = dict(args.get("parameters") or {})
    for secret in args.get("sensitive_parameters") or ():
        if secret.get("username"):
            parameters[secret["name"]] = {"username": secret["username"], "password": secret.get("password") or ""}
        elif secret.get("value") is not None:
            parameters[secret["name"]] = secret["value"]
        elif _OLD_SECRET_RULE in module_source:
            raise ModuleFailure("one of the following is required: username, value found in sensitive_parameters")
    return parameters


def _binding_error(head: Head, given: dict[str, Any]) -> str | None:
    declared = {name.lower() for name in head.parameters} | {"verbose", "debug", "erroraction", "whatif", "confirm"}
    unknown = [name for name in given if name.lower() not in declared]
    if unknown and head.advanced:
        return f"A parameter cannot be found that matches parameter name '{unknown[0]}'."
    present = {name.lower() for name in given}
    missing = [name for name, mandatory in head.parameters.items() if mandatory and name.lower() not in present]
    if missing:
        return f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing)}."
    return None


def _envelope(outcome: ScriptResult, depth: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "changed": outcome.changed,
        "failed": outcome.error is not None,
        "diff": {key: converted(value, depth) for key, value in outcome.diff.items()},
        "output": converted(outcome.output, depth),
    }
    if outcome.error is not None:
        answer["error"] = [_error_record(outcome.error)]
    return answer


def converted(value: Any, depth: int) -> Any:
    """Return what the module returns for an object: complete down to `depth` levels, below that only its text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if depth < 0:
        return _as_text(value)
    if isinstance(value, dict):
        return {key: converted(item, depth - 1) for key, item in value.items()}
    return [converted(item, depth - 1) for item in value]


def _as_text(value: Any) -> str:
    """PowerShell's text of an object: a list's items with spaces between, for a hashtable the name of its class."""
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    return " ".join(_as_text(item) if isinstance(item, dict | list) else str(item) for item in value)


def _error_record(message: str) -> dict[str, Any]:
    return {
        "output": f"{message}\r\n    + CategoryInfo          : OperationStopped: (:) [], RuntimeException\r\n",
        "error_details": None,
        "exception": {
            "message": message,
            "type": "System.Management.Automation.RuntimeException",
            "help_link": None,
            "source": None,
            "hresult": -2146233087,
            "inner_exception": None,
        },
        "target_object": None,
        "category_info": {
            "category": "OperationStopped",
            "category_id": 14,
            "activity": "",
            "reason": "RuntimeException",
            "target_name": "",
            "target_type": "",
        },
        "fully_qualified_error_id": message,
        "script_stack_trace": "at <ScriptBlock>, <No file>: line 1",
        "pipeline_iteration_info": [],
    }
