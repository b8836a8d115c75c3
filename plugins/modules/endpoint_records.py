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
  endpoints:
    description: Endpoints that have to be in them. One without a record is an error in the report.
    type: list
    elements: str
    default: []
  directory:
    description: Folder for the reports.
    type: path
    required: true
extends_documentation_fragment: [offsite.endpoints.endpoint_reports]
notes:
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
