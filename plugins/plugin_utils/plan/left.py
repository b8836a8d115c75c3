"""What a run that puts back on purpose has moved: the controls whose value is another one than before it wrote.

The next run compares with the desired values, and would take all of it for drift. So the history is told
(records.history), also of what went along: the values of a connection that went as a whole, or what a client took with
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records.since import digest
from .plan import plan
from .writes import About

Values = list[list[str | None]]


def values_of(controls: Any, document: Mapping[str, Any] | None, role: str, *, reads: Mapping[str, Any]) -> Values:
    """Return what is there of each control that can be read: [control, instance, scope, digest of the actual value].

    Raises ControlError as `plan` does.
    """
    if document is None:
        return []
    records = plan(controls, document, role, reads=reads).records
    return [[*About.of(item), digest(item["actual"])] for item in records if item["status"] != "error"]


def moved(before: Values, after: Values) -> Values:
    """Return those values of `after` that are others than before."""
    # They come out of JSON as [control, instance, scope, value].
    was = {tuple(one[:3]): one[3] for one in before}
    return [one for one in after if was.get(tuple(one[:3]), one[3]) != one[3]]
