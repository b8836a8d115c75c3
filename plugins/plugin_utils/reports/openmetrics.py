"""The records as gauges for node_exporter's textfile collector; the file is OpenMetrics and Prometheus text at once.

How many series there are is bounded: a few an endpoint, and one for each control that is not good, at most MOST.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from ..records.records import NOT_GOOD, SEVERITIES, STATUSES, merge
from .summary import summarise
from .visible import seconds, visible

Record = Mapping[str, Any]
Groups = dict[str, list[Record]]
Sample = tuple[Mapping[str, str], int]  # labels, value
Family = tuple[str, str, list[Sample]]  # name, what it says, samples

MOST = 5000
_LONGEST_LABEL = 200


def to_openmetrics(records: Iterable[Record]) -> bytes:
    """Return the gauges as text in UTF-8 that ends with `# EOF`."""
    known: list[Record] = [*merge(records)]
    lost = set(summarise(known, []).not_measured)
    by_endpoint: Groups = {name: list(items) for name, items in groupby(known, key=lambda item: item["endpoint"])}
    families = [*_fleet(known, by_endpoint, lost), *_endpoints(by_endpoint, lost), *_controls(known)]
    lines = [line for name, words, samples in families for line in _family(name, words, samples)]
    return "\n".join([*lines, "# EOF", ""]).encode()


def _fleet(known: list[Record], by_endpoint: Groups, lost: set[str]) -> list[Family]:
    counts = Counter(item["status"] for item in known)
    families: list[Family] = [
        ("offsite_report_endpoints", "Endpoints in the report.", [({}, len(by_endpoint))]),
        ("offsite_report_endpoints_not_measured", "Endpoints that were not measured.", [({}, len(lost))]),
        (
            "offsite_report_controls",
            "Controls of all endpoints by status.",
            [({"status": status}, counts[status]) for status in STATUSES],
        ),
    ]
    latest = max(known, key=lambda item: (seconds(item["at"]) or 0, item["run"]), default=None)
    if latest is not None:
        names = ("offsite_endpoints", "ansible_core")
        labels = {"run": latest["run"], **{name: latest["versions"].get(name, "") for name in names}}
        families.append(("offsite_report_info", "The latest run in the report; always 1.", [(labels, 1)]))
        at = _times([latest])
        families.append(("offsite_report_timestamp_seconds", "The time of the latest run.", [({}, one) for one in at]))
    return families


def _endpoints(by_endpoint: Groups, lost: set[str]) -> list[Family]:
    named = {name: {"endpoint": name} for name in by_endpoint}
    bad = {name: sum(item["status"] in NOT_GOOD for item in items) for name, items in by_endpoint.items()}
    controls: list[Sample] = [
        ({**named[name], "status": status}, number)
        for name, items in by_endpoint.items()
        for status, number in sorted(Counter(item["status"] for item in items).items())
    ]
    measured: list[Sample] = [
        (named[name], max(times))
        for name, items in by_endpoint.items()
        if name not in lost and (times := _times(items))
    ]
    return [
        (
            "offsite_endpoint_measured",
            "1 when the endpoint was measured, otherwise 0.",
            [(named[name], int(name not in lost)) for name in by_endpoint],
        ),
        (
            "offsite_endpoint_last_measured_timestamp_seconds",
            "When the endpoint was measured; missing when it was not.",
            measured,
        ),
        ("offsite_endpoint_controls", "Controls of the endpoint by status; a status without any is missing.", controls),
        (
            "offsite_endpoint_controls_not_good",
            "Controls of the endpoint that are not good.",
            [(named[name], number) for name, number in bad.items()],
        ),
    ]


def _controls(known: list[Record]) -> list[Family]:
    bad = [item for item in known if item["status"] in NOT_GOOD]
    # Where not all fit, the worst are listed.
    worst = sorted(bad, key=lambda item: -SEVERITIES.index(item["severity"]))[:MOST]
    keys = ("endpoint", "role", "control", "instance", "scope", "severity", "status")
    samples: list[Sample] = [({key: item[key] or "" for key in keys}, 1) for item in worst]
    return [
        ("offsite_control_not_good", "A control that is not good; always 1.", samples),
        (
            "offsite_report_controls_not_listed",
            f"Controls that are not good and beyond the {MOST} listed ones.",
            [({}, len(bad) - len(worst))],
        ),
    ]


def _times(items: Iterable[Record]) -> list[int]:
    return [time for item in items if (time := seconds(item["at"])) is not None]


def _family(name: str, words: str, samples: list[Sample]) -> list[str]:
    if not samples:
        return []
    return [f"# TYPE {name} gauge", f"# HELP {name} {words}", *(_line(name, *sample) for sample in samples)]


def _line(name: str, labels: Mapping[str, str], value: int) -> str:
    pairs = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _label(text: str) -> str:
    """Return a label's value, escaped; one that had to be changed has a digest behind it, so that no two become one."""
    shown = visible(text)[:_LONGEST_LABEL]
    if shown != text:
        shown += "#" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return shown.replace("\\", "\\\\").replace('"', '\\"')
