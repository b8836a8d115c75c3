"""Action plugin `endpoint_report`: the records of a run into one file, reports from them, and the verdict.

Reads what the run knows of all endpoints (state.run_store). Every endpoint that the run was about gets records: one
that did not answer, or whose comparison never came to an end, gets a record that says so. The history (records.history)
says what is new about them, and where each laptop is in its life.

`life` is what the run means for the endpoints' life: `in_use` (of a retired one that is prepared again), `offsite` (of
each that is READY), `retired` (of each that is done), `in_house`; nothing for an audit. `undoes` is the run that this
one puts back. What was put back on purpose is no drift: such a run only tells the history what it moved, so that the
next one knows whose doing that was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_core
from ansible.template import Templar

from ..plugin_utils import VERSION
from ..plugin_utils.ledger.machines import OUT_OF_USE
from ..plugin_utils.plan.plan import TO_FIX
from ..plugin_utils.plan.read_back import read_back
from ..plugin_utils.records.history import History, HistoryError, keep_from, opened
from ..plugin_utils.records.records import (
    STATUSES,
    Merged,
    in_order,
    merge,
    record,
    says_not_measured,
    sound,
    stale,
    unreachable,
    unusable_state,
    write_lines,
)
from ..plugin_utils.records.since import Flapping, Life, never_retired, retired, silent
from ..plugin_utils.records.waivers import WaiverError, listing, read_waivers, waivers_file
from ..plugin_utils.reports.files import FORMATS, write_all
from ..plugin_utils.reports.notify import notification
from ..plugin_utils.reports.page import LANGUAGES
from ..plugin_utils.reports.summary import (
    FAILS_ON,
    data_lines,
    news_line,
    readiness,
    summarise,
    table,
    verdict,
    waiver_lines,
)
from ..plugin_utils.reports.visible import next_step
from ..plugin_utils.state.forked import leave_inherited_alone
from ..plugin_utils.state.run_store import Known, RunStore

ARGUMENTS = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "drift_fails": {"type": "bool", "default": True},
    "fails_on": {"type": "list", "elements": "str", "choices": list(STATUSES), "default": list(FAILS_ON)},
    "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
    "language": {"type": "str", "choices": list(LANGUAGES), "default": "en"},
    "metrics_file": {"type": "path"},
    "history": {"type": "path", "required": True},
    "history_days": {"type": "int", "default": 730},
    "stale_after_days": {"type": "int", "default": 30},
    "flapping_times": {"type": "int", "default": 3},
    "flapping_days": {"type": "int", "default": 30},
    "waiver_soon_days": {"type": "int", "default": 14},
    "remember": {"type": "bool", "default": True},
    "life": {"type": "str", "choices": ["", "in_use", "in_house", "offsite", "retired"], "default": ""},
    "undoes": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    """Gather, remember, write, judge; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the report; whether the run is good is in it."""
        leave_inherited_alone()
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        now = datetime.now(UTC)
        run, at = now.strftime("%Y%m%dT%H%M%S.%fZ"), now.strftime("%Y-%m-%dT%H:%M:%SZ")
        versions = {"offsite_endpoints": VERSION, "ansible_core": ansible_core}
        found, store = {}, RunStore()
        for host in args["hosts"]:
            # As they are: what an endpoint said is no template, and working all of it out takes seconds.
            variables = task_vars["hostvars"].raw_get(host)
            known = store.endpoint(host)
            stamped = sound(records_of(known), run=run, endpoint=host, at=at, versions=versions)
            owner = self._owner_of(variables)
            found[host] = [{**item, "owner": owner, **measured_by_user(known)} for item in stamped]
        stem = Path(args["directory"]) / run
        troubles: list[str] = []
        self._never_retired = ""
        self._out_of_use = task_vars["groups"].get(OUT_OF_USE, [])
        records = self._recorded(found, args, at, stem, troubles)
        waivers = waivers_of(records, args, task_vars, now.date(), troubles)
        files = written(stem, records, args, waivers, troubles)
        # Whatever could not be written, what was found is still reported.
        report = judge(records, args, dry_run=self._task.check_mode, trouble="; ".join(troubles))
        report["data"] = data_lines(records, self._never_retired)
        notice = notification(records, files["reports"].get("html", files["path"]))
        # Nobody is notified of what a dry run predicts, or what is done on purpose.
        quiet = notice is None or self._task.check_mode or not args["remember"]
        words = {} if notice is None or quiet else {key: notice[key] for key in ("subject", "text", "json")}
        return {"changed": False, "endpoint_report": report | files | {"notification": words}}

    def _owner_of(self, variables: Mapping[str, Any]) -> str:
        """Return who looks after an endpoint, by the inventory."""
        templar = Templar(loader=self._loader, variables=dict(variables))
        return str(templar.template(variables.get("endpoint_owner")) or "")

    def _recorded(
        self, found: dict[str, list[dict[str, Any]]], args: dict[str, Any], at: str, stem: Path, troubles: list[str]
    ) -> Merged:
        """Return the records, written to their file if at all possible; adds to `troubles` what went wrong."""
        try:
            return self._remembered(found, args, at, stem)
        except HistoryError as error:
            troubles.append(str(error))
        except OSError:
            # The second try below tells.
            pass
        records = merge(item for items in found.values() for item in items)
        try:
            # The records themselves must not be lost with the history.
            write_lines(f"{stem}.jsonl", records)
        except OSError as error:
            troubles.append(unwritten("records", f"{stem}.jsonl", error))
        return records

    def _remembered(self, found: dict[str, list[dict[str, Any]]], args: dict[str, Any], at: str, stem: Path) -> Merged:
        """Return the records with all that the history knows; records and history are both written, or neither."""
        rules = Flapping(args["flapping_times"], args["flapping_days"])
        with opened(args["history"]) as history:
            if not self._task.check_mode:
                history.nothing_after(at)
            lives = history.lives()
            self._never_retired = never_retired(lives, self._out_of_use)
            # Checked by `sound`, or made here.
            fresh: Iterator[Any] = (
                item for host, items in found.items() for item in in_its_life(items, lives.get(host, Life()), args, at)
            )
            known = Merged(in_order(fresh))
            # What is taken off or put back on purpose is no drift, so there is nothing to say of it.
            records = known
            if args["remember"]:
                # A dry run says what would be.
                records = Merged((history.describe if self._task.check_mode else history.remember)(known, rules))
            if not self._task.check_mode:
                history.note_put_back(*put_back(args, stem.name))
                begun = note_lives(history, records, lives, args, at)
                records = Merged({**item, "life": begun.get(item["endpoint"], item["life"])} for item in records)
                history.forget_before(keep_from(at, args["history_days"]))
            # The records belong to the controller: a dry run writes them as well, it is the endpoints that it spares.
            write_lines(f"{stem}.jsonl", records)
        return records


def put_back(args: Mapping[str, Any], run: str) -> tuple[list[Any], str]:
    """Return what a run has put back on purpose, for the history, and the run as a record's `moved_by` names it."""
    by = f"retire {run}" if args["life"] == "retired" else f"undo {args['undoes']}" if args["undoes"] else ""
    store = RunStore()
    left = [
        ((host, role, control, instance or "", scope), actual)
        for host in args["hosts"]
        for role, values in (store.endpoint(host).left.items() if by else ())
        for control, instance, scope, actual in values
    ]
    return left, by


def waivers_of(
    records: Merged,
    args: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    today: date,
    troubles: list[str],
) -> list[dict[str, Any]]:
    """Return the waivers as the reports list them; adds to `troubles` why the file cannot be read any more."""
    known = []
    try:
        path = waivers_file(task_vars)
        known = read_waivers(path) if path else []
    except WaiverError as error:
        troubles.append(str(error))
    return listing(records, known, today=today, soon_days=args["waiver_soon_days"])


def written(
    stem: Path,
    records: Merged,
    args: Mapping[str, Any],
    waivers: list[dict[str, Any]],
    troubles: list[str],
) -> dict[str, Any]:
    """Write the reports, and return which files there are; adds to `troubles` what cannot be written."""
    made: dict[str, str] = {}
    try:
        made = write_all(stem, records, args, waivers)
    except OSError as error:
        troubles.append(unwritten("reports", error.filename or stem, error))
    path = f"{stem}.jsonl"
    return {"path": path if Path(path).is_file() else "", "reports": made, "waivers": waiver_lines(waivers)}


def unwritten(what: str, place: object, error: OSError) -> str:
    """Return what is said of files that could not be written, though they could when the run began."""
    return (
        f"the {what} cannot be written to {place} ({error.strerror or error}); make room or let this user write there, "
        "and run audit.yml"
    )


def in_its_life(items: list[dict[str, Any]], life: Life, args: Mapping[str, Any], at: str) -> Iterator[dict[str, Any]]:
    """Yield an endpoint's records in the light of its life."""
    late = outdated(items, life)
    if late:
        # Judged all the same it would tell the history of a time that is past.
        common = {key: items[0][key] for key in ("run", "endpoint", "at", "versions", "owner")}
        items = [{**unusable_state(late), **common}]
    if args["life"] == "in_house":
        # It is said to be back: silence is not expected any more.
        life = replace(life, life="in_house")
    for item in items:
        # A run that puts back (remember: false) has something to tell of a retired one, too.
        if life.life == "retired" and not args["life"] and args["remember"]:
            common = {key: item[key] for key in ("run", "endpoint", "at", "versions", "owner")}
            yield {**common, **retired(life), "life": "retired"}
            return
        reported = silent(item, life, at, args["stale_after_days"]) if item["status"] == "unreachable" else item
        yield {**reported, "life": life.life}


def outdated(items: list[dict[str, Any]], life: Life) -> str:
    """Return why a user's own check counts no more, "" when it does: the endpoint has been measured since."""
    measured_at = items[0].get("measured_at", "") if items else ""
    if not measured_at or not life.measured_at or measured_at >= life.measured_at:
        return ""
    return (
        f"the user's own check ran on {measured_at}, and this endpoint was measured on {life.measured_at}, which is "
        "later: move the old state file away, or have the user run the check again"
    )


def measured_by_user(known: Known) -> dict[str, str]:
    """Return what every record of an endpoint says that was measured by its user's own check, and not by this run."""
    measured_at = (known.state or {}).get("self_check", {}).get("measured_at", "")
    return {"measured_at": measured_at} if measured_at else {}


def note_lives(
    history: History, records: Merged, lives: Mapping[str, Life], args: Mapping[str, Any], at: str
) -> dict[str, str]:
    """Note what the run means for the life of its endpoints; return the new life of those for which one begins."""
    begun = {}
    for host, mine in by_host(records, args["hosts"]).items():
        good, _words = (
            readiness(mine, host) if args["life"] == "offsite" else verdict(summarise(mine, [host]), whole=False)
        )
        was, becomes = lives.get(host, Life()).life, args["life"]
        if becomes == "in_use":
            becomes = "in_house" if was == "retired" and not any(map(says_not_measured, mine)) else ""
        elif becomes in ("offsite", "retired") and not good:
            becomes = ""
        if becomes:
            history.note_life(host, becomes, at)
            begun[host] = becomes
    return begun


def judge(records: Merged, args: Mapping[str, Any], *, dry_run: bool, trouble: str) -> dict[str, Any]:
    """Return the table and the verdict on all endpoints, and the verdict on each."""
    how = {"drift_fails": args["drift_fails"], "fails_on": args["fails_on"]}
    hosts = args["hosts"]
    summary = summarise(records, hosts)
    good, words = verdict(summary, dry_run=dry_run, **how)
    # Each endpoint may be silent as expected, but a run in which all are has measured nothing.
    whole = summary.is_empty
    endpoints = {}
    for host, mine in by_host(records, hosts).items():
        fine, sentence = verdict(summarise(mine, [host]), dry_run=dry_run, whole=whole, **how)
        if args["life"] == "offsite":
            fine, sentence = readiness(mine, host)
        endpoints[host] = {"good": fine and not trouble, "verdict": trouble or sentence}
    if args["life"] == "offsite":
        good = all(one["good"] for one in endpoints.values())
        words = "\n".join(f"{host}: {one['verdict']}" for host, one in sorted(endpoints.items()))
    if trouble:
        good, words = False, f"Not good: {trouble}. {words}"
    return {
        "table": table(records, hosts),
        "news": news_line(records),
        "verdict": words,
        "good": good,
        "endpoints": endpoints,
    }


def by_host(records: Merged, hosts: list[str]) -> dict[str, Merged]:
    """Return each host's records, in the order of the hosts; none for a host without any."""
    found = {host: Merged() for host in hosts}
    for item in records:
        found[item["endpoint"]].append(item)
    return found


def records_of(known: Known) -> Iterator[dict[str, Any]]:
    """Yield the records of what a run knows of one endpoint."""
    state = known.state
    if state is None:
        yield unusable_state("the run ended for this endpoint before it was read; see the first error above")
        return
    if "self_check" in state:
        yield of_self_check(state)
    elif not state["reachable"]:
        yield unreachable(state["error"])
    else:
        yield record("endpoint.reachable", "compliant", role="endpoint", title="The endpoint answers")
        if state["document"] is None:
            yield unusable_state(state["error"])
    for role in known.roles:
        if role in known.pending:
            # The endpoint got lost while it was written to.
            yield from read_back(known.pending[role], [], None, reads={})
        elif role in known.records:
            yield from map(partial(dated, state), known.records[role])
        elif state["document"] is not None:
            reason = "the run ended for this endpoint before the role was through; see the first error above"
            yield record(f"{role}.run", "error", role=role, reason=reason, title="The role ran to the end")


def of_self_check(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what there is to say of a user's own check as a whole."""
    if state["document"] is None:
        return unusable_state(state["error"]) if state["reachable"] else stale(state["error"])
    check = state["self_check"]
    reason = "; ".join([check["words"], *check["remarks"]])
    title = "The user's own check can be judged"
    return record("endpoint.self_check", "compliant", role="endpoint", reason=reason, title=title)


def dated(state: Mapping[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose evidence says when it was measured, where that was not now.

    What would set it right can then not be done at once either.
    """
    words = state.get("self_check", {}).get("words")
    if not words:
        return item
    later = {"next": f"once this controller can reach it: {next_step(item)}"} if item["status"] in TO_FIX else {}
    return {**item, **later, "evidence": f"{item['evidence']}; {words}" if item["evidence"] else words}
