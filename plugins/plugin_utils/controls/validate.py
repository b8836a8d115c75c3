"""A role's variables, held against its meta/argument_specs.yml and the checks in its vars/checks.yml.

A check is {that: condition or list of them, says: what is said otherwise, each: list to go through as `item`, when:
condition}.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.template import Templar

from .role_data import role_folder, role_options, role_variables
from .shapes import misshapen


def refused_of_role(role: str, known: Mapping[str, Any], loader: Any) -> list[str]:
    """Return what is refused of an endpoint's variables, a sentence each. Raises RoleError."""
    folder = role_folder(role)
    variables = role_variables(folder, loader, known, ["vars/checks.yml"])
    options = role_options(folder, loader)
    templar = Templar(loader=loader, variables=variables)
    wrong = list(misspelt(role, variables, options))
    try:
        given = templar.template({name: variables[name] for name in options if name in variables})
    except AnsibleError as error:
        return [*wrong, f"{role}: a variable cannot be worked out: {error}"]
    # What has the wrong kind cannot be looked at more closely.
    shapes = [f"{words} See roles/{role}/README.md, Variables." for words in misshapen(given, options)]
    if shapes:
        return wrong + shapes
    result = ArgumentSpecValidator(options).validate(given)
    if result.error_messages:
        return wrong + [f"{role}: {message}. See roles/{role}/README.md." for message in result.error_messages]
    # Worked out already, and asked for by most checks.
    templar.available_variables = {**variables, **given}
    for check in variables.get(f"__{role}_checks", []):
        try:
            wrong += [" ".join(words.split()) for words in unmet(check, templar.copy_with_new_env())]
        except AnsibleError as error:
            # After a refusal, a later check may build on the very value that was refused.
            if not wrong:
                wrong.append(f"{role}: a variable cannot be worked out: {error}. See roles/{role}/README.md.")
    return wrong


def misspelt(role: str, variables: dict[str, Any], options: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for every variable of the role's name space that the role does not know."""
    for name in sorted(variables):
        if name.startswith(f"{role}_") and name not in options:
            near = difflib.get_close_matches(name, options, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            yield f"{name}: {role} has no such variable.{meant} See roles/{role}/README.md, Variables."


def unmet(check: dict[str, Any], templar: Templar) -> Iterator[str]:
    """Yield what a check says for every item that does not meet it."""
    variables = templar.available_variables
    if not templar.evaluate_conditional(check.get("when", True)):
        return
    conditions = check["that"] if isinstance(check["that"], list) else [check["that"]]
    for item in templar.template(check["each"]) if "each" in check else [None]:
        templar.available_variables = {**variables, "item": item}
        if not all(templar.evaluate_conditional(condition) for condition in conditions):
            yield str(templar.template(check["says"]))
