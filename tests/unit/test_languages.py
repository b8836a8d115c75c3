"""A machine's language changes nothing: no display name in any role or script, and the same results in both."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.windows.machine import Machine
from lab.windows.machine.accounts import BUILTIN_GROUPS
from lab.windows.seed import Variant, build_windows
from tests.samples.roles import planned

ROOT = Path(__file__).resolve().parents[2]
FIREWALL_RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
# Texts for people, where a display name helps and decides nothing.
FOR_PEOPLE = {"name", "title", "why", "reason", "cure", "none", "owner", "says", "msg", "fail_msg", "takes_effect"}
FOR_PEOPLE |= {"short_description", "description", "label"}
# Names in the registry and in property lists, which no language changes; one is "Server", as a service's display name.
NEUTRAL = {"value", "values", "key", "keys"}
INVENTORY = yaml.safe_load((ROOT / "inventory/example/service.yml").read_text(encoding="utf-8"))["all"]["vars"]
DESIRED = {
    **{name: value for name, value in INVENTORY.items() if "{{" not in str(value)},
    "fortissl_proxy_connections": ["fortissl", "IMR"],
    "forticlient_install_accepted_vulnerabilities": INVENTORY["known_unfixed_vulnerabilities"],
    "rdp_enable_users": ["labadmin"],
    "time_sync_enable": True,
    "time_sync_servers": ["ntp1.example.org", "ntp2.example.org", "ntp3.example.org"],
}
ROLES = [
    "forticlient_install",
    "vpn_profile",
    "fortissl_proxy",
    "time_sync",
    "smb_client",
    "smb_firewall_scope",
    "rdp_enable",
]


def machine(language: str, os: str = "11-24H2", edition: str = "Pro", condition: str = "drifted") -> Machine:
    return build_windows("pc", Variant(os, edition, language, condition), 1)


def display_names() -> set[str]:
    """Return what Windows calls its firewall rules, their groups, its services and its groups, in both languages."""
    names = set(BUILTIN_GROUPS.values())
    for language in ("en-US", "ja-JP"):
        one = machine(language)
        texts = [one.registry.data(FIREWALL_RULES, name) for name in one.registry.values(FIREWALL_RULES)]
        resources = {match for text in texts for match in re.findall(r"\|(?:Name|EmbedCtxt)=([^|]+)", text)}
        for service in one.registry.keys(SERVICES):
            if label := one.registry.data(f"{SERVICES}\\{service}", "DisplayName"):
                resources.add(label)
        names |= {one.resource(resource) for resource in resources}
    # Of the client's own rules the name is the same everywhere; it comes from no resource of Windows.
    return {name for name in names if not name.startswith("FortiClient")}


def values(node: Any) -> list[str]:
    """Return every text in YAML data that is neither written for people nor the same everywhere."""
    if isinstance(node, dict):
        return [text for key, item in node.items() if key not in FOR_PEOPLE | NEUTRAL for text in values(item)]
    if isinstance(node, list):
        return [text for item in node for text in values(item)]
    return [node] if isinstance(node, str) else []


def test_the_names_that_are_looked_for_are_those_of_windows():
    names = display_names()
    assert len(names) > 300
    assert {
        "File and Printer Sharing (SMB-In)",
        "ファイルとプリンターの共有 (SMB 受信)",
        "リモート デスクトップ",
        "Remote Desktop Users",
        "Windows Time",
    } <= names


def test_no_role_decides_by_a_display_name():
    names = display_names()
    files = [*ROOT.glob("roles/*/vars/*.yml"), *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/defaults/*.yml")]
    assert len(files) > 30
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for text in values(yaml.safe_load(path.read_text(encoding="utf-8")))
        for name in names
        if text == name or f"'{name}'" in text or f'"{name}"' in text or f"={name}|" in text
    }
    assert found == set()


def test_no_script_or_plugin_has_a_display_name_in_it():
    # A connection's value is called so, too (docs/sources/forticlient.md#values-of-a-tunnel).
    names = display_names() - {"Server"}
    scripts = [
        *ROOT.glob("roles/*/files/*"),
        *ROOT.glob("plugins/modules/*"),
        *ROOT.glob("plugins/plugin_utils/*/*.py"),
    ]
    assert len(scripts) > 20
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in scripts
        if path.is_file()
        for text in re.findall(r"""['"]([^'"\n]+)(?=['"])""", path.read_text(encoding="utf-8"))
        if text in names
    }
    assert found == set()


def test_nothing_that_runs_has_japanese_in_it():
    folders = [ROOT / "roles", ROOT / "plugins", ROOT / "playbooks"]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".yml", ".py", ".ps1")]
    # Sentences for people, shown and never run.
    shown = {ROOT / f"roles/{role}/vars/ja.yml" for role in ("user_page", "self_check")} | {
        ROOT / "roles/endpoint_report/files/words_ja.yml"
    }
    assert shown <= {*files}
    files = [path for path in files if path not in shown]
    assert [p for p in files if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", p.read_text(encoding="utf-8"))] == []


def english(reason: str) -> str:
    """Return a reason with the English names of the network and its interface, which it names as Windows does."""
    return reason.replace('"ネットワーク" on イーサネット', '"Network" on Ethernet')


@pytest.mark.parametrize("condition", ["clean", "half", "drifted", "fresh", "managed"])
@pytest.mark.parametrize(("os", "edition"), [("10-22H2", "Pro"), ("11-23H2", "Home"), ("11-24H2", "Pro")])
@pytest.mark.parametrize("role", ROLES)
def test_a_japanese_machine_gives_the_same_results_as_an_english_one(role, os, edition, condition):
    results = []
    for language in ("en-US", "ja-JP"):
        plan = planned(role, machine(language, os, edition, condition), **DESIRED)
        results.append(Counter((item["control"], item["status"], english(item["reason"])) for item in plan.records))
    assert results[0] == results[1]
    assert results[0].total() > 0
