"""endpoint_validate: every wrong variable is reported, once, with whom it concerns; nothing right is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from plugins.action.endpoint_validate import ActionModule, said_of
from plugins.plugin_utils.controls import role_data
from plugins.plugin_utils.controls.role_data import role_variables
from plugins.plugin_utils.state.run_store import RunStore

REPORT = {
    "defaults/main.yml": """
endpoint_report_directory: "{{ place }}/records"
endpoint_report_history: "{{ endpoint_report_directory }}/history.sqlite"
endpoint_report_metrics_file: ""
endpoint_report_self_check_key: "{{ endpoint_report_directory }}/self_check.key"
endpoint_report_self_check_days: 14
""",
    "meta/argument_specs.yml": """
argument_specs:
  main:
    options:
      endpoint_report_directory: {type: path}
      endpoint_report_history: {type: path}
      endpoint_report_metrics_file: {type: str}
      endpoint_report_self_check_key: {type: path}
      endpoint_report_self_check_days: {type: int}
""",
}
ROLE = {
    "defaults/main.yml": "vpn_port: 443\nvpn_names: [a]\n",
    "vars/main.yml": "__vpn_doubled: '{{ vpn_port | int * 2 }}'\n",
    "vars/checks.yml": """
__vpn_checks:
  - that: vpn_port | int in range(1, 65536)
    says: "vpn_port: {{ vpn_port }} is refused."
  - each: "{{ vpn_names }}"
    that: [item | length < 3, item != 'no']
    says: "vpn_names: '{{ item }}' is refused."
  - when: vpn_extra is defined
    that: __vpn_doubled | int < 10
    says: "vpn_port: twice it is {{ __vpn_doubled }}."
""",
    "meta/argument_specs.yml": """
argument_specs:
  main:
    options:
      vpn_port: {type: int}
      vpn_names: {type: list, elements: str}
      vpn_extra: {type: bool}
""",
}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: RunStore) -> Any:
    """Return a function that checks endpoints, given as their variables; it returns what is refused, line by line."""
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    for role, files in (("vpn", ROLE), ("endpoint_report", REPORT)):
        for name, text in files.items():
            path = tmp_path / "roles" / role / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    monkeypatch.setattr(role_data, "ROLES", tmp_path / "roles")
    loader = DataLoader()

    def run(
        roles: list[str] | None = None,
        more: list[str] | None = None,
        arguments: dict[str, Any] | None = None,
        **endpoints: dict[str, Any],
    ) -> list[str]:
        action = object.__new__(ActionModule)
        action._loader = loader
        of_groups = {"groups": ["laptops"], "all_groups": ["laptops", "office_pcs"], "roles": more or []}
        action._task = SimpleNamespace(args={"roles": roles} if roles else of_groups | (arguments or {}))
        known = {
            host: {
                **{"endpoint_roles": ["vpn"], "place": str(tmp_path), "inventory_hostname": host},
                **{"ansible_connection": "winrm", **variables},
            }
            for host, variables in endpoints.items()
        }
        first = next(iter(known))
        source = str(tmp_path / "hosts.yml")
        inventory = SimpleNamespace(_inventory=SimpleNamespace(processed_sources=[source]))
        result = action.run(
            task_vars={
                **known[first],
                "inventory_hostname": first,
                "hostvars": SimpleNamespace(raw_get=known.__getitem__, _inventory=inventory),
                "groups": {"all": list(known), "laptops": list(known), "windows": list(known)},
                "ansible_inventory_sources": [source],
                "ansible_play_hosts_all": list(known),
            }
        )
        assert result["changed"] is False
        assert result.get("failed", False) is ("msg" in result)
        return result["msg"].split("\n") if "msg" in result else []

    return run


def test_right_variables_and_none_pass(check):
    assert check(w1={}, w2={"vpn_port": 8443, "vpn_names": ["b", "c"], "other": 1}) == []


def test_everything_wrong_is_reported_at_once_and_the_defaults_are_seen(check):
    assert check(w1={"vpn_port": 70000, "vpn_names": ["long", "b", "no"]}) == [
        "w1: vpn_port: 70000 is refused.",
        "w1: vpn_names: 'long' is refused.",
        "w1: vpn_names: 'no' is refused.",
    ]


def test_a_connection_that_cannot_work_is_refused_with_the_rest(check):
    by_ssh = {"way": "ssh", "ansible_connection": trust_as_template("{{ way }}")}
    refused = check(w1={**by_ssh, "vpn_port": 0}, w2=by_ssh, w3={**by_ssh, "ansible_shell_type": "powershell"})
    assert len(refused) == 2
    assert refused[0] == "w1: vpn_port: 0 is refused."
    assert refused[1].startswith("w1, w2: ansible_connection is ssh, and ansible_shell_type does not say powershell")
    (unknown,) = check(w1={"ansible_connection": trust_as_template("{{ unknown }}")})
    assert "a setting of the connection cannot be worked out: " in unknown
    assert "unknown" in unknown


def test_what_is_wrong_for_many_is_reported_once_with_their_names(check):
    wrong = {"vpn_port": 0}
    assert check(w1=wrong, w2={}, w3=wrong) == ["w1, w3: vpn_port: 0 is refused."]
    assert check(**{f"w{number}": wrong for number in range(5)}) == ["w0, w1, w2 and 2 more: vpn_port: 0 is refused."]


def test_a_check_holds_only_when_it_is_meant(check):
    assert check(w1={"vpn_extra": True}) == ["w1: vpn_port: twice it is 886."]
    assert check(w1={"vpn_extra": True, "vpn_port": 4}) == []


def test_a_variable_of_the_wrong_kind_is_reported_and_not_looked_at_more_closely(check):
    (reported,) = check(w1={"vpn_port": "many"})
    assert "vpn_port" in reported
    assert "roles/vpn/README.md" in reported


def test_a_misspelt_variable_is_reported_with_what_was_probably_meant(check):
    assert check(w1={"vpn_prot": 1}) == [
        "w1: vpn_prot: vpn has no such variable. Did you mean vpn_port? See roles/vpn/README.md, Variables."
    ]


def test_a_variable_that_cannot_be_worked_out_is_reported(check):
    broken = {"vpn_port": trust_as_template("{{ nowhere }}")}
    (reported,) = check(w1=broken)
    assert "vpn: a variable cannot be worked out" in reported
    assert "nowhere" in reported


def test_inside_a_role_its_endpoint_alone_is_checked(check):
    assert check(roles=["vpn"], w1={}, w2={"vpn_port": 0}) == []
    assert check(roles=["vpn"], w1={"vpn_port": 0}) == ["w1: vpn_port: 0 is refused."]
    with pytest.raises(AnsibleActionFail, match="no role 'wpn'"):
        check(roles=["wpn"], w1={})


def test_the_inventory_wins_over_defaults_and_the_role_over_the_inventory(tmp_path, check):
    loader = DataLoader()
    seen = role_variables(
        tmp_path / "roles/vpn", loader, {"vpn_port": 1, "__vpn_doubled": 0, "other": 2}, ["vars/none.yml"]
    )
    assert (seen["vpn_port"], seen["vpn_names"], seen["other"]) == (1, ["a"], 2)
    assert seen["__vpn_doubled"] == "{{ vpn_port | int * 2 }}"


def test_a_playbook_may_ask_for_more_roles_than_an_endpoint_gets(check):
    wrong = {"endpoint_roles": [], "vpn_port": 0}
    assert check(w1=wrong) == []
    assert check(more=["vpn"], w1=wrong) == ["w1: vpn_port: 0 is refused."]


def test_a_history_that_cannot_be_used_and_a_wrong_waiver_stop_the_run_before_it_begins(check, tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records/history.sqlite").write_text("no history")
    waivers = tmp_path / "mine.yml"
    waivers.write_text("- {control: vpn.port, hosts: [w1], owner: S, reason: a test, expires: 2026-12-31}\n")
    lines = check(w1={"endpoint_waivers_file": str(waivers)})
    assert len(lines) == 2
    assert "mine.yml, line 1: there is no control 'vpn.port'" in lines[0]
    assert lines[1].startswith("endpoint_report_history: ")
    assert "history.sqlite is no history" in lines[1]


def unwritable(name: str, path: Path, error: str) -> str:
    return (
        f"endpoint_report_{name}: {path} cannot be written ({error}), and what cannot be recorded is not begun. "
        f"Give this user the right to write there, or name another place: -e endpoint_report_{name}=PATH"
    )


@pytest.mark.parametrize("place", ["file/records", "file"])
def test_what_cannot_be_recorded_is_not_begun(check, tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / place
    # Below a file nothing can be made, whoever one is.
    assert check(w1={"endpoint_report_directory": str(path)}) == [unwritable("directory", path, "Not a directory")]


def test_the_metrics_and_the_history_are_tried_as_well(check, tmp_path):
    (tmp_path / "file").write_text("in the way")
    below = tmp_path / "file/below"
    places = {"metrics_file": below / "offsite.prom", "history": below / "history.sqlite"}
    assert check(w1={f"endpoint_report_{name}": str(path) for name, path in places.items()}) == [
        unwritable("metrics_file", places["metrics_file"], "Not a directory"),
        f"endpoint_report_history: {below / 'history.sqlite'}: Not a directory. See docs/history.md",
    ]


def test_a_file_that_cannot_be_replaced_is_found(check, tmp_path):
    (tmp_path / "offsite.prom").mkdir()
    path = tmp_path / "offsite.prom"
    assert check(w1={"endpoint_report_metrics_file": str(path)}) == [unwritable("metrics_file", path, "Is a directory")]


def test_trying_leaves_nothing_but_the_folder(check, tmp_path):
    assert check(w1={"endpoint_report_metrics_file": str(tmp_path / "metrics/offsite.prom")}) == []
    assert [*(tmp_path / "records").iterdir(), *(tmp_path / "metrics").iterdir()] == []


def test_the_inventory_and_the_variables_are_reported_together(check):
    assert check(w1={"vpn_port": 0, "ansible_limit": "w1,w2"}) == [
        "--limit: nothing in the inventory is called 'w2'; correct it",
        "w1: vpn_port: 0 is refused.",
    ]


@pytest.mark.parametrize(
    ("platform", "environment", "said"),
    [
        ("linux", {}, False),
        ("darwin", {}, True),
        ("darwin", {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "NO"}, True),
        ("darwin", {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}, False),
    ],
)
def test_a_controller_whose_winrm_may_crash_is_told(platform, environment, said):
    words = " ".join(said_of(platform, environment))
    assert ("export OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES" in words) is said


@pytest.fixture
def sent(tmp_path: Path, check: Any) -> Any:
    """Return a function that checks laptops w1 and w2 with these state files given."""

    def run(places: Any, takes: bool = True, mode: int = 0o600) -> list[str]:
        key = tmp_path / "records/self_check.key"
        if mode:
            key.parent.mkdir(exist_ok=True)
            key.write_text("00" * 32)
            key.chmod(mode)
        return check(w1={}, w2={}, arguments={"state_files": places, "takes_state_files": takes})

    return run


def test_state_files_are_sorted_by_laptop_for_the_run(sent, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "w1.state.json").write_text("{}")
    other = tmp_path / "w2.state.json"
    other.write_text("{}")
    assert sent(str(inbox)) == []
    kept = {"key": f"{tmp_path}/records/self_check.key", "most_days": 14}
    assert RunStore().shared("state files") == kept | {"files": {"w1": [f"{inbox}/w1.state.json"]}}
    assert sent([str(inbox), str(other)]) == []
    assert set(RunStore().shared("state files")["files"]) == {"w1", "w2"}


def test_a_state_file_of_nobody_is_refused_by_name(sent, tmp_path):
    (tmp_path / "w3.state.json").write_text("{}")
    assert sent(str(tmp_path / "w3.state.json")) == [
        f"state_files: w3.state.json in {tmp_path} is the answer of no laptop of this inventory; one is called "
        "NAME.state.json. Move it away, or add the laptop to the inventory"
    ]


def test_state_files_are_for_the_audit_alone(sent, tmp_path):
    assert sent(str(tmp_path), takes=False) == [
        "state_files: only audit.yml judges what users have sent. This playbook has to reach its endpoints: leave "
        "-e state_files out"
    ]


@pytest.mark.parametrize("places", ["", [], [""], 7, {"a": 1}, [1]])
def test_state_files_of_another_kind_are_refused(sent, places):
    given = [places] if isinstance(places, str) else places
    assert sent(places) == [f"state_files is {given!r}; it has to be a folder, a file, or a list of them"]


def test_state_files_need_the_key_of_their_packages(sent, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (reported,) = sent(str(inbox), mode=0)
    assert reported.startswith(f"the key of the checks, {tmp_path}/records/self_check.key, is not there")
    (reported,) = sent(str(inbox), mode=0o644)
    assert "is open to everybody on this controller" in reported
