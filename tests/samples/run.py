"""A run of two small roles on one endpoint, task by task, with everything that Ansible would give their plugins."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader

from plugins.action import endpoint_compare, endpoint_read_back
from plugins.plugin_utils.state.run_store import Known, RunStore
from tests.samples.documents import LOCAL_RULES, WINDOWS_READS, prompt_control, scope_control, tunnel_control, windows

VPN, SMB, HOST = "vpn_profile", "smb_firewall_scope", "nb-1"
GATEWAY = "{{ vpn_profile_gateway | default('fg.imr.tohoku.ac.jp') }}:443"
ROLES: dict[str, dict[str, Any]] = {
    f"{VPN}/vars/Windows.yml": {
        f"__{VPN}_reads": WINDOWS_READS,
        f"__{VPN}_controls": [tunnel_control(expected=GATEWAY), prompt_control()],
    },
    f"{VPN}/vars/checks.yml": {
        f"__{VPN}_checks": [{"that": "vpn_profile_gateway | default('') != 'no'", "says": "vpn_profile_gateway: no."}]
    },
    f"{VPN}/meta/argument_specs.yml": {
        "argument_specs": {"main": {"options": {f"{VPN}_gateway": {"type": "str"}, f"{VPN}_state": {"type": "str"}}}}
    },
    f"{SMB}/vars/Windows.yml": {
        f"__{SMB}_reads": {"registry": [{"path": LOCAL_RULES, "values": ["FPS-SMB-In-TCP*"]}]},
        f"__{SMB}_controls": [scope_control()],
    },
}


def write_roles(folder: Path) -> None:
    """Write the two roles into a folder."""
    for name, content in ROLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))


class Run:
    """One run; `document` is what the endpoint is, `requests` are the readings that it was asked for."""

    def __init__(self) -> None:
        self.document: Any = windows()
        self.failure: Exception | None = None
        self.check_mode = False
        self.variables: dict[str, Any] = {}
        self.requests: list[dict[str, Any]] = []
        self.loader = DataLoader()

    def compare(self, *roles: str, **args: Any) -> dict[str, Any]:
        """Run endpoint_compare for a role, or for several."""
        which = {"role": roles[0]} if len(roles) == 1 else {"roles": list(roles)}
        return self._run(endpoint_compare.ActionModule, which | args)

    def read_back(self, role: str = VPN, **args: Any) -> dict[str, Any]:
        """Run endpoint_read_back."""
        return self._run(endpoint_read_back.ActionModule, {"role": role} | args)

    @property
    def known(self) -> Known:
        """What the run knows now."""
        return RunStore().endpoint(HOST)

    def statuses(self, role: str = VPN) -> dict[str, str]:
        """Return the status of each control of a role, by its name after the role's."""
        return {item["control"].partition(".")[2]: item["status"] for item in self.known.records[role]}

    def reasons(self, role: str = VPN) -> dict[str, str]:
        """Return the reason of each control of a role, by its name after the role's."""
        return {item["control"].partition(".")[2]: item["reason"] for item in self.known.records[role]}

    def _run(self, module: Any, args: dict[str, Any]) -> dict[str, Any]:
        action = object.__new__(module)
        # As before core 2.21, where a result names the group; newer ones ask the running task.
        action.add_group = None
        action._connection = SimpleNamespace(_shell=SimpleNamespace(_IS_WINDOWS=True), transport="local")
        action._loader = self.loader
        action._task = SimpleNamespace(args=args, check_mode=self.check_mode)
        action._execute_module = self._execute
        result = action.run(task_vars={"inventory_hostname": HOST, "group_names": [], **self.variables})
        assert result["changed"] is False
        return dict(result)

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(module_args)
        if self.failure is not None:
            raise self.failure
        return {"document": copy.deepcopy(self.document)}


def entries(text: str | None) -> list[dict[str, Any]]:
    """Return what a note says."""
    return list(json.loads(text or '{"entries": []}')["entries"])
