"""The directory tree of a new simulated Mac, with owners and modes.

Source: docs/sources/macos.md and docs/sources/forticlient.md.
"""

from __future__ import annotations

import hashlib
import plistlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.macos import forticlient

ROOT, WHEEL, STAFF, ADMIN = 0, 0, 20, 80
_KICKSTART = "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/Resources/kickstart"
_SUPPORT = forticlient.SUPPORT


@dataclass(frozen=True)
class Contents:
    """What the files tell. `client`: FortiClient's version or None; `owner`: the laptop's main user."""

    draw: random.Random
    language: str
    condition: str
    client: str | None
    owner: str
    seed: int


class Tree:
    """Writes the files of one machine and keeps their records."""

    def __init__(self, root: Path, contents: Contents) -> None:
        self.root, self.contents = root, contents
        self.files: dict[str, list[int]] = {"/": [ROOT, WHEEL, 0o755]}

    def write(self, facts: dict[str, Any]) -> dict[str, list[int]]:
        """Write everything; return the records of owners and modes."""
        self._system_tree(facts)
        if self.contents.client:
            self._forticlient()
        return self.files

    def _folder(self, path: str, uid: int = ROOT, gid: int = WHEEL, mode: int = 0o755) -> None:
        self.root.joinpath(path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        self.files[path] = [uid, gid, mode]

    def _file(self, path: str, content: bytes, uid: int = ROOT, gid: int = WHEEL, mode: int = 0o644) -> None:
        real = self.root / path.lstrip("/")
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(content)
        self.files[path] = [uid, gid, mode]

    def _plist(self, path: str, content: Any, *, binary: bool = False, gid: int = WHEEL) -> None:
        self._file(path, plistlib.dumps(content, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML), gid=gid)

    def _system_tree(self, facts: dict[str, Any]) -> None:
        for path in (
            "/Library",
            "/Library/Preferences",
            "/Library/Preferences/SystemConfiguration",
            "/Library/LaunchDaemons",
            "/Library/LaunchAgents",
            "/System",
            "/private",
            "/usr",
            "/usr/local",
        ):
            self._folder(path)
        self._folder("/Applications", gid=ADMIN, mode=0o775)
        self._folder("/Library/Application Support", gid=ADMIN)
        self._folder("/Users", gid=ADMIN)
        self._folder("/Users/Shared", mode=0o1777)
        for path in (
            "/Volumes",
            "/cores",
            "/dev",
            "/private/etc",
            "/private/etc/pf.anchors",
            "/private/var",
            "/private/var/log",
            "/private/var/run",
            "/private/var/folders",
        ):
            self._folder(path)
        for path in ("/private/tmp", "/private/var/tmp", "/private/var/folders/T"):
            self._folder(path, mode=0o1777)
        self._folder("/private/var/root", mode=0o750)
        for link in ("etc", "tmp", "var"):
            (self.root / link).symlink_to(f"private/{link}")
        console = facts["users"][facts["console_user"] or "root"]
        self._file(
            "/dev/console", b"", uid=console["uid"], gid=WHEEL if not facts["console_user"] else STAFF, mode=0o600
        )
        for user in facts["users"].values():
            if user["home"].startswith("/Users/"):
                self._home(user)
        self._system_files(facts)

    def _home(self, user: dict[str, Any]) -> None:
        own = (user["uid"], STAFF)
        self._folder(user["home"], *own, 0o750)
        for name in (
            "Desktop",
            "Documents",
            "Downloads",
            "Library",
            "Library/Application Support",
            "Library/Preferences",
        ):
            self._folder(f"{user['home']}/{name}", *own, 0o700)

    def _system_files(self, facts: dict[str, Any]) -> None:
        system = facts["system"]
        version = {
            "ProductName": "macOS",
            "ProductVersion": system["product_version"],
            "ProductUserVisibleVersion": system["product_version"],
        }
        self._plist(
            "/System/Library/CoreServices/SystemVersion.plist", {**version, "ProductBuildVersion": system["build"]}
        )
        for file, label in (
            ("ssh", "com.openssh.sshd"),
            ("com.apple.smbd", "com.apple.smbd"),
            ("com.apple.screensharing", "com.apple.screensharing"),
        ):
            self._plist(f"/System/Library/LaunchDaemons/{file}.plist", {"Label": label, "Disabled": True})
        # Without a program of its own the lab counts it as running.
        self._plist(
            "/System/Library/LaunchDaemons/com.apple.timed.plist", {"Label": "com.apple.timed", "KeepAlive": True}
        )
        self._file(_KICKSTART, b'#!/bin/sh\nexec "${0%/System/*}/usr/libexec/lab-kickstart" "$@"\n', mode=0o755)
        (self.root / _KICKSTART.lstrip("/")).chmod(0o755)
        drifted = self.contents.condition == "drifted"
        servers = b"server ntp.example.ac.jp\nserver time.apple.com\n" if drifted else b"server time.apple.com\n"
        self._file("/private/etc/ntp.conf", servers)
        if drifted:
            guests = "/Library/Preferences/SystemConfiguration/com.apple.smb.server.plist"
            self._plist(guests, {"AllowGuestAccess": True}, binary=True)
        anchors = ("scrub-anchor", "nat-anchor", "rdr-anchor", "dummynet-anchor", "anchor")
        rules = (
            "".join(f'{kind} "com.apple/*"\n' for kind in anchors)
            + 'load anchor "com.apple" from "/etc/pf.anchors/com.apple"\n'
        )
        self._file("/private/etc/pf.conf", f"# Default PF configuration file.\n{rules}".encode())
        self._file("/private/etc/pf.anchors/com.apple", b"# com.apple ruleset\n")
        self._file("/private/etc/hosts", b"127.0.0.1\tlocalhost\n255.255.255.255\tbroadcasthost\n::1\tlocalhost\n")
        language = {"AppleLanguages": ["ja-JP"] if self.contents.language == "ja" else ["en-US"], "Country": "JP"}
        self._plist("/Library/Preferences/.GlobalPreferences.plist", language, binary=True)
        if self.contents.draw.random() < 0.7:
            firefox = {"CFBundleIdentifier": "org.mozilla.firefox", "CFBundleShortVersionString": "143.0.1"}
            self._plist("/Applications/Firefox.app/Contents/Info.plist", firefox)

    def _forticlient(self) -> None:
        assert self.contents.client
        gid = self.contents.draw.choice([WHEEL, ADMIN])
        for path in ("/Library/Application Support/Fortinet", _SUPPORT, f"{_SUPPORT}/conf", f"{_SUPPORT}/bin"):
            self._folder(path, gid=gid)
        for path, content, mode in forticlient.files(self.contents.client, "vpn"):
            self._file(path, content, gid=gid if path.startswith(_SUPPORT) else WHEEL, mode=mode)
        (self.root / forticlient.HELPER.lstrip("/")).chmod(0o755)  # the lab's own: it may run from the shell
        self._plist(forticlient.VPN_PLIST, self._vpn_plist(), binary=self.contents.draw.random() < 0.5, gid=gid)

    def _vpn_plist(self) -> dict[str, Any]:
        profiles: dict[str, Any] = {}
        owner = self.contents.owner
        # The user's own connection, with a saved name: whoever prepares the machine has to leave it alone.
        profiles["Campus"] = {
            **self._profile("Campus", "vpn.example.ac.jp"),
            "User": owner,
            "SaveUsername": 1,
            "AuthInfo": self._secret(owner),
        }
        if self.contents.condition == "half":
            profiles["IMR"] = {
                "Name": "IMR",
                "Server": "vpn.example.ac.jp",
                "VpnType": 0,
                "User": owner,
                "SaveUsername": 1,
            }
        if self.contents.condition == "drifted":
            wrong: dict[str, Any] = self.contents.draw.choice([{"Server": "203.0.113.26"}, {"ServerPort": 10443}])
            profiles["IMR"] = {**self._profile("IMR", "vpn.example.ac.jp"), "User": owner, **wrong}
        current = {"VpnCurrentConnect": "Campus"} if "Campus" in profiles else {}
        return {**forticlient.settings(), **current, "Profiles": profiles}

    def _profile(self, name: str, server: str) -> dict[str, Any]:
        numbers = (
            "AllowAutoConnect",
            "AllowKeepRunning",
            "AllowSavePassword",
            "KeepRunning",
            "PromptForAuthentication",
            "SSOEnabled",
            "SavePassword",
        )
        modern: dict[str, Any] = (
            {"DualStackEnabled": 0, "RedundantSortMethod": 0, "SSLVpnMethod": 0}
            if self.contents.client == "7.4.3.4323"
            else {}
        )
        own = {
            "Name": name,
            "Server": server,
            "ServerPort": 443,
            "EnableCustomPort": 1,
            "VpnType": 0,
            "WarnInvalidServerCertificate": 1,
        }
        texts: dict[str, Any] = dict.fromkeys(("AuthInfo", "Comment", "ProxyAddress", "ProxyUser", "User"), "")
        return {
            **dict.fromkeys(numbers, 0),
            **modern,
            **texts,
            "ProxyPort": 0,
            "SaveUsername": 0,
            "UseExternalBrowser": 0,
            **own,
        }

    def _secret(self, user: str) -> str:
        return "Enc " + hashlib.sha256(f"{self.contents.seed}/{user}".encode()).hexdigest()
