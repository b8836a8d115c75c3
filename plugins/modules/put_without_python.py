#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: put_without_python
short_description: Copy a file to an endpoint that has no Python yet
version_added: "0.1.0"
description:
  - Hands a file of the controller to the connection, which copies it. Nothing runs on the endpoint, so nothing is
    compared either, and the task is always changed. Check what arrived, such as with C(shasum -a 256).
  - Use M(ansible.builtin.copy) wherever there is a Python.
options:
  src:
    description: Absolute path of the file on the controller.
    type: path
    required: true
  dest:
    description: Absolute path of the file on the endpoint, in a folder that the user of the connection may write to.
    type: str
    required: true
notes:
  - Supports check mode, in which nothing is copied.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Copy the package of Python
  offsite.endpoints.put_without_python:
    src: /srv/installers/python-3.13.9-macos11.pkg
    dest: /private/tmp/python.pkg
"""

RETURN = r"""
{}
"""
