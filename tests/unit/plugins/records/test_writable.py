"""Whether files can be written where they are to be written: tried there, and nowhere else."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from plugins.plugin_utils.records.history import check_file, check_folder, opened


@pytest.fixture
def nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No temporary file can be made unless a folder is named for it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nonexistent"))


@pytest.mark.usefixtures("nowhere_else")
def test_a_file_is_tried_in_the_very_folder(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_file(tmp_path / "file")


@pytest.mark.usefixtures("nowhere_else")
def test_a_history_is_made_beside_its_place_with_the_folders_above_it(tmp_path: Path) -> None:
    with opened(tmp_path / "a/b/history.sqlite"):
        pass
    assert [one.name for one in (tmp_path / "a/b").iterdir()] == ["history.sqlite"]


def test_a_place_that_no_file_can_be_written_to_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NotADirectoryError) as refused:
        check_folder(file)
    assert (refused.value.errno, refused.value.strerror) == (errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    assert refused.value.filename == str(file)
    with pytest.raises(IsADirectoryError) as none:
        check_file(tmp_path)
    assert (none.value.errno, none.value.strerror) == (errno.EISDIR, os.strerror(errno.EISDIR))
    assert none.value.filename == str(tmp_path)


def test_a_folder_is_made_with_those_above_it_and_stays_empty(tmp_path: Path) -> None:
    check_file(tmp_path / "a/b/file")
    check_folder(tmp_path / "a/b/c")
    assert [one.name for one in (tmp_path / "a/b").iterdir()] == ["c"]
    assert list((tmp_path / "a/b/c").iterdir()) == []
