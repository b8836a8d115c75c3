"""first_day.yml on a simulated PC and Mac: seven runs each, and a file that tells nothing of the machine. Long."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import LabFleet

pytestmark = pytest.mark.depth
# win-04 has no client yet, so that all is to be done there.
FLEET = (4, 1)


@pytest.mark.parametrize(
    ("host", "system", "settled"),
    [
        ("win-04", "Windows", "reader_windows rerun retire restore_point connection_hklm users_proxy firewall_scope"),
        ("mac-01", "Darwin", "reader_mac rerun"),
    ],
)
def test_a_machine_settles_its_questions(fleet: LabFleet, host: str, system: str, settled: str) -> None:
    folder = fleet.directory / "first_day"
    before = fleet.hashes()
    given = ["-e", f"first_day_endpoint={host}", "-e", f"first_day_directory={folder}"]
    done = fleet.command("ansible-playbook", *fleet.inventory, "playbooks/first_day.yml", *given)
    assert done.returncode == 0, done.stdout
    for name in settled.split():
        assert f"\n      {name}: yes\n" in done.stdout, done.stdout
    text = (folder / f"settled-{system}.md").read_text(encoding="utf-8")
    told = [host, "labadmin", "yamada", "Yamada", "127.0.0.1", str(fleet.directory), "S-1-5-21"]
    assert [name for name in told if name in text] == []
    others = {name: digest for name, digest in before.items() if name != host}
    assert {name: digest for name, digest in fleet.hashes().items() if name in others} == others


def test_a_machine_that_is_not_there_is_refused(fleet: LabFleet) -> None:
    done = fleet.command(
        "ansible-playbook", *fleet.inventory, "playbooks/first_day.yml", "-e", "first_day_endpoint=nb-9"
    )
    assert done.returncode == 2
    assert "first_day_endpoint: 'nb-9' is no machine of 'laptops' or 'office_pcs' in this inventory" in " ".join(
        done.stdout.split()
    )
