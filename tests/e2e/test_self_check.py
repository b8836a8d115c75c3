"""Laptops out of reach: their users' own checks are judged by the audit as an answer is, and nobody is called."""

from __future__ import annotations

import base64
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab.__main__ import main as lab_command
from plugins.plugin_utils.records.history import opened
from plugins.plugin_utils.state.check_package import MARK
from tests.e2e.conftest import REFUSED, ROOT, LabFleet, Run

STARTS = 8
FLEET = (2, 1)
TUNNELS = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"
RIGHT = {"exists": True, "keys": {}, "values": {"Server": {"type": "REG_SZ", "data": "fg.imr.tohoku.ac.jp:443"}}}


def given_of(package: str) -> dict[str, Any]:
    """Return what the controller has put into a package for Windows."""
    (line,) = [line for line in package.split("\r\n") if line.startswith("$CheckGiven = '")]
    given: dict[str, Any] = json.loads(line[len("$CheckGiven = '") : -1].replace("''", "'"))
    return given


def reads_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(token.partition(".")[0]))["reads"]
    return found


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def values(run: Run, host: str) -> dict[Any, Any]:
    """Return what the records of a host say of its controls, but for how it was measured."""
    return {
        (item["control"], item["instance"], item["scope"]): (item["status"], item["expected"], item["actual"])
        for item in run.records
        if item["endpoint"] == host and item["role"] != "endpoint"
    }


def judged(run: Run, host: str) -> Counter[tuple[str, str]]:
    """Return how many records of a host have this control and status; whom they are about has another name."""
    mine = [item for item in run.records if item["endpoint"] == host and item["role"] != "endpoint"]
    return Counter((item["control"], item["status"]) for item in mine)


def of_endpoint(run: Run, host: str) -> list[tuple[str, str]]:
    """Return control and status of what is said of a host as a whole."""
    mine = [item for item in run.records if item["endpoint"] == host and item["role"] == "endpoint"]
    return [(item["control"], item["status"]) for item in mine]


@pytest.fixture(scope="module")
def reached(fleet: LabFleet) -> Run:
    """Audit all while they are within reach."""
    return fleet.play("audit.yml")


@pytest.fixture(scope="module")
def inbox(fleet: LabFleet, reached: Run) -> Path:
    """Let users run their checks, and put what they send into a folder: win-01's and the Mac's, none of win-02."""
    folder = fleet.directory / "checks"
    more = ["-e", f"self_check_directory={folder}", "-e", f"endpoint_report_directory={fleet.directory}/records"]
    made = fleet.command("ansible-playbook", *fleet.inventory, "playbooks/self_check.yml", *more)
    assert made.returncode == 0, made.stdout
    assert {path.name for path in folder.iterdir()} == {"win-01.cmd", "win-02.cmd", "mac-01.zip"}
    package = (folder / "win-01.cmd").read_bytes().decode("ascii")
    assert package.startswith("@echo off\r\n")
    assert package.count(f"\r\n{MARK}\r\n") == 1
    token = given_of(package)["token"]
    (folder / "win-01.reads.json").write_text(json.dumps(reads_of(token)), encoding="utf-8")
    with zipfile.ZipFile(folder / "mac-01.zip") as archive:
        archive.extractall(folder)
    run = ["tests/e2e/own_check.yml", "-e", f"folder={folder}", "--limit", "win-01,mac-01"]
    done = fleet.command("ansible-playbook", *fleet.inventory, *run, OFFSITE_OUTPUT="ansible")
    assert done.returncode == 0, done.stdout
    assert "設定は変わりません" in done.stdout
    assert (
        "終わりました。次のファイルを network@example.org へお送りください: /Users/labadmin/Desktop/mac-01.state.json"
        in done.stdout
    )
    inbox = fleet.directory / "inbox"
    inbox.mkdir()
    answer = {"schema": 1, "token": token, "measured_at": now(), "computer": "WIN-01", "administrator": True}
    answer |= {"warnings": [], "document": json.loads((folder / "win-01.document.json").read_text(encoding="utf-8"))}
    (inbox / "win-01.state.json").write_text(json.dumps(answer), encoding="utf-8")
    (folder / "mac-01.state.json").rename(inbox / "mac-01.state.json")
    return inbox


@pytest.fixture(scope="module")
def calls(fleet: LabFleet, inbox: Path) -> dict[str, int]:
    """Put win-02 outside, handed over and silent; return how often each was called until then."""
    with opened(fleet.directory / "records/history.sqlite") as history:
        history.note_life("win-02", "offsite", now())
    fleet.fault("win-02", "power_off")
    return fleet.calls()


@pytest.fixture(scope="module")
def audited(fleet: LabFleet, inbox: Path, calls: dict[str, int]) -> Run:
    return fleet.play("audit.yml", "-e", f"state_files={inbox}")


@pytest.mark.parametrize("host", ["win-01", "mac-01"])
def test_a_user_s_own_check_gives_the_records_that_an_answer_gives(audited: Run, reached: Run, host: str) -> None:
    assert values(audited, host) == values(reached, host)
    assert len(values(audited, host)) > 10
    assert of_endpoint(reached, host) == [("endpoint.reachable", "compliant")]
    assert of_endpoint(audited, host) == [("endpoint.self_check", "compliant")]


def test_every_record_of_it_says_when_it_was_measured_and_by_whom(audited: Run, inbox: Path) -> None:
    measured = json.loads((inbox / "win-01.state.json").read_text(encoding="utf-8"))["measured_at"]
    mine = [item for item in audited.records if item["endpoint"] == "win-01"]
    assert {item.get("measured_at") for item in mine} == {measured}
    words = f"measured on {measured[:10]} by the user's own check, less than a day old"
    assert all(item["evidence"].endswith(words) for item in mine if item["role"] != "endpoint")
    assert f"By their users' own checks: 2 endpoints (mac-01, win-01), the oldest (mac-01) on {measured[:10]}" in (
        audited.output
    )


def test_who_sent_nothing_and_is_outside_is_offsite(audited: Run) -> None:
    assert of_endpoint(audited, "win-02") == [("endpoint.reachable", "offsite")]
    assert values(audited, "win-02") == {}
    assert all("measured_at" not in item for item in audited.records if item["endpoint"] == "win-02")


def test_nobody_is_called_whose_user_has_sent_a_file(fleet: LabFleet, audited: Run, calls: dict[str, int]) -> None:
    assert fleet.calls() == calls


def test_the_mac_s_check_ran_with_rights_and_the_file_says_what_it_read(inbox: Path) -> None:
    answer = json.loads((inbox / "mac-01.state.json").read_text(encoding="utf-8"))
    assert answer["administrator"] is True
    assert answer["document"]["platform"] == "Darwin"


def test_what_is_changed_by_hand_is_judged_or_refused_and_concerns_that_laptop_alone(
    fleet: LabFleet, inbox: Path, audited: Run, calls: dict[str, int], tmp_path: Path
) -> None:
    changed = json.loads((inbox / "win-01.state.json").read_text(encoding="utf-8"))
    changed["document"]["registry"][TUNNELS] = {"exists": True, "values": {}, "keys": {"IMR": RIGHT}}
    (tmp_path / "win-01.state.json").write_text(json.dumps(changed), encoding="utf-8")
    forged = json.loads((inbox / "mac-01.state.json").read_text(encoding="utf-8")) | {"token": changed["token"]}
    (tmp_path / "mac-01.state.json").write_text(json.dumps(forged), encoding="utf-8")
    run = fleet.play("audit.yml", "-e", f"state_files={tmp_path}")
    assert run.code == 2
    key = ("vpn_profile.server", "IMR", "machine")
    assert values(audited, "win-01")[key][0] == "drifted"
    assert values(run, "win-01")[key] == ("compliant", "fg.imr.tohoku.ac.jp:443", "fg.imr.tohoku.ac.jp:443")
    assert of_endpoint(run, "mac-01") == [("endpoint.state", "error")]
    assert values(run, "mac-01") == {}
    assert "mac-01.state.json: it answers a request for win-01, and not for mac-01" in " ".join(run.output.split())
    assert of_endpoint(run, "win-02") == [("endpoint.reachable", "offsite")]
    assert fleet.calls() == calls


def test_a_document_without_anybody_in_it_makes_a_lab_that_is_judged_alike(
    fleet: LabFleet, inbox: Path, audited: Run, tmp_path: Path
) -> None:
    shown = tmp_path / "fault.json"
    file = ["-e", f"state_files={inbox}/win-01.state.json", "-e", f"anonymous_file={shown}"]
    more = ["-e", f"endpoint_report_directory={fleet.directory}/records"]
    made = fleet.command("ansible-playbook", *fleet.inventory, "playbooks/anonymise.yml", *file, *more)
    assert made.returncode == 0, made.stdout
    own = json.loads((inbox / "win-01.state.json").read_text(encoding="utf-8"))["document"]
    text = shown.read_text(encoding="utf-8")
    people = [user["name"].rpartition("\\")[2] for user in own["users"].values() if user.get("name")]
    assert len(people) > 1
    assert [
        name for name in [*people, own["system"]["computer_name"]] if f'"{name}"' in text or f"\\{name}" in text
    ] == []
    lab = ["--state-dir", str(tmp_path / "lab")]
    up = ["up", "--from", str(shown), "--models", str(ROOT / "tests/contract/models")]
    assert lab_command([*up, *lab]) == 0
    try:
        there = ["-i", str(tmp_path / "lab/inventory"), "-i", "inventory/lab"]
        folder = tmp_path / "records"
        again = fleet.command(
            "ansible-playbook", *there, "playbooks/audit.yml", "-e", f"endpoint_report_directory={folder}"
        )
    finally:
        assert lab_command(["down", *lab]) == 0
    (lines,) = folder.glob("*.jsonl")
    found = Run(again.returncode, again.stdout, [json.loads(line) for line in lines.read_text("utf-8").splitlines()])
    assert judged(found, "from-01") == judged(audited, "win-01")


def test_what_writes_takes_no_state_files(fleet: LabFleet, inbox: Path, calls: dict[str, int]) -> None:
    run = fleet.play("site.yml", "-e", f"state_files={inbox}")
    assert run.code == 2
    assert run.output.partition(REFUSED)[2].strip() == (
        "state_files: only audit.yml judges what users have sent. This playbook has to reach its endpoints: leave "
        "-e state_files out"
    )
    assert fleet.calls() == calls
