#!/usr/bin/python
# The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action.

DOCUMENTATION = r"""
module: pac_check
short_description: Run a PAC file and compare its routes with a table
version_added: "0.1.0"
description:
  - Runs the file in a JavaScript engine that has neither files nor a network, asks it for each route, shows the answers
    as a table, and fails when one is not as expected. A URL that the file fails for is wrong; the others are judged.
  - Functions, URLs and the file's encoding are as Chromium has them. Where the file has C(FindProxyForURLEx), which
    Windows' own programs ask instead, both have to give the expected answer.
  - Runs on the controller and reaches no endpoint.
options:
  pac:
    description: The text of the file. One of O(pac), O(path) and O(url) is needed.
    type: str
  path:
    description: The file on the controller.
    type: path
  url:
    description: Where the file is served. It is fetched by the controller, without a proxy.
    type: str
  routes:
    description: What to ask for.
    type: list
    elements: dict
    required: true
    suboptions:
      url:
        description: The address that a browser would open.
        type: str
        required: true
      expected:
        description: The answer that is right, such as C(DIRECT) or C(PROXY proxy.example.org:8080).
        type: str
        required: true
  addresses:
    description:
      - The address of each host name, or several joined with C(;). C(dnsResolve) answers the first IPv4 one.
      - A name that is not here has no address.
    type: dict
    default: {}
  client_address:
    description: What C(myIpAddress) answers; several joined with C(;) for C(myIpAddressEx).
    type: str
    default: 127.0.0.1
requirements:
  - ada-url (on the controller)
  - quickjs-ng (on the controller)
notes:
  - Supports check mode, and is the same in it.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Check the routes of the PAC file
  offsite.endpoints.pac_check:
    path: proxy.pac
    routes:
      - url: https://journal.example.com/
        expected: PROXY proxy.example.org:8080
      - url: https://www.example.org/
        expected: DIRECT
"""

RETURN = r"""
routes:
  description: One entry for each route, with C(url), C(expected), C(got) and C(right).
  returned: when the file could be run
  type: list
  elements: dict
notes:
  description: What to know of the file's bytes, such as a byte order mark or a charset that is missing.
  returned: when the file could be read
  type: list
  elements: str
"""
