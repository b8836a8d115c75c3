"""endpoint_read_back: what came of the writing, and what the note has to say after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.action.endpoint_report import records_of
from plugins.plugin_utils.records.records import merge, stamp, write_lines
from plugins.plugin_utils.records.since import digest
from tests.samples.documents import BEFORE, TUNNELS, key, sz
from tests.samples.run import HOST, SMB, VPN, Run, entries

OURS = "fg.imr.tohoku.ac.jp:443"


def set_server(run: Run, server: str) -> None:
    run.document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz(server)


def noted(run: Run, text: str | None) -> None:
    run.document["registry"][BEFORE] = key({VPN: sz(text)} if text is not None else {})


def begun(run: Run) -> str:
    """Let the run note what was there and be about to write; return the note."""
    set_server(run, "evil.example.com:443")
    text = str(run.compare(VPN)["memory"]["keep"])
    noted(run, text)
    return text


FAILED = [{"task": "Write", "result": {"failed": True, "msg": "access denied"}, "records": []}]


def test_what_was_written_is_fixed_and_its_note_stays(a_run: Run) -> None:
    begun(a_run)
    set_server(a_run, OURS)
    result = a_run.read_back()
    assert result["note"] == {"text": None, "change": False, "last": False}
    assert a_run.statuses() == {"server": "fixed", "prompt_user_name": "compliant"}
    assert a_run.known.pending == {}


def test_the_note_says_nothing_of_what_was_not_done(a_run: Run) -> None:
    begun(a_run)
    result = a_run.read_back(failed=FAILED)
    assert result["note"] == {"text": None, "change": True, "last": True}
    assert "failed" not in result
    noted(a_run, None)
    result = a_run.read_back(failed=FAILED, noted=True)
    # Ansible prints all of it, and the reason is to be seen.
    assert result.keys() == {"changed", "failed", "msg"}
    assert (result["failed"], a_run.statuses()["server"]) == (True, "error")
    assert "access denied" in result["msg"]
    assert a_run.known.pending == {}


def test_entries_of_what_was_done_stay_beside_what_failed(a_run: Run) -> None:
    a_run.document["registry"][TUNNELS]["keys"]["IMR"]["values"].pop("promptusername")
    begun(a_run)
    set_server(a_run, OURS)
    note = a_run.read_back(failed=FAILED)["note"]
    assert (note["change"], note["last"]) == (True, False)
    assert [item["control"] for item in entries(note["text"])] == ["vpn_profile.server"]


def test_an_unreadable_place_keeps_its_note(a_run: Run) -> None:
    begun(a_run)
    a_run.document["registry"][TUNNELS] = {"error": "access denied"}
    assert a_run.read_back(failed=FAILED, report_follows=True)["note"]["change"] is False


def test_a_note_that_was_not_changed_is_an_error(a_run: Run) -> None:
    begun(a_run)
    a_run.read_back(failed=FAILED)
    a_run.read_back(failed=FAILED, noted=True, report_follows=True)
    assert a_run.reasons()["memory"] == (
        "the note of what was there before was to be changed, but reads back as it was"
    )


def test_taking_off_forgets_only_when_all_is_as_before(a_run: Run) -> None:
    begun(a_run)
    set_server(a_run, OURS)
    a_run.compare(VPN, refresh=True, state="absent")
    assert a_run.read_back()["note"]["change"] is False
    assert a_run.statuses() == {"server": "drifted"}
    set_server(a_run, "evil.example.com:443")
    assert a_run.read_back()["note"] == {"text": None, "change": True, "last": True}
    a_run.document["registry"][BEFORE]["values"]["rdp_enable"] = sz("{}")
    assert a_run.read_back()["note"] == {"text": None, "change": True, "last": False}


def test_a_dry_run_reads_nothing_and_predicts(a_run: Run) -> None:
    a_run.check_mode = True
    begun(a_run)
    result = a_run.read_back(failed=FAILED, report_follows=True)
    assert (len(a_run.requests), result["note"]["change"]) == (1, False)
    assert a_run.reasons()["server"].startswith("could not be written: Write: access denied. The account has to be")


def test_an_endpoint_that_gets_lost_while_its_note_is_corrected_keeps_what_was_fixed(a_run: Run) -> None:
    a_run.document["registry"][TUNNELS]["keys"]["IMR"]["values"].pop("promptusername")
    begun(a_run)
    set_server(a_run, OURS)
    a_run.read_back(failed=FAILED)
    stamped = stamp(records_of(a_run.known), run="r", endpoint=HOST, at="2026-11-23T14:30:00Z", versions={})
    statuses = {item["control"]: item["status"] for item in merge(stamped)}
    assert statuses["vpn_profile.server"] == "fixed"
    assert statuses["vpn_profile.memory"] == "error"


def test_putting_back_what_a_run_fixed_leaves_the_note_alone(a_run: Run, tmp_path: Path) -> None:
    # What was there before this project came is not what this run wrote over.
    text = begun(a_run).replace("evil", "older")
    set_server(a_run, OURS)
    a_run.read_back()
    noted(a_run, text)
    file = tmp_path / "run.jsonl"
    write_lines(file, stamp(a_run.known.records[VPN], run="r", endpoint=HOST, at="2026-11-23T14:30:00Z", versions={}))
    a_run.compare(VPN, undo=str(file))
    set_server(a_run, "evil.example.com:443")
    assert a_run.read_back()["note"] == {"text": None, "change": False, "last": False}
    assert a_run.statuses()["server"] == "fixed"


def test_what_a_run_that_puts_back_has_moved_is_noted_and_nothing_else(a_run: Run) -> None:
    begun(a_run)
    set_server(a_run, OURS)
    a_run.compare(VPN, SMB, refresh=True, state="absent")
    set_server(a_run, "evil.example.com:443")
    a_run.read_back()
    assert a_run.known.left == {
        VPN: [["vpn_profile.server", "IMR", "machine", digest("evil.example.com:443")]],
        SMB: [],
    }


def test_a_run_that_takes_off_notes_what_went_along(a_run: Run) -> None:
    a_run.compare(VPN, SMB, state="absent")
    del a_run.document["registry"][TUNNELS]["keys"]["IMR"]
    a_run.read_back()
    nothing = digest(None)
    assert a_run.known.left == {
        VPN: [
            ["vpn_profile.server", "IMR", "machine", nothing],
            ["vpn_profile.prompt_user_name", "IMR", "machine", nothing],
        ],
        SMB: [],
    }


def test_a_run_that_prepares_notes_nothing_of_the_kind(a_run: Run) -> None:
    begun(a_run)
    set_server(a_run, OURS)
    a_run.read_back()
    assert a_run.known.left == {}


@pytest.mark.parametrize(("values", "forgotten"), [({"Theirs": sz("x")}, True), ({}, False)])
def test_a_key_that_others_use_now_keeps_no_note(a_run: Run, values: dict[str, Any], forgotten: bool) -> None:
    about = {"control": "vpn_profile.server", "instance": "IMR"}
    note = {**about, "where": {"registry": TUNNELS}, "before": {"absent": True, "shared": True}}
    value = {**note, "where": {"registry": TUNNELS + r"\IMR", "value": "Server"}, "before": {"absent": True}}
    a_run.document["registry"][TUNNELS] = key(values, {"IMR": key({"Server": sz("x")})})
    noted(a_run, json.dumps({"schema": 1, "entries": [note, value]}))
    assert a_run.compare(VPN, state="absent")["memory"]["forget"] is True
    del a_run.document["registry"][TUNNELS]["keys"]["IMR"]
    # The key itself is still there.
    assert a_run.read_back(report_follows=True)["note"]["change"] is forgotten


OTHER = {
    "control": "vpn_profile.server",
    "instance": "Other",
    "where": {"registry": TUNNELS + r"\Other"},
    "before": {"absent": True},
}


@pytest.mark.parametrize(("came_about", "changes"), [(True, False), (False, True)])
def test_what_another_run_has_noted_meanwhile_stays_when_ours_is_corrected(
    a_run: Run, came_about: bool, changes: bool
) -> None:
    ours = entries(begun(a_run))
    if came_about:
        set_server(a_run, OURS)
    noted(a_run, json.dumps({"schema": 1, "entries": [*ours, OTHER]}, sort_keys=True, separators=(",", ":")))
    note = a_run.read_back(report_follows=True)["note"]
    assert note["change"] is changes
    assert entries(note["text"]) == ([OTHER] if changes else [])


def test_what_another_run_has_noted_meanwhile_stays_when_ours_goes(a_run: Run) -> None:
    before = {"control": "vpn_profile.server", "instance": "IMR", "where": {"registry": TUNNELS + r"\IMR"}}
    mine = {**before, "before": {"absent": True}}
    noted(a_run, json.dumps({"schema": 1, "entries": [mine]}))
    a_run.compare(VPN, state="absent")
    del a_run.document["registry"][TUNNELS]["keys"]["IMR"]
    noted(a_run, json.dumps({"schema": 1, "entries": [mine, OTHER]}))
    note = a_run.read_back(report_follows=True)["note"]
    assert (entries(note["text"]), note["change"], note["last"]) == ([OTHER], True, False)
