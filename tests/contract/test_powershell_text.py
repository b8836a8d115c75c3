"""Every .ps1 parses, and is dull: strict, no aliases, nothing evaluated, no text that Windows translates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from tests.contract.vectors import ROOT, SCRIPTS

FILES = sorted(
    path
    for folder in ("plugins", "roles", "tests", "playbooks", "benchmarks", "enroll")
    for path in (ROOT / folder).rglob("*.ps1")
    if ".venv" not in path.parts
)
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))

FORBIDDEN = {
    "Invoke-Expression": "runs text as code",
    "Get-WmiObject": "is not in PowerShell 7; Get-CimInstance is",
    "Invoke-WmiMethod": "is not in PowerShell 7",
    "Add-Type": "compiles on the endpoint, which is slow and is what a virus does",
    "Write-Host": "goes nowhere over WinRM",
    "Get-LocalGroupMember": "fails when a member is an orphan (docs/sources/windows.md#group-members)",
}
LOCALISED = re.compile(r"-Display(Name|Group)\b|\.Display(Name|Group)\b|\.Caption\b|\.StatusText\b", re.IGNORECASE)


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def parse_errors(source: str) -> list[str]:
    tree = PARSER.parse(source.encode())
    return [
        f"line {node.start_point[0] + 1}: {text(node)[:60]!r}"
        for node in nodes(tree.root_node)
        if node.is_error or node.is_missing
    ]


def commands(source: str) -> list[tuple[int, str]]:
    """Return (line, name) of every command that is called."""
    tree = PARSER.parse(source.encode())
    return [(node.start_point[0] + 1, text(node)) for node in nodes(tree.root_node) if node.type == "command_name"]


def not_dull(source: str) -> list[str]:
    found = []
    for line, name in commands(source):
        if "-" not in name:
            found.append(f"line {line}: {name} is an alias, or a program that prints localised text; use a Verb-Noun")
        for forbidden, reason in FORBIDDEN.items():
            if name.lower() == forbidden.lower():
                found.append(f"line {line}: {name} {reason}")
    for number, code in enumerate(source.splitlines(), start=1):
        if not code.lstrip().startswith("#") and LOCALISED.search(code):
            found.append(f"line {number}: text that Windows translates decides nothing: {code.strip()}")
    if not re.search(r"^Set-StrictMode -Version Latest$", source, re.MULTILINE):
        found.append("Set-StrictMode -Version Latest is missing")
    if not re.search(r"^\$ErrorActionPreference = 'Stop'$", source, re.MULTILINE):
        found.append("$ErrorActionPreference = 'Stop' is missing")
    if not source.isascii():
        found.append("Windows PowerShell 5.1 reads a file without BOM in the machine's own code page: keep to ASCII")
    return found


def test_all_scripts_with_vectors_are_among_the_files() -> None:
    assert set(SCRIPTS.values()) <= set(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_parses(path: Path) -> None:
    assert parse_errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_dull(path: Path) -> None:
    assert not_dull(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SCRIPTS.values(), ids=lambda path: path.name)
def test_it_calls_nothing_but_cmdlets_it_is_known_to_need_and_its_own_functions(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    own = set(re.findall(r"^function ([\w-]+)", source, re.MULTILINE))
    cmdlets = {"Set-StrictMode", "Start-Sleep", "Get-CimInstance", "Get-Process"}
    cmdlets |= {"Get-NetFirewallRule", "Set-NetFirewallRule", "Get-NetFirewallAddressFilter"}
    cmdlets |= {"Get-AuthenticodeSignature"}
    cmdlets |= {f"{verb}-VpnConnection" for verb in ("Get", "Add", "Set", "Remove")} | {"Set-VpnConnectionProxy"}
    cmdlets |= {f"{verb}-AppxProvisionedPackage" for verb in ("Get", "Add", "Remove")}
    cmdlets |= {"Get-ComputerRestorePoint", "Enable-ComputerRestore", "Checkpoint-Computer"}
    cmdlets |= {f"New-ScheduledTask{what}" for what in ("Action", "Trigger", "Principal", "SettingsSet")}
    cmdlets |= {"Register-ScheduledTask"}
    assert {name for _line, name in commands(source)} - own - cmdlets == set()


DULL = "Set-StrictMode -Version Latest\n$ErrorActionPreference = 'Stop'\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Get-Process | % { $_.Id }", "alias"),
        ("Get-Process | Where { $_.Id }", "alias"),
        ("netsh advfirewall show allprofiles", "localised"),
        ("Get-WmiObject Win32_Service", "PowerShell 7"),
        ("Invoke-Expression $x", "as code"),
        ("Get-NetFirewallRule -DisplayName 'x'", "translates"),
        ("$x = '日本'", "ASCII"),
    ],
)
def test_the_check_for_dullness_finds(code: str, reason: str) -> None:
    assert any(reason in line for line in not_dull(DULL + code + "\n"))


def test_the_check_for_dullness_finds_a_script_that_is_not_strict() -> None:
    assert len(not_dull("$x = 1\n")) == 2
    assert not_dull(DULL) == []


def test_the_parser_finds_a_missing_brace() -> None:
    assert parse_errors("if ($true) { Get-Item 'x'\n") != []
