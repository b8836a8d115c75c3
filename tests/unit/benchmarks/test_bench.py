"""The benchmark's own arithmetic: what it counts, what it compares, and how it ends."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from benchmarks import __main__ as bench
from benchmarks import cost, records, shown
from benchmarks.cost import BenchError, Calls, Cost, Traffic
from benchmarks.fleet import Setting
from benchmarks.plays import AUDIT, FIRST, PING, RERUN, STOCK_FIRST, STOCK_RERUN
from benchmarks.targets import TARGETS, Results

ROOT = Path(__file__).resolve().parents[3]
TWENTY, HUNDRED = Setting("windows", 20, 1.5), Setting("windows", 100, 1.5)
MACS = Setting("macs", 20, 1.5)
# A grandchild that works until it has used 0.3 s of CPU, below a child that only waits for it.
BUSY = "import time\nwhile time.process_time() < 0.3: pass"
WAITING = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"
BIG = "import sys; data = b'x' * 200_000_000; sys.exit(2)"

# Just within every target, figure by figure: wall, CPU, memory.
GOOD = {
    (TWENTY, PING): Cost(2, 4, 0),
    (TWENTY, AUDIT): Cost(3, 8, 0),
    (TWENTY, RERUN): Cost(6, 10.4, 0),
    (TWENTY, FIRST): Cost(90, 40, 0),
    (TWENTY, STOCK_FIRST): Cost(90, 50, 0),
    (TWENTY, STOCK_RERUN): Cost(60, 52, 0),
    (HUNDRED, AUDIT): Cost(9, 44, 0),
    (HUNDRED, RERUN): Cost(15, 57.2, 0),
    (HUNDRED, FIRST): Cost(300, 220, 0),
}
REPORTS = {100: Cost(1, 1, 90), 1000: Cost(10, 10, 400), 5000: Cost(50, 50, 600)}


def missed(**changed: Cost) -> list[str]:
    """Return the sentences of the targets that are missed with other costs at some places; `x100` is of a hundred."""
    names = {"audit": AUDIT, "rerun": RERUN, "first": FIRST}
    results = Results(dict(GOOD), dict(REPORTS))
    for place, value in changed.items():
        if place.startswith("reports"):
            results.reports[int(place.removeprefix("reports"))] = value
        else:
            results.plays[HUNDRED if place.endswith("100") else TWENTY, names[place.removesuffix("100")]] = value
    return [verdict["target"] for verdict in shown.verdicts(results) if not verdict["met"]]


def test_the_cpu_of_grandchildren_counts(tmp_path):
    assert cost.measure([sys.executable, "-c", WAITING], tmp_path / "log").cpu >= 0.3


def test_the_memory_is_that_of_the_largest_process_and_the_exit_code_is_heeded(tmp_path):
    command = [sys.executable, "-c", BIG]
    assert 200_000_000 <= cost.measure(command, tmp_path / "log", expected=(2,)).memory < 400_000_000
    with pytest.raises(BenchError, match="ended with 2"):
        cost.measure(command, tmp_path / "log")


def test_the_least_of_each_figure_counts():
    found = cost.least([Cost(3, 1, 7, Traffic(1, 2, 3)), Cost(2, 4, 9, Traffic(1, 2, 3))])
    assert found == Cost(2, 1, 7, Traffic(1, 2, 3))


def test_calls_are_those_since_the_last_look(tmp_path):
    calls = Calls(tmp_path / "calls.jsonl")
    assert calls.since_last() == Traffic(0, 0, 0)
    one = json.dumps({"endpoint": "win-01", "sent": 1000, "answered": 20}) + "\n"
    (tmp_path / "calls.jsonl").write_text(one * 2)
    assert calls.since_last() == Traffic(2, 2000, 40)
    (tmp_path / "calls.jsonl").write_text(one * 3)
    assert calls.since_last() == Traffic(1, 1000, 20)


def test_every_target_can_just_be_met():
    assert missed() == []
    assert len(TARGETS) == 8


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"audit": Cost(3, 8.1, 0), "rerun": Cost(6, 10.4, 0)}, "CPU of an audit at most 2 times"),
        ({"rerun": Cost(6, 10.4, 0), "audit": Cost(3, 7.9, 0)}, "CPU of a compliant re-run at most 1.3 times"),
        ({"rerun": Cost(6.1, 10.4, 0)}, "Re-run on Windows at 1.5 s a call at least 10 times faster"),
        ({"first": Cost(91, 40, 0)}, "First apply no slower"),
        ({"first100": Cost(300, 221, 0)}, "CPU an endpoint on 100 endpoints"),
        ({"reports1000": Cost(10.1, 10, 400), "reports5000": Cost(50, 50, 600)}, "Time of the reports"),
        ({"reports5000": Cost(51, 50, 600)}, "Time of the reports"),
        ({"reports5000": Cost(50, 50, 601)}, "Memory of the reports"),
    ],
)
def test_each_target_is_missed_by_its_own_figure(changed, target):
    assert any(sentence.startswith(target) for sentence in missed(**changed))


def test_a_re_run_that_is_too_dear_against_stock_is_reported():
    results = Results({(TWENTY, RERUN): Cost(6, 10.5, 0), (TWENTY, STOCK_RERUN): Cost(60, 52, 0)})
    lines = list(map(shown.line, shown.verdicts(results)))
    assert lines[2] == (
        "MISSED        Re-run on Windows at least 5 times cheaper in CPU than that of the stock playbook: "
        "4.95 (20 windows, 1.5 s a call), allowed at least 5"
    )
    assert lines[0] == "not measured  CPU of an audit at most 2 times that of a ping"


def test_macs_race_no_stock_playbook_when_nothing_is_to_do():
    results = Results({(MACS, RERUN): Cost(6, 10, 0), (MACS, STOCK_RERUN): Cost(6, 10, 0)})
    assert [verdict["met"] for verdict in shown.verdicts(results)] == [None] * 8


def test_the_ways_to_windows_are_compared_with_the_first_and_no_target_heeds_them():
    costs = {
        ("winrm", PING): Cost(2, 4, 0, Traffic(5)),
        ("winrm", AUDIT): Cost(4, 5, 0, Traffic(5)),
        ("psrp", PING): Cost(3, 2, 0, Traffic(5)),
        ("psrp", AUDIT): Cost(4, 50, 0, Traffic(10)),
    }
    results = Results(transports=costs)
    assert shown.transports(results) == [
        "compared      psrp with winrm: ping 0.50 times the CPU, 1.50 times as long, 1 to 1 calls; "
        "audit 10.00 times the CPU, 1.00 times as long, 2 to 1 calls"
    ]
    assert shown.transports(Results()) == []
    assert [verdict["met"] for verdict in shown.verdicts(results)] == [None] * 8
    assert "5 windows by psrp: audit" in shown.table(results)
    kept = shown.document(results, [], {})["transports"]
    assert [(one["transport"], one["play"], one["endpoints"], one["cpu"]) for one in kept][-1] == ("psrp", AUDIT, 5, 50)


def test_the_last_line_says_what_was_not_measured():
    found = [{"met": True}, {"met": False}, {"met": None}]
    assert shown.last_line(found, 12.34, "x.json") == (
        "Not good: 1 of 2 targets met, 1 not measured; 12.3 minutes; all figures: x.json"
    )
    assert shown.last_line(found[:1], 1, "x.json") == "Good: 1 of 1 targets met; 1.0 minutes; all figures: x.json"


@pytest.mark.parametrize(("rerun", "code"), [(10.4, 0), (10.5, 1)])
def test_a_missed_target_ends_it_badly(monkeypatch, tmp_path, capsys, rerun, code):
    def measure(asked, folder, results):
        results.plays |= {(TWENTY, AUDIT): Cost(1, 8, 0), (TWENTY, RERUN): Cost(1, rerun, 0)}

    monkeypatch.setattr(bench, "_measure", measure)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results")
    assert bench.main([]) == code
    (file,) = (tmp_path / "results").glob("*.json")
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [(play["play"], play["cpu"]) for play in kept["plays"]] == [("audit", 8), ("re-run", rerun)]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Good: 1" if code == 0 else "Not good: 0 of 1")


def test_a_run_that_breaks_off_ends_with_2(monkeypatch, capsys):
    def measure(asked, folder, results):
        raise BenchError("re-run has changed machines")

    monkeypatch.setattr(bench, "_measure", measure)
    assert bench.main([]) == 2
    assert "bench: re-run has changed machines" in capsys.readouterr().err


def test_what_is_measured_can_be_chosen():
    def chosen(*arguments):
        return bench._settings(bench._parser().parse_args(arguments))

    everything = [("windows", 20), ("windows", 100), ("macs", 20)]
    assert chosen() == [Setting(system, size, latency) for system, size in everything for latency in (0.0, 1.5)]
    assert chosen("--windows", "20", "--latency", "0") == [Setting("windows", 20, 0.0)]


@pytest.mark.parametrize("option", ["--windows", "--macs", "--reports"])
@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_fleet_of_nothing_is_refused_before_anything_is_measured(monkeypatch, capsys, option, size):
    monkeypatch.setattr(bench, "_measure", lambda *_: pytest.fail("it was measured"))
    with pytest.raises(SystemExit) as ended:
        bench.main([f"{option}={size}"])
    assert ended.value.code == 2
    assert f"{size!r} is not a number of endpoints" in capsys.readouterr().err


def test_synthetic_records_are_valid_and_always_the_same(tmp_path):
    schema = json.loads((ROOT / "schemas/record.schema.json").read_text(encoding="utf-8"))
    for number in (0, 7, 49):
        for record in records.of_endpoint(number):
            jsonschema.validate(record, schema)
    assert [len(records.of_endpoint(number)) for number in (0, 48, 49)] == [50, 50, 1]
    for name in ("one", "two"):
        records.write(tmp_path / name, 60)
    one, two = (hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("one", "two"))
    assert one == two
    lines = [json.loads(line) for line in (tmp_path / "one").read_text(encoding="utf-8").splitlines()]
    assert len({(line["endpoint"], line["control"], line["instance"], line["scope"]) for line in lines}) == 59 * 50 + 1
    statuses = [line["status"] for line in lines]
    assert {status: statuses.count(status) for status in set(statuses)} == {
        "compliant": 2878,
        "drifted": 72,
        "unreachable": 1,
    }
