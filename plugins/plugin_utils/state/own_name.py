"""Which endpoint a task is about, whatever the endpoint's modules answer.

Any module's answer may carry `ansible_facts`. Where Ansible makes variables of them (inject_facts_as_vars, which is on
without an ansible.cfg of this project), one of an endpoint stands above the inventory's, `inventory_hostname` included:
it would be another endpoint, or have other wishes. An endpoint that tries is believed nothing more in this run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ..values.bounded import cut

# What endpoint_compare itself leaves for a role's own tasks; nothing is decided by it.
_OURS = ("endpoint_state",)
_ABOUT_THE_RUN = (
    "inventory_hostname",
    "inventory_hostname_short",
    "inventory_dir",
    "inventory_file",
    "group_names",
    "groups",
    "hostvars",
    "playbook_dir",
    "role_path",
    "role_name",
    "environment",
    "vars",
    "omit",
)


def own_name(task_vars: Mapping[str, Any], roles: Iterable[str] = ()) -> str:
    """Return the name of the task's endpoint. Raises AnsibleActionFail for one that answered with variables of ours."""
    forged = forged_in(task_vars.get("ansible_facts"), roles)
    if forged:
        raise AnsibleActionFail(
            f"an answer of this endpoint wants to replace variables of the run ({cut(', '.join(forged), 300)}). No "
            "module does that: something on it makes up answers. Nothing more is done there; look at the machine itself"
        )
    return str(task_vars["inventory_hostname"])


def forged_in(facts: Any, roles: Iterable[str] = ()) -> list[str]:
    """Return the names of facts that are no facts about a machine, but variables of this project, or of the run.

    >>> forged_in({"distribution": "Windows", "inventory_hostname": "nb-2", "endpoint_report_history": "/x"})
    ['endpoint_report_history', 'inventory_hostname']
    """
    starts = ("endpoint_", "__", *(f"{role.rpartition('.')[2]}_" for role in roles))
    return sorted(
        str(name)
        for name in (facts if isinstance(facts, Mapping) else ())
        if str(name) not in _OURS and (str(name) in _ABOUT_THE_RUN or str(name).startswith(starts))
    )
