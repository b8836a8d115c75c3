"""The client on Macs: installed, upgraded, removed, what keeps that from being done; and nothing is left lying about.

mac-01 begins with 7.0.7.0245 and somebody at the screen, mac-02 with 7.4.3.4323; both run its network extension. win-01
is there for an installer that is none of its system's. Every test brings the machines to what it needs.
"""

from __future__ import annotations

import hashlib
import json
import plistlib
from pathlib import Path
from typing import Any

import pytest

from lab.macos import forticlient
from lab.macos.media import Image, image_bytes, package_bytes

pytestmark = pytest.mark.depth
FLEET = (1, 2)
OLD, NEW = "7.0.7.0245", "7.4.3.4323"
INFO = "Applications/FortiClient.app/Contents/Info.plist"
VPN_PLIST = forticlient.VPN_PLIST.lstrip("/")
FOLDER = "/private/var/root/OffsiteEndpoints"
PLAYBOOK = "../tests/e2e/one_role.yml"
SIZE = 12_000_000
PLIST = "offsite.endpoints.mac_plist"


class Client:
    """Runs the role alone, with an installer made for the test."""

    def __init__(self, fleet: Any, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def supply(self, content: bytes, version: str = NEW, kind: str = "dmg") -> dict[str, Any]:
        """Keep an installer and return the variables that describe it."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{digest[:8]}.{kind}"
        path.write_bytes(content)
        return {
            "forticlient_install_source": str(path),
            "forticlient_install_sha256": digest,
            "forticlient_install_version": version,
            "forticlient_install_minimum_version": version,
        }

    def image(self, version: str = NEW, **changes: Any) -> dict[str, Any]:
        return self.supply(image_bytes(forticlient.image(version, **changes), SIZE), version)

    def play(self, hosts: str, *options: str, **variables: Any) -> Any:
        # What the record of no free build names as fixed.
        names = ("CVE-2025-31365", "CVE-2025-46774", "CVE-2025-57741", "CVE-2026-121529")
        accepted = [{"cve": name, "reason": "a test"} for name in names]
        given = {
            **{"role": "forticlient_install", "group": "macs"},
            "forticlient_install_accepted_vulnerabilities": accepted,
            **variables,
        }
        return self.fleet.play(PLAYBOOK, "--limit", hosts, "-e", json.dumps(given), *options)

    def lab(self, *command: str) -> None:
        self.fleet.lab(*command)

    def become(self, host: str, command: str) -> None:
        done = self.fleet.command(
            "ansible", *self.fleet.inventory, host, "--become", "-m", "ansible.builtin.command", "-a", command
        )
        assert done.returncode == 0, done.stdout

    def state(self, host: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.fleet.directory / f"lab/machines/{host}.json").read_text())
        return state

    def file(self, host: str, path: str) -> Path:
        return self.fleet.directory / f"lab/machines/{host}.root" / path

    def version(self, host: str) -> str | None:
        file = self.file(host, INFO)
        return plistlib.loads(file.read_bytes())["CFBundleShortVersionString"] if file.exists() else None

    def remove(self, host: str) -> None:
        """Begin with no client, and none that the role would call its own."""
        if self.version(host):
            self.become(host, forticlient.HELPER)
        self.become(host, "/bin/rm -rf '/Library/Application Support/OffsiteEndpoints'")

    def is_tidy(self, host: str) -> bool:
        return self.state(host)["images"] == {} and not self.file(host, FOLDER[1:]).exists()


@pytest.fixture(scope="module")
def client(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(fleet, tmp_path_factory.mktemp("installers"))


def found(run: Any, control: str) -> dict[str, Any]:
    (one,) = [r for r in run.records if r["control"] == f"forticlient_install.{control}"]
    return one


def test_a_fresh_mac_gets_it_once_as_the_dry_run_said_and_absent_takes_it_off(client):
    client.remove("mac-01")
    before = client.fleet.hashes()
    dry = client.play("mac-01", "--check", **client.image())
    assert dry.code == 0, dry.output
    assert client.fleet.hashes() == before

    run = client.play("mac-01", **client.image())
    assert run.of_status("fixed") == {("mac-01", "forticlient_install.installed", None)}
    assert dry.of_status("drifted") == run.of_status("fixed")
    assert (client.version("mac-01"), client.is_tidy("mac-01")) == (NEW, True)
    # What nobody but the user or an MDM can do keeps the run from being good.
    assert (run.code, found(run, "system_extension")["actual"]) == (2, "activated waiting for user")
    assert "playbooks/mdm_profile.yml" in found(run, "system_extension")["next"]
    assert found(run, "full_disk_access")["status"] == "not_applicable"

    after = client.fleet.hashes()
    assert client.play("mac-01", **client.image()).of_status("fixed") == set()
    assert client.fleet.hashes() == after

    run = client.play("mac-01,mac-02", **client.image(), forticlient_install_state="absent")
    assert run.code == 0, run.output
    assert run.of_status("fixed") == {("mac-01", "forticlient_install.installed", None)}
    assert (client.version("mac-01"), client.version("mac-02")) == (None, NEW)
    assert not client.file("mac-01", "Library/Application Support/OffsiteEndpoints").exists()


@pytest.mark.parametrize("form", ["Install.pkg", "licence", "package", "url", "busy"])
def test_every_form_of_the_installer_does(client, form):
    client.remove("mac-01")
    match form:
        case "licence":
            given = client.image(licence="You may.\n<plist> is a word.\n")
        case "package":
            given = client.supply(package_bytes(forticlient.package(NEW), SIZE), kind="pkg")
        case "url":
            given = {
                "forticlient_install_source": "{{ lab_downloads_url }}/FortiClientVPNSetup_7.4.3.4323_macosx.dmg",
                "__forticlient_install_cache": str(client.folder),
            }
        case _:
            given = client.image(name="Install.pkg")
    if form == "busy":
        client.lab("fault", "mac-01", "image_busy", "--count", "1")
    run = client.play("mac-01", **given)
    assert run.of_status("fixed") == {("mac-01", "forticlient_install.installed", None)}, run.output
    assert (client.version("mac-01"), client.is_tidy("mac-01")) == (NEW, True)


FAILURES: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "another file": ({}, {"forticlient_install_sha256": "0" * 64}, ["SHA-256", "0000", "forticlient_install_sha256"]),
    "another team": ({"signer": "Example", "team": "ABCDE12345"}, {}, ["Example (ABCDE12345)", "AH4XFXJ7DK"]),
    "unsigned": ({"signer": ""}, {}, ["'no signature', by nobody"]),
    "untrusted": ({"trusted": False}, {}, ["signed by untrusted certificate"]),
    "fails": ({"error": "Disk full."}, {}, ["installer ended with 1", "Disk full.", "/var/log/install.log"]),
    "no image": (b"nothing", {}, ["hdiutil cannot attach", "image not recognized"]),
    "online": (forticlient.online_installer(NEW), {}, ["holds FortiClientInstaller.app", "online installer"]),
    "empty": (Image("X", {"readme.txt": "hello"}), {}, ["holds neither package nor application"]),
    "two": (
        Image("X", {"Install.pkg": forticlient.package(NEW), "Install.mpkg": forticlient.package(NEW)}),
        {},
        ["holds Install.mpkg, Install.pkg; expected is one"],
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_ends_an_installation_is_reported_and_nothing_is_left(client, name):
    client.remove("mac-01")
    what, variables, words = FAILURES[name]
    if isinstance(what, bytes):
        given = client.supply(what.ljust(SIZE, b"\0"))
    elif isinstance(what, Image):
        given = client.supply(image_bytes(what, SIZE))
    else:
        given = client.image(**what)
    run = client.play("mac-01", **{**given, **variables})
    assert (run.code, found(run, "installed")["status"]) == (2, "error"), run.output
    for word in words:
        assert word in found(run, "installed")["reason"]
    assert (client.version("mac-01"), client.is_tidy("mac-01")) == (None, True)


def test_a_package_of_another_version_than_was_said_is_an_error(client):
    client.remove("mac-01")
    content = image_bytes(forticlient.image(OLD), SIZE)
    run = client.play("mac-01", **{**client.supply(content, NEW), "forticlient_install_minimum_version": ""})
    # It is there all the same; the next run tells what it is.
    assert "FortiClient is now '7.0.7.0245' and not 7.4.3.4323" in run.output
    assert run.code == 2
    assert client.is_tidy("mac-01")


def test_an_installer_of_another_system_is_reported_by_the_variable_s_name(client):
    client.remove("mac-01")
    wrong = client.supply(b"x" * SIZE, kind="msi")
    run = client.play("mac-01", **wrong)
    assert found(run, "installed")["status"] == "error"
    assert "forticlient_install_source" in found(run, "installed")["reason"]
    assert "is no installer for macOS, which needs a .dmg or .pkg" in found(run, "installed")["reason"]

    desired = {**client.image(), "forticlient_install_version": "9.0.0", "forticlient_install_minimum_version": "9.0.0"}
    run = client.play("win-01", **desired, group="windows")
    assert found(run, "minimum_version")["status"] == "error"
    assert "is no installer for Windows, which needs an .msi file" in found(run, "minimum_version")["reason"]


def test_what_a_run_that_was_cut_off_left_is_cleared_up_first(client):
    client.remove("mac-01")
    given = client.image()
    client.become("mac-01", f"/bin/mkdir -p {FOLDER}/volume")
    arguments = {"src": given["forticlient_install_source"], "dest": f"{FOLDER}/FortiClientVPN.dmg"}
    assert client.fleet.adhoc("mac-01", "ansible.builtin.copy", arguments, "--become").returncode == 0
    client.become("mac-01", f"/usr/bin/hdiutil attach -mountpoint {FOLDER}/volume {FOLDER}/FortiClientVPN.dmg")
    assert len(client.state("mac-01")["images"]) == 1
    run = client.play("mac-01", **given)
    both = {("mac-01", f"forticlient_install.{name}", None) for name in ("installed", "copied_installer")}
    assert run.of_status("fixed") == both, run.output
    assert client.is_tidy("mac-01")


def test_a_tunnel_postpones_an_upgrade(client):
    newer = client.image("7.4.4.5000")
    client.lab("tunnel", "mac-02", "up")
    before = client.fleet.hashes()
    run = client.play("mac-02", **newer)
    assert client.fleet.hashes() == before
    client.lab("tunnel", "mac-02", "down")
    assert run.code == 2
    assert found(run, "minimum_version")["status"] == "drifted"
    assert "postponed: a VPN tunnel is up" in found(run, "minimum_version")["reason"]
    assert client.version("mac-02") == NEW


def test_the_full_client_stops_everything(client):
    epctrl = "/Library/Application Support/Fortinet/FortiClient/bin/epctrl"
    client.become("mac-02", f"/usr/bin/touch '{epctrl}'")
    before = client.fleet.hashes()
    run = client.play("mac-02", **client.image("7.4.4.5000"))
    assert run.of_status("drifted") == {("mac-02", "forticlient_install.edition", None)}
    assert found(run, "installed")["status"] == "not_applicable"
    assert client.fleet.hashes() == before
    client.become("mac-02", f"/bin/rm '{epctrl}'")


def test_a_downgrade_needs_leave(client):
    desired = {**client.image(OLD), "forticlient_install_maximum_version": OLD}
    run = client.play("mac-02", **desired)
    assert (run.code, found(run, "maximum_version")["status"]) == (2, "drifted")
    assert client.version("mac-02") == NEW
    run = client.play("mac-02", **desired, forticlient_install_allow_downgrade=True)
    # What is known of such an old version is said, and it is what was asked for.
    assert (run.code, run.of_status("error", "unreachable", "managed_elsewhere")) == (2, set()), run.output
    assert {control for _, control, _ in run.of_status("drifted")} == {"forticlient_install.vulnerable_version"}
    assert run.of_status("fixed") == {("mac-02", "forticlient_install.maximum_version", None)}, run.output
    assert client.version("mac-02") == OLD


def test_an_upgrade_that_overwrites_the_connections_is_repaired_by_the_same_run(client):
    def profiles() -> dict[str, Any]:
        found: dict[str, Any] = plistlib.loads(client.file("mac-02", VPN_PLIST).read_bytes())["Profiles"]
        return found

    assert client.fleet.play("site.yml", "--limit", "mac-02").code == 0
    assert profiles()["IMR"]["Server"] == "fg.imr.tohoku.ac.jp"
    newer = json.dumps(client.image("7.4.4.5000"))
    run = client.fleet.play("site.yml", "--limit", "mac-02", "-e", newer)
    assert run.code == 0, run.output
    fixed = {control for _, control, _ in run.of_status("fixed")}
    assert {"forticlient_install.minimum_version", "vpn_profile.server", "vpn_profile.name"} <= fixed
    assert profiles()["IMR"]["Server"] == "fg.imr.tohoku.ac.jp"
    jobs = client.state("mac-02")["launchd"]["jobs"]
    # The installer started them with 410 and 411; writing the connections started them anew.
    assert jobs["system"]["com.fortinet.forticlient.servctl"]["pid"] not in (410, 411)
    again = client.fleet.play("site.yml", "--limit", "mac-02", "-e", newer)
    assert again.of_status("fixed") == set()


def test_agents_that_cannot_be_started_anew_are_an_error_and_the_connection_is_written(client):
    daemon = {"path": forticlient.daemon("config"), "values": [{"key": ["WatchPaths"], "value": ["/x"]}]}
    server = {
        "path": forticlient.VPN_PLIST,
        "values": [{"key": ["Profiles", "IMR", "Server"], "value": "evil.example.org"}],
    }
    for change in (daemon, server):
        assert client.fleet.adhoc("mac-02", PLIST, change, "--become").returncode == 0
    run = client.play("mac-02", role="vpn_profile")
    daemon["values"][0] = {"key": ["WatchPaths"], "state": "absent"}
    assert client.fleet.adhoc("mac-02", PLIST, daemon, "--become").returncode == 0
    assert run.code == 2
    assert ("mac-02", "vpn_profile.server", "IMR") in run.of_status("fixed")
    (reported,) = [r for r in run.records if r["status"] == "error"]
    assert reported["control"] == "vpn_profile.write"
    assert "Agents | Restart them" in reported["reason"]


def test_what_cannot_be_is_refused_before_any_machine_is_touched(client):
    calls = client.fleet.calls()
    good = client.image()
    full = client.folder / "FortiClientSetup_7.4.3.4323_macosx.dmg"
    full.write_bytes(b"x" * SIZE)
    online = client.folder / "FortiClientVPN_7.4.3.4323_OnlineInstaller.dmg"
    online.write_bytes(b"x" * 2_000_000)
    for wrong, words in [
        ({"forticlient_install_source": str(full)}, "is the full client"),
        ({"forticlient_install_source": str(online)}, "the vendor's online installer"),
        ({"forticlient_install_version": "6.4.2", "forticlient_install_minimum_version": ""}, "6.4.3 or newer"),
        ({"forticlient_install_team_id": "Fortinet"}, "ten capital letters"),
        ({"forticlient_install_source": "/srv/x.zip"}, "on Macs in .dmg or .pkg"),
    ]:
        run = client.play("mac-01", **{**good, **wrong})
        assert run.code != 0
        assert words in " ".join(run.output.split())
    assert client.fleet.calls() == calls
