"""endpoint_report: what was found is reported, and the run ends badly, also when nothing can be written any more."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

from plugins.action.endpoint_report import ActionModule, records_of
from plugins.plugin_utils.records.history import opened
from plugins.plugin_utils.records.records import record
from plugins.plugin_utils.records.since import digest
from plugins.plugin_utils.state.run_store import Known, RunStore


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: RunStore) -> Any:
    """Return a function that reports on endpoints, given as the status of their one control or as what is known."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})

    def run(hosts: dict[str, Any], out_of_use: tuple[str, ...] = (), **arguments: Any) -> dict[str, Any]:
        action = object.__new__(ActionModule)
        action._loader = DataLoader()
        places = {"directory": f"{tmp_path}/records", "history": f"{tmp_path}/history.sqlite"}
        action._task = SimpleNamespace(args={"hosts": [*hosts], **places, **arguments}, check_mode=False)
        for host, what in hosts.items():
            store.keep(host, what if isinstance(what, Known) else known(what))
        hostvars = SimpleNamespace(raw_get=lambda _host: {"endpoint_owner": ""})
        found: dict[str, Any] = action.run(task_vars={"hostvars": hostvars, "groups": {"out_of_use": [*out_of_use]}})[
            "endpoint_report"
        ]
        return found

    return run


def state(*, error: str = "", reachable: bool = True) -> dict[str, Any]:
    document: dict[str, Any] | None = None if error else {}
    return {"reachable": reachable, "error": error or None, "platform": "Windows", "document": document}


def known(status: str) -> Known:
    if status == "silent":
        return Known(state=state(error="no answer", reachable=False), roles={"vpn_profile": "what it wants"})
    records = {"vpn_profile": [record("vpn_profile.port", status, role="vpn_profile")]}
    return Known(state=state(), roles={"vpn_profile": "what it wants"}, records=records)


def found_in(what: Known) -> list[tuple[str, str]]:
    return [(item["control"], item["status"]) for item in records_of(what)]


def test_of_an_endpoint_that_the_run_never_came_to_there_is_an_error() -> None:
    (found,) = records_of(Known())
    assert (found["control"], found["status"]) == ("endpoint.state", "error")
    assert "the run ended for this endpoint before it was read" in found["reason"]


def test_silence_and_an_answer_that_is_no_document_are_distinguished() -> None:
    assert found_in(known("silent")) == [("endpoint.reachable", "unreachable")]
    odd = Known(state=state(error="schema 2"), roles={"vpn_profile": "what it wants"})
    assert found_in(odd) == [("endpoint.reachable", "compliant"), ("endpoint.state", "error")]


def test_a_role_that_was_not_come_to_is_an_error_of_its_own() -> None:
    what = known("compliant")
    what.roles["time_sync"] = "what it wants"
    assert found_in(what) == [
        ("endpoint.reachable", "compliant"),
        ("vpn_profile.port", "compliant"),
        ("time_sync.run", "error"),
    ]


def test_of_an_endpoint_that_got_lost_while_it_was_written_to_nothing_is_fixed() -> None:
    records = [record(f"vpn_profile.{name}", "drifted", role="vpn_profile") for name in ("port", "left")]
    what = known("drifted")
    what.pending = {
        "vpn_profile": {
            "role": "vpn_profile",
            "state": "present",
            "records": records,
            "written": [["vpn_profile.port", None, "machine"]],
            "at_stake": [],
        }
    }
    _there, port, left = records_of(what)
    assert (port["control"], port["status"], left["status"]) == ("vpn_profile.port", "error", "drifted")
    assert port["reason"].startswith("was to be written; whether it was is not known: ")


def test_what_was_put_back_on_purpose_is_the_next_runs_knowledge_and_no_news(report, store, tmp_path):
    def about(status: str, actual: str, **arguments: Any) -> dict[str, Any]:
        what = known("compliant")
        what.records["vpn_profile"][0] |= {"status": status, "expected": "443", "actual": actual}
        if "remember" in arguments:
            what.left = {"vpn_profile": [["vpn_profile.port", None, "machine", digest("1")]]}
        found = report({"nb-1": what}, **arguments)
        lines = Path(found["path"]).read_text(encoding="utf-8").splitlines()
        return next(item for item in map(json.loads, lines) if item["control"] == "vpn_profile.port")

    about("compliant", "443")
    undone = about("compliant", "1", remember=False, undoes="20261123T143000.000000Z")
    assert {"since", "news", "moved"} & {*undone} == set()
    found = about("drifted", "1")
    assert (found["news"], found["moved"], found["moved_by"]) == ("new", "endpoint", "undo 20261123T143000.000000Z")
    about("compliant", "443")
    retired = about("compliant", "1", remember=False, life="retired")
    found = about("drifted", "1", life="in_house")
    assert found["moved_by"] == f"retire {retired['run']}"


CURE = "make room or let this user write there, and run audit.yml"


def test_records_and_reports_that_cannot_be_written_cost_neither_table_nor_verdict(report, tmp_path):
    (tmp_path / "records").write_text("in the way")
    found = report({"nb-1": "compliant", "nb-2": "drifted"})
    assert found["table"].startswith("nb-1: 2 compliant\nnb-2: 1 drifted, 1 compliant\n")
    assert found["path"] == ""
    assert found["reports"] == {}
    assert found["good"] is False
    first, last = found["verdict"].split(CURE, 1)
    assert first.startswith(f"Not good: the records cannot be written to {tmp_path}/records/")
    assert f"{CURE}. Not good: 3 of 4 controls on 2 of 2 endpoints compliant; 1 drifted" in last
    assert "; the reports cannot be written to " in last
    assert [one["good"] for one in found["endpoints"].values()] == [False, False]
    # The history has not remembered what has no record.
    with opened(tmp_path / "history.sqlite") as history:
        assert history.lives() == {}


def test_a_history_that_cannot_be_written_costs_only_the_news(report, tmp_path):
    (tmp_path / "history.sqlite").write_text("in the way")
    found = report({"nb-1": "compliant"})
    assert found["verdict"].startswith(f"Not good: {tmp_path}/history.sqlite is no history")
    lines = Path(found["path"]).read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["control"] for line in lines} == {"endpoint.reachable", "vpn_profile.port"}
    assert set(found["reports"]) == {"html", "csv", "junit", "openmetrics", "sarif"}


def test_a_metrics_file_that_cannot_be_written_costs_neither_records_nor_verdict(report, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = report({"nb-1": "compliant"}, metrics_file=f"{tmp_path}/file/offsite.prom")
    assert Path(found["path"]).is_file()
    assert found["verdict"] == (
        f"Not good: the reports cannot be written to {tmp_path}/file (File exists); {CURE}. "
        "Good: 2 of 2 controls on 1 of 1 endpoint compliant"
    )
    assert found["good"] is False


def test_waivers_that_break_on_the_way_cost_neither_records_nor_verdict(report, tmp_path, monkeypatch):
    monkeypatch.setattr("plugins.action.endpoint_report.waivers_file", lambda _variables: tmp_path / "waivers.yml")
    found = report({"nb-1": "compliant"})
    assert found["verdict"].startswith(f"Not good: {tmp_path}/waivers.yml: the file of the waivers cannot be read")
    assert Path(found["reports"]["html"]).is_file()


@pytest.mark.parametrize(
    ("hosts", "good", "words"),
    [
        (
            ["nb-1"],
            {"nb-1": True},
            "Retired: nothing was measured; nb-1: retired on 2026-11-04: it is no longer in use.",
        ),
        (["nb-2"], {"nb-2": False}, "Not good: nothing was measured; 1 endpoint not measured (1 offsite)"),
        (
            ["nb-1", "nb-2"],
            {"nb-1": True, "nb-2": False},
            "Not good: nothing was measured; 1 endpoint not measured (1 offsite); nb-1: retired on",
        ),
        (
            ["nb-1", "nb-2", "nb-3"],
            {"nb-1": True, "nb-2": True, "nb-3": True},
            "Good where measured: 2 of 2 controls on 2 of 3 endpoints compliant; 1 endpoint not measured (1 offsite)",
        ),
    ],
)
def test_a_run_that_measured_nothing_ends_badly_unless_all_are_retired(report, tmp_path, hosts, good, words):
    with opened(tmp_path / "history.sqlite") as history:
        history.note_life("nb-1", "retired", "2026-11-04T10:00:00Z")
        history.note_life("nb-2", "offsite", "2026-11-05T10:00:00Z")
    statuses = {"nb-1": "silent", "nb-2": "silent", "nb-3": "compliant"}
    # However much later than the handover this test runs.
    found = report({host: statuses[host] for host in hosts}, stale_after_days=1_000_000)
    assert found["verdict"].startswith(words)
    assert {host: one["good"] for host, one in found["endpoints"].items()} == good
    assert found["good"] is all(good.values())


FORGED: list[Any] = [
    [
        {
            **record("vpn_profile.port", "drifted", role="vpn_profile"),
            "endpoint": "nb-2",
            "run": "r0",
            "at": "2031-01-01",
        }
    ],
    ["x"],
    [{"control": []}],
    [{**record("vpn_profile.port", "fine", role="vpn_profile")}],
    [{**record("vpn_profile.port", "drifted", role="vpn_profile"), "waiver": {"owner": 1}}],
    7,
]


@pytest.mark.parametrize("records", FORGED, ids=range(len(FORGED)))
def test_one_endpoints_bad_part_costs_only_that_endpoint(report, records):
    bad = known("compliant")
    bad.records["vpn_profile"] = records
    found = report({"nb-1": bad, "nb-2": "compliant"})
    lines = [json.loads(line) for line in Path(found["path"]).read_text(encoding="utf-8").splitlines()]
    good = [(item["control"], item["status"]) for item in lines if item["endpoint"] == "nb-2"]
    assert good == [("endpoint.reachable", "compliant"), ("vpn_profile.port", "compliant")]
    assert {item["run"] for item in lines} == {Path(found["path"]).stem}
    assert (found["endpoints"]["nb-1"]["good"], found["endpoints"]["nb-2"]["good"]) == (False, True)
    assert set(found["reports"]) == {"html", "csv", "junit", "openmetrics", "sarif"}


def checked(measured_at: str, **changed: Any) -> Known:
    """Return what is known of an endpoint whose user's own check ran at that time."""
    what = known("compliant")
    words = f"measured on {measured_at[:10]} by the user's own check, 3 days old"
    check = {"measured_at": measured_at, "words": words, "remarks": ["on the computer NB-07"]}
    what.state = state() | {"self_check": check} | changed
    what.records["vpn_profile"][0]["evidence"] = "HKLM\\X"
    return what


def told(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(found["path"]).read_text(encoding="utf-8").splitlines()]


def test_what_a_user_s_check_has_read_says_when_and_by_whom(report):
    own, port = told(report({"nb-1": checked("2026-11-20T14:30:00Z")}))
    assert (own["control"], own["status"]) == ("endpoint.self_check", "compliant")
    assert own["reason"] == ("measured on 2026-11-20 by the user's own check, 3 days old; on the computer NB-07")
    assert port["evidence"] == "HKLM\\X; measured on 2026-11-20 by the user's own check, 3 days old"
    assert own["measured_at"] == port["measured_at"] == "2026-11-20T14:30:00Z"


def test_what_would_set_right_what_a_user_s_check_has_read_waits_until_it_can_be_reached(report):
    drifted = checked("2026-11-20T14:30:00Z")
    drifted.records = known("drifted").records
    _own, port = told(report({"nb-1": drifted}))
    assert port["next"] == (
        "once this controller can reach it: run site.yml for this endpoint; if the change was meant, change the "
        "inventory instead"
    )
    _own, port = told(report({"nb-1": checked("2026-11-20T14:30:00Z")}))
    assert port["status"] == "compliant"
    assert "next" not in port


def test_what_is_too_old_is_stale_and_what_cannot_be_used_an_error():
    old = checked("2026-11-01T00:00:00Z", reachable=False, document=None, error="measured on 2026-11-01")
    assert found_in(old)[0] == ("endpoint.reachable", "stale")
    broken = checked("", document=None, error="nb-1.state.json: it is no whole JSON")
    assert found_in(broken)[0] == ("endpoint.state", "error")


def test_a_check_that_is_older_than_what_is_known_is_an_error_and_moves_no_history(report, tmp_path):
    def about(what: Any) -> list[tuple[str, str]]:
        return [(item["control"], item["status"]) for item in told(report({"nb-1": what}))]

    good = [("endpoint.self_check", "compliant"), ("vpn_profile.port", "compliant")]
    assert about(checked("2026-11-20T14:30:00Z")) == good
    # The same file, every night.
    assert about(checked("2026-11-20T14:30:00Z")) == good
    (late,) = told(report({"nb-1": checked("2026-11-20T14:29:59Z")}))
    assert (late["control"], late["status"]) == ("endpoint.state", "error")
    assert late["reason"] == (
        "the user's own check ran on 2026-11-20T14:29:59Z, and this endpoint was measured on 2026-11-20T14:30:00Z, "
        "which is later: move the old state file away, or have the user run the check again"
    )
    assert about(checked("2026-11-21T00:00:00Z")) == good
    # An answer of the endpoint itself is newer than any file so far.
    about(known("drifted"))
    assert about(checked("2026-11-22T00:00:00Z")) == [("endpoint.state", "error")]
    with opened(tmp_path / "history.sqlite") as history:
        assert (history.lives()["nb-1"].measured_at or "") > "2026-11-22"


def test_silence_after_a_user_s_check_counts_from_the_check(report, tmp_path):
    report({"nb-1": checked("2026-11-20T14:30:00Z")})
    (silence,) = told(report({"nb-1": "silent"}))
    assert silence["reason"] == "no answer; last measured on 2026-11-20"


def test_what_the_ledger_has_out_of_use_and_nobody_retired_is_named(report, tmp_path):
    with opened(f"{tmp_path}/history.sqlite") as history:
        history.note_life("nb-2", "offsite", "2026-11-04T10:00:00Z")
        history.note_life("nb-3", "retired", "2026-11-04T10:00:00Z")
    # Of one that this project never saw there is nothing to put back.
    found = report({"nb-1": "compliant"}, out_of_use=("nb-2", "nb-3", "nb-4"))
    assert " ".join(found["data"].split()) == (
        "Out of use by the ledger, and never retired: nb-2. Say in the ledger that it is in use, run retire.yml "
        "for it, then say again that it is not; of one that was wiped, delete the row"
    )
    assert found["good"]
    assert report({"nb-1": "compliant"})["data"] == ""
