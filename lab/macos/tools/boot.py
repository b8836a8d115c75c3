"""A start of the machine: what did not last is gone, then launchd loads its jobs. Run by the lab, not by a user.

Guess: that nobody is logged in at the console afterwards.
"""

from __future__ import annotations

import os

from lab.macos import forticlient
from lab.macos.session import Session
from lab.macos.tools import jobs
from lab.macos.tools.common import ToolError
from lab.macos.tools.hdiutil import release
from lab.macos.tools.pfctl import read_main

_FOLDERS = ("/System/Library/LaunchDaemons", "/Library/LaunchDaemons")


def boot(session: Session, _: list[str]) -> int:
    """Do it; the session is root's."""
    for device in list(session.state.read()["images"]):
        release(session, device)
    # Apple's own job loads the main rules; it does not turn pf on.
    main, anchors = read_main("/etc/pf.conf")
    with session.state.edit() as data:
        data["boots"] += 1
        data["console_user"] = None
        data["pf"] = {"enabled": False, "tokens": [], "main": main, "anchors": anchors}
        data["launchd"]["jobs"] = {"system": {}}
        forticlient.set_tunnel(data, up=False)
        data["system_extensions"] = [
            item for item in data["system_extensions"] if not item["state"].startswith("terminated")
        ]
    os.chown("/dev/console", 0, 0)
    for folder in _FOLDERS:
        for name in sorted(os.listdir(folder)):
            _load(session, f"{folder}/{name}")
    return 0


def _load(session: Session, file: str) -> None:
    """Load a job that is not disabled; a file that launchd would not take is passed over."""
    try:
        job = jobs.read(file)
        jobs.check_file(file)
    except ToolError as error:
        if error.code == 127:
            raise
        return
    disabled = session.state.read()["launchd"]["disabled"]["system"].get(job["Label"], job.get("Disabled", False))
    if not disabled:
        jobs.load(session, "system", file, job)


TOOLS = {"boot": boot}
