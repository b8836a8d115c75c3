"""Disk images and installer packages of the lab: small files that say of themselves what a real one would hold.

A lab file is a mark, one line of JSON and zeros up to the size that was asked for. The stand-ins for `hdiutil`,
`installer`, `pkgutil` and `spctl` read it; anything else is no image and no package to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_IMAGE_MARK = b"lab disk image\n"
_PACKAGE_MARK = b"xar!lab package\n"


@dataclass(frozen=True)
class Package:
    """What an installer package (.pkg, .mpkg) says of itself.

    `product`: `forticlient`, `python` or `other`, what installing it does (products.py); `edition`: of FortiClient,
    `vpn` or `full`. `signer` and `team` as in its certificate, `signer` "" for an unsigned one. `trusted`: whether the
    certificate comes from Apple. `receipts` and `files` (path -> text) are for product `other`. `error`: the installer
    fails with this reason.
    """

    title: str
    version: str
    product: str = "other"
    edition: str = ""
    signer: str = ""
    team: str = ""
    trusted: bool = True
    notarised: bool = True
    receipts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Image:
    """What a disk image holds: its volume's name and its files by path, a package or a text each.

    `licence`: text that has to be agreed to before it is attached.
    """

    volume: str
    files: Mapping[str, Package | str]
    licence: str = ""


def package_bytes(package: Package, size: int = 0) -> bytes:
    """Return the content of a package's file; equal packages give equal bytes. `size` in bytes, at least."""
    return _PACKAGE_MARK + _line(asdict(package)).ljust(size - len(_PACKAGE_MARK), b"\0")


def image_bytes(image: Image, size: int = 0) -> bytes:
    """Return the content of a disk image's file; equal images give equal bytes. `size` in bytes, at least."""
    files = {path: asdict(item) if isinstance(item, Package) else item for path, item in image.files.items()}
    line = _line({"volume": image.volume, "files": files, "licence": image.licence})
    return _IMAGE_MARK + line.ljust(size - len(_IMAGE_MARK), b"\0")


def read_package(content: bytes) -> Package | None:
    """Return what `package_bytes` wrote; None for any other content, a damaged file among them."""
    found = _read(content, _PACKAGE_MARK)
    return None if found is None else _package(found)


def read_image(content: bytes) -> Image | None:
    """Return what `image_bytes` wrote; None for any other content, a damaged file among them."""
    found = _read(content, _IMAGE_MARK)
    if found is None:
        return None
    files = {path: item if isinstance(item, str) else _package(item) for path, item in found["files"].items()}
    return Image(found["volume"], files, found["licence"])


def _package(found: dict[str, Any]) -> Package:
    return Package(**{**found, "receipts": tuple(found["receipts"])})


def _line(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _read(content: bytes, mark: bytes) -> dict[str, Any] | None:
    if not content.startswith(mark):
        return None
    try:
        found = json.loads(content[len(mark) :].split(b"\n", 1)[0])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
