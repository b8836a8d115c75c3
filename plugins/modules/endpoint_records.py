#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_records
short_description: Make reports from the records of earlier runs
version_added: "0.1.0"
description:
  - Reads the records of one or more runs. Of each endpoint the run that measured it last counts. Writes the reports as
    C(report) with the suffix of each format, so that none takes the name of a run.
  - Everything is made before the first file is written. A line that is no record fails the task, and nothing is
    written.
  - Runs on the controller and reaches no endpoint; the history is neither read nor changed.
options:
  files:
    description: JSON Lines files of runs, or folders of them.
    type: list
    elements: path
    required: true
  directory:
    description: Folder for the reports.
    type: path
    required: true
  fails_on:
    description: The statuses that make the verdict a bad one.
    type: list
    elements: str
    choices:
      [compliant, fixed, waived, not_applicable, drifted, managed_elsewhere, waiver_expired, error, unreachable,
        offsite, stale]
    default: [drifted, managed_elsewhere, waiver_expired, error, unreachable, stale]
  formats:
    description: Which reports to make.
    type: list
    elements: str
    choices: [html, csv, junit, openmetrics, sarif]
    default: [html, csv, junit, openmetrics, sarif]
  language:
    description: The language in which the HTML page opens.
    type: str
    choices: [en, ja]
    default: en
  metrics_file:
    description: A second place for the metrics, such as the folder of a node_exporter's textfile collector.
    type: path
  waiver_soon_days:
    description: How many days before its last day a waiver is listed as ending soon.
    type: int
    default: 14
notes:
  - Waivers are read from C(waivers.yml) beside the inventory.
  - Writes the reports in check mode, too.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make one report of all runs
  offsite.endpoints.endpoint_records:
    files: [records/]
    directory: records
"""

RETURN = r"""
endpoint_report:
  description: The same as of M(offsite.endpoints.endpoint_report).
  returned: success
  type: dict
"""
