"""The plugin `ledger` in Ansible's own inventory: hosts, groups and variables, or a refusal and no machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader

from plugins.inventory import ledger as plugin
from plugins.plugin_utils.ledger import settings
from plugins.plugin_utils.ledger.machines import VARIABLES
from plugins.plugin_utils.state.asked import Asked, ledger_mistakes
from tests.samples.ledger.files import small

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = yaml.safe_load(plugin.DOCUMENTATION)["options"]
TEXT = 'host,system,role,address,owner\nnb-1,windows,laptop,192.0.2.1,"{{ 7 * 7 }}"\nmb-2,macos,laptop / office pc,,\n'


def inventory(configuration: Path) -> InventoryData:
    data = InventoryData()
    made = plugin.InventoryModule()
    assert made.verify_file(str(configuration))
    made.parse(data, DataLoader(), str(configuration))
    data.reconcile_inventory()
    return data


def test_the_machines_and_their_groups(tmp_path):
    data = inventory(small(tmp_path, TEXT, "address", "owner"))
    assert {name: hosts for name, hosts in data.get_groups_dict().items() if name not in ("all", "ungrouped")} == {
        "windows": ["nb-1"],
        "laptops": ["nb-1", "mb-2"],
        "macs": ["mb-2"],
        "office_pcs": ["mb-2"],
    }
    variables: dict[str, Any] = data.hosts["nb-1"].vars
    assert variables["ansible_host"] == "192.0.2.1"
    assert variables["endpoint_owner"] == "{{ 7 * 7 }}"


def test_one_mistake_and_there_is_no_machine(tmp_path):
    configuration = small(tmp_path, TEXT.replace("macos", "MacOS 9"), "address", "owner")
    data = InventoryData()
    with pytest.raises(AnsibleParserError) as refused:
        plugin.InventoryModule().parse(data, DataLoader(), str(configuration))
    words = (
        "pcs.csv, B3: system is 'MacOS 9'; allowed are windows and macos, and more by words.system; see docs/ledger.md"
    )
    assert str(refused.value) == words
    assert data.hosts == {}
    # And the run that Ansible goes on with is refused with the same words.
    said = [f"{configuration}: nothing of this ledger is used until it is right:", words]
    assert ledger_mistakes([str(configuration)]) == said
    groups = {"all": [], "ungrouped": []}
    run = Asked(groups, [str(configuration)], [], [], None, ["laptops"], ["laptops", "office_pcs"])
    assert run.broken() == said


def test_the_text_names_what_a_configuration_may_say():
    assert tuple(OPTIONS) == settings.KEYS
    assert OPTIONS["plugin"]["choices"] == [settings.PLUGIN]
    assert OPTIONS["encoding"]["choices"] == list(settings.ENCODINGS)
    columns = " ".join(OPTIONS["columns"]["description"])
    assert [name for name in settings.COLUMNS if f"C({name})" not in columns] == []
    words = OPTIONS["words"]["description"]
    values = [value for column, values in settings.VALUES.items() for value in (column, *values)]
    assert [name for name in values if f"C({name})" not in words] == []


@pytest.mark.parametrize(("column", "role"), [("client", "forticlient_install"), ("language", "user_page")])
def test_a_value_is_one_that_the_role_takes(column, role):
    specs = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert list(settings.VALUES[column]) == specs["argument_specs"]["main"]["options"][f"{role}_{column}"]["choices"]


def test_every_variable_is_one_that_a_role_reads():
    documented = " ".join(path.read_text(encoding="utf-8") for path in ROOT.glob("roles/*/README.md"))
    assert [name for name in VARIABLES.values() if name != "ansible_host" and name not in documented] == []


def test_the_example_is_a_configuration():
    example = yaml.safe_load(plugin.EXAMPLES)
    assert settings.settings_of(example, "ledger.yml").path == "../example.csv"
