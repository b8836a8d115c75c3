"""Reading endpoints by another way than the roles do: stock modules on Windows, the shell on a Mac."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

WindowsRead = Callable[..., dict[str, Any]]


@pytest.fixture
def windows(host: Any) -> WindowsRead:
    """Return a function that runs a read-only stock module on the Windows endpoint and gives its result.

    testinfra's `host.run` and `host.file` do not work over WinRM (pytest-testinfra #409 and #330), and its call of
    modules shells out to `ansible --tree`, which core 2.23 takes away: this is the one place to change then.
    """

    def read(module: str, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = host.ansible(module, json.dumps(arguments), check=False)
        assert not result.get("unreachable"), f"unreachable: {result.get('msg')}"
        assert not result.get("failed"), f"{module} {arguments}: {result.get('msg')}"
        return result

    return read
