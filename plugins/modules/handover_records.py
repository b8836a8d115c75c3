#!/usr/bin/python
# The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action.

DOCUMENTATION = r"""
module: handover_records
short_description: Record what the controller found before a laptop is handed over
version_added: "0.1.0"
description:
  - Adds records on the gateway's certificate and on the routes of the PAC file to those of the laptop itself.
  - Comes after M(offsite.endpoints.endpoint_compare), which makes the records of the laptop itself.
  - Runs on the controller and reaches no endpoint.
options:
  certificates:
    description: The C(results) of a loop of M(offsite.endpoints.gateway_certificate) over items with C(name) and
      C(port).
    type: list
    elements: dict
    required: true
  certificate_days:
    description: For how many days the certificate has to be valid still.
    type: int
    required: true
  pac_url:
    description: URL of the PAC file. Empty means that there is none.
    type: str
    required: true
  pac_routes:
    description: The routes that were asked for, each with C(url) and C(expected).
    type: list
    elements: dict
    required: true
  pac_failure:
    description: The result of the task of M(offsite.endpoints.pac_check) that failed, or C({}).
    type: dict
    required: true
notes:
  - Supports check mode, and is the same in it.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Record what the controller found
  offsite.endpoints.handover_records:
    certificates: "{{ looked.results }}"
    certificate_days: 30
    pac_url: "{{ fortissl_proxy_pac_url }}"
    pac_routes: "{{ pac_check_routes }}"
    pac_failure: {}
"""

RETURN = "{}"
