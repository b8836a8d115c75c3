"""Counts the tasks that each endpoint was given, for test_site_and_audit.py.

It writes them to the file in COUNT_TASKS_FILE.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: count_tasks
type: notification
short_description: counts the tasks of each endpoint
description:
  - A task counts for an endpoint when Ansible takes it up for that endpoint, also when it is then skipped, since that
    costs nearly as much; a loop counts once.
"""


class CallbackModule(CallbackBase):
    """Counts from the start of the run to its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "count_tasks"

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self._tasks = Counter()

    def v2_runner_on_start(self, host, task):
        self._tasks[host.get_name()] += 1

    def v2_playbook_on_stats(self, stats):
        Path(os.environ["COUNT_TASKS_FILE"]).write_text(json.dumps(self._tasks), encoding="utf-8")
