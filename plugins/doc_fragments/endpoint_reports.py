"""The options that every action which makes reports has."""

from __future__ import annotations


class ModuleDocFragment:
    """Their part of the documentation."""

    DOCUMENTATION = r"""
options:
  fails_on:
    description: The statuses that make the verdict a bad one.
    type: list
    elements: str
    choices:
      [compliant, fixed, waived, not_applicable, drifted, managed_elsewhere, waiver_expired, error, unreachable,
        offsite, stale]
    default: [drifted, managed_elsewhere, waiver_expired, error, unreachable, stale]
  formats:
    description: Which reports to make.
    type: list
    elements: str
    choices: [html, csv, junit, openmetrics, sarif]
    default: [html, csv, junit, openmetrics, sarif]
  language:
    description: The language in which the HTML page opens.
    type: str
    choices: [en, ja]
    default: en
  metrics_file:
    description: A second place for the metrics, such as the folder of a node_exporter's textfile collector.
    type: path
  waiver_soon_days:
    description: How many days before its last day a waiver is listed as ending soon.
    type: int
    default: 14
notes:
  - Waivers are read from C(waivers.yml) beside the inventory.
"""
