#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_report
short_description: Write the records and reports of a run, and give its verdict
version_added: "0.1.0"
description:
  - Gathers the records of all endpoints of the run, writes them into one JSON Lines file, makes the reports, and
    returns
    the table and the verdict. It does not fail for a bad verdict; the role P(offsite.endpoints.endpoint_report#role)
      does.
  - Every endpoint in O(hosts) gets records. One that did not answer, or was not compared, gets one that says so.
  - The history says what is new, and since when; it takes in what this run found.
  - Runs on the controller and reaches no endpoint.
options:
  hosts:
    description: The endpoints that the run is about.
    type: list
    elements: str
    required: true
  directory:
    description: Folder for the records and the reports.
    type: path
    required: true
  history:
    description: The SQLite file of the history.
    type: path
    required: true
  history_days:
    description: How many days the history goes back.
    type: int
    default: 730
  remember:
    description: Whether the history takes in what this run found.
    type: bool
    default: true
  life:
    description:
      - What the run means for the life of its endpoints. V(in_use) is for one that was retired and is prepared again,
        V(offsite) for each that is READY, V(retired) for each that is done, V(in_house) for all. Empty changes nothing.
    type: str
    choices: ["", in_use, in_house, offsite, retired]
    default: ""
  undoes:
    description:
      - The run that this one puts back. With it, or with O(life=retired), the history is told what this run moved.
    type: str
    default: ""
  drift_fails:
    description: Whether a drifted control makes the verdict a bad one. Off for a dry run.
    type: bool
    default: true
  stale_after_days:
    description: After how many days without an answer a laptop that was handed over is C(stale).
    type: int
    default: 30
  flapping_times:
    description: How often a control has to go wrong to count as flapping.
    type: int
    default: 3
  flapping_days:
    description: In how many days.
    type: int
    default: 30
extends_documentation_fragment: [offsite.endpoints.endpoint_reports]
notes:
  - Writes records and reports in check mode, too; the history then stays as it is.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Write the records of the run
  offsite.endpoints.endpoint_report:
    hosts: "{{ ansible_play_hosts_all }}"
    directory: records
    history: records/history.sqlite
  run_once: true
  register: reported

- name: End the run badly when something is not good
  ansible.builtin.assert:
    that: reported.endpoint_report.good
    fail_msg: "{{ reported.endpoint_report.verdict }}"
"""

RETURN = r"""
endpoint_report:
  description: What the callback P(offsite.endpoints.endpoint_verdict#callback) shows at the end of the run.
  returned: success
  type: dict
  contains:
    table:
      description: What is not good, for each endpoint.
      returned: always
      type: str
    data:
      description: What is coming, of which day the table of known vulnerabilities is, and which machines the ledger has
        as out of use though nobody retired them; may be empty.
      returned: always
      type: str
    verdict:
      description: The last line.
      returned: always
      type: str
    good:
      description: Whether the run ends well.
      returned: always
      type: bool
    path:
      description: The file with the records.
      returned: always
      type: str
    reports:
      description: Paths of the reports, by format.
      returned: always
      type: dict
"""
