#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: anonymous_state
short_description: Write a laptop's state document without anybody in it
version_added: "0.1.0"
description:
  - Replaces computers, people, their SIDs and folders, networks, connections of others, mail addresses, hosts, public
    addresses and product keys in the state file of a user's own check, each by one and the same name everywhere, and
    writes the document with what was asked for.
  - What the inventory wants of the laptop stays. A name that would be left is an error, and nothing is written.
  - C(python -m lab up --from FILE) makes a simulated machine of it. Runs on the controller and reaches no endpoint.
options:
  file:
    description: The state file, as its user has sent it.
    type: path
    required: true
  key:
    description: The controller's key.
    type: path
    required: true
  dest:
    description: Where the document goes.
    type: path
    required: true
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Write what may be shown to strangers
  offsite.endpoints.anonymous_state:
    file: inbox/nb-07.state.json
    key: records/self_check.key
    dest: anonymous.json
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
"""
