#!/usr/bin/python
# The text of the action plugin of this name, where Ansible looks for it; the code is in plugins/action.

DOCUMENTATION = r"""
module: gateway_certificate
short_description: Look at the certificate of a TLS server, from the controller
version_added: "0.1.0"
description:
  - Makes a TLS handshake with a server, sends nothing else, and returns the certificate that it shows.
  - A server that cannot be reached, or a certificate that is not trusted, is part of the answer and no failure.
  - Runs on the controller and reaches no endpoint.
options:
  name:
    description: The server's host name. The certificate is checked against it.
    type: str
    required: true
  port:
    description: The server's TCP port.
    type: int
    required: true
  connect_to:
    description: Address to connect to. Empty means that O(name) is looked up.
    type: str
    default: ""
  ca_path:
    description: File with the CA certificates to trust. Empty means those of the controller's system.
    type: str
    default: ""
  timeout_seconds:
    description: How long to wait for the connection, and again for the handshake.
    type: float
    default: 10
notes:
  - Supports check mode, and is the same in it.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Look at the gateway's certificate
  offsite.endpoints.gateway_certificate:
    name: vpn.example.org
    port: 443
  register: gateway

- name: Refuse a certificate that is not trusted
  ansible.builtin.assert:
    that: gateway.look.verified
"""

RETURN = r"""
look:
  description: What the server showed.
  returned: always
  type: dict
  contains:
    error:
      description: Why there was no handshake; empty when there was one.
      type: str
    address:
      description: Where the connection went, as C(host:port).
      type: str
    verified:
      description: Whether the certificate is trusted and is for the name.
      type: bool
    verify_code:
      description: OpenSSL's code for the reason when it is not, or 0.
      type: int
    verify_words:
      description: OpenSSL's words for the reason.
      type: str
    certificate:
      description: Its C(names), C(issuer), C(not_before) and C(not_after), or null.
      type: dict
"""
