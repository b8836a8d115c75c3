"""Machines that were enrolled: the right certificate is taken and a wrong one refused; ping says who can be reached.

The lab's listeners show a certificate of their own here, as New-SelfSignedCertificate makes it, and the lab's inventory
trusts somebody else, so that nothing connects by anything but what was taken.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.fleet import ADMIN_NAME, ADMIN_PASSWORD
from tests.e2e.conftest import LabFleet

STARTS = 7
PEM = serialization.Encoding.PEM


def own_certificate(key: rsa.RSAPrivateKey, days: int = 700) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WIN-01")])
    now = datetime.now(UTC) - timedelta(days=1)
    usage = {"digital_signature": True, "key_encipherment": True}
    others = ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    names = [x509.DNSName("WIN-01"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=days))
        .add_extension(
            x509.KeyUsage(**usage, **dict.fromkeys((*others, "encipher_only", "decipher_only"), False)), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    return own_certificate(key)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> Any:
    lab = LabFleet(tmp_path_factory.mktemp("e2e"), 5, 0)
    lab.lab("down")
    tls = lab.directory / "lab/tls"
    private = private_pem(key)
    (tls / "server.pem").write_bytes(private + certificate.public_bytes(PEM))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tls / "ca.pem").write_bytes(own_certificate(other).public_bytes(PEM))
    lab.lab("up")
    (lab.directory / "enrollment.key").write_bytes(private)
    (lab.directory / "vault").write_text("vault of the test")
    try:
        yield lab
    finally:
        lab.close()


def write(folder: Path, name: str, certificate: x509.Certificate, key: rsa.RSAPrivateKey | None) -> None:
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    sealed = key and base64.b64encode(key.public_key().encrypt(ADMIN_PASSWORD.encode(), oaep)).decode()
    said = {
        "enrollment": 1,
        "host_name": name.upper(),
        "names": [name.upper()],
        "transport": "winrm",
        "port": 5986,
        "account": ADMIN_NAME,
        "account_sid": "S-1-5-21-1-2-3-2001",
        "sealed_password": sealed,
        "certificate": certificate.public_bytes(PEM).decode(),
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "host_keys": [],
        "system": "Windows Professional 26100",
        "time": "2026-11-29T12:00:00Z",
        "done": [],
        "told": [],
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{name.upper()}.enrollment.json").write_text(json.dumps(said))


def enroll(fleet: LabFleet, *options: str, vault: bool = True, **variables: str) -> Any:
    given = {"enrollment_key": str(fleet.directory / "enrollment.key"), **variables}
    secret = ["--vault-password-file", str(fleet.directory / "vault")] if vault else []
    return fleet.play("enroll_windows.yml", "-e", json.dumps(given), *secret, *options)


def kept(fleet: LabFleet) -> set[str]:
    folder = fleet.directory / "lab/inventory"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"hosts.yml"}


def test_the_right_certificate_is_taken_and_proved_and_a_wrong_one_is_refused(fleet, key, certificate):
    files = fleet.directory / "files"
    for name in ("win-01", "win-03", "win-05"):
        write(files, name, certificate, key)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write(files, "win-02", own_certificate(stranger), key)
    (files / "WIN-04.enrollment.json").write_text("{")
    run = enroll(fleet, enrollment_files=str(files))
    assert run.code == 2
    assert "shows another certificate than WIN-02.enrollment.json says" in run.output
    assert "WIN-04.enrollment.json cannot be read" in run.output
    taken = {f"host_vars/{name}/certificate.pem" for name in ("win-01", "win-03", "win-05")}
    taken |= {f"host_vars/{name}/enrollment.yml" for name in ("win-01", "win-03", "win-05")}
    assert kept(fleet) == taken
    # The connection was proved, by what was taken alone: the inventory of the lab trusts somebody else.
    assert {name for name, calls in fleet.calls().items() if calls} == {"win-01", "win-03", "win-05"}
    file = fleet.directory / "lab/inventory/host_vars/win-01/enrollment.yml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "ansible_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n" in file.read_text()
    assert ADMIN_PASSWORD not in file.read_text() + run.output


def test_what_is_taken_already_changes_nothing_and_without_a_file_the_fingerprint_is_shown(fleet, certificate):
    folder = fleet.directory / "lab/inventory"
    before = {name: (folder / name).read_bytes() for name in kept(fleet)}
    again = enroll(fleet, "--limit", "win-01,win-03,win-05", enrollment_files=str(fleet.directory / "files"))
    assert again.code == 0, again.output
    assert {name: (folder / name).read_bytes() for name in kept(fleet)} == before
    shown = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    # win-01 is known by what was taken; of win-02 nothing is.
    asked = enroll(fleet, "--limit", "win-01,win-02")
    assert asked.code == 2
    assert f"it shows the certificate {shown}. Compare that" in " ".join(asked.output.split())
    assert {name: (folder / name).read_bytes() for name in kept(fleet)} == before


def test_a_person_who_compared_the_fingerprint_may_say_so(fleet, certificate):
    shown = certificate.fingerprint(hashes.SHA256()).hex().upper()
    run = enroll(fleet, "--limit", "win-02", enrollment_fingerprint=shown)
    assert run.code == 0, run.output
    assert yaml.safe_load((fleet.directory / "lab/inventory/host_vars/win-02/enrollment.yml").read_text()) == {
        "ansible_winrm_ca_trust_path": "{{ inventory_dir }}/host_vars/win-02/certificate.pem",
        "ansible_psrp_ca_cert": "{{ inventory_dir }}/host_vars/win-02/certificate.pem",
    }


def test_ping_says_of_each_why_it_cannot_be_worked_with_and_what_helps(fleet):
    # Not taken: win-04, whose file was broken.
    (fleet.directory / "lab/inventory/host_vars/win-05/main.yml").write_text("ansible_host: no-such-name.invalid\n")
    fleet.fault("win-02", "refuse")
    fleet.fault("win-03", "auth", "--count", "9")
    before = fleet.hashes()
    run = fleet.play("ping.yml", "--vault-password-file", str(fleet.directory / "vault"))
    for name in ("win-02", "win-03"):
        fleet.fault(name, "none")
    assert run.code == 2
    assert {(r["endpoint"], r["control"], r["status"]) for r in run.records} == {
        ("win-01", "endpoint.reachable", "compliant"),
        *((f"win-0{number}", "endpoint.reachable", "unreachable") for number in (2, 3, 4, 5)),
    }
    reasons = {r["endpoint"]: r["reason"] for r in run.records}
    assert "refuses port" in reasons["win-02"] and "enroll/windows.cmd" in reasons["win-02"]
    assert "credentials were rejected" in reasons["win-03"]
    assert "LocalAccountTokenFilterPolicy 1" in reasons["win-03"]
    assert "certificate" in reasons["win-04"] and "playbooks/enroll_windows.yml" in reasons["win-04"]
    assert "the name no-such-name.invalid has no address" in reasons["win-05"]
    assert run.output.strip().splitlines()[-1].startswith("Not good: 1 of 1 control on 1 of 5 endpoints compliant")
    assert fleet.hashes() == before


TASK = "OffsiteEndpoints-Enrollment"


def retire(fleet: LabFleet, limit: str) -> Any:
    vault = ("--vault-password-file", str(fleet.directory / "vault"))
    return fleet.play("retire.yml", "--limit", limit, *vault, "-e", "enrollment=remove")


def test_where_not_all_is_retired_no_machine_loses_its_way_in(fleet):
    before = fleet.hashes()
    run = retire(fleet, "win-01,win-04")
    assert run.code == 2
    assert "Take the enrolment off" not in run.output
    assert fleet.hashes() == before


def test_retiring_takes_the_enrolment_off_as_well(fleet):
    machine = fleet.directory / "lab/machines/win-01.json"
    ended = threading.Event()

    def windows() -> None:
        # The lab runs no scheduled tasks: this is what the task does to the controller.
        while not ended.wait(0.2):
            if TASK in machine.read_text():
                fleet.fault("win-01", "refuse")
                return

    thread = threading.Thread(target=windows)
    thread.start()
    try:
        run = retire(fleet, "win-01")
    finally:
        ended.set()
        thread.join()
        fleet.fault("win-01", "none")
    assert run.code == 0, run.output
    assert TASK in machine.read_text()
