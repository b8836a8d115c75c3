"""What enroll/windows.ps1 wrote: read, found for its machine, held against what the machine shows, opened, and kept."""

from __future__ import annotations

import base64
import ipaddress
import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from plugins.plugin_utils.handover.enrollment import (
    Enrolled,
    EnrollmentError,
    Pinned,
    found_for,
    judge,
    loaded,
    opened,
    plain,
    read,
    variables,
)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def certificate(names=("NB-0101", "192.0.2.7"), days=700, issuer="NB-0101", begin=-1):
    subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("NB-0101", issuer))
    start = NOW + timedelta(days=begin)
    builder = x509.CertificateBuilder(signer, subject, KEY.public_key(), 7, start, start + timedelta(days=days))
    if names:
        known = [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return builder.sign(KEY, hashes.SHA256())


OURS, OTHER = certificate(), certificate(names=("NB-0102",))


def print_of(one):
    return one.fingerprint(hashes.SHA256()).hex(":").upper()


def said(**other):
    return {
        "enrollment": 1,
        "host_name": "NB-0101",
        "names": ["nb-0101.example.org", "NB-0101"],
        "transport": "winrm",
        "account": "ansible",
        "certificate": OURS.public_bytes(PEM).decode(),
        "fingerprint": print_of(OURS),
        "sealed_password": None,
        "host_keys": [],
        **other,
    }


def write(folder, name="NB-0101", **other):
    path = folder / f"{name}.enrollment.json"
    path.write_text(json.dumps(said(**other)))
    return path


def test_a_file_is_read(tmp_path):
    assert read(write(tmp_path)) == Enrolled(
        "NB-0101.enrollment.json",
        "NB-0101",
        ("nb-0101.example.org", "NB-0101"),
        "winrm",
        "ansible",
        OURS.public_bytes(PEM).decode(),
        None,
        (),
    )


def test_a_sealed_password_stays_as_it_is(tmp_path):
    assert read(write(tmp_path, sealed_password="c2VhbGVk")).sealed == "c2VhbGVk"


NOT_SO = "not as enroll/windows.ps1 writes it: "


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"enrollment": 2}, "enrollment has to be 1"),
        ({"account": "a\nansible_connection: local"}, f"{NOT_SO}account;"),
        ({"host_name": "../NB"}, f"{NOT_SO}host_name;"),
        ({"names": ["x y"]}, f"{NOT_SO}names;"),
        ({"names": "NB"}, f"{NOT_SO}names;"),
        ({"transport": "local"}, f"{NOT_SO}transport;"),
        ({"fingerprint": print_of(OTHER)}, f"{NOT_SO}certificate and fingerprint, which do not belong together;"),
        ({"certificate": None}, f"{NOT_SO}certificate and fingerprint, which do not belong together;"),
        ({"sealed_password": 7}, f"{NOT_SO}sealed_password;"),
        ({"host_keys": ["ssh-ed25519 AAAA\nnb-2 ssh-rsa AAAA"]}, f"{NOT_SO}host_keys;"),
        ({"names": [], "host_name": "", "sealed_password": 7}, f"{NOT_SO}host_name, sealed_password;"),
        ({"told": ["x" * 200_000]}, "which no file of"),
    ],
)
def test_what_the_script_never_writes_is_refused(tmp_path, other, words):
    with pytest.raises(EnrollmentError, match=words):
        read(write(tmp_path, **other))


@pytest.mark.parametrize(
    "names",
    [
        ["nb-0101.example.org", "192.0.2.7"],
        ["NB-0101", "x"],
        ["laptop-07", "nb-0101.example.org"],
        ["laptop-07", "nb-0101.another.example.org"],
    ],
)
def test_a_file_is_found_by_the_names_of_its_machine(tmp_path, names):
    write(tmp_path, "NB-0102", host_name="NB-0102", names=["NB-0102"])
    write(tmp_path)
    assert found_for(tmp_path, names).host_name == "NB-0101"


def test_no_file_is_of_another_machine(tmp_path):
    write(tmp_path)
    assert found_for(tmp_path, ["nb-01.example.org", "192.0.2.7"]) is None
    # 192 is no name of a machine.
    write(tmp_path, "192", host_name="192", names=["192"])
    assert found_for(tmp_path, ["192.0.2.7"]) is None


def test_two_files_a_broken_one_and_none_are_refused(tmp_path):
    with pytest.raises(EnrollmentError, match=r"holds no file that ends in \.enrollment\.json"):
        found_for(tmp_path, ["nb-0101"])
    write(tmp_path, "copy")
    (tmp_path / "NB-0102.enrollment.json").write_text("{")
    assert found_for(tmp_path, ["nb-0101"]).file == "copy.enrollment.json"
    with pytest.raises(EnrollmentError, match=r"NB-0102\.enrollment\.json cannot be read"):
        found_for(tmp_path, ["nb-0102"])
    write(tmp_path)
    both = r"^NB-0101\.enrollment\.json and copy\.enrollment\.json are both of this machine: keep the newer one$"
    with pytest.raises(EnrollmentError, match=both):
        found_for(tmp_path, ["nb-0101"])


def test_a_folder_that_is_none_has_no_file(tmp_path):
    file = write(tmp_path)
    with pytest.raises(EnrollmentError, match="holds no file"):
        found_for(file, ["nb-0101"])


def test_an_address_of_ipv6_is_no_name_with_a_first_part(tmp_path):
    write(tmp_path, "fe80", host_name="fe80", names=["fe80"])
    assert found_for(tmp_path, ["fe80.1::1"]) is None


def judged(shown, trusted, host="nb-0101", **other):
    return judge(shown and shown.public_bytes(DER), trusted, "the file", host=host, now=NOW, **other)


@pytest.mark.parametrize("host", ["nb-0101", "NB-0101", "192.0.2.7"])
@pytest.mark.parametrize(
    "trusted",
    [OURS.public_bytes(PEM).decode(), print_of(OURS), print_of(OURS).lower()],
    ids=["certificate", "fingerprint", "in small letters"],  # the key is another one each time
)
def test_the_certificate_that_is_expected_is_taken(trusted, host):
    pinned = judged(OURS, trusted, host)
    assert pinned.fingerprint == print_of(OURS)
    assert loaded(pinned.pin) == OURS


def test_one_that_a_ca_signed_is_not_pinned():
    signed = certificate(issuer="The department's CA")
    assert judged(signed, print_of(signed)) == Pinned(print_of(signed), None, "CN=The department's CA")
    assert judged(OURS, print_of(OURS)).issuer == ""


@pytest.mark.parametrize(
    ("shown", "trusted", "host", "words"),
    [
        (OTHER, OURS, "nb-0101", "shows another certificate than the file says"),
        (OURS, None, "nb-0101", f"it shows the certificate {print_of(OURS)}. Compare"),
        (OURS, OURS, "nb-0999", "is for NB-0101, 192.0.2.7, not for nb-0999"),
        (certificate(days=0.5), None, "nb-0101", "expired on "),
        (certificate(begin=-1, days=1), None, "nb-0101", "^the certificate expired on 2026-11-29: run"),
        (certificate(begin=2), None, "nb-0101", "^the certificate is not valid yet: set the clock of this .*, right$"),
        (
            certificate(names=()),
            None,
            "nb-0101",
            "^the certificate has no alternative name, so no client takes it. run",
        ),
    ],
    ids=["another", "not compared", "of another name", "expired", "at its last second", "too early", "without names"],
)
def test_a_wrong_one_is_refused_with_its_reason(shown, trusted, host, words):
    expected = trusted and print_of(trusted)
    if trusted is None and "Compare" not in words:
        expected = print_of(shown)
    with pytest.raises(EnrollmentError, match=words):
        judged(shown, expected, host)


def test_a_machine_that_is_off_is_known_by_its_file_and_without_one_by_nothing():
    assert loaded(judged(None, OURS.public_bytes(PEM).decode()).pin) == OURS
    with pytest.raises(EnrollmentError, match="nobody answers"):
        judged(None, print_of(OURS), why="nobody answers")
    with pytest.raises(EnrollmentError, match=r"^there is no certificate to look at$"):
        judged(None, print_of(OURS))


def test_one_that_begins_right_now_is_valid():
    assert judged(certificate(begin=0), print_of(certificate(begin=0)))


def test_what_is_no_certificate_is_refused():
    with pytest.raises(EnrollmentError, match="cannot be read"):
        judge(b"x", None, "the file", host="nb-0101", now=NOW)
    with pytest.raises(EnrollmentError, match=r"^no certificate: .+"):
        loaded("x")


def test_a_sealed_password_is_opened_by_its_key_alone(tmp_path):
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    sealed = base64.b64encode(KEY.public_key().encrypt(b"s3cret", oaep)).decode()
    for name, key in (("right", KEY), ("wrong", rsa.generate_private_key(public_exponent=65537, key_size=2048))):
        text = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (tmp_path / name).write_bytes(text)
    assert opened(sealed, str(tmp_path / "right")) == "s3cret"
    cure = r"on that stick \(enrollment_key\), or run enroll/windows.ps1 -NewPassword there$"
    with pytest.raises(EnrollmentError, match=f"sealed for another key than .*/wrong: .* {cure}"):
        opened(sealed, str(tmp_path / "wrong"))
    with pytest.raises(EnrollmentError, match="sealed for another key"):
        opened(f"{sealed}\n", str(tmp_path / "right"))
    with pytest.raises(EnrollmentError, match="is no private key that can be read"):
        opened(sealed, str(tmp_path / "none"))
    curve = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "curve").write_bytes(
        curve.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(EnrollmentError, match=r"can be read \(no RSA key\); it belongs to controller.pem$"):
        opened(sealed, str(tmp_path / "curve"))


def test_the_variables_are_yaml_with_the_password_in_the_vault_s_words_alone(tmp_path):
    enrolled = read(write(tmp_path, account="123"))
    text = variables(enrolled, "{{ inventory_dir }}/x.pem", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    first = "# Written by playbooks/enroll_windows.yml, which renews it. What else there is to say goes beside it."
    assert text.splitlines()[0] == first
    assert text.endswith("ansible_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n")
    assert yaml.safe_load(text.partition("ansible_password")[0]) == {
        "ansible_user": "123",
        "ansible_winrm_ca_trust_path": "{{ inventory_dir }}/x.pem",
        "ansible_psrp_ca_cert": "{{ inventory_dir }}/x.pem",
    }


def test_over_ssh_it_is_the_host_key_and_powershell(tmp_path):
    enrolled = read(
        write(tmp_path, transport="ssh", certificate=None, fingerprint=None, host_keys=["ssh-ed25519 AAAA"])
    )
    assert yaml.safe_load(variables(enrolled, "/i/known_hosts", None)) == {
        "ansible_user": "ansible",
        "ansible_connection": "ssh",
        "ansible_port": 22,
        "ansible_shell_type": "powershell",
        "ansible_ssh_extra_args": "-o UserKnownHostsFile=/i/known_hosts",
    }


def test_a_fingerprint_is_compared_however_it_was_typed():
    assert plain(" ab:cd-01 ") == "ABCD01"
