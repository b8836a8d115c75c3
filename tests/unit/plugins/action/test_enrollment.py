"""The action that keeps what a machine is known by: where it is written, and what of the password."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from ansible.constants import DEFAULT_VAULT_IDENTITY
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from plugins.action.enrollment import ActionModule, Places, known_hosts
from plugins.plugin_utils.handover.enrollment import Enrolled, EnrollmentError, variables

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = [(DEFAULT_VAULT_IDENTITY, VaultSecret(b"of the test"))]


@pytest.fixture
def key(tmp_path):
    text = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key").write_bytes(text)
    return str(tmp_path / "key")


def enrolled(*, sealed=True, **other):
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    words = base64.b64encode(KEY.public_key().encrypt(b"s3cret", oaep)).decode() if sealed else None
    return Enrolled(
        "NB.enrollment.json", "NB", ("NB",), other.pop("transport", "winrm"), "ansible", None, words, **other
    )


def secret_of(one, key, place, *, vault=(), given=None):
    """Return (what the vault made of the password, the note)."""
    action = ActionModule.__new__(ActionModule)
    action._loader = SimpleNamespace(_vault=SimpleNamespace(secrets=list(vault)))
    action._templar = SimpleNamespace(template=lambda value: value)
    return action._secret(one, key, place, {"ansible_password": given})


def places(tmp_path):
    return Places(tmp_path / "inventory", "nb-0101", str(tmp_path / "inventory"))


def test_a_sealed_password_is_kept_as_the_vault_encrypts_it(tmp_path, key):
    secret, note = secret_of(enrolled(host_keys=()), key, places(tmp_path), vault=SECRET)
    assert note == ""
    assert secret.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert VaultLib(SECRET).decrypt(secret) == b"s3cret"


def test_one_that_is_kept_already_stays_and_another_one_takes_its_place(tmp_path, key):
    place, one = places(tmp_path), enrolled(host_keys=())
    first, _ = secret_of(one, key, place, vault=SECRET)
    text = variables(one, None, first)
    assert place.write({place.file: text}, pretend=False) is True
    assert place.file.stat().st_mode & 0o777 == 0o600
    again, _ = secret_of(one, key, place, vault=SECRET, given="s3cret")
    assert variables(one, None, again) == text
    assert place.write({place.file: text}, pretend=False) is False
    other, _ = secret_of(one, key, place, vault=SECRET, given="an older one")
    assert other != first


def test_without_a_vault_it_is_told_and_kept_nowhere(tmp_path, key):
    secret, note = secret_of(enrolled(host_keys=()), key, places(tmp_path))
    assert secret is None
    assert "no vault password is configured" in note and "--ask-vault-pass" in note
    assert "s3cret" not in note


@pytest.mark.parametrize(("given", "words"), [(None, "holds no password"), ("typed by a person", "")])
def test_one_that_was_shown_is_for_a_person_to_keep(tmp_path, key, given, words):
    secret, note = secret_of(enrolled(sealed=False, host_keys=()), key, places(tmp_path), vault=SECRET, given=given)
    assert secret is None
    assert words in note and bool(words) == bool(note)


def test_over_ssh_there_is_none(tmp_path, key):
    one = enrolled(transport="ssh", host_keys=("ssh-ed25519 AAAA",))
    assert secret_of(one, key, places(tmp_path), vault=SECRET) == (None, "")
    assert known_hosts(one, "192.0.2.7") == "192.0.2.7 ssh-ed25519 AAAA\n"
    assert known_hosts(None, "192.0.2.7") is None


@pytest.mark.parametrize("name", ["nb-0101.yml", "nb-0101.yaml", "nb-0101.json", "nb-0101"])
def test_a_file_that_ansible_would_read_no_more_is_told_before_anything_is_written(tmp_path, name):
    folder = tmp_path / "inventory/host_vars"
    folder.mkdir(parents=True)
    (folder / name).write_text("---\n")
    with pytest.raises(EnrollmentError, match=r"would not be read any more .* move it to .*nb-0101/main\.yml"):
        places(tmp_path).check()


def test_beside_the_inventory_it_is_called_by_it_and_elsewhere_by_its_path(tmp_path):
    here = places(tmp_path)
    here.check()
    assert here.called(here.pin) == "{{ inventory_dir }}/host_vars/nb-0101/certificate.pem"
    there = Places(tmp_path / "other", "nb-0101", str(tmp_path / "inventory"))
    assert there.called(there.pin) == str(tmp_path / "other/host_vars/nb-0101/certificate.pem")


def test_in_check_mode_nothing_is_written(tmp_path):
    place = places(tmp_path)
    assert place.write({place.pin: "x", place.known_hosts: None}, pretend=True) is True
    assert not place.folder.exists()
