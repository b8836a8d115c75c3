#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_compare
short_description: Compare an endpoint with what roles want of it; read it when this run has not
version_added: "0.1.0"
description:
  - Reads the endpoint in one call, unless this run has read it for these roles already, and compares it with their
    controls on the controller. What was found stays on the controller until the end of the run.
  - With O(roles) all of them are read and compared in one task. That is the audit. An endpoint that does not answer is
    part of the answer and no failure.
  - With O(role) the result is that role's plan. The task fails for an endpoint that does not answer or cannot be read,
    unless O(report_follows).
  - Writes nothing to the endpoint.
options:
  roles:
    description: The roles to compare, without the collection's name.
    type: list
    elements: str
  role:
    description: The one role to compare.
    type: str
  state:
    description: The state of the roles, instead of the C(ROLE_state) of each.
    type: str
    choices: [present, absent]
  refresh:
    description: Whether to read the endpoint although this run has.
    type: bool
    default: false
  again:
    description: Whether what this run fixed stays C(fixed) where it still is right.
    type: bool
    default: false
  undo:
    description: The JSON Lines file of a run. What that run fixed is put back instead.
    type: path
  assume:
    description:
      - In check mode, part of a state document to lay over what was read, so that the roles to come are compared with
        what an earlier one would have done. Nothing else happens then.
    type: dict
extends_documentation_fragment: [offsite.endpoints.endpoint_reading]
notes:
  - One of O(role) and O(roles) is needed.
  - With O(roles), endpoints with something to write are put into the group C(endpoint_work) for the rest of the run,
    and those that a role has to look at by itself into C(endpoint_look).
  - Waivers are read from C(waivers.yml) beside the inventory.
  - Supports check mode, and reads in it, too.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Read the endpoint once, and compare it with what its roles want
  offsite.endpoints.endpoint_compare:
    roles: [vpn_profile, fortissl_proxy]
"""

RETURN = r"""
endpoint:
  description: C(reachable), C(error), the reason why the endpoint could not be read or null, and C(platform).
  returned: always
  type: dict
looks:
  description: The roles that have to look at the endpoint by themselves.
  returned: with O(roles)
  type: list
  elements: str
has_writes:
  description: Whether anything is to be written.
  returned: with O(role)
  type: bool
next:
  description:
    - What is to be done now, C(look), the role has to look at the endpoint by itself and has not yet, or C(fix); empty
      for nothing.
  returned: with O(role)
  type: list
  elements: str
steps:
  description:
    - The steps that carry the plan out, in their order, each behind those before it, as in
      C(windows_remember/windows_registry). So no two endpoints share one that comes after something else on either.
  returned: with O(role)
  type: list
  elements: str
writes:
  description: What is to be written, for each kind of write.
  returned: with O(role)
  type: dict
role_work:
  description: What only the role's own tasks can do.
  returned: with O(role)
  type: list
  elements: dict
memory:
  description: What the endpoint has to note of what was there before.
  returned: with O(role)
  type: dict
"""
