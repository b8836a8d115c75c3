"""What waits for a restart is noted in a key that Windows forgets at one, and only there."""

from __future__ import annotations

from typing import Any

from tests.real import modules
from tests.real.endpoint import Endpoint
from tests.real.plays import ROOT
from tests.real.test_reader import READER

SCRIPT = (ROOT / "roles/forticlient_install/files/require_reboot.ps1").read_text(encoding="utf-8")
NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints_RebootRequired\forticlient_install"
KEPT = r"HKLM\SOFTWARE\OffsiteEndpoints_Kept"


def require_reboot(endpoint: Endpoint, *, check: bool = False) -> dict[str, Any]:
    args = {"script": SCRIPT, "parameters": {"Owner": "forticlient_install"}}
    return modules.real(endpoint, "ansible.windows.win_powershell", args, check=check)


def keys(endpoint: Endpoint) -> tuple[bool, bool]:
    """Return whether the note and an ordinary key are there, as the reader sees it."""
    document = modules.real(endpoint, READER, {"registry": [{"path": NOTE}, {"path": KEPT}]})["document"]
    return document["registry"][NOTE]["exists"], document["registry"][KEPT]["exists"]


def test_the_note_of_a_restart_goes_with_the_restart_and_other_keys_stay(endpoint: Endpoint) -> None:
    endpoint.wine("reg", "add", KEPT, "/f")
    planned = require_reboot(endpoint, check=True)
    assert (planned["changed"], keys(endpoint)) == (True, (False, True))
    done = require_reboot(endpoint)
    assert (done["changed"], done["diff"]["after"], keys(endpoint)) == (True, {"reboot_required": True}, (True, True))
    assert require_reboot(endpoint)["changed"] is False
    endpoint.restart()
    assert keys(endpoint) == (False, True)
