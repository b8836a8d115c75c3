"""Reads a Windows module's options from the documentation of the installed collection."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = ("ansible.builtin", "ansible.legacy")


@dataclass(frozen=True)
class Documentation:
    """What is known of an installed module. `options` is the `options` mapping of its documentation."""

    options: Mapping[str, Mapping[str, Any]]
    legacy: bool  # it uses Ansible.ModuleUtils.Legacy, not Ansible.Basic
    supports_check_mode: bool


@cache
def documentation_of(name: str) -> Documentation | None:
    """Return the documentation of a fully qualified module name, None when it is not installed.

    It stands in a .py file beside the .ps1 or in a .yml file of the same name. The library that the module uses
    and whether it takes part in check mode are not documented everywhere, so they are read from the .ps1.
    """
    folder = _plugins_of(".".join(name.split(".")[:2]))
    if folder is None or name.count(".") != 2:
        return None
    base = folder / "modules" / name.rsplit(".", 1)[1]
    script = base.with_suffix(".ps1")
    document = _document(base)
    if document is None:
        return None
    source = script.read_text(encoding="utf-8") if script.is_file() else ""
    return Documentation(
        options={**_fragments(document), **(document.get("options") or {})},
        legacy="[Ansible.Basic.AnsibleModule]::Create(" not in source,
        supports_check_mode=bool(re.search(r"supports_check_mode\s*(=\s*)?\$true", source, re.IGNORECASE)),
    )


@cache
def resolve(name: str) -> str:
    """Return the fully qualified name that Ansible runs for `name`: short names, redirects of core and collections."""
    for _ in range(5):
        target = _redirect(name)
        if target is None:
            return name
        name = target
    return name


def _redirect(name: str) -> str | None:
    namespace, _, short = name.rpartition(".")
    if namespace in ("", *_CORE):
        route = _core_routes().get(f"{short}.ps1") or _core_routes().get(short) or {}
        # `setup` and `slurp` are redirected by their file name; for the rest core has no module of this name.
        return route.get("redirect")
    route = _collection_routes(namespace).get(short) or {}
    return route.get("redirect")


@cache
def _core_routes() -> Mapping[str, Mapping[str, Any]]:
    spec = find_spec("ansible")
    if spec is None or spec.origin is None:
        return {}
    return _routes(Path(spec.origin).parent / "config" / "ansible_builtin_runtime.yml")


@cache
def _collection_routes(collection: str) -> Mapping[str, Mapping[str, Any]]:
    folder = _plugins_of(collection)
    return _routes(folder.parent / "meta" / "runtime.yml") if folder else {}


def _routes(path: Path) -> Mapping[str, Mapping[str, Any]]:
    if not path.is_file():
        return {}
    document = _load(path.read_text(encoding="utf-8")) or {}
    routes: Mapping[str, Mapping[str, Any]] = (document.get("plugin_routing") or {}).get("modules") or {}
    return routes


@cache
def _plugins_of(collection: str) -> Path | None:
    """Return the `plugins` folder of an installed collection."""
    for root in _collection_roots():
        folder = root.joinpath(*collection.split("."), "plugins")
        if folder.is_dir():
            return folder
    return None


@cache
def _collection_roots() -> tuple[Path, ...]:
    """Return where Ansible looks for collections: first its own setting, then the Python path."""
    from ansible import constants  # noqa: PLC0415 - reads ansible.cfg of the current folder, so at the first call only

    spec = find_spec("ansible_collections")
    configured = [Path(folder) / "ansible_collections" for folder in constants.COLLECTIONS_PATHS]
    return (*configured, *map(Path, (spec.submodule_search_locations if spec else None) or ()))


def _document(base: Path) -> Mapping[str, Any] | None:
    """Return the DOCUMENTATION of the module whose files are `base` with .yml, .py or .ps1."""
    sidecar, python = base.with_suffix(".yml"), base.with_suffix(".py")
    if sidecar.is_file():
        document: Mapping[str, Any] = _load(sidecar.read_text(encoding="utf-8"))["DOCUMENTATION"]
        return document
    return _assigned(python, "DOCUMENTATION") if python.is_file() else None


def _fragments(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the options that a module's documentation takes over from documentation fragments of collections."""
    named = document.get("extends_documentation_fragment") or []
    options: dict[str, Mapping[str, Any]] = {}
    for fragment in [named] if isinstance(named, str) else named:
        if fragment.count(".") < 2 or fragment.startswith("ansible.builtin."):
            continue  # core's own fragments bring attributes, no options of a Windows module
        namespace, collection, name, *part = fragment.split(".")
        folder = _plugins_of(f"{namespace}.{collection}")
        if folder is None:
            msg = f"documentation fragment {fragment!r} is in no installed collection"
            raise LookupError(msg)
        text = _assigned(folder / "doc_fragments" / f"{name}.py", part[0].upper() if part else "DOCUMENTATION")
        options.update((text or {}).get("options") or {})
    return options


def _assigned(python: Path, name: str) -> Mapping[str, Any] | None:
    """Return the YAML text that a Python file assigns to `name`, in a class or outside of one, parsed."""
    for node in ast.walk(ast.parse(python.read_text(encoding="utf-8"))):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(target, ast.Name) and target.id == name:
            return _load(ast.literal_eval(node.value))
    return None


def _load(text: str) -> Mapping[str, Any]:
    """Parse YAML safely, with the C parser where there is one: the table of redirects alone has thousands of lines."""
    document: Mapping[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    return document
