"""`make real` says loudly what it did not run, and fails where it was meant to run."""

from __future__ import annotations

import shutil

import pytest

from tests.real import __main__ as command


@pytest.fixture
def said(monkeypatch, capsys):
    """Return what is printed, and the exit code, with these programs on PATH and these variables."""

    def run(programs, variables):
        monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
        for name in ("CI", "OFFSITE_POWERSHELL"):
            monkeypatch.setenv(name, variables[name]) if name in variables else monkeypatch.delenv(name, raising=False)
        code = command.main([])
        return capsys.readouterr().out, code

    return run


def test_without_wine_one_line_names_the_packages(said):
    out, code = said([], {"CI": "true", "OFFSITE_POWERSHELL": "/archive"})
    assert out == (
        "NOT RUN: the real modules over Wine (make real). Missing: Wine or wixl "
        "(Debian, Ubuntu: apt-get install --no-install-recommends wine wine64 wixl)\n"
    )
    assert code == 0


def test_without_wixl_it_is_red_in_ci_where_the_rest_is_there(said):
    out, code = said(["wine", "wineserver"], {"CI": "true", "OFFSITE_POWERSHELL": "/archive"})
    assert "wixl" in out
    assert code == 1


def test_without_an_archive_one_line_names_the_variable(said):
    out, code = said(["wine", "wineserver", "wixl"], {"CI": "true"})
    assert out.startswith(
        "NOT RUN: the real modules over Wine (make real). Missing: a PowerShell for Windows (OFFSITE_"
    )
    assert out.count("\n") == 1
    assert code == 0


@pytest.mark.parametrize(("variables", "code"), [({"CI": "true"}, 1), ({}, 0)])
def test_what_was_named_and_is_not_there_is_a_failure_in_ci(said, variables, code):
    out, ended = said(["wine", "wineserver", "wixl"], {"OFFSITE_POWERSHELL": "/nowhere", **variables})
    assert "Missing: the file /nowhere, which OFFSITE_POWERSHELL names" in out
    assert ended == code
