"""FortiClient's own programs: the uninstall helper.

Source: docs/sources/forticlient.md#packages-on-a-mac; what it leaves behind is a guess.
"""

from __future__ import annotations

import os

from lab.macos import forticlient
from lab.macos.session import Session
from lab.macos.tools import products
from lab.macos.tools.common import ToolError, not_modelled


def uninstall_helper(session: Session, arguments: list[str]) -> int:
    """Without arguments everything goes; `upgrade-uninstall` keeps the settings."""
    if arguments not in ([], ["upgrade-uninstall"]):
        raise not_modelled("com.fortinet.forticlient.uninstall_helper", arguments)
    if session.who.uid != 0:
        raise ToolError("com.fortinet.forticlient.uninstall_helper: Operation not permitted")
    os.chdir("/")
    products.remove_forticlient(session, keep_settings=bool(arguments))
    return 0


TOOLS = {forticlient.HELPER_PROGRAM: uninstall_helper}
