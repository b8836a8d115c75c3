"""What stands in two places must agree: plays and role lists, variables and their documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "offsite.endpoints."
BY_GROUP = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())["endpoint_roles_by_group"]
SERVICE_ROLES = sorted({role for roles in BY_GROUP.values() for role in roles})
# What they say of their variables holds for these roles, too.
DOCUMENTED_ROLES = [*SERVICE_ROLES, "handover", "user_page", "self_check", "first_day"]


def plays(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text())


# The endpoints of a group on which something is to be done; nobody where nothing is, or where there is no such group.
WORKING = re.compile(
    r"{{ groups\['(\w+)'\] \| default\(\[\]\) \| intersect\(groups\['endpoint_work'\] \| default\(\[\]\)\) }}"
)


def working(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the roles of the plays that write, by the group that each is for, in the order of the plays."""
    found = [(WORKING.fullmatch(play.get("hosts", "")), play) for play in plays(name)]
    return {match[1]: play["roles"] for match, play in found if match}


def test_site_lists_the_roles_that_are_checked_read_and_compared_before():
    by_group = {
        group: [entry["role"].removeprefix(PREFIX) for entry in roles] for group, roles in working("site").items()
    }
    assert by_group == BY_GROUP


def test_retiring_compares_and_takes_off_the_roles_of_site_in_reverse():
    assert plays("retire")[0]["vars"]["endpoint_audit_state"] == "absent"
    retire = working("retire")
    assert [*retire] == [*reversed(working("site"))]
    for group, roles in retire.items():
        wanted = [{"role": f"{PREFIX}{role}", f"{role}_state": "absent"} for role in reversed(BY_GROUP[group])]
        assert roles == wanted


def test_the_handover_prepares_with_the_roles_of_site():
    assert working("handover") == {"laptops": working("site")["laptops"]}


def test_only_plays_that_write_for_a_report_let_a_role_go_on_after_a_failure():
    for name in ("site", "retire"):
        following = [
            play["hosts"] for play in plays(name) if play.get("vars", {}).get("endpoint_controls_report_follows")
        ]
        assert [WORKING.fullmatch(hosts)[1] for hosts in following] == [*working(name)]


@pytest.mark.parametrize(
    ("name", "first", "groups"),
    [
        ("audit", "prepare.yml", None),
        ("site", "prepare.yml", None),
        ("retire", "prepare.yml", None),
        ("handover", "prepare.yml", ["laptops"]),
        ("take_back", "prepare.yml", ["laptops"]),
        ("undo", "validate.yml", None),
        ("macos_python", "validate.yml", ["macs"]),
        ("user_page", "validate.yml", ["laptops"]),
        ("enroll_windows", "validate.yml", ["windows"]),
        ("ping", "validate.yml", None),
        ("self_check", "validate.yml", ["laptops"]),
        ("prepare", "validate.yml", None),
    ],
)
def test_what_reaches_endpoints_begins_by_checking_everything_for_the_groups_of_its_plays(name, first, groups):
    begin, *others = plays(name)
    assert begin["import_playbook"] == first
    assert begin.get("vars", {}).get("endpoint_groups") == groups
    # Nobody is in a later play whom the check has not seen.
    own = [play["hosts"] for play in others if "{{" not in play.get("hosts", "{{")]
    handed_on = [play.get("vars", {}).get("endpoint_groups", BY_GROUP) for play in others if "import_playbook" in play]
    reached = {group for hosts in own for group in hosts.split(":")} | {group for one in handed_on for group in one}
    assert reached <= {*(groups or BY_GROUP), "endpoint_undo_concerned"}


@pytest.mark.parametrize("name", ["audit", "site", "retire", "handover", "take_back", "undo", "ping"])
def test_what_reaches_endpoints_ends_with_the_report_and_each_endpoint_s_own_verdict(name):
    # What comes after it is the end of the way in itself, for those that the report found good.
    *_, last = [play for play in plays(name) if play["name"] != "Take the enrolment off as well"]
    assert last["import_playbook"] == "finish.yml"


@pytest.mark.parametrize("name", ["validate", "prepare", "finish"])
def test_unless_a_playbook_says_otherwise_it_is_for_all_groups(name):
    play = next(play for play in plays(name) if play.get("hosts") and "endpoint_groups" in play.get("vars", {}))
    assert play["vars"]["endpoint_groups"] == list(BY_GROUP)


def test_no_play_gathers_facts_whatever_the_configuration_of_others_says():
    every = {path.stem: plays(path.stem) for path in (ROOT / "playbooks").glob("*.yml")}
    assert len(every) == 20
    gathering = [
        (name, play["name"])
        for name, found in every.items()
        for play in found
        if "hosts" in play and play.get("gather_facts") is not False
    ]
    assert gathering == []


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
    assert f"endpoint_report_directory | default({folder})" in plays("undo")[1]["vars"]["endpoint_undo_file"]


def test_the_key_of_a_user_s_check_is_where_the_audit_looks_for_it():
    defaults = yaml.safe_load((ROOT / "roles/endpoint_report/defaults/main.yml").read_text())
    folder = (
        defaults["endpoint_report_directory"].replace("{{ lookup(", "lookup(").replace(") }}/records", ") ~ '/records'")
    )
    assert defaults["endpoint_report_self_check_key"] == "{{ endpoint_report_directory }}/self_check.key"
    key = yaml.safe_load((ROOT / "roles/self_check/vars/main.yml").read_text())["__self_check_key"]
    folder = f"endpoint_report_directory | default({folder})"
    assert key == f"{{{{ endpoint_report_self_check_key | default({folder} ~ '/self_check.key') }}}}"
