#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: self_check_package
short_description: Make the file by which a laptop's user reads its state where no controller reaches it
version_added: "0.1.0"
description:
  - Signs what an audit would ask of the endpoint and puts it into one file with the reader's own text. Its user runs
    the file with a double click. It changes nothing, and writes a state file, which
    C(audit.yml -e state_files=FOLDER) judges.
  - Runs on the controller and reaches no endpoint. Each run makes a new request; earlier ones stay good for their days.
options:
  roles:
    description: The roles of the endpoint, without the collection's name.
    type: list
    elements: str
    required: true
  directory:
    description: Folder on the controller for the file.
    type: path
    required: true
  key:
    description: The controller's key, made where there is none.
    type: path
    required: true
  good_days:
    description: How many days the file may be run.
    type: int
    default: 90
  words:
    description: What the file shows, by language (C(en), C(ja)) and name.
    type: dict
    required: true
notes:
  - In check mode nothing is written.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make the check of a laptop
  offsite.endpoints.self_check_package:
    roles: [vpn_profile, fortissl_proxy]
    directory: self_checks
    key: records/self_check.key
    words: "{{ sentences }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: when it was written
  type: str
"""
