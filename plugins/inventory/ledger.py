"""Inventory plugin `ledger`: machines from the spreadsheet that a department keeps them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from ..plugin_utils.ledger.ledger import read_ledger
from ..plugin_utils.ledger.table import LedgerError

DOCUMENTATION = """
name: ledger
short_description: Machines from a spreadsheet (CSV or XLSX)
description:
  - Makes the groups C(windows), C(macs), C(laptops) and C(office_pcs) of the rows of a spreadsheet, and the variables
    that its columns stand for.
  - The configuration is a file that ends in C(.yml) or C(.yaml). The spreadsheet stands outside of the inventory's
    folder, since Ansible takes any file in there for a list of hosts.
  - All of the spreadsheet is taken or, when anything in it is wrong, nothing. Then each mistake is named with its
    sheet, row and column, and the playbooks of this collection refuse to run.
  - docs/ledger.md has the whole of it.
options:
  plugin:
    description: That it is a configuration of this plugin.
    type: str
    required: true
    choices: [offsite.endpoints.ledger]
  path:
    description: The spreadsheet, from the folder of the configuration. A CSV file, or a workbook of Excel or
      LibreOffice (C(.xlsx)), which needs the Python package C(openpyxl).
    type: str
    required: true
  sheet:
    description: The sheet of a workbook. By default the only one that is not hidden.
    type: str
    default: ""
  encoding:
    description: Of a text file. V(auto) is what its byte order mark says, or UTF-8, or V(cp932), which is what Windows
      makes of Shift_JIS.
    type: str
    choices: [auto, utf-8, cp932, utf-16]
    default: auto
  columns:
    description:
      - The headers of the columns, one or several texts each. Case, blanks, hyphens and the width of characters do not
        matter. A column that is named here has to be there; columns that are not are left alone.
      - C(host) is the name of the machine, C(system) what decides between C(windows) and C(macs), C(role) between
        C(laptops) and C(office_pcs). These three are needed.
      - C(address) becomes C(ansible_host), C(client) C(forticlient_install_client), C(owner) C(endpoint_owner),
        C(person) C(user_page_person), C(user_name) C(user_page_user_name), C(language) C(user_page_language),
        C(office_pc) C(user_page_office_pc), C(nas) C(user_page_nas), C(remote_users) C(rdp_enable_users).
      - C(life) says whether a machine is in use. One that is not is in the group C(out_of_use) and in no other.
    type: dict
    required: true
  words:
    description: What the words in a column mean, for C(system) (C(windows), C(macos)), C(role) (C(laptop),
      C(office_pc)), C(client) (C(download), C(store)), C(life) (C(in_use), C(out_of_use)) and C(language) (C(ja),
      C(en), C(both)); these are understood themselves. A word that ends in C(*) is any that begins so.
    type: dict
    default: {}
"""

EXAMPLES = """
# inventory/example/ledger.yml
plugin: offsite.endpoints.ledger
path: ../example.csv
columns:
  host: [Host name, Computer]
  system: OS
  role: Use
words:
  system: {windows: "Windows*", macos: "macOS*"}
  role: {laptop: Notebook, office_pc: Desktop}
"""


class InventoryModule(BaseInventoryPlugin):
    """Read the ledger."""

    NAME = "offsite.endpoints.ledger"

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the machines; none when anything is wrong."""
        super().parse(inventory, loader, path, cache)
        try:
            machines = read_ledger(Path(path))
        except LedgerError as error:
            raise AnsibleParserError(str(error)) from error
        for one in machines:
            inventory.add_host(one.name)
            for group in one.groups:
                inventory.add_group(group)
                inventory.add_child(group, one.name)
            for name, value in one.variables.items():
                inventory.set_variable(one.name, name, value)
