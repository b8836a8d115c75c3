"""`retire.yml` (every role's `state: absent`) gives back the machines as they were; docs/retire.md lists what stays.

The short tests look at the same in test_lost_answers.py, where machines are prepared and retired anyhow.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.samples.states import differences

pytestmark = pytest.mark.depth
FLEET = (4, 1)
FORTICLIENT = r"HKLM:\SOFTWARE\Fortinet\FortiClient"
# docs/retire.md, What stays: of a client that was installed by us, and of the restore point before it.
STAYS = re.compile(
    r"/SOFTWARE/keys/Fortinet |/Services/keys/(FortiFilter|ftsvnic|ftvnic|pppop) "
    r"|/FirewallRules/values/\{[0-9A-F-]+\} .*Name=FortiClient Network Services\|"
    r"|Program Files\\Fortinet |WINDOWS\\Installer |/CurrentVersion/keys/Installer "
    r"|/CurrentVersion/keys/SPP |/SystemRestore/values/RPSessionInterval |^/restore_points "
)


# FortiClient's programs on a Mac were started anew, so they are other processes.
RESTARTED = re.compile(r"^/launchd/jobs/.*com\.fortinet\..*/pid ")


def states(fleet) -> dict[str, Any]:
    folder = fleet.directory / "lab/machines"
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}


def unexpected(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what is other on a machine than before and not listed as staying."""
    stays = RESTARTED if "launchd" in before else STAYS if had_no_client(before) else None
    return [line for line in differences(before, after) if not (stays and stays.search(line))]


def had_no_client(before: dict[str, Any]) -> bool:
    """Say whether the machine had no client, so that what a client leaves is ours."""
    return not any("FortiClient.exe" in path for path in before["files"]["entries"])


def test_retire_gives_every_machine_back_as_it_was(fleet):
    # Clients that have never made these keys: the roles do, and take them away again.
    for host, key in (("win-02", "FA_UPDATE"), ("win-03", "FA_UPDATE"), ("win-03", "Sslvpn")):
        missing = {"path": rf"{FORTICLIENT}\{key}", "state": "absent", "delete_key": True}
        assert fleet.adhoc(host, "ansible.windows.win_regedit", missing).returncode == 0
    before, before_hashes = states(fleet), fleet.hashes()
    assert fleet.play("site.yml").code == 0
    prepared = fleet.hashes()
    assert all(prepared[name] != before_hashes[name] for name in prepared)

    dry = fleet.play("retire.yml", "--check", "--diff")
    assert dry.code == 0, dry.output
    assert fleet.hashes() == prepared
    assert "run retire.yml for this endpoint" in dry.output

    gone = fleet.play("retire.yml")
    assert gone.code == 0, gone.output
    assert gone.of_status("fixed") == dry.of_status("drifted")
    after = states(fleet)
    assert {name: lines for name in before if (lines := unexpected(before[name], after[name]))} == {}
    retired = fleet.hashes()
    windows = [name for name in before if name.startswith("win")]
    fresh = {name for name in windows if had_no_client(before[name])}
    assert {name for name in windows if retired[name] != before_hashes[name]} == fresh == {"win-04"}

    again = fleet.play("retire.yml")
    assert again.code == 0, again.output
    assert again.of_status("fixed") == set()
    assert fleet.hashes() == retired


def test_one_machine_is_retired_and_the_others_stay_prepared(fleet):
    before = fleet.hashes()
    assert fleet.play("site.yml").code == 0
    prepared = fleet.hashes()
    one = fleet.play("retire.yml", "--limit", "win-03")
    assert one.code == 0, one.output
    assert {record["endpoint"] for record in one.records} == {"win-03"}
    assert fleet.hashes() == {**prepared, "win-03": before["win-03"]}


def test_a_laptop_that_is_off_is_reported_and_retired_by_the_next_run(fleet):
    fleet.fault("win-01", "power_off")
    run = fleet.play("retire.yml")
    fleet.fault("win-01", "none")
    assert run.code == 2
    assert run.of_status("unreachable") == {("win-01", "endpoint.reachable", None)}
    assert fleet.play("retire.yml").code == 0
