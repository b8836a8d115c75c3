"""Action plugin `endpoint_report`: the records of a run into one file, a table for a person, and the verdict.

Reads the facts of all endpoints on the controller. Every endpoint that the run was about gets records: one that did not
answer, or whose comparison never came to an end, gets a record that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from plugins.module_utils.offsite_records import merge, record, stamp, unreachable, unusable_state, write_lines
from plugins.module_utils.offsite_report import summarise, table, verdict

ARGUMENTS = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "drift_fails": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """Gather, write, judge; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the report; whether the run is good is in it."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        hostvars = (task_vars or {})["hostvars"]
        now = datetime.now(UTC)
        run = now.strftime("%Y%m%dT%H%M%S.%fZ")
        at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        versions = {"offsite_endpoints": version("offsite-endpoints"), "ansible_core": version("ansible-core")}
        records = merge(
            stamped
            for host in args["hosts"]
            for stamped in stamp(records_of(hostvars[host]), run=run, endpoint=host, at=at, versions=versions)
        )
        path = Path(args["directory"]) / f"{run}.jsonl"
        # The records belong to the controller: a dry run writes them as well, it is the endpoints that it leaves alone.
        write_lines(path, records)
        report = judge(records, args["hosts"], drift_fails=args["drift_fails"], dry_run=self._task.check_mode) | {
            "path": str(path)
        }
        return {"changed": False, "endpoint_report": report}


def judge(records: list[dict[str, Any]], hosts: list[str], **how: bool) -> dict[str, Any]:
    """Return the table and the verdict on all endpoints, and the verdict on each."""
    good, words = verdict(summarise(records, hosts), **how)
    endpoints = {}
    for host in hosts:
        mine = [item for item in records if item["endpoint"] == host]
        fine, sentence = verdict(summarise(mine, [host]), **how)
        endpoints[host] = {"good": fine, "verdict": sentence}
    return {"table": table(records, hosts), "verdict": words, "good": good, "endpoints": endpoints}


def records_of(variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the records of one endpoint from its facts."""
    facts = variables.get("ansible_facts", {})
    state = facts.get("endpoint_state")
    if state is None:
        yield unusable_state("the run ended for this endpoint before it was read; see the first error above")
        return
    if not state["reachable"]:
        yield unreachable(state["error"])
    else:
        yield record("endpoint.reachable", "compliant", role="endpoint", title="The endpoint answers")
        if state["document"] is None:
            yield unusable_state(state["error"])
    by_role = facts.get("endpoint_records", {})
    for role in state["roles"]:
        if role in by_role:
            yield from by_role[role]
        elif state["document"] is not None:
            reason = "the run ended for this endpoint before the role was through; see the first error above"
            yield record(f"{role}.run", "error", role=role, reason=reason, title="The role came to its end")
