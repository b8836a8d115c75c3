"""installer, pkgutil and spctl (docs/sources/macos.md#packages-and-disk-images).

Guesses: the texts of a refused or failed install and of a receipt that is missing for `--forget`.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import sys
from typing import Any

from lab.macos.media import Package, read_package
from lab.macos.session import Session
from lab.macos.tools import products
from lab.macos.tools.common import ToolError, not_modelled, strikes

_TIMESTAMP = "2025-04-10 08:12:44 +0000"
_LINE = "       " + "-" * 72
_REJECTED = 3


def installer(session: Session, arguments: list[str]) -> int:
    """`installer -pkg FILE -target /`: what a package does is in products.py; no signature is asked for."""
    match arguments:
        case ["-pkg", file, "-target", "/"] | ["-target", "/", "-pkg", file]:
            pass
        case _:
            raise not_modelled("installer", arguments)
    # It goes by the file's name (several reports), then by its content.
    package = _package(file) if file.endswith((".pkg", ".mpkg")) else None
    if package is None:
        raise ToolError(f"installer: Error - the package path specified was invalid: '{file}'.")
    if session.who.uid != 0:
        raise ToolError("installer: Must be run as root to install this package.")
    print(f"installer: Package name is {package.title}")
    upgrade = products.is_upgrade(session, package)
    print(f"installer: {'Upgrading' if upgrade else 'Installing'} at base path /")
    reason = package.error or ("An unknown error occurred." if strikes(session, "install_fails") else "")
    if reason:
        sys.stdout.flush()
        raise ToolError(
            f"installer: The {'upgrade' if upgrade else 'install'} failed. (The Installer encountered an error that "
            f"caused the installation to fail. Contact the software manufacturer for assistance. {reason})"
        )
    products.install(session, package)
    print(f"installer: The {'upgrade' if upgrade else 'install'} was successful.")
    return 0


def _package(file: str) -> Package | None:
    try:
        with open(file, "rb") as handle:
            return read_package(handle.read())
    except OSError:
        return None


def spctl(_: Session, arguments: list[str]) -> int:
    """`spctl -a -vv -t install FILE`, its answer on standard error; `spctl --status`."""
    match arguments:
        case ["--status"]:
            print("assessments enabled")
            return 0
        case ["-a" | "--assess", "-vv" | "-v", "-t" | "--type", "install", file]:
            package = _package(file)
        case _:
            raise not_modelled("spctl", arguments)
    if package is None or not package.signer:
        raise ToolError(f"{file}: rejected\nsource=no usable signature", _REJECTED)
    origin = f"origin=Developer ID Installer: {package.signer} ({package.team})"
    if not package.trusted:
        raise ToolError(f"{file}: rejected\n{origin}", _REJECTED)
    if not package.notarised:
        raise ToolError(f"{file}: rejected\nsource=Unnotarized Developer ID\n{origin}", _REJECTED)
    sys.stderr.write(f"{file}: accepted\nsource=Notarized Developer ID\n{origin}\n")
    return 0


def pkgutil(session: Session, arguments: list[str]) -> int:
    """`pkgutil --pkgs[=REGEX] | --pkg-info ID | --pkg-info-plist ID | --forget ID | --check-signature FILE`."""
    receipts: dict[str, Any] = session.state.read()["receipts"]
    match [part for word in arguments for part in (word.split("=", 1) if word.startswith("--") else [word])]:
        case ["--pkgs"]:
            return _list(sorted(receipts))
        case ["--pkgs", pattern]:
            return _list([name for name in sorted(receipts) if re.fullmatch(pattern, name)])
        case ["--check-signature", file]:
            return _check_signature(file)
        case ["--pkg-info" | "--pkg-info-plist" | "--forget" as verb, identifier]:
            if identifier not in receipts:
                raise ToolError(f"No receipt for '{identifier}' found at '/'.")
            if verb == "--forget":
                return _forget(session, identifier)
            return _receipt(identifier, receipts[identifier], as_plist=verb == "--pkg-info-plist")
    raise not_modelled("pkgutil", arguments)


def _list(names: list[str]) -> int:
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return 0 if names else 1


def _forget(session: Session, identifier: str) -> int:
    if session.who.uid != 0:
        raise ToolError(f"Could not forget package '{identifier}' on '/': Permission denied")
    with session.state.edit() as data:
        del data["receipts"][identifier]
    print(f"Forgot package '{identifier}' on '/'.")
    return 0


def _receipt(identifier: str, receipt: dict[str, Any], *, as_plist: bool) -> int:
    if not as_plist:
        rows = {"package-id": identifier, "version": receipt["version"], "volume": "/", "location": receipt["location"]}
        rows["install-time"] = receipt["install_time"]
        print("\n".join(f"{name}: {value}" for name, value in rows.items()))
        return 0
    facts = {
        "install-location": receipt["location"],
        "install-time": receipt["install_time"],
        "pkg-version": receipt["version"],
        "pkgid": identifier,
        "receipt-plist-version": 1.0,
        "volume": "/",
    }
    sys.stdout.write(plistlib.dumps(facts).decode())
    return 0


def _check_signature(file: str) -> int:
    package = _package(file)
    if package is None:
        raise ToolError(f"pkgutil: could not open package '{file}'")
    print(f'Package "{os.path.basename(file)}":')
    if not package.signer:
        print("   Status: no signature")
        return 1
    if package.trusted:
        print("   Status: signed by a developer certificate issued by Apple for distribution")
    else:
        print("   Status: signed by untrusted certificate")
    if package.notarised and package.trusted:
        print("   Notarization: trusted by the Apple notary service")
    print(f"   Signed with a trusted timestamp on: {_TIMESTAMP}\n   Certificate Chain:")
    leaf = f"Developer ID Installer: {package.signer} ({package.team})"
    chain = [(leaf, "2029-06-05 22:12:15 +0000")]
    if package.trusted:
        chain += [
            ("Developer ID Certification Authority", "2031-09-17 00:00:00 +0000"),
            ("Apple Root CA", "2035-02-09 21:40:36 +0000"),
        ]
    for number, (name, expires) in enumerate(chain, start=1):
        pairs = hashlib.sha256(name.encode()).digest().hex(" ").upper()
        fingerprint = f"           {pairs[:72]}\n           {pairs[72:]}"
        end = f"\n{_LINE}" if number < len(chain) else ""
        print(f"    {number}. {name}\n       Expires: {expires}\n       SHA256 Fingerprint:\n{fingerprint}{end}")
    print()
    return 0 if package.trusted else 1


TOOLS = {"installer": installer, "pkgutil": pkgutil, "spctl": spctl}
