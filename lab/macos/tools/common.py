"""What the stand-ins share."""

from __future__ import annotations

import sys

from lab.macos.session import Session


class ToolError(Exception):
    """Ends a stand-in with a text on standard error and an exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text if text.endswith("\n") or not text else f"{text}\n"
        self.code = code


def not_modelled(tool: str, arguments: list[str]) -> ToolError:
    """Return the failure for a use of a tool that the lab knows nothing about."""
    return ToolError(f"lab: {tool} is not modelled with these arguments: {' '.join(arguments) or '(none)'}", 127)


def short_options(tool: str, arguments: list[str], allowed: str) -> tuple[set[str], list[str]]:
    """Split leading short options (all flags) from operands. Raises ToolError for one outside `allowed`."""
    flags: set[str] = set()
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if option == "--":
            break
        for letter in option[1:]:
            if letter not in allowed:
                raise not_modelled(tool, arguments)
            flags.add(letter)
    return flags, rest


def strikes(session: Session, fault: str) -> bool:
    """Whether this fault hits now (lab/faults.py); uses up one of its times."""
    if not session.state.read()["faults"].get(fault):
        return False
    with session.state.edit() as data:
        left = data["faults"].pop(fault)
        if left > 1:
            data["faults"][fault] = left - 1
    return True


def each(tool: str, paths: list[str], action: object) -> int:
    """Call `action(path)` for each; report an OSError as the BSD tools do and go on. Return the exit code."""
    code = 0
    for path in paths:
        try:
            action(path)  # type: ignore[operator]
        except OSError as error:
            sys.stdout.flush()
            sys.stderr.write(f"{tool}: {path}: {error.strerror}\n")
            code = 1
    return code
