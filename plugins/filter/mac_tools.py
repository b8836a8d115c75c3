"""Jinja filters that understand what a Mac's own tools print, and one that writes a property list.

They work on the controller: a Mac without Python needs them too. Formats:
docs/sources/macos.md#packages-and-disk-images.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

# The last one that begins: a licence before it may use the word.
_PLIST = re.compile(r"<plist\b(?:(?!<plist\b).)*</plist>", re.DOTALL)
_STATUS = re.compile(r"^[^\S\n]*Status: (.+)$", re.MULTILINE)
# The certificate that signed stands first. What stands before the colon is Apple's name for the kind of certificate.
_SIGNER = re.compile(r"^[^\S\n]*1\. (.+)$", re.MULTILINE)
_NAME_AND_TEAM = re.compile(r"(?P<name>.+?)(?: \((?P<team>[A-Z0-9]{10})\))?")


def mount_point(output: str) -> str:
    """Return where `hdiutil attach -plist` mounted a volume.

    A licence may stand before the property list; the order of the entities is not fixed. Raises AnsibleFilterError
    when nothing was mounted.
    """
    found = [entity["mount-point"] for entity in _entities(_plist(output)) if entity.get("mount-point")]
    if not found:
        raise AnsibleFilterError("hdiutil attached the disk image, but no volume of it was mounted")
    return str(found[0])


def images_below(output: str, folder: str) -> list[str]:
    """Return the devices of images that `hdiutil info -plist` tells to lie, or to be mounted, below `folder`."""
    devices = []
    for image in _plist(output).get("images", []):
        entities = list(_entities(image))
        places = [image.get("image-path", ""), *(entity.get("mount-point", "") for entity in entities)]
        names = [str(entity["dev-entry"]) for entity in entities if "dev-entry" in entity]
        if names and any(_below(place, folder) for place in places):
            # The whole disk has the shortest name: /dev/disk4, with /dev/disk4s1 as a part of it.
            devices.append(min(names, key=len))
    return devices


def package_signature(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `pkgutil --check-signature` reported: {"valid", "status", "signer", "team"}.

    `result` is the task's: {"rc", "stdout"}. Apple's words for the status have changed and are for people;
    `valid` is the exit code, `team` comes from the certificate that signed ("" without one).
    """
    output = str(result.get("stdout", ""))
    status, line = _STATUS.search(output), _SIGNER.search(output)
    signer = _NAME_AND_TEAM.fullmatch(_trimmed(line[1])) if line else None
    return {
        "valid": result.get("rc") == 0,
        "status": _trimmed(status[1])
        if status
        else (output.strip() or str(result.get("stderr", "")).strip() or "unknown"),
        "signer": signer["name"] + (f" ({signer['team']})" if signer["team"] else "") if signer else "",
        "team": (signer["team"] or "") if signer else "",
    }


def _trimmed(text: str) -> str:
    return text.rstrip() or text[:1]


def to_plist(data: Any) -> str:
    """Return data as an XML property list, keys in order, the same text for the same data."""
    return plistlib.dumps(_plain(data), sort_keys=True).decode()


def _plist(output: str) -> dict[str, Any]:
    found = _PLIST.search(output)
    if not found:
        raise AnsibleFilterError(f"hdiutil gave no property list, but: {output.strip()[-200:] or 'nothing'}")
    data = plistlib.loads(found[0].encode())
    return data if isinstance(data, dict) else {}


def _entities(image: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from image.get("system-entities", [])


def _below(place: str, folder: str) -> bool:
    """Whether a path is below a folder; /var is a link to /private/var."""
    inner, outer = (path.removeprefix("/private").rstrip("/") for path in (place, folder))
    return inner == outer or inner.startswith(f"{outer}/")


def _plain(value: Any) -> Any:
    """Return plain dicts, lists and scalars: plistlib takes no subclasses of them, and Ansible hands out such."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return value
    return int(value) if isinstance(value, int) else str(value)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {
            "mount_point": mount_point,
            "images_below": images_below,
            "package_signature": package_signature,
            "to_plist": to_plist,
        }
