"""What the measurements have to show: ratios within one run, so that they hold on a fast machine and on a slow one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.cost import Cost
from benchmarks.fleet import Setting
from benchmarks.plays import AUDIT, FIRST, PING, RERUN, STOCK_FIRST, STOCK_RERUN

SLOW = 1.5  # seconds a call, as a Windows laptop takes them


@dataclass
class Results:
    """What was measured: plays by setting and name, reports by the number of endpoints, plays by way and name."""

    plays: dict[tuple[Setting, str], Cost] = field(default_factory=dict)
    reports: dict[int, Cost] = field(default_factory=dict)
    transports: dict[tuple[str, str], Cost] = field(default_factory=dict)


@dataclass(frozen=True)
class Ratio:
    """One ratio, and where it was measured."""

    value: float
    where: str


Ratios = Callable[[Results], Iterator[Ratio]]


@dataclass(frozen=True)
class Target:
    """A sentence, the bound that the worst of its ratios is held to, and how they come of what was measured."""

    sentence: str
    bound: float
    ratios: Ratios
    at_least: bool = False

    def worst(self, results: Results) -> Ratio | None:
        """Return the worst ratio; None when nothing was measured for this target."""
        found = sorted(self.ratios(results), key=lambda ratio: ratio.value)
        return (found[0] if self.at_least else found[-1]) if found else None

    def is_met_by(self, ratio: Ratio) -> bool:
        """Say whether a ratio keeps the bound."""
        return ratio.value >= self.bound if self.at_least else ratio.value <= self.bound


def where(setting: Setting) -> str:
    """Return a setting in words."""
    return f"{setting.endpoints} {setting.system}, {setting.latency:g} s a call"


def of_plays(
    over: str, under: str, figure: str, *, systems: tuple[str, ...] = ("windows", "macs"), latency: float | None = None
) -> Ratios:
    """Compare two plays on the same fleet by `wall` or `cpu`."""

    def ratios(results: Results) -> Iterator[Ratio]:
        for (setting, name), cost in results.plays.items():
            below = results.plays.get((setting, under))
            counts = setting.system in systems and latency in (None, setting.latency)
            if name == over and below is not None and counts:
                yield Ratio(getattr(cost, figure) / getattr(below, figure), where(setting))

    return ratios


def of_sizes(names: tuple[str, ...], small: int, large: int) -> Ratios:
    """Compare the CPU an endpoint of the same play on two sizes of a fleet."""

    def ratios(results: Results) -> Iterator[Ratio]:
        for (setting, name), cost in results.plays.items():
            below = results.plays.get((Setting(setting.system, small, setting.latency), name))
            if name in names and setting.endpoints == large and below is not None:
                value = (cost.cpu / large) / (below.cpu / small)
                yield Ratio(value, f"{name}, {setting.system}, {setting.latency:g} s a call")

    return ratios


def of_reports(figure: str, *, per_endpoint: bool, smallest: int = 0) -> Ratios:
    """Compare the reports of each number of endpoints with those of the number before, as they are or by endpoint."""

    def ratios(results: Results) -> Iterator[Ratio]:
        sizes = sorted(size for size in results.reports if size >= smallest)
        for small, large in pairwise(sizes):
            value = getattr(results.reports[large], figure) / getattr(results.reports[small], figure)
            yield Ratio(value * small / large if per_endpoint else value, f"{small} to {large} endpoints")

    return ratios


# A task on a Mac costs little and there are few of them, so the stock playbook is measured there and not raced.
TARGETS = (
    Target("CPU of an audit at most 2 times that of a ping", 2.0, of_plays(AUDIT, PING, "cpu")),
    Target("CPU of a compliant re-run at most 1.3 times that of an audit", 1.3, of_plays(RERUN, AUDIT, "cpu")),
    Target(
        "Re-run on Windows at least 5 times cheaper in CPU than that of the stock playbook",
        5.0,
        of_plays(STOCK_RERUN, RERUN, "cpu", systems=("windows",)),
        at_least=True,
    ),
    Target(
        "Re-run on Windows at 1.5 s a call at least 10 times faster than that of the stock playbook",
        10.0,
        of_plays(STOCK_RERUN, RERUN, "wall", systems=("windows",), latency=SLOW),
        at_least=True,
    ),
    Target("First apply no slower than that of the stock playbook", 1.0, of_plays(FIRST, STOCK_FIRST, "wall")),
    Target(
        "CPU an endpoint on 100 endpoints at most 1.1 times that on 20", 1.1, of_sizes((AUDIT, RERUN, FIRST), 20, 100)
    ),
    Target("Time of the reports grows no faster than the endpoints", 1.0, of_reports("wall", per_endpoint=True)),
    Target(
        "Memory of the reports stays flat from 1,000 endpoints on (at most 1.5 times)",
        1.5,
        of_reports("memory", per_endpoint=False, smallest=1000),
    ),
)
