"""sh, bash and zsh with a script in a file or on standard input: its text is translated for the real shell."""

from __future__ import annotations

import os
import sys
from functools import partial

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled


def _shell(name: str, _: Session, arguments: list[str]) -> int:
    """Run `[-options] [script [arguments]]`; plain `-c` never comes here (toolset.py)."""
    options, rest = "", list(arguments)
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "-s", "--"):
        options += rest.pop(0)[1:]
        if "c" in options:
            break
    if set(options) - set("celuxf"):
        raise not_modelled(name, arguments)
    if "c" in options:
        text, *rest = rest
    elif rest and rest[0] not in ("-", "-s", "--"):
        try:
            with open(rest[0], encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise ToolError(f"{name}: {rest[0]}: {error.strerror}", 127) from error
    else:
        text, rest = sys.stdin.read(), [name, *rest[1:]]
    kept = "".join(sorted(set(options) & set("euxf")))
    # The options go into the text, so that the wrapper sees `-c` first and starts the real shell.
    os.execv(f"/bin/{name}", [name, "-c", f"set -{kept}\n{text}" if kept else text, *rest])


TOOLS = {name: partial(_shell, name) for name in ("sh", "bash", "zsh")}
