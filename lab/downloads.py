"""Installer files as a maker offers them for download, for whoever wants to install something on the lab's machines."""

from __future__ import annotations

from pathlib import Path

from lab.windows.filesystem import installer_bytes
from lab.windows.forticlient import msi_metadata

FOLDER = "downloads"
_FORTICLIENT = ("7.4.3.1790", "7.4.3.8758")
# The real ones have 200 MB; smaller than 10 MB would look like an online installer.
_SIZE = 12_000_000


def write(folder: Path) -> None:
    """Make the files, the same to the byte every time: FortiClientVPN_<version>_x64.msi."""
    folder.mkdir(exist_ok=True)
    for version in _FORTICLIENT:
        (folder / f"FortiClientVPN_{version}_x64.msi").write_bytes(installer_bytes(msi_metadata(version), _SIZE))
