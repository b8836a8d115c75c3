"""Runs the tests over Wine where it is there: python -m tests.real [ARGUMENTS OF PYTEST].

Without it one line says what is missing, and the exit code is 0. Where CI is set, Wine installed and the archive
named, what is missing all the same is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.real.endpoint import ARCHIVE, HERE, missing

# A file's tests share an endpoint, so they stay in one process; conftest.py has the order.
SIDE_BY_SIDE = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    lacking = missing()
    if lacking is None:
        return int(pytest.main([*SIDE_BY_SIDE, *(arguments or [str(HERE)])]))
    print(f"NOT RUN: the real modules over Wine (make real). Missing: {lacking}")
    wanted = os.environ.get("CI") and os.environ.get(ARCHIVE) and shutil.which("wine")
    return 1 if wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
