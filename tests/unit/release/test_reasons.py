"""What keeps a checkout from being released is said, each by its own sentence."""

from __future__ import annotations

import pytest

from tests.release.reasons import IN_IT, of_artefact, of_changelog, of_repository

READY = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n- a change\n\n## [0.1.0] - 2026-11-01\n"


def test_what_is_ready_has_no_reason():
    assert [*of_repository("0.2.0", "", ["v0.1.0"])] == []
    assert [*of_changelog("0.2.0", READY)] == []
    assert [*of_artefact([*IN_IT, "plugins/action/pac_check.py"])] == []


def test_what_is_not_committed_and_what_is_tagged_already():
    assert [*of_repository("0.1.0", " M a\n?? b\n", ["v0.1.0"])] == [
        "2 files are not committed: git status",
        "v0.1.0 is a tag already: raise the version in galaxy.yml, pyproject.toml and plugin_utils/__init__.py",
    ]


@pytest.mark.parametrize(
    ("version", "text", "reason"),
    [
        ("0.3.0", READY, "no line '## [0.3.0] - YYYY-MM-DD'"),
        ("0.2.0", READY.replace(" - 2026-12-01", ""), "no line '## [0.2.0] - YYYY-MM-DD'"),
        ("0.2.0", READY.replace("sed]\n", "sed]\n- one more\n"), "still has something below Unreleased"),
    ],
)
def test_the_changelog_has_the_version_with_its_day_and_nothing_above_it(version, text, reason):
    (said,) = of_changelog(version, text)
    assert reason in said


def test_the_artefact_has_what_people_need_and_no_more():
    wrong = [name for name in IN_IT if name != "LICENSE"] + ["lab/fleet.py", "tests/unit/conftest.py"]
    assert [*of_artefact(wrong)] == [
        "the built collection has lab/, which nobody installs: build_ignore in galaxy.yml",
        "the built collection has tests/, which nobody installs: build_ignore in galaxy.yml",
        "the built collection lacks LICENSE",
    ]
