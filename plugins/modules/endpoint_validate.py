#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_validate
short_description: Check everything that can be wrong on the controller, before any endpoint is reached
version_added: "0.1.0"
description:
  - Checks variables against C(meta/argument_specs.yml) and C(vars/checks.yml) of their roles, and refuses a variable of
    a role's name space that the role does not know.
  - With O(groups), also checks what the run needs besides. These are the inventory and C(--limit), the waivers, the
    history, and that all files of the report can be written.
  - Everything that is wrong is reported at once, with its cure. Reaches no endpoint.
options:
  roles:
    description: The roles to check for the endpoint of the task; with O(groups), for their endpoints besides their own.
    type: list
    elements: str
  groups:
    description: The groups that the playbook is for. Each of their endpoints is checked for its own C(endpoint_roles).
    type: list
    elements: str
  all_groups:
    description: The groups that any playbook is for, to name machines that are in none of them.
    type: list
    elements: str
  state:
    description: The state that the roles are run with, instead of the C(ROLE_state) of each.
    type: str
  state_files:
    description: State files that users have sent, or folders of them, as a path or a list of paths.
    type: raw
  takes_state_files:
    description: Whether the playbook judges them. Otherwise O(state_files) is refused.
    type: bool
    default: false
notes:
  - One of O(roles) and O(groups) is needed; O(groups) and O(all_groups) go together.
  - Supports check mode, and is the same in it.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Check the variables of one role
  offsite.endpoints.endpoint_validate:
    roles: [vpn_profile]

- name: Check what a run for the laptops needs
  offsite.endpoints.endpoint_validate:
    groups: [laptops]
    all_groups: [laptops, office_pcs]
  run_once: true
"""

RETURN = r"""
{}
"""
