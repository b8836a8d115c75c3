"""Checks a module's arguments as the module on a real Windows endpoint would.

What is checked comes from the documentation of the installed collection; how comes from Ansible's two module
libraries for PowerShell: Ansible.Basic (C#), which refuses what it does not know, and the older
Ansible.ModuleUtils.Legacy, which ignores it. Error texts are theirs (Windows PowerShell 5.1, English).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lab.windows.calls.documentation import Documentation
from lab.windows.calls.dotnet import Conversions, convert, dotnet_text, dotnet_type
from lab.windows.calls.models import ModuleFailure, Rules

_HIDDEN_VALUE = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Ansible.Basic leaves options out of its list of supported ones when they are named like one of its own settings.
_SETTING_NAMES = {
    *("check_mode", "debug", "diff", "keep_remote_files", "ignore_unknown_opts", "inject_invocation", "module_name"),
    *("no_log", "remote_tmp", "selinux_special_fs", "shell_executable", "socket", "syslog_facility"),
    *("target_log_info", "tracebacks_for", "tmpdir", "verbosity", "version"),
}


class SkippedInCheckMode(Exception):  # noqa: N818 - it is the module's answer, not an error
    """The module does not support check mode and answers "skipped" with this text; `extra` as in ModuleFailure."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)
        self.extra: dict[str, Any] = {}


@dataclass
class Checked:
    """Arguments as the module sees them. `hidden` are the values to mask wherever arguments are shown."""

    args: dict[str, Any]
    hidden: set[str] = field(default_factory=set)

    def masked(self) -> dict[str, Any]:
        """Return the arguments with secret values masked, as Ansible.Basic shows them in `invocation`."""
        masked: dict[str, Any] = mask(self.args, self.hidden)
        return masked


def mask(value: Any, hidden: set[str]) -> Any:
    """Return `value` with every occurrence of a secret replaced (a whole value, or a part of a longer text)."""
    if isinstance(value, dict):
        return {key: mask(item, hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item, hidden) for item in value]
    if value is None or not hidden:
        return value
    text = dotnet_text(value)
    if text in hidden:
        return _HIDDEN_VALUE
    for secret in sorted(hidden):
        if secret in text:
            return text.replace(secret, "********") if isinstance(value, str) else _HIDDEN_VALUE
    return value


def check(
    given: Mapping[str, Any],
    documentation: Documentation,
    rules: Rules,
    *,
    module_name: str,
    conversions: Conversions,
    check_mode: bool = False,
) -> Checked:
    """Check, convert and complete `given` as Ansible.Basic does, or as Legacy does for a module that uses that.

    Raises ModuleFailure with the library's own text, or SkippedInCheckMode.
    """
    options = {**documentation.options, **rules.options}
    if rules.extra_options:
        options.update({key: {"type": "raw"} for key in given if key not in options})
    checked = Checked(dict(given))
    if documentation.legacy:
        if check_mode and not documentation.supports_check_mode:
            raise SkippedInCheckMode("remote module does not support check mode")
        checked.args = _check_legacy(checked.args, options, conversions)
        return checked
    worker = _Basic(module_name, conversions, checked.hidden, rules)
    try:
        worker.check(options, checked.args, skip_in_check_mode=check_mode and not documentation.supports_check_mode)
    except (ModuleFailure, SkippedInCheckMode) as answer:
        answer.extra["invocation"] = {"module_args": checked.masked()}
        if isinstance(answer, ModuleFailure):
            answer.msg = mask(answer.msg, checked.hidden)
        raise
    return checked


# --- Ansible.Basic


@dataclass
class _Basic:
    """One run of Ansible.Basic's checks; `context` is the path of suboptions it is in."""

    module_name: str
    conversions: Conversions
    hidden: set[str]
    rules: Rules
    context: tuple[str, ...] = ()

    def fail(self, msg: str) -> ModuleFailure:
        return ModuleFailure(self.in_context(msg))

    def in_context(self, msg: str) -> str:
        return f"{msg} found in {' -> '.join(self.context)}" if self.context else msg

    def check(
        self,
        options: Mapping[str, Mapping[str, Any]],
        param: dict[str, Any],
        *,
        skip_in_check_mode: bool = False,
    ) -> None:
        """Change `param` in place to what the module's $module.Params holds."""
        aliases = {alias: name for name, option in options.items() for alias in option.get("aliases") or ()}
        self._fix_case(param, [*options, *aliases])
        for alias, name in aliases.items():
            if alias in param:
                param[name] = param[alias]
        for name in options:
            if (name in self.rules.no_log or options[name].get("no_log")) and param.get(name) not in (None, ""):
                self.hidden.add(dotnet_text(param[name]))
        self._refuse_unknown(param, [*options, *aliases])
        if skip_in_check_mode:
            raise SkippedInCheckMode(f"remote module ({self.module_name}) does not support check mode")
        self._check_mutually_exclusive(param)
        self._fill_defaults(options, param)
        for name, option in options.items():
            if param.get(name) is not None:
                self._convert(name, option, param)
        self._check_requirements(param)
        for name, option in options.items():
            param[name] = self._check_suboptions(name, option, param.get(name))

    @staticmethod
    def _fix_case(param: dict[str, Any], legal: list[str]) -> None:
        by_fold = {name.casefold(): name for name in reversed(legal)}
        for key in list(param):
            if key not in legal and key.casefold() in by_fold:
                param[by_fold[key.casefold()]] = param.pop(key)

    def _refuse_unknown(self, param: dict[str, Any], legal: list[str]) -> None:
        unknown = sorted(key for key in param if key not in legal)
        if unknown:
            supported = sorted(name for name in legal if name.replace("_ansible_", "") not in _SETTING_NAMES)
            msg = self.in_context(f"Unsupported parameters for ({self.module_name}) module: {', '.join(unknown)}")
            raise ModuleFailure(f"{msg}. Supported parameters include: {', '.join(supported)}")

    def _check_mutually_exclusive(self, param: dict[str, Any]) -> None:
        for group in self.rules.mutually_exclusive:
            if sum(name in param for name in group) > 1:
                raise self.fail(f"parameters are mutually exclusive: {', '.join(group)}")

    def _fill_defaults(self, options: Mapping[str, Mapping[str, Any]], param: dict[str, Any]) -> None:
        for name, option in options.items():
            if option.get("default") is not None:
                param.setdefault(name, copy.deepcopy(option["default"]))
        missing = [name for name, option in options.items() if option.get("required") and name not in param]
        if missing:
            raise self.fail(f"missing required arguments: {', '.join(missing)}")

    def _convert(self, name: str, option: Mapping[str, Any], param: dict[str, Any]) -> None:
        value = param[name]
        wanted = option.get("type", "str")
        try:
            param[name] = value = convert(value, wanted, self.conversions)
        except ValueError as error:
            found = f"argument for {name} is of type {dotnet_type(value)}"
            raise self.fail(f"{found} and we were unable to convert to {wanted}: {error}") from None
        choices = [dotnet_text(choice) for choice in option.get("choices") or ()]
        if not choices:
            return
        folded = {choice.casefold() for choice in choices}
        values = [dotnet_text(item) for item in (value if wanted == "list" else [value])]
        wrong = list(dict.fromkeys(item for item in values if item.casefold() not in folded))
        if wrong:
            how_many = "one or more of" if wanted == "list" else "one of"
            msg = f"value of {name} must be {how_many}: {', '.join(choices)}. Got no match for: {', '.join(wrong)}"
            raise self.fail(msg)

    def _check_requirements(self, param: dict[str, Any]) -> None:
        for group in self.rules.required_together:
            if len({name in param for name in group}) > 1:
                raise self.fail(f"parameters are required together: {', '.join(group)}")
        for group in self.rules.required_one_of:
            if not any(name in param for name in group):
                raise self.fail(f"one of the following is required: {', '.join(group)}")
        for option, value, needed, *any_is_enough in self.rules.required_if:
            if param.get(option) is None or dotnet_text(param[option]) != dotnet_text(value):
                continue
            missing = [name for name in needed if name not in param]
            enough = bool(any_is_enough and any_is_enough[0])
            if len(missing) >= (len(needed) if enough else 1):
                term = "any" if enough else "all"
                msg = f"{option} is {dotnet_text(value)} but {term} of the following are missing: {', '.join(missing)}"
                raise self.fail(msg)
        for option, needed in self.rules.required_by.items():
            missing = [name for name in needed if name not in param]
            if option in param and missing:
                raise self.fail(f"missing parameter(s) required by '{option}': {', '.join(missing)}")

    def _check_suboptions(self, name: str, option: Mapping[str, Any], value: Any) -> Any:
        wanted, elements = option.get("type", "str"), option.get("elements")
        if value is None or wanted not in ("dict", "list") or (wanted == "list" and elements is None):
            return value
        if wanted == "dict":
            return self._check_subspec(name, option, value)
        if elements == "dict":
            return [self._check_subspec(name, option, element) for element in value]
        result = []
        for element in value:
            try:
                result.append(convert(element, str(elements), self.conversions))
            except ValueError:
                # The module shows the outer .NET exception here, which says nothing.
                msg = (
                    f"argument for list entry {name} is of type {dotnet_type(element)} and we were unable to convert "
                    f"to {elements}: Exception has been thrown by the target of an invocation."
                )
                raise self.fail(msg) from None
        return result

    def _check_subspec(self, name: str, option: Mapping[str, Any], value: Any) -> Any:
        suboptions = option.get("suboptions")
        if not suboptions or value is None:
            return value
        inner = replace(self, context=(*self.context, name), rules=self.rules.suboptions.get(name, Rules()))
        try:
            param = dict(convert(value, "dict", self.conversions))
        except ValueError as error:
            # Ansible.Basic does not catch this one: the module ends in an unhandled exception.
            msg = f'Exception calling "Create" with "2" argument(s): "{error}"'
            raise ModuleFailure(f"Unhandled exception while executing module: {msg}") from None
        inner.check(suboptions, param)
        return param


# --- Ansible.ModuleUtils.Legacy


def _check_legacy(
    given: dict[str, Any], options: Mapping[str, Mapping[str, Any]], conversions: Conversions
) -> dict[str, Any]:
    """Do what Get-AnsibleParam does for each documented option; anything else passes unread, as on a real machine."""
    by_fold = {key.casefold(): value for key, value in given.items()}
    result = dict(given)
    for name, option in options.items():
        keys = [key.casefold() for key in (name, *(option.get("aliases") or ())) if key.casefold() in by_fold]
        if not keys:
            if option.get("required"):
                msg = f"Get-AnsibleParam: Missing required argument: {name}"
                raise ModuleFailure(msg)
            result[name] = option.get("default")
            continue
        value = by_fold[keys[0]]
        choices = [str(choice) for choice in option.get("choices") or ()]
        shown = dotnet_text(value) if value is not None else ""
        if choices and shown.casefold() not in {choice.casefold() for choice in choices}:
            msg = f"Get-AnsibleParam: Argument {name} needs to be one of {','.join(choices)} but was {shown}."
            raise ModuleFailure(msg)
        result[name] = None if value is None else _legacy_convert(name, value, option.get("type", "str"), conversions)
    return result


def _legacy_convert(name: str, value: Any, wanted: str, conversions: Conversions) -> Any:
    if wanted == "path":
        path = conversions.expand(dotnet_text(value))
        if re.search(r'[<>|"\x00-\x1f]', path) or path == "":
            msg = f"Get-AnsibleParam: Parameter '{name}' has an invalid path '{path}' specified."
            raise ModuleFailure(msg)
        return path
    if wanted == "bool":
        return value is True or dotnet_text(value).lower() in ("yes", "on", "1", "true")
    if wanted in ("int", "float"):
        try:
            return convert(value, wanted, conversions)
        except ValueError:
            return None  # PowerShell's -as operator gives $null for what it cannot convert
    if wanted == "list":
        if isinstance(value, list):
            return value
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        if isinstance(value, int) and not isinstance(value, bool):
            return [value]
        msg = f"Get-AnsibleParam: Parameter '{name}' is not a YAML list."
        raise ModuleFailure(msg)
    return dotnet_text(value) if wanted == "str" else value
