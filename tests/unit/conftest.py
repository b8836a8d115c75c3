"""Filters and tests of the collection are found by their full names, as in a run."""

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader()
