"""The workflows, which nobody can run here: read by what reads them elsewhere, and each of their steps by itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_powershell_text import parse_errors

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
FILES = sorted((ROOT / ".github/workflows").iterdir())
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# What GitHub fills in before the shell sees it.
FILLED_IN = re.compile(r"\$\{\{.*?\}\}")
SHELLS = ("bash", "wsl-bash {0}", "pwsh", "powershell")


def workflow(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes `on` for true.
    return yaml.safe_load(path.read_text(encoding="utf-8").replace("\non:", '\n"on":'))


def jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in FILES:
        for name, job in workflow(path)["jobs"].items():
            yield f"{path.stem} {name}", job


def steps() -> list[tuple[str, str, str]]:
    """Return the steps that a shell runs: what to call one, its shell, its script."""
    return [
        (f"{name} {number}", step.get("shell", "bash"), step["run"])
        for name, job in jobs()
        for number, step in enumerate(job["steps"], start=1)
        if "run" in step
    ]


STEPS = steps()


def scripts(*shells: str) -> list[Any]:
    return [pytest.param(FILLED_IN.sub("x", script), id=name) for name, shell, script in STEPS if shell in shells]


def run(*command: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command], input=text, text=True, capture_output=True, check=False, cwd=ROOT)


def test_there_is_one_for_each_system():
    assert [path.name for path in FILES] == ["macos.yml", "test.yml", "windows.yml"]
    assert {job["runs-on"] for _name, job in jobs()} == {"ubuntu-latest", "windows-latest", "macos-latest"}


def test_they_are_what_github_s_schema_asks_for(tmp_path):
    done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *FILES)
    assert done.returncode == 0, done.stdout
    odd = tmp_path / "odd.yml"
    odd.write_text(FILES[0].read_text(encoding="utf-8").replace("timeout-minutes", "timeout-minuets"), encoding="utf-8")
    assert run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", odd).returncode == 1


def test_an_auditor_of_workflows_finds_nothing(tmp_path):
    """It looks for actions by a name that can move, rights too many, credentials left behind, text run as code."""
    look = (BIN / "zizmor", "--offline", "--no-config", "--persona", "pedantic")
    done = run(*look, "--format", "json", *FILES)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0)
    odd = tmp_path / "odd.yml"
    odd.write_text(re.sub(r"@[0-9a-f]{40} # ", "@", FILES[1].read_text(encoding="utf-8")), encoding="utf-8")
    assert "unpinned-uses" in run(*look, "--format", "json", odd).stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_action_is_pinned_by_its_commit_with_the_release_beside_it(path):
    uses = [
        line.strip().removeprefix("- ") for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line
    ]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_may_only_read(path):
    assert workflow(path)["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow(path)["jobs"].items() if "permissions" in job] == []


def test_no_checkout_leaves_its_token_behind():
    steps = [step for _name, job in jobs() for step in job["steps"] if "actions/checkout" in step.get("uses", "")]
    assert len(steps) == len([*jobs()])
    assert [step for step in steps if step["with"]["persist-credentials"] is not False] == []


def test_each_job_ends_by_itself():
    assert [name for name, job in jobs() if not 1 <= job.get("timeout-minutes", 0) <= 90] == []


def test_no_step_goes_on_after_a_failure():
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r"continue-on-error|\|\| *(?:true|:)|; *true\b|set \+e|exit 0|-ErrorAction +\S*Continue", text
        )
        assert found == [], path.name
    # What comes after a failure keeps what was found, and makes nothing good.
    conditions = {step["if"] for _name, job in jobs() for step in job["steps"] if "if" in step}
    assert conditions == {"${{ !cancelled() }}"}


def test_each_step_names_a_shell_that_is_looked_at_here():
    assert {shell for _name, shell, _script in STEPS} == {*SHELLS}
    # A runner with Windows has another shell where none is named.
    for name, job in jobs():
        if job["runs-on"] == "windows-latest":
            assert [step for step in job["steps"] if "run" in step and "shell" not in step] == [], name


@pytest.mark.parametrize("script", scripts("bash", "wsl-bash {0}"))
def test_bash_can_read_it(script):
    done = run("bash", "-n", text=script)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", scripts("pwsh", "powershell"))
def test_powershell_can_read_it(script, tmp_path):
    assert parse_errors(script + "\n") == []
    program = shutil.which("pwsh")
    if program:
        file = tmp_path / "step.ps1"
        file.write_text(script, encoding="utf-8")
        parser = "[System.Management.Automation.Language.Parser]"
        read = f"$wrong = $null; $null = {parser}::ParseFile('{file}', [ref]$null, [ref]$wrong); @($wrong).Count"
        done = run(program, "-NoProfile", "-Command", read)
        assert done.stdout.strip() == "0", done.stdout + done.stderr


def test_what_they_name_is_there():
    targets = {*re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)}
    asked = {target for _name, _shell, script in STEPS for target in re.findall(r"\bmake ([a-z]+)\b", script)}
    assert asked == {"test", "contract", "depth", "sanity", "supply", "real"}
    assert asked <= targets
    for _name, _shell, script in STEPS:
        for module in re.findall(r"python -m (tests\.[\w.]+)", script):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
        for name in re.findall(r"(?<![\w./])(?:\./)?((?:tests|requirements)/[\w./-]+)", script):
            # What a step makes itself is read by the inventory beside it.
            assert (ROOT / name).exists() or name in inventory_of(Path(name).parent), name


def inventory_of(folder: Path) -> str:
    return (ROOT / folder / "hosts.yml").read_text(encoding="utf-8")
