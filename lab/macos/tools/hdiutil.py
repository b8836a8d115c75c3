"""hdiutil: attach, detach, info, imageinfo (docs/sources/macos.md#packages-and-disk-images).

An attached image is part of the machine's facts (`images`, by device), its files lie below the mount point, read-only.
Guesses: the licence's question and its refusal; that an image that is attached already is shown again.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import sys
from typing import Any

from lab.macos.media import Image, Package, package_bytes, read_image
from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled, strikes

_FIRST_DISK = 4
_SILENT = {"-nobrowse", "-noautoopen", "-readonly", "-noverify", "-quiet", "-noautofsck"}
_BUSY = 16


def hdiutil(session: Session, arguments: list[str]) -> int:
    """Run one verb."""
    match arguments:
        case ["attach", *rest]:
            return _attach(session, rest, arguments)
        case ["detach" | "eject", target, *options] if set(options) <= {"-force", "-quiet"}:
            return _detach(session, target, force="-force" in options)
        case ["detach" | "eject", "-force", target]:
            return _detach(session, target, force=True)
        case ["info", "-plist"]:
            images = [_info(device, image) for device, image in sorted(session.state.read()["images"].items())]
            _print_plist({"framework": "671.140.2", "images": images, "vendor": "Apple"})
            return 0
        case ["imageinfo", "-plist", file] | ["imageinfo", file, "-plist"]:
            licence = bool(_read(file, "imageinfo").licence)
            _print_plist({"Format": "UDZO", "Properties": {"Software License Agreement": licence}})
            return 0
    raise not_modelled("hdiutil", arguments)


def _attach(session: Session, rest: list[str], arguments: list[str]) -> int:
    options, files, where = set(), [], ""
    while rest:
        word = rest.pop(0)
        if word == "-mountpoint" and rest:
            where = rest.pop(0)
        elif word.startswith("-"):
            options.add(word)
        else:
            files.append(word)
    if len(files) != 1 or options - _SILENT - {"-plist"}:
        raise not_modelled("hdiutil", arguments)
    image = _read(files[0], "attach")
    if image.licence:
        _agree(image.licence)
    file = session.key(files[0])
    images = session.state.read()["images"]
    device = next((device for device, found in images.items() if found["path"] == file), None)
    if device is None:
        device = _mount(session, file, image, where)
    entities = _entities(device, session.state.read()["images"][device])
    if "-plist" in options:
        _print_plist({"system-entities": entities})
    elif "-quiet" not in options:
        for entity in entities:
            print(f"{entity['dev-entry']:<20}\t{entity['content-hint']:<31}\t{entity.get('mount-point', '')}")
    return 0


def _read(file: str, verb: str) -> Image:
    try:
        with open(file, "rb") as handle:
            image = read_image(handle.read())
    except OSError as error:
        raise ToolError(f"hdiutil: {verb} failed - {error.strerror}") from error
    if image is None:
        raise ToolError(f"hdiutil: {verb} failed - image not recognized")
    return image


def _agree(licence: str) -> None:
    sys.stdout.write(f"{licence.rstrip()}\n\nAgree Y/N? ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.stdout.write("\n")
        raise ToolError("hdiutil: attach canceled")


def _mount(session: Session, file: str, image: Image, where: str) -> str:
    """Write the volume's files, record the image and return its device."""
    if where and os.path.isdir(where) and os.listdir(where):
        raise ToolError(f"lab: hdiutil attach over files is not modelled: {where} is not empty", 127)
    mount = where or _free_volume(image.volume)
    made = not os.path.isdir(mount)
    try:
        # Whoever attaches, it is the system that mounts.
        session.who = session.ownership.identity("root")
        os.makedirs(mount, exist_ok=True)
        for name, item in image.files.items():
            path = f"{mount}/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as handle:
                handle.write(package_bytes(item) if isinstance(item, Package) else item.encode())
    except OSError as error:
        raise ToolError(f"hdiutil: attach failed - {error.strerror}") from error
    with session.state.edit() as data:
        used = {int(device.removeprefix("/dev/disk")) for device in data["images"]}
        number = next(number for number in range(_FIRST_DISK, _FIRST_DISK + 1000) if number not in used)
        device = f"/dev/disk{number}"
        data["images"][device] = {"path": file, "mount": session.key(mount), "made": made}
    return device


def _free_volume(name: str) -> str:
    path, number = f"/Volumes/{name}", 0
    while os.path.lexists(path):
        number += 1
        path = f"/Volumes/{name} {number}"
    return path


def _entities(device: str, image: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [
        ("", "GUID_partition_scheme", {}),
        ("s1", "Apple_HFS", {"mount-point": image["mount"], "volume-kind": "hfs"}),
    ]
    entities = [
        {
            "content-hint": hint,
            "dev-entry": f"{device}{part}",
            "potentially-mountable": bool(more),
            "unmapped-content-hint": hint,
            **more,
        }
        for part, hint, more in rows
    ]
    # The order is not fixed: every second disk the other way round.
    return entities if int(device.removeprefix("/dev/disk")) % 2 else entities[::-1]


def _info(device: str, image: dict[str, Any]) -> dict[str, Any]:
    return {"image-path": image["path"], "system-entities": _entities(device, image), "writeable": False}


def _detach(session: Session, target: str, *, force: bool) -> int:
    images = session.state.read()["images"]
    key = session.key(target)
    device = next(
        (
            device
            for device, image in images.items()
            if target.removeprefix("/dev/").removesuffix("s1") == device.removeprefix("/dev/") or image["mount"] == key
        ),
        None,
    )
    if device is None:
        raise ToolError("hdiutil: detach failed - No such file or directory")
    name = device.removeprefix("/dev/")
    if not force and strikes(session, "image_busy"):
        raise ToolError(f'hdiutil: couldn\'t unmount "{name}" - Resource busy', _BUSY)
    release(session, device)
    print(f'"{name}" ejected.')
    return 0


def release(session: Session, device: str) -> None:
    """Take an attached image off the machine, with what lies below its mount point."""
    session.who = session.ownership.identity("root")
    with session.state.edit() as data:
        image = data["images"].pop(device)
    for name in os.listdir(image["mount"]):
        path = f"{image['mount']}/{name}"
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    if image["made"]:
        os.rmdir(image["mount"])


def _print_plist(content: dict[str, Any]) -> None:
    sys.stdout.write(plistlib.dumps(content).decode())


TOOLS = {"hdiutil": hdiutil}
