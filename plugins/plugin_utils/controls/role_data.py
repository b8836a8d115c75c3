"""What a role's folder says: its variables as Ansible would see them inside the role, and its arguments.

Comparing and checking all roles of an endpoint at once, outside of the roles, needs what Ansible gives only inside one.
The precedence is Ansible's: defaults below everything, vars/ above the inventory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

COLLECTION = "offsite.endpoints"
ROLES = Path(__file__).resolve().parents[3] / "roles"


class RoleError(Exception):
    """There is no such role."""


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
    """Return the variables inside the role: its defaults, what is `known` of the endpoint, vars/main.yml and `more`."""
    variables = {**role_data(folder, "defaults/main.yml", loader), **known}
    for name in ("vars/main.yml", *more):
        variables |= role_data(folder, name, loader)
    return variables


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
