"""Action plugin `handover_records`: what the controller found before a hand-over, into the laptop's records.

Arguments: `certificates`, the results of a loop of `gateway_certificate`; `certificate_days`; `pac_url`, `pac_routes`
and `pac_failure` as handover.records.pac_record takes them. It adds to what the run knows, where
endpoint_compare has put those of the laptop's own state; so it comes after that.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.controls.controls import plain
from ..plugin_utils.handover.records import ROLE, certificate_record, pac_record, with_records
from ..plugin_utils.state.own_name import own_name
from ..plugin_utils.state.run_store import RunStore

ARGUMENTS = {
    "certificates": {"type": "list", "elements": "dict", "required": True},
    "certificate_days": {"type": "int", "required": True},
    "pac_url": {"type": "str", "required": True},
    "pac_routes": {"type": "list", "elements": "dict", "required": True},
    "pac_failure": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):
    """Add records, on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the fact with the records in it."""
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        args = plain(args)
        now = datetime.now(UTC)
        fresh = [certificate_record(item, args["certificate_days"], now) for item in args["certificates"]]
        fresh.append(pac_record(args["pac_url"], args["pac_routes"], args["pac_failure"]))
        host, store = own_name(task_vars or {}, [ROLE]), RunStore()
        known = store.endpoint(host)
        known.records[ROLE] = with_records(known.records.get(ROLE, []), fresh)
        store.keep(host, known)
        return {"changed": False}
