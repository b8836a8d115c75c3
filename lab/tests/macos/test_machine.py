"""Simulated Macs are made from a seed, alike to the byte, and their fingerprint shows any change."""

from __future__ import annotations

import plistlib
import shutil
from pathlib import Path

import pytest

from lab.macos.seed import MacVariant, build_mac, variants
from lab.tests.macos.machines import VPN_PLIST, mac, run, sudo


def profiles(folder: Path, condition: str) -> dict[str, dict[str, object]]:
    machine = mac(folder, condition=condition)
    found: dict[str, dict[str, object]] = plistlib.loads(Path(f"{machine.root}{VPN_PLIST}").read_bytes())["Profiles"]
    return found


def test_the_same_seed_gives_the_same_machine(tmp_path: Path) -> None:
    one, two = mac(tmp_path / "a"), mac(tmp_path / "b")
    assert one.fingerprint() == two.fingerprint()
    assert one.file.read_bytes() == two.file.read_bytes()
    assert one.host_key.public_data == two.host_key.public_data
    other = build_mac("mac-01", MacVariant("15", "en", "half"), 8, tmp_path / "c")
    assert other.fingerprint() != one.fingerprint()


def test_the_first_six_cover_every_release_and_more_are_drawn() -> None:
    assert {variant.macos for variant in variants(6, 1)} == {"11", "12", "13", "14", "15", "26"}
    assert len(variants(20, 1)) == 20
    assert variants(20, 1) == variants(20, 1)
    assert variants(2, 1) == variants(20, 1)[:2]


def test_an_unknown_release_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"macos can't be '10'; it can be one of: 11, 12, 13, 14, 15, 26"):
        MacVariant("10")


def test_an_existing_machine_is_not_overwritten_but_a_half_built_one_is(tmp_path: Path) -> None:
    machine = mac(tmp_path)
    with pytest.raises(FileExistsError, match="there is a machine mac-01"):
        mac(tmp_path)
    machine.file.unlink()
    assert mac(tmp_path).fingerprint() == machine.fingerprint()


def test_conditions_differ_in_the_profile(tmp_path: Path) -> None:
    assert "IMR" not in profiles(tmp_path / "clean", "clean")
    half = profiles(tmp_path / "half", "half")
    assert half["IMR"]["Server"] == "vpn.example.ac.jp"
    assert "ServerPort" not in half["IMR"]
    assert str(half["Campus"]["AuthInfo"]).startswith("Enc ")
    drifted = profiles(tmp_path / "drifted", "drifted")["IMR"]
    assert (drifted["Server"], drifted["ServerPort"]) != ("vpn.example.ac.jp", 443)


def test_a_fresh_machine_has_no_forticlient(tmp_path: Path) -> None:
    machine = mac(tmp_path, condition="fresh")
    assert run(machine, "ls /Applications/FortiClient.app").returncode == 1
    assert run(machine, "pkgutil --pkgs; scutil --nc list").stdout.splitlines() == [
        "com.apple.pkg.XProtectPayloads_10_15.16U4372",
        "Available network connection services in the current set (*=enabled):",
    ]


def test_the_fingerprint_ignores_temporary_files_and_reading(tmp_path: Path) -> None:
    machine = mac(tmp_path)
    before = machine.fingerprint()
    run(machine, "mkdir -p ~/.ansible/tmp/x && touch ~/.ansible/tmp/x/y /tmp/z && ls -la /Users && id && sw_vers")
    assert machine.fingerprint() == before


@pytest.mark.parametrize(
    "change",
    [
        "chmod 0640 /etc/hosts",
        "chown labadmin /etc/hosts",
        "touch /Library/new",
        'networksetup -setdnsservers "iPhone USB" 172.16.30.2',
        "launchctl enable system/com.apple.smbd",
        "ln -s hosts /etc/other",
    ],
)
def test_the_fingerprint_shows_a_change(tmp_path: Path, change: str) -> None:
    machine = mac(tmp_path)
    before = machine.fingerprint()
    assert sudo(machine, change).returncode == 0
    assert machine.fingerprint() != before


def test_a_machine_can_be_moved_with_its_folder(tmp_path: Path) -> None:
    machine = mac(tmp_path / "a")
    before = machine.fingerprint()
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert type(machine)("mac-01", tmp_path / "b").fingerprint() == before
