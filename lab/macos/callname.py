"""What a remote call was for, as far as it shows: an Ansible module, a file transfer, or the command's own words."""

from __future__ import annotations

import re
from pathlib import Path

_PIPELINED = re.compile(rb"ansible_module='([\w.]+)'")
_FILE = re.compile(r"python[\d.]* ['\"]*(/[^\s'\"]*/AnsiballZ_\w+\.py)")
_CHECK_MODE = re.compile(rb'"_ansible_check_mode": ?true|\'_ansible_check_mode\': ?True')
_BECOME = re.compile(r"echo BECOME-SUCCESS-\w+ *; *")
_PYTHON = re.compile(r"/python[\d.]*\b")
_LIMIT = 8 << 20  # a module's source is below 1 MB; beyond this the input is data


class CallName:
    """`kind`, `name` and `check_mode` of one exec request; `feed` it what comes on standard input."""

    def __init__(self, command: str, root: str) -> None:
        self._command = command
        self._input = b""
        self._source = b""
        file = _FILE.search(command)
        if file:
            path = Path(f"{root}{file.group(1)}")
            self._source = path.read_bytes() if path.is_file() else b""

    def feed(self, data: bytes) -> None:
        """Take a piece of standard input."""
        if len(self._input) < _LIMIT:
            self._input += data

    @property
    def kind(self) -> str:
        """`module`, `transfer` (a file piped through dd) or `command`."""
        if self._module():
            return "module"
        return "transfer" if re.search(r"\bdd (if|of)=", self._command) else "command"

    @property
    def name(self) -> str:
        """The module's name, else the command without the shells around it."""
        found = self._module()
        if found:
            return found
        text = _BECOME.sub("", self._command)
        return re.sub(r"^/bin/sh -c '(.*?)( && sleep 0)?'$", r"\1", text, flags=re.DOTALL)

    @property
    def check_mode(self) -> bool:
        """Whether the module ran in check mode."""
        return bool(_CHECK_MODE.search(self._source or self._input))

    @property
    def is_module(self) -> bool:
        """Whether it will be a module, as far as the command tells before there is any input."""
        return bool(_PYTHON.search(self._command))

    def _module(self) -> str | None:
        found = _PIPELINED.search(self._source or self._input)
        return found.group(1).decode() if found else None
