"""Filters and tests of the collection are found by their full names, as in a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import init_plugin_loader
from hypothesis import settings

from plugins.plugin_utils.controls import role_data
from plugins.plugin_utils.state.run_store import RunStore
from tests.samples.run import Run, write_roles

init_plugin_loader()
# `pytest --hypothesis-profile thorough` for a long look.
settings.register_profile("thorough", max_examples=300, deadline=None)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """Return the store of a run of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder))
    return RunStore()


@pytest.fixture
def a_run(tmp_path: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run of the two roles of `samples/run.py` that has not begun."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    write_roles(tmp_path / "roles")
    monkeypatch.setattr(role_data, "ROLES", tmp_path / "roles")
    return Run()
