"""The order of the steps that tasks are included for."""

from __future__ import annotations

from itertools import accumulate


def in_order(steps: list[str]) -> list[str]:
    """Return each step behind all that come before it: a, a/b, a/b/c.

    Ansible includes a file once for all endpoints whose loop has the same item, at the place of the first endpoint that
    has it. So where one has only `write`, and the next `remember` and `write`, the next would write first. An item that
    says what came before it is shared only by those for which the same came before it.

    >>> in_order(["windows_remember", "windows_registry"])
    ['windows_remember', 'windows_remember/windows_registry']
    """
    return [*accumulate(steps, "{}/{}".format)]
