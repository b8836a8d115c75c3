"""What a Mac's own tools print, and what the filters make of it.

Formats: docs/sources/macos.md#packages-and-disk-images.
"""

from __future__ import annotations

import plistlib
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.mac_tools import images_below, mount_point, package_signature, to_plist

FOLDER = "/private/var/root/OffsiteEndpoints"
SCHEME = {"content-hint": "GUID_partition_scheme", "dev-entry": "/dev/disk4", "potentially-mountable": False}
VOLUME = {
    "content-hint": "Apple_HFS",
    "dev-entry": "/dev/disk4s1",
    "mount-point": f"{FOLDER}/volume",
    "potentially-mountable": True,
    "volume-kind": "hfs",
}
LICENCE = """Software License Agreement

1. <plist> is a word that a licence may use.

Agree Y/N? """


def attached(*entities: dict[str, Any]) -> str:
    return plistlib.dumps({"system-entities": list(entities)}).decode()


@pytest.mark.parametrize("before", ["", "Y\n", LICENCE])
@pytest.mark.parametrize("entities", [(SCHEME, VOLUME), (VOLUME, SCHEME)])
def test_the_volume_is_found_in_any_order_and_after_a_licence(before, entities):
    assert mount_point(before + attached(*entities)) == "/private/var/root/OffsiteEndpoints/volume"


def test_an_image_without_a_volume_is_reported():
    with pytest.raises(AnsibleFilterError, match="no volume of it was mounted"):
        mount_point(attached(SCHEME))


@pytest.mark.parametrize("output", ["", "hdiutil: attach canceled", LICENCE])
def test_no_property_list_is_reported_with_what_came_instead(output):
    with pytest.raises(AnsibleFilterError, match="hdiutil gave no property list"):
        mount_point(output)


def info(*images: dict[str, Any]) -> str:
    return plistlib.dumps({"framework": "671", "images": list(images), "vendor": "Apple"}).decode()


OURS = {"image-path": f"{FOLDER}/FortiClientVPN.dmg", "system-entities": [VOLUME, SCHEME]}
OTHER = {
    "image-path": "/Users/taro/Downloads/Firefox.dmg",
    "system-entities": [{"dev-entry": "/dev/disk5s1", "mount-point": "/Volumes/Firefox"}, {"dev-entry": "/dev/disk5"}],
}


def test_only_our_images_are_to_be_detached_each_as_a_whole_disk():
    assert images_below(info(OTHER, OURS), FOLDER) == ["/dev/disk4"]
    assert images_below(info(OTHER), FOLDER) == []
    assert images_below(info(), FOLDER) == []


def test_var_and_private_var_are_the_same_folder_and_a_longer_name_is_another():
    mounted = {
        "image-path": "/x.dmg",
        "system-entities": [{"dev-entry": "/dev/disk6", "mount-point": FOLDER[8:] + "/v"}],
    }
    longer = {"image-path": f"{FOLDER}2/x.dmg", "system-entities": [{"dev-entry": "/dev/disk7"}]}
    assert images_below(info(mounted, longer), FOLDER) == ["/dev/disk6"]


CHAIN = """   Certificate Chain:
    1. Developer ID Installer: Fortinet, Inc (AH4XFXJ7DK)
       Expires: 2027-02-01 22:12:15 +0000
       SHA256 Fingerprint:
           FC E0 87 72 6A 16 CF C0 E5 73 06 70 8F 49 DE A4 16 E3 02 31 E7 C9
           0A 21 2E 95 A9 09 5E 58 CC 2C
       ------------------------------------------------------------------------
    2. Developer ID Certification Authority
       Expires: 2027-02-01 22:12:15 +0000
    3. Apple Root CA
       Expires: 2035-02-09 21:40:36 +0000
"""


@pytest.mark.parametrize(
    "status",
    [
        "signed by a developer certificate issued by Apple for distribution",
        "signed by a certificate trusted by Mac OS X",
        "signed by a certificate trusted by macOS",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_team_is_read_from_the_first_certificate_whatever_the_status_is_called(status, line_end):
    text = (
        f'Package "Install.mpkg":\n   Status: {status}\n   Notarization: trusted by the Apple notary service\n{CHAIN}'
    )
    assert package_signature({"rc": 0, "stdout": text.replace("\n", line_end)}) == {
        "valid": True,
        "status": status,
        "signer": "Developer ID Installer: Fortinet, Inc (AH4XFXJ7DK)",
        "team": "AH4XFXJ7DK",
    }


def test_a_team_deeper_in_the_chain_or_in_the_status_is_none():
    text = """Package "x.pkg":
   Status: signed by AH4XFXJ7DK (AH4XFXJ7DK)
   Certificate Chain:
    1. Somebody
    2. Developer ID Installer: Fortinet, Inc (AH4XFXJ7DK)
"""
    assert package_signature({"rc": 0, "stdout": text})["team"] == ""
    assert package_signature({"rc": 0, "stdout": text})["signer"] == "Somebody"


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"rc": 1, "stdout": 'Package "x.pkg":\n   Status: no signature\n'}, "no signature"),
        ({"rc": 1, "stdout": "", "stderr": "pkgutil: could not open package"}, "pkgutil: could not open package"),
        ({"rc": 1, "stdout": "", "stderr": ""}, "unknown"),
    ],
)
def test_an_unsigned_or_damaged_package_has_no_team(result, status):
    assert package_signature(result) == {"valid": False, "status": status, "signer": "", "team": ""}


def test_a_signature_that_macos_does_not_trust_is_not_valid_whoever_it_names():
    text = f'Package "x.pkg":\n   Status: signed by untrusted certificate\n{CHAIN}'
    found = package_signature({"rc": 1, "stdout": text})
    assert (found["valid"], found["team"], found["status"]) == (False, "AH4XFXJ7DK", "signed by untrusted certificate")


def test_a_property_list_is_the_same_text_for_the_same_data_and_keeps_its_types():
    text = to_plist({"b": True, "a": [1, "x", {"c": False}]})
    assert text == to_plist({"a": [1, "x", {"c": False}], "b": True})
    assert plistlib.loads(text.encode()) == {"a": [1, "x", {"c": False}], "b": True}
    assert "<true/>" in text
    assert "<integer>1</integer>" in text


@pytest.mark.parametrize(
    ("output", "status", "signer"),
    [
        ("\n" * 1_000_000, "unknown", ""),
        (f"{' ' * 1_000_000}Status: ok \n", "ok", ""),
        (f"Status: a{' ' * 1_000_000}b\r\n", f"a{' ' * 1_000_000}b", ""),
        (f"1. a{' ' * 1_000_000}b (ABCDE12345) \n", f"1. a{' ' * 1_000_000}b (ABCDE12345)", f"a{' ' * 1_000_000}b"),
    ],
)
def test_a_megabyte_of_blanks_in_a_signature_is_read(output, status, signer):
    found = package_signature({"rc": 1, "stdout": output})
    assert found["status"] == status
    assert found["signer"] == (f"{signer} (ABCDE12345)" if signer else "")
