"""Installer files as their makers offer them, for whoever wants to install something on the lab's machines."""

from __future__ import annotations

from pathlib import Path

from lab.macos import forticlient as mac_forticlient
from lab.macos.media import Package, image_bytes, package_bytes
from lab.windows.machine.filesystem import installer_bytes
from lab.windows.machine.forticlient import msi_metadata

FOLDER = "downloads"
_FORTICLIENT = ("7.4.3.1790", "7.4.3.8758")
_MAC_FORTICLIENT = ("7.0.7.0245", "7.4.3.4323")
_PYTHON = "3.13.9"
# The real ones have 200 MB; smaller than 10 MB would look like an online installer.
_SIZE = 12_000_000
_ONLINE_SIZE = 2_000_000


def write(folder: Path) -> None:
    """Make the files, the same to the byte every time; versions as in the names.

    Windows: FortiClientVPN_<version>_x64.msi. Macs: FortiClientVPNSetup_<version>_macosx.dmg and .pkg, the full client
    FortiClientSetup_<version>_macosx.dmg, FortiClientVPN_<version>_OnlineInstaller.dmg, python-<version>-macos11.pkg.
    """
    folder.mkdir(exist_ok=True)
    files = {
        f"FortiClientVPN_{version}_x64.msi": (installer_bytes(msi_metadata(version)), _SIZE) for version in _FORTICLIENT
    }
    for version in _MAC_FORTICLIENT:
        image = image_bytes(mac_forticlient.image(version))
        files[f"FortiClientVPNSetup_{version}_macosx.dmg"] = (image, _SIZE)
    newest = _MAC_FORTICLIENT[-1]
    files[f"FortiClientVPNSetup_{newest}_macosx.pkg"] = (package_bytes(mac_forticlient.package(newest)), _SIZE)
    files[f"FortiClientSetup_{newest}_macosx.dmg"] = (image_bytes(mac_forticlient.image(newest, "full")), _SIZE)
    online = image_bytes(mac_forticlient.online_installer(newest))
    files[f"FortiClientVPN_{newest}_OnlineInstaller.dmg"] = (online, _ONLINE_SIZE)
    files[f"python-{_PYTHON}-macos11.pkg"] = (package_bytes(python_package(_PYTHON)), _SIZE)
    for name, (content, size) in files.items():
        with (folder / name).open("wb") as file:
            file.write(content)
            file.truncate(size)  # zeros that take no space


def python_package(version: str) -> Package:
    """Return the package of python.org for macOS 11 and later."""
    return Package("Python", version, "python", signer="Python Software Foundation", team="BMM5U3QVKW")
