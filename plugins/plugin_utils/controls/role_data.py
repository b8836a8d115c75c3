"""What a role's folder says: its variables as Ansible would see them inside the role, and its arguments.

Comparing and checking all roles of an endpoint at once, outside of the roles, needs what Ansible gives only inside one.
The precedence is Ansible's: defaults below everything, vars/ above the inventory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar

from .controls import WITHOUT_ASKING, plain

_SHARED = re.compile(r"{{ (\w+) }}")
COLLECTION = "offsite.endpoints"
ROLES = Path(__file__).resolve().parents[3] / "roles"
# What a role says whatever the endpoint; tables are what is too long to stand among the rest.
SHARED = ("vars/main.yml", "vars/tables.yml")


class RoleError(Exception):
    """There is no such role, or a variable of its cannot be worked out; the message says what to do."""


def role_folder(role: str) -> Path:
    """Return the folder of a role of this collection, by its short or its full name. Raises RoleError."""
    folder = ROLES / role.removeprefix(f"{COLLECTION}.")
    if folder.parent == ROLES and folder.is_dir():
        return folder
    known = ", ".join(sorted(path.name for path in ROLES.iterdir()))
    raise RoleError(f"there is no role {role!r} in {COLLECTION}; there are {known}. Correct the name")


def role_data(folder: Path, name: str, loader: Any) -> dict[str, Any]:
    """Return what a YAML file of the role holds (templates in it are trusted), {} when there is no such file.

    It is the loader's own object, to be read only: copying it for every endpoint took a third of the time of a check.
    """
    path = folder / name
    return (loader.load_from_file(str(path), unsafe=True, trusted_as_template=True) or {}) if path.is_file() else {}


def role_variables(folder: Path, loader: Any, known: Mapping[str, Any], more: Iterable[str] = ()) -> dict[str, Any]:
    """Return the variables inside the role: its defaults, what is `known` of the endpoint, SHARED and `more`."""
    variables = {**role_data(folder, "defaults/main.yml", loader), **known}
    for name in (*SHARED, *more):
        variables |= role_data(folder, name, loader)
    return variables


def desired(role: str, loader: Any, known: Mapping[str, Any], platform: str | None) -> dict[str, Any]:
    """Return what a role wants of an endpoint: {"state", "controls", "reads", "looks"}, free of templates.

    `platform` is Windows or Darwin, None for an endpoint of which nothing could be read: of that one nothing is wanted.
    Of a control that is not asked for (`when`) only what is needed all the same is worked out, so that its other parts
    may build on variables that are not there. In the place of a control, `"{{ name }}"` stands for a list of them that
    several files use. Raises RoleError.
    """
    work_out = _WorkOut(_templar(role, loader, known, platform))
    variables = work_out.templar.available_variables
    try:
        return {
            "state": work_out(variables.get(f"{role}_state", "present")),
            "controls": [
                work_out(control)
                if work_out(control.get("when", True)) is not False
                else _without_asking(control, work_out)
                for control in _spliced(variables.get(f"__{role}_controls", []), variables)
            ],
            "reads": work_out(variables.get(f"__{role}_reads", {})),
            "looks": work_out(variables.get(f"__{role}_looks", False)) is True,
        }
    except AnsibleError as error:
        raise _cannot_be_worked_out(role, error) from error


def _templar(role: str, loader: Any, known: Mapping[str, Any], platform: str | None) -> Templar:
    more = [] if platform is None else [f"vars/{platform}.yml"]
    return Templar(loader=loader, variables=role_variables(role_folder(role), loader, known, more))


class _WorkOut:
    """Works out templates, each text once: a role says the same of many of its controls."""

    def __init__(self, templar: Templar) -> None:
        self.templar = templar
        self._known: dict[str, Any] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): self(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, str) or not any(mark in value for mark in ("{{", "{%", "{#")):
            return plain(value)
        if value not in self._known:
            self._known[value] = plain(self.templar.template(value))
        return self._known[value]


def _spliced(controls: list[Any], variables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for control in controls:
        shared = _SHARED.fullmatch(control) if isinstance(control, str) else None
        yield from variables[shared[1]] if shared else [control]


def _without_asking(control: Mapping[str, Any], work_out: _WorkOut) -> dict[str, Any]:
    known: dict[str, Any] = work_out({key: value for key, value in control.items() if key in WITHOUT_ASKING})
    try:
        # What was written there once may be put back, if there is what it says.
        return known | {"where": work_out(control["where"])}
    except (AnsibleError, KeyError):
        return known


def _cannot_be_worked_out(role: str, error: AnsibleError) -> RoleError:
    return RoleError(f"{role}: a variable cannot be worked out: {error}. See roles/{role}/README.md")


def role_options(folder: Path, loader: Any) -> dict[str, Any]:
    """Return the options of the role's main entry point, by name, as meta/argument_specs.yml has them."""
    specs = role_data(folder, "meta/argument_specs.yml", loader)
    return dict(specs.get("argument_specs", {}).get("main", {}).get("options", {}))


def known_controls(roles: Path, loader: Any) -> set[str]:
    """Return the ids of all controls that the roles in a folder have, on any platform.

    A role may choose among lists of controls by a template, so every list of its vars/ files counts.
    """
    found = set()
    for path in sorted(roles.glob("*/vars/*.yml")):
        role = path.parent.parent
        lists = [value for value in role_data(role, f"vars/{path.name}", loader).values() if isinstance(value, list)]
        ids = {str(item["id"]) for items in lists for item in items if isinstance(item, dict) and "id" in item}
        found |= {name for name in ids if name.startswith(f"{role.name}.")}
    return found
