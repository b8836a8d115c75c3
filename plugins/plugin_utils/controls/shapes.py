"""Whether a variable has the kind that its role's meta/argument_specs.yml says, in words that name variable and value.

Ansible's own check takes more than the roles can: it turns whatever it gets into a text, and a text into a list, while
the roles' data sees the variable as it was given, so that the list of people `taro` would be four people of one letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ..values.bounded import bounded, cut

# Of a value in a sentence.
LONGEST = 200
WORDS = {
    "str": "a text, in quotes where it looks like a number or like true and false",
    "path": "a path",
    "bool": "true or false",
    "int": "a whole number",
    "list": "a list, also where it is of one: [...]",
}


def misshapen(given: Mapping[str, Any], options: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield for each of the given values that is not of its option's type what it is, and what it has to be."""
    for name, value in given.items():
        option = options.get(name)
        if option is not None:
            yield from _of_option(f"{above}{name}", value, option)


def _of_option(name: str, value: Any, option: Mapping[str, Any]) -> Iterator[str]:
    kind = option.get("type", "str")
    if not is_a(kind, value):
        yield f"{name}: {said(value)} is refused. It has to be {wanted(kind, option)}."
    elif kind == "dict":
        yield from misshapen(value, option.get("options", {}), f"{name}: ")
    elif kind == "list":
        for number, item in enumerate(value, start=1):
            yield from _of_option(f"{name}, entry {number}", item, {**option, "type": option.get("elements", "str")})


def is_a(kind: str, value: Any) -> bool:
    """Return whether a value is of a type; a number or a truth may be a text, as -e NAME=VALUE gives it."""
    match kind:
        case "list":
            return isinstance(value, list | tuple)
        case "dict":
            return isinstance(value, Mapping)
        case "bool":
            folded = value.lower() if isinstance(value, str) else value
            return isinstance(folded, bool | int | str) and folded in BOOLEANS
        case "int":
            number = isinstance(value, int) and not isinstance(value, bool)
            return number or (isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None)
        case "str" | "path":
            return isinstance(value, str)
    return True


def wanted(kind: str, option: Mapping[str, Any]) -> str:
    """Return in words what a value of a type has to be."""
    if kind == "dict":
        inside = option.get("options", {})
        names = [name for name, one in inside.items() if one.get("required")] or [*inside]
        return "a mapping" + (f" such as {{{', '.join(f'{name}: ...' for name in names)}}}" if names else "")
    choices = option.get("choices")
    return f"one of {', '.join(map(str, choices))}" if choices and kind != "list" else WORDS[kind]


def said(value: Any) -> str:
    """Return a value in a sentence, as short as that has to be, without secrets."""
    return "no value" if value is None else cut(repr(bounded(value)), LONGEST)
