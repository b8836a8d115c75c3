"""What stands in two places must agree: plays and role lists, variables and their documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "offsite.endpoints."
BY_GROUP = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())["endpoint_roles_by_group"]
SERVICE_ROLES = sorted({role for roles in BY_GROUP.values() for role in roles})
# What they say of their variables holds for these roles, too.
DOCUMENTED_ROLES = [*SERVICE_ROLES, "handover", "user_page"]


def plays(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text())


def test_site_lists_the_roles_that_the_survey_checks_reads_and_compares():
    by_group = {
        play["hosts"]: [entry["role"].removeprefix(PREFIX) for entry in play["roles"]]
        for play in plays("site")
        if play["hosts"] in BY_GROUP
    }
    assert by_group == BY_GROUP


def test_retiring_takes_off_the_roles_of_site_in_reverse_and_each_by_its_own_state():
    site = [play for play in plays("site") if play["hosts"] in BY_GROUP]
    retire = [play for play in plays("retire") if play["hosts"] in BY_GROUP]
    assert [play["hosts"] for play in retire] == [play["hosts"] for play in reversed(site)]
    for play in retire:
        wanted = [{"role": f"{PREFIX}{role}", f"{role}_state": "absent"} for role in reversed(BY_GROUP[play["hosts"]])]
        assert play["roles"] == wanted


@pytest.mark.parametrize("role", DOCUMENTED_ROLES)
def test_every_public_variable_is_documented_in_defaults_arguments_and_readme(role):
    arguments = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
    options = set(arguments["main"]["options"])
    defaults = (ROOT / f"roles/{role}/defaults/main.yml").read_text()
    readme = (ROOT / f"roles/{role}/README.md").read_text()
    assert set(yaml.safe_load(defaults)) <= options
    for option in options:
        assert option.startswith(f"{role}_")
        assert option in defaults, (
            f"{option} is missing in defaults/main.yml (commented out where there is no safe default)"
        )
        assert option in readme, f"{option} is missing in README.md"


@pytest.mark.parametrize("role", DOCUMENTED_ROLES)
def test_defaults_and_argument_specs_name_the_same_default(role):
    options = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]
    for name, value in yaml.safe_load((ROOT / f"roles/{role}/defaults/main.yml").read_text()).items():
        # What has a template for its default is worked out for each endpoint.
        assert "{{" in str(value) or options[name]["default"] == value


def test_values_of_one_organisation_stand_only_under_inventory():
    ours = ["imr.tohoku", "130.34.226.190", "172.31.", "172.20.", "172.16.20.2"]
    places = [
        p for folder in ("roles", "playbooks", "plugins", "lab") for p in (ROOT / folder).rglob("*") if p.is_file()
    ]
    found = [
        f"{path.relative_to(ROOT)}: {value}"
        for path in places
        if path.suffix in (".py", ".yml", ".j2", ".ps1", ".json", ".md")
        for value in ours
        if value in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_undo_looks_for_a_run_where_the_report_puts_it():
    defaults = yaml.safe_load((ROOT / "roles/endpoint_report/defaults/main.yml").read_text())
    folder = (
        defaults["endpoint_report_directory"].replace("{{ lookup(", "lookup(").replace(") }}/records", ") ~ '/records'")
    )
    assert f"endpoint_report_directory | default({folder})" in plays("undo")[0]["vars"]["endpoint_undo_file"]
