#!/usr/bin/python
# The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action.

DOCUMENTATION = r"""
module: enrollment
short_description: Take what a Windows machine wrote when it was enrolled
version_added: "0.1.0"
description:
  - Holds the certificate in the file that C(enroll/windows.ps1) wrote against the one that the machine shows. Refuses a
    wrong one, an expired one, and one for another name.
  - Keeps the certificate in C(host_vars/NAME/certificate.pem) of the inventory's folder, and how to log on in
    C(host_vars/NAME/enrollment.yml). A sealed password is opened and kept as ansible-vault encrypts it.
  - Runs on the controller. The endpoint sees one TLS handshake.
options:
  files:
    description: The folder with the files, such as V(NB-0101.enrollment.json). Without it the machine is asked for its
      certificate, which then has to be the one that O(fingerprint) says, or that is kept already.
    type: path
  fingerprint:
    description: The SHA-256 that a person has compared with what the script shows on the machine.
    type: str
    default: ""
  directory:
    description: The inventory's folder.
    type: path
    required: true
  key:
    description: The RSA private key that belongs to the C(controller.pem) that lay beside the script.
    type: path
    required: true
  timeout_seconds:
    description: For the connection, and again for the handshake.
    type: int
    default: 5
notes:
  - Supports check mode. Nothing is written then.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Take what the machine wrote
  offsite.endpoints.enrollment:
    files: /media/stick/enroll
    directory: "{{ inventory_dir }}"
    key: ~/.config/offsite-endpoints/enrollment.key
"""

RETURN = r"""
fingerprint:
  description: SHA-256 of the certificate that the machine is known by; empty over SSH.
  returned: success
  type: str
note:
  description: What is left to do by a person; empty when nothing is.
  returned: success
  type: str
variables:
  description: The file with the connection variables.
  returned: success
  type: str
"""
