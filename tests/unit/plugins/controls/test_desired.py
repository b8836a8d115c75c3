"""What roles want, worked out once for endpoints that are alike, and never shared between those that are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.plugin_utils.controls import desired as module
from plugins.plugin_utils.controls import role_data
from plugins.plugin_utils.controls.desired import Roles, desired, fingerprint
from plugins.plugin_utils.controls.role_data import RoleError
from plugins.plugin_utils.state.run_store import RunStore

ROLE = {
    "defaults/main.yml": """
vpn_port: 443
vpn_names: "{{ site_names | default(['a']) }}"
""",
    "vars/main.yml": "__vpn_address: '{{ vpn_gateway }}:{{ vpn_port }}'\n",
    "vars/Windows.yml": """
__vpn_reads: {services: ["{{ vpn_service | default('S') }}"]}
__vpn_looks: "{{ site_people | default([]) | length > 0 }}"
__vpn_controls:
  - id: vpn.server
    title: Server
    why: It is so
    severity: low
    where: {registry: 'HKLM\\SOFTWARE\\{name}', value: Server, type: REG_SZ}
    each: "{{ vpn_names }}"
    compare: exact
    expected: "{{ __vpn_address }}"
""",
    "vars/Darwin.yml": """
__vpn_reads: {files: ["{{ vpn_file | default('/f') }}"]}
__vpn_controls: []
""",
    "vars/checks.yml": "__vpn_checks: [{that: 'vpn_limit | default(1) | int > 0', says: 'vpn_limit: no.'}]\n",
    "meta/argument_specs.yml": """
argument_specs:
  main:
    options:
      vpn_gateway: {type: str}
      vpn_names: {type: list, elements: str}
      vpn_port: {type: raw}
      vpn_service: {type: str}
      vpn_file: {type: str}
      vpn_limit: {type: int}
      vpn_state: {type: str}
""",
}
HOST = {"inventory_hostname": "nb-1", "vpn_gateway": "g", "ansible_connection": "winrm"}
LOADER = DataLoader()


@pytest.fixture(scope="module", autouse=True)
def role(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("roles")
    for name, text in ROLE.items():
        path = folder / "vpn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(role_data, "ROLES", folder)
        yield folder / "vpn"


def of(**known: Any) -> str:
    return fingerprint("vpn", {**HOST, **known}, LOADER)


def text(template: str) -> Any:
    return trust_as_template(template)


def test_endpoints_with_equal_variables_are_alike_whatever_their_names() -> None:
    assert of() == of(inventory_hostname="nb-2", ansible_host="192.0.2.2", endpoint_owner="Sato")
    assert of(vpn_names=["a", "b"]) == of(vpn_names=["a", "b"], inventory_hostname="nb-2")


@pytest.mark.parametrize(
    "known",
    [
        {"vpn_gateway": "h"},  # by vars/main.yml
        {"vpn_port": 8443},  # by the default, and vars/main.yml
        {"site_names": ["b"]},  # by the template of a default
        {"vpn_service": "T"},  # by what is read
        {"site_people": ["taro"]},  # by what is looked at
        {"vpn_limit": 0},  # by the checks
        {"vpn_file": "/g"},  # by the other platform
        {"vpn_state": "absent"},
        {"vpn_gatway": "g"},  # misspelt, for the checks to find
    ],
)
def test_every_variable_that_the_role_s_data_reaches_distinguishes_endpoints(known: dict[str, Any]) -> None:
    assert of(**known) != of()


@pytest.mark.parametrize(
    "template",
    [
        "{{ site_gateway }}",
        "{% if site_gateway %}{{ site_gateway }}{% endif %}",
        "{{\nsite_gateway\n}}",
        "{{\tsite_gateway }}",
        "{{ 'あ' ~site_gateway }}",
        "{{ deeper }}",
    ],
)
def test_so_does_what_an_inventory_s_template_reaches(template: str) -> None:
    known = {"vpn_gateway": text(template), "deeper": text("{{ site_gateway }}")}
    assert of(**known, site_gateway="a") == of(**known, site_gateway="a", inventory_hostname="nb-2")
    assert of(**known, site_gateway="a") != of(**known, site_gateway="b")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ansible_facts.hostname }}",
        "{{ hostvars[inventory_hostname].x }}",
        "{{ lookup('vars', 'site_' ~ 'gateway') }}",
        "{{ lookup('template', 'gateway.j2') }}",
        "{{ vars['x'] }}",
        "{{ inventory_hostname }}",
    ],
)
def test_what_can_get_at_everything_of_one_endpoint_is_shared_with_no_other(template: str) -> None:
    known = {"vpn_gateway": text(template), "ansible_facts": {}, "vars": {}}
    assert of(**known) == of(**known)
    assert of(**known) != of(**known, inventory_hostname="nb-2")


def test_keys_of_several_kinds_are_no_hindrance() -> None:
    known = {"vpn_names": [{443: "https", "name": "a"}]}
    assert of(**known) == of(**known, inventory_hostname="nb-2")
    assert of(**known) != of()


VALUES = st.sampled_from(["a", "b", 1, ["a"], []])
TEMPLATES = ["{{ site_a }}", "{{ site_b }}", "{{ [site_a, site_b] }}", "{{\nsite_b }}", "{{ inventory_hostname }}"]
VARIABLES = st.fixed_dictionaries(
    {"site_a": VALUES, "site_b": VALUES, "vpn_gateway": VALUES | st.sampled_from(TEMPLATES).map(text)},
    optional={
        name: VALUES | st.sampled_from(TEMPLATES).map(text)
        for name in ("vpn_port", "vpn_names", "site_people", "vpn_service", "site_names")
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=VARIABLES, other=VARIABLES)
def test_endpoints_of_which_different_things_are_wanted_are_never_alike(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    # Mostly alike, so that one difference has to be seen by itself.
    for known in ({**one, "site_b": other["site_b"]}, {**one, **{k: other[k] for k in [*other][-1:]}}, other):
        pair = [{**HOST, **one}, {**HOST, **known, "inventory_hostname": "nb-2"}]
        if wanted(pair[0]) != wanted(pair[1]):
            assert fingerprint("vpn", pair[0], LOADER) != fingerprint("vpn", pair[1], LOADER)


def wanted(known: dict[str, Any]) -> Any:
    try:
        return role_data.desired("vpn", LOADER, known, "Windows")
    except RoleError as error:
        return str(error)


@pytest.fixture
def worked_out(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the gateways of the endpoints that something was worked out for."""
    found: list[str] = []

    def counted(role: str, platform: str, known: Any, *rest: Any) -> Any:
        found.append(known["vpn_gateway"])
        return desired(role, platform, known, *rest)

    monkeypatch.setattr(module, "desired", counted)
    return found


def hosts(number: int, **known: Any) -> list[dict[str, Any]]:
    return [{**HOST, **known, "inventory_hostname": f"{known}-{count}"} for count in range(number)]


def test_for_endpoints_that_are_alike_it_is_worked_out_once(worked_out: list[str]) -> None:
    found = [Roles(known, LOADER).desired("vpn", "Windows") for known in hosts(5)]
    assert worked_out == ["g"]
    assert found == [desired("vpn", "Windows", HOST, LOADER)] * 5
    assert found[0]["controls"][0]["expected"] == "g:443"
    Roles(hosts(1, vpn_gateway="h")[0], LOADER).desired("vpn", "Windows")
    Roles(HOST, LOADER).desired("vpn", "Darwin")
    assert worked_out == ["g", "h", "g"]


def test_what_is_wanted_of_the_other_state_is_not_mixed_up_with_it(worked_out: list[str]) -> None:
    states = [Roles(HOST, LOADER, state).desired("vpn", "Windows")["state"] for state in (None, "absent", None)]
    assert states == ["present", "absent", "present"]
    assert len(worked_out) == 2


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the gateways of the endpoints whose variables were checked."""
    found: list[str] = []
    refused = module.refused_of_role

    def counted(role: str, known: Any, *given: Any) -> list[str]:
        found.append(known["vpn_gateway"])
        return refused(role, known, *given)

    monkeypatch.setattr(module, "refused_of_role", counted)
    return found


def test_variables_are_checked_once_for_endpoints_that_are_alike(store: RunStore, checks: list[str]) -> None:
    found = [Roles(known, LOADER).refused("vpn") for known in hosts(3, vpn_limit=0)]
    assert found == [["vpn_limit: no."]] * 3
    assert Roles(HOST, LOADER).refused("vpn") == []
    assert checks == ["g", "g"]


def test_what_a_task_sees_besides_the_inventory_is_checked_and_worked_out_anew(
    worked_out: list[str], checks: list[str]
) -> None:
    for known in (HOST, {**HOST, "vpn_gateway": "of the play"}):
        roles = Roles(known, LOADER)
        assert roles.refused("vpn") == []
        assert roles.desired("vpn", "Windows")["controls"][0]["expected"] == f"{known['vpn_gateway']}:443"
    assert worked_out == checks == ["g", "of the play"]


def test_what_a_role_brings_along_into_its_play_is_nothing_new(role: Path) -> None:
    brought: dict[str, Any] = {}
    for name in ("defaults/main.yml", "vars/main.yml", "vars/Windows.yml"):
        brought |= role_data.role_data(role, name, LOADER)
    assert len(brought) == 6
    assert of(**brought) == of()
    assert of(**brought | {"vpn_port": 8443}) == of(vpn_port=8443) != of()


def test_a_state_is_the_same_whoever_says_it() -> None:
    keys = [
        Roles(known, LOADER, state).key("vpn", "Windows")
        for known, state in ((HOST, "absent"), ({**HOST, "vpn_state": "absent"}, None), (HOST, None))
    ]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("known", "platform"),
    [
        ({"ansible_connection": "winrm"}, "Windows"),
        ({"ansible_connection": "ansible.builtin.psrp"}, "Windows"),
        ({"ansible_connection": "ssh", "ansible_shell_type": "powershell"}, "Windows"),
        ({"ansible_connection": "ssh"}, "Darwin"),
        ({}, "Darwin"),
    ],
)
def test_the_platform_is_known_before_there_is_a_connection(known: dict[str, Any], platform: str) -> None:
    assert module.platform_by(known) == platform


def test_an_unknown_kind_of_read_is_refused_with_the_file(role: Path) -> None:
    other = role.parent / "bad/vars/Windows.yml"
    other.parent.mkdir(parents=True)
    other.write_text("__bad_reads: {plists: []}\n")
    with pytest.raises(RoleError, match=r"bad/vars/Windows.yml: __bad_reads has plists; allowed are registry, user_r"):
        desired("bad", "Windows", HOST, LOADER)


def test_controls_that_cannot_be_used_are_refused_before_any_endpoint_is_read() -> None:
    with pytest.raises(RoleError, match=r"vpn: control vpn.server: each is 'a'; it must .* Correct the variable in"):
        desired("vpn", "Windows", {**HOST, "vpn_names": "a"}, LOADER)
