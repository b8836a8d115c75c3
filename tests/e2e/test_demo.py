"""`make demo` as a stranger runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_demo_tells_its_story_to_the_end():
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.demo"], cwd=root, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Not good: " in done.stdout, "the audit in the middle has to find something"
    assert "That was the story." in done.stdout
