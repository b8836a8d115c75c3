"""Parts of the end-to-end tests, as CI runs the long ones: each file is in one of them, whole."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.e2e.conftest import in_part

TESTS: list[Any] = [
    SimpleNamespace(nodeid=f"tests/e2e/test_{file}.py::test_{number}") for file in "gfedcba" for number in range(3)
]


@pytest.mark.parametrize("parts", [1, 2, 4, 7, 9])
def test_every_file_is_in_one_part_whole(parts):
    each = [in_part(TESTS, f"{which}/{parts}") for which in range(1, parts + 1)]
    assert sorted(test.nodeid for kept, _ in each for test in kept) == sorted(test.nodeid for test in TESTS)
    assert all(len(kept) % 3 == 0 and len(kept) + len(left) == len(TESTS) for kept, left in each)
    assert max(len(kept) for kept, _ in each) - min(len(kept) for kept, _ in each) <= 3


@pytest.mark.parametrize("part", ["0/4", "5/4", "2", "2/", "/4", "two/4", "-1/4"])
def test_what_is_no_part_is_refused_with_what_is_allowed(part):
    with pytest.raises(pytest.UsageError, match="allowed is K/N, with K from 1 to N"):
        in_part(TESTS, part)
