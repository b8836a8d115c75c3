"""The sample files for systemd: they parse, and what they name exists in the project."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/nightly"
INSTALLED = "/opt/offsite-endpoints"


class Unit(configparser.RawConfigParser):
    """A unit file: names with capital letters, the same name several times, lines that go on after a backslash."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        # configparser's own way to keep capital letters, which its types do not foresee.
        self.optionxform = str  # type: ignore[assignment,method-assign]
        text = (FOLDER / name).read_text(encoding="utf-8").replace("\\\n", " ")
        self.lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.read_string(text)


@pytest.fixture
def service() -> Unit:
    return Unit("offsite-audit.service")


def test_it_runs_the_audit_once_as_a_user_of_its_own(service):
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["User"] == "offsite-audit"
    words = service["Service"]["ExecStart"].split()
    assert words[0] == f"{INSTALLED}/.venv/bin/ansible-playbook"
    assert (ROOT / words[-1]).is_file()
    assert words[-1] == "playbooks/audit.yml"
    assert "--check" not in words
    assert service["Service"]["WorkingDirectory"] == INSTALLED


def test_its_variables_are_known_to_the_report(service):
    options = yaml.safe_load((ROOT / "roles/endpoint_report/meta/argument_specs.yml").read_text())
    known = options["argument_specs"]["main"]["options"]
    words = service["Service"]["ExecStart"].split()
    name, _equals, value = words[words.index("--extra-vars") + 1].partition("=")
    assert name in known
    # It may write nowhere else.
    assert value.startswith(f"/var/lib/{service['Service']['StateDirectory']}/")
    assert service["Service"]["ProtectSystem"] == "strict"


def test_the_documentation_that_they_name_is_there(service):
    for unit in (service, Unit("offsite-audit.timer")):
        assert (ROOT / unit["Unit"]["Documentation"].removeprefix(f"file:{INSTALLED}/")).is_file()


def test_the_timer_makes_up_for_a_run_that_was_missed():
    timer = Unit("offsite-audit.timer")
    assert timer["Timer"]["OnCalendar"] == "Mon..Fri 19:30"
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Timer"]["RandomizedDelaySec"] == "10min"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_every_line_is_a_section_or_a_setting(service):
    for unit in (service, Unit("offsite-audit.timer")):
        assert [line for line in unit.lines if "=" not in line and not line.startswith("[")] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_takes_them(tmp_path):
    """The program that they start is not installed here, so a copy names one that is."""
    for file in FOLDER.glob("offsite-audit.*"):
        text = file.read_text(encoding="utf-8")
        text = text.replace(f"{INSTALLED}/.venv/bin/ansible-playbook", "/usr/bin/true")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert [line for line in done.stdout.splitlines() if "offsite-audit" in line] == []
    assert done.returncode == 0, done.stdout
    calendar = ["systemd-analyze", "calendar", "Mon..Fri 19:30"]
    assert subprocess.run(calendar, capture_output=True, check=False).returncode == 0
