"""What the roles of this project say of themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from plugins.plugin_utils.controls import role_data
from plugins.plugin_utils.controls.role_data import RoleError, desired, known_controls

ROLES = Path(__file__).resolve().parents[4] / "roles"


def test_every_control_is_known_also_where_a_template_chooses_among_them():
    found = known_controls(ROLES, DataLoader())
    assert {"vpn_profile.server", "time_sync.servers", "forticlient_install.supported_macos"} <= found
    written = {
        name
        for path in ROLES.glob("*/vars/*.yml")
        for name in re.findall(r"^ *(?:- )?id: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if name.startswith(f"{path.parent.parent.name}.")
    }
    assert found == written


ROLE = """
__some_role_key: HKLM\\{{ some_role_key }}
__some_role_reads:
  registry: [{path: "{{ __some_role_key }}"}]
__some_role_controls:
  - id: some_role.asked
    title: Asked
    when: "{{ some_role_value is defined }}"
    otherwise: some_role_value is not set
    remedy: none
    expected: "{{ some_role_value }}"
"""
HEAD = {"id": "some_role.asked", "title": "Asked", "otherwise": "some_role_value is not set", "remedy": "none"}


@pytest.fixture
def some_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_role"
    (folder / "vars").mkdir(parents=True)
    (folder / "vars/Windows.yml").write_text(ROLE)
    monkeypatch.setattr(role_data, "ROLES", tmp_path)
    return folder


def of_windows(**known: Any) -> dict[str, Any]:
    return desired("some_role", DataLoader(), {"some_role_key": "SOFTWARE", **known}, "Windows")


@pytest.mark.usefixtures("some_role")
def test_what_is_read_is_worked_out_with_the_endpoint_s_variables():
    assert of_windows()["reads"] == {"registry": [{"path": "HKLM\\SOFTWARE"}]}


@pytest.mark.usefixtures("some_role")
def test_of_a_control_that_is_not_asked_for_nothing_else_is_worked_out():
    assert of_windows()["controls"] == [{**HEAD, "when": False}]
    assert of_windows(some_role_value=7)["controls"] == [{**HEAD, "when": True, "expected": 7}]


@pytest.mark.usefixtures("some_role")
def test_of_an_endpoint_that_was_not_read_nothing_is_wanted():
    wanted = desired("some_role", DataLoader(), {}, None)
    assert wanted == {"state": "present", "controls": [], "reads": {}, "looks": False}


@pytest.mark.usefixtures("some_role")
def test_a_variable_that_is_missing_is_reported_with_the_role():
    with pytest.raises(RoleError, match=r"some_role: a variable cannot be worked out.*some_role_key"):
        desired("some_role", DataLoader(), {}, "Windows")


def test_controls_of_several_files_stand_where_they_are_named(some_role: Path):
    (some_role / "vars/main.yml").write_text("__some_role_shared: [{id: some_role.b}, {id: some_role.c}]\n")
    text = '__some_role_controls: [{id: some_role.a}, "{{ __some_role_shared }}", {id: some_role.d}]\n'
    (some_role / "vars/Windows.yml").write_text(text)
    assert [control["id"][-1] for control in of_windows()["controls"]] == ["a", "b", "c", "d"]


def test_what_many_controls_say_is_worked_out_once(some_role: Path, monkeypatch: pytest.MonkeyPatch):
    text = '{when: "{{ 1 == 1 }}", each: ["{{ some_role_key }}", plain]}'
    (some_role / "vars/Windows.yml").write_text(f"__some_role_controls: [{text}, {text}, {text}]\n")
    asked: list[str] = []
    template = role_data.Templar.template

    def counted(self: Any, variable: Any) -> Any:
        asked.append(variable)
        return template(self, variable)

    monkeypatch.setattr(role_data.Templar, "template", counted)
    assert of_windows()["controls"] == [{"when": True, "each": ["SOFTWARE", "plain"]}] * 3
    assert asked == ["{{ 1 == 1 }}", "{{ some_role_key }}"]
