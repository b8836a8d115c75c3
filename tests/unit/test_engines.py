"""The files for the engines that people have: ansible-builder, ansible-navigator, AWX. No container is built here."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
ARTEFACT = f"offsite-endpoints-{GALAXY['version']}.tar.gz"
IMAGE = f"offsite-endpoints:{GALAXY['version']}"
AWX = ROOT / "docs/nightly/awx.yml"
# What each module of awx.awx takes of what is used here, by its documentation (24.6.1): the collection is not on PyPI.
COMMON = {"name", "organization"}
JOB = {"project", "playbook", "inventory", "credentials", "execution_environment", "job_type", "forks", "extra_vars"}
JOB |= {
    "ask_limit_on_launch",
    "ask_job_type_on_launch",
    "diff_mode",
    "job_slice_count",
    "survey_enabled",
    "survey_spec",
}
TAKES = {
    "execution_environment": {*COMMON, "image", "pull"},
    "project": {*COMMON, "scm_type", "scm_url", "scm_update_on_launch", "default_environment"},
    "inventory": COMMON,
    "inventory_source": {*COMMON, "inventory", "source", "source_project", "source_path", "execution_environment"}
    | {"overwrite", "overwrite_vars", "update_on_launch"},
    "job_template": {*COMMON, *JOB},
    "schedule": {*COMMON, "unified_job_template", "rrule", "enabled"},
}


class Loader(yaml.SafeLoader):
    """Reads what Ansible is to leave as it is."""


def as_it_is(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


Loader.add_constructor("!unsafe", as_it_is)


def loaded(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # a SafeLoader with one tag more


def schema(name: str) -> Any:
    """Return a schema of ansible-lint's, which has those of Ansible's own tools."""
    found = importlib.util.find_spec("ansiblelint")
    assert found is not None and found.origin is not None
    return json.loads((Path(found.origin).parent / f"schemas/{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("file", "name"),
    [("execution-environment.yml", "execution-environment"), ("ansible-navigator.yml", "ansible-navigator-config")],
)
def test_the_file_is_what_its_tool_s_schema_asks_for(file, name):
    rules = schema(name)
    jsonschema.validate(loaded(ROOT / file), rules)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**loaded(ROOT / file), "imagess": {}}, {**rules, "additionalProperties": False})


def test_ansible_builder_makes_of_it_what_a_container_is_built_from(tmp_path):
    shutil.copy(ROOT / "execution-environment.yml", tmp_path)
    (tmp_path / ARTEFACT).write_bytes(b"")
    command = [BIN / "ansible-builder", "create", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "context/Containerfile").read_text(encoding="utf-8")
    assert "ansible-galaxy collection install" in text
    assert (tmp_path / f"context/_build/collection/{ARTEFACT}").is_file()
    wanted = yaml.safe_load((tmp_path / "context/_build/requirements.yml").read_text(encoding="utf-8"))["collections"]
    assert [one["name"] for one in wanted] == [*GALAXY["dependencies"], f"collection/{ARTEFACT}"]


def test_what_it_installs_is_what_is_locked():
    found = loaded(ROOT / "execution-environment.yml")["dependencies"]
    pins = [found["ansible_core"]["package_pip"], found["ansible_runner"]["package_pip"], *found["python"]]
    locks = "".join((ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8") for name in ("run", "test"))
    assert [pin for pin in pins if not re.search(rf"^{re.escape(pin)}(?: |$)", locks, re.MULTILINE)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*found["python"]} == {line for line in project["dependencies"] if not line.startswith("ansible==")}
    assert {one["name"]: one.get("version") for one in found["galaxy"]["collections"][:2]} == GALAXY["dependencies"]


def test_navigator_takes_that_container_and_keeps_no_copy_of_answers():
    settings = loaded(ROOT / "ansible-navigator.yml")["ansible-navigator"]
    assert settings["execution-environment"]["image"] == f"localhost/{IMAGE}"
    assert settings["playbook-artifact"]["enable"] is False
    assert (ROOT / settings["ansible"]["config"]["path"]).is_file()
    name = re.search(r"--extra-vars \"(\w+)=", settings["ansible"]["cmdline"])
    assert name is not None
    assert name[1] in known_of("endpoint_report")


def known_of(*roles: str) -> set[str]:
    specs = [loaded(ROOT / f"roles/{role}/meta/argument_specs.yml")["argument_specs"] for role in roles]
    return {name for spec in specs for point in spec.values() for name in point.get("options", {})}


def tasks() -> list[tuple[str, dict[str, Any]]]:
    (play,) = loaded(AWX)
    found = [(key.removeprefix("awx.awx."), one[key]) for one in play["tasks"] for key in one if key != "name"]
    assert len(found) == len(play["tasks"])
    return found


def test_awx_is_asked_for_what_its_modules_take():
    assert {name for name, _given in tasks()} == {*TAKES}
    assert [(name, key) for name, given in tasks() for key in given if key not in TAKES[name]] == []


def test_what_awx_is_told_is_there():
    play = loaded(AWX)[0]
    templates = {given["name"]: given for name, given in tasks() if name == "job_template"}
    assert {*templates} == {"Audit", "Prepare", "Undo", "Report of slices"}
    for given in templates.values():
        assert (ROOT / given["playbook"]).is_file()
    # Whoever presses the button by mistake changes nothing.
    assert {name for name, given in templates.items() if given["job_type"] == "run"} == {"Audit", "Report of slices"}
    asked = {
        question["variable"]
        for given in templates.values()
        for question in given.get("survey_spec", {}).get("spec", [])
    }
    assert asked == {"run", "job"}
    assert {*play["vars"]["everywhere"], *templates["Report of slices"]["extra_vars"]} <= known_of("endpoint_report")
    assert "endpoint_undo_ask" in known_of("endpoint_undo")
    (schedule,) = [given for name, given in tasks() if name == "schedule"]
    assert schedule["unified_job_template"] == "Audit"
    assert play["vars"]["image"].endswith(f"/{IMAGE}")


def test_ansible_can_read_the_playbook_for_awx(tmp_path):
    """With stand-ins that have the names of the modules, which is all that this asks of them."""
    folder = tmp_path / "ansible_collections/awx/awx/plugins/modules"
    folder.mkdir(parents=True)
    for name in TAKES:
        (folder / f"{name}.py").write_text("", encoding="utf-8")
    environment = {
        "PATH": str(BIN),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
    }
    command = [BIN / "ansible-playbook", "--syntax-check", "-i", "localhost,", AWX]
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
