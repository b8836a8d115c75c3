"""What enroll/windows.ps1 wrote about a machine, held against what the machine shows, and what is kept of it.

A file is data that came on a stick: nothing in it is believed before its certificate is the one that the machine shows,
and nothing of it is used for another machine than the one that it names.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ..values.bounded import cut
from .certificate import fits

SUFFIX = ".enrollment.json"
LONGEST_FILE = 100_000
AGAIN = "run enroll/windows.cmd there once more, and take the file that it writes"
_TEXTS = {"host_name": r"[\w-]{1,63}", "account": r"[A-Za-z0-9._-]{1,20}", "transport": "winrm|ssh"}
_HOST_KEY = re.compile(r"(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/=]+( [\w@.-]*)?")
_NAME = re.compile(r"[\w.:-]{1,253}")


class EnrollmentError(ValueError):
    """What is refused, with what to do about it."""


@dataclass(frozen=True)
class Enrolled:
    """What a file says of a machine; `certificate` is PEM (None over SSH), `sealed` base64 or None."""

    file: str
    host_name: str
    names: tuple[str, ...]
    transport: str
    account: str
    certificate: str | None
    sealed: str | None
    host_keys: tuple[str, ...]


@dataclass(frozen=True)
class Pinned:
    """The certificate that a machine is to be known by: `pin` is PEM, or None where a CA that is trusted signed it."""

    fingerprint: str
    pin: str | None
    issuer: str = ""


def read(path: Path) -> Enrolled:
    """Return what a file says. Raises EnrollmentError."""
    try:
        text = path.read_bytes()
        if len(text) > LONGEST_FILE:
            raise EnrollmentError(f"{path}: {len(text)} bytes, which no file of enroll/windows.ps1 has; {AGAIN}")
        said = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise EnrollmentError(f"{path} cannot be read ({error}); {AGAIN}") from error
    if not isinstance(said, dict) or said.get("enrollment") != 1:
        raise EnrollmentError(f"{path} is no file of enroll/windows.ps1 (enrollment has to be 1); {AGAIN}")
    wrong = [name for name, form in _TEXTS.items() if not re.fullmatch(form, str(said.get(name)))]
    wrong += [] if _are(said.get("names"), _NAME) else ["names"]
    wrong += [] if _are(said.get("host_keys"), _HOST_KEY) else ["host_keys"]
    sealed, certificate = said.get("sealed_password"), said.get("certificate")
    wrong += [] if sealed is None or isinstance(sealed, str) else ["sealed_password"]
    if said.get("transport") == "winrm" and not _same(certificate, said.get("fingerprint")):
        wrong.append("certificate and fingerprint, which do not belong together")
    if wrong:
        raise EnrollmentError(f"{path}: not as enroll/windows.ps1 writes it: {', '.join(wrong)}; {AGAIN}")
    names, keys = tuple(said["names"]), tuple(said["host_keys"])
    return Enrolled(path.name, said["host_name"], names, said["transport"], said["account"], certificate, sealed, keys)


def _are(values: Any, form: re.Pattern[str]) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) and form.fullmatch(one) for one in values)


def _same(certificate: Any, fingerprint: Any) -> bool:
    try:
        return plain(fingerprint_of(loaded(certificate))) == plain(str(fingerprint))
    except EnrollmentError:
        return False


def found_for(folder: Path, names: Iterable[str]) -> Enrolled | None:
    """Return what the folder's files say of the machine with one of these names; None without a file.

    Raises EnrollmentError for a folder without files, for two files of one machine, and for a broken one that may be
    the machine's.
    """
    files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    if not files:
        raise EnrollmentError(f"enrollment_files: {folder} holds no file that ends in {SUFFIX}")
    wanted = {part.casefold() for name in names for part in (name, name if _is_address(name) else name.split(".")[0])}
    found: list[Enrolled] = []
    for file in files:
        by_name = file.name.removesuffix(SUFFIX).casefold() in wanted
        try:
            one = read(file)
        except EnrollmentError:
            if by_name:
                raise
            continue
        if by_name or wanted & {name.casefold() for name in (one.host_name, *one.names)}:
            found.append(one)
    if len(found) > 1:
        raise EnrollmentError(f"{' and '.join(one.file for one in found)} are both of this machine: keep the newer one")
    return found[0] if found else None


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def loaded(pem: Any) -> x509.Certificate:
    """Return a certificate. Raises EnrollmentError."""
    try:
        return x509.load_pem_x509_certificate(str(pem).encode())
    except ValueError as error:
        raise EnrollmentError(f"no certificate: {error}") from error


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 as windows.ps1 shows it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def plain(fingerprint: str) -> str:
    """Return a fingerprint as it is compared, however it was typed.

    >>> plain("ab:CD 01") == plain("ABCD01")
    True
    """
    return re.sub(r"[^0-9A-F]", "", fingerprint.upper())


def judge(shown: bytes | None, trusted: str | None, source: str, *, host: str, now: datetime, why: str = "") -> Pinned:
    """Return what the machine at `host` is to be known by. Raises EnrollmentError for what is not to be trusted.

    `shown` is the certificate that it shows (DER), None when it cannot be reached, `why` then says why; `trusted` is
    the fingerprint or the certificate (PEM) that `source` gave, None when nobody gave one.
    """
    given = loaded(trusted) if trusted and trusted.startswith("-----") else None
    wanted = fingerprint_of(given) if given else trusted
    try:
        certificate = x509.load_der_x509_certificate(shown) if shown is not None else given
    except ValueError as error:
        raise EnrollmentError(f"what answers at {host} shows a certificate that cannot be read ({error})") from error
    if certificate is None:
        raise EnrollmentError(why or "there is no certificate to look at")
    found = fingerprint_of(certificate)
    if wanted is None:
        raise EnrollmentError(
            f"it shows the certificate {found}. Compare that with what enroll/windows.ps1 shows on the machine itself, "
            f"and if they are the same: --limit NAME -e enrollment_fingerprint={found}. Nothing was written"
        )
    if plain(wanted) != plain(found):
        raise EnrollmentError(
            f"what answers at {host} shows another certificate than {source} says. It shows {found}, and {wanted} is "
            f"expected. It is another machine (look at ansible_host), somebody is in between, or the script ran again "
            f"since: {AGAIN}. Nothing was written"
        )
    _check(certificate, host, now)
    issuer = certificate.issuer.rfc4514_string()
    if certificate.issuer != certificate.subject:
        return Pinned(found, None, cut(issuer, 200))
    return Pinned(found, certificate.public_bytes(serialization.Encoding.PEM).decode(), "")


def _check(certificate: x509.Certificate, host: str, now: datetime) -> None:
    end = certificate.not_valid_after_utc
    if end <= now:
        raise EnrollmentError(
            f"the certificate expired on {end:%Y-%m-%d}: run enroll/windows.cmd there, which renews it"
        )
    if certificate.not_valid_before_utc > now:
        raise EnrollmentError(
            "the certificate is not valid yet: set the clock of this controller, or of the machine, right"
        )
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise EnrollmentError("the certificate has no alternative name, so no client takes it. " + AGAIN) from None
    known = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    if not fits(host, known):
        shown = cut(", ".join(known), 200)
        raise EnrollmentError(
            f"the certificate is for {shown}, not for {host}: put one of those into ansible_host, or run "
            f"enroll/windows.ps1 -Name {host} on the machine, and take the file that it writes"
        )


def opened(sealed: str, key_file: str) -> str:
    """Return the password that was sealed to the owner of this private key. Raises EnrollmentError."""
    try:
        key = serialization.load_pem_private_key(Path(key_file).expanduser().read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("no RSA key")
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise EnrollmentError(
            f"enrollment_key: {key_file} is no private key that can be read ({error}); it belongs to controller.pem"
        ) from error
    try:
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        return key.decrypt(base64.b64decode(sealed, validate=True), oaep).decode("ascii")
    except ValueError as error:
        raise EnrollmentError(
            f"the password was sealed for another key than {key_file}: name the one that belongs to the controller.pem "
            "on that stick (enrollment_key), or run enroll/windows.ps1 -NewPassword there"
        ) from error


def variables(enrolled: Enrolled | None, pin_path: str | None, secret: str | None) -> str:
    """Return the file of the machine's connection variables; `secret` is a vault's text, never a clear one."""
    lines = [
        "# Written by playbooks/enroll_windows.yml, which renews it. What else there is to say goes beside it.",
        "---",
    ]
    if enrolled:
        lines.append(f"ansible_user: {json.dumps(enrolled.account)}")
    if enrolled and enrolled.transport == "ssh":
        lines += ["ansible_connection: ssh", "ansible_port: 22", "ansible_shell_type: powershell"]
        if pin_path:
            lines.append(f"ansible_ssh_extra_args: {json.dumps(f'-o UserKnownHostsFile={pin_path}')}")
    elif pin_path:
        names = ("ansible_winrm_ca_trust_path", "ansible_psrp_ca_cert")
        lines += [f"{name}: {json.dumps(pin_path)}" for name in names]
    if secret:
        lines += ["ansible_password: !vault |", *(f"  {line}" for line in secret.strip().splitlines())]
    return "\n".join(lines) + "\n"
