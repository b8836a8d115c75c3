"""Reading endpoints by another way than the roles do: stock modules on Windows, the shell on a Mac."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

WindowsRead = Callable[..., dict[str, Any]]
JSON = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"}


@functools.cache
def read_all(inventory: str, module: str, arguments: str, check: bool) -> dict[str, dict[str, Any]]:
    """Run a module on all Windows endpoints by one start of Ansible, which takes longer than what it asks."""
    command = ["ansible", "windows", "-i", inventory, "-m", module, "-a", arguments, *(["--check"] if check else [])]
    done = subprocess.run(command, env=os.environ | JSON, text=True, capture_output=True, check=False)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    (play,) = json.loads(done.stdout)["plays"]
    return {host: result for task in play["tasks"] for host, result in task["hosts"].items()}


@pytest.fixture
def windows(host: Any) -> WindowsRead:
    """Return a function that runs a read-only stock module on the Windows endpoint and gives its result.

    testinfra's `host.run` and `host.file` do not work over WinRM (pytest-testinfra #409 and #330), and its call of
    modules starts Ansible for each endpoint anew.
    """

    def read(module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        inventory = host.backend.ansible_runner.inventory_file
        name = host.ansible.get_variables()["inventory_hostname"]
        result = read_all(inventory, module, json.dumps(arguments, sort_keys=True), check)[name]
        assert not result.get("unreachable"), f"unreachable: {result.get('msg')}"
        assert not result.get("failed"), f"{module} {arguments}: {result.get('msg')}"
        return result

    return read
