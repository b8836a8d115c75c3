"""`make demo` as a stranger runs it, with what it says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.e2e.conftest import ROOT, STARTED

# CI runs `make demo` itself.
pytestmark = pytest.mark.depth


def test_the_demo_tells_its_story_to_the_end():
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.demo"], cwd=ROOT, text=True, capture_output=True, check=False
    )
    # It shows each command before it runs it.
    STARTED["ansible"] += len(re.findall(r"^\$ ansible", done.stdout, re.MULTILINE))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Not good: " in done.stdout, "the audit in the middle has to find something"
    assert "That was the story." in done.stdout
