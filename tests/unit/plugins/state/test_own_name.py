"""Which endpoint a task is about: an answer that wants to say so itself is believed nothing more."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from plugins.plugin_utils.state.own_name import forged_in, own_name

ROLES = ["offsite.endpoints.vpn_profile", "smb_firewall"]


@pytest.mark.parametrize("facts", [None, {}, "no object", {"distribution": "Windows", "endpoint_state": {}}])
def test_an_endpoint_goes_by_the_name_that_the_inventory_has_for_it(facts):
    assert own_name({"inventory_hostname": "nb-0101", "ansible_facts": facts}, ROLES) == "nb-0101"


def test_an_answer_with_variables_of_the_run_stops_all_work_on_its_endpoint():
    facts = {"inventory_hostname": "nb-0102", "groups": {}, "distribution": "Windows"}
    with pytest.raises(AnsibleActionFail) as refused:
        own_name({"inventory_hostname": "nb-0101", "ansible_facts": facts})
    assert str(refused.value) == (
        "an answer of this endpoint wants to replace variables of the run (groups, inventory_hostname). No module does "
        "that: something on it makes up answers. Nothing more is done there; look at the machine itself"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"endpoint_{'x' * 291}", f"variables of the run (endpoint_{'x' * 291}). No module"),
        (f"endpoint_{'x' * 292}", f"variables of the run (endpoint_{'x' * 227}... 301 characters, cut (SHA-256 "),
    ],
)
def test_of_names_without_end_only_the_beginning_is_shown(name, words):
    with pytest.raises(AnsibleActionFail) as refused:
        own_name({"inventory_hostname": "nb-0101", "ansible_facts": {name: 1}})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("facts", "forged"),
    [
        ({"vpn_profile_state": "absent", "smb_firewall_scope": []}, ["smb_firewall_scope", "vpn_profile_state"]),
        ({"__vpn_profile_seen": {}, "endpoint_waivers": []}, ["__vpn_profile_seen", "endpoint_waivers"]),
        ({"hostvars": {}, "vars": {}, "role_path": "/tmp"}, ["hostvars", "role_path", "vars"]),
        ({"forticlient_install_state": "absent", "vpn": "up", "my_groups": [], "endpoint_state": {}}, []),
    ],
)
def test_what_begins_as_variables_of_ours_do_is_no_fact_about_a_machine(facts, forged):
    assert forged_in(facts, ROLES) == forged
