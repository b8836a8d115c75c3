"""Code of the controller, one room a step of the way: values, state, controls, plan, records, reports, handover."""

# The same as in galaxy.yml; a test compares them.
VERSION = "0.1.0"
