"""What was measured, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmarks.cost import Cost
from benchmarks.targets import TARGETS, Results, where
from benchmarks.transports import ENDPOINTS

_HEAD = ("", "wall s", "CPU s", "CPU s/ep", "calls/ep", "KB sent/ep", "KB back/ep", "MB peak")


def table(results: Results) -> str:
    """Return all figures; "/ep" is by endpoint."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for (setting, name), cost in results.plays.items():
        rows.append((f"{where(setting)}: {name}", *_figures(cost, setting.endpoints)))
    for (transport, name), cost in results.transports.items():
        rows.append((f"{ENDPOINTS} windows by {transport}: {name}", *_figures(cost, ENDPOINTS)))
    for endpoints, cost in results.reports.items():
        rows.append((f"reports of {endpoints} endpoints", *_figures(cost, endpoints)))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs)
        ).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    )


def _figures(cost: Cost, endpoints: int) -> tuple[str, ...]:
    traffic = cost.traffic
    remote = [
        f"{traffic.calls / endpoints:.2f}",
        *(f"{n / endpoints / 1000:.1f}" for n in (traffic.sent, traffic.answered)),
    ]
    return (
        *(f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.cpu / endpoints:.3f}"),
        *(remote if traffic.calls else ("", "", "")),
        f"{cost.memory / 1e6:.0f}",
    )


def verdicts(results: Results) -> list[dict[str, Any]]:
    """Return each target with its worst ratio; `met` is None for one that nothing was measured for."""
    found = []
    for target in TARGETS:
        worst = target.worst(results)
        found.append(
            {
                **{"target": target.sentence, "allowed": target.bound, "at_least": target.at_least},
                "ratio": worst.value if worst else None,
                "where": worst.where if worst else "",
                "met": target.is_met_by(worst) if worst else None,
            }
        )
    return found


def line(verdict: dict[str, Any]) -> str:
    """Return one target and what came of it."""
    if verdict["met"] is None:
        return f"not measured  {verdict['target']}"
    word, bound = "met" if verdict["met"] else "MISSED", "at least" if verdict["at_least"] else "at most"
    worst = f"{verdict['ratio']:.2f} ({verdict['where']}), allowed {bound} {verdict['allowed']:g}"
    return f"{word:<12}  {verdict['target']}: {worst}"


def transports(results: Results) -> list[str]:
    """Return a line for each way to Windows but the first, which the others are compared with."""
    found: dict[str, list[str]] = {}
    first, *_ = [*dict.fromkeys(transport for transport, _ in results.transports), ""]
    for (transport, name), cost in results.transports.items():
        base = results.transports[first, name]
        if transport != first:
            figures = f"{name} {cost.cpu / base.cpu:.2f} times the CPU, {cost.wall / base.wall:.2f} times as long"
            found.setdefault(transport, []).append(f"{figures}, {_calls(cost)} to {_calls(base)} calls")
    return [f"compared      {transport} with {first}: {'; '.join(said)}" for transport, said in found.items()]


def _calls(cost: Cost) -> str:
    return f"{cost.traffic.calls / ENDPOINTS:g}"


def last_line(found: list[dict[str, Any]], minutes: float, file: str) -> str:
    """Return the one line that a person reads."""
    measured = [verdict for verdict in found if verdict["met"] is not None]
    met = sum(verdict["met"] for verdict in measured)
    rest = f", {len(found) - len(measured)} not measured" if len(found) > len(measured) else ""
    word = "Good" if met == len(measured) else "Not good"
    return f"{word}: {met} of {len(measured)} targets met{rest}; {minutes:.1f} minutes; all figures: {file}"


def document(results: Results, found: list[dict[str, Any]], machine: dict[str, Any]) -> dict[str, Any]:
    """Return everything, for programs."""
    return {
        "machine": machine,
        "plays": [{**asdict(setting), "play": name, **asdict(cost)} for (setting, name), cost in results.plays.items()],
        "reports": [{"endpoints": endpoints, **asdict(cost)} for endpoints, cost in results.reports.items()],
        "transports": [
            {"transport": transport, "play": name, "endpoints": ENDPOINTS, **asdict(cost)}
            for (transport, name), cost in results.transports.items()
        ],
        "targets": found,
    }
