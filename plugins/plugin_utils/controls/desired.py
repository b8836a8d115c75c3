"""What a role wants to be so on an endpoint: its data, worked out with the endpoint's variables.

{"state": present or absent, "controls": [...], "reads": {...}, "looks": whether its tasks/look.yml has to look where
only each user can}, plain data free of templates. Endpoints whose variables are the same, as far as the role's data
asks for them, want the same; `fingerprint` finds them, so that a fleet of three hundred laptops works it out once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..state.reader import FIELDS
from ..state.run_store import RunStore
from ..state.transports import leads_to_windows
from . import role_data
from .controls import ControlError, check_controls
from .validate import refused_of_role

Desired = dict[str, Any]
Variables = Mapping[str, Any]
_WORD = re.compile(r"[A-Za-z_]\w*")
_ESCAPED = re.compile(r"\\.")
# Whoever asks for one of these can get at everything of one endpoint; `template` is the lookup of a file.
_OF_ONE = ("ansible_facts", "hostvars", "template", "vars", "varnames")
# Of both platforms, since a task may come by another connection than the variables say.
_FILES = ("defaults/main.yml", *role_data.SHARED, "vars/Windows.yml", "vars/Darwin.yml", "vars/checks.yml")


def desired(role: str, platform: str, known: Variables, loader: Any) -> Desired:
    """Return what a role wants of an endpoint with the variables `known`.

    Raises RoleError for a role that there is not, and for data that cannot be worked out or used.
    """
    found = role_data.desired(role, loader, known, platform)
    try:
        check_controls(found["controls"])
    except ControlError as error:
        raise role_data.RoleError(not_usable(role, error)) from error
    unknown = sorted(set(found["reads"]) - set(FIELDS[platform]))
    if unknown:
        raise role_data.RoleError(
            f"{role_data.role_folder(role)}/vars/{platform}.yml: __{role}_reads has {', '.join(unknown)}; allowed are "
            f"{', '.join(FIELDS[platform])}. Correct the role."
        )
    return found


def not_usable(role: str, error: ControlError) -> str:
    """Return what is wrong with a role's controls, and what to do."""
    cure = f"Correct the variable in the inventory, or the role's vars/ file. See roles/{role}/README.md."
    return f"{role}: {error}. {cure}"


class Roles:
    """What roles make of the variables that a task sees: worked out once a run for all endpoints that want the same."""

    def __init__(
        self, known: Variables, loader: Any, state: str | None = None, kept: dict[str, Any] | None = None
    ) -> None:
        """`state` stands above the roles' own variables; `kept` is for whoever goes through many endpoints."""
        self._known, self._loader, self._state = known, loader, state
        self._store = RunStore()
        self._prints: dict[str, str] = {}
        self._kept: dict[str, Any] = {} if kept is None else kept

    def refused(self, role: str) -> list[str]:
        """Return what is refused of the role's variables, a sentence each. Raises RoleError."""
        key = f"refused {self._print(role)}"
        found: list[str] = self._once(key, lambda: refused_of_role(role, self._known, self._loader))
        return found

    def key(self, role: str, platform: str) -> str:
        """Return the name under which the run keeps what the role wants."""
        return f"desired {platform} {self._print(role)}"

    def desired(self, role: str, platform: str) -> Desired:
        """Return what `desired` does."""
        key = self.key(role, platform)
        found: Desired = self._once(key, lambda: desired(role, platform, self._seen_by(role), self._loader))
        return found

    def kept(self, key: str) -> Desired:
        """Return what is kept under a key of this run."""
        if key not in self._kept:
            self._kept[key] = self._store.shared(key)
        return dict(self._kept[key])

    def _once(self, key: str, work_out: Callable[[], Any]) -> Any:
        found = self._kept[key] if key in self._kept else self._store.shared(key)
        if found is None:
            found = work_out()
            self._store.share(key, found)
        self._kept[key] = found
        return found

    def _seen_by(self, role: str) -> Variables:
        return {**self._known, f"{role}_state": self._state} if self._state else self._known

    def _print(self, role: str) -> str:
        if role not in self._prints:
            self._prints[role] = fingerprint(role, self._seen_by(role), self._loader)
        return self._prints[role]


def platform_by(known: Variables) -> str:
    """Return which platform an endpoint's variables speak of, before there is a connection."""
    return "Windows" if leads_to_windows(known) else "Darwin"


def fingerprint(role: str, known: Variables, loader: Any) -> str:
    """Return a text that is equal for endpoints of whose variables the role's data gets the same values.

    It is the same for the variables of an inventory and for what a task sees, where nothing stands above those: a task
    of a play with the role in it sees the role's own defaults and variables, too.
    """
    about = _about(role, loader)
    # A misspelt variable of the role is looked for by the checks.
    names = {*about["words"], *(name for name in known if name.startswith(f"{role}_"))} - {*about["own"]}
    values = reached(names, known, about["defaults"])
    return hashlib.sha256(json.dumps([role, values], sort_keys=True).encode()).hexdigest()


def reached(names: Iterable[str], known: Variables, defaults: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the text of each of the variables that there is, and of those which their templates name.

    One that is as in `defaults` is left out.
    """
    seen = {*names}
    waiting, values = sorted(seen), dict[str, str]()
    while waiting:
        name = waiting.pop()
        name = "inventory_hostname" if name in _OF_ONE else name
        if name not in known or name in values:
            continue
        text = _as_text(known[name])
        if text != (defaults or {}).get(name):
            values[name] = text
            more = {*_words_in(text)} - seen if _is_template(text) else set()
            seen |= more
            waiting += more
    return values


@lru_cache(maxsize=64)
def _about(role: str, loader: Any) -> dict[str, Any]:
    """Return what `fingerprint` needs of the role's files, read once a run.

    `words` can name a variable which its controls and checks depend on; `own` are the names of its vars/, which nobody
    else sets; `defaults` the texts of its defaults.
    """
    store, key = RunStore(), f"about {role}"
    found: dict[str, Any] | None = store.shared(key)
    if found is None:
        folder = role_data.ROLES / role.rpartition(".")[2]
        defaults, *rest = (role_data.role_data(folder, file, loader) for file in _FILES)
        found = {
            "words": sorted(_words_of_role(role, folder, loader, [defaults, *rest])),
            "own": sorted({name for data in rest for name in data}),
            "defaults": {name: _as_text(value) for name, value in defaults.items()},
        }
        store.share(key, found)
    return found


def _words_of_role(role: str, folder: Path, loader: Any, files: list[dict[str, Any]]) -> set[str]:
    texts: dict[str, list[str]] = {}
    for data in files:
        # One name may stand for two things on two platforms.
        for key, value in data.items():
            # In checks, conditions are no templates.
            parts = [_as_text(value)] if key == f"__{role}_checks" else [*map(_as_text, _templates_in(value))]
            texts.setdefault(key, []).extend(parts)
    found = {*role_data.role_options(folder, loader)}
    waiting = [f"__{role}_controls", f"__{role}_reads", f"__{role}_looks", f"__{role}_checks", *found]
    while waiting:
        for word in [word for text in texts.get(waiting.pop(), []) for word in _words_in(text)]:
            if word not in found:
                found.add(word)
                waiting.append(word)
    return found


def _templates_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and _is_template(value):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _templates_in(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _templates_in(item))


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def _as_text(value: Any) -> str:
    # Not with sorted keys: those of an inventory may be of several kinds, which cannot be sorted.
    return json.dumps(value, ensure_ascii=False, default=str)


def _words_in(text: str) -> Iterator[str]:
    """Yield the words of a value's text; the letter of an escape, such as that of a new line, belongs to none."""
    return (match[0] for match in _WORD.finditer(_ESCAPED.sub(" ", text)))
