"""Action plugin `enrollment`: from a machine that was enrolled to one that the inventory knows.

Arguments: `files`, the folder with what enroll/windows.ps1 wrote; `fingerprint`, what a person has compared instead;
`directory`, the inventory's folder; `key`, the private key that passwords were sealed for; `timeout_seconds`.

It looks at the machine's certificate by a handshake and no more. What is to be trusted and how to log on goes into
`host_vars/NAME` below `directory`, the password only as ansible-vault encrypts it. With anything refused nothing is
written.
"""

from __future__ import annotations

import os
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.vault import VaultLib, match_encrypt_secret
from ansible.plugins.action import ActionBase

from ..plugin_utils.handover.enrollment import (
    Enrolled,
    EnrollmentError,
    Pinned,
    found_for,
    judge,
    opened,
    variables,
)
from ..plugin_utils.state.own_name import own_name
from ..plugin_utils.state.reader import DEFAULT_PORTS
from .gateway_certificate import handshake, why_not

ARGUMENTS = {
    "files": {"type": "path"},
    "fingerprint": {"type": "str", "default": ""},
    "directory": {"type": "path", "required": True},
    "key": {"type": "path", "required": True},
    "timeout_seconds": {"type": "int", "default": 5},
}
NO_VAULT = (
    "the password of {account} is sealed in {file}, and no vault password is configured to keep it with: run this "
    "again with --ask-vault-pass, or --vault-id, or vault_password_file in ansible.cfg"
)
NO_PASSWORD = (
    "{file} holds no password: the script showed it on the machine. Put it into the inventory by ansible-vault "
    "(ansible_password), or run enroll/windows.ps1 -NewPassword there with controller.pem beside it"
)


class ActionModule(ActionBase):
    """Look, judge, and write on the controller."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what was taken; fails with what is refused."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        name = own_name(task_vars)
        try:
            return self._enrolled(name, args, task_vars)
        except EnrollmentError as error:
            return {"changed": False, "failed": True, "msg": str(error)}

    def _enrolled(self, name: str, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
            raise EnrollmentError(f"no file can have the name of this machine, {name!r}")
        folder = Path(args["directory"])
        place = Places(folder, name, task_vars.get("inventory_dir"))
        host, port = self._address()
        enrolled = found_for(Path(args["files"]), [name, host]) if args["files"] else None
        # One that was taken before need not have a file again.
        if args["files"] and enrolled is None and not place.pin.is_file():
            raise EnrollmentError(f"enrollment_files: no file in {args['files']} is of {name} or {host}. {FILES}")
        place.check()
        pinned = None
        if enrolled is None or enrolled.transport == "winrm":
            pinned = self._judged(enrolled, args, place, (host, port))
        secret, words = self._secret(enrolled, args["key"], place, task_vars)
        pin = pinned.pin if pinned else known_hosts(enrolled, host)
        file = place.pin if pinned else place.known_hosts
        text = variables(enrolled, place.called(file) if pin else None, secret)
        # Without a file nothing new is known of the account.
        kept = enrolled is None and place.file.is_file()
        changed = place.write({file: pin, place.file: None if kept else text}, pretend=self._task.check_mode)
        notes = [words] if words else []
        if pinned and not pin:
            notes.append(f"it was signed by {pinned.issuer}, and ansible_winrm_ca_trust_path has to name that CA")
        fingerprint = pinned.fingerprint if pinned else ""
        note = "; ".join(notes)
        return {"changed": changed, "fingerprint": fingerprint, "note": note, "variables": str(place.file)}

    def _address(self) -> tuple[str, int]:
        transport = self._connection.transport.rpartition(".")[2]
        if transport not in DEFAULT_PORTS:
            raise EnrollmentError(
                f"ansible_connection is {transport}; a Windows machine is reached by winrm, psrp or ssh"
            )
        host = self._connection.get_option("host" if transport == "ssh" else "remote_addr")
        return str(host), int(self._connection.get_option("port") or DEFAULT_PORTS[transport])

    def _judged(
        self, enrolled: Enrolled | None, args: dict[str, Any], place: Places, address: tuple[str, int]
    ) -> Pinned:
        """Return what the machine is to be known by."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        shown, why = None, ""
        try:
            shown = handshake(address, address[0], context, args["timeout_seconds"])
        except OSError as failure:
            why = why_not(failure, f"{address[0]}:{address[1]}", args["timeout_seconds"])
        trusted, source = args["fingerprint"] or None, "enrollment_fingerprint"
        if enrolled is not None:
            trusted, source = enrolled.certificate, enrolled.file
        elif trusted is None and place.pin.is_file():
            trusted, source = place.pin.read_text(encoding="ascii"), str(place.pin)
        return judge(shown, trusted, source, host=address[0], now=datetime.now(UTC), why=why)

    def _secret(
        self, enrolled: Enrolled | None, key: str, place: Places, task_vars: dict[str, Any]
    ) -> tuple[str | None, str]:
        """Return the password as the vault encrypts it, and what a person has to know when there is none."""
        known = place.secret()
        if enrolled is None or enrolled.transport == "ssh":
            return known, ""
        given = self._templar.template(task_vars.get("ansible_password"))
        if enrolled.sealed is None:
            return known, "" if given else NO_PASSWORD.format(file=enrolled.file)
        password = opened(enrolled.sealed, key)
        if known and given == password:
            return known, ""
        wanted = constants.config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")
        try:
            vault = match_encrypt_secret(self._loader._vault.secrets, wanted)
        except AnsibleError as error:
            raise EnrollmentError(f"the vault cannot encrypt: {error}") from error
        if vault is None:
            return None, NO_VAULT.format(account=enrolled.account, file=enrolled.file)
        return VaultLib().encrypt(password, vault[1], vault_id=vault[0]).decode(), ""


FILES = "Is the name in the inventory that of the machine? windows.ps1 names its file after the machine"


def known_hosts(enrolled: Enrolled | None, host: str) -> str | None:
    """Return the keys of a machine's SSH server in the form of OpenSSH's file."""
    return "".join(f"{host} {key}\n" for key in enrolled.host_keys) if enrolled and enrolled.host_keys else None


class Places:
    """Where it is kept what a machine is known by, and how to log on to it."""

    def __init__(self, folder: Path, name: str, inventory: str | None) -> None:
        self.folder = folder / "host_vars" / name
        self.file = self.folder / "enrollment.yml"
        # No other folder beside an inventory: Ansible takes what lies there for machines.
        self.pin = self.folder / "certificate.pem"
        self.known_hosts = self.folder / "known_hosts"
        self._beside = inventory is not None and Path(inventory).resolve() == folder.resolve()

    def called(self, file: Path) -> str:
        """Return how the inventory calls a file of this machine."""
        return f"{{{{ inventory_dir }}}}/host_vars/{self.folder.name}/{file.name}" if self._beside else str(file)

    def check(self) -> None:
        """Raise EnrollmentError where Ansible would not read both the new file and what is there already."""
        there = [self.folder.with_name(self.folder.name + ending) for ending in (".yml", ".yaml", ".json")]
        for file in [*there, *([] if self.folder.is_dir() else [self.folder])]:
            if file.is_file():
                raise EnrollmentError(
                    f"{file} would not be read any more beside a folder of that name: move it to "
                    f"{self.folder / 'main.yml'}, then run this again"
                )

    def secret(self) -> str | None:
        """Return the encrypted password that is kept already."""
        if not self.file.is_file():
            return None
        text = self.file.read_text(encoding="utf-8").partition("ansible_password: !vault |\n")[2]
        return "\n".join(line.strip() for line in text.splitlines()) or None

    def write(self, texts: dict[Path, str | None], *, pretend: bool) -> bool:
        """Write what differs, whole or not at all; return whether anything did."""
        wanted = {path: text for path, text in texts.items() if text is not None}
        fresh = [path for path in wanted if not path.is_file() or path.read_text(encoding="utf-8") != wanted[path]]
        for path in [] if pretend else fresh:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                new = path.with_suffix(".new")
                with os.fdopen(
                    os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
                ) as out:
                    out.write(wanted[path])
                new.replace(path)
            except OSError as error:
                raise AnsibleActionFail(f"{path} cannot be written ({error.strerror or error})") from error
        return bool(fresh)
