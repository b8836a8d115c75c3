"""The file that a user runs: each byte of it, and what it asks where nobody says more."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.state.check_package import package, whole_request

NOW = datetime(2026, 11, 23, 14, 30, 8, tzinfo=UTC)
WORDS = {"ja": {"done": "終了"}, "en": {"reads": "reads", "done": "it's done"}}


@pytest.mark.parametrize(
    ("platform", "request_", "whole"),
    [
        (
            "Windows",
            {"registry": [{"path": "HKLM\\A"}, {"path": "HKLM\\B", "values": ["x"], "depth": 2, "without": ["y"]}]},
            {
                "registry": [
                    {"values": ["*"], "depth": 0, "without": [], "path": "HKLM\\A"},
                    {"values": ["x"], "depth": 2, "without": ["y"], "path": "HKLM\\B"},
                ],
                "user_registry": [],
                "services": [],
                "groups": [],
                "files": [],
                "appx": [],
                "networks": [],
            },
        ),
        (
            "Windows",
            {
                "user_registry": [{"path": "Software\\A", "depth": 1}],
                "services": ["W32Time"],
                "groups": ["S-1-5-32-555"],
                "files": ["C:\\a"],
                "appx": ["A_1"],
                "networks": ["connected"],
                "tools": ["none of Windows"],
            },
            {
                "registry": [],
                "user_registry": [{"values": ["*"], "depth": 1, "without": [], "path": "Software\\A"}],
                "services": ["W32Time"],
                "groups": ["S-1-5-32-555"],
                "files": ["C:\\a"],
                "appx": ["A_1"],
                "networks": ["connected"],
            },
        ),
        (
            "Darwin",
            {"plists": [{"path": "/a"}, {"path": "/b", "keys": ["*"]}], "tools": ["network_time"]},
            {
                "plists": [{"keys": [], "path": "/a"}, {"keys": ["*"], "path": "/b"}],
                "files": [],
                "tools": ["network_time"],
            },
        ),
    ],
)
def test_a_request_is_whole_with_what_the_reader_would_fill_in(
    platform: str, request_: dict[str, Any], whole: dict[str, Any]
) -> None:
    assert whole_request(platform, request_) == whole


def test_a_windows_package_is_ascii_with_windows_line_ends_and_no_more_of_the_reader_than_needed() -> None:
    parts = {
        "start": "@echo off\r\nrem start\n",
        "reader": "Read-It\n# ---- The module\nansible\n# ---- The module again\n",
        "check": "Run-It\r\n",
    }
    assert package("Windows", "nb-07", token="e30=.00", words=WORDS, parts=parts, now=NOW) == (
        "nb-07.cmd",
        b"@echo off\r\n"
        b"rem start\r\n"
        b"#::check\r\n"
        b"Read-It\r\n"
        b"\r\n"
        b'$CheckGiven = \'{"file": "nb-07.state.json", "token": "e30=.00", "words": '
        b'{"en": {"done": "it\'\'s done", "reads": "reads"}, "ja": {"done": "\\u7d42\\u4e86"}}}\'\r\n'
        b"\r\n"
        b"Run-It\r\n",
    )


def test_a_mac_package_is_an_archive_with_one_program_of_today_that_may_be_run() -> None:
    parts = {
        "start": "#!/bin/sh\n# 開始\n",
        "reader": 'import os\n\nif __name__ == "__main__":\n    main()\nif __name__ == "__main__":\n',
        "check": "run(READER, GIVEN)\n",
    }
    name, content = package("Darwin", "mb-01", token="e30=.00", words=WORDS, parts=parts, now=NOW)
    assert name == "mb-01.zip"
    archive = zipfile.ZipFile(io.BytesIO(content))
    (entry,) = archive.infolist()
    assert (entry.filename, entry.date_time) == ("mb-01.command", (2026, 11, 23, 14, 30, 8))
    # Rights count only in an archive that was made on a Unix, which is 3.
    assert (entry.create_system, entry.external_attr >> 16) == (3, 0o100755)
    assert entry.compress_type == zipfile.ZIP_DEFLATED
    assert archive.read(entry).decode() == (
        "#!/bin/sh\n"
        "# 開始\n"
        "#::check\n"
        "READER = 'import os\\n\\n'\n"
        'GIVEN = \'{"file": "mb-01.state.json", "token": "e30=.00", "words": '
        '{"en": {"done": "it\\\'s done", "reads": "reads"}, "ja": {"done": "\\\\u7d42\\\\u4e86"}}}\'\n'
        "\n"
        "run(READER, GIVEN)\n"
    )
