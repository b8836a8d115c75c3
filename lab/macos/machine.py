"""One simulated Mac as the lab sees it: a JSON file of facts and a directory tree."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lab.macos.ownership import Ownership
from lab.macos.paths import Paths
from lab.macos.state import State, dump
from lab.macos.toolset import TOOL_FOLDERS

TEMPORARY = ("/private/tmp", "/private/var/folders", "/private/var/tmp")


class MacMachine:
    """`<directory>/<name>.json` and `<directory>/<name>.root/`."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.file = directory.resolve() / f"{name}.json"
        self.root = directory.resolve() / f"{name}.root"
        self.state = State(str(self.file))

    @property
    def paths(self) -> Paths:
        """Translation between the machine's paths and those of the tree."""
        users = self.state.read()["users"]
        return Paths(str(self.root), {name: user["home"] for name, user in users.items()})

    @property
    def ownership(self) -> Ownership:
        """Owners and modes of the machine's files."""
        return Ownership(self.state, self.paths)

    @property
    def ssh_user(self) -> str:
        """The account that the controller logs on with."""
        return str(self.state.read()["ssh_user"])

    @property
    def host_key(self) -> asyncssh.SSHKey:
        """The machine's SSH host key: made from its seed, so that it is the same after every start."""
        secret = hashlib.sha256(f"host key of {self.name}/{self.state.read()['seed']}".encode()).digest()
        key = Ed25519PrivateKey.from_private_bytes(secret)
        return asyncssh.import_private_key(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))

    def known_hosts_line(self, host: str, port: int) -> str:
        """Return the line of a known_hosts file for this machine, with its line end."""
        return f"[{host}]:{port} {self.host_key.export_public_key().decode().strip()}\n"

    def fingerprint(self) -> str:
        """Return the SHA-256 over facts and files, without temporary files, Ansible's own and the lab's faults."""
        left_out = ("files", "faults")
        facts: dict[str, Any] = {name: value for name, value in self.state.read().items() if name not in left_out}
        digest = hashlib.sha256(dump(facts))
        for line in self.listing():
            digest.update(line.encode())
        return digest.hexdigest()

    def listing(self) -> list[str]:
        """Return a line for each file of the state: path, type and mode, owner, digest or link target; tabs between."""
        ownership = self.ownership
        lines = []
        for key in self._walk("/"):
            real = Path(f"{self.root}{key}")
            found = real.lstat()
            uid, gid, mode = ownership.of(key, found.st_mode)
            if stat.S_ISLNK(found.st_mode):
                content = f"-> {real.readlink()}"
            elif stat.S_ISREG(found.st_mode):
                content = hashlib.sha256(real.read_bytes()).hexdigest()
            else:
                content = ""
            lines.append(f"{key}\t{stat.filemode(stat.S_IFMT(found.st_mode) | mode)}\t{uid}:{gid}\t{content}\n")
        return lines

    def _walk(self, folder: str) -> Iterator[str]:
        for name in sorted(os.listdir(f"{self.root}{folder}")):
            key = f"{folder.rstrip('/')}/{name}"
            if key in TEMPORARY or key in TOOL_FOLDERS or name == ".ansible":
                continue
            yield key
            real = f"{self.root}{key}"
            if os.path.isdir(real) and not os.path.islink(real):
                yield from self._walk(key)
