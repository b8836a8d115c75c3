"""The records as gauges for node_exporter's textfile collector; the file is OpenMetrics and Prometheus text at once.

How many series there are is bounded: a few an endpoint, and one for each control that is not good, at most MOST.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..records.records import NOT_GOOD, SEVERITIES, STATUSES, Record, says_not_measured
from .visible import seconds, visible
from .writer import Writer

Sample = tuple[Mapping[str, str], int]  # labels, value

MOST = 5000
_LONGEST_LABEL = 200
_NOT_GOOD = "offsite_control_not_good"
_CONTROL = ("endpoint", "role", "control", "instance", "scope", "severity", "status")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """What is reported of an endpoint; `at` is None when none of its records has a time."""

    name: str
    measured: bool
    at: int | None
    counts: Counter[str]


class Openmetrics(Writer):
    """The gauges as text in UTF-8 that ends with `# EOF`."""

    def __init__(self) -> None:
        self._endpoints: list[_Endpoint] = []
        # Where not all fit, the worst are listed: of each severity at most MOST.
        self._bad: dict[str, list[str]] = {severity: [] for severity in reversed(SEVERITIES)}
        self._latest: tuple[tuple[int, str], dict[str, str], int | None] | None = None

    def add(self, items: list[Record]) -> None:
        """Count an endpoint; the gauges stand in another order."""
        times = [seconds(item["at"]) for item in items]
        counts = Counter(item["status"] for item in items)
        measured = not any(map(says_not_measured, items))
        at = max((time for time in times if time is not None), default=None)
        self._endpoints.append(_Endpoint(items[0]["endpoint"], measured, at, counts))
        for item, time in zip(items, times, strict=True):
            when = (time or 0, item["run"])
            if self._latest is None or when > self._latest[0]:
                names = ("offsite_endpoints", "ansible_core")
                labels = {"run": item["run"], **{name: item["versions"].get(name, "") for name in names}}
                self._latest = (when, labels, time)
            if item["status"] in NOT_GOOD and len(self._bad[item["severity"]]) < MOST:
                labels = {key: str(item.get(key) or "") for key in _CONTROL}
                self._bad[item["severity"]].append(_line(_NOT_GOOD, labels, 1))

    def end(self) -> None:
        """Write them."""
        self._fleet()
        self._by_endpoint()
        self._controls()
        self.write("# EOF\n")

    def _fleet(self) -> None:
        ours = self._endpoints
        lost = sum(not one.measured for one in ours)
        by_status = [({"status": status}, sum(one.counts[status] for one in ours)) for status in STATUSES]
        self._family("offsite_report_endpoints", "Endpoints in the report.", [({}, len(ours))])
        self._family("offsite_report_endpoints_not_measured", "Endpoints that were not measured.", [({}, lost)])
        self._family("offsite_report_controls", "Controls of all endpoints by status.", by_status)
        if self._latest is not None:
            _when, labels, at = self._latest
            self._family("offsite_report_info", "The latest run in the report; always 1.", [(labels, 1)])
            times: list[Sample] = [({}, at)] if at is not None else []
            self._family("offsite_report_timestamp_seconds", "The time of the latest run.", times)

    def _by_endpoint(self) -> None:
        ours = [(one, {"endpoint": one.name}) for one in self._endpoints]
        self._family(
            "offsite_endpoint_measured",
            "1 when the endpoint was measured, otherwise 0.",
            ((labels, int(one.measured)) for one, labels in ours),
        )
        self._family(
            "offsite_endpoint_last_measured_timestamp_seconds",
            "When the endpoint was measured; missing when it was not.",
            ((labels, one.at) for one, labels in ours if one.measured and one.at is not None),
        )
        self._family(
            "offsite_endpoint_controls",
            "Controls of the endpoint by status; a status without any is missing.",
            (
                ({**labels, "status": status}, one.counts[status])
                for one, labels in ours
                for status in sorted(one.counts)
            ),
        )
        self._family(
            "offsite_endpoint_controls_not_good",
            "Controls of the endpoint that are not good.",
            ((labels, _bad(one)) for one, labels in ours),
        )

    def _controls(self) -> None:
        worst = [line for listed in self._bad.values() for line in listed][:MOST]
        more = sum(map(_bad, self._endpoints)) - len(worst)
        self._lines(_NOT_GOOD, "A control that is not good; always 1.", worst)
        self._family(
            "offsite_report_controls_not_listed",
            f"Controls that are not good and beyond the {MOST} listed ones.",
            [({}, more)],
        )

    def _family(self, name: str, words: str, samples: Iterable[Sample]) -> None:
        self._lines(name, words, (_line(name, labels, value) for labels, value in samples))

    def _lines(self, name: str, words: str, lines: Iterable[str]) -> None:
        """Write the lines of a family; nothing of one without any."""
        for number, line in enumerate(lines):
            if number == 0:
                self.write(f"# TYPE {name} gauge\n# HELP {name} {words}\n")
            self.write(f"{line}\n")


def _bad(one: _Endpoint) -> int:
    return sum(one.counts[status] for status in NOT_GOOD)


def _line(name: str, labels: Mapping[str, str], value: int) -> str:
    pairs = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _label(text: str) -> str:
    """Return a label's value, escaped; one that had to be changed has a digest behind it, so that no two become one."""
    shown = visible(text)[:_LONGEST_LABEL]
    if shown != text:
        shown += "#" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return shown.replace("\\", "\\\\").replace('"', '\\"')
