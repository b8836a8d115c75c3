"""The options that every action which reads an endpoint has."""

from __future__ import annotations


class ModuleDocFragment:
    """Their part of the documentation."""

    DOCUMENTATION = r"""
options:
  report_follows:
    description: Whether P(offsite.endpoints.endpoint_report#role) comes later in the run and ends it badly.
    type: bool
    default: false
  timeout_seconds:
    description:
      - How long to try the endpoint's port. V(0) leaves it untried; so does a jump host or a proxy in the connection's
        settings.
    type: int
    default: 5
"""
