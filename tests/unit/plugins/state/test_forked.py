"""What Ansible forks for a task does not go through all that it has inherited."""

from __future__ import annotations

import gc
from types import ModuleType

import pytest

from plugins.action import endpoint_compare, endpoint_read_back, endpoint_report, endpoint_validate
from plugins.plugin_utils.state.forked import leave_inherited_alone


def test_nothing_inherited_is_looked_through_again() -> None:
    before = gc.get_freeze_count()
    try:
        leave_inherited_alone()
        assert gc.get_freeze_count() > before
        assert len(gc.get_objects()) < 1000
    finally:
        gc.unfreeze()


class HasBegun(Exception):  # noqa: N818  (a mark of how far it came, and no error)
    """The very first step."""


@pytest.mark.parametrize("action", [endpoint_compare, endpoint_read_back, endpoint_report, endpoint_validate])
def test_the_tasks_that_do_much_begin_with_it(action: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin() -> None:
        raise HasBegun

    monkeypatch.setattr(action, "leave_inherited_alone", begin)
    with pytest.raises(HasBegun):
        action.ActionModule.run(object(), None, {})
