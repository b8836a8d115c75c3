#!/usr/bin/python
"""The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: first_day_report
short_description: Say which open questions one real machine settles, from the records of a first day's steps
version_added: "0.1.0"
description:
  - Reads the records of the steps, answers each question by its rule, and writes one file for an issue. Nothing that
    the machine answered is in it but numbers of versions.
  - Runs on the controller and reaches no endpoint. The role C(first_day) has the steps and the questions.
options:
  steps:
    description: C(name), C(code) (how its run ended) and C(directory) (where its records are) of each step.
    type: list
    elements: dict
    required: true
  questions:
    description: C(id), C(question), C(system) (V(Windows), V(Darwin) or V(any)) and C(rule) of each question.
    type: list
    elements: dict
    required: true
  system:
    description: The machine's system.
    type: str
    choices: [Windows, Darwin]
    required: true
  dest:
    description: The file.
    type: path
    required: true
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Say what this machine settles
  offsite.endpoints.first_day_report:
    steps: "{{ steps }}"
    questions: "{{ questions }}"
    system: Windows
    dest: first_day/settled.md
"""

RETURN = r"""
answers:
  description: C(id), C(question), C(answer) (V(yes), V(no) or V(not settled)) and C(how) of each question.
  returned: success
  type: list
  elements: dict
path:
  description: The file.
  returned: success
  type: str
"""
