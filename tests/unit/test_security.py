"""What the page on security says of the project's own files, and that its tests, as those of the situations, exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"passw|secret|token|private_key", re.IGNORECASE)
NAMED = re.compile(r"`([\w./-]+\.py)?::(test_\w+)`")


def named_by_file() -> dict[str, set[str]]:
    """Return the names of the tests in each file."""
    return {
        str(path.relative_to(ROOT)): {*re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)}
        for path in (ROOT / "tests").rglob("test_*.py")
    }


@pytest.mark.parametrize("page", ["security.md", "situations.md"])
def test_each_test_that_is_named_exists(page):
    known = named_by_file()
    missing, number, file = [], 0, ""
    for given, test in NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        # A file that was named before is called by its last part, or not at all.
        file = given or file
        number += 1
        if not any(test in names for path, names in known.items() if path == file or path.endswith(f"/{file}")):
            missing.append(f"{file}::{test}")
    assert number > 15
    assert missing == []


def test_each_claim_names_a_test():
    """But for what is somebody else's, or what nothing can be done about."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    tables = text.partition("## What is written where")[0]
    rows = [
        line
        for line in tables.splitlines()
        if line.startswith("| ") and not line.startswith(("| an attacker", "| what |"))
    ]
    without = [row for row in rows if "::test_" not in row and "'s own)" not in row]
    assert [row.split("|")[1].strip() for row in without] == [
        "on the controller, as root or as the user who runs Ansible"
    ]


def settings(data, path=()):
    if isinstance(data, dict):
        for key, value in data.items():
            yield from settings(value, (*path, str(key)))
    elif isinstance(data, list):
        for value in data:
            yield from settings(value, path)
    else:
        yield path, data


def example():
    for path in sorted((ROOT / "inventory/example").rglob("*.yml")):
        yield from settings(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_example_has_no_password_in_it():
    found = [*example()]
    assert len(found) > 60
    assert [path for path, value in found if path and SECRET.search(path[-1]) and value] == []


def test_the_example_checks_who_is_at_the_other_end():
    values = {path[-1]: value for path, value in example() if path}
    assert values["ansible_winrm_scheme"] == "https"
    assert values["ansible_winrm_server_cert_validation"] == "validate"
    assert "StrictHostKeyChecking" not in values["ansible_ssh_common_args"]
    assert "host_key_checking = True" in (ROOT / "ansible.cfg").read_text(encoding="utf-8").splitlines()
