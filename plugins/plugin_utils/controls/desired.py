"""What a role wants to be so on an endpoint: its data, worked out with the endpoint's variables.

{"state": present or absent, "controls": [...], "reads": {...}, "looks": whether its tasks/look.yml has to look where
only each user can}, plain data free of templates. Endpoints whose variables are the same, as far as the role's data
asks for them, want the same; `fingerprint` finds them, so that a fleet of three hundred laptops works it out once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..state.reader import FIELDS
from ..state.run_store import RunStore
from . import role_data
from .validate import refused_of_role

Desired = dict[str, Any]
Variables = Mapping[str, Any]
_WORD = re.compile(r"[A-Za-z_]\w*")
_ESCAPED = re.compile(r"\\.")
# Whoever asks for one of these can get at everything of one endpoint; `template` is the lookup of a file.
_OF_ONE = ("ansible_facts", "hostvars", "template", "vars", "varnames")
_FILES = ("defaults/main.yml", "vars/main.yml", "vars/Windows.yml", "vars/Darwin.yml", "vars/checks.yml")


def desired(role: str, platform: str, known: Variables, loader: Any, state: str | None = None) -> Desired:
    """Return what a role wants of an endpoint with the variables `known`; `state` stands above the role's own variable.

    Raises RoleError for a role that there is not, and for data that cannot be worked out.
    """
    more = {f"{role}_state": state} if state else {}
    found = role_data.desired(role, loader, {**known, **more}, platform)
    unknown = sorted(set(found["reads"]) - set(FIELDS[platform]))
    if unknown:
        raise role_data.RoleError(
            f"{role_data.role_folder(role)}/vars/{platform}.yml: __{role}_reads has {', '.join(unknown)}; allowed are "
            f"{', '.join(FIELDS[platform])}. Correct the role."
        )
    return found


def desired_once(role: str, platform: str, known: Variables, loader: Any, state: str | None = None) -> Desired:
    """Return what `desired` does, worked out once a run for all endpoints that want the same."""
    store = RunStore()
    prints = store.shared(f"fingerprints {known['inventory_hostname']}") or {}
    key = f"desired {platform} {state} {prints.get(role) or fingerprint(role, known, loader)}"
    found = store.shared(key)
    if found is None:
        found = desired(role, platform, known, loader, state)
        store.share(key, found)
    return dict(found)


class Checked:
    """Checks the variables of many endpoints, those of equal ones once, and keeps for the run that they were."""

    def __init__(self, loader: Any, state: str | None = None) -> None:
        """`state` is what the run wants of all roles; None: what their variables say."""
        self._loader = loader
        self._state = state
        self._store = RunStore()
        self._refused: dict[str, list[str]] = {}

    def refused(self, host: str, roles: list[str], known: Variables) -> list[str]:
        """Return what is refused of an endpoint's variables, a sentence each. Raises RoleError."""
        prints = {role: fingerprint(role, known, self._loader) for role in roles}
        for role, one in prints.items():
            if one not in self._refused:
                self._refused[one] = refused_of_role(role, known, self._loader)
        self._store.share(f"fingerprints {host}", prints)
        wrong = [words for one in prints.values() for words in self._refused[one]]
        if not wrong:
            # All endpoints would work it out at the same moment otherwise.
            for role in roles:
                desired_once(role, platform_by(known), known, self._loader, self._state)
        return wrong


def platform_by(known: Variables) -> str:
    """Return which platform an endpoint's variables speak of, before there is a connection."""
    windows = known.get("ansible_connection") in ("winrm", "psrp") or known.get("ansible_shell_type") in (
        "powershell",
        "cmd",
    )
    return "Windows" if windows else "Darwin"


def fingerprint(role: str, known: Variables, loader: Any) -> str:
    """Return a text that is equal for endpoints of whose variables the role's data gets the same values."""
    # A misspelt variable of the role is looked for by the checks.
    seen = {*_words_of_role(role, loader), *(name for name in known if name.startswith(f"{role}_"))}
    waiting, values = sorted(seen), {}
    while waiting:
        name = waiting.pop()
        name = "inventory_hostname" if name in _OF_ONE else name
        if name in known and name not in values:
            values[name] = text = _as_text(known[name])
            more = {*_words_in(text)} - seen if "{{" in text or "{%" in text else ()
            seen |= {*more}
            waiting += more
    return hashlib.sha256(json.dumps([role, values], sort_keys=True).encode()).hexdigest()


def _as_text(value: Any) -> str:
    # Not with sorted keys: those of an inventory may be of several kinds, which cannot be sorted.
    return json.dumps(value, ensure_ascii=False, default=str)


def _words_in(text: str) -> Iterator[str]:
    """Yield the words of a value's text; the letter of an escape, such as that of a new line, belongs to none."""
    return (match[0] for match in _WORD.finditer(_ESCAPED.sub(" ", text)))


@lru_cache(maxsize=64)
def _words_of_role(role: str, loader: Any) -> frozenset[str]:
    """Return every word of the role's data that can name a variable which its controls and checks depend on."""
    folder = role_data.ROLES / role.rpartition(".")[2]
    texts: dict[str, list[str]] = {}
    for file in _FILES:
        # One name may stand for two things on two platforms.
        for key, value in role_data.role_data(folder, file, loader).items():
            texts.setdefault(key, []).append(_as_text(value))
    options = role_data.role_data(folder, "meta/argument_specs.yml", loader).get("argument_specs", {})
    found = set(options.get("main", {}).get("options", {}))
    waiting = [f"__{role}_controls", f"__{role}_reads", f"__{role}_looks", f"__{role}_checks", *found]
    while waiting:
        for word in [word for text in texts.get(waiting.pop(), []) for word in _words_in(text)]:
            if word not in found:
                found.add(word)
                waiting.append(word)
    return frozenset(found)
