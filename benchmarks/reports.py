"""What the reports of many endpoints cost."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import records
from benchmarks.cost import BenchError, Cost, least, measure
from benchmarks.fleet import BIN

FORMATS = ("html", "csv", "junit.xml", "prom", "sarif")
# With so many endpoints one run takes long enough to stand for itself.
ONCE_FROM = 5000


def measure_reports(endpoints: int, folder: Path, repeats: int) -> Cost:
    """Return what playbooks/report.yml costs for so many endpoints, in all formats; `folder` is empty."""
    source = folder / f"{records.RUN}.jsonl"
    records.write(source, endpoints)
    return least([_once(source, folder / str(turn)) for turn in range(1 if endpoints >= ONCE_FROM else repeats)])


def _once(source: Path, target: Path) -> Cost:
    values = json.dumps({"endpoint_report_files": [str(source)], "endpoint_report_directory": str(target)})
    # Synthetic endpoints have drifted and are silent, as real ones: that ends it with 2.
    cost = measure(
        [str(BIN / "ansible-playbook"), "playbooks/report.yml", "-e", values], source.with_suffix(".log"), (2,)
    )
    missing = [form for form in FORMATS if not list(target.glob(f"*.{form}"))]
    if missing:
        raise BenchError(f"report.yml made no {', '.join(missing)}")
    return cost
