#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_undo
short_description: Say what a run fixed, before it is put back
version_added: "0.1.0"
description:
  - With O(hosts), checks the records of the run and returns the endpoints on which it fixed something.
  - Without it, returns a line for each value that would be put back on this endpoint. It has to be compared before, by
    M(offsite.endpoints.endpoint_compare).
  - Writes nothing and reaches no endpoint.
options:
  file:
    description: The JSON Lines file of the run.
    type: path
    required: true
  hosts:
    description: The endpoints to choose from.
    type: list
    elements: str
notes:
  - Supports check mode, and is the same in it.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Find the endpoints on which the run fixed something
  offsite.endpoints.endpoint_undo:
    file: records/20261123T143000.000000Z.jsonl
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
  register: found
"""

RETURN = r"""
concerned:
  description: Names of endpoints, sorted.
  returned: with O(hosts)
  type: list
  elements: str
lines:
  description: What would be put back, for a person to read.
  returned: without O(hosts)
  type: list
  elements: str
"""
