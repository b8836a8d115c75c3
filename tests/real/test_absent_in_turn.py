"""Each registry key that the roles ask for, and each service, absent in turn, and what becomes of every control.

The reader reads a real registry from which the key was taken; the comparison is the project's own, without Ansible.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.state.reader import merge_reads
from plugins.plugin_utils.state.request import MEMORY_READS
from tests.real import modules
from tests.real.endpoint import Endpoint, windows_path
from tests.real.plays import ROOT
from tests.real.test_reader import READER

SEEDS = ("laptop.reg", "prepared.reg")
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
INVENTORY = yaml.safe_load((ROOT / "inventory/example/service.yml").read_text(encoding="utf-8"))["all"]["vars"]
VALUES = {
    **{name: value for name, value in INVENTORY.items() if "{{" not in str(value)},
    "fortissl_proxy_connections": ["fortissl", "IMR"],
    "forticlient_install_accepted_vulnerabilities": INVENTORY["known_unfixed_vulnerabilities"],
}
ROLES = ("forticlient_install", "vpn_profile", "fortissl_proxy", "smb_client", "smb_firewall_scope", "rdp_enable")
EXPECTED: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


class Comparison:
    """What is read of an endpoint, and what all roles say of it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.wanted = {role: desired(role, DataLoader(), VALUES, "Windows") for role in ROLES}
        reads = [{"registry": MEMORY_READS["registry"]}, *(wanted["reads"] for wanted in self.wanted.values())]
        self.request = {name: asks for name, asks in merge_reads(reads).items() if name != "groups"}
        self.whole = self.statuses()

    def statuses(self) -> dict[str, str]:
        """Return the status of each control and instance; several of one name are the scopes of one control."""
        document = modules.real(self.endpoint, READER, self.request)["document"]
        document["groups"] = {}
        found: dict[str, str] = {}
        for role, wanted in self.wanted.items():
            planned = plan(wanted["controls"], document, role, reads=wanted["reads"])
            for record in planned.records:
                name = f"{record['control']} [{record['instance']}]" if record["instance"] else record["control"]
                found[name] = "+".join(sorted({*filter(None, found.get(name, "").split("+")), record["status"]}))
        return found

    def without(self, key: str) -> list[str]:
        """Return what becomes of the controls while this key is not there."""
        kept = self.endpoint.folder / "kept.reg"
        self.endpoint.wine("reg", "export", key, windows_path(kept), "/y")
        self.endpoint.wine("reg", "delete", key, "/f")
        try:
            now = self.statuses()
        finally:
            self.endpoint.wine("reg", "import", windows_path(kept))
        names = sorted({*self.whole, *now})
        changes = {name: (self.whole.get(name, "none"), now.get(name, "none")) for name in names}
        return [f"{name}: {was} -> {is_now}" for name, (was, is_now) in changes.items() if was != is_now]


@pytest.fixture(scope="module")
def comparison(endpoint: Endpoint) -> Comparison:
    return Comparison(endpoint)


def test_every_key_and_service_that_is_asked_for_and_there_is_taken_in_turn(comparison: Comparison) -> None:
    request = comparison.request
    users = "HKU\\S-1-5-21-0-0-0-1000\\"
    asked = [ask["path"] for ask in request["registry"]] + [users + ask["path"] for ask in request["user_registry"]]
    asked += [f"{SERVICES}\\{name}" for name in request["services"]]
    there = comparison.endpoint.call("".join(f"Test-Path -LiteralPath 'Registry::{_long(path)}'\n" for path in asked))
    found = {path for path, answer in zip(asked, there.out.split(), strict=True) if answer == "True"}
    assert found == set(EXPECTED)


def _long(path: str) -> str:
    return path.replace("HKLM\\", "HKEY_LOCAL_MACHINE\\", 1).replace("HKU\\", "HKEY_USERS\\", 1)


@pytest.mark.parametrize("key", EXPECTED)
def test_without_it_each_record_is_true(comparison: Comparison, key: str) -> None:
    assert comparison.without(key) == EXPECTED[key]


def test_in_the_end_all_is_as_it_was(comparison: Comparison) -> None:
    # So each key was taken from the same machine.
    assert comparison.statuses() == comparison.whole
