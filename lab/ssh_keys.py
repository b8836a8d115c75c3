"""The SSH keys of a lab: one that the controller logs on with everywhere, and one of each Windows machine.

A Mac's own key is part of its state.
"""

from __future__ import annotations

from pathlib import Path

import asyncssh

from lab.windows.net.ssh import Keys

FOLDER = "ssh"
CLIENT_KEY = "id_ed25519"
KNOWN_HOSTS = "known_hosts"


def make(file: Path) -> Path:
    """Make a key pair, unless it is there; return the private key's file, the public half lies beside it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        key = asyncssh.generate_private_key("ssh-ed25519", comment="lab")
        file.touch(mode=0o600)
        key.write_private_key(file)
        key.write_public_key(file.with_suffix(".pub"))
    return file


def make_client_key(folder: Path) -> Path:
    """Make the pair that the controller logs on with, in the folder of the lab's keys, and return the private key."""
    return make(folder / CLIENT_KEY)


def of_windows(folder: Path, name: str) -> Keys:
    """Return the keys of a Windows machine's SSH server."""
    client = make_client_key(folder).with_suffix(".pub").read_text(encoding="ascii")
    return Keys(asyncssh.read_private_key(make(folder / f"{name}.key")), client)
