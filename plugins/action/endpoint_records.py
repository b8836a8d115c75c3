"""Action plugin `endpoint_records`: reports from the records of earlier runs; reaches no endpoint, knows no history.

What is reported of the time before a run is in its records. The reports are named `report`, so that a merged one never
takes the name of a run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812  (the name Ansible's own code gives it)
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils import VERSION
from ..plugin_utils.records.records import STATUSES, RecordError, stamp, unusable_state, write_lines
from ..plugin_utils.records.runs import Runs, read_runs
from ..plugin_utils.records.waivers import listing, read_waivers, waivers_file
from ..plugin_utils.reports.files import FORMATS, write_all
from ..plugin_utils.reports.page import LANGUAGES
from ..plugin_utils.reports.summary import FAILS_ON, outcome, verdict, waiver_lines

ARGUMENTS = {
    "files": {"type": "list", "elements": "path", "required": True},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "directory": {"type": "path", "required": True},
    "fails_on": {"type": "list", "elements": "str", "choices": list(STATUSES), "default": list(FAILS_ON)},
    "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
    "language": {"type": "str", "choices": list(LANGUAGES), "default": "en"},
    "metrics_file": {"type": "path"},
    "waiver_soon_days": {"type": "int", "default": 14},
}


MISSING = (
    "no record of it in these files, so nothing is known about it: the run that was for it (a slice, a half of the "
    "fleet) did not come to its report, or its records are not among the files. Look for that run, or audit it again"
)


def with_missing(records: Runs, files: list[str], endpoints: list[str]) -> Runs:
    """Return the records with an error for each of the endpoints that has none."""
    missing = sorted({*endpoints} - records.endpoints)
    if not missing:
        return records
    written = Path(C.DEFAULT_LOCAL_TMP) / "missing.jsonl"
    versions = {"offsite_endpoints": VERSION}
    for_each = (
        stamp([unusable_state(MISSING)], run="report", endpoint=name, at=records.latest, versions=versions)
        for name in missing
    )
    write_lines(written, [item for items in for_each for item in items])
    return read_runs([*files, written])


class ActionModule(ActionBase):
    """Read, merge, write; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the report in the form of `endpoint_report`."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            records = read_runs(args["files"])
            if not records.latest:
                raise RecordError(f"{', '.join(args['files'])}: no record in it")
            records = with_missing(records, args["files"], args["endpoints"])
            # The report is of the day of its newest record, not of the day that it is made.
            today = date.fromisoformat(records.latest[:10])
            path = waivers_file(task_vars or {})
            waivers = listing(
                records, read_waivers(path) if path else [], today=today, soon_days=args["waiver_soon_days"]
            )
            shown = outcome(records, [])
            reports = write_all(Path(args["directory"]) / "report", records, args, waivers)
        except ValueError as error:
            # Of records, waivers or times in them; every report is made before the first one takes its place.
            raise AnsibleActionFail(f"{error}. Nothing was written. See docs/reports.md") from error
        except OSError as error:
            raise AnsibleActionFail(f"{error}. See docs/reports.md") from error
        good, words = verdict(shown.summary, fails_on=args["fails_on"])
        return {
            "changed": False,
            "endpoint_report": {
                "table": shown.table,
                "news": shown.news,
                "data": shown.data,
                "verdict": words,
                "good": good,
                "waivers": waiver_lines(waivers),
                "path": ", ".join(args["files"]),
                "reports": reports,
            },
        }
