"""The whole way on one real machine, seen by its records alone: python -m tests.runners INVENTORY [FOLDER OF RECORDS].

Look, prepare, prepare again, audit, take off, look again. Ends with 0 when what is not good is in expected.yml, the
second run changes nothing, and all is as it was when it has been taken off. The workflows of .github run it on a
runner with Windows and on one with macOS; a test runs it on the lab.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOT_MEASURED = ("error", "unreachable")
NOT_GOOD = ("drifted", "managed_elsewhere", "waiver_expired", "stale", "offsite")
Records = Sequence[Mapping[str, Any]]
Identity = tuple[str, str, str | None, str]


def main(arguments: Sequence[str]) -> int:
    """Go the whole way, print what is wrong after each step, and return the exit code."""
    inventory, folder = Path(arguments[0]).resolve(), Path(*arguments[1:] or ("records",)).resolve()
    expected = yaml.safe_load((HERE / "expected.yml").read_text(encoding="utf-8"))
    wrong = 0
    found: dict[str, Records] = {}
    for step, playbook, options in (
        ("look", "site.yml", ["--check", "--diff"]),
        ("prepare", "site.yml", []),
        ("prepare again", "site.yml", []),
        ("audit", "audit.yml", []),
        ("take off", "retire.yml", []),
        ("look again", "site.yml", ["--check", "--diff"]),
    ):
        print(f"::group::{step}", flush=True)
        found[step], changed = play(playbook, options, inventory, folder)
        print("::endgroup::")
        told = [*judged(step, found, changed, expected)]
        print(f"{step}: {len(found[step])} records, {len(told) or 'nothing'} wrong", *told, sep="\n  ", flush=True)
        wrong += len(told)
    return 1 if wrong else 0


def play(playbook: str, options: Sequence[str], inventory: Path, folder: Path) -> tuple[Records, int]:
    """Run a playbook; return the records that it left, and how many tasks changed something."""
    before = {*folder.glob("*.jsonl")}
    command: list[str | Path] = [
        Path(sys.executable).parent / "ansible-playbook",
        "-i",
        inventory,
        "-i",
        HERE / "values.yml",
    ]
    more: list[str | Path] = ["-e", f"endpoint_report_directory={folder}", ROOT / "playbooks" / playbook, *options]
    # Ansible's own output tells how many tasks changed something, and more of what a real machine says.
    environment = {**os.environ, "OFFSITE_OUTPUT": "ansible", "PYTHONUTF8": "1"}
    run = subprocess.run(
        [*command, *more], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    said = run.stdout.decode(errors="replace")
    print(said, flush=True)
    lines = [line for file in {*folder.glob("*.jsonl")} - before for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines], sum(map(int, re.findall(r"\bchanged=(\d+)", said)))


def judged(step: str, found: Mapping[str, Records], changed: int, expected: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a step, a line each; `found` has the records of the steps so far."""
    records = found[step]
    if not records:
        yield "no record was left: the run was refused, or broke off"
    yield from (line(item) for item in records if item["status"] in NOT_MEASURED)
    if step in ("prepare", "prepare again", "audit"):
        yield from (
            line(item)
            for item in records
            if item["status"] in NOT_GOOD and not {item["role"], item["control"]} & {*expected}
        )
    if step == "prepare again":
        yield from (f"fixed a second time: {line(item)}" for item in records if item["status"] == "fixed")
        if changed:
            yield f"changed={changed} in the second run; 0 is wanted"
    if step == "look again":
        before, now = values(found["look"]), values(records)
        yield from (
            f"not as it was: {' '.join(map(str, key))}: {before.get(key)!r} before, {now.get(key)!r} now"
            for key in sorted({*before, *now}, key=str)
            if before.get(key) != now.get(key)
        )


def values(records: Records) -> dict[Identity, tuple[str, Any]]:
    """Return status and value of each control."""
    return {
        (item["endpoint"], item["control"], item["instance"], item["scope"]): (item["status"], item["actual"])
        for item in records
    }


def line(item: Mapping[str, Any]) -> str:
    """Return a record in a line."""
    name = " ".join(filter(None, (item["endpoint"], item["control"], item["instance"])))
    return f"{name}: {item['status']}: {item['reason']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
