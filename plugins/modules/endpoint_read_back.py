#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_read_back
short_description: Read the endpoint again after one role was written, and judge what came of it
version_added: "0.1.0"
description:
  - Reads the endpoint and judges the plan that M(offsite.endpoints.endpoint_compare) made for the role by what it says
    now. Only this makes a control C(fixed).
  - Says what the endpoint's note of what was there before has to say now.
  - The task fails when something could not be written, unless O(report_follows).
  - Writes nothing to the endpoint.
options:
  role:
    description: The role that was written, without the collection's name.
    type: str
    required: true
  failed:
    description: The tasks that failed meanwhile, each with C(task), C(result) and C(records), the records it concerns.
    type: list
    elements: dict
    default: []
  noted:
    description: Whether the note has just been changed; this looks whether it was.
    type: bool
    default: false
extends_documentation_fragment: [offsite.endpoints.endpoint_reading]
notes:
  - In check mode nothing is read; the records say what would be fixed.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Read back what was written
  offsite.endpoints.endpoint_read_back:
    role: vpn_profile
"""

RETURN = r"""
note:
  description:
    - C(text), what the note has to say, null for none; C(change), whether it says something else; C(last), whether it
      was the last note on the endpoint.
  returned: always
  type: dict
steps:
  description:
    - What is to be done now, C(note), the note has to be corrected, and C(no_failures), what failed is known. Each
      stands behind those before it.
  returned: always
  type: list
  elements: str
"""
