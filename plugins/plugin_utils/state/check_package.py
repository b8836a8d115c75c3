"""The one file that a user runs: the reader's own text, what to read, and what to do with the answer.

Nothing is compiled in and nothing of Ansible is in it: of the readers only what comes before their last part, which
speaks with Ansible, and for that part the role's own files/.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

# What a program finds its own part by. cmd.exe and sh end before it.
MARK = "#::check"
READER_ENDS = {"Windows": "# ---- The module", "Darwin": 'if __name__ == "__main__":'}
_ASK = {"values": ["*"], "depth": 0, "without": []}
_EVERY = {
    "Windows": ("registry", "user_registry", "services", "groups", "files", "appx", "networks"),
    "Darwin": ("plists", "files", "tools"),
}
_WINDOWS_TYPE, _MAC_TYPE = "cmd", "command"


def whole_request(platform: str, request: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return a request with every default that the reader's module would fill in.

    >>> whole_request("Darwin", {"plists": [{"path": "/a"}]})
    {'plists': [{'keys': [], 'path': '/a'}], 'files': [], 'tools': []}
    """
    ask = _ASK if platform == "Windows" else {"keys": []}
    return {
        name: [entry if isinstance(entry, str) else {**ask, **entry} for entry in request.get(name, [])]
        for name in _EVERY[platform]
    }


def package(
    platform: str,
    stem: str,
    *,
    token: str,
    words: Mapping[str, Mapping[str, str]],
    parts: Mapping[str, str],
    now: datetime,
) -> tuple[str, bytes]:
    """Return the name and the content of the file for a user.

    `parts` are the texts `reader`, `start` (what the system runs) and `check` (what runs the reader); `words` what is
    shown, by language and name.
    """
    reader = parts["reader"].partition(READER_ENDS[platform])[0]
    given = {"token": token, "file": f"{stem}.state.json", "words": {code: dict(words[code]) for code in words}}
    # Without anything but ASCII: cmd.exe reads it in the machine's own code page.
    data = json.dumps(given, ensure_ascii=True, sort_keys=True)
    if platform == "Windows":
        quoted = data.replace("'", "''")
        body = f"{MARK}\n{reader}\n$CheckGiven = '{quoted}'\n\n{parts['check']}"
        text = f"{parts['start']}{body}".replace("\r\n", "\n").replace("\n", "\r\n")
        return f"{stem}.{_WINDOWS_TYPE}", text.encode("ascii")
    body = f"{MARK}\nREADER = {reader!r}\nGIVEN = {data!r}\n\n{parts['check']}"
    return f"{stem}.zip", _zipped(f"{stem}.{_MAC_TYPE}", f"{parts['start']}{body}", now)


def _zipped(name: str, text: str, now: datetime) -> bytes:
    """Return an archive with one file that may be run: on its way by mail alone it would lose that right."""
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_DEFLATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, text.encode())
    return buffer.getvalue()
