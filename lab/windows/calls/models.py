"""Registers models of Ansible modules: what each one does to a simulated Windows machine.

A model is a function `(machine, call) -> result` registered with `@model`. It gets arguments that were checked
as the real module's argument spec checks them (see arguments.py) and returns the module's result without the
envelope: `changed` defaults to False, `invocation` is added by execute.py. A `diff` is always returned and is
dropped there unless the task asked for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.windows.calls.outcome import Outcome

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

Result = dict[str, Any]
ModelFunction = Callable[["Machine", "Call"], Result]
CommandFunction = Callable[["Machine", "Call", "re.Match[str]"], Outcome]


class ModuleFailure(Exception):  # noqa: N818 - it is the module's answer, not an error of the lab
    """The module fails on purpose: `msg` and more keys of the result, rc 1."""

    def __init__(self, msg: str, **extra: Any) -> None:
        super().__init__(msg)
        self.msg = msg
        self.extra = extra


class ModuleCrash(Exception):  # noqa: N818 - it is the module's answer, not an error of the lab
    """The real module would end in an unhandled PowerShell exception with this text."""


@dataclass(frozen=True)
class Rules:
    """What a module's argument spec says and its documentation does not.

    `required_if` entries are (option, value, (needed options, ...)) or, with a fourth True, "any of them is enough".
    `no_log` names options whose values are masked in `invocation`. `options` holds options that no installed
    documentation lists, in its form, e.g. {"_x": {"type": "bool", "default": False}}; for a module that belongs to no
    installed collection, that is all of them. A documented option with suboptions takes their rules from `suboptions`.
    `extra_options` accepts any other option, as `setup` does.
    """

    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[Any, ...], ...] = ()
    required_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    no_log: frozenset[str] = frozenset()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    suboptions: Mapping[str, Rules] = field(default_factory=dict)
    extra_options: bool = False


@dataclass(frozen=True)
class Model:
    """One registered model."""

    name: str
    function: ModelFunction
    rules: Rules


_models: dict[str, Model] = {}
_commands: list[tuple[re.Pattern[str], CommandFunction]] = []


def model(name: str | tuple[str, ...], rules: Rules | None = None) -> Callable[[ModelFunction], ModelFunction]:
    """Register the decorated function for one or several fully qualified module names."""
    names = (name,) if isinstance(name, str) else name

    def register(function: ModelFunction) -> ModelFunction:
        for each in names:
            if each in _models:
                msg = f"two models are registered for {each}"
                raise ValueError(msg)
            _models[each] = Model(each, function, rules or Rules())
        return function

    return register


def command(pattern: str) -> Callable[[CommandFunction], CommandFunction]:
    """Register the decorated function for raw command lines that `pattern` matches as a whole, whatever their case.

    What Ansible wraps around a command (strict mode, exit code) is taken off before.
    """

    def register(function: CommandFunction) -> CommandFunction:
        _commands.append((re.compile(pattern, re.IGNORECASE | re.DOTALL), function))
        return function

    return register


def find_command(text: str) -> tuple[CommandFunction, re.Match[str]] | None:
    """Return the model of a raw command line and how it matched."""
    for pattern, function in _commands:
        match = pattern.fullmatch(text)
        if match:
            return function, match
    return None


def find(name: str) -> Model | None:
    """Return the model registered under exactly this fully qualified name."""
    return _models.get(name)


def names() -> list[str]:
    """Fully qualified names of everything modelled, sorted."""
    return sorted(_models)
