"""What `make` says when the computer lacks something, before it makes anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make(tmp_path):
    """Return what `make` says with a Python that first runs these lines."""

    def run(lines):
        python = tmp_path / "python"
        # The checks are `PYTHON -c CODE`; anything else would begin to make the environment.
        python.write_text(
            f'#!/bin/sh\n[ "$1" = -c ] || {{ echo begins; exit 1; }}\nexec \'{sys.executable}\' -c "{lines}\n$2"\n',
            encoding="utf-8",
        )
        python.chmod(0o755)
        venv = tmp_path / "venv"
        done = subprocess.run(
            ["make", f"PYTHON={python}", f"VENV={venv}", f"{venv}/.run"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        return done.stdout, done.stderr

    return run


def test_a_missing_python3_venv_is_reported_with_its_cure(make):
    said, wrong = make("import sys; sys.modules['ensurepip'] = None")
    assert "sudo apt-get install python3-venv" in wrong
    assert "begins" not in said


def test_a_python_that_is_too_old_is_reported_with_the_cure(make):
    said, wrong = make("import sys; sys.version_info = (3, 9, 2)")
    assert "Python 3.11 or newer is needed, and this is 3.9." in wrong
    assert "make PYTHON=python3.13" in wrong
    assert "begins" not in said


def test_a_python_that_has_all_of_it_begins(make):
    said, wrong = make("pass")
    assert "begins" in said
    assert "needed" not in wrong
    assert "apt-get" not in wrong
