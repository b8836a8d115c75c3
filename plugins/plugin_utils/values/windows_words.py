"""What the modules that write to Windows call the fields and values of rules and services."""

from __future__ import annotations

# A rule's fields that the script sets, and its names for them.
RULE_PARAMETERS = {"enabled": "Enabled", "remote_address": "RemoteAddress", "profiles": "ProfileName"}
# win_service's words for what Windows calls a service's start mode and state.
SERVICE_PARAMETERS = {
    "start_mode": {"Auto": "auto", "Manual": "manual", "Disabled": "disabled"},
    "state": {"Running": "started", "Stopped": "stopped", "Paused": "paused"},
}
