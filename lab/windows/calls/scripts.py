"""Models of PowerShell that somebody wrote for their own project: a module, or a script run by win_powershell.

The lab cannot run PowerShell. A model says in Python what one exact text does to a machine; for any other text of the
same name it refuses, because nobody has compared the two. The name of a script stands in its first line:
`# script: NAME`, or with a word of the project, `# acme-script: NAME`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lab.windows.machine.parts import NotModelled

_ANNOUNCEMENT = re.compile(r"# (?:\w+-)?script: (\w+)\s*(?:\n|$)")


@dataclass
class ScriptResult:
    """What a script left: its output objects, `$Ansible.Changed`, `$Ansible.Diff`, the text of a terminating error."""

    output: list[Any] = field(default_factory=list)
    changed: bool = False
    diff: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


ScriptFunction = Callable[..., ScriptResult]  # (machine, params, *, check_mode, diff_mode); per user also sid


@dataclass(frozen=True)
class Script:
    """A script's model and the text it was written for; `per_user` when it asks for what is the caller's own."""

    name: str
    sha256: str
    function: ScriptFunction
    per_user: bool = False


_scripts: dict[str, Script] = {}


def digest(source: str) -> str:
    """Return the SHA-256 of a text, no matter which line ends it has and whether it ends in a newline."""
    return hashlib.sha256(source.replace("\r\n", "\n").rstrip().encode()).hexdigest()


def require(name: str, source: str, sha256: str) -> None:
    """Raise NotModelled unless `source` is the text that the model of `name` was written for."""
    found = digest(source)
    if found != sha256:
        msg = (
            f"this text of {name}: its SHA-256 is {found}, the model was written for {sha256}. "
            "Compare the change with the model, adapt the model, then write the new number there"
        )
        raise NotModelled(msg)


def script_model(name: str, sha256: str, *, per_user: bool = False) -> Callable[[ScriptFunction], ScriptFunction]:
    """Register the decorated function for the script that announces itself as `name`.

    With `per_user` it is given the SID of the account that runs it, as `sid`.
    """

    def register(function: ScriptFunction) -> ScriptFunction:
        if name in _scripts:
            msg = f"two models are registered for the script {name}"
            raise ValueError(msg)
        _scripts[name] = Script(name, sha256, function, per_user)
        return function

    return register


def find_script(source: str) -> Script | None:
    """Return the model for a script's text, None when it announces no name.

    Raises NotModelled for a name without a model and for another text than the model's.
    """
    announced = _ANNOUNCEMENT.match(source.replace("\r\n", "\n"))
    if announced is None:
        return None
    script = _scripts.get(announced[1])
    if script is None:
        known = ", ".join(sorted(_scripts)) or "no script"
        raise NotModelled(f"the script {announced[1]}; it models {known} (`up --models FOLDER` brings more)")
    require(script.name, source, script.sha256)
    return script
