"""Endpoints over Wine, one a module of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.real.endpoint import ARCHIVE, HERE, Endpoint, missing, unpack

# Modules, filters and tests of collections are found by their full names, as in a run.
init_plugin_loader()
LAPTOP = "laptop.reg"
CLIENT = "Program Files/Fortinet/FortiClient/FortiClient.exe"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest."""
    items.sort(key=lambda item: "test_whole_way" not in item.nodeid)


@pytest.fixture(scope="session")
def powershell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return powershell.exe."""
    lacking = missing()
    if lacking:
        # Started by pytest alone; `python -m tests.real` says so itself, and ends badly where it has to be there.
        pytest.skip(f"missing: {lacking}")
    return unpack(Path(os.environ[ARCHIVE]), tmp_path_factory.mktemp("powershell"))


@pytest.fixture(scope="module")
def endpoint(
    powershell: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Endpoint]:
    """Return an endpoint with what the module names in `SEEDS`, and FortiClient's program where it has one."""
    made = Endpoint(tmp_path_factory.mktemp("endpoint"), powershell)
    try:
        seeds = getattr(request.module, "SEEDS", ())
        made.up(*(HERE / name for name in seeds))
        if LAPTOP in seeds:
            program = made.disk / CLIENT
            program.parent.mkdir(parents=True)
            program.write_bytes(b"MZ")
        yield made
    finally:
        made.down()
