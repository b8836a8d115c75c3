"""What ansible-doc shows: every plugin and every role has a text, and the text says what the code does."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COLLECTION = "offsite.endpoints"
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta/main.yml").is_file())
ACTIONS = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py"))
MODULES = sorted({path.stem for path in (ROOT / "plugins/modules").iterdir() if path.suffix in (".py", ".ps1")})
CALLBACKS = sorted(path.stem for path in (ROOT / "plugins/callback").glob("*.py"))
INVENTORIES = sorted(path.stem for path in (ROOT / "plugins/inventory").glob("*.py"))


def functions(kind):
    """Return the filters or tests by name, as Ansible gets them."""
    found = {}
    for path in sorted((ROOT / f"plugins/{kind}").glob("*.py")):
        module = importlib.import_module(f"plugins.{kind}.{path.stem}")
        found |= module.FilterModule().filters() if kind == "filter" else module.TestModule().tests()
    return found


NAMES = {
    "module": sorted({*MODULES, *ACTIONS}),
    "filter": sorted(functions("filter")),
    "test": sorted(functions("test")),
    "callback": CALLBACKS,
    "inventory": INVENTORIES,
    "role": ROLES,
}


def sidecar(kind, name):
    return yaml.safe_load((ROOT / f"plugins/{kind}/{name}.yml").read_text(encoding="utf-8"))


def text_of_module(name):
    # ansible-doc lists no module that is a .yml alone, so an action has a .py with nothing but texts.
    reported = yaml.safe_load(importlib.import_module(f"plugins.modules.{name}").DOCUMENTATION)
    for fragment in reported.get("extends_documentation_fragment", []):
        module = importlib.import_module(f"plugins.doc_fragments.{fragment.removeprefix(f'{COLLECTION}.')}")
        shared = yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"]
        assert not {*shared} & {*reported["options"]}, "said twice"
        reported["options"] |= shared
    return reported


@pytest.mark.parametrize("kind", NAMES)
def test_ansible_doc_lists_each_with_a_text(kind):
    done = subprocess.run(
        [BIN / "ansible-doc", "--json", "--type", kind, "--list", COLLECTION],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = json.loads(done.stdout)
    assert sorted(listed) == [f"{COLLECTION}.{name}" for name in NAMES[kind]]
    if kind == "role":
        words = {name: list(found["entry_points"].values()) for name, found in listed.items()}
    else:
        words = {name: [found] for name, found in listed.items()}
    without = [name for name, texts in words.items() if not texts or not all(texts) or "UNDOCUMENTED" in texts]
    assert without == []


def arguments(option):
    """Return of an option of a documentation, or of an argument_spec, what both have to say alike."""
    said = {key: option[key] for key in ("type", "elements", "choices") if key in option}
    said["required"] = option.get("required", False)
    said["default"] = option.get("default")
    nested = option.get("suboptions", option.get("options"))
    return said | ({"options": {name: arguments(one) for name, one in nested.items()}} if nested else {})


@pytest.mark.parametrize("name", ACTIONS)
def test_the_text_of_an_action_names_the_arguments_that_it_takes(name):
    taken = importlib.import_module(f"plugins.action.{name}").ARGUMENTS
    reported = text_of_module(name)
    assert reported["module"] == name
    assert {key: arguments(one) for key, one in reported["options"].items()} == {
        key: arguments(one) for key, one in taken.items()
    }


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in ("filter", "test") for name in NAMES[kind]], ids=lambda value: value
)
def test_the_text_of_a_filter_or_test_names_the_arguments_that_it_takes(kind, name):
    first, *others = inspect.signature(functions(kind)[name]).parameters
    reported = sidecar(kind, name)["DOCUMENTATION"]
    assert first
    assert reported["name"] == name
    assert list(reported["options"]) == ["_input", *others]
    assert reported.get("positional", "") == ", ".join(others)
    assert f"{COLLECTION}.{name}" in sidecar(kind, name)["EXAMPLES"]


@pytest.mark.parametrize("role", ROLES)
def test_the_table_of_variables_is_made_of_the_argument_specs(role, tmp_path):
    readme = (ROOT / f"roles/{role}/README.md").read_text(encoding="utf-8")
    made = tmp_path / "README.md"
    # Somebody's own words in the table must not survive.
    head, _begin, tail = readme.partition("<!-- BEGIN_ANSIBLE_DOCS -->\n")
    end = "<!-- END_ANSIBLE_DOCS -->\n"
    made.write_text(f"{head}<!-- BEGIN_ANSIBLE_DOCS -->\nold\n{end}{tail.partition(end)[2]}", encoding="utf-8")
    subprocess.run(
        [BIN / "aar-doc", "--output-file", made, f"roles/{role}", "markdown"], cwd=ROOT, check=True, capture_output=True
    )
    assert made.read_text(encoding="utf-8") == readme, "run `make docs`"


@pytest.mark.parametrize("role", ROLES)
def test_the_example_of_a_role_is_a_play_of_that_role_with_variables_that_it_knows(role):
    readme = (ROOT / f"roles/{role}/README.md").read_text(encoding="utf-8")
    example = re.search(r"## Example\n(?:[^`].*\n+)?\n?```yaml\n(.*?)```", readme, re.DOTALL)
    assert example, "README.md has no example"
    (play,) = yaml.safe_load(example[1])
    if "hosts" not in play:
        # endpoint_controls is no role for a play: its example is a task of another role.
        assert play["ansible.builtin.import_role"]["name"] == f"{COLLECTION}.{role}"
    else:
        assert f"{COLLECTION}.{role}" in play["roles"]
        assert play["gather_facts"] is False
    known = {
        option
        for name in ROLES
        for spec in yaml.safe_load((ROOT / f"roles/{name}/meta/argument_specs.yml").read_text())[
            "argument_specs"
        ].values()
        for option in spec.get("options", {})
    }
    assert set(play.get("vars", {})) <= known


def test_a_missing_text_is_noticed(tmp_path):
    # What ansible-doc says of a filter without one, so that the word above stays the right one.
    collection = tmp_path / "ansible_collections/offsite/endpoints"
    shutil.copytree(
        ROOT / "plugins/filter", collection / "plugins/filter", ignore=shutil.ignore_patterns("to_plist.yml")
    )
    shutil.copytree(ROOT / "plugins/plugin_utils", collection / "plugins/plugin_utils")
    shutil.copy(ROOT / "galaxy.yml", collection)
    done = subprocess.run(
        [BIN / "ansible-doc", "--json", "--type", "filter", "--list", COLLECTION],
        cwd=tmp_path,
        env={"PATH": str(BIN), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)[f"{COLLECTION}.to_plist"] == "UNDOCUMENTED"
