"""Why a checkout is no release yet: pure functions, a reason a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# What nobody installs (build_ignore in galaxy.yml), and what they need.
NOT_IN_IT = ("lab/", "tests/", "molecule/", "benchmarks/", ".github/", ".ci/")
IN_IT = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "playbooks/site.yml",
    "roles/vpn_profile/vars/Windows.yml",
    "enroll/windows.ps1",
)
UNRELEASED = re.compile(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def of_repository(version: str, status: str, tags: Iterable[str]) -> Iterator[str]:
    """Yield what git has against it: `status` as `git status --porcelain` says it."""
    if status:
        yield f"{len(status.splitlines())} files are not committed: git status"
    if f"v{version}" in tags:
        places = "galaxy.yml, pyproject.toml and plugin_utils/__init__.py"
        yield f"v{version} is a tag already: raise the version in {places}"


def of_changelog(version: str, text: str) -> Iterator[str]:
    """Yield what CHANGELOG.md lacks: the version with its day, and nothing that is left above it."""
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        yield f"CHANGELOG.md has no line '## [{version}] - YYYY-MM-DD'"
    unreleased = UNRELEASED.search(text)
    if unreleased and unreleased[1].strip():
        yield "CHANGELOG.md still has something below Unreleased: put it below the version"


def of_artefact(names: Iterable[str]) -> Iterator[str]:
    """Yield what the built collection has too much or too little."""
    names = set(names)
    for folder in NOT_IN_IT:
        if any(name.startswith(folder) for name in names):
            yield f"the built collection has {folder}, which nobody installs: build_ignore in galaxy.yml"
    for name in IN_IT:
        if name not in names:
            yield f"the built collection lacks {name}"
