r"""What Windows does about SMB where nobody has set it, and the folders that it shares.

The defaults depend on the release and its edition (docs/sources/windows.md#smb-signing-and-guests). `None` stands for
what no source settles.
"""

from __future__ import annotations

import re
from typing import Any

# Windows 11 24H2, from which on SMB signing is required and Pro refuses guests.
_SIGNS = 26100
_BUSINESS = re.compile(r"(Professional|Enterprise|Education)", re.IGNORECASE)
_NO_GUESTS = re.compile(r"(Enterprise|Education)", re.IGNORECASE)
# What Windows itself shares: the printers' drivers, fax, and the shares for administrators.
_ITS_OWN = re.compile(r"([a-z]|print|fax|admin|ipc)\$", re.IGNORECASE)
_FOLDER = "0"


class ShareError(ValueError):
    """A share's entry in the registry that cannot be understood."""


def signing_by_default(edition: str, build: int) -> bool | None:
    """Whether Windows wants every SMB connection signed, in and out.

    >>> signing_by_default("Professional", 26100), signing_by_default("Core", 26100), signing_by_default("Core", 22631)
    (True, None, False)
    """
    if build < _SIGNS:
        return False
    return True if _BUSINESS.match(edition) else None


def guests_by_default(edition: str, build: int) -> bool | None:
    """Whether Windows goes on as a guest at a file server that takes it for one.

    >>> guests_by_default("Professional", 22631), guests_by_default("Education", 19045)
    (True, False)
    """
    if _NO_GUESTS.match(edition):
        return False
    if build < _SIGNS:
        return True
    return False if _BUSINESS.match(edition) else None


def shared_folder(name: str, entry: Any) -> str | None:
    r"""Return the path of a share; None for a printer, and for what Windows shares by itself. Raises ShareError.

    >>> shared_folder("data", ["CSCFlags=0", "MaxUses=4294967295", "Path=C:\\data", "Type=0"])
    'C:\\data'
    """
    if _ITS_OWN.fullmatch(name):
        return None
    texts = entry if isinstance(entry, list) else []
    fields = dict(text.split("=", 1) for text in texts if isinstance(text, str) and "=" in text)
    if not {"Path", "Type"} <= set(fields):
        raise ShareError(f"the share {name} has no Path and Type")
    return fields["Path"] if fields["Type"] == _FOLDER else None
