"""A Mac with nothing but Apple's Python stub: reported as such, given a Python by SSH alone, then like any other.

mac-06 is that Mac, with somebody at its screen, who would see the stub's dialog.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lab.downloads import python_package
from lab.macos.media import Package, package_bytes

pytestmark = pytest.mark.depth
FLEET = (0, 6)
STUB = "mac-06"
PYTHON = "/usr/local/bin/python3.13"
SIZE = 12_000_000


def state(fleet: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((fleet.directory / f"lab/machines/{STUB}.json").read_text())
    return found


def uploads(fleet: Any) -> list[Path]:
    return list((fleet.directory / f"lab/machines/{STUB}.root/private/tmp").glob("offsite-python.*"))


def enroll(fleet: Any, content: bytes, *options: str, **variables: Any) -> Any:
    package = fleet.directory / "python.pkg"
    package.write_bytes(content)
    given = {
        "macos_python_package": str(package),
        "macos_python_sha256": hashlib.sha256(content).hexdigest(),
        **variables,
    }
    return fleet.play("macos_python.yml", "--limit", STUB, "-e", json.dumps(given), *options)


def good() -> bytes:
    return package_bytes(python_package("3.13.9"), SIZE)


def test_a_mac_without_python_is_one_clear_record_and_the_others_are_measured(fleet):
    for playbook in ("audit.yml", "site.yml"):
        run = fleet.play(playbook)
        (record,) = [r for r in run.records if r["endpoint"] == STUB and r["status"] != "compliant"]
        assert (record["control"], record["status"]) == ("endpoint.state", "error")
        assert "run playbooks/macos_python.yml" in record["reason"]
        assert {r["endpoint"] for r in run.records} == {f"mac-{number:02}" for number in range(1, 7)}
        assert run.code == 2


PACKAGES: dict[str, tuple[Package, dict[str, Any], str]] = {
    "another file": (python_package("3.13.9"), {"macos_python_sha256": "0" * 64}, "macos_python_sha256"),
    "another team": (Package("Python", "3.13.9", "python", signer="X", team="ABCDE12345"), {}, "X (ABCDE12345)"),
    "unsigned": (Package("Python", "3.13.9", "python"), {}, "'no signature', by nobody"),
    "fails": (
        Package("P", "1", signer="Python Software Foundation", team="BMM5U3QVKW", error="Disk full."),
        {},
        "installer ended with 1",
    ),
    "other": (Package("P", "1", signer="Python Software Foundation", team="BMM5U3QVKW"), {}, f"{PYTHON} is not there"),
    "the stub": (python_package("3.13.9"), {"macos_python_interpreter": "/usr/bin/python3"}, "only a stub"),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_no_python_of_python_org_is_refused_and_taken_away(fleet, name):
    package, variables, words = PACKAGES[name]
    run = enroll(fleet, package_bytes(package, SIZE), **variables)
    assert run.code != 0
    assert words in " ".join(run.output.split())
    assert state(fleet)["pythons"] == []
    assert uploads(fleet) == []


def test_a_dry_run_brings_nothing(fleet):
    before = fleet.hashes()
    assert enroll(fleet, good(), "--check").code == 0
    assert fleet.hashes() == before


def test_it_gets_its_python_once_and_is_then_like_any_other(fleet):
    run = enroll(fleet, good())
    assert run.code == 0, run.output
    assert f"ansible_python_interpreter: {PYTHON}" in run.output
    assert state(fleet)["pythons"] == ["3.13.9"]
    assert uploads(fleet) == []
    after = fleet.hashes()

    again = enroll(fleet, good())
    assert (again.code, fleet.hashes()) == (0, after)
    assert "\nIn all: 1 of 1 endpoint, " in again.output
    assert "changed" not in again.output

    audit = fleet.play("audit.yml", "--limit", STUB, "-e", f"ansible_python_interpreter={PYTHON}")
    assert {r["control"] for r in audit.records} > {"forticlient_install.installed", "vpn_profile.server"}
    assert audit.of_status("error") == set()


def test_the_stub_was_never_run(fleet):
    assert state(fleet)["python_stub"] == {"runs": 0, "dialogs": 0}
