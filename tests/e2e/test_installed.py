"""The built artefact, installed by ansible-galaxy, in an empty folder without the checkout's ansible.cfg."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from tests.e2e.conftest import ROOT, program

FLEET = (1, 1)
STARTS = 7
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
# Nothing of the lab, of the tests or of a day's work; what a user of the collection looks for.
NOT_IN_IT = ("lab/", "tests/", "molecule/", "benchmarks/", "records/", ".", "inventory/lab/", "ansible.cfg", "Makefile")
IN_IT = {
    "playbooks/audit.yml",
    "plugins/plugin_utils/records/records.py",
    "roles/rdp_enable/README.md",
    "docs/waivers.md",
    "inventory/example/service.yml",
    "inventory/example.csv",
}
A_WAIVER = """\
- control: smb_firewall_scope.enabled
  hosts: [win-01]
  owner: Suzuki
  reason: replaced next week
  expires: 2027-12-31
"""


class Folder:
    """An empty folder, an inventory in it, and the commands of somebody who has Ansible and the artefact."""

    def __init__(self, path):
        self.path = path
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {
            "ANSIBLE_HOME": str(path / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(path / "collections"),
            # With it one module is one call to a Mac too, and can be counted.
            "ANSIBLE_PIPELINING": "1",
            # The folder is empty but for this; no ansible.cfg of somebody's home either.
            "HOME": str(path),
            # As a shell has it: records go into the folder that a run is started from.
            "PWD": str(path),
        }

    def __call__(self, *command, **environment):
        return subprocess.run(
            [program(command[0]), *command[1:]],
            cwd=self.path,
            env={**self.environment, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def play(self, name, **environment):
        return self("ansible-playbook", "-i", "inventory", f"offsite.endpoints.{name}", **environment)

    def records(self):
        """Return the newest run's."""
        file = max((self.path / "records").glob("*.jsonl"))
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Build it, as the person does who publishes it, in a checkout that has been worked in."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, folder / "checkout", symlinks=True, ignore=NOT_COPIED)
    (folder / "checkout/records").mkdir(exist_ok=True)
    (folder / "checkout/records/run.jsonl").write_text("{}\n", encoding="utf-8")
    subprocess.run(
        [program("ansible-galaxy"), "collection", "build", "--output-path", folder], cwd=folder / "checkout", check=True
    )
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def folder(fleet, archive, tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "an empty folder"
    shutil.copytree(fleet.directory / "lab/inventory", path / "inventory")
    for file in ("groups.yml", "service.yml"):
        shutil.copy(ROOT / "inventory/lab" / file, path / "inventory" / file)
    folder = Folder(path)
    # Its dependencies come with the package `ansible`, in every environment that this is tested in.
    installed = folder("ansible-galaxy", "collection", "install", archive, "--no-deps", "--force", "-p", "collections")
    assert installed.returncode == 0, installed.stdout
    return folder


def test_the_artefact_holds_what_a_user_needs(archive):
    with tarfile.open(archive) as opened:
        files = {name for name in opened.getnames() if name not in ("FILES.json", "MANIFEST.json")}
    assert {name for name in files if name.startswith(NOT_IN_IT)} == set()
    assert files >= IN_IT


def test_audit_site_and_audit_again(folder, fleet):
    before = fleet.calls()
    audit = folder.play("audit")
    assert audit.returncode == 2, audit.stdout
    # One call an endpoint: nobody's facts are gathered, though Ansible gathers them unless reported otherwise.
    assert {name: calls - before[name] for name, calls in fleet.calls().items()} == {"win-01": 1, "mac-01": 1}
    # Without the callback the reason stands above the recap, and Ansible's own lines are as ever.
    assert "PLAY RECAP" in audit.stdout
    assert "Not good: " in audit.stdout

    site = folder.play("site", ANSIBLE_CALLBACKS_ENABLED="offsite.endpoints.endpoint_verdict")
    assert site.returncode == 0, site.stdout
    assert site.stdout.rstrip().splitlines()[-1].startswith("Good: ")
    again = folder.play("site")
    assert again.returncode == 0, again.stdout
    recap = again.stdout[again.stdout.index("PLAY RECAP") :]
    assert recap.count("changed=0 ") == 2, recap
    assert {record["status"] for record in folder.records()} <= {"compliant", "not_applicable"}


def test_waivers_beside_the_hosts_are_waivers_and_no_hosts(folder):
    waivers = folder.path / "inventory/waivers.yml"
    waivers.write_text(A_WAIVER, encoding="utf-8")
    try:
        unguarded = folder.play("audit")
        guarded = folder.play("audit", ANSIBLE_INVENTORY_IGNORE_REGEX=r"^waivers\.yml$")
    finally:
        waivers.unlink()
    assert (unguarded.returncode, guarded.returncode) == (0, 0), unguarded.stdout + guarded.stdout
    assert "waivers.yml" not in guarded.stdout
