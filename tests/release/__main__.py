"""Says whether this checkout can be released, or each reason why not: python -m tests.release ENVIRONMENT.

Builds the collection into ENVIRONMENT/release, installs it into an empty folder, and asks Ansible for what is in it.
The bill of materials lies in ENVIRONMENT already (make supply). Tags nothing, and sends nothing anywhere.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

from tests.release.reasons import of_artefact, of_changelog, of_repository

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "offsite.endpoints"


def said(*command: str | Path, cwd: Path = ROOT) -> str:
    """Return what a command says; a CalledProcessError when it ends badly."""
    return subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True, text=True).stdout


def main(arguments: list[str]) -> int:
    """Print the reasons, or what to do next; return 0 when there are none."""
    environment = Path(arguments[0]).resolve()
    version = str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    reasons = [
        *of_repository(version, said("git", "status", "--porcelain"), said("git", "tag", "--list").split()),
        *of_changelog(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")),
    ]
    folder = environment / "release"
    said(environment / "bin/ansible-galaxy", "collection", "build", "--force", "--output-path", folder)
    artefact = folder / f"offsite-endpoints-{version}.tar.gz"
    with tarfile.open(artefact) as archive:
        reasons += of_artefact(archive.getnames())
    with tempfile.TemporaryDirectory() as empty:
        install = ("collection", "install", artefact, "--no-deps", "--collections-path", empty)
        said(environment / "bin/ansible-galaxy", *install, cwd=Path(empty))
        listed = said(environment / "bin/ansible-doc", "--list", "-t", "role", "-M", empty, COLLECTION, cwd=Path(empty))
    if f"{COLLECTION}.vpn_profile" not in listed:
        reasons.append("the built collection does not show its roles when it is installed")
    if not (environment / "bill-of-materials.json").is_file():
        reasons.append("there is no bill of materials: run make supply")
    if reasons:
        print(f"release-check: {version} is not ready:", *reasons, sep="\n  ")
        return 1
    digest = hashlib.sha256(artefact.read_bytes()).hexdigest()
    print(
        f"release-check: {version} is ready: {artefact} (SHA-256 {digest}), with {environment}/bill-of-materials.json"
    )
    print(f"Next: make test sanity real depth on both Pythons, then git tag v{version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
